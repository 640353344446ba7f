"""What was granted of the quotas that all processes share: one row a window, by the database's own clock.

Who asks locks the row, so that processes take turns for a millisecond. On PostgreSQL its clock counts, because hosts
may differ; on SQLite all are on one host, and the moment is handed in.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

import orjson
from sqlalchemy import BigInteger, Connection, Executable, bindparam, cast, func, literal, select, update

from connector.ports import Lane
from connector.storage import codec
from connector.storage.asking import change, rows, value
from connector.storage.service_tables import windows
from connector.storage.upsert import adding, insert
from connector.transport.windows import Ask, Grant, Granted, Log

_ITS = windows.c.key == bindparam("_key")
_SAVE = update(windows).where(_ITS).values(body=bindparam("_body"))
_CLOCK = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


def grant(conn: Connection, key: str, ask: Ask, now: datetime) -> tuple[float, Grant]:
    """Ask a window for calls: seconds from now until they may leave, and what was granted."""
    asked = rows(conn, _locked(conn.dialect.name), _key=key)
    if not asked:
        change(conn, adding(conn, windows), key=key, held_until=0, body=_spelt(Granted()))
        asked = rows(conn, _locked(conn.dialect.name), _key=key)
    held_until, body, told = asked[0]
    at = told or codec.micros(now)
    after, granted = _told(body, held_until).grant(ask, at // 1000)
    change(conn, _SAVE, _key=key, _body=_spelt(after))
    return max(0.0, granted.at_ms / 1000 - at / 1_000_000), granted


def hold(conn: Connection, key: str, seconds: float, now: datetime) -> None:
    """Let nobody be granted anything for that long."""
    told = value(conn, select(_CLOCK)) if conn.dialect.name == "postgresql" else codec.micros(now)
    until = told + int(seconds * 1_000_000)
    change(conn, _holding(conn.dialect.name), key=key, held_until=until, body=_spelt(Granted()))


@cache
def _locked(dialect: str) -> Executable:
    """The row, and the database's time where it has one of its own; its time is asked before any wait for the lock."""
    clock = _CLOCK if dialect == "postgresql" else literal(0)
    return select(windows.c.held_until, windows.c.body, clock).where(_ITS).with_for_update()


@cache
def _holding(dialect: str) -> Executable:
    statement = insert(dialect, windows)
    longer = func.greatest if dialect == "postgresql" else func.max
    until = longer(windows.c.held_until, statement.excluded.held_until)
    return statement.on_conflict_do_update(index_elements=["key"], set_={"held_until": until})


def _told(body: bytes, held_until: int) -> Granted:
    spelt = orjson.loads(body)
    return Granted({Lane(lane): _log(*log) for lane, log in spelt.items()}, held_until // 1000)


def _log(first: int, moments: list[int], calls: list[int]) -> Log:
    return [(first + at, number) for at, number in zip(moments, calls, strict=True)]


def _spelt(granted: Granted) -> bytes:
    """As JSON; moments are told from the first on, for hundreds of them are stored with every grant."""
    spelt = {
        lane.value: [log[0][0], [at - log[0][0] for at, _ in log], [calls for _, calls in log]]
        for lane, log in granted.logs.items()
        if log
    }
    return orjson.dumps(spelt)
