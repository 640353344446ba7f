"""`smarketing inbox`: what came in and waits, and what was not understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.cli import main
from connector.config.init import write_starter
from connector.storage import inbox
from connector.storage.database import Database, migrate, open_database
from connector.storage.inbox import Post

AT = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
ENV = {"HUBSPOT_TOKEN": "token", "SALESFORCE_CLIENT_SECRET": "secret"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starter(tmp_path, agreed=False)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{folder / 'smarketing.db'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def strange(store: Database) -> int:
    """One request waits, another was not understood; its number."""
    with store.begin() as conn:
        inbox.put(conn, Post("hubspot", AT, "request-1", b"[]"), Post("events", AT, "request-2", b'{"name":"Zo\xff"}'))
        row = inbox.unread(conn, 2)[1].id
        inbox.keep(conn, row, "no [bold] records")
    return row


def typed(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["inbox", "--config", str(folder / "config.yaml"), *arguments], env=ENV)


def test_an_empty_inbox_says_so(folder: Path, store: Database):
    said = typed(folder)
    assert (said.exit_code, said.stdout) == (0, "Nothing waits.\nEverything that came was understood.\n")


def test_what_was_not_understood_is_shown_with_its_reason_and_asks_for_a_person(folder: Path, strange: int):
    said = typed(folder)
    assert said.exit_code == 3
    assert "1 request waits to be read, the oldest since 2026-11-02 08:15:30 UTC." in said.stdout
    assert f"{strange}  events  2026-11-02 08:15 UTC  no [bold] records" in said.stdout
    assert "Zo" not in said.stdout, "bodies may hold personal data and are shown only when asked for"


def test_as_json_it_is_for_machines(folder: Path, strange: int):
    said = typed(folder, "--json")

    assert json.loads(said.stdout) == {
        "waiting": 1,
        "oldest": "2026-11-02T08:15:30+00:00",
        "not_understood": 1,
        "requests": [
            {
                "id": strange,
                "source": "events",
                "received_at": "2026-11-02T08:15:30+00:00",
                "request_id": "request-2",
                "bytes": 14,
                "problem": "no [bold] records",
            }
        ],
    }


def test_one_request_can_be_looked_at_as_it_came(folder: Path, strange: int):
    assert typed(folder, "--show", str(strange)).stdout == '{"name":"Zo\ufffd"}\n'
    missing = typed(folder, "--show", "4711")
    assert missing.exit_code == 1
    assert "there is no request 4711" in missing.stderr


def test_a_person_drops_what_was_not_understood_or_has_it_read_again(folder: Path, store: Database, strange: int):
    assert "1 request will be read once more" in typed(folder, "--again").stderr
    with store.begin() as conn:
        assert inbox.count(conn) == 2
        inbox.keep(conn, strange, "still not understood")
    assert "0 requests thrown away" in typed(folder, "--drop", "4711").stderr
    assert "1 request thrown away" in typed(folder, "--drop", str(strange)).stderr
    assert typed(folder).exit_code == 0
