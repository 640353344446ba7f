"""HubSpot's webhooks journal: what webhooks would tell, fetched in order by those who cannot be reached (sheet 11.5).

An answer names a file and the offset behind it; the file holds the events. Its address comes from outside, so it is
looked at before it is called: HTTPS and a public name, or the very host we talk to anyway; no redirects, no token sent
along, no more bytes than a limit. Of an event only what says where to look is taken over; values are left behind.
Calls of the journal have limits of their own, 100 a second, and count against no budget of the account.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests

from connector.core.refs import Side
from connector.errors import Transient, Unauthorised
from connector.hubspot.faults import Denied, absent
from connector.hubspot.tokens import OAuthToken
from connector.hubspot.wire import HubSpotAccess, Traffic, Wire
from connector.ports import Clock, Dice
from connector.transport.budget import Budget
from connector.transport.meter import Meter
from connector.transport.pool import Timeout
from connector.transport.retrying import Patience, retrying
from connector.transport.throttle import Throttle, Window

VERSION: Final = "2026-03"
KEPT_DAYS: Final = 3
SCOPE: Final = "developer.webhooks_journal.read"
FILE_BYTES_MAX: Final = 64 * 1024 * 1024
CALLS_PER_S: Final = 50  # of the 100 that the app has
_OK: Final = 200
_PIECE: Final = 256 * 1024
_TAKEN: Final = (  # what says where to look, and nothing of a person
    *("type", "action", "portalId", "occurredAt", "objectTypeId", "objectId"),
    *("primaryObjectId", "mergedObjectIds", "newObjectId"),
    *("fromObjectId", "toObjectId", "fromObjectTypeId", "toObjectTypeId", "associationType"),
)


@dataclass(frozen=True, slots=True)
class App:
    """Whose journal: the app that subscribed, and the account we are bound to."""

    client_id: str
    client_secret: str = field(repr=False)
    portal_id: str = ""


class AppToken(OAuthToken):
    """The token of an app for itself, got by its id and secret alone."""

    def __init__(self, app: App, clock: Clock) -> None:
        super().__init__(app.client_id, app.client_secret, "", clock)

    def _form(self) -> Mapping[str, str]:
        app = {"client_id": self.client_id, "client_secret": self.client_secret}
        return {"grant_type": "client_credentials", "scope": SCOPE, **app}


@dataclass(frozen=True, slots=True)
class Page:
    """One file of the journal.

    Attributes:
        offset: the place behind it.
        events: what says where to look, of the events of our portal.
        foreign: how many events of other portals there were besides.
        unreadable: why its file could not be understood; "" when it could.
    """

    offset: str
    events: Sequence[Mapping[str, Any]]
    foreign: int = 0
    unreadable: str = ""


class _Unreadable(Exception):
    """A file that cannot be understood, and why."""


class Journal:
    """The journal of one account. Calls nobody until it is asked."""

    def __init__(self, base_url: str, app: App, chance: tuple[Clock, Dice], timeout: Timeout | None = None) -> None:
        clock, dice = chance
        self._base_url, self._app, self._timeout = base_url, app, timeout or Timeout()
        access = HubSpotAccess(base_url, AppToken(app, clock), timeout=self._timeout, connections=2)
        self._repeat = retrying(clock, dice, Patience(tries=3, total_s=5.0))
        self._wire = Wire(access, _own_traffic(clock, dice), clock)
        self._session = _session()

    def earliest(self) -> Page | None:
        """The oldest file that is kept; None when there is none. Raises as `after`."""
        return self._page("earliest")

    def latest(self) -> Page | None:
        """The newest file; None when there is none. Raises as `after`."""
        return self._page("latest")

    def after(self, offset: str) -> Page | None:
        """The file behind an offset; None when there is nothing newer, or when the offset is not known any more.

        Raises:
            Transient, RateLimited; Unauthorised: id, secret or scope of the app do not suffice.
        """
        return self._page(f"offset/{offset}/next")

    def close(self) -> None:
        """Close connections."""
        self._session.close()

    def _page(self, which: str) -> Page | None:
        return self._repeat(lambda: self._once(which))

    def _once(self, which: str) -> Page | None:
        """Both calls: an address that has aged while we waited is asked for again."""
        path = f"/webhooks-journal/journal-local/{VERSION}/{which}"
        try:
            answer = self._wire.get("journal", path, {"installPortalId": self._app.portal_id})
        except Denied as refusal:
            if absent(refusal.answer):
                return None
            raise
        except Unauthorised as error:
            raise Unauthorised(f"{error} (hubspot.journal: the app needs the scope {SCOPE})") from None
        if not answer.body:
            return None
        told = answer.body if isinstance(answer.body, dict) else {}
        offset, url = (told.get(name) for name in ("currentOffset", "url"))
        if not isinstance(offset, str) or not isinstance(url, str):
            raise Transient("the journal's answer has no file or no offset; it is asked again")
        try:
            return self._read(offset, self._fetched(url))
        except _Unreadable as why:
            return Page(offset, (), unreadable=str(why))

    def _fetched(self, url: str) -> bytes:
        if not fetchable(url, self._base_url):
            raise _Unreadable("the journal named a file at an address that is none of HubSpot's")
        timeout = (self._timeout.connect_s, self._timeout.read_s)
        try:
            with self._session.get(url, stream=True, allow_redirects=False, timeout=timeout) as response:
                if response.status_code != _OK:
                    raise Transient(f"a file of the journal was refused ({response.status_code}); it is asked for anew")
                return _bounded(response)
        except requests.RequestException as error:
            raise Transient(f"a file of the journal did not come whole ({type(error).__name__})") from None

    def _read(self, offset: str, raw: bytes) -> Page:
        try:
            found = orjson.loads(raw)["journalEvents"]
            events = [each for each in found if not isinstance(each, dict) or self._ours(each)]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise _Unreadable("a file of the journal holds no journalEvents") from None
        return Page(offset, [_taken(each) for each in events], foreign=len(found) - len(events))

    def _ours(self, event: Mapping[str, Any]) -> bool:
        return str(event.get("portalId")) == self._app.portal_id


def fetchable(url: str, base_url: str) -> bool:
    """Whether a file may be fetched there: at the host we talk to anyway, or by HTTPS at a public name."""
    try:
        found, ours = urlsplit(url), urlsplit(base_url)
        port = found.port
    except ValueError:
        return False
    host = found.hostname or ""
    if found.username is not None or not host:
        return False
    if (found.scheme, found.netloc) == (ours.scheme, ours.netloc):
        return True
    return found.scheme == "https" and port in (None, 443) and _public(host)


def _public(host: str) -> bool:
    """Whether a name may be one of the internet: no bare address, no name that only a local network knows."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        return "." in host.strip(".") and last.isalpha() and last not in {"local", "internal", "localhost", "lan"}
    return False


def _bounded(response: requests.Response) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(_PIECE):
        size += len(part)
        if size > FILE_BYTES_MAX:
            raise _Unreadable(f"a file of the journal is larger than {FILE_BYTES_MAX // 1024 // 1024} MiB")
        parts.append(part)
    return b"".join(parts)


def _taken(event: Any) -> Mapping[str, Any]:
    return {name: event[name] for name in _TAKEN if name in event} if isinstance(event, dict) else {}


def _own_traffic(clock: Clock, dice: Dice) -> Traffic:
    """The journal's own limits; nothing is counted against the account's day. `Journal` repeats."""
    pace = Throttle(clock, [Window(CALLS_PER_S, 1.0)])
    budget = Budget(Side.HUBSPOT, clock, lambda _day, calls: calls)
    return Traffic(pace, pace, budget, Meter(), retrying(clock, dice, Patience(tries=1)))


def _session() -> requests.Session:
    """Without cookies and .netrc: nothing of ours goes along to where a file lies."""
    session = requests.Session()
    session.auth = _as_it_is
    session.headers["User-Agent"] = "smarketing-connector"
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
