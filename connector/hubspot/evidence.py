"""What people did with contacts: calls, e-mails, meetings and deals, found by search on their last change.

One search for each kind a poll, from its watermark less an overlap, because the index lags (fact sheet 3); what the
cursor says was told in that time is left out. What does not fit a page is a window from..to in the cursor, paged by
ascending id, which neither equal stamps nor the 10 000 cap can stop. Only for news are associations asked, a thousand a
call; an activity that hangs on nobody yet is asked for again while the overlap lasts, because it may be linked in a
second call. A kind that HubSpot will not tell of (a scope, an edition without it) rests for an hour; the others go on.

    cursor = {object: {"begun_ms", "watermark_ms", "window": {"from", "to", "last_id"}, "known": {id: last change}}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from connector.core.journey import Entry
from connector.core.refs import Ref, hubspot
from connector.hubspot.activities import KINDS, Kind, happened, touched
from connector.hubspot.batches import SEARCH_PAGE, condition, next_page, search
from connector.hubspot.deals import Dealer
from connector.hubspot.faults import Denied, MissingScopes
from connector.hubspot.linked import Linker
from connector.hubspot.polling import OVERLAP_MS, SECOND_MS
from connector.hubspot.shapes import ID, modified_property, moment
from connector.hubspot.wire import Wire, results, server_ms
from connector.ports import Cursor, Evidence
from connector.transport.pool import Calls

DEALS: Final = "deals"
PEOPLE: Final = ("contacts", "companies")  # what HubSpot hangs activities and deals on, and journeys are kept of
RESTS_S: Final = 3_600.0
KNOWN_MAX: Final = 2_000  # of what was told this much is remembered; more is told twice, which harms nobody
Record = Mapping[str, Any]
Window = tuple[int, int, str]
_OBJECTS: Final[Mapping[str, Kind | None]] = {**{kind.object: kind for kind in KINDS}, DEALS: None}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one object's evidence stands.

    Attributes:
        begun_ms: nothing that last changed before is told.
        watermark_ms: everything that changed before has been told, but for what the index shows late.
        window: (from, to, last id told) while a window is being paged.
        known: what was told of the overlap, by id, with its last change.
    """

    begun_ms: int
    watermark_ms: int
    window: Window | None
    known: Mapping[str, str]

    @classmethod
    def told(cls, stored: Mapping[str, Any]) -> Place:
        """The place a cursor tells of."""
        window = stored.get("window")
        kept = (int(window["from"]), int(window["to"]), str(window["last_id"])) if window else None
        return cls(int(stored["begun_ms"]), int(stored["watermark_ms"]), kept, stored.get("known") or {})

    def stored(self) -> dict[str, Any]:
        """As JSON, for the cursor."""
        window = {"from": self.window[0], "to": self.window[1], "last_id": self.window[2]} if self.window else None
        marks = {"begun_ms": self.begun_ms, "watermark_ms": self.watermark_ms}
        return {**marks, "window": window, "known": dict(self.known)}


@dataclass(frozen=True, slots=True)
class _Page:
    records: Sequence[Record]
    window: Window | None  # what is left to be read
    at_ms: int


