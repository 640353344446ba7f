"""What the bridge must know of the live accounts before it can plan: who they are, their fields, their owners.

Learning it costs several calls a side, and it changes seldom, so it is remembered for an hour; `check` and a refused
field ask anew. State is bound to the two accounts: credentials of another portal or org are refused before anything is
read, because ids of one account mean nothing in another (Salesforce fact sheet 12.15).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Connection

from connector.core.refs import Side
from connector.errors import Misconfigured, Problem
from connector.ports import Account, Crm, ObjectSchema, Owner
from connector.storage import bindings, state
from connector.storage.database import Database

FRESH_FOR = timedelta(hours=1)
_STATE = "facts"


@dataclass(frozen=True)
class Facts:
    """What both sides told at one moment. `credentials`: whose eyes saw it (a fingerprint, never a secret)."""

    asked_at: datetime
    credentials: str
    accounts: dict[Side, Account] = field(default_factory=dict)
    schemas: dict[Side, dict[str, ObjectSchema]] = field(default_factory=dict)
    owners: dict[Side, list[Owner]] = field(default_factory=dict)


_ADAPTER = TypeAdapter(Facts)


def learn(
    database: Database,
    crms: Mapping[Side, Crm],
    objects: Mapping[Side, Sequence[str]],
    credentials: str,
    now: datetime,
) -> Facts:
    """The facts as remembered, if fresh, complete and seen with the same credentials; else asked anew."""
    remembered = recall(database)
    if remembered and _holds(remembered, objects, credentials, now):
        return remembered
    facts = Facts(
        now,
        credentials,
        {side: crms[side].account() for side in Side},
        {side: {obj: crms[side].schema(obj) for obj in objects[side]} for side in Side},
        {side: list(crms[side].owners()) for side in Side},
    )
    with database.begin() as conn:
        _bind(conn, facts)
        state.put(conn, _STATE, _ADAPTER.dump_python(facts, mode="json"))
    return facts


def _holds(facts: Facts, objects: Mapping[Side, Sequence[str]], credentials: str, now: datetime) -> bool:
    fresh = facts.credentials == credentials and now - facts.asked_at < FRESH_FOR
    return fresh and all(obj in facts.schemas.get(side, {}) for side in Side for obj in objects[side])


def recall(database: Database) -> Facts | None:
    """The facts as last told, however old."""
    with database.read() as conn:
        stored = state.get(conn, _STATE)
    return None if stored is None else _ADAPTER.validate_python(stored)


def outdate(database: Database) -> None:
    """Have the facts asked anew next time."""
    with database.begin() as conn:
        state.put(conn, _STATE, None)


def _bind(conn: Connection, facts: Facts) -> None:
    """Tie the store to these accounts on first meeting; refuse others from then on."""
    problems = []
    for side, account in facts.accounts.items():
        bound = bindings.bound(conn, side)
        if bound is None:
            bindings.bind(conn, side, account.id)
        elif bound != account.id:
            words = f"these credentials are of account {account.id}, but the store belongs to {bound}"
            problems.append(
                Problem("config.yaml", 0, side.value, f"{words}; use another database.url for another account")
            )
    if problems:
        raise Misconfigured(problems)
