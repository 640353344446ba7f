"""Sending rows of one sort through sObject Collections: 200 a call, one answer each, in order.

A collections call is safe to repeat, because updates and deletes name ids and creates are upserts by external id; so
faults that pass are tried again inside. HTTP 200 means nothing: every row tells for itself. One row with a value of
the wrong type makes Salesforce refuse the whole call, so a refused call is halved until the culprit stands alone
(Salesforce fact sheet 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from connector.core.refs import id18
from connector.errors import BridgeError, Transient
from connector.ports import Write
from connector.salesforce import faults
from connector.salesforce.api import Api, Call
from connector.salesforce.faults import Declined, Fault, Verdict

ROWS_MAX: Final = 200
PROBES_MAX: Final = 25  # subrequests of one composite call (fact sheet 1.5)
_UNPARSED: Final = "JSON_PARSER_ERROR"
_MULTIPLE: Final = 300
SHORT: Final = "Salesforce answered fewer rows than it was sent; they are read again"


class Action(StrEnum):
    """What is done to rows."""

    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Sort:
    """Rows of one sort may share a call. `key`: the external-id field of an upsert."""

    action: Action
    object: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One write and its place in the batch."""

    place: int
    write: Write

    @property
    def id(self) -> str:
        """The record's id; "" for a create."""
        return self.write.ref.id if self.write.ref else ""

    @property
    def key_value(self) -> str:
        """The external id of a create; "" for others."""
        return self.write.key[1] if self.write.key else ""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one row after sending: its id, its faults, or the error that came between."""

    id: str = ""
    created: bool = False
    faults: tuple[Fault, ...] = ()
    error: BridgeError | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What the first fault means; None without one."""
        return self.faults[0].verdict if self.faults else None


Record = Mapping[str, Any]
Job = tuple[Sort, Sequence[Row], Sequence[Record]]  # rows, and what of each goes into the body


def sent(api: Api, job: Job) -> list[Told]:
    """Send up to 200 rows; one answer each, in order. Never raises for what Salesforce does."""
    sort, rows, records = job
    try:
        results = api.json(_call(sort, rows, records))
    except Declined as error:
        if error.code != _UNPARSED or len(rows) == 1:
            return [Told(faults=error.faults)] * len(rows)
        half = len(rows) // 2
        first = sent(api, (sort, rows[:half], records[:half]))
        return first + sent(api, (sort, rows[half:], records[half:]))
    except BridgeError as error:
        return [Told(error=error)] * len(rows)
    if len(results) != len(rows):
        return [Told(error=Transient(SHORT))] * len(rows)
    return [told(result) for result in results]


def _call(sort: Sort, rows: Sequence[Row], records: Sequence[Record]) -> Call:
    if sort.action is Action.DELETE:
        ids = ",".join(row.id for row in rows)
        return Call("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false", "delete", expects=list)
    path = f"composite/sobjects/{sort.object}/{sort.key}" if sort.action is Action.UPSERT else "composite/sobjects"
    kind = {"type": sort.object}
    naming = _key_named if sort.action is Action.UPSERT else _id_named
    body = [{"attributes": kind, **naming(sort, row), **record} for row, record in zip(rows, records, strict=True)]
    return Call("PATCH", path, sort.action.value, {"allOrNone": False, "records": body}, expects=list)


def _key_named(sort: Sort, row: Row) -> dict[str, str]:
    return {sort.key: row.key_value}


def _id_named(_: Sort, row: Row) -> dict[str, str]:
    return {"id": row.id}


def told(result: Mapping[str, Any], *, created: bool = False) -> Told:
    """What one result of a collections call says; `created` where a success can mean nothing else."""
    if result.get("success"):
        return Told(result["id"], created or bool(result.get("created")))
    found = faults.faults_of(result.get("errors") or [])
    return Told(faults=found or (Fault("UNKNOWN_EXCEPTION", "no reason given"),))


def probed(api: Api, job: Job) -> list[Told]:
    """Send upserts that a duplicate rule refused once more, one by one in composite calls of 25.

    Only a single upsert is told *which* records the rule found (fact sheet 1.4, 1.8). Repeating it is harmless.
    """
    sort, rows, records = job
    requests = [
        {
            "method": "PATCH",
            "url": f"{api.root}sobjects/{sort.object}/{sort.key}/{quote(row.key_value, safe='')}",
            "referenceId": f"r{place}",
            "body": record,
        }
        for place, (row, record) in enumerate(zip(rows, records, strict=True))
    ]
    try:
        body = {"allOrNone": False, "compositeRequest": requests}
        call = Call("POST", "composite", "probe", body, expects=("compositeResponse",))
        replies = api.json(call)["compositeResponse"]
    except BridgeError as error:
        return [Told(error=error)] * len(rows)
    if len(replies) != len(rows):
        return [Told(error=Transient(SHORT))] * len(rows)
    return [_probe_told(reply) for reply in replies]


def _probe_told(reply: Mapping[str, Any]) -> Told:
    body = reply["body"]
    if reply["httpStatusCode"] < _MULTIPLE and isinstance(body, dict):
        return Told(body["id"], bool(body.get("created")))
    return Told(faults=faults.faults_of(body) or (_several(body),))


def _several(body: object) -> Fault:
    """Status 300 lists the paths of all records with that external id (fact sheet 1.3)."""
    paths = [path for path in body if isinstance(path, str)] if isinstance(body, list) else []
    if not paths:
        return Fault("UNKNOWN_EXCEPTION", "no reason given")
    matches = tuple(id18(path.rpartition("/")[2]) for path in paths)
    return Fault("DUPLICATE_EXTERNAL_ID", f"{len(matches)} records hold this external id", matches=matches)
