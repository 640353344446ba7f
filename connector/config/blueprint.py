"""What both CRMs must have, so that all that was configured can be told there: one definition for both setups.

Mappings and the agreement name the fields; nothing is named here. Wanted are the fields of the bridge's own: those the
agreement tells things in, the ids, and rules' fields that carry the bridge's mark in their name. Everything else is the
CRM's or its admin's (`lifecyclestage`, `Phone`, `Budget__c`): only looked for, never made, since a name that is not
there is more often a slip of the pen than a wish. What words are shown to people stands in `wording`.

A closed list is a picklist (answers, reasons, personas, stages, states); a name that the files may change every month,
as those of promises and nurture tracks, is text, so that a new one never waits for a setup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from connector.config.load import Loaded, MappingSource
from connector.config.mappings import FieldRule, for_object
from connector.config.vocabulary import Named, owned_fields, resting, vocabulary
from connector.config.wording import Words, choices_of, plain, words_of
from connector.config.yaml import KeyPath, spelled
from connector.core.definition import Place
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema
from connector.wanted import Audience, Choice, Section, Wanted

__all__ = [
    "Audience",
    "Blueprint",
    "Checked",
    "Choice",
    "Section",
    "Wanted",
    "blueprint",
    "lacking",
]  # the words it speaks in

_OWN = {Side.HUBSPOT: ("smarketing_", "salesforce_"), Side.SALESFORCE: ("Smarketing_", "HubSpot_")}
_PICKED = frozenset({Kind.PICKLIST, Kind.MULTIPICKLIST})
_ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Checked:
    """A field that is not the bridge's to make. `optional`: what needs it sleeps where it is not there."""

    side: Side
    object: str
    name: str
    why: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything wanted, each field of an object once, in the order in which people shall see it."""

    wanted: tuple[Wanted, ...]
    checked: tuple[Checked, ...]

    def objects(self, side: Side) -> tuple[str, ...]:
        """The objects of a side that take part, in the order of the mappings."""
        every: tuple[Wanted | Checked, ...] = (*self.wanted, *self.checked)
        return tuple(dict.fromkeys(one.object for one in every if one.side is side))

    def checked_on(self, side: Side) -> tuple[tuple[str, str], ...]:
        """The fields of a side that are not the bridge's to make: object and name."""
        return tuple((one.object, one.name) for one in self.checked if one.side is side)

    def on(self, side: Side, obj: str) -> tuple[Wanted, ...]:
        """What one object must have."""
        return tuple(one for one in self.wanted if one.place == (side, obj))


def blueprint(loaded: Loaded) -> Blueprint:
    """What the configuration asks of both CRMs; mappings that are off ask nothing."""
    sources = [source for source in loaded.mappings if source.file.enabled]
    wanted = [one for source in sources for one in (*_ids(source), *_mapped(loaded, source))]
    words = vocabulary(loaded)
    named = words.named if words else ()
    wanted += [_agreed(loaded, one, obj) for one in named if _ours(one) for obj in one.objects]
    merged = _merged(wanted)
    places = {(*one.place, one.name) for one in merged}
    checked = {(one.side, one.object, one.name): one for one in _checked(loaded, sources, named)}
    return Blueprint(merged, tuple(one for place, one in checked.items() if place not in places))


def lacking(asked: Blueprint, schemas: Mapping[Place, ObjectSchema]) -> tuple[Wanted, ...]:
    """What a setup would add: fields that are not there as far as the credentials see, and lists that lack an option.

    Objects out of reach are not spoken of: `check` tells of them.
    """
    return tuple(one for one in asked.wanted if one.place in schemas and _lacks(one, schemas[one.place].fields))


def _lacks(one: Wanted, live: Mapping[str, FieldSchema]) -> bool:
    end = live.get(one.name)
    if end is None:
        return True
    offered = {option.value for option in end.options}
    return bool(offered) and any(option.value not in offered for option in one.options)


