"""The search index: a second, later truth.

A written version becomes visible some time later, each by its own roll of the dice, so records do not become visible
in the order of their timestamps (HubSpot fact sheet 3). Invariant: the index shows, of each record, the newest version
whose time has come; archived, merged and erased records are not in it. Two ordered lists, one by last change and one by
id, serve incremental queries without a scan.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from random import Random

from connector.sandbox.hubspot.ordered import Ordered
from connector.sandbox.hubspot.records import Record

ID_BITS = 40
ID_MASK = (1 << ID_BITS) - 1


class SearchIndex:
    """What search can see of one object type."""

    def __init__(self, random: Random) -> None:
        self.documents: dict[int, Record] = {}
        self.by_modified = Ordered()  # modified_ms << ID_BITS | id
        self.by_id = Ordered()
        self._random = random
        self._pending: list[tuple[int, int, Record]] = []
        self._sequence = 0
        self._gone: dict[int, int] = {}

    def load(self, records: Iterable[Record]) -> None:
        """Make many new records visible at once."""
        fresh = list(records)
        self.documents.update((record.id, record) for record in fresh)
        self.by_modified.extend((record.modified_ms << ID_BITS) | record.id for record in fresh)
        self.by_id.extend(record.id for record in fresh)

    def enqueue(self, record: Record, now_ms: int, lag_max_ms: int) -> None:
        """Take note of a version; it is visible at some moment within `lag_max_ms` from now."""
        if not lag_max_ms:
            self._show(record)
            return
        self._sequence += 1
        visible_ms = now_ms + int(self._random.random() * lag_max_ms)
        heappush(self._pending, (visible_ms, self._sequence, record))

    def catch_up(self, now_ms: int) -> None:
        """Make visible whatever is due."""
        pending = self._pending
        while pending and pending[0][0] <= now_ms:
            self._show(heappop(pending)[2])

    def waiting(self) -> set[int]:
        """Ids of records with versions not visible yet."""
        return {record.id for _, _, record in self._pending}

    def _show(self, record: Record) -> None:
        before = self.documents.get(record.id)
        shown = before.revision if before is not None else self._gone.get(record.id, -1)
        if shown > record.revision:
            return
        if before is not None:
            self.by_modified.discard((before.modified_ms << ID_BITS) | record.id)
        if record.archived_ms is not None:
            self.by_id.discard(record.id)
            self.documents.pop(record.id, None)
            self._gone[record.id] = record.revision  # an older version may still be on its way
            return
        if before is None:
            self.by_id.add(record.id)
            self._gone.pop(record.id, None)
        self.documents[record.id] = record
        self.by_modified.add((record.modified_ms << ID_BITS) | record.id)
