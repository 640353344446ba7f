"""About the org: resources, describe, limits, and which rows changed or went (Salesforce fact sheet 1.6).

`latestDateCovered` never passes a change that is still under way: it is the safe watermark.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from connector.sandbox.salesforce.calls import Call, Reply, http_date
from connector.sandbox.salesforce.cleaning import stamp, unstamp
from connector.sandbox.salesforce.describe import describe, summary
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.table import Table

UPDATED_DAYS_MAX = 30
DELETED_DAYS_MAX = 15
SPAN_MIN = timedelta(minutes=1)


def index(call: Call) -> Reply:
    """Resource names and their paths."""
    names = ("composite", "jobs", "limits", "query", "queryAll", "recent", "sobjects", "tooling")
    return Reply(200, {name: f"{call.base}/{name}" for name in names})


def answer(call: Call) -> Reply:
    """describe, updated or deleted of one object."""
    table = call.table(call.parts[1])
    if call.method != "GET":
        raise Refusal("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET", http=405)
    match call.parts[2]:
        case "describe":
            return _unless_unchanged(call, lambda: describe(table.kind, call.scope, call.base))
        case "updated":
            return _updated(call, table)
        case "deleted":
            return _deleted(call, table)
    raise not_found()


def describe_global(call: Call) -> Reply:
    """Every object, with its flags."""
    return _unless_unchanged(
        call,
        lambda: {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [summary(table.kind, call.base) for table in _seen(call)],
        },
    )


def _seen(call: Call) -> list[Table]:
    """Objects whose records the user may read."""
    return [table for name, table in call.org.catalogue.tables.items() if call.scope.table(name) is not None]


def _unless_unchanged(call: Call, body: Any) -> Reply:
    changed = call.org.schema_changed.replace(microsecond=0)
    since = call.since("if-modified-since")
    headers = {"Last-Modified": http_date(changed)}
    if since is not None and changed <= since:
        return Reply(304, None, headers)
    return Reply(200, body(), headers)


def limits(call: Call) -> Reply:
    """What the org may still do today."""
    settings, used = call.org.settings, call.org.usage.used
    rows = sum(len(table.rows) for table in call.org.catalogue.tables.values())
    maxima = {
        "ConcurrentAsyncGetReportInstances": 200,
        "DailyAsyncApexExecutions": 250_000,
        "DailyBulkApiBatches": 15_000,
        "DailyBulkV2QueryFileStorageMB": 976_562,
        "DailyBulkV2QueryJobs": 10_000,
        "DailyDeliveredPlatformEvents": 25_000,
        "DailyStreamingApiEvents": 200_000,
        "FileStorageMB": 10_240,
        "HourlyPublishedPlatformEvents": 250_000,
        "StreamingApiConcurrentClients": 1_000,
    }
    found: dict[str, Any] = {name: {"Max": most, "Remaining": most} for name, most in maxima.items()}
    daily = settings.daily_api_requests
    found["DailyApiRequests"] = {
        "Max": daily,
        "Remaining": max(0, daily - used),
        "Bridge App": {"Max": 0, "Remaining": 0},
    }
    found["DailyBulkApiBatches"]["Remaining"] -= call.org.jobs.batches_used
    found["DataStorageMB"] = {"Max": 10_240, "Remaining": max(0, 10_240 - rows * 2 // 1024)}
    found["PermissionSets"] = {"Max": 1_500, "Remaining": 1_499, "CreateCustom": {"Max": 1_000, "Remaining": 999}}
    found |= {name: {"Max": most, "Remaining": most} for name, most in settings.extra_limits.items()}
    return Reply(200, dict(sorted(found.items())))


def _span(call: Call, days_max: int) -> tuple[datetime, datetime]:
    try:
        start, end = (datetime.fromisoformat(call.query[name].replace(" ", "+")) for name in ("start", "end"))
    except (KeyError, ValueError):
        raise Refusal("INVALID_REPLICATION_DATE", "start and end must be given as date and time") from None
    if start.tzinfo is None or end.tzinfo is None:
        raise Refusal("INVALID_REPLICATION_DATE", "start and end need an offset from UTC")
    if end - start <= SPAN_MIN:
        raise Refusal("INVALID_REPLICATION_DATE", "The start date must precede the end date by more than one minute")
    if call.act.now - start > timedelta(days=days_max):
        raise Refusal("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days_max} days ago")
    return start, end


def _covered(call: Call, table: Table, end: datetime) -> str:
    """The end of the window, or just before the oldest change still under way."""
    table.prune_shadows(call.act.now.timestamp())
    slot = table.kind.slot("SystemModstamp")
    under_way = [table.rows[record_id][slot] for record_id in table.shadows if record_id in table.rows]
    latest = min(end, call.act.now)
    if under_way:
        latest = min(latest, unstamp(min(under_way)) - timedelta(seconds=1))
    return stamp(latest)


def _updated(call: Call, table: Table) -> Reply:
    start, end = _span(call, UPDATED_DAYS_MAX)
    covered = _covered(call, table, end)
    low, high = stamp(start), stamp(end)
    ids = [
        record_id
        for record_id in table.in_window(low, high)
        if table.live(record_id) and record_id not in table.shadows
    ]
    return Reply(200, {"ids": ids, "latestDateCovered": covered})


def _deleted(call: Call, table: Table) -> Reply:
    start, end = _span(call, DELETED_DAYS_MAX)
    covered = _covered(call, table, end)
    log = call.org.journal.deletions
    low, high = start.timestamp(), end.timestamp()
    found = [
        {"id": record_id, "deletedDate": stamp(_moment(at, call))}
        for at, name, record_id in log
        if name == table.kind.name
        and low <= at <= high
        and table.live(record_id) is None
        and record_id not in table.shadows
    ]
    oldest = call.act.now - timedelta(days=DELETED_DAYS_MAX)
    if call.org.deletions_trimmed_at is not None:
        oldest = max(oldest, call.org.deletions_trimmed_at)
    return Reply(200, {"deletedRecords": found, "earliestDateAvailable": stamp(oldest), "latestDateCovered": covered})


def _moment(at: float, call: Call) -> datetime:
    return datetime.fromtimestamp(at, call.act.now.tzinfo)
