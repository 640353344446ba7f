"""Stand-ins of HubSpot that read the same documentation and came out otherwise."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from connector.sandbox.exchange import Request, Response
from tests.misbehaviour.bending import Twist, answers, everywhere, headers, refuse, retell, texts, without
from tests.misbehaviour.rig import Handler

LIST = r"/objects/(2026-\d\d/)?contacts$"
BATCH = r"/batch/(create|update|upsert)$"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
NOT_HERE = {"status": "error", "message": "resource not found"}


def asked(request: Request, **changes: str | None) -> Request:
    """The request with other query parameters; None removes one."""
    query = dict(parse_qsl(request.query_string, keep_blank_values=True)) | changes
    kept = {name: value for name, value in query.items() if value is not None}
    return Request(request.method, request.path, urlencode(kept), request.headers, request.body)


def told(request: Request, body: Any) -> Request:
    """The request with another body."""
    return Request(request.method, request.path, request.query_string, request.headers, orjson.dumps(body))


def opaque_cursor(door: Handler, request: Request) -> Response:
    """`after` of a list is a word that only the server understands."""
    if request.method != "GET" or not re.search(LIST, request.path):
        return door(request)
    after = request.query.get("after")
    if after is not None:
        try:
            plain = base64.urlsafe_b64decode(after.encode()).decode().removeprefix("cursor:")
        except ValueError:
            plain = "x"
        if not plain.isdigit():
            return Response(400, orjson.dumps({"message": f"Invalid cursor {after}", "category": "VALIDATION_ERROR"}))
        request = asked(request, after=plain)
    response = door(request)

    def remake(body: Any) -> Any:
        following = (body.get("paging") or {}).get("next")
        if following:
            following["after"] = base64.urlsafe_b64encode(f"cursor:{following['after']}".encode()).decode()
        return body

    retell(response, remake)
    return response


def offsets(order: int) -> Twist:
    """Lists in another order (1: by id, -1: newest first, 0: in none), and `after` is an offset."""

    def twist(door: Handler, request: Request) -> Response:
        if request.method != "GET" or not re.search(LIST, request.path):
            return door(request)
        records: list[Any] = []
        after: str | None = None
        while True:
            page = orjson.loads(door(asked(request, after=after, limit="100")).body)
            records += page["results"]
            after = ((page.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                break
        places = {1: lambda one: int(one["id"]), -1: lambda one: -int(one["id"]), 0: lambda one: str(one["id"])[::-1]}
        records.sort(key=places[order])
        begin, size = int(request.query.get("after") or 0), int(request.query.get("limit") or 10)
        body: dict[str, Any] = {"results": records[begin : begin + size]}
        if begin + size < len(records):
            body["paging"] = {"next": {"after": str(begin + size)}}
        return Response(200, orjson.dumps(body), {"Content-Type": "application/json"})

    return twist


def short_lists(door: Handler, request: Request) -> Response:
    """Pages hold fewer than asked for."""
    if request.method == "GET" and re.search(LIST, request.path):
        request = asked(request, limit="7")
    return door(request)


def empty_page(door: Handler, request: Request) -> Response:
    """The last page of a list is an empty one."""
    response = door(request)
    if request.method == "GET" and re.search(LIST, request.path):
        if request.query.get("after") == "999999999":
            response.body = orjson.dumps({"results": []})
            return response

        def remake(body: Any) -> Any:
            if not (body.get("paging") or {}).get("next"):
                body["paging"] = {"next": {"after": "999999999", "link": "x"}}
            return body

        retell(response, remake)
    return response


def small_search(door: Handler, request: Request) -> Response:
    """A search page holds a hundred at most, however many were asked for."""
    if request.path.endswith("/search"):
        body = orjson.loads(request.body)
        request = told(request, body | {"limit": min(100, body.get("limit", 10))})
    return door(request)


def whole(status: int) -> Twist:
    """Partial success has another status."""

    def twist(door: Handler, request: Request) -> Response:
        response = door(request)
        if response.status == 207:
            response.status = status
        return response

    return twist


def missing_is_404(door: Handler, request: Request) -> Response:
    """A batch read of which some are missing is refused as a whole."""
    response = door(request)
    if request.path.endswith("/batch/read") and response.status == 207:
        response.status = 404
        response.body = orjson.dumps({"status": "error", "category": "OBJECT_NOT_FOUND", "message": "not found"})
    return response


def missing_one_by_one(body: Any) -> Any:
    """An error for each missing id, in place of one for all."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if errors:
        body["errors"] = [
            {**error, "context": {"ids": [each]}}
            for error in errors
            for each in (error.get("context") or {}).get("ids") or [""]
        ]
        body["numErrors"] = len(body["errors"])
    return body


