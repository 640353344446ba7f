"""One mapping file as checked values: what an admin may write, before it is compiled for the core.

A name that may differ by Salesforce object (`salesforce: Phone` or `{Lead: Phone, Contact: MobilePhone}`) and a choice
that may differ by direction (`unmapped: keep` or `{to_salesforce: reject, to_hubspot: keep}`) are accepted in both
forms; the methods answer for one object or direction, so that nothing else needs to know which form was used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from connector.config.problems import Fault, Faults, did_you_mean
from connector.config.terms import Strict, Text
from connector.config.yaml import KeyPath
from connector.core.mapping import Blank, Direction, OnArchive, OnLeaving, Policy
from connector.core.refs import Side
from connector.core.transforms import LengthPolicy
from connector.core.values import Kind

_WAYS = ("to_salesforce", "to_hubspot")
_SCALAR = {"type": ["string", "number", "boolean"]}
_NAME_FORM = {"anyOf": [_SCALAR, {"type": "object", "additionalProperties": _SCALAR}]}
_NAMES_FORM = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}
_CEL_FORM = {"type": ["string", "boolean"], "description": "CEL over hubspot.FIELD and salesforce.FIELD, or true/false"}


def _by_object(found: Any) -> Any:
    return {"*": found} if isinstance(found, str | int) else found


def _by_direction(found: Any) -> Any:
    if isinstance(found, Mapping) and found and set(found) <= set(_WAYS):
        return dict(found)
    return dict.fromkeys(_WAYS, found)


def _as_list(found: Any) -> Any:
    return [found] if isinstance(found, str | int | float | bool) else found


ByObject = Annotated[dict[Text, Text], BeforeValidator(_by_object), WithJsonSchema(_NAME_FORM)]
Names = Annotated[list[Text], BeforeValidator(_as_list), Field(min_length=1), WithJsonSchema(_NAMES_FORM)]
Cel = Annotated[Text, WithJsonSchema(_CEL_FORM)]


def for_object(by_object: Mapping[str, str], obj: str) -> str | None:
    """What a name is on one Salesforce object, or None where the object was left out."""
    return by_object.get(obj, by_object.get("*"))


class Identity(Strict):
    """Where each side keeps the other's id."""

    salesforce_field: Text
    hubspot_property: Text | None = None


class MatchBy(Strict):
    """Fields that recognise the same record on the other side."""

    hubspot: Names
    salesforce: Names
    kind: Kind = Kind.TEXT


class CreateRules(Strict):
    """Who is created on the other side when there is no counterpart; Salesforce objects in order, first yes wins."""

    to_salesforce: dict[Text, Cel] = Field(default_factory=dict)
    to_hubspot: dict[Text, Cel] = Field(default_factory=dict)


class Scope(Strict):
    """Who takes part."""

    when: Cel = "true"
    on_leaving: OnLeaving = OnLeaving.STOP


class DefaultValue(Strict):
    """What an unmapped value becomes."""

    default: Text


_UNLISTED = ("reject", "keep", "blank")


def _unlisted(found: Any) -> Any:
    if (isinstance(found, str) and found in _UNLISTED) or (isinstance(found, dict) and set(found) == {"default"}):
        return found
    near = did_you_mean(found, _UNLISTED) if isinstance(found, str) else ""
    raise ValueError(f"must be reject, keep, blank or {{default: VALUE}}{near}")


Unlisted = Annotated[Literal["reject", "keep", "blank"] | DefaultValue, BeforeValidator(_unlisted)]
_UNLISTED_FORM = {
    "anyOf": [
        {"enum": list(_UNLISTED)},
        {"type": "object", "properties": {"default": _SCALAR}, "required": ["default"], "additionalProperties": False},
    ]
}
_UNMAPPED_FORM = {
    "anyOf": [
        _UNLISTED_FORM,
        {"type": "object", "properties": dict.fromkeys(_WAYS, _UNLISTED_FORM), "additionalProperties": False},
    ]
}
ByDirection = Annotated[dict[str, Unlisted], BeforeValidator(_by_direction), WithJsonSchema(_UNMAPPED_FORM)]


class OwnerMap(Strict):
    """Owners are matched by e-mail; the table speaks first, the fallback last. Owners are named by e-mail or id.

    `table` goes from HubSpot owners to Salesforce users or queues.
    """

    table: dict[Text, Text] = Field(default_factory=dict)
    fallback: dict[Side, Text] = Field(default_factory=dict)


