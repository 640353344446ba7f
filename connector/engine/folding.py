"""Post becomes marks: what came in says where to look again, and a pass looks.

Ten requests are one transaction, in the order they came: what they told of is marked and their rows leave, so that a
crash repeats them or finds them done. Marks wait for the record to be quiet, for one edit often comes as several
events. A privacy deletion erases at once, as `forget` does. What nobody understands stays with its reason; of a request
understood in part the rest is done all the same. Records of objects that nobody mapped are counted and passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.engine import erase
from connector.engine.bridge import Bridge
from connector.engine.hot import hasten
from connector.engine.told import Reader, Told
from connector.storage import dirty, duties, inbox, links, tallies
from connector.storage.dirty import Mark, Quiet
from connector.storage.inbox import Received

REQUESTS = 10
_NAMED_MAX = 20  # refs named in one log line
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Folded:
    """One request folded: what it told, and the refs of it that are mapped, with why to look there."""

    row: Received
    told: Told
    looks: Mapping[Ref, str]

    @property
    def problem(self) -> str:
        """What was not understood; "" when all was."""
        return "; ".join(self.told.unknown)


def fold(bridge: Bridge, readers: Mapping[str, Reader], quiet: Quiet, polls: Mapping[Side, str] | None = None) -> int:
    """Fold one portion of the inbox; how many requests it was.

    polls: the duty that polls each side, asked for where too much changed to be told one by one.
    """
    with bridge.database.begin() as conn:
        rows = inbox.unread(conn, REQUESTS)
        if not rows:
            return 0
        folded = [_read(bridge, row, readers) for row in rows]
        now = bridge.clock.now()
        erased = _erase(conn, bridge, folded, now)
        _ask_for_polls(conn, folded, polls or {}, now)
        _leave(conn, folded)
        inbox.forget(conn, [ref.id for ref in erased])  # what was not understood of the same post
        looks = {ref: why for one in folded for ref, why in one.looks.items() if ref not in erased}
        dirty.mark_all(conn, [Mark(ref, now, why) for ref, why in looks.items()], now, quiet=quiet)
    hasten(bridge, looks)
    for one in folded:
        _tell(one)
    return len(folded)


def _read(bridge: Bridge, row: Received, readers: Mapping[str, Reader]) -> Folded:
    told = _told(row, readers)
    note = f" (request {row.post.request_id})" if row.post.request_id else ""
    looks = {ref: why + note for ref, why in told.look_at if (ref.side, ref.object) in bridge.views}
    return Folded(row, told, looks)


def _told(row: Received, readers: Mapping[str, Reader]) -> Told:
    """What a request told. A reader that fails all the same must not stop those that come after it."""
    reader = readers.get(row.post.source)
    if reader is None:
        return Told(unknown=(f"nobody here reads what comes by {row.post.source!r}",))
    try:
        return reader(row.post.headers, row.post.body)
    except Exception as error:  # noqa: BLE001  # whatever it is, the request is kept
        _LOG.exception("a request cannot be read", request_id=row.post.request_id, source=row.post.source)
        return Told(unknown=(f"it cannot be read ({type(error).__name__}); this is a fault of the bridge",))


def _erase(conn: Connection, bridge: Bridge, folded: Iterable[Folded], now: datetime) -> set[Ref]:
    """Forget whom HubSpot has erased for good, at once and without asking there."""
    gone = {ref for one in folded for ref in one.told.erased if (ref.side, ref.object) in bridge.views}
    linked = links.by_refs(conn, gone) if gone else {}
    for ref in sorted(gone):
        link = linked.get(ref)
        if link is not None:
            links.delete(conn, link.id, link.version)
            erase.erase(conn, bridge, link, now)
        erase.forget_stranger(conn, bridge, Reading(ref, Presence.MISSING), now)
    return gone


def _ask_for_polls(conn: Connection, folded: Iterable[Folded], polls: Mapping[Side, str], now: datetime) -> None:
    """What was too much to be told one by one is found by the next poll, which goes on where the last one ended."""
    sides = {side for one in folded for side, obj in one.told.sweep}
    for name in sorted(polls[side] for side in sides if side in polls):
        duties.ask(conn, name, now)


def _leave(conn: Connection, folded: Sequence[Folded]) -> None:
    for one in folded:
        if one.problem:
            inbox.keep(conn, one.row.id, one.problem)
    inbox.done(conn, [one.row.id for one in folded if not one.problem])
    counted = Counter(requests=len(folded), not_understood=sum(bool(one.problem) for one in folded))
    counted["refs"] = sum(len(one.looks) for one in folded)
    counted["unmapped"] = sum(len(one.told.look_at) - len(one.looks) for one in folded)
    tallies.add_all(conn, {f"folded.{what}": number for what, number in counted.items()})


def _tell(one: Folded) -> None:
    """One line a request, so that an event can be followed to what was written for it."""
    keys: dict[str, Any] = {"request_id": one.row.post.request_id, "source": one.row.post.source}
    keys |= {"refs": [*one.looks][:_NAMED_MAX], "records": len(one.looks)}
    if one.problem:
        _LOG.warning("a request was not understood in full", **keys, reason=one.problem)
    else:
        _LOG.info("folded", **keys)
