"""What admins do to the org itself, beyond actions.py: people, rules taken back one by one, the bin, tokens and quotas.

Acts as in actions.py, `act(org, ...) -> dict`, offered by name beside the API. LookupError for users, rules and tokens
that are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.sandbox.salesforce.ids import id18
from connector.sandbox.salesforce.login import user_named
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.rules import AssignmentRule
from connector.sandbox.salesforce.table import Table


def activate_user(org: Org, user: str) -> dict[str, Any]:
    """An admin lets a user in again."""
    with org.lock:
        if id18(user) not in org.catalogue["User"].rows:
            raise LookupError(f"there is no user {user}")
        org.writer.update(org.person(), org.catalogue["User"], id18(user), {"IsActive": True})
    return {"id": id18(user)}


def remove_rule(org: Org, rule: int) -> dict[str, Any]:
    """An admin deactivates one rule or automation, by the number that adding it returned."""
    with org.lock:
        gone = org.rules.leave(rule)
        if isinstance(gone, AssignmentRule):
            _deactivate(org.catalogue["AssignmentRule"], gone.id)
    return {"rule": rule, "sobject": gone.sobject}


def empty_bin(org: Org, ids: Sequence[str] = (), user: str | None = None) -> dict[str, Any]:
    """A user empties the Recycle Bin, or takes these records out of it for good; only the delete log remembers them."""
    with org.lock:
        wanted = [id18(each) for each in ids] or list(org.journal.bin)
        missing = [each for each in wanted if each not in org.journal.bin]
        if missing:
            raise LookupError(f"not in the Recycle Bin: {', '.join(missing)}")
        act = org.person(user)
        with org.journal.transaction():
            for each in wanted:
                table = org.catalogue.home(each)
                if table is not None and each in table.rows:
                    org.writer.hard_delete(act, table, each)
    return {"ids": wanted}


def revoke_token(org: Org, token: str) -> dict[str, Any]:
    """An admin ends one session or takes back one refresh token (Salesforce fact sheet 7.1)."""
    with org.lock:
        if not org.sessions.revoke(token):
            raise LookupError("no session and no refresh token of that text is good now")
    return {"revoked": True}


def grant_token(org: Org, token: str = "", user: str | None = None) -> dict[str, Any]:
    """A user (the bridge's when none is named) approves the app: a refresh token, or a fresh one, is good (again)."""
    with org.lock:
        text = token or f"5Aep861{org.sessions.opaque(60)}"
        org.sessions.grant(text, id18(user) if user else org.bridge_user)
    return {"token": text}


def open_session(org: Org, user: str) -> dict[str, Any]:
    """A session of any active user, named by id or username, without a sign-in: as a script in their hands has."""
    with org.lock:
        user_id = user_named(org, user) or id18(user)
        users = org.catalogue["User"]
        if user_id not in users.rows or not users.rows[user_id][users.kind.slot("IsActive")]:
            raise LookupError(f"there is no active user {user}")
        return {"token": org.sessions.open(user_id, org.now().timestamp()), "id": user_id}


def set_daily_use(org: Org, calls: int) -> dict[str, Any]:
    """Other apps have made so many of the calls of the last 24 hours; how many are allowed is `daily_api_requests`."""
    if calls < 0:
        raise ValueError(f"{calls} calls cannot have been made")
    with org.lock:
        org.usage.reset(org.now().timestamp(), calls)
    return {"used": calls, "allowed": org.settings.daily_api_requests}


def _deactivate(rules: Table, rule_id: str) -> None:
    row = rules.rows[rule_id].copy()
    row[rules.kind.slot("Active")] = False
    rules.put(row)
