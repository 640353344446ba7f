"""What changed since last time, by search, so that nothing is lost to an index that lags and shuffles (fact sheet 3).

A poll asks for everything modified since the watermark less an overlap, newest first. If one page holds it all, that
was that. Otherwise rows younger than the watermark (less a margin) are news, and the rest of the overlap must hold as
many rows as were observed before, which `known` tells; a count may agree by accident (one record archived, another
late), so it is trusted for `TRUST_MS` at most. Else the window from..to is fixed and paged by ascending id, which
neither equal stamps nor the 10 000 cap can stop; portions come with `more`, the window standing in the cursor. The new
watermark is the server's clock at the start of the poll and never goes backward. Archived records are not in the
index: each poll also reads one page of the archived listing, round and round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from connector.core.readings import Reading
from connector.hubspot.batches import BATCH, SEARCH_BODY_CHARS, SEARCH_PAGE, condition, next_page, search
from connector.hubspot.faults import Denied
from connector.hubspot.reading import Reader
from connector.hubspot.shapes import ID, Shape, modified_property
from connector.hubspot.wire import RESULTS, Wire, results, server_ms
from connector.ports import Changes, Cursor, Known, View
from connector.transport.pool import Calls

OVERLAP_MS, MARGIN_MS = 120_000, 10_000
TRUST_MS = 80_000  # less than the overlap by more than the index lags
_NO_LISTING = frozenset({400, 404, 405})  # what an account may answer that lists no archived records
SECOND_MS = 1000  # the server tells its time in whole seconds, rounded down


@dataclass(frozen=True, slots=True)
class Place:
    """Where one object's polling stands.

    Attributes:
        watermark_ms: everything modified before has been told, but for what the index shows late.
        whole_ms: when the whole overlap was last read, not only counted.
        archived_after: the cursor of the sweep through archived records.
        window: (from, to, last id told) while a window is being paged.
    """

    watermark_ms: int
    whole_ms: int = 0
    archived_after: str = ""
    window: tuple[int, int, str] | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Place:
        """The place a cursor tells."""
        window = told.get("window")
        kept = (int(window["from"]), int(window["to"]), str(window["last_id"])) if window else None
        whole, archived = int(told.get("whole_ms") or 0), str(told.get("archived_after") or "")
        return cls(int(told["watermark_ms"]), whole, archived, kept)

    def told(self) -> dict[str, Any]:
        """The place as JSON."""
        place: dict[str, Any] = {
            "watermark_ms": self.watermark_ms,
            "whole_ms": self.whole_ms,
            "archived_after": self.archived_after,
        }
        if self.window:
            place["window"] = {"from": self.window[0], "to": self.window[1], "last_id": self.window[2]}
        return place


@dataclass(frozen=True, slots=True)
class _Portion:
    readings: Sequence[Reading]
    place: Place


class Poller:
    """Polls objects side by side."""

    def __init__(self, wire: Wire, calls: Calls, reader: Reader) -> None:
        self._wire, self._calls, self._reader = wire, calls, reader

    def changes(self, views: Sequence[View], cursor: Cursor | None, known: Known) -> Changes:
        """One portion of what changed. Raises as `ports.Crm`."""
        places = {obj: Place.of(told) for obj, told in (cursor or {}).items()}
        if any(view.object not in places for view in views):
            start = Place(server_ms(self._wire.get("account", self._wire.paths.of("account")), self._wire.clock))
            places = {view.object: start for view in views} | places
        if cursor is None:
            return Changes((), {obj: place.told() for obj, place in places.items()}, more=False)
        open_windows = [view for view in views if places[view.object].window]
        due = open_windows or list(views)
        portions = self._calls.map(lambda view: self._portion(Shape(view), places[view.object], known), due)
        places |= {view.object: portion.place for view, portion in zip(due, portions, strict=True)}
        return Changes(
            [reading for portion in portions for reading in portion.readings],
            {obj: place.told() for obj, place in places.items()},
            more=any(place.window for place in places.values()),
        )

    def _portion(self, shape: Shape, place: Place, known: Known) -> _Portion:
        return self._window(shape, place, place.window) if place.window else self._poll(shape, place, known)

    def _poll(self, shape: Shape, place: Place, known: Known) -> _Portion:
        since, split = place.watermark_ms - OVERLAP_MS, place.watermark_ms - MARGIN_MS
        archived, after = self._archived(shape, place.archived_after)
        page = self._page(shape, [_bound(shape, "GTE", since)], newest_first=True)
        watermark = max(place.watermark_ms, page.at_ms)
        told = [*page.readings, *archived]
        if not page.more and page.total <= len(page.readings):
            return _Portion(told, Place(watermark, watermark, after))
        older = sum(_ms(reading) < split for reading in page.readings)
        beyond = page.total - (len(page.readings) - older)  # rows of the overlap, on the page or not
        trusted = older and watermark - place.whole_ms < TRUST_MS
        if trusted and beyond == known(shape.object, _at(since), _at(split)):
            return _Portion(told, Place(watermark, place.whole_ms, after))
        return _Portion(archived, Place(place.watermark_ms, place.whole_ms, after, (since, watermark, "0")))

    def _window(self, shape: Shape, place: Place, window: tuple[int, int, str]) -> _Portion:
        since, until, last = window
        bounds = [_bound(shape, "GTE", since), _bound(shape, "LTE", until + SECOND_MS), condition(ID, "GT", value=last)]
        page = self._page(shape, bounds, newest_first=False)
        onward = page.more or len(page.ids) >= SEARCH_PAGE or page.total > len(page.readings)
        if not page.ids or not onward:
            return _Portion(page.readings, Place(max(place.watermark_ms, until), until, place.archived_after))
        return _Portion(page.readings, replace(place, window=(since, until, page.ids[-1])))

    def _page(self, shape: Shape, filters: Sequence[Mapping[str, Any]], *, newest_first: bool) -> _Page:
        by = modified_property(shape.object) if newest_first else ID
        body: dict[str, Any] = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": by, "direction": "DESCENDING" if newest_first else "ASCENDING"}],
            "limit": SEARCH_PAGE,
            "properties": list(shape.properties),
        }
        wide = len(orjson.dumps(body)) > SEARCH_BODY_CHARS
        if wide:
            body["properties"] = [ID]
        answer = search(self._wire, shape.object, body)
        ids = [str(record["id"]) for record in results(answer)]
        readings = self._reader.live(shape.view, ids) if wide else [shape.reading(record) for record in results(answer)]
        total = int(answer.body.get("total") or 0) - (len(ids) - len(readings))
        more = bool(next_page(answer.body))
        return _Page(readings, ids, total, more, server_ms(answer, self._wire.clock))

    def _archived(self, shape: Shape, after: str) -> tuple[list[Reading], str]:
        """One page of the archived listing, and where the next poll goes on ("" begins anew).

        An account without such a listing tells of archived records when they are read, or in a full run.
        """
        query = {"limit": str(BATCH), "properties": ID, "archived": "true"} | ({"after": after} if after else {})
        try:
            answer = self._wire.get("list archived", self._wire.objects(shape.object), query, RESULTS)
        except Denied as refusal:
            if after or refusal.answer.status in _NO_LISTING:  # a cursor may have expired: the next poll begins anew
                return [], ""
            raise
        return [shape.archived(record) for record in results(answer)], next_page(answer.body)


@dataclass(frozen=True, slots=True)
class _Page:
    readings: list[Reading]
    ids: list[str]
    total: int
    more: bool  # the answer names a next page; a total alone may be missing or wrong
    at_ms: int


def _bound(shape: Shape, operator: str, at_ms: int) -> Mapping[str, Any]:
    return condition(modified_property(shape.object), operator, value=str(at_ms))


def _ms(reading: Reading) -> int:
    return int(reading.modified_at.timestamp() * 1000) if reading.modified_at else 0


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
