"""notices: people see what was not sent, or may not have been, and say what shall become of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connector.core.policy import ActionKind
from connector.core.refs import hubspot
from connector.core.steered import Effect
from connector.storage import effects
from connector.storage.database import Database, open_database
from connector.storage.effects import Settled, State
from tests.cli.desk import Desk

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ANN = hubspot("contacts", "1")


@pytest.fixture
def store(office: Desk) -> Iterator[Database]:
    office.run("check")
    database = open_database(f"sqlite:///{office.folder / 'smarketing.db'}")
    yield database
    with database.begin() as conn:
        effects.forget(conn, [ANN])
    database.close()


def left(database: Database, to: str, state: State) -> None:
    """A notice that a worker could not send."""
    with database.begin() as conn:
        effects.add(conn, [Effect(f"late {to}", ActionKind.NOTIFY, to, ANN, "[Ann] waits")], NOW)
        (claim,) = effects.claim(conn, ActionKind.NOTIFY, NOW, 1)
        effects.settle(conn, [Settled(claim, state, "refused with 404", "look at the address")])


def states(database: Database) -> dict[State, int]:
    with database.read() as conn:
        return effects.counts(conn)


def test_where_all_was_sent_it_says_so(office: Desk, store: Database) -> None:
    said = office.run("notices")
    assert (said.code, said.out.strip()) == (0, "Nothing was left unsent.")


def test_what_was_not_sent_is_told_apart_from_what_may_have_been(office: Desk, store: Database) -> None:
    left(store, "sales", State.FAILED)
    left(store, "ops", State.UNKNOWN)
    said = office.run("notices")
    assert said.code == 3
    assert "failed  notify to sales: [Ann] waits" in said.out
    assert "was not sent (1 try): refused with 404" in said.out
    assert "unknown  notify to ops: [Ann] waits" in said.out
    assert "may not have been sent (1 try): refused with 404" in said.out
    rows = office.run("notices", "--json", "--to", "ops").data
    assert [(row["to"], row["state"], row["about"], row["tries"]) for row in rows] == [("ops", "unknown", str(ANN), 1)]


def test_a_person_has_them_sent_again_or_lets_them_rest(office: Desk, store: Database) -> None:
    left(store, "sales", State.FAILED)
    left(store, "ops", State.FAILED)
    left(store, "desk", State.UNKNOWN)
    assert "0 messages will be sent" in office.run("notices", "--again", "unknown", "--to", "sales").err
    assert "1 message will be sent" in office.run("notices", "--again", "failed", "--to", "sales").err
    assert states(store) == {State.FAILED: 1, State.UNKNOWN: 1, State.WAITING: 1}
    assert "1 message will rest" in office.run("notices", "--rest", "unknown").err
    assert states(store) == {State.DONE: 1, State.FAILED: 1, State.WAITING: 1}


def test_both_at_once_is_no_answer(office: Desk, store: Database) -> None:
    said = office.run("notices", "--again", "failed", "--rest", "unknown")
    assert said.code == 1
    assert "not both at once" in said.err
