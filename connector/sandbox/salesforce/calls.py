"""One REST call inside the org, and its answer before it becomes bytes.

Composite subrequests are such calls too, so resources never see sockets, tokens or quotas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson

from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.catalogue import Scope
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.table import Table

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org


@dataclass(slots=True)
class Reply:
    """An answer: `data` becomes JSON, unless `raw` says the bytes outright."""

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json;charset=UTF-8"


@dataclass(slots=True)
class Call:
    """A call by a known user. `parts` is the path after the version, decoded; `payload` the parsed body."""

    org: Org
    act: Act
    scope: Scope
    method: str
    version: int
    parts: list[str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    payload: Any = None
    body: bytes = b""

    @property
    def base(self) -> str:
        """The path of the version called."""
        return f"/services/data/v{self.version}.0"

    def table(self, name: str) -> Table:
        """The table of an object named in the path. Raises Refusal NOT_FOUND."""
        found = self.scope.table(name)
        if found is None:
            raise not_found()
        return found

    def mapping(self) -> Mapping[str, Any]:
        """The body as a JSON object. Raises Refusal JSON_PARSER_ERROR."""
        if not isinstance(self.payload, Mapping):
            raise Refusal("JSON_PARSER_ERROR", "The HTTP entity body is required to be a JSON object")
        return self.payload

    def option(self, header: str, name: str) -> str:
        """One `name=value` out of a header of such pairs, or ''."""
        for pair in self.headers.get(header, "").replace(";", ",").split(","):
            key, _, value = pair.strip().partition("=")
            if key.lower() == name.lower():
                return value.strip()
        return ""

    def since(self, header: str) -> datetime | None:
        """A conditional header as a moment, if sent. Raises Refusal when it is no HTTP date."""
        text = self.headers.get(header)
        if text is None:
            return None
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            raise Refusal("INVALID_HEADER", f"{header}: not an HTTP date") from None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def http_date(moment: datetime) -> str:
    """A moment as HTTP headers spell it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def flag(value: Any) -> bool:
    """A boolean from JSON or a query parameter."""
    return value is True or str(value).lower() == "true"


def attribute(record: Mapping[str, Any], name: str) -> str:
    """A word out of the `attributes` of a record, or ''."""
    attributes = record.get("attributes")
    return str(attributes.get(name, "")) if isinstance(attributes, Mapping) else ""


def records_of(value: Any) -> list[Mapping[str, Any]]:
    """A list of JSON objects. Raises Refusal JSON_PARSER_ERROR when it is none."""
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise Refusal("JSON_PARSER_ERROR", "records must be a list of objects")
    return value


def parse_json(body: bytes) -> Any:
    """A request body, None when empty. Raises Refusal JSON_PARSER_ERROR."""
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal("JSON_PARSER_ERROR", f"Unexpected character at {error.lineno}:{error.colno}") from None


def act_of(call: Call) -> Act:
    """The circumstance of writes in this call, from its headers (fact sheet 1.7)."""
    client = call.option("sforce-call-options", "client")
    assign = call.headers.get("sforce-auto-assign", "TRUE").strip()
    return Act(
        call.act.user_id,
        f"api:{client or 'unnamed'}",
        call.act.now,
        call.act.second,
        assign.upper() if assign.upper() in {"TRUE", "FALSE"} else assign,
        save_duplicates=flag(call.option("sforce-duplicate-rule-header", "allowSave")),
        duplicate_details=flag(call.option("sforce-duplicate-rule-header", "includeRecordDetails")),
    )


def refused(refusal: Refusal) -> Reply:
    """A refusal as a top-level error reply; 300 is a bare list of paths."""
    if refusal.http == 300:  # noqa: PLR2004 - the one status whose body is not an error list
        return Reply(300, refusal.extra.get("paths", []))
    return Reply(refusal.http, refusal.top_level())
