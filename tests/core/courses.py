"""A small shared definition, and a person who is steered by it pass after pass, for the tables of the course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.core import refs
from connector.core.course import in_order
from connector.core.definition import (
    AnswerFields,
    Definition,
    Feedback,
    FeedbackFields,
    Handoff,
    OwnerRule,
    PersonaRule,
    Personas,
    Pool,
    Reason,
    ReasonClass,
    Spelling,
)
from connector.core.journey import Entry, Ruled, Told, Verdict, What
from connector.core.lifecycle import Band, Kind, Lifecycle, Move, Mover, Need, Stage
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.situation import Question, Situation
from connector.core.steer import steer
from connector.core.steered import Agreement, Now, Steered
from connector.core.values import Kind as FieldKind
from connector.core.values import Value

HS, SF = Side.HUBSPOT, Side.SALESFORCE
CONTACT = refs.hubspot("contacts", "33451")
LEAD = refs.salesforce("Lead", "00Q5g00000AbcdeEAB")
SF_CONTACT = refs.salesforce("Contact", "0035g00000AbcdeEAB")
BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)
ANNE, BOB, QUEUE, ROBOT = "005ANNE", "005BOB", "00GQUEUE", "005ROBOT"
M, S, A = Mover.MARKETING, Mover.SALES, Mover.AUTOMATIC


def question(holds: Any, *fields: str, momentary: bool = False, text: str = "so") -> Question:
    return Question(text, holds, {HS: dict.fromkeys(fields, FieldKind.TEXT)} if fields else {}, momentary)


def score(least: int) -> Question:
    return question(
        lambda one: int(one.fields.get(HS, {}).get("score") or 0) >= least, "score", text=f"score >= {least}"
    )


def stage(name: str, band: Band, team: str = "marketing") -> Stage:
    return Stage(name, name.upper(), f"what {name} means", band, team)


STAGES = [
    stage("lead", Band.TOFU),
    stage("mql", Band.MOFU),
    stage("sal", Band.MOFU, "sales"),
    stage("sql", Band.BOFU, "sales"),
    stage("customer", Band.AFTER, "sales"),
    stage("recycled", Band.BESIDE),
    stage("out", Band.BESIDE),
]
REASON = frozenset({Need.REASON})
MOVES = {
    ("lead", "mql"): Move(Kind.FORWARD, frozenset({M, A})),
    ("lead", "sal"): Move(Kind.FORWARD, frozenset({S})),
    ("mql", "sal"): Move(Kind.FORWARD, frozenset({S})),
    ("mql", "lead"): Move(Kind.BACKWARD, frozenset({M})),
    ("sal", "sql"): Move(Kind.FORWARD, frozenset({S})),
    ("sql", "sal"): Move(Kind.BACKWARD, frozenset({S})),
    ("sql", "customer"): Move(Kind.FORWARD, frozenset({S, A})),
    ("mql", "recycled"): Move(Kind.RECYCLE, frozenset({S, A}), REASON),
    ("sal", "recycled"): Move(Kind.RECYCLE, frozenset({S}), REASON),
    ("mql", "out"): Move(Kind.DISQUALIFY, frozenset({S}), REASON),
    ("recycled", "mql"): Move(Kind.RE_ENTER, frozenset({M, A})),
    ("recycled", "lead"): Move(Kind.RE_ENTER, frozenset({M, A})),
}
LIFECYCLE = Lifecycle({one.id: one for one in STAGES}, MOVES, frozenset({"lead", "mql"}))


def spelling(name: str, **fields: str) -> Spelling:
    return Spelling(name, {field: tuple(values.split("|")) for field, values in fields.items()})


SPELT_IN_HUBSPOT = (
    spelling("recycled", life="lead", status="BAD_TIMING"),
    spelling("out", life="other", status="UNQUALIFIED"),
    spelling("sal", life="sql", status="OPEN|IN_PROGRESS"),
    spelling("lead", life="lead"),
    spelling("mql", life="mql"),
    spelling("sql", life="sql"),
    spelling("customer", life="customer"),
)
SPELT_IN_SALESFORCE = tuple(spelling(one.id, Stage=one.name) for one in STAGES)


def reason(name: str, *verdicts: Verdict, **changes: Any) -> Reason:
    return replace(Reason(name, name.replace("_", " ").title(), frozenset(verdicts), ReasonClass.RECYCLE), **changes)


REASONS = {
    one.id: one
    for one in (
        reason("timing", Verdict.RECYCLE, needs=frozenset({Need.REVISIT}), re_enter="mql", loops_max=2),
        reason("no_need", Verdict.RECYCLE, re_enter="lead", cool_down=timedelta(days=30)),
        reason("unreachable", Verdict.RECYCLE, after_attempts=2),
        reason("junk", Verdict.REJECT, Verdict.DISQUALIFY, group=ReasonClass.DISQUALIFY),
    )
}
ANSWERS = AnswerFields(
    verdict={HS: "answer", SF: "Answer"},
    reason={HS: "reason", SF: "Reason"},
    comment={HS: "comment", SF: "Comment"},
    revisit={HS: "revisit_on", SF: "Revisit"},
    spelling={
        HS: {
            Verdict.ACCEPT: "accepted",
            Verdict.REJECT: "rejected",
            Verdict.RECYCLE: "recycled",
            Verdict.DISQUALIFY: "disqualified",
        },
        SF: {
            Verdict.ACCEPT: "Accepted",
            Verdict.REJECT: "Rejected",
            Verdict.RECYCLE: "Recycled",
            Verdict.DISQUALIFY: "Disqualified",
        },
    },
    reasons={HS: {one: one for one in REASONS}, SF: {one.id: one.label for one in REASONS.values()}},
)
TOLD = FeedbackFields(
    status={HS: "fb_status", SF: "Status"},
    reason_class={HS: "fb_class"},
    by={HS: "fb_by"},
    at={HS: "fb_at"},
    asked_for={HS: "asked_for", SF: "AskedFor"},
    loops={HS: "loops"},
    recycle_on={HS: "recycle_on"},
    track={HS: "track"},
)
FEEDBACK = Feedback(
    answers=ANSWERS,
    told=TOLD,
    reasons=REASONS,
    leads_to={
        Verdict.ACCEPT: "sal",
        Verdict.REJECT: "out",
        Verdict.RECYCLE: "recycled",
        Verdict.DISQUALIFY: "out",
    },
    needs={Verdict.REJECT: frozenset({Need.COMMENT})},
    task_when_asked="Please complete your answer about {name}",
)
POOL = Pool("reps", (ANNE, BOB))
HANDOFF = Handoff(
    stages=frozenset({"mql"}),
    rules=(OwnerRule("reps", question(lambda _: True), POOL),),
    fallback=Pool("queue", (QUEUE,)),
    never=frozenset({ROBOT}),
    reasons=(("Score of 50 or more", score(50)),),
    shown=(("Last form", HS, "form"),),
    why_field="Why",
    touches_field="Touches",
    task="Call {name}",
)
PERSONAS = Personas(
    names={"buyer": "Buyer", "user": "User"},
    rules=(
        PersonaRule("buyer", question(lambda one: one.fields.get(HS, {}).get("title") == "CFO", "title")),
        PersonaRule("user", question(lambda one: bool(one.fields.get(HS, {}).get("title")), "title")),
    ),
    held_in={HS: "persona", SF: "Persona"},
    values={SF: {"buyer": "The Buyer", "user": "The User"}},
)
TEXT = FieldKind.TEXT
IN_HUBSPOT = (
    "life",
    "status",
    "score",
    "form",
    "title",
    "source",
    "persona",
    "answer",
    "reason",
    "comment",
    "revisit_on",
)
IN_SALESFORCE = ("OwnerId", "Stage", "Persona", "Answer", "Reason", "Comment", "Revisit")
DEFINITION = Definition(
    version="v1",
    mapping="contacts",
    lifecycle=LIFECYCLE,
    spellings={
        (HS, "contacts"): SPELT_IN_HUBSPOT,
        (SF, "Lead"): SPELT_IN_SALESFORCE,
        (SF, "Contact"): SPELT_IN_SALESFORCE,
    },
    criteria={"mql": score(50)},
    deals={"customer": question(lambda one: one.deal is not None and one.deal.won, momentary=True, text="deal.won")},
    converted="sql",
    personas=PERSONAS,
    handoff=HANDOFF,
    feedback=FEEDBACK,
    source={HS: "source"},
    watched={
        (HS, "contacts"): dict.fromkeys(IN_HUBSPOT, TEXT),
        (SF, "Lead"): dict.fromkeys(IN_SALESFORCE, TEXT),
        (SF, "Contact"): dict.fromkeys(IN_SALESFORCE, TEXT),
    },
)


def agreement(**changes: Any) -> Agreement:
    parts = {name: changes.pop(name) for name in ("book", "sla_fields", "since") if name in changes}
    return replace(Agreement(replace(DEFINITION, **changes), BEGAN), **parts)


def in_turn(pool: Pool, never: frozenset[str]) -> str | None:
    return next((owner for owner in pool.owners if owner not in never), None)


@dataclass
class Person:
    """Both records of somebody, their journey, and passes over them: wishes come true unless a side is deaf."""

    agreed: Agreement = field(default_factory=agreement)
    values: dict[Ref, dict[str, Value]] = field(default_factory=dict)
    modified: dict[Ref, datetime] = field(default_factory=dict)
    journey: list[Entry] = field(default_factory=list)
    now: datetime = BEGAN + timedelta(hours=1)
    deaf: set[Side] = field(default_factory=set)
    last: Steered = field(default_factory=Steered)
    choose: Any = in_turn

    def edit(self, ref: Ref, minutes: int = 1, **values: Value) -> Person:
        """Somebody writes into a record, some minutes from now."""
        self.later(minutes)
        if ref not in self.values:
            made = "createdate" if ref.side is HS else "CreatedDate"
            self.values[ref] = {made: self.now.isoformat()[:19] + ".000Z"}
        self.values[ref].update(values)
        self.modified[ref] = self.now
        return self

    def later(self, minutes: int = 0, days: int = 0) -> Person:
        self.now += timedelta(minutes=minutes, days=days)
        return self

    def learn(self, ref: Ref, what: What, key: str = "") -> Person:
        """The engine learns of something that happened now."""
        self.append(Entry(ref, self.now, self.now, what, key))
        return self

    def append(self, *entries: Entry) -> None:
        taken = {(entry.ref, entry.key) for entry in self.journey if entry.key}
        for entry in entries:
            assert (entry.ref, entry.key) not in taken, f"{entry.key} a second time"
            self.journey.append(replace(entry, id=len(self.journey) + 1))
        self.journey = in_order(self.journey)

    def reading(self, side: Side) -> Reading | None:
        ref = next((ref for ref in reversed(self.values) if ref.side is side), None)
        return Reading(ref, values=dict(self.values[ref]), modified_at=self.modified[ref]) if ref else None

    def look(self) -> Steered:
        """One pass, without anything being written."""
        return steer(self.agreed, self.journey, Now(self.reading(HS), self.reading(SF), self.now), self.choose)

    def go(self) -> Person:
        """One pass, and what follows from it: entries are stored, wishes told and written."""
        self.last = self.look()
        self.append(*self.last.entries)
        for side in (HS, SF):
            reading = self.reading(side)
            if reading is not None:
                self._write(reading, side)
        return self

    def _write(self, reading: Reading, side: Side) -> None:
        wanted = {name: wish.value for name, wish in self.last.wishes.get(side, {}).items()}
        told = {name: value for name, value in wanted.items() if reading.values.get(name) != value}
        if told:
            self.append(Entry(reading.ref, self.now, self.now, Told(told)))
            if side not in self.deaf:
                self.values[reading.ref].update(told)
                self.modified[reading.ref] = self.now

    def says(self, side: Side, *names: str) -> tuple[Value, ...]:
        reading = self.reading(side)
        return tuple(reading.values.get(name) for name in names)

    def ruled(self) -> list[tuple[str, str, str]]:
        """Every ruling: stage, by whom, and the kind of the move or why it was refused."""
        return [
            (what.stage, what.by.value, what.refused or (what.kind.value if what.kind else "first"))
            for what in (entry.what for entry in self.journey)
            if isinstance(what, Ruled)
        ]

    def of(self, kind: type) -> list[Any]:
        return [entry.what for entry in self.journey if isinstance(entry.what, kind)]


def situation(**fields: Mapping[str, Value]) -> Situation:
    return Situation({Side(side): dict(values) for side, values in fields.items()})


def handed_over(**changes: Any) -> Person:
    """Somebody who became an MQL and was handed to Anne."""
    person = Person(agreement(**changes))
    person.edit(CONTACT, life="lead", firstname="Ada", lastname="L").go()
    person.edit(LEAD, Stage=None, OwnerId=ROBOT).go()
    return person.edit(CONTACT, score="60").go().later(1).go()
