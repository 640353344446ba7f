"""Writers of one process are served in the order in which they asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from connector.storage import tallies
from connector.storage.database import migrate, open_database
from connector.storage.turns import Turns, of_file


def until(claim: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_turns_are_given_in_the_order_of_asking():
    turns, order = Turns(), list[int]()

    def take(number: int) -> None:
        with turns:
            order.append(number)

    threads = [Thread(target=take, args=(number,)) for number in range(8)]
    with turns:
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda number=number: len(turns._queue) == number + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_one_turn_at_a_time():
    turns, inside, most = Turns(), list[int](), list[int]()

    def take() -> None:
        for _ in range(300):
            with turns:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert not turns._taken


class _Interrupting:
    """A lock whose second taking is interrupted, as by Ctrl-C."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._lock, self._taken, self._meanwhile = Lock(), 0, meanwhile

    def acquire(self) -> None:
        self._taken += 1
        if self._taken == 2:
            self._meanwhile()
            raise KeyboardInterrupt
        self._lock.acquire()

    def release(self) -> None:
        self._lock.release()


@pytest.mark.parametrize("given", [False, True])
def test_who_stops_waiting_leaves_the_queue_to_the_others(*, given: bool, monkeypatch: pytest.MonkeyPatch):
    """Whether or not the turn was given to them in the very moment in which they left."""
    turns = Turns()
    turns.__enter__()
    meanwhile = (lambda: turns.__exit__(None, None, None)) if given else (lambda: None)
    monkeypatch.setattr("connector.storage.turns.Lock", lambda: _Interrupting(meanwhile))
    with pytest.raises(KeyboardInterrupt):
        turns.__enter__()
    if not given:
        turns.__exit__(None, None, None)
    assert not turns._taken
    assert not turns._queue


def test_one_file_has_one_queue_and_others_their_own(tmp_path: Path):
    assert of_file("a.db") is of_file("a.db")
    first, second = of_file("a.db"), of_file("b.db")
    assert first is not second


def test_a_loop_that_writes_all_the_time_lets_others_in_at_once(tmp_path: Path):
    """Though it opened the store for itself: a stranger waits for one of its turns, not for many."""
    stop, waited = Event(), list[float]()
    loop, stranger = (open_database(f"sqlite:///{tmp_path / 'bridge.db'}") for _ in range(2))
    migrate(loop)

    def write_on() -> None:
        while not stop.is_set():
            with loop.begin() as conn:
                tallies.add(conn, "loop")
                time.sleep(0.02)

    thread = Thread(target=write_on)
    thread.start()
    for _ in range(10):
        began = time.monotonic()
        with stranger.begin() as conn:
            tallies.add(conn, "stranger")
        waited.append(time.monotonic() - began)
    stop.set()
    thread.join()
    assert sorted(waited)[5] < 0.2, "it had waited for many turns"
    loop.close()
    stranger.close()
