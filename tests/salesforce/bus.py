"""A listener and the sandbox's event bus in one process: what was kept, and how time is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

from connector.salesforce.login import Token
from connector.salesforce.pubsub.line import Access
from connector.salesforce.pubsub.listener import Heard, Listener, State, Wanted
from connector.sandbox.salesforce import Org

PATIENCE_S = 8.0


class Watch:
    """Real time, which can be moved on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Even:
    """Dice that always fall in the middle."""

    def roll(self) -> float:
        return 0.5


class Tokens:
    """Signs in to the org without HTTP."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.sign_ins = 0
        self._token: Token | None = None

    def token(self) -> Token:
        return self._token or self.renewed(None)

    def renewed(self, stale: Token | None) -> Token:
        if self._token is None or self._token is stale:
            self.sign_ins += 1
            with self._org.lock:
                access = self._org.sessions.open(self._org.bridge_user, self._org.now().timestamp())
            self._token = Token(access, self._org.settings.instance_url)
        return self._token


class Kept:
    """Keeps in memory what a listener heard; `broken` makes the next keeping fail."""

    def __init__(self) -> None:
        self.replay_id: bytes | None = None
        self.heard: list[Heard] = []
        self.states: list[State] = []
        self.broken: Exception | None = None

    def place(self) -> bytes | None:
        return self.replay_id

    def keep(self, heard: Heard) -> None:
        if self.broken is not None:
            error, self.broken = self.broken, None
            raise error
        self.heard.append(heard)
        self.replay_id = heard.replay_id

    def show(self, state: State) -> None:
        self.states.append(state)

    @property
    def changes(self) -> list[dict]:
        return [dict(change) for heard in self.heard for change in heard.changes]

    @property
    def ids(self) -> list[str]:
        return [each for change in self.changes for each in change.get("recordIds") or ()]

    @property
    def sweeps(self) -> list[str]:
        return [heard.sweep for heard in self.heard if heard.sweep]


class Stop:
    """Waits as a service does, and notes for how long; long waits are cut short."""

    def __init__(self, longest_s: float = 0.05) -> None:
        self.event = Event()
        self.waits: list[float] = []
        self._longest_s = longest_s

    def __call__(self, seconds: float) -> bool:
        if seconds:
            self.waits.append(seconds)
        return self.event.wait(min(seconds, self._longest_s))


@contextmanager
def listening(org: Org, address: str, kept: Kept, **given):
    """A listener at work in a thread, and its `Stop`, until the block is left."""
    tokens = given.get("tokens") or Tokens(org)
    wanted = Wanted(given.get("channel", "/data/ChangeEvents"), given.get("fetch", 100), given.get("silence_s", 60.0))
    stop = given.get("stop") or Stop()
    clock = given.get("clock") or Watch()
    listener = Listener(Access(address, tokens, org.id), wanted, kept, (clock, Even()))
    thread = Thread(target=listener.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.event.set()
        thread.join(5)
        assert not thread.is_alive(), "the listener does not stop"


def until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until something holds; AssertionError when it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.01)