def trace_as_text(body: Any) -> Any:
    """The trace id of an error is a text, not a list."""
    for error in (body.get("errors") or ()) if isinstance(body, dict) else ():
        traces = (error.get("context") or {}).get("objectWriteTraceId")
        if isinstance(traces, list) and traces:
            error["context"]["objectWriteTraceId"] = traces[0]
    return body


def bare_values(record: dict[str, Any]) -> dict[str, Any]:
    """Numbers and booleans in place of texts."""
    properties = record.get("properties")
    if not isinstance(properties, dict):
        return record
    bare: dict[str, Any] = {}
    for name, value in properties.items():
        if (
            isinstance(value, str)
            and re.fullmatch(r"[1-9]\d{0,14}", value)
            and name not in {"phone", "mobilephone", "zip"}
        ):
            bare[name] = int(value)
        else:
            bare[name] = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    return {**record, "properties": bare}


def numeric_ids(record: dict[str, Any]) -> dict[str, Any]:
    """Ids as numbers."""
    known = str(record.get("id", ""))
    return {**record, "id": int(known)} if known.isdigit() and "properties" in record else record


def only_set(record: dict[str, Any]) -> dict[str, Any]:
    """Properties without a value are left out."""
    properties = record.get("properties")
    if not isinstance(properties, dict):
        return record
    return {**record, "properties": {name: value for name, value in properties.items() if value is not None}}


def blanks(record: dict[str, Any]) -> dict[str, Any]:
    """Properties without a value are empty texts."""
    properties = record.get("properties")
    if not isinstance(properties, dict):
        return record
    return {**record, "properties": {name: value or "" for name, value in properties.items()}}


def chatty(record: dict[str, Any]) -> dict[str, Any]:
    """Fields nobody has documented."""
    if "properties" not in record:
        return record
    more = {"hs_unknown": {"deep": [1]}, "objectTypeId": "0-1", "portalId": 1, "associations": {}, "archivedAt": None}
    return {**more, **record, "properties": {**(record["properties"] or {}), "hs_novelty": "x"}}


def paged(value: Any) -> Any:
    """`paging` on the last page is there, and empty."""

    def remake(body: Any) -> Any:
        if isinstance(body, dict) and "results" in body and not (body.get("paging") or {}).get("next"):
            body["paging"] = value
        return body

    return remake


def totals(value: Any) -> Any:
    """`total` of a search is something else; None: missing."""

    def remake(body: Any) -> Any:
        if isinstance(body, dict):
            body.pop("total", None)
            if value is not None:
                body["total"] = value
        return body

    return remake


def restamped(form: str) -> Any:
    """Times in another spelling."""

    def change(text: str) -> str:
        found = STAMP.fullmatch(text)
        if not found:
            return text
        seconds, parts = text[:19], (found[1] or ".000")
        return {"seconds": f"{seconds}Z", "micro": f"{seconds}{parts:0<7}Z", "offset": f"{seconds}{parts}+00:00"}[form]

    return texts(change)


def no_rate(held: dict[str, str]) -> dict[str, str]:
    """Without a word of limits."""
    return {name: value for name, value in held.items() if "ratelimit" not in name.lower()}


def lowered(held: dict[str, str]) -> dict[str, str]:
    """Header names in lower case."""
    return {name.lower(): value for name, value in held.items()}


