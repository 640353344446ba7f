"""Tooling REST, as far as an installer needs it: make, find and delete custom fields (Salesforce fact sheet 5.1).

A field made here is hidden from everybody until a permission set grants it; those are ordinary rows.
"""

from __future__ import annotations

import re

from connector.sandbox.salesforce import schema_changes
from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.refusals import Refusal, not_found

_FIELD_QUERY = re.compile(
    r"\s*SELECT\s+.+\s+FROM\s+CustomField\b(?:.*\bTableEnumOrId\s*=\s*'(?P<object>\w+)')?.*", re.IGNORECASE | re.DOTALL
)


def answer(call: Call) -> Reply:
    """Anything under tooling/."""
    match call.method, call.parts[1:]:
        case "POST", ["sobjects", "CustomField"]:
            return _make(call)
        case "DELETE", ["sobjects", "CustomField", field_id]:
            return _remove(call, field_id)
        case "GET", ["query"]:
            return _query(call)
    raise not_found()


def _make(call: Call) -> Reply:
    wanted = call.mapping()
    sobject, _, name = str(wanted.get("FullName", "")).partition(".")
    table = call.org.catalogue.find(sobject)
    if table is None or not name:
        raise Refusal(
            "FIELD_INTEGRITY_EXCEPTION", f"bad value for restricted picklist field: {sobject}", ["TableEnumOrId"]
        )
    field = schema_changes.custom_field(name, wanted.get("Metadata") or {}, granted=False)
    schema_changes.add(call.org, table.kind.name, field)
    field_id = call.org.custom_field_id(table.kind.name, name)
    return Reply(201, {"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []})


def _remove(call: Call, field_id: str) -> Reply:
    found = next((pair for pair, known in call.org.custom_field_ids.items() if known == field_id), None)
    if found is None:
        raise not_found()
    schema_changes.remove(call.org, *found)
    del call.org.custom_field_ids[found]
    return Reply(204)


def _query(call: Call) -> Reply:
    """CustomField rows only; other tooling objects are refused by name."""
    text = call.query.get("q", "")
    match = _FIELD_QUERY.fullmatch(text)
    if match is None:
        raise Refusal("INVALID_TYPE", "this sandbox's tooling query knows CustomField only")
    wanted = (match["object"] or "").lower()
    records = [
        {
            "attributes": {"type": "CustomField", "url": f"{call.base}/tooling/sobjects/CustomField/{field_id}"},
            "Id": field_id,
            "DeveloperName": field.name.removesuffix("__c"),
            "TableEnumOrId": name,
            "FullName": f"{name}.{field.name}",
        }
        for name, table in call.org.catalogue.tables.items()
        if wanted in {"", name.lower()}
        for field in table.kind.fields.values()
        if field.custom and (field_id := call.org.custom_field_id(name, field.name))
    ]
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
