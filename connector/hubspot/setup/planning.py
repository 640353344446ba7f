"""Wanted properties held against those that are there: what to make, what to add, what only a person can mend.

What HubSpot lets nobody change, or what would take something away, is never planned: the type of a property, whether
its values are unique, an option an admin has hidden, a label in the admin's own words. An archived property comes back
with its values, its type and its own options (HubSpot fact sheet 5). A plan of nothing is the sign that all is well,
so making and checking ask the same question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from connector.core.values import Kind
from connector.hubspot.describing import described
from connector.wanted import ByHand, Choice, Section, Wanted

GROUP: Final = "smarketing"
GROUP_LABEL: Final = "Sales feedback"
ID_LABEL: Final = "Salesforce"  # of a group that holds nothing but the id
LINE_CHARS: Final = 255  # longer texts get a box of several lines
Told = Mapping[str, Any]

_SHAPES: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.TEXT: ("string", "text"),
    Kind.EMAIL: ("string", "text"),
    Kind.PHONE: ("string", "phonenumber"),
    Kind.OWNER: ("string", "text"),
    Kind.REFERENCE: ("string", "text"),
    Kind.NUMBER: ("number", "number"),
    Kind.MONEY: ("number", "number"),
    Kind.BOOLEAN: ("bool", "booleancheckbox"),
    Kind.DATE: ("date", "date"),
    Kind.DATETIME: ("datetime", "date"),
    Kind.PICKLIST: ("enumeration", "select"),
    Kind.MULTIPICKLIST: ("enumeration", "checkbox"),
}
_YES_NO: Final = (Choice("true", "Yes"), Choice("false", "No"))
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
_DONE: Final = "`smarketing setup hubspot --plan` does not speak of it any more."


class Doing(StrEnum):
    """What an act does, in the order in which acts are done."""

    GROUP = "group"
    CREATE = "create"
    RESTORE = "restore"
    OPTIONS = "options"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to make. `words`: as people read it; `body`: as HubSpot does (of OPTIONS only those to add)."""

    doing: Doing
    object: str
    name: str
    words: str
    body: Told = field(repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Object and property: what a refusal speaks of."""
        return self.object, self.name


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is to be done.

    Attributes:
        acts: what `applying` does, in order.
        left: what only a person can.
        kept: what differs and is left as it is, since it harms nothing and may be meant so.
        fine: how many properties are there as they should be.
    """

    acts: tuple[Act, ...]
    left: tuple[ByHand, ...]
    kept: tuple[str, ...]
    fine: int


@dataclass(frozen=True, slots=True)
class Live:
    """One object as HubSpot tells it: properties by name, archived ones apart, and the names of its groups."""

    object: str
    properties: Mapping[str, Told]
    archived: Mapping[str, Told]
    groups: frozenset[str]


def planned(wanted: Iterable[tuple[Live, Sequence[Wanted]]]) -> Plan:
    """What is to be done on each object, so that it has what is wanted."""
    acts: list[Act] = []
    left: list[ByHand] = []
    kept: list[str] = []
    fine = 0
    for live, fields in wanted:
        if fields and GROUP not in live.groups:
            acts.append(_group(live.object, fields))
        for one in fields:
            found = list(_judged(one, live))
            acts += [each for each in found if isinstance(each, Act)]
            left += [each for each in found if isinstance(each, ByHand)]
            kept += _kept(one, live)
            fine += not found
    order = list(Doing)
    return Plan(tuple(sorted(acts, key=lambda act: order.index(act.doing))), tuple(left), tuple(kept), fine)


def option(choice: Choice, place: int) -> dict[str, Any]:
    """An option as HubSpot takes it (HubSpot fact sheet 5)."""
    return {"label": choice.label, "value": choice.value, "displayOrder": place, "hidden": False}


def _group(obj: str, fields: Sequence[Wanted]) -> Act:
    label = ID_LABEL if all(one.section is Section.IDS for one in fields) else GROUP_LABEL
    body = {"name": GROUP, "label": label, "displayOrder": -1}
    return Act(Doing.GROUP, obj, GROUP, f"the group {label!r} of {obj} ({GROUP})", body)


def _judged(one: Wanted, live: Live) -> Iterator[Act | ByHand]:
    """What is to be done about one property; nothing where it is as it should be."""
    there, gone = live.properties.get(one.name), live.archived.get(one.name)
    told = there or gone
    if told is None:
        yield _made(one) if _NAME.fullmatch(one.name) else _misnamed(one)
        return
    obstacle = _obstacle(one, told)
    if obstacle:
        yield obstacle
    elif there is None:
        words = f"{_called(one)} comes back out of the archive, with the values it has"
        yield Act(Doing.RESTORE, one.object, one.name, words, _body(one, told))
    else:
        yield from _options(one, told)


def _made(one: Wanted) -> Act:
    shape = ", ".join(_shape_words(one))
    return Act(Doing.CREATE, one.object, one.name, f"{_called(one)} {one.label!r}: {shape}", _body(one))


def _shape_words(one: Wanted) -> Iterator[str]:
    yield {Kind.PICKLIST: "one of a list", Kind.MULTIPICKLIST: "several of a list"}.get(one.kind, one.kind.value)
    if one.options:
        yield f"{len(one.options)} options"
    if one.unique:
        yield "unique values"


def _body(one: Wanted, before: Told | None = None) -> dict[str, Any]:
    """The definition as HubSpot takes it; one that comes back keeps the options that it had."""
    shape, field_type = _SHAPES[one.kind]
    long = one.kind is Kind.TEXT and (one.length or 0) > LINE_CHARS
    body: dict[str, Any] = {
        "name": one.name,
        "label": one.label,
        "type": shape,
        "fieldType": "textarea" if long else field_type,
        "groupName": GROUP,
        "description": one.description,
        "formField": False,
    }
    if before:
        body |= {"type": before["type"], "fieldType": before["fieldType"]}
    choices = _YES_NO if one.kind is Kind.BOOLEAN else one.options
    if choices and body["type"] in ("enumeration", "bool"):
        had = list(before.get("options") or ()) if before else []
        known = {str(each.get("value")) for each in had}
        new = [each for each in choices if each.value not in known]
        body["options"] = [*had, *(option(each, len(had) + place) for place, each in enumerate(new))]
    if one.unique:
        body["hasUniqueValue"] = True
    return body


def _options(one: Wanted, told: Told) -> Iterator[Act | ByHand]:
    """Options that are missing, or that somebody has hidden."""
    if str(told.get("type")) != "enumeration" or told.get("externalOptions"):
        return
    there = {str(each.get("value")): bool(each.get("hidden")) for each in told.get("options") or ()}
    missing = [each for each in one.options if each.value not in there]
    named = ", ".join(repr(each.value) for each in missing)
    if missing and _limits(told).get("readOnlyOptions"):
        yield _left(f"{_called(one)} lacks {named}, and HubSpot lets nobody add options", _other(one))
    elif missing:
        body = {"options": [option(each, place) for place, each in enumerate(missing)]}
        yield Act(Doing.OPTIONS, one.object, one.name, f"{_called(one)} offers {named} too", body)
    hidden = ", ".join(repr(each.value) for each in one.options if there.get(each.value))
    if hidden:
        show = (
            f"In HubSpot, Settings > Properties > {told.get('label')}: switch {hidden} on again for forms and records"
        )
        yield _left(f"{_called(one)} hides {hidden}, so nobody can pick it", (show, _drop(one)))


def _obstacle(one: Wanted, told: Told) -> ByHand | None:
    """Why a property that is there, or in the archive, cannot serve as it is."""
    if not _holds(one, told):
        title = f"{_called(one)} is of type {told.get('type')}, which cannot hold a {one.kind.value}"
        return _left(title, _other(one))
    if one.unique and not told.get("hasUniqueValue"):
        title = f"{_called(one)} exists without unique values, which HubSpot lets nobody change later"
        return _left(title, _other(one))
    if one.written_by_bridge and (_limits(told).get("readOnlyValue") or told.get("calculated")):
        return _left(f"{_called(one)} is read-only: HubSpot fills it itself", _other(one))
    return None


def _holds(one: Wanted, told: Told) -> bool:
    """Whether a property can hold what is wanted; free text holds anything, a list only what is on it."""
    kinds = described(one.object, told).kinds
    if one.kind in (Kind.TEXT, Kind.OWNER, Kind.REFERENCE):
        return str(told.get("type")) == "string"
    return one.kind in kinds or str(told.get("type")) == "string"


def _kept(one: Wanted, live: Live) -> Iterator[str]:
    """What differs and harms nothing."""
    told = live.properties.get(one.name)
    if told is None:
        return
    group = str(told.get("groupName") or "")
    if group != GROUP and not told.get("hubspotDefined"):
        yield f"{_called(one)} stands in the group {group!r}, not in {GROUP!r}"
    if str(told.get("type")) == "string" and one.options:
        yield f"{_called(one)} is free text, where a list would be easier to pick from and to filter by"


def _misnamed(one: Wanted) -> ByHand:
    title = f"HubSpot takes no property named {one.name!r}: small letters, digits and _ only, a letter first"
    return _left(title, (f"Give it such a name in {one.why}", "Run `smarketing setup hubspot` again"))


def _other(one: Wanted) -> tuple[str, ...]:
    return (
        f"Name another property in {one.why}, for instance {one.name}_2",
        "Run `smarketing setup hubspot` again: it makes that one",
    )


def _drop(one: Wanted) -> str:
    return f"or take what it stands for out of {one.why.partition(' ')[0]}"


def _left(title: str, steps: tuple[str, ...]) -> ByHand:
    return ByHand(title, steps, _DONE)


def _limits(told: Told) -> Told:
    found: Told = told.get("modificationMetadata") or {}
    return found


def _called(one: Wanted) -> str:
    return f"{one.object}.{one.name}"
