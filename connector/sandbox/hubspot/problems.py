"""What HubSpot answers when it refuses, as exceptions that carry the answer.

`Refusal` ends a request with a status and HubSpot's error envelope. A bad property value is a `ValueProblem`; several
of them become one refusal whose message holds a JSON array inside the string, mirrored in `errors` (HubSpot fact sheet
2.9).
In a batch with trace ids a refusal turns into one entry of `errors` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

VALIDATION = "VALIDATION_ERROR"
SCOPES_LINK = "https://developers.hubspot.com/scopes"


class Refusal(Exception):
    """A request is refused; `extra` are further fields of the envelope."""

    def __init__(self, status: int, message: str, category: str = "", /, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.extra = extra
        self.headers: dict[str, str] = {}

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The envelope of a whole answer."""
        answer: dict[str, Any] = {"status": "error", "message": self.message, "correlationId": correlation_id}
        answer.update(self.extra)
        if self.category:
            answer["category"] = self.category
        return answer

    def entry(self, context: Mapping[str, list[str]]) -> dict[str, Any]:
        """The same refusal as one entry of a 207's `errors`."""
        own = self.extra.get("context", {})
        entry: dict[str, Any] = {"status": "error", "category": self.category or "OBJECT_NOT_FOUND"}
        if "subCategory" in self.extra:
            entry["subCategory"] = self.extra["subCategory"]
        entry["message"] = self.message
        entry["context"] = {**own, **context}
        entry["errors"] = self.extra.get("errors", [])
        entry["links"] = {}
        return entry


@dataclass(slots=True)
class ValueProblem(Exception):
    """One property value that cannot be taken."""

    name: str
    code: str
    message: str
    value: str | None = None


def bad_values(problems: Sequence[ValueProblem], portal_id: int) -> Refusal:
    """400 with every bad property of one record listed (HubSpot fact sheet 2.9)."""
    listed = [_listed(problem, portal_id) for problem in problems]
    errors = [
        {"message": problem.message, "code": problem.code, "context": {"propertyName": [problem.name]}}
        for problem in problems
    ]
    message = "Property values were not valid: " + orjson.dumps(listed).decode()
    return Refusal(400, message, VALIDATION, errors=errors)


def _listed(problem: ValueProblem, portal_id: int) -> dict[str, Any]:
    listed: dict[str, Any] = {"isValid": False, "message": problem.message, "error": problem.code, "name": problem.name}
    if problem.value is not None:
        listed["propertyValue"] = problem.value
    listed["localizedErrorMessage"] = problem.message
    listed["portalId"] = portal_id
    return listed


def bad_request(message: str, **extra: Any) -> Refusal:
    """400 VALIDATION_ERROR with a plain message."""
    return Refusal(400, message, VALIDATION, **extra)


def not_found(object_id: str = "") -> Refusal:
    """404: the numeric and the other form differ (HubSpot fact sheet 2.9)."""
    if object_id and not object_id.isdigit():
        message = "Object not found.  objectId are usually numeric."
        return Refusal(404, message, "OBJECT_NOT_FOUND", context={"id": [object_id]})
    return Refusal(404, "resource not found")


def conflict(singular: str, existing: int) -> Refusal:
    """409 with the id of the record that holds the unique value already."""
    return Refusal(409, f"{singular.capitalize()} already exists. Existing ID: {existing}", "CONFLICT")


def missing_scopes(alternatives: Sequence[str]) -> Refusal:
    """403: one of these scopes would do."""
    return Refusal(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        f"{SCOPES_LINK}.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(alternatives)},
            },
        ],
        links={"scopes": SCOPES_LINK},
    )
