"""The webhooks journal: events to be fetched in order rather than delivered (HubSpot fact sheet 11.5).

The journal is the event log cut into pages; an offset is a UUID that stands for a position. Each answer names a file
with the events and the offset to go on from; 204 means there is nothing newer. Events older than three days are gone,
and an offset among them is one that nothing is known of (404). Files are fetched without a token: their address is
signed, and good for some minutes. The local journal is one account's, which has to be named.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from connector.sandbox.exchange import Request
from connector.sandbox.hubspot.events import Event
from connector.sandbox.hubspot.kinds import BY_NAME
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.problems import Refusal, bad_request
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.web import NOTHING, Call, Reply, whole

PAGE = 1000
PAGES_MAX = 100
KEPT_MS = 3 * 86_400_000
URL_LIVES_MS = 300_000
_SIGNING = b"sandbox-files"
_SALT = 0x6A6F7572_6E616C00_80000000_00000000  # marks our offsets; the low half is the position
ACTIONS = {
    "creation": "CREATE",
    "propertyChange": "UPDATE",
    "deletion": "DELETE",
    "merge": "MERGE",
    "restore": "RESTORE",
    "privacyDeletion": "GDPR_DELETE",
}


def earliest(call: Call) -> Reply:
    """200 with the oldest page still kept."""
    return _page(call, 0)


def latest(call: Call) -> Reply:
    """200 with the newest page."""
    return _page(call, max(len(call.state.events) - PAGE, 0))


def following(call: Call) -> Reply:
    """200 with the page after an offset, 204 at the end, 404 for an offset older than what is kept."""
    position = _position(call.parts[0])
    if position < _first_kept(call.state):
        raise Refusal(404, "No journal entry was found for this offset")
    return _page(call, position)


def batch_earliest(call: Call) -> Reply:
    """200 with several of the oldest pages."""
    return _pages(call, 0, call.parts[0])


def batch_following(call: Call) -> Reply:
    """200 with several pages after an offset, 204 at the end."""
    return _pages(call, _position(call.parts[0]), call.parts[1])


def _pages(call: Call, position: int, count: str) -> Reply:
    number = whole(count)
    if not number or number > PAGES_MAX:
        raise bad_request(f"{count} is not a number of pages between 1 and {PAGES_MAX}")
    pages: list[dict[str, Any]] = []
    while len(pages) < number and (reply := _page(call, position)).payload is not None:
        pages.append(reply.payload)
        position = _position(reply.payload["currentOffset"])
    return Reply(200, {"results": pages}) if pages else NOTHING


def _page(call: Call, position: int) -> Reply:
    state = call.state
    if "/journal-local/" in call.request.path and call.one("installPortalId") != str(state.settings.portal_id):
        raise bad_request(f"installPortalId {call.one('installPortalId')!r} is not an account that has this app")
    start = max(position, _first_kept(state))
    end = min(start + PAGE, len(state.events))
    if start >= end:
        return NOTHING
    return Reply(
        200,
        {
            "url": _signed(call.request, f"/webhooks-journal/sandbox-files/{start}/{end}", state.now_ms + URL_LIVES_MS),
            "expiresAt": iso(state.now_ms + URL_LIVES_MS),
            "currentOffset": str(UUID(int=_SALT | end)),
        },
    )


def _first_kept(state: State) -> int:
    oldest = state.now_ms - KEPT_MS
    events = state.events.compact()
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if events[middle].at_ms < oldest:
            low = middle + 1
        else:
            high = middle
    return low


def _position(text: str) -> int:
    try:
        return UUID(text).int & 0xFFFF_FFFF
    except ValueError as error:
        raise bad_request(f"{text} is not an offset of this journal") from error


def _signed(request: Request, path: str, until_ms: int) -> str:
    """An address of this very server, as it was called; HubSpot's own where it was called without sockets."""
    host = request.headers.get("host")
    origin = f"http://{host}" if host else "https://api.hubapi.com"
    return f"{origin}{path}?{urlencode({'until': until_ms, 'signature': _signature(path, str(until_ms))})}"


def _signature(path: str, until: str) -> str:
    return hmac.new(_SIGNING, f"{path}:{until}".encode(), hashlib.sha256).hexdigest()


def file(state: State, request: Request, version: str, parts: tuple[str, ...]) -> Reply:
    """200 with the events of one page; 403 for an address that was altered or is too old."""
    del version
    until = request.query.get("until", "")
    good = hmac.compare_digest(request.query.get("signature", ""), _signature(request.path, until))
    if not good or int(until) < state.now_ms:
        raise Refusal(403, "Request has expired")
    start, end = map(int, parts)
    events = state.events.compact(start)[: end - start]
    return Reply(200, {"journalEvents": [_shown(state, event) for event in events]})


def _shown(state: State, event: Event) -> dict[str, Any]:
    names = iter(event.data)
    data = dict(zip(names, names, strict=True))
    shown: dict[str, Any] = {
        "type": "OBJECT",
        "portalId": state.settings.portal_id,
        "occurredAt": iso(event.at_ms),
        "objectTypeId": BY_NAME[event.kind].type_id,
        "objectId": event.object_id,
    }
    if event.action == "associationChange":
        removed = data["associationRemoved"]
        return {
            **shown,
            "type": "ASSOCIATION",
            "action": "ASSOCIATION_REMOVED" if removed else "ASSOCIATION_ADDED",
            **data,
        }
    shown["action"] = ACTIONS[event.action]
    if event.action == "privacyDeletion":
        shown["type"] = "GDPR_PRIVACY_DELETION"
    if event.action == "propertyChange":
        shown["propertyChanges"] = {data["propertyName"]: data["propertyValue"]}
    return {**shown, **({} if event.action == "propertyChange" else data)}