class Gleaner:
    """The evidence of the port. `calls` lets the kinds be asked side by side."""

    def __init__(self, wire: Wire, calls: Calls) -> None:
        self._wire, self._calls = wire, calls
        self._linker, self._dealer = Linker(wire), Dealer(wire)
        self._resting: dict[str, tuple[float, str]] = {}  # kinds: until when (`monotonic`), and why

    def evidence(self, objects: Sequence[str], cursor: Cursor | None, now: datetime) -> Evidence:
        """One portion; see `ports.Crm.evidence`. Raises as `Wire.call`."""
        people = [obj for obj in PEOPLE if obj in objects]
        places = {name: Place.told(stored) for name, stored in (cursor or {}).items()}
        if not places.keys() >= _OBJECTS.keys():
            begin = server_ms(self._wire.get("account", self._wire.paths.of("account")), self._wire.clock)
            fresh = dict.fromkeys(_OBJECTS, Place(begin, begin, None, {}))
            return _portion([], fresh | places, more=cursor is not None)
        awake = [obj for obj in _OBJECTS if people and not self._rests(obj)]
        due = [obj for obj in awake if places[obj].window] or awake
        pages = self._calls.map(lambda obj: self._page(obj, places[obj]), due)
        entries: list[Entry] = []
        for obj, page in zip(due, pages, strict=True):
            if page is not None:
                known = places[obj].known
                news = [record for record in page.records if known.get(str(record["id"])) != _change(record)]
                told, alone = self._told(obj, people, news, now)
                entries += told
                places[obj] = _advanced(places[obj], page, alone)
        more = any(places[obj].window for obj in due if not self._rests(obj))
        withheld = {obj: self._resting[obj][1] for obj in _OBJECTS if self._rests(obj)}
        return replace(_portion(entries, places, more=more), withheld=withheld)

    def _rests(self, obj: str) -> bool:
        return obj in self._resting and self._wire.clock.monotonic() < self._resting[obj][0]

    def _page(self, obj: str, place: Place) -> _Page | None:
        """The next page of one object; None for one that is not told of."""
        try:
            return self._searched(obj, place)
        except (MissingScopes, Denied) as refusal:
            self._resting[obj] = (self._wire.clock.monotonic() + RESTS_S, str(refusal))
            return None

    def _searched(self, obj: str, place: Place) -> _Page:
        by, kind = modified_property(obj), _OBJECTS[obj]
        if place.window:
            since, until, last = place.window
            filters = [condition(by, "LTE", value=str(until + SECOND_MS)), condition(ID, "GT", value=last)]
        else:
            since, until, filters = max(place.begun_ms, place.watermark_ms - OVERLAP_MS), 0, []
        body = {
            "filterGroups": [{"filters": [condition(by, "GTE", value=str(since)), *filters]}],
            "sorts": [{"propertyName": ID, "direction": "ASCENDING"}],
            "limit": SEARCH_PAGE,
            "properties": list(kind.properties) if kind else [ID],
        }
        answer = search(self._wire, obj, body)
        records, at_ms = results(answer), server_ms(answer, self._wire.clock)
        whole = len(records) < SEARCH_PAGE and not next_page(answer.body)
        onward = (
            None if whole or not records else (since, until or max(at_ms, place.watermark_ms), str(records[-1]["id"]))
        )
        return _Page(records, onward, until or at_ms)

    def _told(
        self, obj: str, people: Sequence[str], news: Sequence[Record], now: datetime
    ) -> tuple[list[Entry], set[str]]:
        """What the news say, and which of them hang on nobody yet."""
        kind = _OBJECTS[obj]
        counting = {str(record["id"]): record for record in news if kind is None or happened(kind, record, now)}
        parts = self._parts(obj, people, list(counting))
        alone = counting.keys() - parts.keys()
        if kind is None:
            return self._dealer.entries(parts, now) if parts else [], alone
        return [
            Entry(
                ref,
                happened(kind, counting[one], now) or now,
                now,
                touched(kind, counting[one]),
                f"activity:{obj}:{one}",
            )
            for one, refs in parts.items()
            for ref in refs
        ], alone

    def _parts(self, obj: str, people: Sequence[str], ids: Sequence[str]) -> dict[str, list[Ref]]:
        """By id, the records that hang on it."""
        parts: dict[str, list[Ref]] = {}
        for other in people if ids else ():
            for one, ends in self._linker.linked(obj, ids, other).items():
                parts.setdefault(one, []).extend(hubspot(other, end) for end in ends)
        return parts


def _advanced(place: Place, page: _Page, alone: set[str]) -> Place:
    """The place after a page; what hangs on nobody yet is not remembered, so that it is asked for again."""
    watermark = place.watermark_ms if page.window else max(place.watermark_ms, page.at_ms)
    known = {**place.known, **{str(record["id"]): _change(record) for record in page.records}}
    return Place(place.begun_ms, watermark, page.window, dict(_recent(known, alone, watermark - OVERLAP_MS)))


def _recent(known: Mapping[str, str], alone: set[str], since_ms: int) -> Iterable[tuple[str, str]]:
    """What a later poll may meet again; of very much the newest."""
    kept = [(one, at) for one, at in known.items() if one not in alone and _ms(at) >= since_ms]
    return kept[-KNOWN_MAX:]


def _change(record: Record) -> str:
    return str(record.get("updatedAt") or "")


def _ms(text: str) -> int:
    at = moment(text)
    return int(at.timestamp() * 1000) if at else 0


def _portion(entries: Sequence[Entry], places: Mapping[str, Place], *, more: bool) -> Evidence:
    return Evidence(entries, {name: place.stored() for name, place in places.items()}, more)
