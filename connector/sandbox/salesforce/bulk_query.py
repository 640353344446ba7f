"""Bulk API 2.0 query jobs: a snapshot of a result, fetched in pages of CSV by an opaque locator (fact sheet 2.3)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from connector.sandbox.salesforce import bulk_csv
from connector.sandbox.salesforce.bulk_jobs import FINISHED, Job
from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.soql_parse import parse
from connector.sandbox.salesforce.soql_run import Result, run

RESULT_ROWS_DEFAULT = 50_000
_FORBIDDEN = re.compile(r"\b(GROUP\s+BY|OFFSET|TYPEOF)\b", re.IGNORECASE)


def answer(call: Call, rest: Sequence[str]) -> Reply:
    """Anything under jobs/query."""
    org = call.org
    org.jobs.expire(call.act.now.timestamp(), org.settings.bulk_retention_s)
    if not rest:
        if call.method == "POST":
            return _make(call)
        return Reply(
            200, {"done": True, "nextRecordsUrl": None, "records": [job.told() for job in org.jobs.all("query")]}
        )
    job = org.jobs.find(rest[0], "query", call.version)
    match call.method, [part.lower() for part in rest[1:]]:
        case "GET", []:
            _advance(call, job)
            return Reply(200, _told(job))
        case "PATCH", []:
            return _abort(call, job)
        case "GET", ["results"]:
            _advance(call, job)
            return _results(call, job)
        case "DELETE", []:
            if job.state not in FINISHED:
                raise Refusal("API_ERROR", "Error encountered when deleting the job because the job is not terminated")
            org.jobs.remove(job)
            return Reply(204)
    raise not_found()


def _make(call: Call) -> Reply:
    wanted = call.mapping()
    operation, text = str(wanted.get("operation", "")), str(wanted.get("query", ""))
    if operation not in {"query", "queryAll"}:
        raise Refusal("API_ERROR", f"Unsupported operation {operation!r}")
    parsed = parse(text)
    if _FORBIDDEN.search(text) or parsed.count:
        raise Refusal("API_ERROR", "GROUP BY, OFFSET, TYPEOF and aggregates are not supported in bulk queries")
    result = run(text, call.scope, f"{call.version}.0", everything=operation == "queryAll")
    if any(not field.stored for field in map(result.kind.field, result.names) if field is not None):
        raise Refusal("API_ERROR", "compound address fields are not supported in bulk queries")
    job = Job(
        call.org.mint.mint("750"),
        "query",
        call.version,
        call.act.user_id,
        call.act.now.timestamp(),
        call.act.second,
        operation,
        result.kind.name,
        line_ending=str(wanted.get("lineEnding", "LF")),
        delimiter=str(wanted.get("columnDelimiter", "COMMA")),
        query=text,
        state="UploadComplete",
        due=call.act.now.timestamp() + call.org.settings.bulk_delay_s,
    )
    call.org.jobs.add(job)
    return Reply(200, job.told())


def _told(job: Job) -> dict[str, Any]:
    told = job.told()
    if job.cells is not None:
        told |= {
            "numberRecordsProcessed": len(job.cells.rows),
            "retries": 0,
            "totalProcessingTime": 1,
            "isPkChunkingSupported": True,
        }
    return told


def _advance(call: Call, job: Job) -> None:
    if job.state not in {"UploadComplete", "InProgress"}:
        return
    job.state = "InProgress"
    if call.act.now.timestamp() >= job.due:
        job.cells = run(job.query, call.scope, f"{job.version}.0", everything=job.operation == "queryAll")
        job.state = "JobComplete"


def _abort(call: Call, job: Job) -> Reply:
    if call.mapping().get("state") != "Aborted" or job.state in FINISHED:
        raise Refusal("INVALIDJOBSTATE", f"InvalidJobState : cannot change a job that is {job.state}")
    job.state = "Aborted"
    return Reply(200, _told(job))


def _results(call: Call, job: Job) -> Reply:
    if job.state != "JobComplete":
        raise Refusal("INVALIDJOBSTATE", "InvalidJobState : results are available once the job has finished")
    result: Result = job.cells
    start = _offset(call.query.get("locator", ""))
    asked = call.query.get("maxRecords", "")
    end = start + (int(asked) if asked.isdigit() and int(asked) else RESULT_ROWS_DEFAULT)
    records = result.records(start, end)
    rows = [[bulk_csv.cell(_picked(record, name.split("."))) for name in result.names] for record in records]
    body = bulk_csv.write(result.names, rows, delimiter=job.delimiter, line_ending=job.line_ending)
    more = end < len(result.rows)
    headers = {
        "Sforce-NumberOfRecords": str(len(records)),
        "Sforce-Locator": base64.urlsafe_b64encode(str(end).encode()).decode() if more else "null",
    }
    return Reply(200, None, headers, body, "text/csv; charset=UTF-8")


def _offset(locator: str) -> int:
    if locator in {"", "null"}:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator))
    except (ValueError, binascii.Error):
        raise Refusal("INVALID_QUERY_LOCATOR", "invalid query locator") from None


def _picked(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value at a path, names in any case."""
    found: Any = record
    for step in path:
        if not isinstance(found, Mapping):
            return None
        found = next((value for name, value in found.items() if name.lower() == step.lower()), None)
    return found
