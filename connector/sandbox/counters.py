"""What was asked of a side: calls by method and path, statuses, refusals for asking too much.

Ids in paths are folded to `{id}`, so that the table stays as small as the API is. Tests of economy ("a quiet hour costs
n calls") and the demo read these numbers; the sandbox itself never does.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from threading import Lock
from typing import Any

PATHS_MAX = 1000
_ID = re.compile(
    r"(?<=/)(?:\d+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a job, an upload
    r"|(?=[A-Za-z]*\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?(?:-\d+)?"  # a Salesforce id or query locator
    r"|[^/]*(?:@|%40)[^/]*"  # an address used as an id
    r")(?=/|$)"
)


@lru_cache(maxsize=4096)
def folded(path: str) -> str:
    """The path with every id in it written `{id}`."""
    return _ID.sub("{id}", path)


class Counters:
    """Tallies of one side. Paths beyond the thousandth are counted together as `(other)`."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()
        self._statuses: Counter[int] = Counter()
        self._unanswered = 0
        self._lock = Lock()

    def record(self, method: str, path: str, status: int | None) -> None:
        """Count one call; `status` is None when the caller never got an answer."""
        key = (method, folded(path))
        with self._lock:
            if key not in self._calls and len(self._calls) >= PATHS_MAX:
                key = (method, "(other)")
            self._calls[key] += 1
            if status is None:
                self._unanswered += 1
            else:
                self._statuses[status] += 1

    def clear(self) -> None:
        """Begin again at nought."""
        with self._lock:
            self._calls.clear()
            self._statuses.clear()
            self._unanswered = 0

    def as_dict(self) -> dict[str, Any]:
        """Totals, then calls by "METHOD path" and by status, most frequent first."""
        with self._lock:
            return {
                "calls": sum(self._calls.values()),
                "too_many_requests": self._statuses[429],
                "unanswered": self._unanswered,
                "by_path": {f"{method} {path}": times for (method, path), times in self._calls.most_common()},
                "by_status": {str(status): times for status, times in self._statuses.most_common()},
            }
