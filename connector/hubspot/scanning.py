"""Every live record of an object, page by page, several stretches of the id range at once.

List pages are cursored by id: `after` is the id of the next record, so any id may be one's start (fact sheet 2.1). One
search tells the highest id and the number of records; the range is then cut, each stretch is followed by itself, and
when one ends another that seems to have much left is cut. Every cut costs at most one page more, so cuts are counted:
all calls stay within 1.05 times what one chain would need. That ids ascend and lie inside their stretch is checked on
every page; were it ever not so, one chain goes through everything again, and some records are told twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock
from typing import Any

from connector.core.readings import Reading
from connector.hubspot.batches import BATCH, next_page, search
from connector.hubspot.reading import Reader
from connector.hubspot.shapes import ID, Shape
from connector.hubspot.wire import RESULTS, Wire, results
from connector.ports import View
from connector.transport.pool import Calls

PORTION = 500
STRETCHES_MAX = 12
WORTH_CUTTING = 2000  # records
CUTS_PER_PAGE = 0.04
PAGES_WORTH_CUTTING = 3
URL_CHARS_MAX = 6000  # of property names; wider views are read by batch (fact sheet 2.1: 414)
NO_END = 10**19


class OutOfOrder(Exception):
    """A page was not what an id cursor promises."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records with low < id <= high still to be listed; `after` is where the next page starts."""

    after: str
    low: int
    high: int


