"""Listening beside the worker: who is told of changes without an address of ours being open to the outside.

A companion is a thread of a worker process. Of all processes on one store one listens: it holds a lease, renews it
while it lives, and another takes over when it runs out. A process that was frozen may listen beside its successor for
a moment; then events are kept twice, which marks a record twice and harms nothing. What was heard goes into the inbox
together with the place behind it, in one transaction, so a kill at any moment loses nothing and the next listener goes
on from there. Polling never depends on any of this.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from connector.bootstrap import Installation
from connector.core.refs import Side
from connector.engine.duties import JOURNAL
from connector.errors import Misconfigured, Problem
from connector.ports import Clock
from connector.service import attention
from connector.storage import duties, inbox, pulses, state, tallies
from connector.storage.database import Database
from connector.storage.inbox import Post
from connector.storage.pulses import Pulse

if TYPE_CHECKING:
    from connector.salesforce.pubsub.listener import Heard, State

PUBSUB = "pubsub"
LEASE = timedelta(seconds=12)
BEAT_S = 3.0
_PLACE = "pubsub.place"
_LOG = structlog.get_logger(__name__)

Run = Callable[[Callable[[float], bool]], None]  # listens until what it is given says that it is time to stop


@contextmanager
def companions(installation: Installation) -> Iterator[None]:
    """Listen, as far as config.yaml asks for it, while the block lasts; stops within a second or two.

    The journal of HubSpot is a duty of the worker; it is only asked for here, for it may not have been a minute ago.

    Raises:
        Misconfigured: when listening is asked for and the extra it needs is not installed.
    """
    if installation.settings.hubspot.journal is not None:
        with installation.bridge.database.begin() as conn:
            duties.ask(conn, JOURNAL, installation.bridge.clock.now())
    with ExitStack() as closing:
        if installation.settings.salesforce.pubsub is not None:
            closing.enter_context(_pubsub(installation).at_work())
        yield


@dataclass
class Companion:
    """One listener, at work in one process of all. `run` is called again whenever the lease is won."""

    name: str
    database: Database
    clock: Clock
    run: Run
    shown: dict[str, Any] = field(default_factory=dict)
    beat_s: float = BEAT_S
    lease: timedelta = LEASE

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Listen whenever nobody else does, while the block lasts."""
        stop = Event()
        guard = Thread(target=self._guard, args=(stop,), name=f"{self.name}-guard", daemon=True)
        guard.start()
        try:
            yield
        finally:
            stop.set()
            guard.join(timeout=10)

    def _guard(self, stop: Event) -> None:
        """Win the lease, listen while it is held, give it back in the end. No fault of the store ends this."""
        held, listening, began = None, None, self.clock.now()
        while True:
            try:
                held = self._renewed(held)
                self._beat(began, at_it=held is not None)
            except Exception:  # noqa: BLE001  # whatever the store's fault is: without a lease nobody listens
                _LOG.exception("the lease of a listener cannot be held; it is tried again", task=self.name)
                held = held if held is not None and self._holds(held) else None
            if held is not None and (listening is None or listening.over):
                listening = _Listening(self)
            elif held is None and listening is not None:
                listening.end()
                listening = None
            if stop.wait(self.beat_s):
                break
        if listening is not None:
            listening.end()
        self._goodbye(held)

    def _renewed(self, held: duties.Duty | None) -> duties.Duty | None:
        """The lease, if it is or becomes ours."""
        now = self.clock.now()
        with self.database.begin() as conn:
            if held is not None and (kept := duties.renew(conn, held, now + self.lease)):
                return kept
            duties.ensure(conn, [self._duty], now)
            return duties.begin(conn, self._duty, now, now + self.lease)

    def _holds(self, held: duties.Duty) -> bool:
        return held.leased_until is not None and self.clock.now() < held.leased_until

    def _beat(self, began: Any, *, at_it: bool) -> None:
        told = self.shown if at_it else {"state": "standing by", "reason": "another process listens"}
        body = {"host": socket.gethostname(), "pid": os.getpid(), **told}
        now = self.clock.now()
        with self.database.begin() as conn:
            pulses.beat(conn, Pulse(self._pulse, self.name, began, now, body), now)

    def _goodbye(self, held: duties.Duty | None) -> None:
        try:
            with self.database.begin() as conn:
                pulses.gone(conn, self._pulse)
                if held is not None:
                    duties.end(conn, held, self.clock.now(), {})
        except Exception:  # noqa: BLE001  # the lease runs out by itself
            _LOG.exception("a listener could not say goodbye", task=self.name)

    @property
    def _duty(self) -> str:
        return f"listen.{self.name}"

    @property
    def _pulse(self) -> str:
        return f"{self.name}@{socket.gethostname()}:{os.getpid()}"


