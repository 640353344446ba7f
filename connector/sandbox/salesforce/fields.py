"""The shape of objects: one description serves validation, storage, SOQL and describe.

A field owns a slot: its place in the list that is a row. Values are kept as they go over the wire (datetimes as
`2026-11-02T08:15:30.000+0000`, all UTC and whole seconds), so reading is picking slots, and text order is time order.
Slots are only ever appended; a removed field leaves its slot unused. The standard objects are built once a process and
shared by every org; an org that alters one takes a copy of its own first (`Table.own`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Row = list[Any]

ID_SLOT = 0
ACTING_USER = "@me"  # a default that stands for whoever creates the row
AUDIT = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"})
TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})


@dataclass(slots=True)
class Choice:
    """One value of a picklist."""

    value: str
    label: str = ""
    active: bool = True
    default: bool = False


@dataclass(slots=True)
class Field:
    """One field of one object, in the words of describe (Salesforce fact sheet 1.6)."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    default: Any = None
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    indexed: bool = False
    restricted: bool = False
    choices: list[Choice] = field(default_factory=list)
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    parts: tuple[str, ...] = ()
    compound: str | None = None
    name_field: bool = False
    granted: bool = True
    html: bool = False
    description: str = ""
    help_text: str = ""
    visible_lines: int = 4
    slot: int = -1

    def __post_init__(self) -> None:
        self.label = self.label or self.name

    @property
    def custom(self) -> bool:
        """Whether an admin made it."""
        return self.name.endswith("__c")

    @property
    def stored(self) -> bool:
        """Compound fields such as Address have no value of their own."""
        return not self.parts

    @property
    def keyed(self) -> bool:
        """Whether rows can be found by this field without a scan."""
        refers = self.type == "reference" and "User" not in self.refers_to  # users own too much to be worth an index
        return self.indexed or self.external_id or self.unique or self.id_lookup or refers

    def choice(self, value: str) -> Choice | None:
        """The picklist entry with exactly that value."""
        return next((choice for choice in self.choices if choice.value == value), None)

    def key(self, value: Any) -> Any:
        """What two values must share to be equal in an index or a filter."""
        return value if self.case_sensitive or not isinstance(value, str) or self.type == "reference" else value.lower()


@dataclass(slots=True)
class ObjectType:
    """One object: its fields, and what may be done with it."""

    name: str
    prefix: str
    label: str = ""
    plural: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    mergeable: bool = False
    assignable: bool = False
    width: int = 0
    by_lower: dict[str, Field] = field(default_factory=dict)
    by_relationship: dict[str, Field] = field(default_factory=dict)
    required: list[Field] = field(default_factory=list)
    uniques: list[Field] = field(default_factory=list)
    blank: Row = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)
    links: list[Field] = field(default_factory=list)
    keyed: list[Field] = field(default_factory=list)
    columns: list[tuple[str, int]] = field(default_factory=list)
    described: dict[tuple[str, bool], dict[str, Any]] = field(default_factory=dict)  # of describe.py, by (name, locked)
    renders: dict[Any, Any] = field(default_factory=dict)  # of soql_run.py

    def copy(self) -> ObjectType:
        """The same object, to be altered without touching this one; slots stay what they are."""
        fields = {
            name: replace(item, choices=[replace(each) for each in item.choices]) for name, item in self.fields.items()
        }
        made = replace(self, fields=fields, described={}, renders={})
        made.by_lower = {name.lower(): item for name, item in fields.items()}
        made.by_relationship = {item.relationship.lower(): item for item in fields.values() if item.relationship}
        made.refresh()
        return made

    def add(self, item: Field) -> Field:
        """Give the object one more field, with a slot of its own if it stores anything."""
        if item.stored:
            item.slot = self.width
            self.width += 1
        self.fields[item.name] = item
        self.by_lower[item.name.lower()] = item
        if item.relationship:
            self.by_relationship[item.relationship.lower()] = item
        self.refresh()
        return item

    def refresh(self) -> None:
        """Work out anew what hangs on all fields together; call after a field was altered."""
        stored = [item for item in self.fields.values() if item.stored]
        self.required = [item for item in stored if item.required]
        self.uniques = [item for item in stored if item.unique]
        self.told = [(item.name, item.slot) for item in stored if item.name not in AUDIT and item.slot != ID_SLOT]
        self.links = [item for item in self.fields.values() if item.refers_to]
        self.columns = [(item.name, item.slot) for item in stored]
        self.keyed = [item for item in stored if item.keyed and item.slot != ID_SLOT]
        self.described, self.renders = {}, {}
        self.blank = [None] * self.width
        for item in stored:
            self.blank[item.slot] = bool(item.default) if item.type == "boolean" else item.default

    def remove(self, name: str) -> Field:
        """Take a field away; its slot stays behind, unused. KeyError when there is none."""
        item = self.fields.pop(name)
        del self.by_lower[name.lower()]
        if item.relationship:
            del self.by_relationship[item.relationship.lower()]
        self.refresh()
        return item

    def field(self, name: str) -> Field | None:
        """The field of that name, in any case."""
        return self.fields.get(name) or self.by_lower.get(name.lower())

    def values(self, row: Row) -> dict[str, Any]:
        """Every stored value of a row, by name."""
        return {name: row[slot] for name, slot in self.columns}

    def slot(self, name: str) -> int:
        """Where the field of exactly that name is kept. KeyError when there is none."""
        return self.fields[name].slot

    def has(self, name: str) -> bool:
        """Whether the object has a field of exactly that name."""
        return name in self.fields


def define(name: str, prefix: str, fields: Iterable[Field], **flags: Any) -> ObjectType:
    """An object with Id first, the given fields, and the audit fields every object has."""
    made = ObjectType(name, prefix, label=flags.pop("label", name), plural=flags.pop("plural", f"{name}s"), **flags)
    made.add(Field("Id", "id", f"{name} ID", length=18, createable=False, updateable=False, id_lookup=True))
    for item in (*fields, *audit_fields()):
        made.add(item)
    for compound in made.fields.values():
        for part in compound.parts:
            made.fields[part].compound = compound.name
    return made


def audit_fields() -> Sequence[Field]:
    """What Salesforce keeps about every row (fact sheet 3.1). Read-only."""
    fixed: dict[str, Any] = {"createable": False, "updateable": False}
    return (
        Field("IsDeleted", "boolean", "Deleted", default=False, **fixed),
        Field("CreatedDate", "datetime", "Created Date", **fixed),
        user_field("CreatedById", "Created By ID"),
        Field("LastModifiedDate", "datetime", "Last Modified Date", **fixed),
        user_field("LastModifiedById", "Last Modified By ID"),
        Field("SystemModstamp", "datetime", "System Modstamp", **fixed),
    )


def user_field(name: str, label: str) -> Field:
    """A read-only lookup to the user who did something."""
    return Field(
        name, "reference", label, createable=False, updateable=False, refers_to=("User",), relationship=name[:-2]
    )


def choices(*values: str, default: str | None = None) -> list[Choice]:
    """A picklist whose labels are its values."""
    return [Choice(value, value, default=value == default) for value in values]


def picklist(name: str, label: str, *values: str, default: str | None = None, **flags: Any) -> Field:
    """A picklist field with these values, of 255 characters unless `flags` say otherwise."""
    flags.setdefault("length", 255)
    return Field(name, "picklist", label, default=default, choices=choices(*values, default=default), **flags)
