"""SLA policies, compiled: what starts, pauses and keeps a promise, how long it may take, what follows when it is late.

A policy is six questions about a person's situation. Its editions are kept with the time since when they are in force:
a cycle is judged by the edition in force when it started, unless a later one says it applies to open cycles as well. So
a clock stays a function of (editions, journey, now) and no edit rewrites what is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from connector.core.calendars import BusinessTime
from connector.core.definition import FieldOf, Pool
from connector.core.refs import Side
from connector.core.situation import Question, Situation
from connector.core.sla import OnReassign, ReEntry, Terms


class PolicyKind(StrEnum):
    """What is promised (product, section 4.12); the kind decides defaults, words and what counts as a stop."""

    FIRST_TOUCH = "first_touch"
    ATTEMPTS = "attempts"  # so many touches within the target
    DISPOSITION = "disposition"  # accept, reject, recycle or disqualify
    FEEDBACK_REPLY = "feedback_reply"  # marketing answers a rejection
    NEXT_STEP = "next_step"  # no longer than so in a stage


class Unit(StrEnum):
    """What an amount of time is counted in; a bare day is refused, since nobody knows which."""

    BUSINESS_DAYS = "business_days"
    BUSINESS_HOURS = "business_hours"
    BUSINESS_MINUTES = "business_minutes"
    CALENDAR_DAYS = "calendar_days"
    HOURS = "hours"  # around the clock
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of time as people agree on it."""

    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001  # the field's word
    """When somebody is warned: at a share of the target in percent, or so long before the deadline."""

    percent: int | None = None
    before: Span | None = None


class ActionKind(StrEnum):
    """What is set off."""

    NOTIFY = "notify"
    TASK = "task"
    REASSIGN = "reassign"
    RETURN = "return_to_marketing"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that follows a warning or a breach.

    Attributes:
        to: the notification channel or webhook by its name in config.yaml; "owner" for a task means the rep.
        text: a line in plain words; {policy}, {name}, {due}, {late}, {owner}, {stage} are filled in.
        pool, cap: of a reassignment: to whom, and how often in one cycle at most.
        stage, reason: of a return: where to, and why.
    """

    kind: ActionKind
    to: str = ""
    text: str = ""
    pool: Pool | None = None
    cap: int = 1
    stage: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """How long it may take where the condition holds; None: everywhere."""

    span: Span
    when: Question | None = None


@dataclass(frozen=True)
class Policy:
    """One promise.

    Attributes:
        team: whose promise it is ("sales", "marketing").
        resume: None: when `pause` no longer holds.
        targets: the first that fits counts; the last has no condition.
        time: business time for somebody in a situation (territory, owner, team, policy, in the stated order).
        evidence: a stop needs an activity, not only a status.
    """

    id: str
    name: str
    kind: PolicyKind
    team: str
    start: Question
    stop: Question
    targets: tuple[Target, ...]
    time: Callable[[Situation], BusinessTime]
    cancel: Question | None = None
    pause: Question | None = None
    resume: Question | None = None
    reset: Question | None = None
    warnings: tuple[Warning, ...] = ()
    attempts: int = 1
    evidence: bool = True
    re_entry: ReEntry = ReEntry.IGNORE
    on_reassign: OnReassign = OnReassign.KEEP
    restarts: int = 1
    on_warning: tuple[Action, ...] = ()
    on_breach: tuple[Action, ...] = ()

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What starts its clock and bears on it."""
        asked = (self.start, self.stop, self.cancel, self.pause, self.resume, self.reset)
        return tuple(one for one in asked if one is not None)

    @cached_property
    def words(self) -> frozenset[str] | None:
        """What bears on its clock beside fields; None: one of its questions does not tell what it asks about."""
        words = [one.words for one in self.questions]
        evidence = frozenset({"touch"} if self.evidence else ())
        return None if None in words else evidence.union(*(one for one in words if one is not None))

    @cached_property
    def fields(self) -> Mapping[Side, frozenset[str]]:
        """The fields of each side that its questions ask for."""
        return {side: frozenset(name for one in self.questions for name in one.fields.get(side, ())) for side in Side}

    @cached_property
    def pinned(self) -> dict[tuple[str, timedelta, BusinessTime], Terms]:
        """Terms that were made of it before: many start under the same ones (`terms`)."""
        return {}


@dataclass(frozen=True, slots=True)
class SlaFields:
    """Where the most pressing verdict is told, by side; nothing in it ticks."""

    policy: FieldOf = field(default_factory=dict)
    state: FieldOf = field(default_factory=dict)
    due_at: FieldOf = field(default_factory=dict)
    breached_since: FieldOf = field(default_factory=dict)
    lateness: FieldOf = field(default_factory=dict)  # minutes of business time, once it has ended


@dataclass(frozen=True)
class Edition:
    """All policies as they were in force from a moment on.

    Attributes:
        version: digest of sla.yaml and calendars.yaml.
        since: in force from then on (aware UTC).
        open_too: cycles open then are amended to it; otherwise only those that start later follow it.
    """

    version: str
    since: datetime
    policies: Mapping[str, Policy]
    open_too: bool = False


Book = tuple[Edition, ...]  # in the order of `since`
