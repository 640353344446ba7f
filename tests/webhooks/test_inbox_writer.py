"""One writer for all: nobody is answered before their row is committed, and many rows are one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from connector.storage import inbox, tallies
from connector.storage.database import Database, migrate, open_database
from connector.storage.inbox import Post
from webhooks.inbox import NotStored, Writer

NOW = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)


def post(number: int = 0) -> Post:
    return Post("hubspot", NOW, f"request-{number}", b"[]")


@pytest.fixture
def file(tmp_path: Path) -> Any:
    database = open_database(f"sqlite:///{tmp_path / 'bridge.db'}")
    migrate(database)
    yield database
    database.close()


def stored(database: Database) -> list[str]:
    with database.begin() as conn:
        return [row.post.request_id for row in inbox.unread(conn, 10_000)]


def counted(database: Database) -> dict[str, int]:
    with database.read() as conn:
        return tallies.all(conn)


def at_once(number: int, act: Callable[[int], None]) -> list[Thread]:
    threads = [Thread(target=act, args=(one,)) for one in range(number)]
    for thread in threads:
        thread.start()
    return threads


def test_who_is_answered_is_committed(shared_database: Database):
    """Asked by another connection, in the moment of the answer."""
    with Writer(shared_database) as writer:
        for number in range(20):
            writer.store(post(number))
            assert stored(shared_database)[-1] == f"request-{number}"
    assert counted(shared_database) == {"taken.hubspot": 20}


def test_what_gathers_while_the_store_is_busy_is_one_transaction(file: Database, monkeypatch: pytest.MonkeyPatch):
    transactions = list[int]()
    put = inbox.put

    def counting(conn: Any, *posts: Post) -> None:
        transactions.append(len(posts))
        put(conn, *posts)

    monkeypatch.setattr(inbox, "put", counting)
    with Writer(file) as writer:
        with file.begin():  # a long batch of the worker's
            threads = at_once(32, lambda number: writer.store(post(number)))
            until(lambda: len(writer._waiting) == 32)
        for thread in threads:
            thread.join()
    assert len(stored(file)) == 32
    assert transactions == [32]


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_who_waits_too_long_is_told_and_is_not_stored_later(file: Database):
    with Writer(file, patience_s=0.05) as writer:
        with file.begin(), pytest.raises(NotStored):
            writer.store(post(1))
        writer.store(post(2))
    assert stored(file) == ["request-2"]


def test_a_store_that_fails_is_told_to_all_who_wait_and_the_next_are_stored(
    file: Database, monkeypatch: pytest.MonkeyPatch
):
    failing, put = Event(), inbox.put

    def full(conn: Any, *posts: Post) -> None:
        if failing.is_set():
            raise OSError("no space left on device")
        put(conn, *posts)

    monkeypatch.setattr(inbox, "put", full)
    with Writer(file, counts_wait_s=0.01) as writer:
        failing.set()
        writer.count("refused.hubspot.stale")
        with pytest.raises(NotStored):
            writer.store(post(1))
        failing.clear()
        writer.store(post(2))
    assert stored(file) == ["request-2"]
    assert counted(file) == {"taken.hubspot": 1, "refused.hubspot.stale": 1}, "what was refused is counted all the same"


def test_strangers_cost_no_transaction_of_their_own(file: Database, monkeypatch: pytest.MonkeyPatch):
    transactions = list[dict[str, int]]()
    add_all = tallies.add_all

    def counting(conn: Any, numbers: dict[str, int]) -> None:
        transactions.append(dict(numbers))
        add_all(conn, numbers)

    monkeypatch.setattr(tallies, "add_all", counting)
    with Writer(file, counts_wait_s=0.2) as writer:
        for _ in range(1000):
            writer.count("refused.hubspot.signature")
    assert counted(file) == {"refused.hubspot.signature": 1000}
    assert len(transactions) <= 2


def test_a_writer_that_stops_stores_what_waits_and_takes_nothing_more(file: Database):
    with Writer(file) as writer, file.begin():
        threads = at_once(5, lambda number: writer.store(post(number)))
        until(lambda: len(writer._waiting) == 5)
    for thread in threads:
        thread.join()
    assert sorted(stored(file)) == [f"request-{number}" for number in range(5)]
    with pytest.raises(NotStored, match="stopping"):
        writer.store(post())


def test_nobody_waits_long_while_the_worker_writes_all_the_time(file: Database):
    """Transactions of 30 ms back to back, by a loop that computes; a plain lock let answers wait for seconds."""
    stop, waited = Event(), list[float]()

    def work() -> None:
        while not stop.is_set():
            with file.begin() as conn:
                tallies.add(conn, "worker")
                end = time.monotonic() + 0.03
                while time.monotonic() < end:
                    sum(range(200))

    thread = Thread(target=work)
    thread.start()
    with Writer(file) as writer:
        for number in range(30):
            began = time.monotonic()
            writer.store(post(number))
            waited.append(time.monotonic() - began)
    stop.set()
    thread.join()
    assert sorted(waited)[15] < 0.3, "half of them waited for several of the worker's transactions"
