"""Endpoints of webhook settings and subscriptions, reached with the developer's key (HubSpot fact sheet 11.1)."""

from __future__ import annotations

from typing import Any

from connector.sandbox.exchange import Request
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.problems import Refusal, bad_request, not_found
from connector.sandbox.hubspot.settings import DEVELOPER_KEY
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.subscriptions import Subscription
from connector.sandbox.hubspot.web import NOTHING, Reply, whole

CONCURRENT_MIN = 5


def _authenticate(state: State, request: Request, app_id: str) -> None:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if request.query.get("hapikey") != DEVELOPER_KEY and bearer not in state.credentials.grants:
        raise Refusal(401, "The API key provided is invalid.", "INVALID_AUTHENTICATION")
    if app_id not in {str(state.settings.app_id), str(state.settings.oauth_app_id)}:
        raise not_found()


def _body(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError as error:
        raise bad_request("Invalid input JSON on line 1, column 1") from error
    if not isinstance(body, dict):
        raise bad_request("Invalid input JSON on line 1, column 1: not an object")
    return body


def settings(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """200 with the target, 404 before there is one."""
    _authenticate(state, request, parts[0])
    held = state.subscriptions
    if not held.target_url:
        raise not_found()
    return Reply(
        200,
        {
            "targetUrl": held.target_url,
            "throttling": {"maxConcurrentRequests": held.concurrent_max},
            "createdAt": iso(held.created_ms),
            "updatedAt": iso(held.updated_ms),
        },
    )


def configure(state: State, request: Request, version: str, parts: tuple[str, ...]) -> Reply:
    """200; the target must be https and concurrency more than five."""
    _authenticate(state, request, parts[0])
    body = _body(request)
    url, most = str(body.get("targetUrl", "")), (body.get("throttling") or {}).get("maxConcurrentRequests", 10)
    if not url.startswith("https://"):
        raise bad_request("targetUrl must use https")
    if not isinstance(most, int) or most <= CONCURRENT_MIN:
        raise bad_request("maxConcurrentRequests must be greater than 5")
    held = state.subscriptions
    held.target_url, held.concurrent_max = url, most
    held.created_ms, held.updated_ms = held.created_ms or state.now_ms, state.now_ms
    return settings(state, request, version, parts)


def clear(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """204; nothing is delivered any more."""
    _authenticate(state, request, parts[0])
    state.subscriptions.target_url = ""
    return NOTHING


def page(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """200 with every subscription."""
    _authenticate(state, request, parts[0])
    return Reply(200, {"results": [each.shown() for each in state.subscriptions.by_id.values()]})


def subscribe(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """201; paused unless `active` is true."""
    _authenticate(state, request, parts[0])
    body = _body(request)
    event, name = str(body.get("eventType", "")), body.get("propertyName")
    if "." not in event:
        raise bad_request("eventType is missing or unknown")
    if event.endswith(".propertyChange") and (not name or name == "hs_lastmodifieddate"):
        raise bad_request("propertyChange needs the name of a property that can be subscribed to")
    made = state.subscriptions.add(event, name, state.now_ms, active=bool(body.get("active", False)))
    return Reply(201, made.shown())


def read(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """200 with one subscription."""
    return Reply(200, _found(state, request, parts).shown())


def update(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """200; a subscription can be paused and resumed."""
    found = _found(state, request, parts)
    found.active = bool(_body(request).get("active", found.active))
    found.updated_ms = state.now_ms
    return Reply(200, found.shown())


def unsubscribe(state: State, request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """204."""
    found = _found(state, request, parts)
    del state.subscriptions.by_id[found.id]
    return NOTHING


def _found(state: State, request: Request, parts: tuple[str, ...]) -> Subscription:
    _authenticate(state, request, parts[0])
    found = state.subscriptions.by_id.get(whole(parts[1]) or 0)
    if found is None:
        raise not_found()
    return found
