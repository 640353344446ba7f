"""The shared definition, compiled: stages and how each side spells them, personas, the handoff, feedback.

Only what both teams agreed on, as plain values; `config` makes it from lifecycle.yaml, personas.yaml and feedback.yaml.
What follows from it for one person is `course` and `steer`. A field named here is watched: its changes go into the
journey. A field that a side lacks is None here and sleeps, which `check` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from connector.core.journey import Verdict
from connector.core.lifecycle import Band, Lifecycle, Need
from connector.core.refs import Side
from connector.core.situation import Question
from connector.core.values import Kind


class OnUnlawful(StrEnum):
    """What becomes of a side that shows a stage nobody may be in."""

    PUT_BACK = "put_back"
    FLAG = "flag"  # the side keeps it; it is shown as an issue


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a stage is told by one object: all of these fields must hold one of their values; the first is written."""

    stage: str
    fields: Mapping[str, tuple[str, ...]]


Place = tuple[Side, str]  # (side, object)
FieldOf = Mapping[Side, str | None]  # a field of each side; None where the side has none


@dataclass(frozen=True, slots=True)
class PersonaRule:
    """The first rule that holds names the persona."""

    persona: str
    when: Question


@dataclass(frozen=True)
class Personas:
    """Who we sell to.

    Attributes:
        names: persona id to its name in plain words.
        held_in: the field of each side.
        values: by side, persona id to the value that side holds; the id itself where none is named.
    """

    names: Mapping[str, str]
    rules: tuple[PersonaRule, ...]
    held_in: FieldOf
    values: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pool:
    """Reps who take turns. Salesforce ids of users; one queue id is allowed as the only member.

    per_day: handoffs a rep is given in one day of `zone` at most; None: no limit.
    """

    name: str
    owners: tuple[str, ...]
    per_day: int | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """The first rule that holds names the pool; `keep` keeps the owner there is, if that is a rep."""

    name: str
    when: Question
    pool: Pool | None
    keep: bool = False


@dataclass(frozen=True)
class Handoff:
    """When and to whom marketing hands people over, and what the rep is told.

    Attributes:
        stages: entering one of these from marketing's hands them over.
        rules, fallback: who gets them; the fallback (a queue, or a pool) when no rule finds anybody.
        never: Salesforce ids that never own a handed lead (the integration user).
        reasons: lines of "why this lead": (words, condition), told when it holds.
        shown: lines of "why this lead" that tell a field: (words, side, field).
        why_field, touches_field: Salesforce fields that hold it, by object; absent where there is none.
        task: subject of a Task for the rep; "" for none. {name} is the person's name.
        touches: how many of the last touches are told.
    """

    stages: frozenset[str]
    rules: tuple[OwnerRule, ...]
    fallback: Pool | None
    never: frozenset[str] = frozenset()
    reasons: tuple[tuple[str, Question], ...] = ()
    shown: tuple[tuple[str, Side, str], ...] = ()
    why_field: str | None = None
    touches_field: str | None = None
    task: str = ""
    touches: int = 5


class ReasonClass(StrEnum):
    """What a reason says about the handoff (product, section 3)."""

    REJECT = "reject"  # the handoff was wrong
    DISQUALIFY = "disqualify"  # never
    RECYCLE = "recycle"  # later


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a lead comes back.

    Attributes:
        label: as people pick it on either side; `details`: finer choices, if any (size, industry, ...).
        track: the nurture track it goes to.
        cool_down: after which it may come back.
        re_enter: the stage it comes back to by itself after the cool-down or on the revisit date; "" for never.
        loops_max: how often this may happen to one person.
        counts_against_marketing: whether it lowers marketing's accept rate.
        meets_sla: whether giving it keeps the rep's promise.
        needs: what must be given along with it.
        after_attempts: outbound touches since the handoff without which it is not accepted ("unreachable").
    """

    id: str
    label: str
    verdicts: frozenset[Verdict]
    group: ReasonClass
    track: str = ""
    cool_down: timedelta = timedelta()
    re_enter: str = ""
    loops_max: int | None = None
    counts_against_marketing: bool = True
    meets_sla: bool = True
    needs: frozenset[Need] = frozenset()
    details: tuple[str, ...] = ()
    after_attempts: int = 0


@dataclass(frozen=True)
class AnswerFields:
    """Where people answer: fields of each side. `spelling`: by side, verdict to that side's value."""

    verdict: FieldOf
    reason: FieldOf
    comment: FieldOf
    revisit: FieldOf
    spelling: Mapping[Side, Mapping[Verdict, str]]
    reasons: Mapping[Side, Mapping[str, str]]  # reason id -> that side's value


