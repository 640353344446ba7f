"""What both sandboxes share: a clock, one source of chance, a log of writes and a list of faults.

Time comes in as a callable and chance as a seed, so that one integer and one start time decide a whole run. Each side
may be set to see the common time early or late by its skew; freezing and advancing move both. The log
is the witness: every write that took effect is in it, with who did it, and nothing ever leaves it. Faults are rules
that say which call misbehaves and how; faults.py turns them into answers. Everything here is safe to use from many
threads.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from threading import Lock
from types import MappingProxyType
from typing import Any

import orjson

from connector.sandbox.exchange import Request

FAULT_KINDS = frozenset(
    {"status", "reset", "truncated", "truncated_gzip", "trickle", "slow", "html_200", "hang"},
)
NO_SKEWS: Mapping[str, timedelta] = MappingProxyType({})
_Line = tuple[datetime, str, str, str, str, str, bytes, datetime | None]  # the last is the side's own time, if other


class SandboxClock:
    """The sandbox's time: a base clock, shifted or frozen on request. Aware UTC throughout."""

    def __init__(self, base: Callable[[], datetime]) -> None:
        self._base = base
        self._shift = timedelta()
        self._frozen: datetime | None = None
        self._lock = Lock()

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        frozen = self._frozen
        return frozen if frozen is not None else self._base().astimezone(UTC) + self._shift

    def advance(self, seconds: float) -> datetime:
        """Move time on by `seconds`, frozen or not, and return the new moment; ValueError when negative."""
        if seconds < 0:
            raise ValueError(f"the clock only moves forward; got {seconds} seconds")
        with self._lock:
            if self._frozen is not None:
                self._frozen += timedelta(seconds=seconds)
            else:
                self._shift += timedelta(seconds=seconds)
            return self.now()

    def freeze(self, at: datetime | None) -> None:
        """Hold the clock at `at` (aware), or with None let it run on from where it stands."""
        with self._lock:
            if at is not None:
                if at.tzinfo is None:
                    raise ValueError("freeze needs an aware datetime")
                self._frozen = at.astimezone(UTC)
            elif self._frozen is not None:
                self._shift = self._frozen - self._base().astimezone(UTC)
                self._frozen = None

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None


class WriteLog:
    """Every write that took effect, in order. Append-only; `seq` counts from 1.

    Changes are kept as JSON bytes: a million entries weigh little and a caller's later edit cannot rewrite history.
    Lines say the common time as `at`, and the side's own as `side_at` where that differs.
    """

    def __init__(self, clock: SandboxClock, skews: Mapping[str, timedelta] = NO_SKEWS) -> None:
        self._clock = clock
        self._skews = skews
        self._rows: list[_Line] = []
        self._by_actor: Counter[str] = Counter()
        self._lock = Lock()

    def append(  # noqa: PLR0913 - the columns of one log line, keyword-only
        self,
        *,
        side: str,
        actor: str,
        operation: str,
        object: str,  # noqa: A002 - the glossary's word for what a record is an instance of
        id: str,  # noqa: A002 - both CRMs call it id
        changes: Mapping[str, Any],
    ) -> int:
        """Add one line and return its `seq`. `actor` is "api:<app>", "user:<id>" or "automation"."""
        actor = sys.intern(actor)
        body = orjson.dumps(changes, default=str, option=orjson.OPT_NON_STR_KEYS)
        now, skew = self._clock.now(), self._skews.get(side)
        own = now + skew if skew else None
        row = (now, sys.intern(side), actor, sys.intern(operation), sys.intern(object), id, body, own)
        with self._lock:
            self._rows.append(row)
            self._by_actor[actor] += 1
            return len(self._rows)

    def entries(
        self, after: int = 0, side: str | None = None, actor: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Lines with `seq` greater than `after`, oldest first, of one side or actor if named, `limit` at most."""
        first = max(after, 0)
        wanted = (
            _entry(seq, row)
            for seq, row in enumerate(islice(self._rows, first, len(self._rows)), start=first + 1)
            if (side is None or row[1] == side) and (actor is None or row[2] == actor)
        )
        return list(islice(wanted, limit))

    def count(self, actor_prefix: str = "") -> int:
        """How many lines were written by actors whose name starts so ("api:" counts every integration)."""
        with self._lock:
            return sum(times for actor, times in self._by_actor.items() if actor.startswith(actor_prefix))

    def __len__(self) -> int:
        return len(self._rows)


def _entry(seq: int, row: _Line) -> dict[str, Any]:
    at, side, actor, operation, object_name, record_id, body, own = row
    entry = {
        "seq": seq,
        "at": _spelt(at),
        "side": side,
        "actor": actor,
        "operation": operation,
        "object": object_name,
        "id": record_id,
        "changes": orjson.loads(body),
    }
    return entry if own is None else {**entry, "side_at": _spelt(own)}


def _spelt(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule: which calls misbehave (empty matches all), how often, and how. See faults.py for `params` by kind.

    `path` is a regular expression searched in the path. `times` is how often it may still strike (None: no end).
    With `after_commit` the call takes effect first and only its answer is lost or garbled.
    """

    kind: str
    side: str = ""
    method: str = ""
    path: str = ""
    rate: float = 1.0
    times: int | None = None
    after_commit: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"fault kind {self.kind!r} is none of {', '.join(sorted(FAULT_KINDS))}")
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"fault rate {self.rate} is not between 0 and 1")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"fault path {self.path!r} is not a regular expression: {error}") from error
        status = self.params.get("status", 500)
        if type(status) is not int or not 200 <= status <= 599:  # noqa: PLR2004 - the final statuses of HTTP
            raise ValueError(f"fault status {status!r} is not a status from 200 to 599")

    def matches(self, side: str, request: Request) -> bool:
        """Whether this rule speaks of that call."""
        return (
            (not self.side or self.side == side)
            and (not self.method or self.method.upper() == request.method)
            and (not self.path or re.search(self.path, request.path) is not None)
        )


