"""lifecycle.yaml, personas.yaml and feedback.yaml become the one `Definition` that the core follows.

What only shows when the files are read together is found here: conditions that ask for unknown fields, answers that
lead to no stage, a field of another kind than its mapping says. Every problem of all three is told at once. Whether it
makes sense is `lint`'s to say, and whether the CRMs have all of it is `fitting`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from connector.config.feedback import FeedbackWritten, Spelled
from connector.config.handing import handoff_of
from connector.config.lifecycle import ANY, LifecycleWritten, MoveKind
from connector.config.load import AgreedSource, Loaded
from connector.config.owners import Owners
from connector.config.problems import did_you_mean
from connector.config.vocabulary import STRICT, Asking, Vocabulary, vocabulary
from connector.config.yaml import Document
from connector.core.definition import (
    AnswerFields,
    Definition,
    Feedback,
    FeedbackFields,
    FieldOf,
    Handoff,
    PersonaRule,
    Personas,
    Place,
    Reason,
    Spelling,
)
from connector.core.lifecycle import Kind, Lifecycle, Move, Stage
from connector.core.refs import Side
from connector.core.situation import Question
from connector.core.values import Kind as FieldKind
from connector.errors import Misconfigured, Problem

Watched = Mapping[Side, Mapping[str, FieldKind]]
_VERSION_BYTES = 6
_DEALS = "deals"  # as HubSpot calls them
_AGREED = ("lifecycle", "personas", "feedback")
_OWNER = "OwnerId"  # whose record it is (Salesforce fact sheet 3.2): who took over, and from whom


def definition_of(loaded: Loaded, owners: Owners | None = None, watched: Watched | None = None) -> Definition | None:
    """The shared definition in force; None where there is no lifecycle, or it is off.

    Args:
        loaded: what `load` gave.
        owners: everyone who can own records on each side; None (not connected) leaves pools as they are written.
        watched: fields that others (the SLA) ask about on top.

    Raises:
        Misconfigured: with every problem of every file.
    """
    source = loaded.lifecycle
    if source is None or not source.written.enabled:
        return None
    problems: list[Problem] = []
    words = vocabulary(loaded)
    if words is None:
        raise Misconfigured([_no_mapping(loaded, source)])
    found = _Definition(loaded, source, words, problems).compiled(owners, watched or {})
    if problems:
        raise Misconfigured(sorted(set(problems)))
    return found


def _people(owners: Owners | None) -> dict[str, str]:
    """Names of everyone who can own records, by id; a name two sides give to one id does not happen."""
    return {one.id: one.name or one.email for told in (owners or {}).values() for one in told}


def _deals_of(loaded: Loaded) -> Side | None:
    """Salesforce, where a mapping keeps deals in step: what is closed there is what sales has closed."""
    in_step = any(one.file.enabled and one.file.hubspot == _DEALS for one in loaded.mappings)
    return Side.SALESFORCE if in_step else None


def _no_mapping(loaded: Loaded, source: AgreedSource[LifecycleWritten]) -> Problem:
    wanted, known = source.written.mapping, [one.file.mapping for one in loaded.mappings]
    if wanted in known:
        message = f"the mapping {wanted!r} is off; switch it on, or the lifecycle off (enabled: false)"
    else:
        message = f"there is no mapping {wanted!r}{did_you_mean(wanted, known)}"
    return source.document.problem(("lifecycle", "mapping"), message)


def lifecycle_of(written: LifecycleWritten) -> Lifecycle:
    """Stages and the ways between them."""
    stages = {
        name: Stage(name, stage.name, stage.definition, stage.band, stage.team)
        for name, stage in written.stages.items()
    }
    moves = {}
    for cell, number in written.decided().items():
        row = written.moves[number]
        if row.kind is not MoveKind.NEVER:
            moves[cell] = Move(Kind(row.kind.value), frozenset(row.by), frozenset(row.needs))
    first = frozenset(stages) if ANY in written.first else frozenset(written.first)
    return Lifecycle(stages, moves, first)


def spellings_of(written: LifecycleWritten, words: Vocabulary) -> dict[Place, tuple[Spelling, ...]]:
    """By place, the stages it can tell, in the order in which they are written."""
    places = [(side, obj) for side in Side for obj in words.objects(side)]
    return {place: spelled for place in places if (spelled := tuple(_spelled(written, *place)))}


def _spelled(written: LifecycleWritten, side: Side, obj: str) -> Iterator[Spelling]:
    for name, stage in written.stages.items():
        for group in stage.groups(side, obj)[1]:
            yield Spelling(name, {one: tuple(values) for one, values in group.items()})


@dataclass
class _Definition:
    """The definition on its way."""

    loaded: Loaded
    source: AgreedSource[LifecycleWritten]
    words: Vocabulary
    problems: list[Problem]
    questions: list[Question] = field(default_factory=list)

    def compiled(self, owners: Owners | None, watched: Watched) -> Definition:
        written = self.source.written
        self.kinds_agree()
        criteria, deals = dict(self.of_stages("criteria")), dict(self.of_stages("deal"))
        personas, handoff, feedback = self.personas(), self.handoff(owners), self.feedback()
        return Definition(
            version=version_of(self.loaded),
            mapping=written.mapping,
            lifecycle=lifecycle_of(written),
            spellings=spellings_of(written, self.words),
            on_unlawful=written.on_unlawful,
            criteria=criteria,
            deals=deals,
            converted=written.converted or "",
            personas=personas,
            handoff=handoff,
            feedback=feedback,
            source=_field_of(written.source),
            watched=self.watched(watched),
            deals_of=_deals_of(self.loaded),
            people=_people(owners),
        )

    def asking(self, document: Document) -> Asking:
        return Asking(document, self.words, self.problems, self.questions)

    def kinds_agree(self) -> None:
        """A date must be read as a date, whatever a mapping makes of that field."""
        for one in self.words.named:
            known = self.words.kinds[one.side][one.field]
            if one.kind in STRICT and known is not one.kind:
                message = f"holds a {one.kind}, but mapping or also_read read {one.side}.{one.field} as {known}"
                self.problems.append(one.document.problem(one.at, message))

    def of_stages(self, key: str) -> Iterator[tuple[str, Question]]:
        asking = self.asking(self.source.document)
        for name, stage in self.source.written.stages.items():
            text = getattr(stage, key)
            if text is not None:
                yield name, asking.question(("lifecycle", "stages", name, key), text)

    def personas(self) -> Personas | None:
        source = self.loaded.personas
        if source is None:
            return None
        asking, rules = self.asking(source.document), list[PersonaRule]()
        for name, persona in source.written.rules.items():
            path = ("personas", "rules", name, "when")
            asked = (asking.question((*path, row), text, moments=False) for row, text in enumerate(persona.when or []))
            rules.extend(PersonaRule(name, when) for when in asked)
        names = {name: persona.name for name, persona in source.written.rules.items()}
        return Personas(names, tuple(rules), _field_of(source.written.fields), source.written.values)

    def handoff(self, owners: Owners | None) -> Handoff | None:
        return handoff_of(self.loaded, self.asking(self.source.document), owners)

    def feedback(self) -> Feedback | None:
        source = self.loaded.feedback
        if source is None:
            return None
        self.problems.extend(self.strange_stages(source))
        return feedback_of(source.written)

    def strange_stages(self, source: AgreedSource[FeedbackWritten]) -> Iterator[Problem]:
        stages = self.source.written.stages
        named = [(("verdicts", str(name), "leads_to"), one.leads_to) for name, one in source.written.verdicts.items()]
        named += [(("reasons", name, "re_enter"), one.re_enter or "") for name, one in source.written.reasons.items()]
        for path, stage in named:
            if stage and stage not in stages:
                message = f"there is no stage {stage!r}{did_you_mean(stage, stages)}"
                yield source.document.problem(("feedback", *path), message)

    def watched(self, others: Watched) -> dict[Place, dict[str, FieldKind]]:
        """Every field named anywhere, at each place that has it."""
        found: dict[Place, dict[str, FieldKind]] = {(s, obj): {} for s in Side for obj in self.words.objects(s)}
        for obj in self.words.objects(Side.SALESFORCE):
            found[Side.SALESFORCE, obj][_OWNER] = FieldKind.OWNER
        for one in self.words.named:
            for obj in one.objects:
                found[one.side, obj][one.field] = self.words.kinds[one.side][one.field]
        for fields in (*(question.fields for question in self.questions), others):
            for side, names in fields.items():
                for name, kind in names.items():
                    for obj in self.words.places(side, name):
                        found[side, obj].setdefault(name, kind)
        return found


def feedback_of(written: FeedbackWritten) -> Feedback:
    """What reps may answer and where it leads."""
    answer, told = written.answer, written.told
    answers = AnswerFields(
        verdict=_field_of(answer.verdict),
        reason=_field_of(answer.reason),
        comment=_field_of(answer.comment),
        revisit=_field_of(answer.revisit),
        spelling={side: {name: one.spelling(side, name) for name, one in written.verdicts.items()} for side in Side},
        reasons={side: {one.id: one.values[side] for one in written.choices()} for side in Side},
    )
    return Feedback(
        answers=answers,
        told=FeedbackFields(**{part: _field_of(getattr(told, part)) for part in type(told).model_fields}),
        reasons={one.id: _reason(one) for one in written.choices()},
        leads_to={name: one.leads_to for name, one in written.verdicts.items()},
        needs={name: frozenset(one.needs) for name, one in written.verdicts.items()},
        task_when_asked=written.task_when_asked,
    )


def _reason(one: Spelled) -> Reason:
    written = one.written
    return Reason(
        id=one.id,
        label=one.label,
        verdicts=frozenset(written.verdicts),
        group=written.group,
        track=written.track,
        cool_down=timedelta(days=written.cool_down_days),
        re_enter=written.re_enter or "",
        loops_max=written.loops_max,
        counts_against_marketing=written.counts_against_marketing,
        meets_sla=written.meets_sla,
        needs=frozenset(written.needs),
        details=() if one.detail else tuple(written.details),
        after_attempts=written.after_attempts,
    )


def version_of(loaded: Loaded) -> str:
    """A short digest of what the three files say."""
    said = {name: document.data for name, document in loaded.agreed.items() if name in _AGREED}
    known = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(known, digest_size=_VERSION_BYTES).hexdigest()


def _field_of(written: Mapping[Side, str]) -> FieldOf:
    return {side: written.get(side) for side in Side}
