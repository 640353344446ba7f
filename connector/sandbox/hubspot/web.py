"""One authenticated call, as the endpoints see it, and the answer they give.

Endpoints are plain functions from `Call` to `Reply`. They raise `Refusal`; the portal turns it into HubSpot's envelope.
A call's body is read once, its query is single-valued except for lists, which may be repeated or comma-separated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connector.sandbox.exchange import Request
from connector.sandbox.hubspot.access import Grant
from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.problems import bad_request
from connector.sandbox.hubspot.records import Source
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.table import Table


@dataclass(slots=True)
class Reply:
    """What an endpoint answers; `payload` None is an empty body."""

    status: int = 200
    payload: Any = None
    headers: dict[str, str] = field(default_factory=dict)


NOTHING = Reply(204)


class Call:
    """One request to one endpoint; `parts` are the variable segments of its path."""

    def __init__(self, state: State, request: Request, version: str, grant: Grant) -> None:
        self.state = state
        self.request = request
        self.version = version
        self.grant = grant
        self.parts: tuple[str, ...] = ()

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object in the body; Refusal 400 when there is none."""
        try:
            parsed = self.request.json()
        except orjson.JSONDecodeError as error:
            raise bad_request(
                f"Invalid input JSON on line {error.lineno}, column {error.colno}: {error.msg}"
            ) from error
        if not isinstance(parsed, dict):
            raise bad_request("Invalid input JSON on line 1, column 1: Cannot deserialize value from Array value")
        return parsed

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """Query parameters, every value of each."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.request.query_string, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    def one(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return self.query.get(name, [default])[-1]

    def flag(self, name: str) -> bool:
        """Whether a query parameter says true."""
        return self.one(name).lower() == "true"

    def several(self, name: str) -> list[str]:
        """The values of a list parameter."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def number(self, name: str, default: int) -> int:
        """A whole-number parameter; Refusal 400 when it is none."""
        text = self.one(name, str(default))
        if not text.lstrip("-").isdigit():
            raise bad_request(f"Invalid value for {name}: {text}")
        return int(text)

    @cached_property
    def source(self) -> Source:
        """How the app's writes are signed."""
        return Source("INTEGRATION", str(self.grant.app_id), self.grant.actor)

    @property
    def table(self) -> Table:
        """The records of the type named by the first variable segment."""
        return self.table_of(self.parts[0])

    def table_of(self, name: str) -> Table:
        """The records of a type; Refusal 400 for a name that is none."""
        kind = kind_named(name)
        if kind is None:
            raise bad_request(f"Unable to infer object type from: {name}")
        return self.state.tables[kind.plural]


def whole(value: str) -> int | None:
    """A record id as a number, or None when it cannot be one."""
    return int(value) if value.isascii() and value.isdigit() else None


def batch_answer(
    state: State,
    results: list[Any],
    errors: list[dict[str, Any]] | None = None,
    status: int = 200,
) -> Reply:
    """The frame of every batch; 207 when some inputs failed (HubSpot fact sheet 2.5)."""
    at = iso(state.now_ms)
    answer: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        answer["numErrors"] = len(errors)
        answer["errors"] = errors
        status = 207
    answer["startedAt"] = at
    answer["completedAt"] = at
    return Reply(status, answer)


def listed(value: Any, name: str) -> list[Any]:
    """A JSON list, None counting as empty; Refusal 400 for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_request(f"Invalid input JSON on line 1, column 1: Cannot deserialize value of `{name}`: not a list")
    return value


def inputs_of(call: Call, most: int) -> list[dict[str, Any]]:
    """The `inputs` of a batch; Refusal 400 when there are too many or they are no objects."""
    inputs = listed(call.body.get("inputs"), "inputs")
    if len(inputs) > most:
        raise bad_request(
            f"The maximum number of inputs supported in a batch request is {most}. Received {len(inputs)}.",
        )
    if not all(isinstance(each, dict) for each in inputs):
        raise bad_request("Invalid input JSON on line 1, column 1: Cannot deserialize value of `inputs`")
    return inputs