class _Listening:
    """A listener's thread."""

    def __init__(self, companion: Companion) -> None:
        self._companion, self._stop = companion, Event()
        self._thread = Thread(target=self._listen, name=companion.name, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether a fault has ended it; the guard begins another."""
        return not self._thread.is_alive()

    def end(self) -> None:
        """Stop it and wait for it."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _listen(self) -> None:
        try:
            self._companion.run(self._stop.wait)
        except Exception as error:  # noqa: BLE001  # a bug or a store that is away: the guard begins anew
            self._companion.shown.update(state="broken", reason=type(error).__name__)
            _LOG.exception("a listener broke; it is begun anew", task=self._companion.name)


@dataclass
class InboxKeeper:
    """Keeps what the event bus told: the post and the place behind it together (`pubsub.listener.Keeper`)."""

    database: Database
    clock: Clock
    org: str
    channel: str
    shown: dict[str, Any]

    def place(self) -> bytes | None:
        """The place kept last, if it is of this org and channel."""
        with self.database.read() as conn:
            kept = state.get(conn, _PLACE) or {}
        mine = kept.get("org") == self.org and kept.get("channel") == self.channel
        return bytes.fromhex(kept["replay_id"]) if mine and kept.get("replay_id") else None

    def keep(self, heard: Heard) -> None:
        """Put it into the inbox, and remember the place behind it."""
        now = self.clock.now()
        place = heard.replay_id.hex() if heard.replay_id is not None else ""
        told = {"org": self.org, "channel": self.channel, "changes": list(heard.changes), "sweep": heard.sweep}
        with self.database.begin() as conn:
            if heard.changes or heard.sweep:
                inbox.put(conn, Post(PUBSUB, now, f"pubsub-{place or 'lost'}", orjson.dumps(told)))
            tallies.add_all(conn, {"pubsub.events": len(heard.changes), "pubsub.sweeps": int(bool(heard.sweep))})
            at = {"org": self.org, "channel": self.channel, "replay_id": place, "at": now.isoformat()}
            state.put(conn, _PLACE, at)

    def show(self, found: State) -> None:
        """Let people see how the listener stands: in its pulse, in the log, and as an issue when it lasts."""
        until = found.until.isoformat() if found.until else None
        self.shown.update(state=found.name, reason=found.reason, until=until)
        with self.database.begin() as conn:
            if found.lasting:
                attention.show(conn, PUBSUB, found.reason, self.clock.now())
            elif found.name == "listening":
                attention.unshow(conn, PUBSUB, self.clock.now())
        rest_s = round((found.until - self.clock.now()).total_seconds(), 1) if found.until else None
        _LOG.info("event bus", state=found.name, reason=found.reason, again_in_s=rest_s)


def _pubsub(installation: Installation) -> Companion:
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # it tells every lost line in a form of its own; we tell it, too
    try:
        from connector.salesforce.pubsub.line import Access  # noqa: PLC0415  # an extra that not everybody has
        from connector.salesforce.pubsub.listener import Listener, Wanted  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise _not_installed(str(error.name)) from None
    from connector.salesforce.crm import Salesforce  # noqa: PLC0415  # the clients take a third of a second to load

    wanted, bridge = installation.settings.salesforce.pubsub, installation.bridge
    assert wanted is not None, "whoever asks has looked"
    crm = bridge.crms[Side.SALESFORCE]
    assert isinstance(crm, Salesforce), "the event bus is Salesforce's"
    org = installation.accounts[Side.SALESFORCE].id
    shown: dict[str, Any] = {"state": "starting", "channel": wanted.channel}
    keeper = InboxKeeper(bridge.database, bridge.clock, org, wanted.channel, shown)
    listener = Listener(
        Access(wanted.address, crm.api.login, org),
        Wanted(wanted.channel, wanted.fetch, wanted.silence_s),
        keeper,
        (bridge.clock, bridge.dice),
    )
    return Companion(PUBSUB, bridge.database, bridge.clock, listener.run, shown)


def _not_installed(module: str) -> Misconfigured:
    message = (
        f"needs {module}, which is not installed: pip install 'smarketing-connector[pubsub]', or take pubsub out of "
        "config.yaml (polling finds every change without it)"
    )
    return Misconfigured([Problem("config.yaml", 0, "salesforce.pubsub", message)])


def shown(conn: Any, now: Any) -> Mapping[str, Mapping[str, Any]]:
    """How each listener that is alive stands, by the name of its process."""
    alive = pulses.alive(conn, now, LEASE * 2)
    return {pulse.name: pulse.body for pulse in alive if pulse.kind == PUBSUB}
