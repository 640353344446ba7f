"""What Salesforce asks of a custom field, whichever API it comes through (Salesforce fact sheet 5.1, 5.2).

Each type has attributes that it must have, and some that it must not; texts, digits and value sets have their bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.salesforce.fields import Field, ObjectType
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.schema import Content

NAME_MAX = 40
LABEL_MAX = 40
DESCRIPTION_MAX = 1000
HELP_MAX = 510
EXTERNAL_IDS_MAX = 25
FIELDS_MAX = 500
VALUES_MAX = 1000
VALUE_MAX = 255
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_KEYS = frozenset({"unique", "externalId"})
_NEEDS: Mapping[str, frozenset[str]] = {
    "Text": frozenset({"length"}),
    "TextArea": frozenset(),
    "LongTextArea": frozenset({"length", "visibleLines"}),
    "Number": frozenset({"precision", "scale"}),
    "Currency": frozenset({"precision", "scale"}),
    "Percent": frozenset({"precision", "scale"}),
    "Checkbox": frozenset({"defaultValue"}),
    "Date": frozenset(),
    "DateTime": frozenset(),
    "Email": frozenset(),
    "Phone": frozenset(),
    "Url": frozenset(),
    "Picklist": frozenset({"valueSet"}),
    "MultiselectPicklist": frozenset({"valueSet", "visibleLines"}),
}
_MAY: Mapping[str, frozenset[str]] = {
    "Text": _KEYS | {"caseSensitive", "required", "defaultValue"},
    "Number": _KEYS | {"required", "defaultValue"},
    "Email": _KEYS | {"required", "defaultValue"},
    "Checkbox": frozenset(),
    "LongTextArea": frozenset({"defaultValue"}),
    "MultiselectPicklist": frozenset({"required"}),
}
_USUAL = frozenset({"required", "defaultValue"})
_SHAPING = frozenset().union(*_NEEDS.values(), *_MAY.values())
_BOUNDS: Mapping[tuple[str, str], tuple[int, int]] = {
    ("Text", "length"): (1, 255),
    ("LongTextArea", "length"): (256, 131_072),
    ("LongTextArea", "visibleLines"): (2, 50),
    ("MultiselectPicklist", "visibleLines"): (3, 10),
    ("Number", "precision"): (1, 18),
    ("Currency", "precision"): (1, 18),
    ("Percent", "precision"): (1, 18),
}


def check_name(name: str, sobject: str) -> None:
    """The name of a custom field. Raises Problem."""
    stem = name.removesuffix("__c")
    if stem == name:
        raise Problem(f"The custom field name must end in __c: {name}")
    if not _NAME.fullmatch(stem) or len(stem) > NAME_MAX:
        raise Problem(
            "The Field Name can only contain alphanumeric characters, must begin with a letter, cannot end with an "
            "underscore or contain two consecutive underscore characters, and must be unique across all "
            f"{sobject} fields. It can have {NAME_MAX} characters"
        )


def check(said: Content) -> None:
    """What a field says of itself. Raises Problem."""
    of_type = said.get("type")
    if of_type is None:
        raise Problem("Must specify a non-empty type for the CustomField")
    if of_type not in _NEEDS:
        raise Problem(f"this sandbox makes no fields of type {of_type}")
    _check_texts(said)
    _check_attributes(said, of_type)
    _check_bounds(said, of_type)
    if "valueSet" in said:
        _check_values(said["valueSet"])


def _check_attributes(said: Content, of_type: str) -> None:
    for name in sorted(_NEEDS[of_type] - said.keys()):
        raise Problem(f"Must specify '{name}' for a CustomField of type {of_type}")
    allowed = _NEEDS[of_type] | _MAY.get(of_type, _USUAL)
    for name in sorted((_SHAPING - allowed) & said.keys()):
        if said[name] is not False or name == "required":
            raise Problem(f"Can not specify '{name}' for a CustomField of type {of_type}")


def _check_bounds(said: Content, of_type: str) -> None:
    for (kind, name), (least, most) in _BOUNDS.items():
        if kind == of_type and not least <= said[name] <= most:
            raise Problem(f"{name} of a CustomField of type {of_type} must be from {least} to {most}: {said[name]}")
    if not 0 <= said.get("scale", 0) <= said.get("precision", 0):
        raise Problem("scale must be from 0 to the precision")
    if said.get("caseSensitive") and not said.get("unique"):
        raise Problem("Can not specify 'caseSensitive' for a CustomField that is not unique")
    if of_type == "Checkbox" and said["defaultValue"] not in {"true", "false"}:
        raise Problem("The default value of a Checkbox is true or false")


def _check_texts(said: Content) -> None:
    for name, most in (("label", LABEL_MAX), ("description", DESCRIPTION_MAX), ("inlineHelpText", HELP_MAX)):
        if len(said.get(name, "")) > most:
            raise Problem(f"Value too long for field: {name} maximum length is:{most}")
    if not said.get("label", "").strip():
        raise Problem("Must specify a non-empty label for the CustomField")


def _check_values(value_set: Content) -> None:
    if "valueSetName" in value_set:
        raise Problem("this sandbox has no global value sets")
    values = value_set.get("valueSetDefinition", {}).get("value", [])
    if not 0 < len(values) <= VALUES_MAX:
        raise Problem(f"A picklist must have from 1 to {VALUES_MAX} values")
    for key in ("fullName", "label"):
        words = [str(each.get(key) or each.get("fullName", "")).lower() for each in values]
        for word in words:
            if not word.strip() or len(word) > VALUE_MAX:
                raise Problem(f"A picklist value must have from 1 to {VALUE_MAX} characters: {word!r}")
            if words.count(word) > 1:
                raise Problem(f"Duplicate {'API name' if key == 'fullName' else 'label'} in the picklist: {word}")
    if sum(bool(each.get("default")) for each in values) > 1:
        raise Problem("A picklist has one default value at most")


def check_room(kind: ObjectType, field: Field, staged: int, staged_keys: int) -> None:
    """Whether an object takes one more field, beside those of the same deployment. Raises Problem."""
    own = [each for each in kind.fields.values() if each.custom]
    if len(own) + staged >= FIELDS_MAX:
        raise Problem(f"The object {kind.name} has {FIELDS_MAX} custom fields, and cannot have more")
    if field.external_id and sum(each.external_id for each in own) + staged_keys >= EXTERNAL_IDS_MAX:
        raise Problem(f"The object {kind.name} has {EXTERNAL_IDS_MAX} external id fields, and cannot have more")


def check_change(known: Field, wanted: Field, sobject: str) -> None:
    """Whether a field that is there may become another. Raises Problem."""
    before, after = _type(known), _type(wanted)
    if before != after:
        raise Problem(f"Cannot change the type of {sobject}.{known.name} from {before} to {after}")


def described(field: Field) -> dict[str, Any]:
    """A field as content, as a retrieve tells it."""
    return {
        "fullName": field.name,
        "label": field.label,
        "type": _type(field),
        **({"description": field.description} if field.description else {}),
        **({"inlineHelpText": field.help_text} if field.help_text else {}),
        **_shape(field),
    }


def _type(field: Field) -> str:
    if field.type == "textarea":
        return "LongTextArea" if field.length > VALUE_MAX else "TextArea"
    return _TYPES[field.type]


_TYPES: Mapping[str, str] = {
    "string": "Text",
    "double": "Number",
    "currency": "Currency",
    "percent": "Percent",
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "DateTime",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
    "picklist": "Picklist",
    "multipicklist": "MultiselectPicklist",
}


def _shape(field: Field) -> dict[str, Any]:
    of_type = _type(field)
    shape: dict[str, Any] = {} if of_type in {"Checkbox", "LongTextArea"} else {"required": field.required}
    if of_type in {"Text", "LongTextArea"}:
        shape["length"] = field.length
    if of_type in {"LongTextArea", "MultiselectPicklist"}:
        shape["visibleLines"] = field.visible_lines
    if of_type in {"Text", "Number", "Email"}:
        shape |= {"externalId": field.external_id, "unique": field.unique}
    if of_type == "Text" and field.unique:
        shape["caseSensitive"] = field.case_sensitive
    if "precision" in _NEEDS[of_type]:
        shape |= {"precision": field.precision, "scale": field.scale}
    if of_type == "Checkbox":
        shape["defaultValue"] = str(bool(field.default)).lower()
    if field.choices:
        values = [
            {"fullName": each.value, "default": each.default, "label": each.label or each.value}
            for each in field.choices
            if each.active
        ]
        shape["valueSet"] = {"restricted": field.restricted, "valueSetDefinition": {"sorted": False, "value": values}}
    return shape
