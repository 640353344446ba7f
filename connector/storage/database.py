"""The database and its transactions.

`begin` is one write, all or nothing; `read` is one consistent look that cannot write. Both behave alike on SQLite and
PostgreSQL: a look sees one moment, and a thread has one transaction at a time (a second one inside it would wait for
itself on SQLite, so it is refused everywhere). SQLite has one writer: its threads queue here in fair order and take
the write lock at once (BEGIN IMMEDIATE), because a lock taken late fails instead of waiting. A memory database is a
single connection, for simulation and tests; looks and writes then take turns.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import PoolProxiedConnection, StaticPool
from sqlalchemy.util import LRUCache

from connector.errors import BridgeError, Misconfigured, Problem, Transient
from connector.storage import migration, service_tables
from connector.storage.addresses import watchful
from connector.storage.turns import Turns, of_file

_LOOK = "bridge_look"
_BUSY_MS = 30_000
_CACHE_KIB = 8_192  # a connection; four times as much made a first sync no faster
_CHECKPOINT_PAGES = 10_000  # 40 MB of log: a first sync rewrites the same index pages, so rarer is a quarter faster
_ANY_THREAD: Final[dict[str, Any]] = {"check_same_thread": False}
_COMPILED: Final = LRUCache[Any, Any](500)


class Database:
    """An open store. Safe to share between threads; closed once, by whoever opened it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looking = engine.execution_options(**_look_options(engine))
        self._turns = _turns(engine)
        self._here = threading.local()
        self._watching: PoolProxiedConnection | None = None
        self.dialect = engine.dialect.name
        self.in_memory = isinstance(engine.pool, StaticPool)

    @property
    def file(self) -> Path | None:
        """The file of an SQLite store; None in memory and on PostgreSQL."""
        named = self._engine.url.database
        return None if self.in_memory or self.dialect != "sqlite" or not named else Path(named)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises."""
        with self._one_here(), self._turn(self.dialect == "sqlite"), self._engine.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look that cannot write and blocks nobody (but in memory, where everyone takes turns)."""
        with self._one_here(), self._turn(self.in_memory), self._looking.begin() as conn:
            yield conn

    def edition(self) -> int | None:
        """A number that is another one once anybody has committed anything; None where there is no such number.

        Costs a tenth of the smallest look: for who looks again and again. For one thread.
        """
        if self.in_memory or self.dialect != "sqlite":
            return None
        if self._watching is None:
            self._watching = self._engine.raw_connection()
        raw = self._watching.driver_connection
        assert raw is not None
        try:
            return int(raw.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise OperationalError("PRAGMA data_version", None, error) from error

    def problem(self) -> str | None:
        """Why this code cannot work with the store as it is (empty, old, too new), and what to do; None when it can."""
        with self.read() as conn:
            return migration.problem(conn)

    def revision(self) -> str | None:
        """The revision the store is at; None of an empty one.

        Raises:
            Transient, Misconfigured: when it cannot be opened, as `migrate`.
        """
        try:
            with self.read() as conn:
                return migration.revision(conn)
        except OperationalError as error:
            raise _unreachable(self, str(error.orig)) from error

    def scrub(self) -> bool:
        """Rewrite the store's files without what was deleted; False when somebody else holds the store just now.

        Until then deleted values can still be found in free pages and in the write-ahead log.
        """
        if self.in_memory:
            return True
        lite = self.dialect == "sqlite"
        wiping = ("PRAGMA query_only=OFF", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
        full = [f"VACUUM FULL {table.name}" for table in service_tables.metadata.sorted_tables]
        with self._one_here(), self._turn(lite), closing(self._engine.raw_connection()) as lent:
            raw = lent.driver_connection
            assert raw is not None
            if not lite:
                raw.autocommit = True
            try:
                for statement in wiping if lite else full:
                    raw.execute(statement)
            except sqlite3.OperationalError:
                return False
            finally:
                if not lite:
                    raw.autocommit = False
        return True

    def close(self) -> None:
        """Let go of every connection."""
        if self._watching is not None:
            self._watching.close()
        self._engine.dispose()

    def _turn(self, needed: bool) -> AbstractContextManager[Any]:  # noqa: FBT001  # private, one line above
        return self._turns if needed else nullcontext()

    @contextmanager
    def _one_here(self) -> Iterator[None]:
        if getattr(self._here, "open", False):
            raise RuntimeError("this thread has a transaction open already; hand its connection on instead")
        self._here.open = True
        try:
            yield
        finally:
            self._here.open = False


def open_database(url: str) -> Database:
    """The database a URL names: `sqlite:///bridge.db`, `sqlite://` (memory) or `postgresql://...`.

    Raises:
        Misconfigured: when the URL is of neither kind.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(_sqlite(parsed))
    return Database(create_engine(watchful(parsed), pool_size=10, max_overflow=10, pool_pre_ping=True))


def migrate(database: Database) -> None:
    """Bring a new or old store to this code's schema, wholly or not at all; several callers take turns.

    Raises:
        Misconfigured: when the store was written by a newer version of the bridge, or its file cannot be opened.
        Transient: when the database server does not answer, or does not let us in.
    """
    try:
        with database.begin() as conn:
            migration.upgrade(conn)
    except OperationalError as error:
        raise _unreachable(database, str(error.orig)) from error


def _unreachable(database: Database, reason: str) -> BridgeError:
    first = reason.strip().splitlines()[0]
    if database.dialect == "sqlite":
        hint = f"the file cannot be used as the store ({first}); does its folder exist, and may we write there?"
        return Misconfigured([Problem("config.yaml", 0, "database.url", hint)])
    return Transient(f"the database cannot be used: {first}; is the server running, and database.url right?")


def _turns(engine: Engine) -> Turns:
    """The queue in which writers of a store wait: one for each file, however often it is opened."""
    of_memory = engine.dialect.name != "sqlite" or isinstance(engine.pool, StaticPool)
    return Turns() if of_memory else of_file(str(Path(engine.url.database or "").resolve()))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError as error:
        raise _unusable() from error
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    raise _unusable()


def _unusable() -> Misconfigured:
    message = "not a usable database URL; write sqlite:///bridge.db or postgresql://user@host/name"
    return Misconfigured([Problem("config.yaml", 0, "database.url", message)])  # the URL itself may hold a password


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        engine = _in_memory(url)
    else:
        engine = create_engine(url, connect_args=_ANY_THREAD, pool_size=10, max_overflow=10)
        event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(_dialect: Dialect, _record: object, arguments: Sequence[str], _named: object) -> None:
    """Let nobody but its owner read a new store: it holds personal data. SQLite makes the files beside it alike."""
    with suppress(OSError):  # it is there already, or cannot be made, which connecting tells
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL, 0o600))


def _in_memory(url: URL) -> Engine:
    """A store of one connection. All of a process share what they have compiled, for a simulation opens thousands."""
    dialect = _memory_dialect(url)
    pool = StaticPool(lambda: sqlite3.connect(":memory:", **_ANY_THREAD), dialect=dialect)
    return Engine(pool, dialect, url, execution_options={"compiled_cache": _COMPILED})


@cache
def _memory_dialect(url: URL) -> Dialect:
    """SQLite's dialect, which has asked a first connection what the library can do."""
    engine = create_engine(url)
    with closing(engine.raw_connection()):
        pass
    engine.dispose()
    return engine.dialect


def _prepare_sqlite(dbapi: sqlite3.Connection, _: object) -> None:
    dbapi.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver's guess
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
        f"cache_size=-{_CACHE_KIB}",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        "temp_store=MEMORY",
    ):
        dbapi.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: Connection) -> None:
    look = conn.get_execution_options().get(_LOOK, False)
    raw = conn.connection.driver_connection
    assert raw is not None
    try:
        raw.execute("PRAGMA query_only=ON" if look else "PRAGMA query_only=OFF")
        raw.execute("BEGIN" if look else "BEGIN IMMEDIATE")
    except sqlite3.Error as error:  # beside SQLAlchemy, which would take ten times as long to say the same
        raise OperationalError("BEGIN", None, error) from error


def _look_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_LOOK: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
