"""What the API answers with: the rows of the reports, each a model, so that the document names every key of them.

Moments are ISO 8601 in UTC; records are refs (`hubspot:contacts:33451`). A list comes with `after`: given back, it asks
for the next page; "" when this is the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict

from connector.admin.api.operations import Shape


def _text(found: object) -> object:
    return None if found is None else str(found)


RefText = Annotated[str, BeforeValidator(_text)]
MaybeRef = Annotated[str | None, BeforeValidator(_text)]


class Told(Shape):
    """A shape that is read off a report's row."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Person(Told):
    """A person at a glance. `answer`: sales' last word; `clock`: the open clock that presses most."""

    ref: RefText
    hubspot: MaybeRef
    salesforce: MaybeRef
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


class People(Shape):
    """Some people."""

    people: list[Person]
    after: str


class Clock(Told):
    """A clock that has not ended."""

    ref: RefText
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


class Clocks(Shape):
    """Some open clocks, the most pressing first."""

    clocks: list[Clock]
    after: str


class Kept(Told):
    """How promises were kept. `breached` includes `late`: open, past their due time. `rate`: met of those decided."""

    name: str
    met: int
    breached: int
    late: int
    running: int
    cancelled: int
    paused: int
    rate: float | None


class Attainment(Shape):
    """Promises due in a window."""

    since: datetime
    until: datetime
    kept: list[Kept]


class Stage(Told):
    """People in a stage now, who entered it in the window, and who of these have moved on since."""

    stage: str
    band: str
    now: int
    entered: int
    moved_on: int
    rate: float | None
    oldest_at: datetime | None
    newest_at: datetime | None


class Funnel(Shape):
    """The funnel, in the definition's order of stages."""

    since: datetime
    until: datetime
    people: int
    stages: list[Stage]


class Reason(Shape):
    """A reason, and how often it was given."""

    group: str
    reason: str
    times: int


class Answered(Shape):
    """What became of handoffs. `rate`: accepted of those accepted, given back by sales or expired."""

    name: str
    handed: int
    waiting: int
    accepted: int
    rejected: int
    recycled: int
    disqualified: int
    expired: int
    rate: float | None
    reasons: list[Reason]


class Feedback(Shape):
    """What sales said of the handoffs made in a window."""

    since: datetime
    until: datetime
    answers: list[Answered]


class Handoff(Told):
    """A handoff that waits for sales' word."""

    ref: RefText
    name: str
    company: str
    at: datetime
    owner: str
    persona: str
    source: str
    answer: str


class Handoffs(Shape):
    """Some handoffs that wait, the longest first."""

    handoffs: list[Handoff]
    after: str


class Issue(Shape):
    """Something that waits for a person."""

    id: int
    kind: str
    refs: list[str]
    side: str | None
    field: str
    rule: str
    code: str
    value: str | None
    other_value: str | None
    reason: str
    hint: str
    opened_at: datetime
    times: int
    decision: str | None


class Queue(Shape):
    """Some open issues, oldest first. `after`: the number to go on from; 0 when this is the last page."""

    issues: list[Issue]
    after: int


class RunTold(Shape):
    """A run."""

    id: int
    kind: str
    by: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    counts: Mapping[str, Any] | None


class Runs(Shape):
    """The latest runs, newest first."""

    runs: list[RunTold]


class Happening(Shape):
    """Something that happened to a record; `payload` as the story has it."""

    id: int | None
    at: datetime
    kind: str
    hubspot: str | None
    salesforce: str | None
    run: int | None
    payload: Mapping[str, Any]


class Story(Shape):
    """What happened, oldest first. `after`: the number to go on from; 0 when this is all."""

    story: list[Happening]
    after: int


class Change(Shape):
    """One change of one field, as it happened."""

    at: datetime
    run: int | None
    record: str | None
    field: str
    rule: str
    before: str | None
    after: str | None
    because: str
    origin: str | None
    evidence: str


class Why(Shape):
    """Every change of a field that the bridge made, oldest first: the last one is why it says what it says."""

    changes: list[Change]


class Deed(Shape):
    """Something that somebody did."""

    at: datetime
    by: str
    act: str
    words: str
    refs: list[str]
    run: int | None


class Audit(Shape):
    """What people did, newest first."""

    deeds: list[Deed]
    after: str


class Health(Shape):
    """How the installation is. `issues` counts by kind what waits for a person."""

    links: int
    dirty: int
    oldest_dirty: datetime | None
    issues: Mapping[str, int]
    read_until: Mapping[str, datetime | None]
    calls_today: Mapping[str, int]
    effects: Mapping[str, int]


class Definition(Shape):
    """The shared lifecycle as both teams read it; null where it is off."""

    definition: Mapping[str, Any] | None
