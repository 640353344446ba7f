"""What the bridge must know of the live accounts before it can plan: who they are, their fields, their owners.

Learning it costs several calls a side, and it changes seldom, so it is remembered for an hour; `check` and a refused
field ask anew. State is bound to the two accounts: credentials of another portal or org are refused before anything is
read, because ids of one account mean nothing in another (Salesforce fact sheet 12.15).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from connector.core.refs import Side, id18
from connector.errors import Misconfigured, Problem
from connector.ports import Account, Crm, ObjectSchema, Owner
from connector.storage import bindings, state
from connector.storage.database import Database

FRESH_FOR = timedelta(hours=1)
_STATE = "facts"
_NAMED = "but config.yaml names {}; sign in to that account, or name this one"
_BOUND = "but the store belongs to {}; use another database.url for another account"


@dataclass(frozen=True)
class Facts:
    """What both sides told at one moment. `credentials`: whose eyes saw it (a fingerprint, never a secret)."""

    asked_at: datetime
    credentials: str
    accounts: dict[Side, Account] = field(default_factory=dict)
    schemas: dict[Side, dict[str, ObjectSchema]] = field(default_factory=dict)
    owners: dict[Side, list[Owner]] = field(default_factory=dict)


_ADAPTER = TypeAdapter(Facts)


@dataclass(frozen=True)
class Asked:
    """What is to be known: of which objects, with whose eyes, and of which accounts, where the configuration says."""

    objects: Mapping[Side, Sequence[str]]
    credentials: str
    accounts: Mapping[Side, str | None] = field(default_factory=dict)


def learn(database: Database, crms: Mapping[Side, Crm], asked: Asked, now: datetime) -> Facts:
    """The facts as remembered, if fresh, complete and seen with the same credentials; else asked anew.

    Raises:
        Misconfigured: when the credentials are of another account than the configuration names or the store belongs to.
    """
    remembered = recall(database)
    if remembered and _holds(remembered, asked, now):
        _refuse_others(remembered, asked.accounts)
        return remembered
    accounts = {side: crms[side].account() for side in Side}
    facts = Facts(now, asked.credentials, accounts)
    _refuse_others(facts, asked.accounts)
    with database.read() as conn:
        _refuse_others(facts, {side: bindings.bound(conn, side) for side in Side}, _BOUND)
    facts.schemas.update({side: {obj: crms[side].schema(obj) for obj in asked.objects[side]} for side in Side})
    facts.owners.update({side: list(crms[side].owners()) for side in Side})
    with database.begin() as conn:
        for side, account in accounts.items():
            bindings.bind(conn, side, account.id)
        state.put(conn, _STATE, _spelt(facts))
    return facts


def _spelt(facts: Facts) -> Any:
    """As it is stored: equal facts are spelt alike, whatever order their sets have in this process."""
    spelt = _ADAPTER.dump_python(facts, mode="json")
    for told in spelt["schemas"].values():
        for schema in told.values():
            for each in schema["fields"].values():
                each["kinds"].sort()
    return spelt


def _holds(facts: Facts, asked: Asked, now: datetime) -> bool:
    fresh = facts.credentials == asked.credentials and now - facts.asked_at < FRESH_FOR
    return fresh and all(obj in facts.schemas.get(side, {}) for side in Side for obj in asked.objects[side])


def _refuse_others(facts: Facts, expected: Mapping[Side, str | None], words: str = _NAMED) -> None:
    """Let only the expected accounts in; org ids may be written with 15 or 18 characters."""
    problems = [
        Problem("config.yaml", 0, side.value, f"these credentials are of account {account.id}, {words.format(wanted)}")
        for side, account in facts.accounts.items()
        if (wanted := expected.get(side)) and id18(wanted) != id18(account.id)
    ]
    if problems:
        raise Misconfigured(problems)


def recall(database: Database) -> Facts | None:
    """The facts as last told, however old."""
    with database.read() as conn:
        stored = state.get(conn, _STATE)
    return None if stored is None else _ADAPTER.validate_python(stored)


def outdate(database: Database) -> None:
    """Have the facts asked anew next time."""
    with database.begin() as conn:
        state.put(conn, _STATE, None)
