"""Changing the schema of a living org: add, remove, rename a field; change a picklist.

New fields get a slot at the end of every row; removed fields leave theirs unused, so rows never move.
(Salesforce fact sheet 5.1, 5.2.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.fields import Choice, Field
from connector.sandbox.salesforce.refusals import Refusal

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

TYPES: Mapping[str, str] = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
}
_ALTERABLE = (
    "label",
    "length",
    "precision",
    "scale",
    "required",
    "external_id",
    "unique",
    "case_sensitive",
    "restricted",
    "default",
    "description",
    "help_text",
    "visible_lines",
)
_LENGTHS = {"email": 80, "phone": 40, "url": 255, "picklist": 255, "multipicklist": 4099, "textarea": 255}


def custom_field(name: str, metadata: Any, *, granted: bool) -> Field:
    """A field from its metadata, as the Metadata and Tooling API spell it. Raises Refusal."""
    try:
        return _custom_field(name, metadata, granted=granted)
    except (AttributeError, TypeError, ValueError) as error:
        raise Refusal("JSON_PARSER_ERROR", f"Metadata of {name} cannot be read: {error}") from error


def _custom_field(name: str, metadata: Mapping[str, Any], *, granted: bool) -> Field:
    made = TYPES.get(str(metadata.get("type", "")))
    if made is None:
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", f"field type {metadata.get('type')!r} is not supported", ["Type"])
    if made == "string" and not metadata.get("length"):
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", "Must specify 'length' for a CustomField of type Text", ["Length"])
    definition = (metadata.get("valueSet") or {}).get("valueSetDefinition") or {}
    values = [
        Choice(
            str(entry.get("fullName") or entry.get("label")),
            str(entry.get("label", "")),
            default=bool(entry.get("default")),
        )
        for entry in definition.get("value", [])
    ]
    return Field(
        name,
        made,
        str(metadata.get("label", name)),
        length=int(metadata.get("length") or _LENGTHS.get(made, 0)),
        precision=int(metadata.get("precision") or 18),
        scale=int(metadata.get("scale") or 0),
        required=bool(metadata.get("required", False)),
        external_id=bool(metadata.get("externalId", False)),
        unique=bool(metadata.get("unique", False)),
        case_sensitive=bool(metadata.get("caseSensitive", False)),
        restricted=bool((metadata.get("valueSet") or {}).get("restricted", False)),
        choices=values,
        default=str(metadata.get("defaultValue", "")).lower() == "true" if made == "boolean" else None,
        granted=granted,
        description=str(metadata.get("description") or ""),
        help_text=str(metadata.get("inlineHelpText") or ""),
        visible_lines=int(metadata.get("visibleLines") or 4),
    )


def add(org: Org, sobject: str, field: Field) -> None:
    """Give an object a new field. Raises Refusal DUPLICATE_DEVELOPER_NAME."""
    table = org.catalogue[sobject]
    if not field.name.endswith("__c"):
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", f"a custom field's name ends in __c: {field.name}", ["FullName"])
    if table.kind.field(field.name) is not None:
        raise Refusal(
            "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {field.name} on {sobject}.", ["DeveloperName"]
        )
    table.own().add(field)
    table.widen()
    for row in table.rows.values():
        row[field.slot] = table.kind.blank[field.slot]
    table.watch(field)
    org.touch_schema()


def alter(org: Org, sobject: str, wanted: Field) -> None:
    """Let a custom field that is there be as `wanted` says; its values and who sees it stay.

    Values that a picklist no longer has become inactive. The caller has made sure that its type is the same.
    """
    table = org.catalogue[sobject]
    kind = table.own()
    field = kind.fields[wanted.name]
    for name in _ALTERABLE:
        setattr(field, name, getattr(wanted, name))
    dropped = [choice for choice in field.choices if wanted.choice(choice.value) is None]
    for choice in dropped:
        choice.active = False
    field.choices = [*(replace(choice) for choice in wanted.choices), *dropped]
    kind.refresh()
    if not table.is_keyed(field):
        table.watch(field)
    org.touch_schema()


def remove(org: Org, sobject: str, name: str) -> None:
    """Take a custom field away, values and all. Raises Refusal when there is none."""
    table = org.catalogue[sobject]
    if not name.endswith("__c") or not table.kind.has(name):
        raise Refusal("INVALID_FIELD", f"there is no custom field {name} on {sobject}")
    _check_unused(org, sobject, name)
    table.unwatch(table.own().remove(name))
    _regrant(org, f"{sobject}.{name}", None)
    org.custom_field_ids.pop((sobject, name), None)
    org.metadata.forget_field(sobject, name)
    org.touch_schema()


def _regrant(org: Org, full: str, renamed: str | None) -> None:
    """Grants of a field that is gone go with it, as a field of the same name is a new one; a renamed one keeps them."""
    grants = org.catalogue["FieldPermissions"]
    slot = grants.kind.slot("Field")
    for record_id, row in [(each, row) for each, row in grants.rows.items() if row[slot] == full]:
        if renamed is None:
            grants.drop(record_id)
        else:
            kept = row.copy()
            kept[slot] = renamed
            grants.put(kept)


def _check_unused(org: Org, sobject: str, name: str) -> None:
    """Raises Refusal while a rule of the object still speaks of the field, as Salesforce does."""
    if name in org.rules.words(sobject):
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", f"the field {name} is referenced by a rule of {sobject}", [name])


def rename(org: Org, sobject: str, old: str, new: str) -> None:
    """Give a custom field another name; values stay. Raises Refusal when there is none."""
    table = org.catalogue[sobject]
    if not old.endswith("__c") or not table.kind.has(old) or table.kind.has(new):
        raise Refusal("INVALID_FIELD", f"cannot rename {old} to {new} on {sobject}")
    _check_unused(org, sobject, old)
    kind = table.own()
    field = kind.fields.pop(old)
    del kind.by_lower[old.lower()]
    field.name = new
    kind.fields[new] = field
    kind.by_lower[new.lower()] = field
    kind.refresh()
    _regrant(org, f"{sobject}.{old}", f"{sobject}.{new}")
    if (sobject, old) in org.custom_field_ids:
        org.custom_field_ids[sobject, new] = org.custom_field_ids.pop((sobject, old))
    org.metadata.forget_field(sobject, old, renamed=new)
    org.touch_schema()


def set_choices(org: Org, sobject: str, name: str, values: Sequence[str], *, restricted: bool | None = None) -> None:
    """Replace the values of a picklist; values left out become inactive, as an admin's deactivation does."""
    kind = org.catalogue[sobject].own()
    field = kind.fields[name]
    kept = [field.choice(value) or Choice(value, value) for value in values]
    for choice in kept:
        choice.active = True
    dropped = [choice for choice in field.choices if choice.value not in values]
    for choice in dropped:
        choice.active = False
    field.choices = [*kept, *dropped]
    if restricted is not None:
        field.restricted = restricted
    kind.refresh()
    org.touch_schema()
