"""List views of an object: which there are, and what each says of itself."""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.fields import ID_SLOT, Row
from connector.sandbox.salesforce.refusals import Refusal, not_found


def answer(call: Call, rest: list[str]) -> Reply:
    """sobjects/<Type>/listviews and one of them by id. Raises Refusal."""
    if call.method != "GET":
        raise Refusal("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET", http=405)
    sobject = call.table(call.parts[1]).kind.name
    views = call.org.catalogue["ListView"]
    kept = [views.rows[each] for each in views.ids if views.live(each) is not None]
    own = [_told(call, sobject, row) for row in kept if row[views.kind.slot("SobjectType")] == sobject]
    if not rest:
        body = {"done": True, "listviews": own, "nextRecordsUrl": None, "size": len(own), "sobjectType": sobject}
        return Reply(200, body)
    found = next((each for each in own if rest == [each["id"]]), None)
    if found is None:
        raise not_found()
    return Reply(200, found)


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
