"""A whole store as one file, and back: a backup, a restore, and the way from one database to the other.

A backup is always an SQLite file of one moment, whatever database it was taken from, without anything that was deleted
before. A restore replaces every row in one transaction, so that it is done wholly or not at all. Two things must never
go back in time, though: what was promised to somebody (who was erased stays erased, a notice is not sent twice, a day's
budget stays spent), and what a side has been told that it does not take back (a refresh token; ids that were given).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, or_, select, text, union

from connector.core.refs import Ref
from connector.errors import Refused
from connector.storage import codec
from connector.storage.admin_tables import sessions
from connector.storage.database import Database, migrate, open_database
from connector.storage.effects import State
from connector.storage.service_tables import duties, inbox, metadata, pulses, windows
from connector.storage.tables import (
    bindings,
    budgets,
    dirty,
    effects,
    events,
    issue_refs,
    journeys,
    links,
    seen,
    state,
    tombstones,
)

PORTION = 1_000  # rows at a time
TOKEN, KEY, COMPARED = "salesforce_refresh_token", "tombstone_key", "compared"  # in `state`
RESTORED = "waited or was being sent when the store was restored from a backup"
_OF_A_PROCESS = (pulses, duties, windows, sessions)  # about who was at work then, or signed in
_NAMING = (links.c.hubspot, links.c.salesforce, dirty.c.key, seen.c.key, journeys.c.ref, events.c.hubspot,
           events.c.salesforce, issue_refs.c.key, effects.c.about)  # fmt: skip

Row = Mapping[str, Any]


def write(database: Database, path: Path, *, force: bool = False) -> None:
    """Write the store as it is at this moment to a file that only its owner may read; others go on working.

    Raises:
        Refused: when there is such a file already (unless `force`), or the store is in memory.
    """
    if database.in_memory:
        raise Refused("the store is in memory and ends with its process; name a file as database.url to keep it")
    if path.exists() and not force:
        raise Refused(f"{path} is there already; name another file, or say --force to replace it")
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        (_snapshot if database.dialect == "sqlite" else _copied_out)(database, fresh)
        _durable(fresh)
        fresh.replace(path)
    finally:
        for left in (fresh, *(fresh.with_name(fresh.name + end) for end in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)


def _snapshot(database: Database, path: Path) -> None:
    """What is free in the pages of the store's file is left behind: it may be of somebody who was erased."""
    with closing(sqlite3.connect(database.file or "")) as raw:
        raw.execute("VACUUM INTO ?", (str(path),))


def _copied_out(database: Database, path: Path) -> None:
    target = open_database(f"sqlite:///{path}")
    try:
        migrate(target)
        with database.read() as source, target.begin() as conn:
            _fill(conn, source)
            _number(conn, _numbers(source))
    finally:
        target.close()


def _durable(path: Path) -> None:
    """One file without a log beside it, on the disk."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A backup as a store of today's schema; the file itself is not touched.

    Raises:
        Refused: when the file is no backup of a store, or of a newer version.
    """
    copy = path.with_name(f".{path.name}.restoring")
    try:
        _copy_of(path, copy)
        database = open_database(f"sqlite:///{copy}")
        try:
            migrate(database)
            yield database
        finally:
            database.close()
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            copy.with_name(copy.name + end).unlink(missing_ok=True)