@dataclass(frozen=True)
class FeedbackFields:
    """Where what became of a handoff is told: fields by side, each None where there is none."""

    status: FieldOf  # waiting, asked, accepted, rejected, recycled, disqualified
    reason_class: FieldOf
    by: FieldOf
    at: FieldOf
    asked_for: FieldOf
    loops: FieldOf
    recycle_on: FieldOf
    track: FieldOf = field(default_factory=dict)  # of nurturing, where the reason names one


@dataclass(frozen=True)
class Feedback:
    """What reps may answer and where it leads. `leads_to`: verdict to stage."""

    answers: AnswerFields
    told: FeedbackFields
    reasons: Mapping[str, Reason]
    leads_to: Mapping[Verdict, str]
    needs: Mapping[Verdict, frozenset[Need]] = field(default_factory=dict)
    task_when_asked: str = ""  # subject of the Task that asks for what is missing; "" for none


@dataclass(frozen=True)
class Definition:
    """The whole agreement.

    Attributes:
        version: a digest of the files, shown with every decision made under it.
        mapping: whose records it speaks of (`contacts`).
        spellings: by place, the stages it can tell, most telling first.
        criteria: by stage, in the order of the stages, what moves people there automatically.
        deals: by stage, what a deal's moment must say to move a person there (asks about `deal`).
        converted: the stage that a Lead's conversion means; "" for none.
        source: the field of each side that tells where the person came from.
        deals_of: whose deals count towards goals, where a mapping keeps deals in step and both sides tell of each;
            None: those of both.
    """

    version: str
    mapping: str
    lifecycle: Lifecycle
    spellings: Mapping[Place, tuple[Spelling, ...]]
    on_unlawful: OnUnlawful = OnUnlawful.PUT_BACK
    criteria: Mapping[str, Question] = field(default_factory=dict)
    deals: Mapping[str, Question] = field(default_factory=dict)
    converted: str = ""
    personas: Personas | None = None
    handoff: Handoff | None = None
    feedback: Feedback | None = None
    source: FieldOf = field(default_factory=dict)
    watched: Mapping[Place, Mapping[str, Kind]] = field(default_factory=dict)  # all fields named anywhere, by place
    deals_of: Side | None = None
    people: Mapping[str, str] = field(default_factory=dict)  # owner id of either side -> name, as far as they are known

    def person(self, owner: str) -> str:
        """Whom an owner's id means, in words that people read."""
        return self.people.get(owner) or owner

    @cached_property
    def bands(self) -> Mapping[str, str]:
        """The band of each stage, as conditions name it."""
        return {stage.id: stage.band.value for stage in self.lifecycle.stages.values()}

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """How far along each stage is, in the order of the stages; 0 for those beside the path."""
        stages = enumerate(self.lifecycle.stages.values(), start=1)
        return {stage.id: 0 if stage.band is Band.BESIDE else place for place, stage in stages}

    @cached_property
    def persona_fields(self) -> Mapping[Side, frozenset[str]]:
        """The fields of each side that the rules for personas ask about."""
        rules = self.personas.rules if self.personas else ()
        return {side: frozenset(name for rule in rules for name in rule.when.fields.get(side, ())) for side in Side}

    @cached_property
    def stage_fields(self) -> Mapping[Place, frozenset[str]]:
        """By place, every field that takes part in telling stages."""
        return {
            place: frozenset(name for one in those for name in one.fields) for place, those in self.spellings.items()
        }

    @cached_property
    def stage_words(self) -> Mapping[Place, tuple[str, ...]]:
        """The same in the order in which people are told of them."""
        return {place: tuple(sorted(names)) for place, names in self.stage_fields.items()}

    @cached_property
    def leading_fields(self) -> Mapping[Place, frozenset[str]]:
        """By place, the fields without which no stage is told there; one that is filled means to tell one."""
        return {
            place: frozenset.intersection(*(frozenset(one.fields) for one in those))
            for place, those in self.spellings.items()
            if those
        }

    @cached_property
    def answer_fields(self) -> Mapping[Side, frozenset[str]]:
        """The fields of each side in which people answer."""
        answers = self.feedback.answers if self.feedback else None
        held = (answers.verdict, answers.reason, answers.comment, answers.revisit) if answers else ()
        return {side: frozenset(name for one in held if (name := one.get(side))) for side in Side}

    @cached_property
    def spoken_fields(self) -> Mapping[Side, frozenset[str]]:
        """The fields of each side in which only people speak: answers, and the persona they chose."""
        held = self.personas.held_in if self.personas else {}
        chosen = {side: frozenset([name] if (name := held.get(side)) else []) for side in Side}
        return {side: names | chosen[side] for side, names in self.answer_fields.items()}
