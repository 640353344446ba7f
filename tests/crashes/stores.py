"""Where a process leaves what it knows, and what its death leaves there.

A dead process cleans nothing up. On a file, the store is what lay on the disk in that very moment, its log included: a
copy taken then replaces the files, so that nothing the dying do afterwards is in it. On PostgreSQL its sockets break,
and the server finds out by itself. Its successor has connections of its own. Stores are filled once (`keep`) and then
put back as they were (`restore`), which is cheap enough for thousands of deaths.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event, text

from connector.storage import tables
from connector.storage.database import open_database
from tests.crashes.killing import Fate, MortalDatabase
from tests.engine.town import store as migrated_store

KEPT = "kept_"  # the prefix of the tables in which PostgreSQL keeps what a story begins with


class Store:
    """One store that many processes open one after the other, each with connections of its own."""

    def __init__(self, url: str) -> None:
        migrated_store(url).close()
        self.engine = open_database(url)._engine
        self.connections: list[Any] = []
        event.listen(self.engine, "connect", lambda raw, _: self.connections.append(raw))

    def opened(self, fate: Fate) -> MortalDatabase:
        """The store in the hands of a new process; whatever its predecessor had open is lost to it."""
        self.engine.dispose()
        self.connections.clear()
        fate.last_moment = self.last_moment
        return MortalDatabase(self.engine, fate)

    def beside(self, fate: Fate) -> MortalDatabase:
        """The store in the hands of a second process, while the first lives on."""
        return MortalDatabase(self.engine, fate)

    def buried(self) -> None:
        """The dead process is out of memory; what it left is what the next one finds."""

    def ended(self) -> None:
        """A process came to its end in good order."""

    def last_moment(self) -> None:
        """The process dies now, whatever it was about to do."""

    def keep(self) -> None:
        """Remember what is in the store as the beginning of a story."""

    def restore(self) -> None:
        """Begin the story again."""

    def close(self) -> None:
        """The end of all stories."""
        self.engine.dispose()


class Memory(Store):
    """A store in memory. What is not committed dies with the process, which is all there is to see here."""

    def __init__(self) -> None:
        super().__init__("sqlite://")
        self._disk, self._kept = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
        self._copy(migrated_store("sqlite://")._engine, self._disk)

    def opened(self, fate: Fate) -> MortalDatabase:
        database = super().opened(fate)
        with closing(self.engine.raw_connection()) as lent:
            self._disk.backup(lent.driver_connection)
        return database

    def buried(self) -> None:
        self._copy(self.engine, self._disk)

    ended = buried

    def keep(self) -> None:
        self._disk.backup(self._kept)

    def restore(self) -> None:
        self._kept.backup(self._disk)

    def close(self) -> None:
        super().close()
        self._disk.close()
        self._kept.close()

    @staticmethod
    def _copy(engine: Any, there: sqlite3.Connection) -> None:
        with closing(engine.raw_connection()) as lent:
            lent.driver_connection.backup(there)


class File(Store):
    """A SQLite file with its write-ahead log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "store"
        self.folder.mkdir()
        self._image, self._kept = folder / "image", folder / "kept"
        super().__init__(f"sqlite:///{self.folder / 'bridge.db'}")
        event.listen(self.engine, "connect", _hasty)

    def last_moment(self) -> None:
        _copied(self.folder, self._image)

    def buried(self) -> None:
        self.engine.dispose()
        _copied(self._image, self.folder)

    def keep(self) -> None:
        self.engine.dispose()
        _copied(self.folder, self._kept)

    def restore(self) -> None:
        self.engine.dispose()
        _copied(self._kept, self.folder)

    def content(self) -> bytes:
        """Every byte of the store's files."""
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


class Postgres(Store):
    """A schema on a server."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._filled: list[Table] = []
        with self.engine.begin() as conn:
            for table in tables.metadata.sorted_tables:
                conn.execute(text(f"CREATE UNLOGGED TABLE {KEPT}{table.name} (LIKE {table.name})"))

    def last_moment(self) -> None:
        for raw in self.connections:
            if not raw.closed:
                with suppress(OSError), closing(socket.socket(fileno=socket.dup(raw.fileno()))) as line:
                    line.shutdown(socket.SHUT_RDWR)
                raw.close()

    def clear(self) -> None:
        """Nothing is left of the story before."""
        self._filled = []
        self.restore()

    def keep(self) -> None:
        copy = [f"TRUNCATE {KEPT}{one}; INSERT INTO {KEPT}{one} SELECT * FROM {one}" for one in self._names()]
        self._run(copy)
        with self.engine.begin() as conn:
            held = [t for t in tables.metadata.sorted_tables if conn.scalar(text(f"SELECT count(*) FROM {t.name}"))]
        self._filled = held

    def restore(self) -> None:
        empty = [f"DELETE FROM {name}" for name in reversed(self._names())]
        self._run([*empty, *(_filled_again(table) for table in self._filled)])

    def _run(self, statements: list[str]) -> None:
        with self.engine.begin() as conn:
            conn.exec_driver_sql(";".join(statements))

    @staticmethod
    def _names() -> list[str]:
        return [table.name for table in tables.metadata.sorted_tables]


def _filled_again(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.computed is None)
    return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {KEPT}{table.name}"


def _hasty(raw: sqlite3.Connection, _: object) -> None:
    raw.execute("PRAGMA synchronous=OFF")  # a process dies here, not the machine: what was written is there


def _copied(here: Path, there: Path) -> None:
    """Replace one folder's files by another's: new files, so that whoever has the old ones open keeps those."""
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(here, there)
