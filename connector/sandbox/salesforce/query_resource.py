"""query, queryAll, and the pages after the first (Salesforce fact sheet 1.2)."""

from __future__ import annotations

from connector.sandbox.salesforce.calls import Call, Reply
from connector.sandbox.salesforce.cursors import PAGE_ROWS_MAX
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.soql_run import run


def answer(call: Call) -> Reply:
    """Run a query, or go on with one."""
    resource, *rest = call.parts
    if call.method != "GET":
        raise Refusal("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET", http=405)
    size = _batch_size(call)
    now = call.act.now.timestamp()
    path = f"{call.base}/query"
    match rest:
        case []:
            text = call.query.get("q")
            if not text:
                raise Refusal("MALFORMED_QUERY", "SOQL statement is required: parameter q is missing")
            result = run(text, call.scope, f"{call.version}.0", everything=resource.lower() == "queryall")
            return Reply(200, call.org.cursors.page(result, call.act.user_id, now, size=size, path=path))
        case [locator]:
            return Reply(200, call.org.cursors.more(locator, call.act.user_id, now, size=size, path=path))
    raise not_found()


def _batch_size(call: Call) -> int:
    asked = call.option("sforce-query-options", "batchSize")
    return int(asked) if asked.isdigit() else PAGE_ROWS_MAX
