"""Tooling REST, as far as an installer needs it: make, find and delete custom fields (Salesforce fact sheet 5.1).

A field made here is hidden from everybody until a permission set grants it; those are ordinary rows. Custom fields of
tasks and events are made on Activity, and are deleted there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connector.sandbox.salesforce import schema_changes
from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.metadata import applying
from connector.sandbox.salesforce.metadata.components import Component
from connector.sandbox.salesforce.metadata.deploys import check_customizer
from connector.sandbox.salesforce.metadata.documents import Problem
from connector.sandbox.salesforce.metadata.schema import fitted
from connector.sandbox.salesforce.metadata.stage import Stage
from connector.sandbox.salesforce.metadata.store import homes
from connector.sandbox.salesforce.refusals import Refusal, not_found

_FIELD_QUERY = re.compile(
    r"\s*SELECT\s+.+\s+FROM\s+CustomField\b(?:.*\bTableEnumOrId\s*=\s*'(?P<object>\w+)')?.*", re.IGNORECASE | re.DOTALL
)


def answer(call: Call) -> Reply:
    """Anything under tooling/."""
    check_customizer(call.org, call.act.user_id)
    match call.method, call.parts[1:]:
        case "POST", ["sobjects", "CustomField"]:
            return _make(call)
        case "GET", ["sobjects", "CustomField", field_id]:
            return _read(call, field_id)
        case "DELETE", ["sobjects", "CustomField", field_id]:
            return _remove(call, field_id)
        case "GET", ["query"]:
            return _query(call)
    raise not_found()


def _make(call: Call) -> Reply:
    wanted = call.mapping()
    sobject, _, name = str(wanted.get("FullName", "")).partition(".")
    _install(call, sobject, name, wanted.get("Metadata") or {})
    field_id = call.org.custom_field_id(sobject, name)
    return Reply(201, {"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []})


def _install(call: Call, sobject: str, name: str, said: Any) -> None:
    """Make the field, once it stands. Raises Refusal."""
    if call.org.metadata.find("CustomField", f"{sobject}.{name}") is not None:
        text = f"There is already a field named {name} on {sobject}."
        raise Refusal("DUPLICATE_DEVELOPER_NAME", text, ["DeveloperName"])
    stage = Stage(call.org)
    try:
        content = fitted(said, "CustomField")
        stage.custom_field(sobject, name, content)
    except Problem as problem:
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", problem.text, ["FullName"]) from problem
    applying.apply(stage, call.act, Component("CustomField", f"{sobject}.{name}", "", content))


def _named(call: Call, field_id: str) -> tuple[str, str]:
    found = next((pair for pair, known in call.org.custom_field_ids.items() if known == field_id), None)
    if found is None:
        raise not_found()
    return found


def _read(call: Call, field_id: str) -> Reply:
    sobject, name = _named(call, field_id)
    content = call.org.metadata.find("CustomField", f"{sobject}.{name}") or {}
    metadata = {key: value for key, value in content.items() if key != "fullName"}
    return Reply(200, {**_row(call, sobject, name), "Metadata": metadata})


def _remove(call: Call, field_id: str) -> Reply:
    sobject, name = _named(call, field_id)
    for home in homes(sobject):
        schema_changes.remove(call.org, home, name)
    call.org.custom_field_ids.pop((sobject, name), None)
    return Reply(204)


def _row(call: Call, sobject: str, name: str) -> dict[str, Any]:
    field_id = call.org.custom_field_id(sobject, name)
    return {
        "attributes": {"type": "CustomField", "url": f"{call.base}/tooling/sobjects/CustomField/{field_id}"},
        "Id": field_id,
        "DeveloperName": name.removesuffix("__c"),
        "TableEnumOrId": sobject,
        "FullName": f"{sobject}.{name}",
    }


def _query(call: Call) -> Reply:
    """CustomField rows only; other tooling objects are refused by name."""
    match = _FIELD_QUERY.fullmatch(call.query.get("q", ""))
    if match is None:
        raise Refusal("INVALID_TYPE", "this sandbox's tooling query knows CustomField only")
    records = list(_rows(call, (match["object"] or "").lower()))
    return Reply(
        200,
        {
            "size": len(records),
            "totalSize": len(records),
            "done": True,
            "queryLocator": None,
            "entityTypeName": "CustomField",
            "records": records,
        },
    )


def _rows(call: Call, wanted: str) -> Iterator[dict[str, Any]]:
    for full in call.org.metadata.names("CustomField"):
        sobject, _, name = full.partition(".")
        if wanted in {"", sobject.lower()}:
            yield _row(call, sobject, name)
