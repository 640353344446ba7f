"""What waits for a person: conflicts, ambiguous matches, parked values, held plans.

An issue is known by its kind, leading ref, rule and field; while it is open, raising it again counts and refreshes it
but opens no second one. A decision holds for the values it was taken on: when an issue is raised with other values,
the person is asked again. Closed issues stay as history until the record is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Connection,
    Executable,
    Integer,
    Select,
    bindparam,
    case,
    delete,
    false,
    func,
    or_,
    select,
    update,
)

from connector.core.alike import likeness
from connector.core.creation import ANY
from connector.core.looping import LOOP
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.storage import codec
from connector.storage.asking import change, many, rows
from connector.storage.tables import issue_refs, issues
from connector.storage.upsert import among, chunks, insert

Key = tuple[IssueKind, Ref, str, str]

COLUMNS = (
    issues.c.id,
    issues.c.kind,
    issues.c.rule,
    issues.c.field,
    issues.c.value,
    issues.c.other_value,
    issues.c.body,
    issues.c.opened_at,
    issues.c.seen_at,
    issues.c.times,
    issues.c.decision,
)
_TURN = 0x15505  # names the lock of `_take_turns`; any number that nothing else in the database uses
_OPEN = issues.c.closed_at.is_(None)
_CONCERNED = select(issue_refs.c.issue_id).where(among(issue_refs.c.key))
_LED_BY = select(issues.c.id, issues.c.key, issues.c.kind, issues.c.rule, issues.c.field).where(
    among(issues.c.key), _OPEN
)
_CONCERNING = (
    select(issue_refs.c.key, *COLUMNS)
    .join_from(issue_refs, issues, issues.c.id == issue_refs.c.issue_id)
    .where(among(issue_refs.c.key), issues.c.kind == bindparam("kind"), _OPEN)
    .order_by(issues.c.id)
)
_CLOSE = update(issues).where(among(issues.c.id), _OPEN)
_FORGET = delete(issues).where(issues.c.id.in_(_CONCERNED))
_UNCONCERN = delete(issue_refs).where(among(issue_refs.c.issue_id))
_CONCERN = issue_refs.insert()
_COUNTS = select(issues.c.kind, func.count()).where(_OPEN).group_by(issues.c.kind)


@dataclass(frozen=True, slots=True)
class StoredIssue:
    """An issue since when, how often and with what decision (for a conflict, the side whose value shall stand)."""

    id: int
    issue: Issue
    opened_at: datetime
    seen_at: datetime
    times: int
    decision: str | None


class Decision(NamedTuple):
    """The side a person chose, and the two values the choice was between."""

    winner: Side
    hubspot: Value
    salesforce: Value


def key(issue: Issue) -> Key:
    """What an issue is known by."""
    return issue.kind, issue.refs[0], issue.rule, issue.field


def raise_issues(conn: Connection, raised: Sequence[Issue], now: datetime, run_id: int | None) -> None:
    """Open issues, or count and refresh those that are open already."""
    latest = {_stored_key(issue): issue for issue in raised}
    if not latest:
        return
    _take_turns(conn)
    fixed = {"times": 1, "opened_at": codec.micros(now), "seen_at": codec.micros(now), "run_id": run_id}
    parameters = [{**_parameters(issue), **fixed} for _, issue in sorted(latest.items(), key=lambda item: item[0])]
    stored = conn.execute(_raising(conn.dialect.name), parameters)
    _concern(conn, [(row[0], latest[row[1], row[2], row[3], row[4]]) for row in stored])


@cache
def _raising(dialect: str) -> Executable:
    statement = insert(dialect, issues)
    new = statement.excluded
    other = or_(new.value.is_distinct_from(issues.c.value), new.other_value.is_distinct_from(issues.c.other_value))
    return statement.on_conflict_do_update(
        index_elements=["key", "kind", "rule", "field"],
        index_where=_OPEN,
        set_={
            **{name: new[name] for name in ("body", "value", "other_value", "seen_at", "run_id", "alike")},
            "times": issues.c.times + 1,
            "decision": case((other, None), else_=issues.c.decision),
        },
    ).returning(issues.c.id, issues.c.key, issues.c.kind, issues.c.rule, issues.c.field)


def close(conn: Connection, ids: Iterable[int], now: datetime, how: str) -> int:
    """Close open issues and say how ("agreed", "settled by a person"); how many there were to close."""
    _take_turns(conn)
    closed = {"closed_at": codec.micros(now), "closed_how": how}
    return sum(change(conn, _CLOSE, among=portion, **closed) for portion in chunks(sorted(set(ids))))


def close_for(  # noqa: PLR0913, PLR0917  # which, when, how and what not: all six are one sentence
    conn: Connection,
    refs: Iterable[Ref],
    kinds: Collection[IssueKind],
    now: datetime,
    how: str,
    keep: Collection[Key] = (),
) -> int:
    """Close the open issues of these kinds that are led by these records, but for those to keep; how many."""
    kept = {(codec.key(ref), kind.value, rule, field) for kind, ref, rule, field in keep}
    names = {kind.value for kind in kinds}
    over = [
        row[0]
        for portion in chunks(sorted({codec.key(ref) for ref in refs}))
        for row in rows(conn, _LED_BY, among=portion)
        if row[2] in names and tuple(row[1:]) not in kept
    ]
    return close(conn, over, now, how) if over else 0


def open_issues(
    conn: Connection,
    kinds: Collection[IssueKind] | None = None,
    refs: Collection[Ref] | None = None,
    limit: int = 100,
    after: int = 0,
) -> list[StoredIssue]:
    """The next open issues by id, of some kinds or of all, concerning (not only led by) some records or any."""
    wanted: dict[str, Any] = {"after": after, "limit": limit}
    if refs is not None:
        wanted["among"] = [codec.key(ref) for ref in refs]
    named = None if kinds is None else tuple(kind.value for kind in kinds)
    return [stored_of(row) for row in rows(conn, _page(named, "among" in wanted), **wanted)]


@cache
def _page(kinds: tuple[str, ...] | None, concerning: bool) -> Select[Any]:  # noqa: FBT001  # private, one line above
    page = select(*COLUMNS).where(issues.c.id > bindparam("after"), _OPEN)
    if kinds is not None:
        page = page.where(or_(false(), *(issues.c.kind == kind for kind in kinds)))
    if concerning:
        page = page.where(issues.c.id.in_(_CONCERNED))
    return page.order_by(issues.c.id).limit(bindparam("limit", type_=Integer))


def by_id(conn: Connection, issue_id: int) -> StoredIssue | None:
    """An open issue; None when there is none of that id, or it is closed."""
    row = conn.execute(select(*COLUMNS).where(issues.c.id == issue_id, _OPEN)).first()
    return None if row is None else stored_of(row)


def decide(conn: Connection, issue_id: int, decision: str | None) -> bool:
    """Remember what a person decided (None takes it back); False when the issue is not open."""
    statement = update(issues).where(issues.c.id == issue_id, _OPEN).values(decision=decision)
    return conn.execute(statement).rowcount == 1


def parked(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, set[tuple[Side, str, Value]]]:
    """By record, the (side, field, value) that side refused: not to be sent again while nothing else changed."""
    found: dict[Ref, set[tuple[Side, str, Value]]] = {}
    for ref, stored in _concerning(conn, refs, IssueKind.PARKED):
        issue = stored.issue
        if issue.side is not None:
            found.setdefault(ref, set()).add((issue.side, issue.field, ANY if issue.code == LOOP else issue.value))
    return found


def settled(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, dict[str, Decision]]:
    """By record and rule, the side whose value shall stand, where a person decided an open conflict."""
    found: dict[Ref, dict[str, Decision]] = {}
    for ref, stored in _concerning(conn, refs, IssueKind.CONFLICT):
        if stored.decision in (Side.HUBSPOT, Side.SALESFORCE):
            decision = Decision(Side(stored.decision), stored.issue.value, stored.issue.other_value)
            found.setdefault(ref, {})[stored.issue.rule] = decision
    return found


def counts(conn: Connection) -> dict[IssueKind, int]:
    """How many issues of each kind are open; kinds without any are left out."""
    return {IssueKind(kind): number for kind, number in rows(conn, _COUNTS)}


def concern(conn: Connection, ref: Ref) -> bool:
    """Whether any issue, open or closed, concerns this record."""
    return bool(rows(conn, _CONCERNED, among=[codec.key(ref)]))


def forget(conn: Connection, refs: Iterable[Ref]) -> None:
    """Remove every issue, open or closed, that concerns these records: they hold values of people."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        change(conn, _FORGET, among=portion)


