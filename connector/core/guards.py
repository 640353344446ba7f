"""Too much at once is held for a person.

A wrong mapping, an emptied CRM or a bad import all look the same: far more creates, archives or changes than usual.
A limit is a number of records and a share of all linked ones; whichever is passed first holds the plans, and the reason
says both numbers. A share asks nothing of small numbers, where one record of three is no news.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from connector.core.plan import Archive, Create, Plan, Update

SHARE_FLOOR = 20  # records; below it a share says nothing


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many records, and at most this share (0 to 1) of all linked ones; None sets no limit."""

    number: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be done between two looks of a person (a run, a day: the caller's tally says)."""

    creates: Limit = Limit()
    archives: Limit = Limit()
    changes: Limit = Limit()


@dataclass(frozen=True, slots=True)
class Tally:
    """Records created, archived and changed, done or about to be."""

    creates: int = 0
    archives: int = 0
    changes: int = 0

    @classmethod
    def of(cls, plans: Iterable[Plan]) -> Tally:
        """What the plans would do."""
        steps = [step for plan in plans for step in plan.steps]
        return cls(
            creates=sum(isinstance(step, Create) for step in steps),
            archives=sum(isinstance(step, Archive) for step in steps),
            changes=sum(isinstance(step, Update) for step in steps),
        )

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.creates + other.creates, self.archives + other.archives, self.changes + other.changes)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go ahead."""


@dataclass(frozen=True, slots=True)
class Held:
    """Wait for a person, and why."""

    reason: str


_VERBS = {"creates": "create", "archives": "archive", "changes": "change"}


def check(counts: Tally, limits: Limits, total: int) -> Allowed | Held:
    """Whether the counted records may go, given the number of linked records there are."""
    for each in fields(Tally):
        count, limit = getattr(counts, each.name), getattr(limits, each.name)
        would = f"would {_VERBS[each.name]} {count} records"
        if limit.number is not None and count > limit.number:
            return Held(f"{would}; the limit is {limit.number}")
        if limit.share is not None and count > SHARE_FLOOR and count > limit.share * total:
            return Held(f"{would} of {total}; the limit is {limit.share:.0%}")
    return Allowed()
