"""Whole numbers kept in order, so that a window of the search index is read without looking at the rest.

A list of short sorted lists: adding or dropping a number moves at most one short list, and a range is counted by
adding lengths. Invariant: no short list is empty, and every number of one is below every number of the next.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

CHUNK_MAX = 1024


class Ordered:
    """A set of distinct whole numbers in ascending order."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._chunks: list[list[int]] = []
        self._lows: list[int] = []
        self._size = 0
        self.extend(numbers)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        for chunk in self._chunks:
            yield from chunk

    def extend(self, numbers: Iterable[int]) -> None:
        """Add many numbers at once, none of them present yet."""
        fresh = sorted(numbers)
        half = CHUNK_MAX // 2
        if self._chunks and fresh and fresh[0] <= self._chunks[-1][-1]:
            fresh = sorted([*self, *fresh])
            self._chunks, self._lows, self._size = [], [], 0
        self._chunks += [fresh[start : start + half] for start in range(0, len(fresh), half)]
        self._lows += [fresh[start] for start in range(0, len(fresh), half)]
        self._size += len(fresh)

    def add(self, number: int) -> None:
        """Add a number that is not present yet."""
        self._size += 1
        if not self._chunks:
            self._chunks.append([number])
            self._lows.append(number)
            return
        place = self._chunk_of(number)
        chunk = self._chunks[place]
        insort(chunk, number)
        self._lows[place] = chunk[0]
        if len(chunk) > CHUNK_MAX:
            middle = len(chunk) * 3 // 4  # most additions are the newest: leave the older part well filled
            self._chunks[place : place + 1] = [chunk[:middle], chunk[middle:]]
            self._lows[place : place + 1] = [chunk[0], chunk[middle]]

    def discard(self, number: int) -> None:
        """Drop a number if it is present."""
        if not self._chunks:
            return
        place = self._chunk_of(number)
        chunk = self._chunks[place]
        at = bisect_left(chunk, number)
        if at == len(chunk) or chunk[at] != number:
            return
        del chunk[at]
        self._size -= 1
        if chunk:
            self._lows[place] = chunk[0]
        else:
            del self._chunks[place], self._lows[place]

    def count(self, low: int, high: int) -> int:
        """How many numbers are in [low, high)."""
        if high <= low or not self._chunks:
            return 0
        first, start = self._seek(low)
        last, end = self._seek(high)
        if first == last:
            return end - start
        return len(self._chunks[first]) - start + sum(map(len, self._chunks[first + 1 : last])) + end

    def between(self, low: int, high: int) -> list[int]:
        """All numbers in [low, high), ascending."""
        if high <= low or not self._chunks:
            return []
        first, start = self._seek(low)
        last, end = self._seek(high)
        if first == last:
            return self._chunks[first][start:end]
        found = self._chunks[first][start:]
        for chunk in self._chunks[first + 1 : last]:
            found += chunk
        found += self._chunks[last][:end]
        return found

    def onwards(self, low: int, count: int) -> list[int]:
        """Up to `count` numbers from `low` on, ascending."""
        found: list[int] = []
        if not self._chunks:
            return found
        place, start = self._seek(low)
        while place < len(self._chunks) and len(found) < count:
            found += self._chunks[place][start : start + count - len(found)]
            place, start = place + 1, 0
        return found

    def _chunk_of(self, number: int) -> int:
        return max(bisect_left(self._lows, number + 1) - 1, 0)

    def _seek(self, number: int) -> tuple[int, int]:
        place = self._chunk_of(number)
        return place, bisect_left(self._chunks[place], number)
