"""What HubSpot says of batches, put together for scripts."""

import orjson

from connector import ports
from connector.core import refs
from connector.core.values import Kind
from tests.contract.hubspot_side import answer

VIEW = ports.View(
    "contacts",
    {
        "email": Kind.EMAIL,
        "firstname": Kind.TEXT,
        "age": Kind.NUMBER,
        "lifecyclestage": Kind.PICKLIST,
        "salesforce_id": Kind.TEXT,
    },
)
DEALS = ports.View("deals", {"dealname": Kind.TEXT, "dealstage": Kind.PICKLIST, "closedate": Kind.DATETIME})
AT = "2026-11-02T08:00:01.500Z"


def contact(number):
    return refs.hubspot("contacts", str(number))


def update(number, **values):
    return ports.Write(contact(number), values)


def create(key="K-1", **values):
    return ports.Write(None, values, key=("salesforce_id", key))


def record(number, *, new=None, **properties):
    shown = {"id": str(number), "properties": properties, "updatedAt": AT, "archived": False}
    return shown if new is None else shown | {"new": new}


def done(*records, status=200, errors=()):
    body = {"status": "COMPLETE", "results": list(records)}
    return answer(207 if errors else status, body | ({"numErrors": len(errors), "errors": errors} if errors else {}))


def failure(category, message, *traces, ids=(), **more):
    context = ({"objectWriteTraceId": list(traces)} if traces else {}) | ({"ids": list(ids)} if ids else {})
    return {"status": "error", "category": category, "message": message, "context": context, **more}


def bad_option(*traces):
    inside = orjson.dumps(
        [
            {
                "isValid": False,
                "message": "X was not one of the allowed options",
                "error": "INVALID_OPTION",
                "name": "age",
            }
        ]
    ).decode()
    return failure("VALIDATION_ERROR", f"Property values were not valid: {inside}", *traces)


def echo(request):
    """Everything is written as sent; results come backwards."""
    inputs = orjson.loads(request.body)["inputs"]
    return done(*[record(each["id"], **each["properties"]) for each in reversed(inputs)])


def sent(script, pattern="batch/update"):
    return [[(each.get("id"), each.get("properties")) for each in body["inputs"]] for body in script.bodies(pattern)]
