"""The wires from a worker to both CRMs without sockets: production adapters above, the sandbox's own door below.

Each call is two moments: before it reaches the CRM, and before its answer reaches the worker. Whoever dies in the
second has written and does not know it. What a fault does to the answer on a real wire it does here: resets and
truncations raise what the libraries raise, delays pass on the worker's clock and end in a timeout when too long.

The plumbing of both client libraries (building URLs, pools, cookies, proxies, redirects) is left out: it took more time
than the bridge. Everything of ours stays: headers, sign-in, JSON, gzip, what an answer or an error means. The same
adapters over the libraries' own plumbing and real sockets are tried in tests/faults and tests/misbehaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from connector.hubspot.wire import HubSpotAccess, _RawRest
from connector.salesforce import session
from connector.salesforce.session import BridgeSession
from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.world import World
from tests.simulation.turns import Turns

READ_TIMEOUT_S = 30.0
Heard = Callable[[str, tuple[Request, Response], str], None]


class Line:
    """What both wires do: moments, and faults of the wire. `heard` is told of each call, and of what struck it."""

    def __init__(self, world: World, side: str, turns: Turns, heard: Heard) -> None:
        self.world, self.side, self.turns, self.heard = world, side, turns, heard

    def call(self, method: str, url: str, headers: Mapping[str, Any], body: bytes) -> tuple[Response, str]:
        """The answer, and what became of it on its way: "" when it is whole, else `reset`, `cut` or `late`."""
        parts = urlsplit(url)
        self.turns.moment(f"calls {self.side} {method} {parts.path}")
        lower = {name.lower(): str(value) for name, value in headers.items()}
        request = Request(method, parts.path, parts.query, lower, body)
        before = self._strikes()
        response = self.world.door(self.side)(request)
        self.heard(self.side, (request, response), self._struck(before) if before else "")
        broken = {Wire.RESET: "reset", Wire.TRUNCATED: "cut", Wire.TRICKLE: ""}.get(response.wire, "")
        if response.delay_s > READ_TIMEOUT_S:
            self.turns.wait(READ_TIMEOUT_S)
            broken = "late"
        elif response.delay_s:
            self.turns.wait(response.delay_s)
        self.turns.moment(f"hears from {self.side}: {broken or response.status}")
        return response, broken

    def _strikes(self) -> dict[int, int]:
        return {number: hits for number, _, hits in self.world.services.faults.active()}

    def _struck(self, before: Mapping[int, int]) -> str:
        """Which faults struck meanwhile."""
        return ", ".join(
            f"{fault.kind} {fault.params.get('status', '')}".strip() + (" after it took effect" * fault.after_commit)
            for number, fault, hits in self.world.services.faults.active()
            if hits > before.get(number, 0)
        )


@dataclass(slots=True)
class Reply:
    """An answer that came whole and plain, as far as HubSpot's wire looks at it."""

    status: int
    headers: dict[str, str]
    data: bytes


class HubSpotWire:
    """Stands in the place of the pool manager beneath HubSpot's client."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, Any] | None = None, **_: Any
    ) -> HTTPResponse | Reply:
        response, broken = self._line.call(method, url, headers or {}, body or b"")
        if broken == "late":
            raise urllib3.exceptions.ReadTimeoutError(None, url, "Read timed out.")  # type: ignore[arg-type]
        if broken:
            raise urllib3.exceptions.ProtocolError("Connection aborted.", broken)
        if "Content-Encoding" in response.headers:
            return HTTPResponse(BytesIO(response.body), response.headers, response.status)
        return Reply(response.status, response.headers, response.body)


class HubSpotClient:
    """Stands in the place of the client library's own plumbing: joins address, headers and token, nothing else."""

    def __init__(self, access: HubSpotAccess) -> None:
        self._host, self._gzip = access.base_url.rstrip("/"), access.gzip
        self.configuration = Configuration()
        self.rest_client = object.__new__(_RawRest)

    def call_api(self, path: str, method: str, header_params: Mapping[str, str], body: Any, **more: Any) -> Any:
        headers = dict(header_params)
        if self._gzip:
            headers["Accept-Encoding"] = "gzip"
        if more["auth_settings"]:
            headers["Authorization"] = f"Bearer {self.configuration.access_token}"
        timeout = more["_request_timeout"]
        return self.rest_client.request(method, self._host + path, headers=headers, body=body, _request_timeout=timeout)


@dataclass
class Configuration:
    """What our wire sets on the client's configuration."""

    access_token: str = ""


class _Plain(requests.Session):
    """Requests' session without what no simulated wire has: cookies, proxies, redirects, hooks."""

    wire: Line

    def request(self, method: Any, url: Any, data: Any = None, headers: Any = None, **_: Any) -> requests.Response:  # type: ignore[override]
        sent = {**self.headers, **(headers or {})}
        if isinstance(data, Mapping):
            data, sent["Content-Type"] = urlencode(data), "application/x-www-form-urlencoded"
        body = data.encode() if isinstance(data, str) else data or b""
        response, broken = self.wire.call(str(method).upper(), str(url), sent, body)
        if broken == "late":
            raise requests.ReadTimeout("Read timed out.")
        if broken:
            raise requests.ConnectionError(broken)
        return _unpacked(response) if "Content-Encoding" in response.headers else _plain(response)


class WiredSession(BridgeSession, _Plain):
    """The session of production, whose `super().request` ends on our wire."""

    def __init__(self, line: session.Line) -> None:
        self._base_url = (line.base_url or "").rstrip("/")
        self._timeout = (line.timeout.connect_s, line.timeout.read_s)
        self.headers = session.standing_headers(line)


def _plain(response: Response) -> requests.Response:
    reply = requests.Response()
    reply.status_code = response.status
    reply.headers = CaseInsensitiveDict(response.headers)
    reply._content = response.body
    return reply


def _unpacked(response: Response) -> requests.Response:
    """Through the libraries' own unpacking, which may find that the body breaks off."""
    raw = HTTPResponse(BytesIO(response.body), response.headers, response.status, preload_content=False)
    reply = HTTPAdapter().build_response(requests.Request("GET", "https://x.test").prepare(), raw)
    assert reply.content is not None
    return reply