@dataclass(slots=True)
class _Cuts:
    """How many stretches run, how many shall, how many more cuts are allowed, how many records are to come."""

    left: int
    running: int
    wanted: int
    to_come: int
    lock: Lock = field(default_factory=Lock)

    def go_on(self, stretch: Stretch | None, told: int, gap: float) -> list[Stretch]:
        """Where to go on: nowhere, here, or here and further up as well.

        `told` is how many records the page held, `gap` how far apart their ids were. The cut is where, at that gap,
        half of all records to come would lie below: ids lie in clumps, and halving the range would miss them.
        """
        with self.lock:
            self.to_come -= told
            if stretch is None:
                self.running -= 1
                return []
            rest = min((stretch.high - stretch.low) / max(gap, 1.0), self.to_come)
            much_left = rest > max(PAGES_WORTH_CUTTING * BATCH, self.to_come / (2 * self.running))
            much_left = much_left and stretch.high != NO_END
            if not much_left or self.left == 0 or self.running >= self.wanted:
                return [stretch]
            self.left -= 1
            self.running += 1
            ahead = gap * max(self.to_come / 2, PAGES_WORTH_CUTTING * BATCH / 2)
            middle = min((stretch.low + stretch.high) // 2, stretch.low + int(ahead) + 1)
            return [Stretch(stretch.after, stretch.low, middle), Stretch(str(middle), middle, stretch.high)]


class Scanner:
    """Lists objects."""

    def __init__(self, wire: Wire, calls: Calls, reader: Reader) -> None:
        self._wire, self._calls, self._reader = wire, calls, reader

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        """Portions of up to some hundred readings. Raises as `ports.Crm`."""
        yield from gathered(self._pages(Shape(view)))

    def _pages(self, shape: Shape) -> Iterator[list[Reading]]:
        records, after = self._list(shape, "")
        yield self._readings(shape, records)
        if not after:
            return
        try:
            low = _last_id([int(record["id"]) for record in records], after)
            yield from self._side_by_side(shape, Stretch(after, low, NO_END))
        except OutOfOrder:
            yield from self._calls.walk(lambda at: self._plain_page(shape, at), [after])

    def _side_by_side(self, shape: Shape, rest: Stretch) -> Iterator[list[Reading]]:
        total, highest = self._extent(shape.object) if self._calls.overlap else (0, 0)
        if total < WORTH_CUTTING or highest <= rest.low:
            starts, cuts = [rest], _Cuts(0, 1, 1, total)
        else:
            allowed = int(total / BATCH * CUTS_PER_PAGE)
            wanted = min(STRETCHES_MAX, max(1, allowed // 2))
            starts = _cut(rest, highest, max(1, wanted * 2 // 3))
            cuts = _Cuts(max(0, allowed - len(starts)), len(starts), wanted + 1, total)
        yield from self._calls.walk(lambda stretch: self._page(shape, stretch, cuts), starts)

    def _extent(self, obj: str) -> tuple[int, int]:
        """How many records there are, and the highest id, as far as the search index knows."""
        newest = {
            "sorts": [{"propertyName": ID, "direction": "DESCENDING"}],
            "limit": 1,
            "properties": [ID],
            "filterGroups": [],
        }
        answer = search(self._wire, obj, newest)
        found = results(answer)
        return int(answer.body.get("total") or 0), int(found[0]["id"]) if found else 0

    def _page(self, shape: Shape, stretch: Stretch, cuts: _Cuts) -> tuple[list[Reading], Sequence[Stretch]]:
        records, after = self._list(shape, stretch.after)
        ids = [int(record["id"]) for record in records]
        if ids and after:
            _last_id(ids, after)
        if ids != sorted(ids) or (ids and ids[0] < stretch.low):
            raise OutOfOrder
        mine = [record for record, each in zip(records, ids, strict=True) if stretch.low < each <= stretch.high]
        ended = not after or not ids or ids[-1] >= stretch.high or int(after) > stretch.high
        onward = None if ended else Stretch(after, ids[-1], stretch.high)
        gap = (ids[-1] - ids[0]) / len(ids) if ids else 0.0
        return self._readings(shape, mine), cuts.go_on(onward, len(mine), gap)

    def _plain_page(self, shape: Shape, after: str) -> tuple[list[Reading], Sequence[str]]:
        records, onward = self._list(shape, after)
        return self._readings(shape, records), [onward] if onward else []

    def _list(self, shape: Shape, after: str) -> tuple[Sequence[dict[str, Any]], str]:
        """One page of records, and where the next one starts ("" at the end)."""
        names = ID if _wide(shape) else ",".join(shape.properties)
        query = {"limit": str(BATCH), "properties": names, "archived": "false"} | ({"after": after} if after else {})
        answer = self._wire.get("list", self._wire.objects(shape.object), query, RESULTS)
        return results(answer), next_page(answer.body)

    def _readings(self, shape: Shape, records: Sequence[dict[str, Any]]) -> list[Reading]:
        if _wide(shape):
            return self._reader.live(shape.view, [str(record["id"]) for record in records])
        return [shape.reading(record) for record in records]


def _last_id(ids: Sequence[int], after: str) -> int:
    """The last id of a page whose cursor is an id: the next record's, and so beyond all ids of the page.

    Raises:
        OutOfOrder: the cursor is an offset or a word of the server's own, from which nothing can be concluded.
    """
    if not ids or not after.isdigit() or int(after) <= ids[-1]:
        raise OutOfOrder
    return ids[-1]


def gathered(pages: Iterator[list[Reading]]) -> Iterator[Sequence[Reading]]:
    """Pages put together into portions of `PORTION` or a little more."""
    portion: list[Reading] = []
    for page in pages:
        portion += page
        if len(portion) >= PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _wide(shape: Shape) -> bool:
    return sum(len(name) + 1 for name in shape.properties) > URL_CHARS_MAX


def _cut(rest: Stretch, highest: int, pieces: int) -> list[Stretch]:
    """The stretch in equal pieces of the id range, and an open one for records younger than the index."""
    step = max(1, (highest - rest.low) // max(1, pieces))
    bounds = [rest.low, *range(rest.low + step, highest - step + 1, step), highest, NO_END]
    spans = pairwise(bounds)
    return [Stretch(rest.after if low == rest.low else str(low), low, high) for low, high in spans]
