"""A HubSpot adapter built for tests, and a scripted account for it to talk to over real HTTP."""

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock

import orjson

from connector.core.refs import Side
from connector.hubspot.crm import HubSpot
from connector.hubspot.tokens import StaticToken
from connector.hubspot.wire import HubSpotAccess, Traffic
from connector.sandbox.exchange import Response
from connector.sandbox.server import Server
from connector.transport.budget import Budget
from connector.transport.meter import Meter
from connector.transport.pool import Timeout
from connector.transport.retrying import retrying
from connector.transport.throttle import Throttle, Window
from tests.transport.clocks import Fixed, ManualClock


def adapter(url, *, clock=None, executor=None, tokens=None, version="v3", token="secret-token", limit_per_day=None):
    clock = clock or ManualClock()
    day = [0]

    def spend(_day, calls):
        day[0] += calls
        return day[0]

    traffic = Traffic(
        throttle=Throttle(clock, [Window(190, 10)]),
        search=Throttle(clock, [Window(5, 1)]),
        budget=Budget(Side.HUBSPOT, clock, spend, limit_per_day),
        meter=Meter(),
        repeat=retrying(clock, Fixed()),
    )
    access = HubSpotAccess(url, tokens or StaticToken(token), version, timeout=Timeout(2, 5))
    return HubSpot(access, traffic, clock, executor)


def answer(status=200, body=None, **headers):
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Response(status, raw, {"Content-Type": "application/json;charset=utf-8", **named})


class Script:
    """Answers by pattern; a list is answered one after the other, its last for ever. Keeps what was asked."""

    def __init__(self):
        self.rules, self.asked, self.lock = [], [], Lock()
        self.now = datetime(2026, 11, 2, 8, tzinfo=UTC)  # what the Date header says

    def on(self, pattern, *answers):
        """`pattern` is searched in "POST /crm/...?query"; an answer is a Response or a function of the request."""
        self.rules.insert(0, (re.compile(pattern), list(answers)))
        return self

    def __call__(self, request):
        line = f"{request.method} {request.path}" + (f"?{request.query_string}" if request.query_string else "")
        with self.lock:
            self.asked.append((line, request))
            for pattern, answers in self.rules:
                if pattern.search(line):
                    found = answers.pop(0) if len(answers) > 1 else answers[0]
                    break
            else:
                found = answer(500, {"message": f"the script does not know {line}"})
        return found(request) if callable(found) else replace(found, headers=dict(found.headers))

    def lines(self, pattern=""):
        return [line for line, _ in self.asked if re.search(pattern, line)]

    def bodies(self, pattern=""):
        return [orjson.loads(request.body) for line, request in self.asked if re.search(pattern, line)]


@contextmanager
def scripted(**options):
    """(script, adapter): an account that answers as the script says."""
    script = Script()
    with Server(script, lambda: script.now) as server:
        yield script, adapter(server.url, **options)
