"""The sandbox's own JSON API under `/_sandbox/`, on both ports: time, faults, the log of writes, and acts of people.

It is what the demo, the tests over HTTP and curious humans hold on to; no CRM has it. Calls here are never faulted,
never counted and need no login. Every refusal is a 400 or 404 with {"error": what was wrong and what would be right}.
`GET /_sandbox/` lists the routes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson

from connector.sandbox.acts import act, acts
from connector.sandbox.delivery import Delivery
from connector.sandbox.exchange import Request, Response
from connector.sandbox.faults import Handler
from connector.sandbox.population import populate
from connector.sandbox.services import Fault
from connector.sandbox.snapshots import snapshot
from connector.sandbox.world import SIDES, World

PREFIX = "/_sandbox"
WRITES_MAX = 10_000


class Refused(Exception):
    """The admin call makes no sense; the text says what would."""

    def __init__(self, problem: str, status: int = 400) -> None:
        super().__init__(problem)
        self.status = status


def with_admin(side: str, world: World, delivery: Delivery) -> Handler:
    """The door of a side, with the admin API in front of it."""
    admin, door = Admin(world, delivery), world.door(side)

    def call(request: Request) -> Response:
        return admin.handle(request) if request.path.startswith(PREFIX) else door(request)

    return call


class Admin:
    """The routes: each takes a `Call` and returns what JSON can say."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        side = f"(?P<side>{'|'.join(SIDES)})"
        self._routes: list[tuple[str, re.Pattern[str], Callable[[Call], Any]]] = [
            (method, re.compile(path), route)
            for method, path, route in [
                ("GET", "/", self._index),
                ("GET", "/clock", self._clock),
                ("POST", "/clock/advance", self._advance),
                ("POST", "/clock/freeze", self._freeze),
                ("POST", "/clock/skew", self._skew),
                ("GET", "/faults", self._faults),
                ("POST", "/faults", self._add_fault),
                ("DELETE", "/faults", self._clear_faults),
                ("DELETE", r"/faults/(?P<number>\d+)", self._clear_faults),
                ("GET", "/writes", self._writes),
                ("GET", "/counters", self._counters),
                ("DELETE", "/counters", self._clear_counters),
                ("GET", "/digest", self._digest),
                ("GET", "/settings", self._settings),
                ("PATCH", f"/settings/(?P<scope>shared|delivery|{'|'.join(SIDES)})", self._set_settings),
                ("POST", "/populate", self._populate),
                ("POST", "/deliver", self._deliver),
                ("GET", f"/{side}/records/(?P<object>[^/]+)/(?P<id>[^/]+)", self._record),
                ("GET", f"/{side}/events", self._events),
                ("GET", f"/{side}/do", self._acts),
                ("POST", f"/{side}/do/(?P<action>[^/]+)", self._do),
            ]
        ]

    def handle(self, request: Request) -> Response:
        """Answer one admin call."""
        try:
            route, parts = self._route(request)
            found = route(Call(parts, request.query, _body(request)))
        except Refused as refusal:
            return _json(refusal.status, {"error": str(refusal)})
        return _json(200, found)

    def _route(self, request: Request) -> tuple[Callable[[Call], Any], Mapping[str, str]]:
        path = request.path.removeprefix(PREFIX) or "/"
        for method, pattern, route in self._routes:
            if method == request.method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        raise Refused(f"there is no {request.method} {request.path}; GET {PREFIX}/ lists what there is", 404)

    def _index(self, _: Call) -> Any:
        plain = [(method, re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", path.pattern)) for method, path, _ in self._routes]
        return {"routes": [f"{method} {PREFIX}{path}" for method, path in plain]}

    def _clock(self, _: Call) -> Any:
        clock = self._world.services.clock
        skews = self._world.services.skews
        ahead = {side: skews[side].total_seconds() for side in SIDES if skews.get(side)}
        return {"now": clock.now().isoformat(), "frozen": clock.frozen, "skews_s": ahead}

    def _advance(self, call: Call) -> Any:
        try:
            self._world.services.clock.advance(call.number("seconds"))
        except ValueError as error:
            raise Refused(str(error)) from error
        return self._clock(call)

    def _freeze(self, call: Call) -> Any:
        at = call.body.get("at")
        try:
            self._world.services.clock.freeze(None if at is None else datetime.fromisoformat(at))
        except (TypeError, ValueError) as error:
            raise Refused(f"at: {at!r} is neither null nor an ISO time with its zone ({error})") from error
        return self._clock(call)

    def _skew(self, call: Call) -> Any:
        side = call.body.get("side")
        if side not in SIDES:
            raise Refused(f"side: {side!r} is none of {', '.join(SIDES)}")
        self._world.skew(side, timedelta(seconds=call.number("seconds")))
        return self._clock(call)

    def _faults(self, _: Call) -> Any:
        return {
            "faults": [
                {"number": number, "hits": hits, **dataclasses.asdict(fault)}
                for number, fault, hits in self._world.services.faults.active()
            ]
        }

    def _add_fault(self, call: Call) -> Any:
        try:
            fault = Fault(**call.body)
        except (TypeError, ValueError) as error:
            raise Refused(f"not a fault: {error}") from error
        return {"number": self._world.services.faults.add(fault)}

    def _clear_faults(self, call: Call) -> Any:
        number = call.parts.get("number")
        return {"cleared": self._world.services.faults.clear(int(number) if number else None)}

    def _writes(self, call: Call) -> Any:
        after, most = call.whole("after", 0), min(call.whole("limit", WRITES_MAX), WRITES_MAX)
        log = self._world.services.log
        entries = log.entries(after, call.query.get("side"), call.query.get("actor"), most)
        return {"writes": entries, "count": len(log)}

    def _counters(self, _: Call) -> Any:
        return {side: counters.as_dict() for side, counters in self._world.counters.items()}

    def _clear_counters(self, call: Call) -> Any:
        for counters in self._world.counters.values():
            counters.clear()
        return self._counters(call)

    def _digest(self, _: Call) -> Any:
        return {"digest": self._world.digest()}

    def _scopes(self) -> dict[str, Any]:
        world = self._world
        return {
            "shared": world.services.settings,
            "delivery": self._delivery.settings,
            "hubspot": world.hubspot.settings,
            "salesforce": world.salesforce.settings,
        }

    def _settings(self, _: Call) -> Any:
        return {scope: dataclasses.asdict(switches) for scope, switches in self._scopes().items()}

    def _set_settings(self, call: Call) -> Any:
        switches = self._scopes()[call.parts["scope"]]
        with self._world.entered():
            changed = {name: fitted(switches, name, value) for name, value in call.body.items()}
            for name, value in changed.items():
                setattr(switches, name, value)
        return dataclasses.asdict(switches)

    def _populate(self, call: Call) -> Any:
        try:
            return populate(self._world, **call.body)
        except (TypeError, ValueError) as error:
            raise Refused(f"cannot populate: {error}") from error

    def _deliver(self, _: Call) -> Any:
        return self._delivery.deliver(self._world.services.clock.now())

    def _record(self, call: Call) -> Any:
        side, name, number = call.parts["side"], call.parts["object"], call.parts["id"]
        found = snapshot(self._world, side, name, number)
        if found is None:
            raise Refused(f"{side} has never had a {name} {number}", 404)
        return found

    def _events(self, call: Call) -> Any:
        side = call.parts["side"]
        with self._world.entered(side):
            events = self._world.store(side).events
            return {"events": list(events[call.whole("after", 0) :]), "count": len(events)}

    def _acts(self, call: Call) -> Any:
        return acts(call.parts["side"])

    def _do(self, call: Call) -> Any:
        side = call.parts["side"]
        try:
            return act(self._world, side, call.parts["action"], call.body)
        except LookupError as error:
            raise Refused(f"{call.parts['action']}: {error}") from error
        except (TypeError, ValueError) as error:
            raise Refused(f"{call.parts['action']}: {error}") from error


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """What an admin route is given."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def number(self, name: str) -> float:
        """A number of the body; refused when it is missing or none."""
        value = self.body.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Refused(f"{name}: {value!r} is not a number")
        return float(value)

    def whole(self, name: str, default: int) -> int:
        """A whole number of the query, from nought."""
        text = self.query.get(name, str(default))
        if not text.isdecimal():
            raise Refused(f"{name}: {text!r} is not a whole number from 0")
        return int(text)


def fitted(switches: Any, name: str, value: Any) -> Any:
    """A new value for a switch, of the type it has now; raises Refused with the names or the type there are."""
    names = [field.name for field in dataclasses.fields(switches)]
    if name not in names:
        raise Refused(f"there is no setting {name!r}; there are {', '.join(names)}")
    present = getattr(switches, name)
    if isinstance(present, bool) or isinstance(value, bool):
        fits = isinstance(present, bool) and isinstance(value, bool)
    elif isinstance(present, float):
        fits = isinstance(value, int | float)
        value = float(value) if fits else value
    elif isinstance(present, tuple) and isinstance(value, list):
        fits, value = True, tuple(value)
    else:
        fits = present is None or value is None or isinstance(value, type(present))
    if not fits:
        raise Refused(f"{name}: {value!r} is not {type(present).__name__}, as {present!r} is")
    return value


def _body(request: Request) -> Mapping[str, Any]:
    if not request.body.strip():
        return MappingProxyType({})
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Refused(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object")
    return body


def _json(status: int, content: Any) -> Response:
    body = orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(status, body, {"Content-Type": "application/json"})
