"""List views of an object: which there are, what each says of itself, and what is in it for whoever opens it."""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.fields import ID_SLOT, Field, Row
from connector.sandbox.salesforce.metadata import opening
from connector.sandbox.salesforce.metadata.schema import Content
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.soql_run import run

ROWS_MAX = 2000


def answer(call: Call, rest: list[str]) -> Reply:
    """sobjects/<Type>/listviews, one of them by id or API name, its `describe` and its `results`. Raises Refusal."""
    if call.method != "GET":
        raise Refusal("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET", http=405)
    sobject = call.table(call.parts[1]).kind.name
    own = _own(call, sobject)
    if not rest:
        told = [_told(call, sobject, row) for row in own]
        return Reply(
            200, {"done": True, "listviews": told, "nextRecordsUrl": None, "size": len(told), "sobjectType": sobject}
        )
    name = call.org.catalogue["ListView"].kind.slot("DeveloperName")
    row = next((each for each in own if rest[0] in {each[ID_SLOT], each[ID_SLOT][:15], each[name]}), None)
    if row is None:
        raise not_found()
    content = call.org.metadata.find("ListView", f"{sobject}.{row[name]}") or {}
    match rest[1:]:
        case []:
            return Reply(200, _told(call, sobject, row))
        case ["describe"]:
            return Reply(200, _described(call, sobject, row, content))
        case ["results"]:
            return Reply(200, _results(call, sobject, row, content))
    raise not_found()


def _own(call: Call, sobject: str) -> list[Row]:
    views = call.org.catalogue["ListView"]
    slot = views.kind.slot("SobjectType")
    kept = (views.rows[each] for each in views.ids if views.live(each) is not None)
    return [row for row in kept if row[slot] == sobject]


def _told(call: Call, sobject: str, row: Row) -> dict[str, Any]:
    kind = call.org.catalogue["ListView"].kind
    path = f"{call.base}/sobjects/{sobject}/listviews/{row[ID_SLOT]}"
    return {
        "describeUrl": f"{path}/describe",
        "developerName": row[kind.slot("DeveloperName")],
        "id": row[ID_SLOT],
        "label": row[kind.slot("Name")],
        "resultsUrl": f"{path}/results",
        "soqlCompatible": row[kind.slot("IsSoqlCompatible")],
        "url": path,
    }


def _described(call: Call, sobject: str, row: Row, content: Content) -> dict[str, Any]:
    kind = call.table(sobject).kind
    return {
        "columns": _columns(opening.columns(call.scope, kind, content)),
        "id": row[ID_SLOT],
        "orderBy": [{"fieldNameOrPath": "Id", "nullsPosition": "first", "sortDirection": "ascending"}],
        "query": opening.query(call.scope, kind, content),
        "scope": "mine" if content["filterScope"] == "Mine" else None,
        "sobjectType": sobject,
    }


def _columns(shown: dict[str, Field]) -> list[dict[str, Any]]:
    return [
        {"fieldNameOrPath": path, "hidden": False, "label": field.label, "sortable": True, "type": field.type}
        for path, field in shown.items()
    ]


def _results(call: Call, sobject: str, row: Row, content: Content) -> dict[str, Any]:
    kind = call.table(sobject).kind
    shown = opening.columns(call.scope, kind, content)
    found = run(opening.query(call.scope, kind, content), call.scope, f"{call.version}.0")
    records = [
        {"columns": [{"fieldNameOrPath": path, "value": opening.value(each, path)} for path in ("Id", *shown)]}
        for each in found.records(0, ROWS_MAX)
    ]
    told = _told(call, sobject, row)
    return {
        "columns": _columns(shown),
        "developerName": told["developerName"],
        "done": len(found.rows) <= ROWS_MAX,
        "id": row[ID_SLOT],
        "label": told["label"],
        "records": records,
        "size": len(records),
    }
