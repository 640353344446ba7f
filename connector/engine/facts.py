"""What the bridge must know of the live accounts before it can plan: who they are, their fields, their owners.

Learning it costs several calls a side, and it changes seldom, so it is remembered for an hour; `check`, a run that a
side refused, a field that vanished, one whose writing contradicts what is remembered and an owner nobody knows ask
anew; an owner still unknown then has left. State is bound to the two accounts: credentials of another portal or org are
refused before anything is read, because ids of one account mean nothing in another (Salesforce fact sheet 12.15).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from connector.core.mapping import MappingSet
from connector.core.plan import IssueKind
from connector.core.refs import Side, id18
from connector.core.transforms import UNKNOWN_OWNER
from connector.errors import Misconfigured, Problem, Unauthorised
from connector.ports import Account, Crm, ObjectSchema, Owner
from connector.storage import bindings, dirty, issues, state
from connector.storage.database import Database
from connector.storage.issues import StoredIssue

FRESH_FOR = timedelta(hours=1)
_CONTRADICTING = {  # what a side says of a field that is not as it was described
    "PROPERTY_DOESNT_EXIST",
    "READ_ONLY_VALUE",
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INSUFFICIENT_ACCESS_OR_READONLY",
}
_STATE, _LAST, _LEFT = "facts", "facts last told", "owners who left"  # in storage.state
_PARKED_MAX = 10_000  # issues looked at
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
        _refuse_others(remembered.accounts, asked.accounts)
        return remembered
    accounts = {side: crms[side].account() for side in Side}
    facts = Facts(now, asked.credentials, accounts)
    _refuse_others(accounts, asked.accounts)
    with database.read() as conn:
        _refuse_others(accounts, {side: bindings.bound(conn, side) for side in Side}, _BOUND)
    facts.schemas.update({side: {obj: crms[side].schema(obj) for obj in asked.objects[side]} for side in Side})
    facts.owners.update({side: list(crms[side].owners()) for side in Side})
    with database.begin() as conn:
        for side, account in accounts.items():
            bindings.bind(conn, side, account.id)
        _take_in_unknown(conn, facts, now)
        spelt = _spelt(facts)
        state.put(conn, _STATE, spelt)
        state.put(conn, _LAST, spelt)
    return facts


def refuse_other(database: Database, side: Side, account: Account, named: str | None) -> None:
    """Let only the account in that the configuration names and that the store belongs to, where either says so.

    Raises:
        Misconfigured: the credentials are of another one.
    """
    _refuse_others({side: account}, {side: named})
    with database.read() as conn:
        _refuse_others({side: account}, {side: bindings.bound(conn, side)}, _BOUND)


def _take_in_unknown(conn: Connection, facts: Facts, now: datetime) -> None:
    """Have the records looked at whose owner was unknown; who still is counts as an owner who left, from now on."""
    waiting = [one.issue for one in _parked(conn) if one.issue.code == UNKNOWN_OWNER]
    left = state.get(conn, _LEFT) or {}
    for side in Side:
        told = {owner.id for owner in facts.owners[side]}
        asked = {issue.value for issue in waiting if issue.value and issue.refs[0].side is side}
        left[side.value] = sorted(asked.union(left.get(side.value, ())) - told)
        facts.owners[side] += [Owner(gone, "", "", active=False) for gone in left[side.value]]
    if any(left.values()):
        state.put(conn, _LEFT, left)
    dirty.mark(conn, {issue.refs[0] for issue in waiting}, now, reason="the owners were read anew")


def _parked(conn: Connection) -> list[StoredIssue]:
    return issues.open_issues(conn, kinds=[IssueKind.PARKED], limit=_PARKED_MAX) if issues.counts(conn) else []


def _contradicts(parked: StoredIssue, known: Facts) -> bool:
    """Whether a side, or an owner whom no list holds, has contradicted what was told."""
    if parked.issue.code == UNKNOWN_OWNER:
        return parked.seen_at > known.asked_at
    return parked.opened_at > known.asked_at and parked.issue.code in _CONTRADICTING


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


def _refuse_others(accounts: Mapping[Side, Account], expected: Mapping[Side, str | None], words: str = _NAMED) -> None:
    """Let only the expected accounts in; org ids may be written with 15 or 18 characters."""
    problems = [
        Problem("config.yaml", 0, side.value, f"these credentials are of account {account.id}, {words.format(wanted)}")
        for side, account in accounts.items()
        if (wanted := expected.get(side)) and id18(wanted) != id18(account.id)
    ]
    if problems:
        raise Misconfigured(problems)


def recall(database: Database) -> Facts | None:
    """The facts as last told, however old."""
    with database.read() as conn:
        stored = state.get(conn, _STATE)
    return None if stored is None else _ADAPTER.validate_python(stored)


def last_told(database: Database, credentials: str) -> Facts | None:
    """What was last told to these credentials, outdated or not: for who must go on while a side does not answer."""
    with database.read() as conn:
        stored = state.get(conn, _LAST)
    known = None if stored is None else _ADAPTER.validate_python(stored)
    return known if known is not None and known.credentials == credentials else None


def is_outdated(conn: Connection) -> bool:
    """Whether somebody has asked for the facts to be learned anew."""
    return state.get(conn, _STATE) is None


def zone(known: Facts | None, side: Side) -> str:
    """The IANA name of an account's zone, by whose days the side counts calls; UTC until it is known."""
    account = known.accounts.get(side) if known else None
    return (account.time_zone if account else "") or "UTC"


def outdate(database: Database) -> None:
    """Have the facts asked anew next time."""
    with database.begin() as conn:
        state.put(conn, _STATE, None)


def outdate_if_contradicted(database: Database) -> None:
    """Have the facts asked anew when a field was refused since they were told, in words that contradict them."""
    known = recall(database)
    if known is None:
        return
    with database.read() as conn:
        parked = _parked(conn)
    if any(_contradicts(one, known) for one in parked):
        outdate(database)


def refuse_blind(database: Database, mapping: MappingSet) -> None:
    """Let nobody work who cannot see which records have a counterpart already, for he would make second ones.

    Raises:
        Unauthorised: where Salesforce, when last asked, did not show the field of a mapped object that holds the
            HubSpot id; it is asked anew next time.
    """
    known = recall(database)
    if known is None:
        return
    told = known.schemas.get(Side.SALESFORCE, {})
    hidden = [pair for pair in mapping.pairs if pair.salesforce_key not in _fields(told, pair.salesforce)]
    if hidden:
        outdate(database)
        raise blind(hidden[0].salesforce, hidden[0].salesforce_key)


def _fields(told: Mapping[str, ObjectSchema], obj: str) -> Collection[str]:
    return told[obj].fields if obj in told else ()


def blind(obj: str, name: str) -> Unauthorised:
    """What stands in the way where an object's field for the HubSpot id is not shown."""
    refusal = Unauthorised(
        f"Salesforce does not show {obj}.{name}, which says whom a record belongs to in HubSpot; nothing is synced, as "
        f"second records would be made. Let the integration user see and edit {obj}.{name} (field-level security of "
        "its permission set), or create the field again, then run again."
    )
    refusal.side = Side.SALESFORCE
    return refusal
