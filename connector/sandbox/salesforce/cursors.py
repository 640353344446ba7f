"""Query cursors: the snapshot a first page was cut from, until its locator expires.

Pages may come shorter than asked for at any time; only `done` says that a result has ended. (Fact sheet 1.2.)
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from connector.sandbox.salesforce.ids import IdMint
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.settings import Settings
from connector.sandbox.salesforce.soql_run import Result

PAGE_ROWS_MAX = 2000
PAGE_ROWS_MIN = 200


@dataclass(frozen=True, slots=True)
class Cursor:
    """A result that still has pages, who may read it and when it was made (epoch seconds)."""

    result: Result
    user_id: str
    made: float


class Cursors:
    """Open cursors by locator."""

    def __init__(self, mint: IdMint, settings: Settings, random: Random) -> None:
        self._mint = mint
        self._settings = settings
        self._random = random
        self._open: dict[str, Cursor] = {}

    def page(self, result: Result, user_id: str, now: float, *, size: int, path: str) -> dict[str, Any]:
        """The first page of a result, opening a cursor if there are more. `path` is the query resource."""
        self._close_old(now)
        if result.render is None:
            return {"totalSize": len(result.rows), "done": True, "records": []}
        size = self._size(size)
        locator = ""
        if len(result.rows) > size:
            locator = self._mint.mint("01g")
            self._open[locator] = Cursor(result, user_id, now)
        return _cut(result, 0, size, f"{path}/{locator}")

    def more(self, text: str, user_id: str, now: float, *, size: int, path: str) -> dict[str, Any]:
        """A later page, by `<locator>-<offset>`. Raises Refusal INVALID_QUERY_LOCATOR."""
        self._close_old(now)
        locator, _, offset = text.partition("-")
        cursor = self._open.get(locator)
        if cursor is None or cursor.user_id != user_id or not offset.isdigit():
            raise Refusal("INVALID_QUERY_LOCATOR", "invalid query locator")
        return _cut(cursor.result, int(offset), self._size(size), f"{path}/{locator}")

    def _size(self, size: int) -> int:
        size = max(PAGE_ROWS_MIN, min(PAGE_ROWS_MAX, size))
        return self._random.randint(1, size) if self._settings.short_pages else size

    def _close_old(self, now: float) -> None:
        lifetime = self._settings.locator_lifetime_s
        while self._open:
            oldest = next(iter(self._open))
            if now - self._open[oldest].made <= lifetime:
                return
            del self._open[oldest]


def _cut(result: Result, start: int, size: int, path: str) -> dict[str, Any]:
    end = start + size
    page: dict[str, Any] = {"totalSize": len(result.rows), "done": end >= len(result.rows)}
    if not page["done"]:
        page["nextRecordsUrl"] = f"{path}-{end}"
    page["records"] = result.records(start, end)
    return page
