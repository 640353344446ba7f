"""What is to be done again and again, and when next: one row a duty, so that any process sees it.

Whoever does one holds a lease until it has ended; the row is due again when the lease runs out, so that a dead worker's
duty is done by another. What is asked for while somebody is at it (`ask`) stays asked for: it may have come too late
for him. A duty that ends after its lease has run out changes nothing, for another has begun it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, LargeBinary, bindparam, case, func, select, update

from connector.storage import codec
from connector.storage.asking import change, many, rows, value
from connector.storage.service_tables import duties
from connector.storage.upsert import Insert, adding, insert

_EMPTY = b"{}"
_NAMED = duties.c.name == bindparam("_name")
_NOW = bindparam("_now", type_=BigInteger)
_DUE = (
    select(duties.c.name)
    .where(duties.c.due_at <= _NOW, duties.c.leased_until <= _NOW)
    .order_by(duties.c.due_at, duties.c.name)
)
_ALL = select(duties.c.name, duties.c.due_at, duties.c.leased_until, duties.c.body).order_by(duties.c.name)
_ONE = select(duties.c.name, duties.c.due_at, duties.c.leased_until, duties.c.body).where(_NAMED)
_FREE_AT = case((duties.c.leased_until > duties.c.due_at, duties.c.leased_until), else_=duties.c.due_at)
_NEXT_DUE = select(func.min(_FREE_AT))
_LEASED = bindparam("_until", type_=BigInteger)
_BEGIN = (
    update(duties)
    .where(_NAMED, duties.c.due_at <= _NOW, duties.c.leased_until <= _NOW)
    .values(leased_until=_LEASED, due_at=_LEASED)
    .returning(duties.c.body)
)
_HELD = (_NAMED, duties.c.leased_until == bindparam("_lease", type_=BigInteger))
_RENEW = (
    update(duties)
    .where(*_HELD)
    .values(
        leased_until=_LEASED,
        due_at=case((duties.c.due_at < bindparam("_lease", type_=BigInteger), duties.c.due_at), else_=_LEASED),
    )
)
_END = (
    update(duties)
    .where(*_HELD)
    .values(
        leased_until=0,
        due_at=case(
            (duties.c.due_at < bindparam("_lease", type_=BigInteger), duties.c.due_at),
            else_=bindparam("_due", type_=BigInteger),
        ),
        body=bindparam("_body", type_=LargeBinary),
    )
)
_FREE = update(duties).where(_NAMED, duties.c.leased_until > 0).values(leased_until=0, due_at=_NOW)


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty as it stands: when it is due, until when somebody is at it (None: nobody), what it remembers (JSON)."""

    name: str
    due_at: datetime
    leased_until: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


def ensure(conn: Connection, names: Iterable[str], now: datetime) -> None:
    """Have a row for each of these duties; one that has none is due now."""
    at = codec.micros(now)
    new = [{"name": name, "due_at": at, "leased_until": 0, "body": _EMPTY} for name in sorted(names)]
    many(conn, adding(conn, duties), new)


def due(conn: Connection, now: datetime) -> list[str]:
    """Duties that are due and that nobody is at, the longest due first."""
    return [row[0] for row in rows(conn, _DUE, _now=codec.micros(now))]


def next_due(conn: Connection) -> datetime | None:
    """When the next one is due and free; None when there is none at all."""
    stored = value(conn, _NEXT_DUE)
    return None if stored is None else codec.moment(stored)


def all(conn: Connection) -> list[Duty]:  # noqa: A001  # `duties.all(conn)` reads as what it is
    """Every duty, by name."""
    return [_stored(row) for row in rows(conn, _ALL)]


def get(conn: Connection, name: str) -> Duty | None:
    """The duty of that name; None when it was never begun or asked for."""
    found = rows(conn, _ONE, _name=name)
    return _stored(found[0]) if found else None


def begin(conn: Connection, name: str, now: datetime, lease_until: datetime) -> Duty | None:
    """Take a duty on until it has ended, `lease_until` at the latest; None when it is not due or somebody is at it."""
    begun = rows(conn, _BEGIN, _name=name, _now=codec.micros(now), _until=codec.micros(lease_until))
    return Duty(name, lease_until, lease_until, orjson.loads(bytes(begun[0][0]))) if begun else None


def renew(conn: Connection, held: Duty, lease_until: datetime) -> Duty | None:
    """Stay at it for longer; None when the lease has run out and another has begun it."""
    if not change(conn, _RENEW, _name=held.name, _lease=_lease(held), _until=codec.micros(lease_until)):
        return None
    return Duty(held.name, lease_until, lease_until, held.body)


def end(conn: Connection, held: Duty, due_at: datetime, body: Mapping[str, Any]) -> bool:
    """Say when it is due again and what it remembers; False when another has begun it since."""
    told = {"_due": codec.micros(due_at), "_body": orjson.dumps(dict(body))}
    return bool(change(conn, _END, _name=held.name, _lease=_lease(held), **told))


def free(conn: Connection, name: str, now: datetime) -> bool:
    """Take a duty from whoever is at it, for who knows that he works no more; it is due now. False: nobody was."""
    return bool(change(conn, _FREE, _name=name, _now=codec.micros(now)))


def put(conn: Connection, name: str, due_at: datetime, body: Mapping[str, Any]) -> None:
    """Say when a duty is due and what it remembers, of one that is done without a lease."""
    row = {"name": name, "due_at": codec.micros(due_at), "leased_until": 0, "body": orjson.dumps(dict(body))}
    many(conn, _putting(conn.dialect.name), [row])


def ask(conn: Connection, name: str, now: datetime) -> None:
    """Have a duty done now (or at that moment), unless it is due sooner; also when somebody is at it already."""
    many(
        conn,
        _asking(conn.dialect.name),
        [{"name": name, "due_at": codec.micros(now), "leased_until": 0, "body": _EMPTY}],
    )


@cache
def _asking(dialect: str) -> Insert:
    statement = insert(dialect, duties)
    sooner = statement.excluded.due_at
    earliest = case((sooner < duties.c.due_at, sooner), else_=duties.c.due_at)
    return statement.on_conflict_do_update(index_elements=["name"], set_={"due_at": earliest})


@cache
def _putting(dialect: str) -> Insert:
    statement = insert(dialect, duties)
    latest = {"due_at": statement.excluded.due_at, "body": statement.excluded.body}
    return statement.on_conflict_do_update(index_elements=["name"], set_=latest)


def _lease(held: Duty) -> int:
    assert held.leased_until is not None, "only what was begun is held"
    return codec.micros(held.leased_until)


def _stored(row: Any) -> Duty:
    name, due_at, leased_until, body = row
    lease = codec.moment(leased_until) if leased_until else None
    return Duty(name, codec.moment(due_at), lease, orjson.loads(bytes(body)))
