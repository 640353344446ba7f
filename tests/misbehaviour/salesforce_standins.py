"""Stand-ins of Salesforce that read the same documentation and came out otherwise."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

import orjson

from connector.sandbox.exchange import Request, Response
from tests.misbehaviour.bending import Twist, answers, everywhere, headers, refuse, retell, texts, without
from tests.misbehaviour.rig import Handler

ID = re.compile(r"(00Q|003|001|005|00G|00D)[0-9A-Za-z]{12}[A-Z0-5]{3}")
STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.000\+0000")
NO_SUCH = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
NO_BULK = [{"errorCode": "API_CURRENTLY_DISABLED", "message": "Bulk API is disabled for this user"}]
MALFORMED = [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token: COUNT"}]
OPTIONAL = (
    "defaultedOnCreate", "calculated", "autoNumber", "unique", "restrictedPicklist", "picklistValues",
    "referenceTo", "length", "label", "nillable", "custom", "idLookup", "active",
)  # fmt: skip


def short_ids(text: str) -> str:
    """Ids in their fifteen characters."""
    return text[:15] if ID.fullmatch(text) else text


def result(change: Any) -> Any:
    """Changed results of writes."""

    def remake(told: Any) -> Any:
        if isinstance(told, list):
            return [change(each) if isinstance(each, dict) and "success" in each else each for each in told]
        return change(told) if isinstance(told, dict) and "success" in told else told

    return remake


def leaner(*names: str) -> Any:
    """Results of writes without some keys."""
    return result(lambda told: {name: value for name, value in told.items() if name not in names})


def absolute(door: Handler, request: Request) -> Response:
    """`nextRecordsUrl` is a whole address; queries come in pages of forty."""
    return _paged(door, request, lambda url: f"https://acme.my.salesforce.com{url}")


def paged(door: Handler, request: Request) -> Response:
    """Queries come in pages of forty."""
    return _paged(door, request, lambda url: url)


def lastly_bare(door: Handler, request: Request) -> Response:
    """The last page says neither `done` nor how many there are."""
    response = _paged(door, request, lambda url: url)

    def remake(body: Any) -> Any:
        if isinstance(body, dict) and body.get("done") and body.get("records"):
            return {"records": body["records"]}
        return body

    retell(response, remake)
    return response


def _paged(door: Handler, request: Request, address: Any) -> Response:
    """Cuts the answer to a query; the rest is kept under a locator of our own."""
    if (number := re.search(r"/query/PAGE(\d+)-(\d+)$", request.path)) is not None:
        rest = _KEPT[int(number[1])][int(number[2]) :]
        return Response(200, orjson.dumps(_page(rest, int(number[1]), int(number[2]), address)), dict(_TYPE))
    response = door(request)
    if not re.search(r"/query(All)?/?$", request.path) or response.status != 200:
        return response
    body = orjson.loads(response.body)
    if body.get("done") and len(body["records"]) > PAGE:
        _KEPT.append(body["records"])
        body = _page(body["records"], len(_KEPT) - 1, 0, address)
        response.body = orjson.dumps(body)
    return response


PAGE = 40
_KEPT: list[list[Any]] = []
_TYPE = {"Content-Type": "application/json"}


def _page(records: list[Any], kept: int, begin: int, address: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"totalSize": len(_KEPT[kept]), "done": len(records) <= PAGE, "records": records[:PAGE]}
    if not body["done"]:
        body["nextRecordsUrl"] = address(f"/services/data/v67.0/query/PAGE{kept}-{begin + PAGE}")
    return body


def lower_headers(told: dict[str, Any]) -> dict[str, Any]:
    """Header names inside a composite answer in lower case."""
    if "httpHeaders" in told:
        told["httpHeaders"] = {name.lower(): value for name, value in told["httpHeaders"].items()}
    return told


def counted(size: Any) -> Twist:
    """`totalSize` says something else; None: missing. Counts stay right."""

    def remake(told: dict[str, Any]) -> dict[str, Any]:
        if told.get("records"):
            told.pop("totalSize", None)
            return told if size is None else {**told, "totalSize": size}
        return told

    return answers(everywhere(remake))


def count_in_records(told: dict[str, Any]) -> dict[str, Any]:
    """A COUNT() comes as a row, as aggregates do."""
    if told.get("records") == [] and told.get("totalSize"):
        return {
            **told,
            "records": [{"attributes": {"type": "AggregateResult"}, "expr0": told["totalSize"]}],
            "totalSize": 1,
        }
    return told


def no_count_over_deleted(door: Handler, request: Request) -> Response:
    """COUNT() is understood by query only, not by queryAll; also inside composite calls."""
    if "queryAll" in request.path and "COUNT()" in unquote_plus(request.query_string):
        return Response(400, orjson.dumps(MALFORMED), dict(_TYPE))
    return _inside_composite(door, request, lambda url: "queryAll" in url and "COUNT()" in url, 400, MALFORMED)


def _inside_composite(door: Handler, request: Request, bad: Any, status: int, body: Any) -> Response:
    response = door(request)
    if not request.path.endswith("/composite") or response.status != 200:
        return response
    asked = orjson.loads(request.body)["compositeRequest"]
    told = orjson.loads(response.body)
    for part, reply in zip(asked, told["compositeResponse"], strict=True):
        if bad(unquote_plus(part["url"])):
            reply.update(httpStatusCode=status, body=body)
    response.body = orjson.dumps(told)
    return response


def errors_as_object(told: Any) -> Any:
    """A failed call answers an object, not a list of one."""
    return told[0] if isinstance(told, list) and told and isinstance(told[0], dict) and "errorCode" in told[0] else told


def renamed(one: str, other: str) -> Any:
    """A key under another name."""
    return everywhere(lambda told: {other if name == one else name: value for name, value in told.items()})


def only_set(told: dict[str, Any]) -> dict[str, Any]:
    """Fields of a row without a value are left out."""
    return {name: value for name, value in told.items() if value is not None} if "attributes" in told else told


def floats(told: dict[str, Any]) -> dict[str, Any]:
    """Whole numbers as floating ones."""
    if "attributes" not in told:
        return told
    return {name: float(value) if type(value) is int else value for name, value in told.items()}


def stamped(form: str) -> Any:
    """Times in another spelling."""

    def change(text: str) -> str:
        found = STAMP.fullmatch(text)
        return (
            {"Z": f"{found[1]}Z", "milli": f"{found[1]}.000Z", "offset": f"{found[1]}+00:00"}[form] if found else text
        )

    return texts(change)


def quiet(held: dict[str, str]) -> dict[str, str]:
    """Without the day's usage."""
    return {name: value for name, value in held.items() if name.lower() != "sforce-limit-info"}


