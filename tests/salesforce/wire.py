"""A wire that answers from a function: real sessions, sign-ins and retries run over it without a socket."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from connector.salesforce.api import Api, Traffic
from connector.salesforce.login import ClientCredentials, Login
from connector.salesforce.session import BridgeSession, Line
from connector.transport.throttle import Throttle

ROOT = "/services/data/v67.0/"
LOGIN = ClientCredentials("https://acme.my.salesforce.com", "key", "secret")
DATE = "Mon, 02 Nov 2026 08:15:30 GMT"


class Moving:
    def __init__(self):
        self.at = datetime(2026, 11, 2, 8, tzinfo=UTC)
        self.slept = []

    def now(self):
        return self.at

    def monotonic(self):
        return self.at.timestamp()

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


class Even:
    def roll(self):
        return 0.5


class Wire(BaseAdapter):
    """Calls `answer(request)`, which returns (status, body) or (status, body, headers) or raises."""

    def __init__(self, answer):
        super().__init__()
        self.answer, self.requests, self.logins, self.undated = answer, [], [], False

    def send(self, request, **kwargs):
        self.kwargs = kwargs
        if request.url.endswith("/services/oauth2/token"):
            self.logins.append(request)
            return self._response(request, *self.signed_in(request))
        self.requests.append(request)
        return self._response(request, *self.answer(request))

    def signed_in(self, request):
        number = len(self.logins)
        return 200, {"access_token": f"00D!{number}", "instance_url": "https://acme.my.salesforce.com"}

    def _response(self, request, status, body, headers=None):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        raw = HTTPResponse(
            BytesIO(content), ({} if self.undated else {"Date": DATE}) | (headers or {}), status, preload_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self):
        pass

    @property
    def paths(self):
        return [f"{request.method} {request.path_url}" for request in self.requests]

    def bodies(self):
        return [json.loads(request.body) for request in self.requests if request.body]


def session_over(wire, line=None):
    return BridgeSession(replace(line or Line(), adapter=wire))


def traffic(clock=None):
    clock = clock or Moving()
    return Traffic(clock, Even(), Throttle(clock))


def api_over(wire, clock=None, line=None):
    governing = traffic(clock)
    session = session_over(wire, line)
    return Api(session, Login(LOGIN, session, governing.clock), governing)
