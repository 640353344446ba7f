"""OAuth: handing out, examining and revoking tokens (HubSpot fact sheet 10).

Parameters travel in a form body. Refresh tokens do not rotate. A wrong refresh token is a terminal 400
`BAD_REFRESH_TOKEN`: the app must be installed anew.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from connector.sandbox.exchange import Request
from connector.sandbox.hubspot.access import Grant
from connector.sandbox.hubspot.problems import Refusal, bad_request
from connector.sandbox.hubspot.settings import (
    AUTHORIZATION_CODE,
    CLIENT_ID,
    CLIENT_SECRET,
    JOURNAL_SCOPES,
    REFRESH_TOKEN,
)
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.web import NOTHING, Reply


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _refused(error: str, description: str, status: str) -> Refusal:
    return Refusal(400, description, error=error, error_description=description, status=status)


def _authenticate(form: dict[str, str]) -> None:
    if form.get("client_id") != CLIENT_ID:
        raise _refused("invalid_client", "missing or invalid client id", "BAD_CLIENT_ID")
    if form.get("client_secret") != CLIENT_SECRET:
        raise _refused("invalid_client", "missing or invalid client secret", "BAD_CLIENT_SECRET")


def token(state: State, request: Request, _version: str, _parts: tuple[str, ...]) -> Reply:
    """200 with a fresh access token for a code, a refresh token or, for the journal only, the client itself."""
    form = _form(request)
    _authenticate(form)
    grant_type = form.get("grant_type")
    if grant_type == "client_credentials":
        return Reply(200, _issued(state, frozenset(JOURNAL_SCOPES), refreshable=False))
    if grant_type == "authorization_code":
        if form.get("code") != AUTHORIZATION_CODE:
            raise _refused("invalid_grant", "missing or unknown auth code", "BAD_AUTH_CODE")
        state.credentials.refresh_tokens.add(REFRESH_TOKEN)
    elif grant_type == "refresh_token":
        if form.get("refresh_token") not in state.credentials.refresh_tokens:
            raise bad_refresh_token()
    else:
        raise _refused("unsupported_grant_type", "grant_type is missing or unknown", "BAD_GRANT_TYPE")
    return Reply(200, _issued(state, frozenset(state.settings.scopes), refreshable=True))


def bad_refresh_token() -> Refusal:
    """400: only a new installation helps."""
    message = "refresh token is invalid, expired or revoked"
    return Refusal(400, message, error="invalid_grant", error_description=message, status="BAD_REFRESH_TOKEN")


def _issued(state: State, scopes: frozenset[str], *, refreshable: bool) -> dict[str, Any]:
    seconds = state.settings.access_token_s
    text = f"sandbox-oauth-{state.services.random.getrandbits(256):064x}"
    grant = Grant(
        text,
        state.settings.oauth_app_id,
        scopes,
        oauth=True,
        expires_ms=state.now_ms + seconds * 1000,
    )
    state.credentials.add(grant)
    issued = {
        "token_type": "bearer",
        "access_token": text,
        "expires_in": seconds,
        "hub_id": state.settings.portal_id,
        "scopes": sorted(scopes),
    }
    return {**issued, "refresh_token": REFRESH_TOKEN} if refreshable else issued


def introspect(state: State, request: Request, _version: str, _parts: tuple[str, ...]) -> Reply:
    """200; `active` says whether the token still works."""
    form = _form(request)
    _authenticate(form)
    refresh = form.get("refresh_token") or (
        form.get("token") if form.get("token_type_hint") == "refresh_token" else None
    )
    if refresh is not None:
        active = refresh in state.credentials.refresh_tokens
        return Reply(200, _described(state, state.settings.scopes, "refresh_token") if active else {"active": False})
    grant = _live(state, form.get("access_token") or form.get("token") or "")
    if grant is None:
        return Reply(200, {"active": False})
    answer = _described(state, sorted(grant.scopes), "access_token")
    answer["app_id"] = grant.app_id
    if grant.expires_ms is not None:
        answer["expires_in"] = (grant.expires_ms - state.now_ms) // 1000
    return Reply(200, answer)


def _described(state: State, scopes: Any, use: str) -> dict[str, Any]:
    return {
        "active": True,
        "token_use": use,
        "token_type": "bearer",
        "client_id": CLIENT_ID,
        "hub_id": state.settings.portal_id,
        "user_id": state.settings.user_id,
        "app_id": state.settings.oauth_app_id,
        "user": "admin@seller.example",
        "hub_domain": "seller.example",
        "scopes": list(scopes),
        "is_private_distribution": True,
    }


def revoke(state: State, request: Request, _version: str, _parts: tuple[str, ...]) -> Reply:
    """204; the token no longer works."""
    form = _form(request)
    _authenticate(form)
    for name in ("token", "access_token", "refresh_token"):
        state.credentials.revoke(form.get(name, ""))
    return NOTHING


def access_token(state: State, _request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """200 with what a token stands for (v1)."""
    grant = _live(state, parts[0])
    if grant is None:
        raise Refusal(404, "access token not found or expired")
    left = (grant.expires_ms - state.now_ms) // 1000 if grant.expires_ms is not None else state.settings.access_token_s
    return Reply(200, {**_v1(state, grant.token, sorted(grant.scopes)), "app_id": grant.app_id, "expires_in": left})


def refresh_token(state: State, _request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """200 with what a refresh token stands for (v1)."""
    if parts[0] not in state.credentials.refresh_tokens:
        raise bad_refresh_token()
    return Reply(200, {**_v1(state, parts[0], state.settings.scopes), "client_id": CLIENT_ID})


def revoke_refresh_token(state: State, _request: Request, _version: str, parts: tuple[str, ...]) -> Reply:
    """204; the app is as good as uninstalled (v1)."""
    state.credentials.revoke(parts[0])
    return NOTHING


def _v1(state: State, text: str, scopes: Any) -> dict[str, Any]:
    return {
        "token": text,
        "user": "admin@seller.example",
        "hub_domain": "seller.example",
        "scopes": list(scopes),
        "hub_id": state.settings.portal_id,
        "user_id": state.settings.user_id,
        "token_type": "access",
    }


def private_app(state: State, request: Request, _version: str, _parts: tuple[str, ...]) -> Reply:
    """200 with what a private app's token stands for."""
    try:
        key = str(request.json()["tokenKey"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request("tokenKey is required") from error
    grant = _live(state, key)
    if grant is None:
        raise Refusal(404, "token not found")
    return Reply(
        200,
        {
            "userId": state.settings.user_id,
            "hubId": state.settings.portal_id,
            "appId": grant.app_id,
            "scopes": sorted(grant.scopes),
        },
    )


def _live(state: State, text: str) -> Grant | None:
    grant = state.credentials.grants.get(text)
    expired = grant is not None and grant.expires_ms is not None and grant.expires_ms <= state.now_ms
    return None if expired else grant