@dataclass(slots=True)
class _Armed:
    """A rule in force, and how often it has struck."""

    number: int
    fault: Fault
    hits: int = 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.hits >= self.fault.times


class Faults:
    """The rules in force. The first that matches and whose dice fall strikes; same seed and calls, same faults."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"faults:{seed}")  # noqa: S311 - chance for tests, not for secrets
        self._armed: list[_Armed] = []
        self._number = 0
        self._lock = Lock()

    def add(self, fault: Fault) -> int:
        """Put a rule in force; its number is returned, for `clear`."""
        with self._lock:
            self._number += 1
            self._armed.append(_Armed(self._number, fault))
            return self._number

    def clear(self, number: int | None = None) -> int:
        """Lift one rule, or all of them; returns how many were lifted."""
        with self._lock:
            kept = [] if number is None else [armed for armed in self._armed if armed.number != number]
            lifted = len(self._armed) - len(kept)
            self._armed = kept
            return lifted

    def active(self) -> list[tuple[int, Fault, int]]:
        """Every rule with its number and how often it has struck, spent ones included."""
        with self._lock:
            return [(armed.number, armed.fault, armed.hits) for armed in self._armed]

    def before(self, side: str, request: Request) -> Fault | None:
        """The fault that strikes before this call takes effect, if any."""
        return self._strike(side, request, after_commit=False) if self._armed else None

    def after(self, side: str, request: Request) -> Fault | None:
        """The fault that spoils the answer of this call after it took effect, if any."""
        return self._strike(side, request, after_commit=True) if self._armed else None

    def _strike(self, side: str, request: Request, *, after_commit: bool) -> Fault | None:
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if fault.after_commit is not after_commit or armed.spent or not fault.matches(side, request):
                    continue
                if fault.rate < 1.0 and self._random.random() >= fault.rate:
                    continue
                armed.hits += 1
                return fault
        return None


@dataclass(slots=True)
class Settings:
    """Switches that hold for both sides; each side's own settings live in its package."""

    latency_s: float = 0.0  # passes before every answer
    latency_jitter_s: float = 0.0  # up to so much more, by the world's dice
    quotas_enforced: bool = True  # refuse calls beyond rate limits and daily allowances
    gzip_enabled: bool = True  # compress answers for callers that accept it


@dataclass(slots=True)
class Services:
    """What a sandbox side is built from. `skews` is one dictionary for all: how far each side's clock is off."""

    clock: SandboxClock
    random: Random
    log: WriteLog
    faults: Faults
    settings: Settings = field(default_factory=Settings)
    skews: dict[str, timedelta] = field(default_factory=dict)
    side: str = ""

    @classmethod
    def of(cls, seed: int, base: Callable[[], datetime]) -> Services:
        """Fresh services: one seed decides all chance, `base` tells the time (aware)."""
        clock, skews = SandboxClock(base), dict[str, timedelta]()
        log = WriteLog(clock, skews)
        return cls(clock, Random(seed), log, Faults(seed), skews=skews)  # noqa: S311 - chance for tests, not for secrets

    def of_side(self, side: str) -> Services:
        """The same services, read by that side's clock."""
        return replace(self, side=side)

    def now(self) -> datetime:
        """The time as this side's clock shows it, aware UTC; the common time where no side is meant."""
        now, skew = self.clock.now(), self.skews.get(self.side)
        return now + skew if skew else now
