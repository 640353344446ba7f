"""Do the CRMs have what the shared definition names? What they lack sleeps, and is told.

A stage that needs a field which is not there cannot be told there; a value that a picklist does not offer is never
written, since one refused value would hold up the whole record. `fitted_definition` takes all that out of a definition,
so that nothing unknown is read or written; `live_findings` says what was taken out, and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace

from connector.config.feedback import ReasonWritten
from connector.config.findings import Finding, Severity
from connector.config.load import Loaded
from connector.config.problems import did_you_mean
from connector.config.vocabulary import Named, Vocabulary
from connector.config.yaml import Document, KeyPath
from connector.core.definition import Definition, Feedback, FieldOf, Handoff, Place, Spelling
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema

Schemas = Mapping[Place, ObjectSchema]
LABEL = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}
_NOTHING = ObjectSchema("", {})


def fitted_definition(definition: Definition, schemas: Schemas) -> Definition:
    """The definition as far as the CRMs can carry it. Only `watched` says which object has a field."""
    watched = {
        place: {name: kind for name, kind in fields.items() if carries(_live(schemas, place).get(name), kind)}
        for place, fields in definition.watched.items()
    }
    fit = _Fit(watched)
    personas = definition.personas
    return replace(
        definition,
        spellings=dict(_spelled(definition, schemas, watched)),
        personas=personas and replace(personas, held_in=fit.fields(personas.held_in)),
        handoff=definition.handoff and fit.handoff(definition.handoff),
        feedback=definition.feedback and fit.feedback(definition.feedback),
        source=fit.fields(definition.source),
        watched=watched,
    )


def carries(end: FieldSchema | None, kind: Kind) -> bool:
    """Whether a live field can hold a kind. Free text holds anything; of a moment the day can be read."""
    if end is None:
        return False
    if kind in end.kinds or not end.kinds:
        return True
    return (Kind.TEXT in end.kinds and not end.options) or (kind is Kind.DATE and Kind.DATETIME in end.kinds)


def _live(schemas: Schemas, place: Place) -> Mapping[str, FieldSchema]:
    return schemas.get(place, _NOTHING).fields


def _spelled(
    definition: Definition, schemas: Schemas, watched: Mapping[Place, Mapping[str, Kind]]
) -> Iterator[tuple[Place, tuple[Spelling, ...]]]:
    """Stages as each place can tell them today."""
    for place, spellings in definition.spellings.items():
        kept = []
        for one in spellings:
            told = {name: _offered(_live(schemas, place).get(name), values) for name, values in one.fields.items()}
            if all(told.values()) and set(told) <= set(watched[place]):
                kept.append(replace(one, fields=told))
        if kept:
            yield place, tuple(kept)


def _offered(end: FieldSchema | None, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values that a picklist would take."""
    if end is None:
        return ()
    if not (end.options and end.restricted):
        return values
    offered = {option.value for option in end.options if option.active}
    return tuple(value for value in values if value in offered)


@dataclass(frozen=True)
class _Fit:
    """What is there, by place."""

    watched: Mapping[Place, Mapping[str, Kind]]

    def has(self, side: Side, name: str | None) -> bool:
        """Whether any object of a side has a field."""
        return any(name in known for (one, _), known in self.watched.items() if one is side)

    def fields(self, named: FieldOf) -> FieldOf:
        return {side: name if self.has(side, name) else None for side, name in named.items()}

    def handoff(self, handoff: Handoff) -> Handoff:
        """Lines about fields that are not there are not told."""
        why, touches = handoff.why_field, handoff.touches_field
        return replace(
            handoff,
            shown=tuple(line for line in handoff.shown if self.has(line[1], line[2])),
            why_field=why if self.has(Side.SALESFORCE, why) else None,
            touches_field=touches if self.has(Side.SALESFORCE, touches) else None,
        )

    def feedback(self, feedback: Feedback) -> Feedback:
        answers, told = feedback.answers, feedback.told
        return replace(
            feedback,
            answers=replace(
                answers,
                verdict=self.fields(answers.verdict),
                reason=self.fields(answers.reason),
                comment=self.fields(answers.comment),
                revisit=self.fields(answers.revisit),
            ),
            told=replace(told, **{one.name: self.fields(getattr(told, one.name)) for one in fields(told)}),
        )


def live_findings(loaded: Loaded, definition: Definition, words: Vocabulary, schemas: Schemas) -> list[Finding]:
    """What the CRMs lack of the definition, and what they offer that it does not know."""
    look = _Look(loaded, definition, words, schemas)
    for one in words.named:
        for obj in one.objects:
            look.named(one, obj)
    look.stages()
    look.choices()
    look.conditions()
    return look.findings


