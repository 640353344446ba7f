"""Goals: what marketing and sales promise each other for every period, and the facts that count towards it.

The promise is worth, not heads: every person who comes to a stage counts for what such a person is worth, won deals
count for their amount, and so macro objectives (revenue) and micro ones (counts of a stage) are one sum. Minimum counts
and floors under rates keep it honest: a flood of cheap leads that sales refuses meets no promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from connector.core.calendars import BusinessTime

ZERO, ONE = Decimal(0), Decimal(1)


class Happened(StrEnum):
    """What a fact says."""

    ENTERED = "entered"  # came to a stage, forward or again; not put back to it
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # for a reason that counts against marketing
    EXPIRED = "expired"  # handed over, and not answered in the time promised
    WON = "won"  # a deal


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that counts, once.

    Attributes:
        at: when it was so at its source.
        stage: which stage was entered; of an answer: the one that was answered about.
        amount: of a deal.
        id: what it is the only one of ("" for no such thing): a deal in which three people have a part counts once.
    """

    what: Happened
    at: datetime
    stage: str = ""
    persona: str = ""
    source: str = ""
    amount: Decimal = ZERO
    id: str = ""


class PeriodKind(StrEnum):
    """How long a promise is for: calendar periods in the zone of the business time."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts, and for how much. An empty stage, persona or source means any.

    Attributes:
        value: what one is worth; None: the amount of the deal.
        at_least: how many there must be by the end of the period, whatever the sum is.
    """

    what: Happened
    stage: str = ""
    persona: str = ""
    source: str = ""
    value: Decimal | None = ONE
    at_least: int = 0

    def fits(self, fact: Fact) -> bool:
        """Whether it counts a fact."""
        return (
            self.what is fact.what
            and self.stage in {"", fact.stage}
            and self.persona in {"", fact.persona}
            and self.source in {"", fact.source}
        )

    def worth(self, fact: Fact) -> Decimal:
        """What a fact adds to the sum."""
        return fact.amount if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Floor:
    """A rate that must not be lower: of all that fit `among`, the share that fits `part`.

    Attributes:
        at_least: share between 0 and 1.
        enough: how many it takes to speak of a rate at all.
    """

    name: str
    part: tuple[Counted, ...]
    among: tuple[Counted, ...]
    at_least: Decimal
    enough: int = 1


def accept_rate(at_least: Decimal, stage: str = "", enough: int = 1) -> Floor:
    """Accepted / (accepted + rejected + expired): what expires unanswered counts (product, section 5)."""
    accepted, *others = (Counted(what, stage) for what in (Happened.ACCEPTED, Happened.REJECTED, Happened.EXPIRED))
    return Floor("accept rate", (accepted,), (accepted, *others), at_least, enough)


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised for every period.

    Attributes:
        team: whose promise it is ("marketing", "sales", "both").
        target: the sum that is promised; None: only minimum counts and floors are.
        unit: what the sum is counted in, for people ("EUR", "MQLs", "points").
        alert_below: the pace below which somebody is told: 0.9 is a tenth behind the line.
        quiet_days: working days at the beginning of a period in which nobody is told of the pace.
        to: the notification channel by its name in config.yaml; "" for none.
    """

    id: str
    name: str
    team: str
    period: PeriodKind
    counted: tuple[Counted, ...]
    target: Decimal | None = None
    floors: tuple[Floor, ...] = ()
    unit: str = ""
    alert_below: Decimal = ONE
    quiet_days: int = 2
    to: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """An objective, and the business time of its pace line."""

    objective: Objective
    time: BusinessTime
