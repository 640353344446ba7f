"""Many calls in one: composite, batch and tree (Salesforce fact sheet 1.5).

A composite counts as one API call. Later subrequests may name what earlier ones answered (`@{L1.id}`). With allOrNone
one failure takes all back and the others are PROCESSING_HALTED.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from connector.sandbox.salesforce.calls import Call, Reply, act_of, attribute, flag, records_of, refused
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.table import Table

SUBREQUESTS_MAX = 25
HEAVY_MAX = 5
TREE_ROWS_MAX = 200
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_URL = re.compile(r"/services/data/v(\d+)\.0/([^?]*)(?:\?(.*))?", re.DOTALL)
_HEAVY = frozenset({"query", "queryall"})
Answer = Callable[[Call], Reply]


class _Halted(Exception):
    """Leaves the transaction of an all-or-none composite."""


def composite(call: Call, answer: Answer) -> Reply:
    """Dependent subrequests, in order."""
    requests = _subrequests(call, "compositeRequest")
    if sum(_is_heavy(str(request.get("url", ""))) for request in requests) > HEAVY_MAX:
        raise Refusal("LIMIT_EXCEEDED", f"no more than {HEAVY_MAX} query or collections subrequests are allowed")
    names = [request.get("referenceId") for request in requests]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise Refusal("JSON_PARSER_ERROR", "every subrequest needs a referenceId of its own")
    replies: dict[str, Reply] = {}
    if not flag(call.mapping().get("allOrNone")):
        for request in requests:
            replies[request["referenceId"]] = _sub(call, answer, request, replies)
    else:
        _all_or_none(call, answer, requests, replies)
    return Reply(200, {"compositeResponse": [_told(name, reply) for name, reply in replies.items()]})


def _all_or_none(call: Call, answer: Answer, requests: list[Mapping[str, Any]], replies: dict[str, Reply]) -> None:
    try:
        with call.org.journal.transaction():
            for request in requests:
                replies[request["referenceId"]] = _sub(call, answer, request, replies)
                _halt(failed=_failed(replies[request["referenceId"]]))
    except _Halted:
        failed = request["referenceId"]
        text = "The transaction was rolled back since another operation in the same transaction failed."
        halted = refused(Refusal("PROCESSING_HALTED", text))
        for each in requests:
            if each["referenceId"] != failed:
                replies[each["referenceId"]] = halted
        ordered = {each["referenceId"]: replies[each["referenceId"]] for each in requests}
        replies.clear()
        replies.update(ordered)


def _failed(reply: Reply) -> bool:
    return reply.status >= 400  # noqa: PLR2004 - where HTTP errors begin


def _halt(*, failed: bool) -> None:
    """Leave the transaction if something failed."""
    if failed:
        raise _Halted


def _told(name: str, reply: Reply) -> dict[str, Any]:
    return {"body": reply.data, "httpHeaders": reply.headers, "httpStatusCode": reply.status, "referenceId": name}


def batch(call: Call, answer: Answer) -> Reply:
    """Independent subrequests; with haltOnError those after a failure are not run."""
    halt = flag(call.mapping().get("haltOnError"))
    results: list[dict[str, Any]] = []
    failed = False
    for request in _subrequests(call, "batchRequests"):
        if failed and halt:
            reply = refused(Refusal("BATCH_PROCESSING_HALTED", "Batch processing halted per request", http=412))
        else:
            url = str(request.get("url", ""))
            full = url if url.startswith("/services/") else f"/services/data/{url.lstrip('/')}"
            reply = _sub(call, answer, {**request, "url": full, "body": request.get("richInput")}, {})
        failed = failed or _failed(reply)
        results.append({"statusCode": reply.status, "result": reply.data})
    return Reply(200, {"hasErrors": failed, "results": results})


def tree(call: Call, name: str) -> Reply:
    """Insert rows with their children; any failure takes all back."""
    records = records_of(call.mapping().get("records"))
    results: list[dict[str, str]] = []
    failures: list[dict[str, Any]] = []
    try:
        with call.org.journal.transaction():
            for record in records:
                _plant(call, call.table(name), record, {}, (results, failures))
            _halt(failed=bool(failures) or len(results) > TREE_ROWS_MAX)
    except _Halted:
        if not failures:
            raise Refusal("LIMIT_EXCEEDED", f"no more than {TREE_ROWS_MAX} records are allowed in a tree") from None
        return Reply(400, {"hasErrors": True, "results": failures})
    return Reply(201, {"hasErrors": False, "results": results})


def _plant(
    call: Call,
    table: Table,
    record: Mapping[str, Any],
    parent: Mapping[str, Any],
    told: tuple[list[dict[str, str]], list[dict[str, Any]]],
) -> None:
    reference = attribute(record, "referenceId")
    nested = {name: value for name, value in record.items() if isinstance(value, Mapping) and "records" in value}
    values = {name: value for name, value in record.items() if name not in nested}
    try:
        record_id = call.org.writer.create(call.act, table, {**values, **parent})
    except Refusal as refusal:
        told[1].append({"referenceId": reference, "errors": [refusal.of_record()]})
        return
    told[0].append({"referenceId": reference, "id": record_id})
    for children in nested.values():
        for child in records_of(children["records"]):
            child_table = call.table(attribute(child, "type"))
            link = next(
                (
                    field
                    for field in child_table.kind.fields.values()
                    if table.kind.name in field.refers_to and field.createable
                ),
                None,
            )
            _plant(call, child_table, child, {link.name: record_id} if link else {}, told)


def _subrequests(call: Call, key: str) -> list[Mapping[str, Any]]:
    requests = call.mapping().get(key)
    if not isinstance(requests, list) or not requests or not all(isinstance(each, Mapping) for each in requests):
        raise Refusal("JSON_PARSER_ERROR", f"{key} must be a list of subrequests")
    if len(requests) > SUBREQUESTS_MAX:
        raise Refusal("LIMIT_EXCEEDED", f"no more than {SUBREQUESTS_MAX} subrequests are allowed")
    return requests


def _is_heavy(url: str) -> bool:
    match = _URL.fullmatch(url)
    parts = match[2].lower().strip("/").split("/") if match else []
    return bool(parts) and (parts[0] in _HEAVY or parts[:2] == ["composite", "sobjects"])


def _sub(call: Call, answer: Answer, request: Mapping[str, Any], replies: Mapping[str, Reply]) -> Reply:
    try:
        url = str(_filled(request.get("url", ""), replies))
        match = _URL.fullmatch(url)
        if match is None:
            return refused(Refusal("INVALID_URL", f"The subrequest url {url[:80]!r} is not a REST resource"))
        given = request.get("httpHeaders")
        headers = {name.lower(): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
        sub = replace(
            call,
            method=str(request.get("method", "GET")).upper(),
            version=int(match[1]),
            parts=[unquote(part) for part in match[2].split("/") if part],
            query=dict(parse_qsl(match[3] or "", keep_blank_values=True)),
            headers={**_inherited(call.headers), **headers},
            payload=_filled(request.get("body"), replies),
        )
        sub.act = act_of(sub)
        return answer(sub)
    except Refusal as refusal:
        return refused(refusal)


def _inherited(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("sforce-")}


def _filled(value: Any, replies: Mapping[str, Reply]) -> Any:
    """The value with every `@{reference.path}` replaced."""
    if isinstance(value, str):
        whole = _REFERENCE.fullmatch(value)
        if whole is not None:
            return _looked_up(whole[1], replies)
        return _REFERENCE.sub(lambda match: str(_looked_up(match[1], replies)), value)
    if isinstance(value, Mapping):
        return {name: _filled(each, replies) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, replies) for each in value]
    return value


def _looked_up(path: str, replies: Mapping[str, Reply]) -> Any:
    name, *steps = re.split(r"[.\[]", path.replace("]", ""))
    reply = replies.get(name)
    found: Any = reply.data if reply is not None and not _failed(reply) else None
    for step in steps:
        found = _step(found, step)
    if found is None:
        text = f"Invalid reference specified. No value for {path} found in {name}"
        raise Refusal("PROCESSING_HALTED", text)
    return found


def _step(found: Any, step: str) -> Any:
    if isinstance(found, Mapping):
        return found.get(step)
    if isinstance(found, list) and step.isdigit() and int(step) < len(found):
        return found[int(step)]
    return None