@dataclass
class _Look:
    """The definition held against the live schemas."""

    loaded: Loaded
    definition: Definition
    words: Vocabulary
    schemas: Schemas
    findings: list[Finding] = field(default_factory=list)

    def named(self, one: Named, obj: str) -> None:
        """A field that is not there, cannot hold what it is for, or cannot be written."""
        live = _live(self.schemas, (one.side, obj))
        end, name = live.get(one.field), f"{LABEL[one.side]} {obj}.{one.field}"
        at = (one.document, one.at)
        if end is None:
            near = did_you_mean(one.field, live)
            self.say(
                Severity.INFO, at, f"{name} does not exist or is hidden from the credentials, so this sleeps{near}"
            )
        elif not carries(end, one.kind):
            self.say(Severity.WARNING, at, f"{name} is of type {end.type}, which holds no {one.kind}, so this sleeps")
        elif one.owned and not (end.creatable or end.updatable):
            self.say(Severity.WARNING, at, f"{name} is read-only, so nothing can be told there")

    def stages(self) -> None:
        """Spellings that the live picklists do not offer, and values there that tell no stage."""
        assert self.loaded.lifecycle is not None  # the definition was made of it
        document, written = self.loaded.lifecycle.document, self.loaded.lifecycle.written
        for place, spellings in self.definition.spellings.items():
            for one in spellings:
                at = (document, ("lifecycle", "stages", one.stage, *written.stages[one.stage].groups(*place)[0]))
                for name, values in one.fields.items():
                    for number, value in enumerate(values):
                        self.offered(at, place, name, value, Severity.INFO if number else Severity.ERROR)
            for name in set.intersection(*(set(one.fields) for one in spellings)):
                self.untold((document, ("lifecycle", "stages")), place, name)

    def untold(self, at: tuple[Document, KeyPath], place: Place, name: str) -> None:
        """Values of a field by which every stage is told, that tell none."""
        end = _live(self.schemas, place).get(name)
        known = {value for one in self.definition.spellings[place] for value in one.fields[name]}
        others = [repr(one.value) for one in end.options if one.active and one.value not in known] if end else []
        if others:
            message = f"{LABEL[place[0]]} {place[1]}.{name} offers {', '.join(others)} too, which tells no stage"
            self.say(Severity.INFO, at, message)

    def choices(self) -> None:
        """Verdicts, reasons and personas that the live picklists do not offer."""
        feedback, personas = self.definition.feedback, self.definition.personas
        if feedback and self.loaded.feedback:
            document, answers = self.loaded.feedback.document, feedback.answers
            for side in Side:
                for verdict, value in answers.spelling[side].items():
                    self.choice((document, ("feedback", "verdicts", verdict.value)), side, answers.verdict[side], value)
                for one in self.loaded.feedback.written.choices():
                    at = (document, ("feedback", "reasons", one.of))
                    if not one.detail or self.detailed(side, answers.reason[side], one.written):
                        self.choice(at, side, answers.reason[side], one.values[side])
        if personas and self.loaded.personas:
            for side in Side:
                for persona in personas.names:
                    value = personas.values.get(side, {}).get(persona, persona)
                    at = (self.loaded.personas.document, ("personas", "rules", persona))
                    self.choice(at, side, personas.held_in[side], value)

    def choice(self, at: tuple[Document, KeyPath], side: Side, name: str | None, value: str) -> None:
        for obj in self.words.objects(side) if name else ():
            self.offered(at, (side, obj), name or "", value, Severity.WARNING)

    def detailed(self, side: Side, name: str | None, reason: ReasonWritten) -> bool:
        """Whether a side's field offers any detail of a reason: finer choices are nobody's duty."""
        assert self.loaded.feedback is not None  # asked about its reasons
        finer = {
            one.values[side] for one in self.loaded.feedback.written.choices() if one.detail and one.written is reason
        }
        ends = (_live(self.schemas, (side, obj)).get(name or "") for obj in self.words.objects(side))
        return any(option.value in finer for end in ends if end for option in end.options)

    def offered(self, at: tuple[Document, KeyPath], place: Place, name: str, value: str, severity: Severity) -> None:
        end = _live(self.schemas, place).get(name)
        offers = [option.value for option in end.options if option.active] if end else []
        if offers and value not in offers:
            near = did_you_mean(value, offers) or "; add it there, or write the value it has"
            self.say(severity, at, f"{LABEL[place[0]]} {place[1]}.{name} does not offer {value!r}{near}")

    def conditions(self) -> None:
        """Fields that only conditions ask for, and that are not there."""
        assert self.loaded.lifecycle is not None  # the definition was made of it
        written, document = self.loaded.lifecycle.written, self.loaded.lifecycle.document
        for side, names in written.also_read.items():
            for name in names:
                if not any(name in _live(self.schemas, (side, obj)) for obj in self.words.objects(side)):
                    message = f"{LABEL[side]} has no {name}, or hides it; conditions see it as blank"
                    self.say(Severity.WARNING, (document, ("lifecycle", "also_read", side.value, name)), message)

    def say(self, severity: Severity, at: tuple[Document, KeyPath], message: str) -> None:
        problem = at[0].problem(at[1], message)
        self.findings.append(Finding(severity, problem.file, problem.line, problem.key, message))
