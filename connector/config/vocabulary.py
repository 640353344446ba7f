"""The words of the shared definition: what may be asked about, what each word can say, whose fields are whose.

Three readers need the same answers: the compilers of lifecycle, personas, feedback and SLA (what may a question ask?),
the compiler of mappings (which rules rest, because the lifecycle owns their field?), and the checks against the live
CRMs (which fields must be there?). All of them are read off the files here, once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.config.load import AgreedSource, Loaded, MappingSource
from connector.config.mappings import FieldRule, for_object, known_kinds
from connector.config.questions import Scales, question
from connector.config.yaml import Document, KeyPath
from connector.core.journey import Channel, Verdict
from connector.core.lifecycle import Band
from connector.core.refs import Side
from connector.core.situation import Question
from connector.core.values import Kind
from connector.errors import Problem

Kinds = dict[Side, dict[str, Kind]]
_ANSWERS = {"verdict": Kind.PICKLIST, "reason": Kind.PICKLIST, "comment": Kind.TEXT, "revisit": Kind.DATE}
_TOLD = {"at": Kind.DATETIME, "loops": Kind.NUMBER, "recycle_on": Kind.DATE}
_SLA = {"due_at": Kind.DATETIME, "breached_since": Kind.DATETIME, "lateness": Kind.NUMBER}
STRICT = frozenset({Kind.DATE, Kind.DATETIME, Kind.NUMBER})  # kinds that nothing else can stand for


@dataclass(frozen=True, slots=True)
class Named:
    """A field that one of the files names for a purpose of its own (conditions name theirs apart).

    Attributes:
        at: the path of keys where it is named, in `document`.
        objects: the objects it is looked for on.
        owned: the bridge writes it by the definition, so no mapping rule may.
    """

    document: Document
    at: KeyPath
    side: Side
    objects: tuple[str, ...]
    field: str
    kind: Kind
    owned: bool = True


@dataclass(frozen=True)
class Vocabulary:
    """What the files of the shared definition may speak of.

    Attributes:
        mapping: the mapping whose records it is about.
        kinds: by side, every field that may be asked about.
        scales: the values that words can take.
        named: fields named outside of conditions.
    """

    mapping: MappingSource
    kinds: Kinds
    scales: Scales
    named: tuple[Named, ...]

    def objects(self, side: Side) -> tuple[str, ...]:
        """The objects of a side whose records are people."""
        return (self.mapping.file.hubspot,) if side is Side.HUBSPOT else tuple(self.mapping.file.salesforce)

    def places(self, side: Side, field: str) -> tuple[str, ...]:
        """The objects of a side that have a field: where rules map it, or all where none does."""
        if side is Side.HUBSPOT:
            return self.objects(side)
        file = self.mapping.file
        rules = [rule.salesforce for rule in file.fields.values() if field in rule.salesforce.values()]
        mapped = tuple(obj for obj in file.salesforce if any(for_object(rule, obj) == field for rule in rules))
        return mapped or self.objects(side)


@dataclass(frozen=True)
class Asking:
    """Compiles the questions of one file; what is wrong with them is added to `problems`, each one to `asked`."""

    document: Document
    words: Vocabulary
    problems: list[Problem]
    asked: list[Question] = field(default_factory=list)

    def question(self, path: KeyPath, text: str, *, moments: bool = True) -> Question:
        """The question at a path. moments: whether it is asked when somebody is in touch, answers, or a deal moves."""
        if path not in self.document.places and isinstance(path[-1], int):
            path = path[:-1]  # one condition, where a list may stand
        found = question(text, self.words.kinds, self.words.scales)
        if isinstance(found, Question):
            self.asked.append(found)
            if found.momentary and not moments:
                message = "asks about a touch, an answer or a deal, but is asked when there is none; ask for what stays"
                self.problems.append(self.document.problem(path, message))
            return found
        problem = self.document.problem(path, "")
        for fault in found:
            line = self.document.place(path).value_line + fault.line - 1
            message = f"{' '.join(text.split())!r} at character {fault.character}: {fault.message}"
            self.problems.append(Problem(problem.file, line, problem.key, message))
        return Question(text, lambda _situation: False)


def vocabulary(loaded: Loaded) -> Vocabulary | None:
    """The words of the definition in force; None where there is none, or the mapping it names is not there or off."""
    source = loaded.lifecycle
    if source is None or not source.written.enabled:
        return None
    wanted = source.written.mapping
    mapping = next((one for one in loaded.mappings if one.file.mapping == wanted and one.file.enabled), None)
    if mapping is None:
        return None
    named = tuple(named_fields(loaded, mapping))
    kinds: Kinds = {side: {} for side in Side}
    for one in named:
        kinds[one.side].setdefault(one.field, one.kind)
    for side in Side:
        kinds[side].update(known_kinds(mapping.file)[side])
        kinds[side].update(source.written.also_read.get(side, {}))
    return Vocabulary(mapping, kinds, _scales(loaded), named)


def owned_fields(loaded: Loaded, mapping: MappingSource) -> dict[tuple[Side, str], frozenset[str]]:
    """By side and object, the fields of a mapping that the lifecycle keeps by itself; none where it is off."""
    words = vocabulary(loaded)
    if words is None or words.mapping is not mapping:
        return {}
    owned: dict[tuple[Side, str], set[str]] = {}
    for one in words.named:
        for obj in one.objects if one.owned else ():
            owned.setdefault((one.side, obj), set()).add(one.field)
    return {place: frozenset(fields) for place, fields in owned.items()}


def resting(rule: FieldRule, hubspot: str, obj: str, owned: Mapping[tuple[Side, str], frozenset[str]]) -> bool:
    """Whether a mapping rule leaves its fields to the lifecycle, on one Salesforce object."""
    theirs = for_object(rule.salesforce, obj)
    if theirs is None:
        return False
    return rule.hubspot in owned.get((Side.HUBSPOT, hubspot), ()) or theirs in owned.get((Side.SALESFORCE, obj), ())


def named_fields(loaded: Loaded, mapping: MappingSource) -> Iterator[Named]:
    """Every field that lifecycle, personas, feedback and SLA name outside of conditions."""
    objects = {Side.HUBSPOT: (mapping.file.hubspot,), Side.SALESFORCE: tuple(mapping.file.salesforce)}
    if loaded.lifecycle:
        yield from _spelled(loaded.lifecycle, objects)
        yield from _handed(loaded.lifecycle, objects)
    if loaded.personas:
        fields = loaded.personas.written.fields
        yield from _told(loaded.personas.document, ("personas", "fields"), fields, Kind.PICKLIST, objects)
    if loaded.feedback:
        document, written = loaded.feedback.document, loaded.feedback.written
        for part, kind in _ANSWERS.items():
            fields = getattr(written.answer, part)
            yield from _told(document, ("feedback", "answer", part), fields, kind, objects)
        for part in type(written.told).model_fields:
            fields = getattr(written.told, part)
            yield from _told(document, ("feedback", "told", part), fields, _TOLD.get(part, Kind.TEXT), objects)
    if loaded.sla:
        told = loaded.sla.written.fields
        for part in type(told).model_fields:
            at = ("sla", "fields", part)
            yield from _told(loaded.sla.document, at, getattr(told, part), _SLA.get(part, Kind.TEXT), objects)


_Objects = Mapping[Side, tuple[str, ...]]


def _spelled(source: AgreedSource[Any], objects: _Objects) -> Iterator[Named]:
    for name, stage in source.written.stages.items():
        for side in Side:
            for obj in objects[side]:
                below, groups = stage.groups(side, obj)
                at = ("lifecycle", "stages", name, *below)
                for one in dict.fromkeys(one for group in groups for one in group):
                    yield Named(source.document, at, side, (obj,), one, Kind.PICKLIST)


def _handed(source: AgreedSource[Any], objects: _Objects) -> Iterator[Named]:
    for side, told_in in source.written.source.items():
        at = ("lifecycle", "source", side.value)
        yield Named(source.document, at, side, objects[side], told_in, Kind.TEXT, owned=False)
    handoff = source.written.handoff
    for key in ("why_field", "touches_field") if handoff else ():
        told_in = getattr(handoff, key)
        if told_in:
            at = ("lifecycle", "handoff", key)
            yield Named(source.document, at, Side.SALESFORCE, objects[Side.SALESFORCE], told_in, Kind.TEXT)


def _told(
    document: Document, at: KeyPath, fields: Mapping[Side, str], kind: Kind, objects: _Objects
) -> Iterator[Named]:
    for side, told_in in fields.items():
        yield Named(document, (*at, side.value), side, objects[side], told_in, kind)


def _scales(loaded: Loaded) -> dict[str, Collection[str]]:
    """What each word can say, as far as files tell it."""
    scales: dict[str, Collection[str]] = {
        "band": tuple(Band),
        "answer.verdict": tuple(Verdict),
        "touch.channel": tuple(Channel),
    }
    if loaded.lifecycle:
        scales["stage"] = tuple(loaded.lifecycle.written.stages)
    if loaded.personas:
        scales["persona"] = tuple(loaded.personas.written.rules)
    if loaded.feedback:
        scales["answer.reason"] = tuple(one.id for one in loaded.feedback.written.choices())
    return scales
