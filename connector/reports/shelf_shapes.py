"""What pages are told of people, clocks and handoffs, and of the numbers both teams are held to (`reports.shelf`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from connector.core.refs import Ref

T = TypeVar("T")

PAGE = 50  # rows of a page unless it is said otherwise


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list. after: what asks for the next page; "" when this is the last."""

    rows: tuple[T, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """A person at a glance.

    Attributes:
        ref: the record that leads: HubSpot's, else Salesforce's. hubspot, salesforce: both, where there are both.
        stage, band, since: where they stand and since when; "" and None for nowhere yet.
        persona, source, owner: "" where there is none; owner is a Salesforce id.
        answer: sales' last word: "" (never handed over), waiting, asked, accepted, rejected, recycled, disqualified,
            taken back.
        clock, due_at: the open clock that presses most: running, warned, paused or breached; "" where none is open.
        seen_at: when the bridge last had news of them.
    """

    ref: Ref
    hubspot: Ref | None
    salesforce: Ref | None
    pair: str
    name: str
    email: str
    company: str
    stage: str
    band: str
    since: datetime | None
    persona: str
    source: str
    owner: str
    answer: str
    clock: str
    due_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is looked for; what is "" is not asked about.

    Attributes:
        words: every word must be part of name, e-mail, company or an id, in whatever case.
        clock: running, warned, paused, breached; "any" for any open one.
        after: of the page before.
    """

    words: str = ""
    stage: str = ""
    persona: str = ""
    owner: str = ""
    answer: str = ""
    clock: str = ""
    after: str = ""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class BoardAsked:
    """Which open clocks are asked for; what is "" is not asked about.

    Attributes:
        state: running, warned, paused, breached ("late" says the same).
        owner: Salesforce id; team: whose commitment, sales or marketing.
    """

    state: str = ""
    owner: str = ""
    policy: str = ""
    team: str = ""
    after: str = ""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Open:
    """A clock that has not ended. state: running, warned, paused, breached; due_at: None while paused."""

    ref: Ref
    name: str
    company: str
    policy: str
    state: str
    owner: str
    team: str
    persona: str
    source: str
    stage: str
    started_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rep:
    """Open clocks of one owner ("" for nobody) by state, the next due time; waiting: handoffs nobody answered."""

    owner: str
    running: int
    warned: int
    paused: int
    breached: int
    waiting: int
    due_at: datetime | None

    @property
    def open(self) -> int:
        """All of them."""
        return self.running + self.warned + self.paused + self.breached


@dataclass(frozen=True, slots=True)
class StageCounts:
    """One stage.

    Attributes:
        stage, band: ids; stage "" for who was seen in none yet.
        now: people who stand there.
        entered: the cohort: stays that began in the window by a move forward, back in, or aside; not history, nor who
            was put back. Who came twice counts twice.
        moved_on: of these, those who have come to the next stage of the path or further since, by now.
        oldest_at, newest_at: first and last entry of the cohort; None where it is empty. A young cohort is immature.
    """

    stage: str
    band: str
    now: int
    entered: int
    moved_on: int
    oldest_at: datetime | None
    newest_at: datetime | None

    @property
    def rate(self) -> float | None:
        """The share of the cohort that has moved on; None where it is empty."""
        return self.moved_on / self.entered if self.entered else None


@dataclass(frozen=True, slots=True)
class FunnelCounts:
    """The funnel; stages in no order (the definition has one). people: all there are."""

    people: int
    stages: tuple[StageCounts, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Attained:
    """Promises due in a window, of one policy, owner, persona, source or team (`name`).

    Attributes:
        met, breached: decided ones; breached has the open ones past their due time too, `late` says how many of it.
        running: open and not due yet, though due in the window.
        cancelled, paused: apart; they count for nobody. Cancelled by the due time they had.
    """

    name: str
    met: int
    breached: int
    late: int
    running: int
    cancelled: int
    paused: int

    @property
    def rate(self) -> float | None:
        """Met / (met + breached); None where nothing is decided."""
        return self.met / (self.met + self.breached) if self.met + self.breached else None


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the handoffs of a window, of one source, campaign, persona or owner (`name`; "" for none).

    Attributes:
        waiting: still without an answer (asked for more included).
        accepted, rejected, recycled, disqualified, taken_back: by the answer as it stands.
        against_marketing: given back for a reason that counts against marketing.
        expired: not answered in the time promised, and still not answered.
        ever_accepted: sales accepted them, whatever it said later.
        reasons: (class, reason, how many), most first.
    """

    name: str
    handed: int
    waiting: int
    accepted: int
    rejected: int
    recycled: int
    disqualified: int
    taken_back: int
    ever_accepted: int
    against_marketing: int
    expired: int
    reasons: tuple[tuple[str, str, int], ...] = ()

    @property
    def rate(self) -> float | None:
        """Accept rate: accepted / (accepted + rejected + expired); None where nothing is decided."""
        among = self.ever_accepted + self.against_marketing + self.expired
        return self.ever_accepted / among if among else None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A handoff that waits for sales' word. answer: waiting, or asked where it lacks something."""

    ref: Ref
    name: str
    company: str
    at: datetime
    owner: str
    persona: str
    source: str
    answer: str
