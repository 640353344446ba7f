"""Refusals of single rows, inside answers that are fine as a whole, as both CRMs word them.

The row is taken out of the request before the sandbox sees it, and its refusal is put into the answer where it
belongs; so what is said to be refused is not written, and the other rows of the call are. Documented words: Salesforce
fact sheet 1.4, 1.5, 1.8 and 2.1, HubSpot fact sheet 2.5 and 2.9.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from connector.sandbox.exchange import Request, Response
from tests.misbehaviour.rig import Handler

_JSON = {"Content-Type": "application/json;charset=UTF-8"}
Words = Mapping[str, Any]
Spoil = Callable[["Row", Request, Handler], Response]


@dataclass
class Row:
    """One row that is refused in calls of some kinds.

    Attributes:
        victim: what the row holds and no other does: an id, or an address.
        words: what is said of it, in the form of its side.
        ways: how it is refused, by the kind of call.
        times: how many calls; None: always.
    """

    victim: str
    words: Words
    ways: Mapping[str, Spoil]
    times: int | None = None
    struck: int = 0
    kept: dict[str, Any] = field(default_factory=dict)  # what a later call of the same job must know

    def __call__(self, kind: str, request: Request, door: Handler) -> Response:
        """The answer to a call of this kind."""
        spoil = self.ways.get(kind)
        over = self.times is not None and self.struck >= self.times
        return door(request) if spoil is None or over else spoil(self, request, door)

    def holds(self, row: Any) -> bool:
        """Whether this is the row."""
        return self.victim.encode() in orjson.dumps(row)


def in_collection(row: Row, request: Request, door: Handler) -> Response:
    """A row of a Salesforce collections call: its result stands where the row stood."""
    sent = request.json()
    struck = [place for place, each in enumerate(sent["records"]) if row.holds(each)]
    if not struck:
        return door(request)
    row.struck += 1
    told = _others(sent, "records", struck, request, door) or []
    for place in struck:
        told.insert(place, {"success": False, "errors": [row.words]})
    return Response(200, orjson.dumps(told), dict(_JSON))


def in_deletion(row: Row, request: Request, door: Handler) -> Response:
    """A row of a Salesforce collections delete: ids stand in the query."""
    ids = request.query["ids"].split(",")
    if row.victim not in ids:
        return door(request)
    row.struck += 1
    place = ids.index(row.victim)
    left = ids[:place] + ids[place + 1 :]
    asked = replace(request, query_string=f"ids={','.join(left)}&allOrNone=false")
    told = orjson.loads(door(asked).body) if left else []
    told.insert(place, {"success": False, "errors": [row.words]})
    return Response(200, orjson.dumps(told), dict(_JSON))


def in_multi_status(row: Row, request: Request, door: Handler) -> Response:
    """An input of a HubSpot batch: 207, with an error that names the input."""
    sent = request.json()
    struck = [place for place, each in enumerate(sent["inputs"]) if row.holds(each)]
    if not struck:
        return door(request)
    row.struck += 1
    told = _others(sent, "inputs", struck, request, door) or {"status": "COMPLETE", "results": []}
    if not row.words:  # the result is just left out
        return Response(200, orjson.dumps(told), dict(_JSON))
    traces = [sent["inputs"][place].get("objectWriteTraceId") for place in struck]
    error = {"status": "error", **row.words, "context": {**row.words.get("context", {}), "objectWriteTraceId": traces}}
    told |= {"errors": [*told.get("errors", ()), error], "numErrors": told.get("numErrors", 0) + 1}
    return Response(207, orjson.dumps(told), dict(_JSON))


def _others(sent: Words, key: str, struck: list[int], request: Request, door: Handler) -> Any:
    """The answer to the other rows; None when there are none."""
    left = [each for place, each in enumerate(sent[key]) if place not in struck]
    return orjson.loads(door(replace(request, body=orjson.dumps({**sent, key: left}))).body) if left else None


def in_upload(row: Row, request: Request, door: Handler) -> Response:
    """A row of a bulk job; what becomes of it is told when the job is asked about."""
    lines = list(csv.DictReader(io.StringIO(request.body.decode())))
    mine = [each for each in lines if row.holds(each)]
    if not mine:
        return door(request)
    row.struck += 1
    row.kept[_job_of(request)] = mine[0]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(each for each in lines if each is not mine[0])
    return door(replace(request, body=out.getvalue().encode()))


def in_job(row: Row, request: Request, door: Handler) -> Response:
    """The state of a bulk job with a failed row, or with one that was not processed because the job failed."""
    answer = door(request)
    told = orjson.loads(answer.body)
    if _job_of(request) not in row.kept or told["state"] != "JobComplete":
        return answer
    if row.words:
        told["numberRecordsFailed"] += 1
        told["numberRecordsProcessed"] += 1
    else:
        told |= {"state": "Failed", "errorMessage": "InternalServerError : the job ran out of retries"}
    return Response(200, orjson.dumps(told), dict(_JSON))


def in_results(row: Row, request: Request, door: Handler) -> Response:
    """The failed rows of a bulk job."""
    answer = door(request)
    line = row.kept.get(_job_of(request))
    if line is None or not row.words or "failed" not in request.path:
        return answer
    names = ",".join(row.words.get("fields", ()))
    error = f"{row.words['statusCode']}:{row.words['message']}:{names} --"
    out = io.StringIO()
    writer = csv.DictWriter(out, ["sf__Id", "sf__Error", *line], lineterminator="\n")
    rows = [{**line, "sf__Id": "", "sf__Error": error}, *csv.DictReader(io.StringIO(answer.body.decode()))]
    writer.writeheader()
    writer.writerows(rows)
    return replace(answer, body=out.getvalue().encode())


def _job_of(request: Request) -> str:
    return request.path.partition("/ingest/")[2].partition("/")[0]


def in_part(row: Row, request: Request, door: Handler) -> Response:
    """A part of a Salesforce composite call; `victim` is its place. The other parts are answered."""
    answer = door(request)
    told = orjson.loads(answer.body)
    part = told["compositeResponse"][int(row.victim) % len(told["compositeResponse"])]
    part["httpStatusCode"], part["body"] = row.words["status"], [row.words["error"]]
    row.struck += 1
    return Response(200, orjson.dumps(told), dict(_JSON))


SALESFORCE_WAYS: Mapping[str, Spoil] = {
    "salesforce collections update": in_collection,
    "salesforce collections upsert": in_collection,
    "salesforce collections delete": in_deletion,
    "salesforce bulk upload": in_upload,
    "salesforce bulk poll": in_job,
    "salesforce bulk results": in_results,
}
HUBSPOT_WAYS: Mapping[str, Spoil] = {
    f"hubspot batch {each}": in_multi_status for each in ("update", "upsert", "create")
}
PART_WAYS: Mapping[str, Spoil] = {"salesforce composite": in_part}
