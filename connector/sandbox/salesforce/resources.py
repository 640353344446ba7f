"""Which resource answers which path, and what the headers say about the act.

Paths are matched after the version, decoded, with or without a trailing slash. (Salesforce fact sheet 1.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connector.sandbox.salesforce import (
    bulk,
    bulk_query,
    collections_resource,
    composite_resource,
    meta_resource,
    query_resource,
    rows_resource,
    tooling_resource,
    views_resource,
)
from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.metadata import deploy_resource
from connector.sandbox.salesforce.refusals import Refusal, not_found


def answer(call: Call) -> Reply:
    """The reply to a call. Raises Refusal."""
    if not call.parts:
        return meta_resource.index(call)
    resource = _RESOURCES.get(call.parts[0].lower())
    if resource is None:
        raise not_found()
    return resource(call)


def _composite(call: Call) -> Reply:
    match call.parts[1:]:
        case []:
            return composite_resource.composite(call, answer)
        case ["batch"]:
            return composite_resource.batch(call, answer)
        case ["tree", name]:
            return composite_resource.tree(call, name)
        case ["sobjects", *rest]:
            return collections_resource.answer(call, rest)
    raise not_found()


def _sobjects(call: Call) -> Reply:
    match call.parts[1:]:
        case []:
            return meta_resource.describe_global(call)
        case [_, "describe" | "updated" | "deleted"]:
            return meta_resource.answer(call)
        case [_, "listviews", *rest]:
            return views_resource.answer(call, rest)
        case _:
            return rows_resource.answer(call)


def _jobs(call: Call) -> Reply:
    match call.parts[1:]:
        case ["ingest", *rest]:
            return bulk.answer(call, rest)
        case ["query", *rest]:
            return bulk_query.answer(call, rest)
    raise not_found()


def _recent(call: Call) -> Reply:
    if call.method != "GET":
        raise Refusal("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET", http=405)
    return Reply(200, [])


_RESOURCES: Mapping[str, Callable[[Call], Reply]] = {
    "query": query_resource.answer,
    "queryall": query_resource.answer,
    "sobjects": _sobjects,
    "composite": _composite,
    "limits": meta_resource.limits,
    "jobs": _jobs,
    "metadata": deploy_resource.answer,
    "tooling": tooling_resource.answer,
    "recent": _recent,
}