RECORDS = r"/objects/"
STANDINS: dict[str, tuple[Twist, ...]] = {
    "an opaque cursor": (opaque_cursor,),
    "lists by offset": (offsets(1),),
    "lists newest first": (offsets(-1),),
    "lists in no order": (offsets(0),),
    "short list pages": (short_lists,),
    "an empty last page": (empty_page,),
    "small search pages": (small_search,),
    "errors without correlation id": (answers(without("correlationId"), errors=True),),
    "errors without category": (answers(without("category"), errors=True),),
    "errors without category and message": (answers(without("category", "message", "correlationId"), errors=True),),
    "errors without context": (answers(without("context"), errors=True),),
    "errors with the trace as text": (answers(trace_as_text, errors=True),),
    "an error for each missing id": (answers(missing_one_by_one),),
    "partial success is 200": (whole(200),),
    "partial success is 201": (whole(201),),
    "missing ones are a 404": (missing_is_404,),
    "missing ones are passed over": (answers(without("errors", "numErrors"), "batch/read"), whole(200)),
    "no traces in results": (answers(without("objectWriteTraceId"), BATCH),),
    "no rate headers": (headers(no_rate),),
    "header names in lower case": (headers(lowered),),
    "values as JSON": (answers(everywhere(bare_values), RECORDS),),
    "ids as numbers": (answers(everywhere(numeric_ids), RECORDS),),
    "unset properties left out": (answers(everywhere(only_set), RECORDS),),
    "unset properties are empty": (answers(everywhere(blanks), RECORDS),),
    "unknown fields": (answers(everywhere(chatty), RECORDS),),
    "paging is null": (answers(paged(None)),),
    "paging is empty": (answers(paged({})),),
    "paging has no next": (answers(paged({"next": None})),),
    "searches without total": (answers(totals(None), "/search$"),),
    "a total of nothing": (answers(totals(0), "/search$"),),
    "a total of far too many": (answers(totals(10_000_000), "/search$"),),
    "a total as text": (answers(totals("12"), "/search$"),),
    "times to the second": (answers(restamped("seconds")),),
    "times to the microsecond": (answers(restamped("micro")),),
    "times with an offset": (answers(restamped("offset")),),
    "no updatedAt": (answers(without("updatedAt", "createdAt"), RECORDS),),
    "no lastmodifieddate": (answers(without("lastmodifieddate", "createdate"), RECORDS),),
    "no time at all": (answers(without("lastmodifieddate", "createdate", "updatedAt", "createdAt"), RECORDS),),
    "no archived flag": (answers(without("archived"), RECORDS),),
    "write results without properties": (answers(without("properties"), BATCH),),
    "upsert results without new": (answers(without("new"), BATCH),),
    "no merged ids": (answers(without("hs_merged_object_ids"), RECORDS),),
    "no archived listing (404)": (refuse(rf"{LIST[:-1]}.*archived=true", 404, NOT_HERE, "GET"),),
    "no archived listing (400)": (refuse(rf"{LIST[:-1]}.*archived=true", 400, NOT_HERE, "GET"),),
    "no archived batch read": (refuse(r"batch/read.*archived=true", 400, NOT_HERE),),
    "no archived owners": (refuse(r"/owners.*archived=true", 400, NOT_HERE),),
    "no history": (answers(without("propertiesWithHistory"), RECORDS),),
    "bare definitions": (
        answers(
            without(
                "modificationMetadata", "hasUniqueValue", "calculated", "externalOptions", "hidden", "displayOrder",
                "fieldType", "groupName", "archived", "description", "createdAt", "updatedAt", "formField",
            ),
            "/properties/",
        ),
    ),
    "definitions with null options": (
        answers(everywhere(lambda one: {**one, "options": one.get("options") or None}), "/properties/"),
    ),
}  # fmt: skip
SHIFTED = ("searches without total", "a total of nothing", "a total as text", "small search pages", "lists by offset",
           "lists newest first", "an opaque cursor")  # fmt: skip
