"""Bulk API 2.0 ingest: make a job, upload CSV once, say that it is complete, poll, fetch results (fact sheet 2.1).

A job that is complete may hold failed rows; rows done before a failure stay done. Results come back in another order
than they went in. Bulk calls carry no duplicate header and run no assignment rule unless the job names one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from connector.sandbox.salesforce import bulk_csv
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.bulk_jobs import BATCH_ROWS, FINISHED, Job
from connector.sandbox.salesforce.calls import Call, Reply, parse_json
from connector.sandbox.salesforce.fields import ID_SLOT
from connector.sandbox.salesforce.filling import Values
from connector.sandbox.salesforce.ids import id18, looks_like_id
from connector.sandbox.salesforce.refusals import Refusal, not_found

OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
OPEN_LIFETIME_S = 86_400.0
UPLOAD_BYTES_MAX = 100_000_000
_KEYS = ("succeeded", "failed", "unprocessed")


def answer(call: Call, rest: Sequence[str]) -> Reply:
    """Anything under jobs/ingest."""
    org = call.org
    org.jobs.expire(call.act.now.timestamp(), org.settings.bulk_retention_s)
    if not rest:
        return _make(call) if call.method == "POST" else _list(call)
    job = org.jobs.find(rest[0], "ingest", call.version)
    match call.method, [part.lower() for part in rest[1:]]:
        case "GET", []:
            _advance(call, job)
            return Reply(200, _told(job))
        case "PATCH", []:
            return _change_state(call, job)
        case "PUT", ["batches"]:
            return _upload(job, call.body)
        case "GET", ["successfulresults"]:
            return _results(job, ("sf__Id", "sf__Created"), job.succeeded)
        case "GET", ["failedresults"]:
            return _results(job, ("sf__Id", "sf__Error"), job.failed)
        case "GET", ["unprocessedrecords"]:
            return _results(job, (), job.unprocessed)
        case "DELETE", []:
            return _remove(call, job)
    raise not_found()


def _make(call: Call) -> Reply:
    wanted, content = _job_request(call)
    operation = str(wanted.get("operation", ""))
    if operation not in OPERATIONS:
        raise Refusal("INVALIDOPERATION", f"Unsupported operation {operation!r}")
    table = call.scope.table(str(wanted.get("object", "")))
    if table is None:
        raise Refusal("INVALIDENTITY", f"Unable to find object: {wanted.get('object')}")
    if wanted.get("contentType", "CSV") != "CSV":
        raise Refusal("INVALIDJOB", "InvalidJob : contentType must be CSV")
    key = table.kind.field(str(wanted.get("externalIdFieldName", ""))) if operation == "upsert" else None
    if operation == "upsert" and (key is None or not (key.external_id or key.id_lookup)):
        raise Refusal(
            "INVALIDJOB",
            "InvalidJob : Field name provided, does not match an External ID, Salesforce Id, or indexed field",
        )
    job = Job(
        call.org.mint.mint("750"),
        "ingest",
        call.version,
        call.act.user_id,
        call.act.now.timestamp(),
        call.act.second,
        operation,
        table.kind.name,
        table,
        key,
        str(wanted.get("lineEnding", "LF")),
        str(wanted.get("columnDelimiter", "COMMA")),
        wanted.get("assignmentRuleId"),
    )
    if job.line_ending not in bulk_csv.LINE_ENDINGS or job.delimiter not in bulk_csv.DELIMITERS:
        raise Refusal("INVALIDJOB", "InvalidJob : unknown lineEnding or columnDelimiter")
    call.org.jobs.add(job)
    if content is not None:
        job.content = content
        _complete(call, job)
    return Reply(200, _told(job, short=True))


def _job_request(call: Call) -> tuple[Mapping[str, Any], bytes | None]:
    """The job, and the rows when both came in one multipart request."""
    content_type = call.headers.get("content-type", "")
    if not content_type.startswith("multipart/"):
        return call.mapping(), None
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message: Any = BytesParser(policy=HTTP).parsebytes(head + call.body)  # Any: the stubs know only the oldest policy
    parts = {
        re.sub(r'^"|"$', "", str(part.get_param("name", header="content-disposition"))): part
        for part in message.iter_parts()
    }
    if set(parts) != {"job", "content"}:
        raise Refusal("INVALIDJOB", "InvalidJob : a multipart job has the parts job and content")
    wanted = parse_json(parts["job"].get_payload(decode=True))
    return wanted if isinstance(wanted, dict) else {}, parts["content"].get_payload(decode=True)


def _told(job: Job, *, short: bool = False) -> dict[str, Any]:
    told = job.told()
    told["contentUrl"] = f"services/data/v{job.version}.0/jobs/ingest/{job.id}/batches"
    if job.key is not None:
        told["externalIdFieldName"] = job.key.name
    if job.assignment_rule:
        told["assignmentRuleId"] = job.assignment_rule
    if not short:
        done = len(job.succeeded) + len(job.failed)
        told |= {
            "numberRecordsProcessed": done,
            "numberRecordsFailed": len(job.failed),
            "retries": 0,
            "totalProcessingTime": done,
            "apiActiveProcessingTime": done,
            "apexProcessingTime": 0,
        }
        if job.error:
            told["errorMessage"] = job.error
    return told


def _list(call: Call) -> Reply:
    records = [_told(job, short=True) for job in call.org.jobs.all("ingest")]
    return Reply(200, {"done": True, "nextRecordsUrl": None, "records": records})


def _upload(job: Job, content: bytes) -> Reply:
    if job.state != "Open" or job.content is not None:
        raise Refusal("INVALIDJOBSTATE", "InvalidJobState : the job takes one upload, while it is open")
    if len(content) > UPLOAD_BYTES_MAX:
        raise Refusal("CLIENTINPUTERROR", "the content is larger than 100 MB", http=413)
    job.content = content
    return Reply(201)


def _change_state(call: Call, job: Job) -> Reply:
    wanted = call.mapping().get("state")
    if wanted == "UploadComplete" and job.state == "Open" and job.content is not None:
        _complete(call, job)
    elif wanted == "Aborted" and job.state not in FINISHED:
        job.state = "Aborted"
        if job.content:
            job.header, job.unprocessed = bulk_csv.read(job.content, job.delimiter, job.line_ending)
    else:
        raise Refusal("INVALIDJOBSTATE", f"InvalidJobState : cannot go from {job.state} to {wanted}")
    return Reply(200, _told(job, short=True))


def _complete(call: Call, job: Job) -> None:
    job.state = "UploadComplete"
    job.due = call.act.now.timestamp() + call.org.settings.bulk_delay_s


def _advance(call: Call, job: Job) -> None:
    """Let time pass for a job: start it, finish it, or give up on one never completed."""
    now = call.act.now.timestamp()
    if job.state == "Open" and now - job.made > OPEN_LIFETIME_S:
        job.state = "Failed"
        job.error = "the job was open for more than a day"
    elif job.state in {"UploadComplete", "InProgress"}:
        job.state = "InProgress"
        if now >= job.due:
            _process(call, job)


def _process(call: Call, job: Job) -> None:
    try:
        job.header, lines = bulk_csv.read(job.content or b"", job.delimiter, job.line_ending)
    except Refusal as refusal:
        job.state, job.error = "Failed", refusal.message
        return
    act = replace(call.act, user_id=job.user_id, assign=job.assignment_rule or "FALSE", save_duplicates=False)
    for cells in lines:
        try:
            record_id, fresh = _write(call, act, job, bulk_csv.values(job.header, cells))
        except Refusal as refusal:
            job.failed.append(["", refusal.csv(), *cells])
        else:
            job.succeeded.append([record_id, "true" if fresh else "false", *cells])
    call.org.services.random.shuffle(job.succeeded)
    call.org.services.random.shuffle(job.failed)
    call.org.jobs.batches_used += 1 + len(lines) // BATCH_ROWS
    job.state = "JobComplete"
    job.content = b""


def _write(call: Call, act: Act, job: Job, values: dict[str, Any]) -> tuple[str, bool]:
    """One row: (id, created)."""
    writer, table = call.org.writer, job.table
    if table is None:
        raise not_found()
    if job.operation == "insert":
        return writer.create(act, table, values), True
    if job.operation == "upsert" and job.key is not None and job.key.slot != ID_SLOT:
        return _upsert(call, act, job, values)
    record_id = next((values.pop(name) for name in list(values) if name.lower() == "id"), None)
    if not looks_like_id(record_id):
        raise Refusal("MALFORMED_ID", f"malformed id {record_id}", ["Id"])
    full_id = id18(str(record_id))
    if job.operation == "hardDelete":
        writer.hard_delete(act, table, full_id)
    elif job.operation == "delete":
        writer.delete(act, table, full_id)
    else:
        writer.update(act, table, full_id, values)
    return full_id, False


def _upsert(call: Call, act: Act, job: Job, values: dict[str, Any]) -> tuple[str, bool]:
    if job.table is None or job.key is None:
        raise not_found()
    key_name = job.key.name.lower()
    key = next((values.pop(name) for name in list(values) if name.lower() == key_name), None)
    if key is None:
        raise Refusal("MISSING_ARGUMENT", f"{job.key.name} not specified", [])
    said: Values = values
    try:
        return call.org.writer.upsert(act, job.table, (job.key, key), said)
    except Refusal as refusal:
        if "ids" in refusal.extra:
            raise Refusal(
                "DUPLICATE_VALUE", f"more than one record found for external id {key}", [job.key.name]
            ) from None
        raise


def _results(job: Job, added: Sequence[str], rows: list[list[str]]) -> Reply:
    if job.state not in FINISHED:
        raise Refusal("INVALIDJOBSTATE", "InvalidJobState : results are available once the job has finished")
    body = bulk_csv.write([*added, *job.header], rows, delimiter=job.delimiter, line_ending=job.line_ending)
    return Reply(200, None, {}, body, "text/csv; charset=UTF-8")


def _remove(call: Call, job: Job) -> Reply:
    if job.state in {"UploadComplete", "InProgress"}:
        raise Refusal("INVALIDJOBSTATE", "InvalidJobState : a job under way cannot be deleted; abort it")
    call.org.jobs.remove(job)
    return Reply(204)