class FieldRule(Strict):
    """One field pair as written in YAML."""

    hubspot: Text
    salesforce: ByObject
    kind: Kind = Kind.TEXT
    direction: Direction = Direction.BOTH
    policy: Policy = Policy.NEWEST
    blank: Blank = Blank.KEEP
    mirror: bool = False
    transforms: list[Text] = Field(default_factory=list)
    values: dict[Text, Names] | None = None
    values_to_hubspot: dict[Text, Text] = Field(default_factory=dict)
    only: Names | None = None
    unmapped: ByDirection = dict.fromkeys(_WAYS, "reject")
    too_long: LengthPolicy = LengthPolicy.REJECT
    on_create: dict[Side, ByObject] = Field(default_factory=dict)
    region: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> FieldRule:
        given = self.model_fields_set
        faults: list[Fault] = self._two_way_values()
        one_way = [key for key in ("mirror", "only") if getattr(self, key) and self.direction is Direction.BOTH]
        faults += [((key,), "is for one-way rules; set direction: to_salesforce or to_hubspot") for key in one_way]
        unused = [key for key in ("unmapped", "values_to_hubspot") if key in given and self.values is None]
        faults += [((key,), "needs `values`: without a value map nothing is unmapped") for key in unused]
        if self.region and self.kind is not Kind.PHONE:
            faults.append((("region",), f"belongs to rules of kind phone; this one is of kind {self.kind}"))
        if faults:
            raise Faults(faults)
        return self

    def _two_way_values(self) -> list[Fault]:
        """Values whose way back is not clear."""
        faults: list[Fault] = []
        claimed: dict[str, str] = {}
        if self.values is None or not self.direction.allows(Side.HUBSPOT):
            return faults
        for ours, theirs in self.values.items():
            for value in theirs:
                first = claimed.setdefault(value, ours)
                if first != ours and value not in self.values_to_hubspot:
                    message = f"{value!r} already stands for {first!r}; say under values_to_hubspot which it becomes"
                    faults.append((("values", ours), message))
        return faults

    def to_salesforce(self) -> dict[str, str]:
        """HubSpot value to Salesforce value."""
        return {ours: theirs[0] for ours, theirs in (self.values or {}).items()}

    def to_hubspot(self) -> dict[str, str]:
        """Salesforce value to HubSpot value; the first that names it, unless told otherwise."""
        back: dict[str, str] = {}
        for ours, theirs in (self.values or {}).items():
            for value in theirs:
                back.setdefault(value, ours)
        return back | self.values_to_hubspot


class MappingFile(Strict):
    """One file under mappings/."""

    mapping: Annotated[Text, StringConstraints(pattern="^[a-z][a-z0-9_-]*$")]
    extends: Literal["default"] | None = None
    enabled: bool = True
    hubspot: Text
    salesforce: Names
    identity: Identity
    match: dict[Text, MatchBy] = Field(default_factory=dict)
    create: CreateRules = CreateRules()
    scope: Scope = Scope()
    on_archive: OnArchive = OnArchive.UNLINK
    also_read: dict[Side, dict[Text, Kind]] = Field(default_factory=dict)
    fields: Annotated[dict[Text, FieldRule], Field(min_length=1)]

    @model_validator(mode="after")
    def _known_objects(self) -> MappingFile:
        faults: list[Fault] = []
        for way in _WAYS:
            faults.extend(self._unknown(("create", way), getattr(self.create, way)))
        for name, rule in self.fields.items():
            faults.extend(self._unknown(("fields", name, "salesforce"), rule.salesforce))
            for side, values in rule.on_create.items():
                faults.extend(self._unknown(("fields", name, "on_create", side.value), values))
        if faults:
            raise Faults(faults)
        return self

    def _unknown(self, path: KeyPath, named: Iterable[str]) -> list[Fault]:
        objects = ", ".join(self.salesforce)
        strange = [name for name in named if name != "*" and name not in self.salesforce]
        return [((*path, name), f"{name!r} is not an object of this mapping ({objects})") for name in strange]


class OwnersFile(Strict):
    """mappings/owners.yaml, which speaks for all mappings."""

    owners: OwnerMap


def known_kinds(file: MappingFile) -> dict[Side, dict[str, Kind]]:
    """The fields conditions may ask for: those that rules map, match keys read, ids, and `also_read`."""
    kinds: dict[Side, dict[str, Kind]] = {Side.HUBSPOT: {}, Side.SALESFORCE: {}}
    for by in file.match.values():
        kinds[Side.HUBSPOT].update(dict.fromkeys(by.hubspot, by.kind))
        kinds[Side.SALESFORCE].update(dict.fromkeys(by.salesforce, by.kind))
    for rule in file.fields.values():
        kinds[Side.HUBSPOT][rule.hubspot] = rule.kind
        kinds[Side.SALESFORCE].update(dict.fromkeys(rule.salesforce.values(), rule.kind))
    kinds[Side.SALESFORCE][file.identity.salesforce_field] = Kind.TEXT
    if file.identity.hubspot_property:
        kinds[Side.HUBSPOT][file.identity.hubspot_property] = Kind.TEXT
    for side, fields in file.also_read.items():
        kinds[side].update(fields)
    return kinds
