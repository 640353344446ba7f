"""The HTTP session all Salesforce calls share, signing in included.

Headers that change what Salesforce does stand on the session itself, so that they are on every request, also on the
one that follows signing in anew (Salesforce fact sheet 1.7 and 7.3). Every call has a timeout. Redirects are not
followed: a POST would turn into a GET. A stand-in server receives all hosts' traffic at one address and is told the
host that was meant. REQUESTS_CA_BUNDLE and proxy settings of the environment are honoured, as they stand when a host is
first called: looking them up is half of what a call costs us. .netrc is not honoured, it would replace our token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from connector.transport.pool import Timeout

CLIENT = "smarketing-bridge"


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach Salesforce.

    Attributes:
        base_url: scheme and host of a stand-in that takes the place of every Salesforce host; None for the real one.
        timeout: seconds to connect, and between bytes.
        connections: calls that may be under way at once.
        auto_assign: whether Salesforce's assignment rules run on our writes (they would overwrite owners), or the id of
            the one rule that shall (Salesforce fact sheet 1.7).
        allow_duplicates: whether duplicate rules that only alert are passed over; rules that block still refuse.
        adapter: carries requests in place of sockets, for a stand-in in the same process.
    """

    base_url: str | None = None
    timeout: Timeout = field(default_factory=lambda: Timeout(connect_s=5.0, read_s=120.0))
    connections: int = 8
    auto_assign: bool | str = False
    allow_duplicates: bool = False
    adapter: BaseAdapter | None = None


class BridgeSession(requests.Session):
    """A requests session with our headers, timeouts, pool and, for stand-ins, our address."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._base_url = (line.base_url or "").rstrip("/")
        self._timeout = (line.timeout.connect_s, line.timeout.read_s)
        self.headers.update(standing_headers(line))
        self.auth = _as_it_is
        self._surroundings: dict[tuple[str, str], Any] = {}
        sockets = HTTPAdapter(pool_connections=4, pool_maxsize=max(1, line.connections), max_retries=0)
        adapter = line.adapter or sockets
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request; adds the timeout, and the stand-in's address where there is one."""
        if self._base_url:
            url, host = self._redirected(str(url))
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "X-Forwarded-Host": host}
        kwargs.setdefault("timeout", self._timeout)
        kwargs.setdefault("allow_redirects", False)
        return super().request(method, url, *args, **kwargs)

    def merge_environment_settings(self, url: Any, *given: Any) -> Any:
        """Proxies and certificates for a call that brings none: what the environment says for its host."""
        if any(given):
            return super().merge_environment_settings(url, *given)
        host = urlsplit(url)[:2]
        if host not in self._surroundings:
            self._surroundings[host] = super().merge_environment_settings(url, *given)
        return self._surroundings[host].copy()

    def _redirected(self, url: str) -> tuple[str, str]:
        parts = urlsplit(url)
        return self._base_url + urlunsplit(("", "", parts.path, parts.query, "")), parts.netloc


def standing_headers(line: Line) -> dict[str, str]:
    """The headers of every request (Salesforce fact sheet 1.7)."""
    allow_save = "true" if line.allow_duplicates else "false"
    assign = line.auto_assign
    return {
        "Accept-Encoding": "gzip",
        "User-Agent": CLIENT,
        "Sforce-Call-Options": f"client={CLIENT}",
        "Sforce-Auto-Assign": assign if isinstance(assign, str) else str(assign).upper(),
        "Sforce-Duplicate-Rule-Header": f"allowSave={allow_save}; includeRecordDetails=false; runAsCurrentUser=true",
        "Sforce-Mru": "updateMru=false",
    }


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An auth that does nothing; without one, requests would look into .netrc."""
    return request
