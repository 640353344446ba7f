"""How far a topic of evidence has been read, and what of the last minutes was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connector.salesforce import soql
from connector.salesforce.rounds import LATE
from connector.salesforce.rows import moment_of

AGAIN: Final = timedelta(seconds=5)  # read again with every poll, however much happens
SETTLING: Final = timedelta(seconds=300)  # how long the minutes before may wait where they exceed a page
KNOWN_MAX: Final = 2_000  # of what was told this much is remembered; more is told twice, which harms nobody
Onward = tuple[datetime, str]  # the stamp and id behind which the next page begins


@dataclass(frozen=True, slots=True)
class Place:
    """Where one topic stands.

    Attributes:
        stamp: Salesforce's time when it was last polled.
        settled: whatever is stamped before has been told for good.
        busy: the minutes since then did not fit a page.
        onward: where a walk through pages goes on.
        known: what was told of the time since `settled`, with its stamp as Salesforce writes it.
    """

    stamp: datetime
    settled: datetime
    busy: bool = False
    onward: Onward | None = None
    known: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def begun(cls, at: datetime) -> Place:
        """Nothing before that moment is told."""
        return cls(at, at)

    @property
    def whole(self) -> bool:
        """Whether the next poll reads everything that is not settled."""
        return not self.busy or self.stamp - LATE - self.settled >= SETTLING

    @property
    def begin(self) -> datetime:
        """From when on the next question reads, where it is not on its way through pages."""
        return self.settled if self.whole else max(self.settled, self.stamp - AGAIN)

    def conditions(self, name: str) -> tuple[str, ...]:
        """The rows that the next question is for, by the field `name`, in SOQL."""
        if self.onward:
            return (soql.after(*self.onward, name),)
        return (soql.after(self.begin, "", name),)

    def advanced(
        self, began: datetime, onward: Onward | None, known: Mapping[str, str], until: datetime | None
    ) -> Place:
        """The place after a question that began then. `until`: rows are stamped by plan, and are settled until then."""
        remembered = {**self.known, **known}
        if self.onward:
            return replace(self, onward=onward, known=_recent(remembered, self.settled))
        if until is not None:
            return Place(until, until, onward=onward, known=_recent(remembered, until))
        settled = max(self.settled, began - LATE) if self.whole else self.settled
        busy = onward is not None if self.whole else self.busy
        return Place(max(self.stamp, began), settled, busy, onward, _recent(remembered, settled))

    def stored(self) -> dict[str, Any]:
        """As JSON, for the cursor."""
        onward: Sequence[str] | None = [self.onward[0].isoformat(), self.onward[1]] if self.onward else None
        return {
            "stamp": self.stamp.isoformat(),
            "settled": self.settled.isoformat(),
            "busy": self.busy,
            "onward": onward,
            "known": dict(self.known),
        }

    @classmethod
    def told(cls, stored: Mapping[str, Any]) -> Place:
        """The place a cursor tells of."""
        onward = stored["onward"]
        walked = (_moment(onward[0]), str(onward[1])) if onward else None
        return cls(_moment(stored["stamp"]), _moment(stored["settled"]), stored["busy"], walked, stored["known"])


def _recent(known: Mapping[str, str], settled: datetime) -> dict[str, str]:
    """What may be met again; of very much the newest."""
    recent = {key: at for key, at in known.items() if (moment_of(at) or settled) >= settled}
    return dict(list(recent.items())[-KNOWN_MAX:])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
