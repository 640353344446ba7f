"""Whether the org takes a component, by its type: `CHECKS[type](stage, component)` raises Problem when it does not.

Texts are Salesforce's where they are known. (Salesforce fact sheet 5.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.salesforce.fields import Field
from connector.sandbox.salesforce.metadata import layout_rules, rights, view_rules
from connector.sandbox.salesforce.metadata.components import Component
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.stage import Stage
from connector.sandbox.salesforce.settings import CURRENT_VERSION

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_NAME_MAX = 80
_DESCRIPTION_MAX = 255


def _custom_field(stage: Stage, one: Component) -> None:
    sobject, _, name = one.name.partition(".")
    stage.custom_field(sobject, name, one.content)


def named(stage: Stage, sobject: str, name: str) -> Field:
    """The field a component speaks of. Raises Problem."""
    found = stage.field(sobject, name)
    if found is None:
        kind = "CustomField" if name.endswith("__c") else "field"
        raise Problem(f"In field: field - no {kind} named {sobject}.{name} found")
    return found


def _permission_set(stage: Stage, one: Component) -> None:
    _check_name(one.name)
    said = one.content
    _check_texts(stage, one)
    grants = said.get("fieldPermissions", [])
    for twice, count in Counter(each["field"] for each in grants).items():
        if count > 1:
            raise Problem(f"Duplicate fieldPermissions specified: {twice}")
    for each in grants:
        _check_grant(stage, each)
    _check_object_rights(said.get("objectPermissions", []))
    for each in said.get("userPermissions", []):
        if each["name"] not in rights.USER_PERMISSIONS:
            raise Problem(f"Unknown user permission: {each['name']}")
    unknown = said.keys() - _OF_PERMISSION_SETS
    if unknown:
        raise Problem(f"this sandbox deploys no {', '.join(sorted(unknown))} of a PermissionSet")


def _check_texts(stage: Stage, one: Component) -> None:
    """The words of a permission set: there, short enough, and its name nobody else's in another case."""
    if not one.content["label"].strip():
        raise Problem("Required fields are missing: [Label]")
    for name, most in (("label", _NAME_MAX), ("description", _DESCRIPTION_MAX)):
        if len(one.content.get(name, "")) > most:
            raise Problem(f"Value too long for field: {name} maximum length is:{most}")
    twins = {each.lower(): each for each in stage.org.metadata.names("PermissionSet")}
    if twins.get(one.name.lower(), one.name) != one.name:
        raise Problem(f"duplicate value found: Name duplicates value on record with name: {twins[one.name.lower()]}")


_OF_PERMISSION_SETS = frozenset(
    {
        "description",
        "fieldPermissions",
        "fullName",
        "hasActivationRequired",
        "label",
        "license",
        "objectPermissions",
        "userPermissions",
    }
)


def _check_grant(stage: Stage, said: Mapping[str, Any]) -> None:
    sobject, _, name = said["field"].partition(".")
    if sobject not in stage.org.catalogue.tables:
        raise Problem(f"In field: field - no CustomObject named {sobject} found")
    field = named(stage, sobject, name)
    if not rights.grantable(stage.kind(sobject), field):
        raise Problem(f"You cannot deploy to a required field: {sobject}.{name}")
    if said["editable"] and not said.get("readable"):
        raise Problem(f"Field {sobject}.{name} cannot be editable without being readable")


def _check_object_rights(said: list[Mapping[str, Any]]) -> None:
    held: dict[str, frozenset[str]] = {}
    for each in said:
        sobject = each["object"]
        if sobject not in rights.OBJECTS:
            raise Problem(f"In field: object - no CustomObject named {sobject} found, or no rights are given on it")
        if sobject in held:
            raise Problem(f"Duplicate objectPermissions specified: {sobject}")
        words = {"viewAllRecords": "ViewAllRecords", "modifyAllRecords": "ModifyAllRecords"}
        words |= {f"allow{right}": right for right in ("Read", "Create", "Edit", "Delete")}
        held[sobject] = frozenset(right for name, right in words.items() if each.get(name))
    lacking = rights.missing(held)
    if lacking is not None:
        raise Problem(f"Permission {lacking[0]} depends on permission(s): {lacking[1]}")


