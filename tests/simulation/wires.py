"""The wires from a worker to both CRMs without sockets: production adapters above, the sandbox's own door below.

Each call is two moments: before it reaches the CRM, and before its answer reaches the worker. Whoever dies in the
second has written and does not know it. What a fault does to the answer on a real wire it does here: resets and
truncations raise what the libraries raise, delays pass on the worker's clock and end in a timeout when too long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import format_datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.world import World
from tests.simulation.turns import Turns

READ_TIMEOUT_S = 30.0
Heard = Callable[[str, Request, Response | None], None]


class Line:
    """What both wires do: moments, faults of the wire, the Date a server adds."""

    def __init__(self, world: World, side: str, turns: Turns, heard: Heard) -> None:
        self.world, self.side, self.turns, self.heard = world, side, turns, heard

    def call(self, method: str, url: str, headers: Mapping[str, Any], body: bytes) -> tuple[Response, str]:
        """The answer, and what became of it on its way: "" when it is whole, else `reset`, `cut` or `late`."""
        parts = urlsplit(url)
        self.turns.moment(f"calls {self.side} {method} {parts.path}")
        lower = {name.lower(): str(value) for name, value in headers.items()}
        request = Request(method, parts.path, parts.query, lower, body)
        response = self.world.door(self.side)(request)
        self.heard(self.side, request, response)
        broken = {Wire.RESET: "reset", Wire.TRUNCATED: "cut", Wire.TRICKLE: ""}.get(response.wire, "")
        if response.delay_s > READ_TIMEOUT_S:
            self.turns.wait(READ_TIMEOUT_S)
            broken = "late"
        elif response.delay_s:
            self.turns.wait(response.delay_s)
        self.turns.moment(f"hears from {self.side}: {broken or response.status}")
        response.headers.setdefault("Date", format_datetime(self.world.services.clock.now(), usegmt=True))
        return response, broken


class HubSpotWire:
    """Stands in the place of the pool manager beneath HubSpot's client."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, Any] | None = None, **_: Any
    ) -> HTTPResponse:
        response, broken = self._line.call(method, url, headers or {}, body or b"")
        if broken == "late":
            raise urllib3.exceptions.ReadTimeoutError(None, url, "Read timed out.")  # type: ignore[arg-type]
        if broken:
            raise urllib3.exceptions.ProtocolError("Connection aborted.", broken)
        return HTTPResponse(BytesIO(response.body), response.headers, response.status)


class SalesforceWire(BaseAdapter):
    """An adapter of requests."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line, self._builder = line, HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        response, broken = self._line.call(str(request.method), str(request.url), request.headers, body)
        if broken == "late":
            raise requests.ReadTimeout("Read timed out.")
        if broken:
            raise requests.ConnectionError(broken)
        raw = HTTPResponse(BytesIO(response.body), response.headers, response.status, preload_content=False)
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        pass