def unknown_column(*names: str) -> Twist:
    """Queries that name these fields are refused, as by an org without them."""

    def twist(door: Handler, request: Request) -> Response:
        text = unquote_plus(request.query_string)
        for name in names:
            if "/query" in request.path and re.search(rf"\b{name}\b", text):
                message = f"No such column '{name}' on entity"
                return Response(400, orjson.dumps([{"errorCode": "INVALID_FIELD", "message": message}]), dict(_TYPE))
        return door(request)

    return twist


def unknown_object(name: str) -> Twist:
    """Queries of this object are refused."""

    def twist(door: Handler, request: Request) -> Response:
        if "/query" in request.path and re.search(rf"FROM {name}\b", unquote_plus(request.query_string)):
            message = f"sObject type '{name}' is not supported."
            return Response(400, orjson.dumps([{"errorCode": "INVALID_TYPE", "message": message}]), dict(_TYPE))
        return door(request)

    return twist


STANDINS: dict[str, tuple[Twist, ...]] = {
    "ids of fifteen characters": (answers(texts(short_ids)),),
    "results without created": (answers(leaner("created")),),
    "results without errors": (answers(result(lambda told: {**told, "errors": told["errors"] or None})),),
    "lean results": (answers(result(lambda told: {name: one for name, one in told.items() if one != []})),),
    "paged by forty": (paged,),
    "absolute next addresses": (absolute,),
    "a bare last page": (lastly_bare,),
    "lower-case headers inside composite": (answers(everywhere(lower_headers), "/composite$"),),
    "no headers inside composite": (answers(without("httpHeaders"), "/composite$"),),
    "no totalSize": (counted(None),),
    "a wrong totalSize": (counted(-1),),
    "counts come as rows": (answers(everywhere(count_in_records)),),
    "no COUNT() in queryAll": (no_count_over_deleted,),
    "no composite": (refuse(r"/composite\?", 404, NO_SUCH),),
    "no list of resources": (refuse(r"/services/data/v[\d.]+/\?$", 404, NO_SUCH),),
    "no attributes": (answers(without("attributes")),),
    "errors as an object": (answers(errors_as_object, errors=True),),
    "statusCode everywhere": (answers(renamed("errorCode", "statusCode")),),
    "errorCode everywhere": (answers(renamed("statusCode", "errorCode")),),
    "errors without fields": (answers(without("fields"), r"/(composite|sobjects)(?!.*describe)"),),
    "unset fields left out": (answers(everywhere(only_set)),),
    "numbers as floats": (answers(everywhere(floats)),),
    "times with Z": (answers(stamped("Z")),),
    "times with Z and milliseconds": (answers(stamped("milli")),),
    "times with an offset": (answers(stamped("offset")),),
    "no usage header": (headers(quiet),),
    "lower-case headers": (headers(lambda held: {name.lower(): value for name, value in held.items()}),),
    "a bare description": (answers(without(*OPTIONAL), "/describe"),),
    "a bare token": (answers(without("id", "issued_at", "signature", "token_type", "scope"), "/token"),),
    "no queues": (unknown_object("QueueSobject"),),
    "no currencies": (unknown_object("CurrencyType"),),
    "no time zone of the org": (unknown_column("TimeZoneSidKey"),),
    "no reading of many": (refuse(r"/composite/sobjects/\w+\?$", 405, NO_SUCH, "POST"),),
}  # fmt: skip
BULK: dict[str, tuple[Twist, ...]] = {
    "no bulk (404)": (refuse("/jobs/", 404, NO_SUCH),),
    "no bulk (403)": (refuse("/jobs/", 403, NO_BULK),),
    "no bulk (403, no code)": (refuse("/jobs/", 403, {"message": "forbidden"}),),
    "bulk results without numbers": (answers(without("numberRecordsProcessed", "numberRecordsFailed"), "/jobs/"),),
}