def _take_turns(conn: Connection) -> None:
    """Let one transaction at a time write issues on PostgreSQL.

    A pass closes some by id and opens others by key: two workers doing both could wait for each other's rows.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_TURN)))


def _stored_key(issue: Issue) -> tuple[str, str, str, str]:
    return codec.key(issue.refs[0]), issue.kind.value, issue.rule, issue.field


def _parameters(issue: Issue) -> dict[str, Any]:
    body = {
        "refs": [codec.key(ref) for ref in issue.refs],
        "side": issue.side,
        "code": issue.code,
        "reason": issue.reason,
        "hint": issue.hint,
    }
    record, kind, rule, field = _stored_key(issue)
    known_by = {"key": record, "kind": kind, "rule": rule, "field": field}
    values = {"value": _encoded(issue.value), "other_value": _encoded(issue.other_value)}
    return {**known_by, **values, "body": orjson.dumps(body), "alike": likeness(issue)}


def _encoded(value: Value) -> bytes | None:
    """As bytes, for PostgreSQL keeps no NUL in texts, and what a CRM says may hold anything."""
    return None if value is None else value.encode()


def _decoded(stored: bytes | None) -> Value:
    return None if stored is None else stored.decode()


def _concern(conn: Connection, raised: Sequence[tuple[int, Issue]]) -> None:
    """Index issues by all the records they concern now."""
    for portion in chunks([issue_id for issue_id, _ in raised]):
        change(conn, _UNCONCERN, among=portion)
    pairs = sorted({(codec.key(ref), issue_id) for issue_id, issue in raised for ref in issue.refs})
    many(conn, _CONCERN, [{"key": record, "issue_id": issue_id} for record, issue_id in pairs])


def _concerning(conn: Connection, refs: Iterable[Ref], kind: IssueKind) -> Iterable[tuple[Ref, StoredIssue]]:
    """Each of the records with each open issue of a kind that concerns it."""
    for portion in chunks(sorted({codec.key(ref) for ref in refs})):
        for record, *row in rows(conn, _CONCERNING, among=portion, kind=kind.value):
            yield codec.ref(record), stored_of(row)


def stored_of(row: Sequence[Any]) -> StoredIssue:
    """The issue in a row of `COLUMNS`."""
    issue_id, kind, rule, field, value, other_value, stored_body, opened_at, seen_at, times, decision = row
    body = orjson.loads(stored_body)
    issue = Issue(
        kind=IssueKind(kind),
        refs=tuple(codec.ref(record) for record in body["refs"]),
        rule=rule,
        side=None if body["side"] is None else Side(body["side"]),
        field=field,
        code=body["code"],
        value=_decoded(value),
        other_value=_decoded(other_value),
        reason=body["reason"],
        hint=body["hint"],
    )
    return StoredIssue(issue_id, issue, codec.moment(opened_at), codec.moment(seen_at), times, decision)