def _merged(wanted: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """Each field once, with the options of all who ask for it; a unique id is unique whoever else reads it."""
    found: dict[tuple[Side, str, str], Wanted] = {}
    for one in wanted:
        key = (*one.place, one.name)
        first = found.get(key)
        if first is None:
            found[key] = one
            continue
        options = {option.value: option for option in (*one.options, *first.options)}
        found[key] = replace(
            first,
            options=tuple(sorted(options.values(), key=lambda each: _rank(each, first, one))),
            written_by_bridge=first.written_by_bridge or one.written_by_bridge,
            written_by_people=first.written_by_people or one.written_by_people,
            shown_to=first.shown_to | one.shown_to,
        )
    order = list(Section)
    places = list(dict.fromkeys(one.place for one in found.values()))
    return tuple(sorted(found.values(), key=lambda one: (places.index(one.place), order.index(one.section))))


def _rank(option: Choice, first: Wanted, second: Wanted) -> int:
    values = [one.value for one in (*first.options, *second.options)]
    return values.index(option.value)


def _ids(source: MappingSource) -> Iterator[Wanted]:
    """Where each side keeps the other's id."""
    identity, hubspot = source.file.identity, source.file.hubspot
    for obj in source.file.salesforce:
        why = _why(source, ("identity", "salesforce_field"))
        called = f"The record in HubSpot ({hubspot}) that this is. Kept by the bridge; leave it alone."
        yield _id(Side.SALESFORCE, obj, identity.salesforce_field, called, why)
    if identity.hubspot_property:
        why = _why(source, ("identity", "hubspot_property"))
        called = f"The record in Salesforce ({', '.join(source.file.salesforce)}) that this is. Kept by the bridge."
        yield _id(Side.HUBSPOT, hubspot, identity.hubspot_property, called, why)


def _id(side: Side, obj: str, name: str, description: str, why: str) -> Wanted:
    return Wanted(
        side, obj, name, plain(name), Kind.TEXT, description, why, Section.IDS,
        length=_ID_LENGTH, unique=True, external_id=side is Side.SALESFORCE,
    )  # fmt: skip


def _mapped(loaded: Loaded, source: MappingSource) -> Iterator[Wanted]:
    """The bridge's own fields that rules speak of."""
    for name, rule, obj in _rules(loaded, source):
        for side, place, held in _ends(source, rule, obj):
            if _marked(side, held):
                yield _of_rule(source, (name, rule), (side, place, held))


def _rules(loaded: Loaded, source: MappingSource) -> Iterator[tuple[str, FieldRule, str]]:
    """The rules that are awake, for each Salesforce object."""
    owned = owned_fields(loaded, source)
    for obj in source.file.salesforce:
        for name, rule in source.file.fields.items():
            if for_object(rule.salesforce, obj) is not None and not resting(rule, source.file.hubspot, obj, owned):
                yield name, rule, obj


def _ends(source: MappingSource, rule: FieldRule, obj: str) -> Iterator[tuple[Side, str, str]]:
    yield Side.HUBSPOT, source.file.hubspot, rule.hubspot
    yield Side.SALESFORCE, obj, for_object(rule.salesforce, obj) or ""


def _of_rule(source: MappingSource, ruled: tuple[str, FieldRule], end: tuple[Side, str, str]) -> Wanted:
    (name, rule), (side, obj, held) = ruled, end
    other = Side.HUBSPOT if side is Side.SALESFORCE else Side.SALESFORCE
    told, kept = rule.direction.allows(side), rule.direction.allows(other)
    here, there = plain(held), rule.hubspot if side is Side.SALESFORCE else held
    values = rule.values or {}
    spelt = list(values) if side is Side.HUBSPOT else [one for theirs in values.values() for one in theirs]
    options = tuple(Choice(value, value) for value in dict.fromkeys(spelt)) if rule.kind in _PICKED else ()
    return Wanted(
        side, obj, held, here, _kind(rule.kind, options),
        f"Kept in step with {other.value}'s {there} by the bridge." if told else f"Read by the bridge for {there}.",
        _why(source, ("fields", name)), Section.PROFILE,
        options=options, length=_length(_kind(rule.kind, options)), scale=_scale(rule.kind),
        written_by_bridge=told, written_by_people=kept,
        shown_to=frozenset({Audience.REPS if side is Side.SALESFORCE else Audience.MARKETERS}),
    )  # fmt: skip


def _agreed(loaded: Loaded, one: Named, obj: str) -> Wanted:
    """A field by which both teams tell each other things."""
    words = words_of(one.at)
    options = choices_of(loaded, one)
    kind = _kind(words.kind or one.kind, options)
    return Wanted(
        one.side, obj, one.field, words.label or plain(one.field), kind, words.description,
        f"{one.document.place(one.at)} {spelled(one.at)}", words.section,
        options=options, length=words.length or _length(kind), scale=_scale(kind, words),
        written_by_bridge=one.owned, written_by_people=words.written_by_people,
        shown_to=frozenset({Audience.REPS, Audience.MARKETERS}),
    )  # fmt: skip


def _checked(loaded: Loaded, sources: Iterable[MappingSource], named: Iterable[Named]) -> Iterator[Checked]:
    for source in sources:
        for name, rule, obj in _rules(loaded, source):
            for side, place, held in _ends(source, rule, obj):
                if not _marked(side, held):
                    yield Checked(side, place, held, _why(source, ("fields", name)), rule.optional)
    for one in named:
        for obj in one.objects if not _ours(one) else ():
            yield Checked(one.side, obj, one.field, f"{one.document.place(one.at)} {spelled(one.at)}", optional=True)


def _ours(one: Named) -> bool:
    """Whether a field that the agreement names is the bridge's to make: one it writes, and not of the CRM's own."""
    if one.side is Side.SALESFORCE:
        return one.owned and one.field.endswith("__c")
    return one.owned and not one.field.startswith(("hs_", "hubspot")) and one.field != "lifecyclestage"


def _marked(side: Side, name: str) -> bool:
    """Whether a rule's field is one of the bridge's own, by its name."""
    return name.startswith(_OWN[side]) and (side is Side.HUBSPOT or name.endswith("__c"))


def _kind(kind: Kind, options: tuple[Choice, ...]) -> Kind:
    """A picklist that nobody knows the options of is free text, which holds anything."""
    return Kind.TEXT if kind in _PICKED and not options else kind


def _length(kind: Kind) -> int | None:
    return 255 if kind in (Kind.TEXT, Kind.OWNER, Kind.REFERENCE) else None


def _scale(kind: Kind, words: Words | None = None) -> int | None:
    if kind not in (Kind.NUMBER, Kind.MONEY):
        return None
    return 0 if words else 2


def _why(source: MappingSource, path: KeyPath) -> str:
    return f"{source.document.place(path)} {spelled(path)}"