def _outbound_message(stage: Stage, one: Component) -> None:
    sobject, _, name = one.name.partition(".")
    _check_name(name)
    said = one.content
    address = urlsplit(said["endpointUrl"])
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise Problem(f"The endpoint URL is not valid: {said['endpointUrl']}")
    for each in said.get("fields", []):
        named(stage, sobject, each)
    users = stage.org.catalogue["User"]
    if not users.find(users.kind.fields["Username"], [said["integrationUser"]]):
        raise Problem(f"In field: integrationUser - no User named {said['integrationUser']} found")
    _check_version(said["apiVersion"])
    stage.messages.add(one.name)


def _rule(stage: Stage, one: Component) -> None:
    stage.kind(one.name.partition(".")[0])
    for each in one.content.get("actions", []):
        _check_message(stage, each["type"], f"{one.name.partition('.')[0]}.{each['name']}")


def _flow(stage: Stage, one: Component) -> None:
    _check_name(one.name)
    said = one.content
    if "apiVersion" in said:
        _check_version(said["apiVersion"])
    for name in ("label", "status"):
        if not said.get(name):
            raise Problem(f"Required field is missing: {name}")
    start = said.get("start", {})
    if "object" in start:
        stage.kind(start["object"])
    for each in said.get("actionCalls", []):
        for name in ("actionName", "actionType", "name", "label"):
            if not each.get(name):
                raise Problem(f"Required field is missing: {name}")
        _check_message(stage, each["actionType"], each["actionName"])
    elements = {each["name"] for each in _mappings(said) if "name" in each}
    targets = [each["targetReference"] for each in _mappings(said) if "targetReference" in each]
    for target in targets:
        if target not in elements:
            raise Problem(f'The flow element "{target}" that a connector leads to does not exist')


def _mappings(said: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in some content."""
    if isinstance(said, Mapping):
        yield said
    for each in said.values() if isinstance(said, Mapping) else said if isinstance(said, list) else ():
        yield from _mappings(each)


def _check_message(stage: Stage, kind: str, name: str) -> None:
    if kind not in {"outboundMessage", "OutboundMessage"}:
        raise Problem(f"this sandbox knows outbound messages only, and no action of type {kind}")
    if name not in stage.messages and stage.org.metadata.find("WorkflowOutboundMessage", name) is None:
        raise Problem(f"In field: actionName - no WorkflowOutboundMessage named {name} found")


def _lead_mapping(stage: Stage, one: Component) -> None:
    for each in one.content.get("objectMapping", []):
        source, target = each["inputObject"], each["outputObject"]
        if source != "Lead" or target not in {"Account", "Contact", "Opportunity"}:
            raise Problem(f"leads are converted into accounts, contacts and opportunities: not {source} to {target}")
        for pair in each.get("mappingFields", []):
            _check_pair(named(stage, source, pair["inputField"]), named(stage, target, pair["outputField"]), target)


def _check_pair(given: Field, taken: Field, target: str) -> None:
    if not given.custom:
        raise Problem(f"only custom fields of Lead are mapped: not {given.name}")
    if given.type != taken.type or taken.length < given.length or taken.scale < given.scale:
        raise Problem(f"Lead.{given.name} cannot be mapped to {target}.{taken.name}: their types do not fit")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
        raise Problem(
            "The API name can only contain underscores and alphanumeric characters. It must be unique, begin with a "
            f"letter, not include spaces, not end with an underscore, and not contain two consecutive ones: {name}"
        )


def _check_version(version: float) -> None:
    if not 0 < float(version) <= CURRENT_VERSION:
        raise Problem(f"Invalid API version: {version}")


CHECKS: Mapping[str, Callable[[Stage, Component], None]] = {
    "CustomField": _custom_field,
    "Flow": _flow,
    "Layout": layout_rules.check,
    "LeadConvertSettings": _lead_mapping,
    "ListView": view_rules.check,
    "PermissionSet": _permission_set,
    "WorkflowOutboundMessage": _outbound_message,
    "WorkflowRule": _rule,
}
