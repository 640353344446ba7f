"""An installation goes back to an old backup, and both CRMs end as if nothing had happened to it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.clock import SystemClock
from connector.sandbox.census import Person, in_hubspot, in_salesforce
from connector.storage import pulses
from connector.storage.database import Database, open_database
from connector.storage.pulses import Pulse
from tests.cli.desk import Desk


@pytest.fixture
def store(office: Desk) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{office.folder / 'smarketing.db'}")
    yield opened
    opened.close()


def there(office: Desk) -> tuple[list[Person], list[Person]]:
    """Everybody in both CRMs."""
    world = office.running.world
    return in_hubspot(world.hubspot), in_salesforce(world.salesforce)


def emails(office: Desk) -> tuple[list[str], list[str]]:
    contacts, people = there(office)
    return sorted(one.values["email"] for one in contacts), sorted(one.values["Email"] for one in people)


def in_salesforce_by(office: Desk, email: str) -> dict[str, Any]:
    return next(one.values for one in there(office)[1] if one.values["Email"] == email)


def in_hubspot_by(office: Desk, email: str) -> dict[str, Any]:
    return next(one.values for one in there(office)[0] if one.values["email"] == email)


def sync(office: Desk, *options: str, **more: Any) -> None:
    """What needs a person (owners nobody told the other side of) is no business of these tests."""
    assert office.run("sync", *options, **more).code in (0, 3)


def held(path: Path, text: str) -> bool:
    """Whether a text stands anywhere in an SQLite file."""
    return text.encode() in path.read_bytes()


@pytest.fixture(scope="module")
def people(office: Desk) -> dict[str, str]:
    """Three made in HubSpot, one in Salesforce, all in step."""
    names = ("ada", "bob", "eve")
    found = {name: office.marketer_adds(email=f"{name}@acme.example", lastname=name.title()) for name in names}
    found["cy"] = office.rep_adds(Email="cy@acme.example", LastName="Cyrus")
    sync(office)
    return found


@pytest.fixture(scope="module")
def kept(office: Desk, people: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup from before anything that these tests do."""
    path = tmp_path_factory.mktemp("kept") / "kept.db"
    said = office.run("backup", str(path))
    assert (said.code, said.err) == (0, f"wrote {path}: 4 linked pairs\n")
    return path


@pytest.fixture(scope="module")
def since(office: Desk, people: dict[str, str], kept: Path) -> None:
    """What happens after the backup: brought over, not brought over yet, and somebody who wants to be forgotten."""
    office.marketer_adds(email="new1@acme.example", lastname="New")
    office.rep_adds(Email="new2@acme.example", LastName="Newer")
    office.marketer_edits(people["ada"], lastname="Lovelace")
    sync(office)
    eve = in_salesforce_by(office, "eve@acme.example")["Id"]
    assert office.run("forget", people["eve"], "--yes").code == 0
    office.does("hubspot", "erase", id=people["eve"].rpartition(":")[2])
    office.does("salesforce", "delete", id=eve)
    office.marketer_edits(people["bob"], lastname="Bobson")
    office.rep_edits(f"salesforce:Lead:{in_salesforce_by(office, 'ada@acme.example')['Id']}", Title="Countess")


@pytest.fixture(scope="module")
def gone_back(office: Desk, kept: Path, since: None) -> str:
    said = office.run("restore", str(kept))
    assert said.code == 0, said.err
    return said.err


def test_going_back_says_what_it_did_and_keeps_what_was_there(office: Desk, kept: Path, gone_back: str):
    (aside,) = office.folder.glob("before-restore-*.db")
    assert f"restored {kept}: 4 linked pairs; what was there is in {aside}" in gone_back
    with closing(sqlite3.connect(aside)) as raw:
        assert raw.execute("SELECT count(*) FROM links").fetchone() == (5,), "eve was forgotten, two were new"


def test_who_was_erased_since_the_backup_stays_erased(office: Desk, kept: Path, gone_back: str):
    assert "removed 2 records again of people who were erased since then" in gone_back
    assert held(kept, "eve@acme.example")
    assert not held(office.folder / "smarketing.db", "eve@acme.example")


def test_the_next_sync_doubles_nobody_loses_nothing_and_ends_in_step(office: Desk, gone_back: str):
    before = emails(office)
    assert before[0] == before[1] == [f"{name}@acme.example" for name in ("ada", "bob", "cy", "new1", "new2")]
    sync(office)
    assert emails(office) == before
    assert in_salesforce_by(office, "bob@acme.example")["LastName"] == "Bobson"
    assert in_salesforce_by(office, "ada@acme.example")["LastName"] == "Lovelace"
    assert in_hubspot_by(office, "ada@acme.example")["jobtitle"] == "Countess"
    written = office.writes()
    sync(office, "--full")
    assert office.writes() == written


def test_a_store_in_use_is_not_replaced(office: Desk, kept: Path, store: Database, gone_back: str):
    with store.begin() as conn:
        now = SystemClock().now()
        pulses.beat(conn, Pulse("run@host:4711", "run", now, now), now)
    before = (office.folder / "smarketing.db").read_bytes()
    said = office.run("restore", str(kept))
    assert said.code == 1
    assert "the store is in use by run@host:4711; stop it" in said.err
    assert (office.folder / "smarketing.db").read_bytes() == before
    with store.begin() as conn:
        pulses.gone(conn, "run@host:4711")


def test_a_store_moves_to_postgresql_and_goes_on_there(
    office: Desk, people: dict[str, str], tmp_path: Path, new_database_url: Callable[[str], str], gone_back: str
):
    """Nothing is compared anew and nothing written again; a change made there arrives."""
    sync(office)
    assert office.run("backup", str(tmp_path / "moving.db")).code == 0
    shutil.copytree(office.folder / "mappings", tmp_path / "mappings")
    moved = tmp_path / "config.yaml"
    text = office.config.read_text()
    assert "url: sqlite:///smarketing.db" in text
    moved.write_text(text.replace("url: sqlite:///smarketing.db", "url: env:DATABASE_URL"))
    env = {"DATABASE_URL": new_database_url("postgres")}
    said = office.run("restore", "--moving", str(tmp_path / "moving.db"), config=moved, env=env)
    assert said.code == 0, said.err
    written = office.writes()
    sync(office, config=moved, env=env)
    assert office.writes() == written
    office.marketer_edits(people["bob"], lastname="Moved")
    sync(office, config=moved, env=env)
    assert in_salesforce_by(office, "bob@acme.example")["LastName"] == "Moved"
    back = tmp_path / "back.db"
    assert office.run("backup", str(back), config=moved, env=env).code == 0
    assert office.run("restore", "--moving", str(back)).code == 0
    written = office.writes()
    sync(office)
    assert office.writes() == written


def test_a_file_that_is_no_backup_is_refused_in_words(office: Desk, tmp_path: Path):
    (tmp_path / "letter.txt").write_text("Dear backup")
    said = office.run("restore", str(tmp_path / "letter.txt"))
    assert said.code == 1
    assert "is no backup that can be read" in said.err
    assert "smarketing" not in said.out
