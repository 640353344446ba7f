"""The document that describes the API, OpenAPI 3.1, made of the operations and their models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from connector.admin.api.operations import Operation, Shape

_AT: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = (
    "What the bridge knows, and what people may do about it: the same reads and acts as the pages. "
    "Make a token with `smarketing token add NAME --role viewer`; a role may do all that lower ones may."
)
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do about it."},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "found", "problem"],
                "properties": {"key": {"type": "string"}, "found": {}, "problem": {"type": "string"}},
            },
        },
    },
}
_REFUSALS: Final = {
    "401": "No token, or none that is known.",
    "403": "The token's role may not do this.",
    "404": "There is nothing at this address.",
    "409": "It cannot be done as things are; `detail` says why.",
    "422": "Something asked cannot be used; `problems` lists everything.",
    "503": "The store, the configuration or a CRM is not available; nothing was done.",
}


def document(operations: Sequence[Operation], prefix: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(prefix + one.template, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Smarketing Bridge", "version": "1", "description": _DESCRIPTION},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM, **_schemas(operations)},
        },
    }


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    wanted: dict[tuple[type[Shape], JsonSchemaMode], None] = {}
    for one in operations:
        if one.method == "POST":
            wanted[one.takes, "validation"] = None
        wanted[one.answers, "serialization"] = None
    _, found = models_json_schema(list(wanted), ref_template=_AT)
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _operation(one: Operation) -> dict[str, Any]:
    row: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": f"Needs the role {one.role.word}.",
        "parameters": [*_path(one), *(_query(one) if one.method == "GET" else ())],
        "responses": {"200": _answer(one.summary, one.answers.__name__, "application/json"), **_refusals()},
    }
    if one.method == "POST":
        row["requestBody"] = {
            "content": {"application/json": {"schema": {"$ref": _AT.format(model=one.takes.__name__)}}}
        }
    return row


def _path(one: Operation) -> Iterator[dict[str, Any]]:
    for name, kind in one.parts:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _query(one: Operation) -> Iterator[dict[str, Any]]:
    schema = one.takes.model_json_schema()
    for name, found in schema.get("properties", {}).items():
        words = {"description": found.pop("description")} if "description" in found else {}
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": found, **words}


def _answer(words: str, model: str, kind: str) -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": {"$ref": _AT.format(model=model)}}}}


def _refusals() -> dict[str, Any]:
    return {code: _answer(words, "Problem", "application/problem+json") for code, words in _REFUSALS.items()}
