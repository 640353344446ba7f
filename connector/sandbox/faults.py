"""Faults turned into answers: how a call that a rule struck looks to its caller.

    kind             what the caller sees                                     params (default)
    status           that status                                              status (500), body json|html|empty,
                                                                              content (any JSON), headers
    reset            the connection is closed without an answer
    truncated        half a body, then the connection closed
    truncated_gzip   a complete HTTP answer whose gzip stream breaks off
    trickle          the true answer, byte by byte
    slow             the true answer, late                                    seconds (30)
    html_200         a proxy's HTML page with status 200
    hang             nothing for long, then the connection closed             seconds (3600)

Before commit, only `slow` and `trickle` let the call take effect; after commit every call has, and only its answer is
spoiled: the created-but-unanswered POST is `reset` with `after_commit`. Default bodies are each CRM's own (HubSpot fact
sheet 2.9 and 9, Salesforce fact sheet 1.8).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.services import Fault, Services

Handler = Callable[[Request], Response]

SLOW_S = 30.0
HANG_S = 3600.0
_HARMLESS = frozenset({"slow", "trickle"})
_PLACEHOLDER = orjson.dumps({"results": [{"id": str(number), "properties": {}} for number in range(40)]})
_HTML = b"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n"
_JSON_TYPE = {"hubspot": "application/json;charset=utf-8", "salesforce": "application/json;charset=UTF-8"}
_EMPTY = frozenset({406, 420})  # Salesforce's edge answers these with nothing at all
_HTML_FROM = 502  # from here on it is the edge that speaks, and it speaks HTML

_HUBSPOT: Mapping[int, Mapping[str, Any]] = {
    401: {"message": "Authentication credentials not found.", "category": "INVALID_AUTHENTICATION"},
    403: {
        "message": "This app hasn't been granted all required scopes to make this call.",
        "category": "MISSING_SCOPES",
    },
    423: {"message": "The resource is locked; try again later.", "category": "LOCKED"},
    429: {
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    },
    477: {"message": "This account is being migrated to another data centre.", "category": "MIGRATION_IN_PROGRESS"},
    500: {"message": "internal error"},
}
_SALESFORCE: Mapping[int, tuple[str, str]] = {
    400: ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
    503: ("SERVER_UNAVAILABLE", "Server unavailable"),
}


def with_faults(side: str, handle: Handler, services: Services) -> Handler:
    """`handle`, struck by the rules in force and slowed by the latency set."""
    faults, settings, dice = services.faults, services.settings, services.random

    def call(request: Request) -> Response:
        fault = faults.before(side, request)
        if fault is not None and fault.kind not in _HARMLESS:
            response = spoiled(side, fault, Response(200, _PLACEHOLDER, {"Content-Type": _JSON_TYPE[side]}))
        else:
            response = handle(request)
            if fault is not None:
                response = spoiled(side, fault, response)
            if (lost := faults.after(side, request)) is not None:
                response = spoiled(side, lost, response)
        if settings.latency_s or settings.latency_jitter_s:
            response.delay_s += settings.latency_s + settings.latency_jitter_s * dice.random()
        return response

    return call


def spoiled(side: str, fault: Fault, response: Response) -> Response:
    """The answer as the fault leaves it; `response` is what it would have been."""
    match fault.kind:
        case "status":
            return _status(side, fault.params)
        case "html_200":
            return _html(200, "Sign in to continue")
        case "reset":
            response.wire = Wire.RESET
        case "truncated":
            response.wire = Wire.TRUNCATED if len(response.body) > 1 else Wire.RESET
        case "truncated_gzip":
            return _broken_gzip(response)
        case "trickle":
            response.wire = Wire.TRICKLE
        case "slow":
            response.delay_s += float(fault.params.get("seconds", SLOW_S))
        case "hang":
            response.delay_s += float(fault.params.get("seconds", HANG_S))
            response.wire = Wire.RESET
    return response


def _status(side: str, params: Mapping[str, Any]) -> Response:
    status = int(params.get("status", 500))
    form = params.get("body") or _usual_form(status)
    headers = {str(name): str(value) for name, value in params.get("headers", {}).items()}
    if "content" in params:
        response = Response(status, orjson.dumps(params["content"]), {"Content-Type": _JSON_TYPE[side]})
    elif form == "html":
        response = _html(status, _phrase(status))
    elif form == "empty":
        response = Response(status)
    else:
        content = _hubspot(status) if side == "hubspot" else _salesforce(status)
        response = Response(status, orjson.dumps(content), {"Content-Type": _JSON_TYPE[side]})
    response.headers.update(headers)
    return response


def _usual_form(status: int) -> str:
    if status in _EMPTY:
        return "empty"
    return "html" if status >= _HTML_FROM else "json"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status}"


def _html(status: int, title: str) -> Response:
    words = title.encode()
    return Response(status, _HTML % (words, words), {"Content-Type": "text/html; charset=UTF-8"})


def _hubspot(status: int) -> dict[str, Any]:
    usual = _HUBSPOT.get(status, {"message": _phrase(status)})
    return {"status": "error", "correlationId": "00000000-0000-4000-8000-0000000fa017", **usual}


def _salesforce(status: int) -> list[dict[str, Any]]:
    code, message = _SALESFORCE.get(status, ("UNKNOWN_EXCEPTION", _phrase(status)))
    return [{"message": message, "errorCode": code}]


def _broken_gzip(response: Response) -> Response:
    """A gzip stream that ends early inside a complete HTTP answer: only decompressing tells."""
    packer = zlib.compressobj(level=1, wbits=31)
    packed = packer.compress(response.body or b"\n") + packer.flush()
    response.body = packed[: len(packed) // 2]
    response.headers["Content-Encoding"] = "gzip"
    return response