def _copy_of(path: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as raw:
            sound = raw.execute("PRAGMA quick_check").fetchone() == ("ok",)
            ours = raw.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('links', 'alembic_version')")
            if not sound or ours.fetchone() != (2,):
                raise Refused(f"{path} is no backup of a store, or was damaged")
            with closing(sqlite3.connect(copy)) as into:
                raw.backup(into)
    except sqlite3.Error as error:
        raise Refused(f"{path} is no backup that can be read ({error})") from error


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a restore must not take back."""

    lived: bool
    rows: Mapping[Table, Sequence[Row]]
    token: Row | None
    key: Any
    numbers: Mapping[str, int]


def replace(conn: Connection, source: Connection, *, moving: bool = False) -> None:
    """Put the rows of a backup in the place of a store's own, in this transaction.

    `moving`: nothing has happened since the backup, which only changes its place; all is as it was.

    Raises:
        Refused: when the backup is of other accounts than the store.
    """
    _refuse_strangers(conn, source)
    kept = _kept(conn)
    for table in reversed(metadata.sorted_tables):
        conn.execute(table.delete())
    _fill(conn, source)
    for table in _OF_A_PROCESS:
        conn.execute(table.delete())
    _number(conn, _largest(kept.numbers, _numbers(source)))
    if not moving:
        _take_back_nothing(conn, kept)


def _refuse_strangers(conn: Connection, source: Connection) -> None:
    mine, theirs = ({row["side"]: row["account_id"] for row in _rows(one, bindings)} for one in (conn, source))
    others = [side for side, account in mine.items() if theirs.get(side, account) != account]
    if others:
        raise Refused(
            f"the backup is of another account of {' and '.join(sorted(others))} than the store; "
            "name an empty database as database.url to use it"
        )


def _kept(conn: Connection) -> _Kept:
    named = {row["key"]: row["value"] for row in _rows(conn, state) if row["key"] in (TOKEN, KEY)}
    rows = {table: _rows(conn, table) for table in (tombstones, effects, budgets, inbox)}
    token = {"key": TOKEN, "value": named[TOKEN]} if TOKEN in named else None
    return _Kept(bool(_rows(conn, bindings)), rows, token, named.get(KEY), _numbers(conn))


def _take_back_nothing(conn: Connection, kept: _Kept) -> None:
    """What was promised stays promised; and everything is compared anew, for what happened since is not known."""
    conn.execute(state.delete().where(state.c.key == COMPARED))
    if not kept.lived:  # what happened since the backup is lost with the store
        unsure = or_(effects.c.state == State.WAITING.value, effects.c.state == State.SENDING.value)
        hint = "look there whether it arrived, then: smarketing notices"
        once = effects.c.kind != "task"  # its side never makes one twice
        conn.execute(effects.update().where(unsure, once).values(state=State.UNKNOWN.value, reason=RESTORED, hint=hint))
        return
    if kept.key == conn.scalar(select(state.c.value).where(state.c.key == KEY)):
        _replace_rows(conn, tombstones, kept.rows[tombstones], ("hash",))
    conn.execute(effects.delete())
    _insert(conn, effects, kept.rows[effects])
    _replace_rows(conn, budgets, kept.rows[budgets], ("side", "day"))
    _replace_rows(conn, inbox, kept.rows[inbox], ("id",))
    if kept.token:
        _replace_rows(conn, state, [kept.token], ("key",))


def _replace_rows(conn: Connection, table: Table, rows: Sequence[Row], key: Sequence[str]) -> None:
    for row in rows:
        conn.execute(table.delete().where(*(table.c[name] == row[name] for name in key)))
    _insert(conn, table, rows)


def refs(conn: Connection) -> Iterator[Ref]:
    """Every record that the store speaks of."""
    named = union(*(select(column.label("ref")).where(column.is_not(None)) for column in _NAMING))
    return (codec.ref(key) for (key,) in conn.execute(named).fetchall())


def _fill(conn: Connection, source: Connection) -> None:
    for table in metadata.sorted_tables:
        found = source.execution_options(yield_per=PORTION).execute(select(*_columns(table)))
        for portion in found.mappings().partitions(PORTION):
            _insert(conn, table, [dict(row) for row in portion])


def _columns(table: Table) -> list[Any]:
    return [column for column in table.c if column.computed is None]


def _rows(conn: Connection, table: Table) -> list[Row]:
    return [dict(row) for row in conn.execute(select(*_columns(table))).mappings()]


def _insert(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        conn.execute(table.insert(), [dict(row) for row in rows])


def _numbered() -> Iterable[Table]:
    return (table for table in metadata.sorted_tables if table.autoincrement_column is not None)


def _numbers(conn: Connection) -> dict[str, int]:
    """The last id that each table has given, to a row that may be gone."""
    if conn.dialect.name == "sqlite":
        return dict(map(tuple, conn.execute(text("SELECT name, seq FROM sqlite_sequence"))))
    found = {}
    for table in _numbered():
        sequence = conn.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
        last, called = conn.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608  # ours
        found[table.name] = int(last) if called else 0
    return found


def _number(conn: Connection, numbers: Mapping[str, int]) -> None:
    """Have ids go on after these."""
    if conn.dialect.name == "sqlite":
        wanted = {
            table.name for table in _numbered() if table.dialect_options["sqlite"]["autoincrement"]
        } & numbers.keys()
        given = [{"name": name, "seq": numbers[name]} for name in sorted(wanted)]
        if given:
            conn.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), given)
            conn.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), given)
        return
    for table in _numbered():
        highest = conn.scalar(select(func.max(table.c.id))) or 0
        last = max(numbers.get(table.name, 0), highest)
        sequence = func.pg_get_serial_sequence(table.name, "id")
        conn.execute(select(func.setval(sequence, max(last, 1), last > 0)))


def _largest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one.keys() | other.keys()}
