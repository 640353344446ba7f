"""The front door: sizes, tokens, quota, versions; then the call goes to its resource and its answer becomes bytes.

Every reply carries `Sforce-Limit-Info`; the server adds `Date`. Refusals become error bodies here and nowhere else.
(Salesforce fact sheet 1.1, 1.7, 1.8.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import orjson

from connector.sandbox.exchange import Request, Response
from connector.sandbox.salesforce import login, resources
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.calls import Call, Reply, act_of, parse_json, refused
from connector.sandbox.salesforce.cleaning import stamp
from connector.sandbox.salesforce.metadata import soap
from connector.sandbox.salesforce.refusals import Refusal, not_found
from connector.sandbox.salesforce.settings import CURRENT_VERSION, OLDEST_VERSION

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

HEAD_BYTES_MAX = 16_384
_DATA = re.compile(r"/services/data/v(\d+)\.0(/.*)?")
_SEASONS = ("Spring", "Summer", "Winter")
_AUTH = re.compile(r"(?:Bearer|OAuth)\s+(\S+)", re.IGNORECASE)


def handle(org: Org, request: Request) -> Response:
    """Answer one HTTP request."""
    try:
        _check_size(request)
        reply = _routed(org, request)
    except Refusal as refusal:
        reply = refused(refusal)
    return _rendered(org, request, reply)


def _check_size(request: Request) -> None:
    uri = len(request.path) + len(request.query_string) + 1
    if uri > HEAD_BYTES_MAX:
        raise Refusal("URI_TOO_LONG", "The length of the URI exceeds the 16,384 byte limit.", http=414)
    if uri + sum(len(name) + len(value) + 4 for name, value in request.headers.items()) > HEAD_BYTES_MAX:
        raise Refusal(
            "REQUEST_HEADER_TOO_LARGE",
            "The combined length of the URI and headers exceeds the 16,384 byte limit.",
            http=431,
        )


def _routed(org: Org, request: Request) -> Reply:
    path = request.path.rstrip("/")
    if path == "/services/data":
        return Reply(200, _versions())
    match = _DATA.fullmatch(request.path)
    soap_call = soap.PATH.fullmatch(request.path)
    if soap_call is not None:
        with org.lock:
            org.deploys.settle()
            return soap.answer(org, request, int(soap_call[1]))
    if match is None:
        with org.lock:
            return login.answer(org, request)
    version = int(match[1])
    if version < OLDEST_VERSION:
        raise Refusal("UNSUPPORTED_API_VERSION", "The API version requested has been retired.", http=410)
    if version > CURRENT_VERSION:
        raise not_found()
    parts = [unquote(part) for part in (match[2] or "").split("/") if part]
    multipart = request.headers.get("content-type", "").startswith(("text/csv", "multipart/"))
    payload = None if multipart or request.method == "GET" else parse_json(request.body)
    with org.lock:
        org.purge()
        org.deploys.settle()
        call = _call(org, request, version, parts)
        call.payload = payload
        return resources.answer(call)


def _call(org: Org, request: Request, version: int, parts: list[str]) -> Call:
    now = org.now()
    user_id = _authorised(org, request.headers.get("authorization", ""), now.timestamp())
    if org.services.settings.quotas_enforced and org.usage.used >= org.settings.daily_api_requests:
        org.usage.expire(now.timestamp())
        if org.usage.used >= org.settings.daily_api_requests:
            raise Refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", http=403)
    rate = org.settings.concurrent_refusal_rate
    if rate and org.services.random.random() < rate:
        text = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        raise Refusal("REQUEST_LIMIT_EXCEEDED", text, http=403)
    org.usage.count(now.timestamp())
    act = Act(user_id, "", now, stamp(now))
    call = Call(
        org, act, org.scope(user_id), request.method, version, parts, request.query, request.headers, None, request.body
    )
    call.act = act_of(call)
    return call


def _authorised(org: Org, header: str, now: float) -> str:
    match = _AUTH.fullmatch(header.strip())
    if match is None:
        raise Refusal("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", http=401)
    session = org.sessions.use(match[1], now, org.settings.session_lifetime_s)
    if session is None:
        raise Refusal("INVALID_SESSION_ID", "Session expired or invalid", http=401)
    return session.user_id


def _versions() -> list[dict[str, str]]:
    """Every version alive. 66.0 is Spring '26; three a year."""
    found = []
    for number in range(OLDEST_VERSION, CURRENT_VERSION + 1):
        season = _SEASONS[number % 3]
        year = 26 + (number - 66) // 3 + (season == "Winter")
        found.append({"label": f"{season} '{year}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return found


def _limit_info(org: Org) -> str:
    """Usage of the day; apps with a quota of their own see that too (fact sheet 1.7)."""
    used, settings = org.usage.used, org.settings
    own = f"; per-app-api-usage={used}/{settings.app_quota}(appName=Bridge App)" if settings.app_quota else ""
    return f"api-usage={used}/{settings.daily_api_requests}{own}"


def _rendered(org: Org, request: Request, reply: Reply) -> Response:
    headers = {
        "Sforce-Limit-Info": _limit_info(org),
        **reply.headers,
    }
    version = _DATA.match(request.path)
    if version is not None and OLDEST_VERSION <= int(version[1]) <= 40:  # noqa: PLR2004 - versions to be retired in 2027
        headers["Warning"] = '299 - "This API is deprecated and will be removed by Summer \'27."'
    if reply.raw is not None:
        headers["Content-Type"] = reply.content_type
        return Response(reply.status, reply.raw, headers)
    if reply.data is None:
        return Response(reply.status, b"", headers)
    headers["Content-Type"] = reply.content_type
    pretty = request.headers.get("x-prettyprint", "") in {"1", "true"}
    body = orjson.dumps(reply.data, option=orjson.OPT_INDENT_2 if pretty else 0)
    return Response(reply.status, body, headers)
