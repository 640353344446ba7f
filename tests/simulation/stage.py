"""One simulated world: both CRMs, the store, and workers that run the production code against them.

Everything is built as `smarketing` builds it, but for the wires (no sockets), the store (SQLite in memory, copied from
a migrated template) and the executors (none: calls are made one after the other). The configuration is the shipped one
with a variant's changes; a worker that starts anew reads the variant that holds then.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from connector.bootstrap import Installation
from connector.config.init import write_starter
from connector.config.load import Loaded, load
from connector.core.refs import Side
from connector.engine.bridge import Bridge
from connector.engine.erase import KEY
from connector.ports import Dice
from connector.sandbox.exchange import Request, Response
from connector.sandbox.world import World
from connector.storage import state
from connector.storage.database import Database, migrate, open_database
from tests.simulation import agreements
from tests.simulation.messages import FINE, Message, Outgoing
from tests.simulation.opening import adapters, fitted_once, learned
from tests.simulation.trace import PEOPLE, Trace
from tests.simulation.turns import Turns, WorkerClock
from tests.simulation.variants import SELLERS
from tests.simulation.watched import Watched, WatchedStore, Witness
from tests.simulation.wires import Line

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}


@cache
def loaded(variant: str) -> Loaded:
    """The configuration of a variant, read from files as ever."""
    with tempfile.TemporaryDirectory() as place:
        folder, chosen = Path(place), agreements.chosen(variant)
        write_starter(folder, agreed=chosen.agreed is not None)
        yaml, path = YAML(), folder / "config.yaml"
        config = yaml.load(path.read_text())
        config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
        for guard, limits in chosen.guards.items():
            config["guards"][guard] |= limits
        if chosen.agreed is not None:
            config.update(agreements.CONFIG)
        yaml.dump(config, path)
        changes = {"mapping": "contacts", "extends": "default", **chosen.people}
        yaml.dump(changes, folder / "mappings" / "contacts.yaml")
        owners = {"table": dict(SELLERS), "fallback": dict(chosen.fallback)}
        yaml.dump({"owners": owners}, folder / "mappings" / "owners.yaml")
        for name, differs in (chosen.agreed or {}).items():
            yaml.dump({name: differs, "extends": "default"}, folder / "mappings" / f"{name}.yaml")
        return load(path, {**SECRETS, **agreements.SECRETS})


class EvenDice:
    """Chance that always rolls the same."""

    def roll(self) -> float:
        return 0.5


EVEN = EvenDice()


class SeededDice:
    """Chance for the production code of one life of one worker."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def roll(self) -> float:
        return self._random.random()


class Alone(Turns):
    """The turn of somebody whom nobody interrupts: waiting passes the time at once."""

    def moment(self, what: str) -> None:
        self.count()

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)


@cache
def _template() -> tuple[Database, sqlite3.Connection]:
    """The one store of this process, and what a new one holds: migrated, with the facts of a new world learned."""
    database, copy = open_database("sqlite://"), sqlite3.connect(":memory:", check_same_thread=False)
    migrate(database)
    with database.begin() as conn:
        state.put(conn, KEY, "00" * 32)
    world = new_world(0)
    turns = Alone(world.services.clock)
    with ExitStack() as ending:
        clock = WorkerClock(world.services.clock, turns)
        lines = {side: Line(world, side.value, turns, lambda *_: None) for side in Side}
        written = loaded("as shipped")
        learned(written, database, adapters(written.settings, database, lines, (clock, EvenDice()), ending), clock)
    with closing(database._engine.raw_connection()) as lent:
        lent.driver_connection.backup(copy)
    return database, copy


def new_store() -> Database:
    """An empty store that has met its accounts; the same one again and again, as making one costs more than a play."""
    database, copy = _template()
    with closing(database._engine.raw_connection()) as lent:
        copy.backup(lent.driver_connection)
    return database


def new_world(seed: int) -> World:
    """Both CRMs, empty, with time standing still; answers are packed only by the fault that spoils packed ones."""
    world = World(seed, lambda: START)
    world.services.clock.freeze(START)
    world.services.settings.gzip_enabled = False
    return world


@dataclass
class Stage:
    """One world with its store; what plays on it is in `play`, what people do in `people`.

    What the oracle must know of the trouble:

    Attributes:
        variant: the mapping variant that a worker reads when it opens.
        variants_held: since when which variant has been on disk, oldest first.
        rewritten: (side, object, field) that other people's software rewrites, or rewrote for a while.
        closed: (side, object, field) that an admin has removed, hidden or made read-only, and not given back.
        emptied: (lines of the log by then, object, field) of Salesforce that an admin deleted with all its values.
        choices_changed: (side, object, field) whose picklist values an admin took away or added.
        ruled: (side, object) on which an admin's validation or duplicate rule refuses some values.
        miswritten: (side, id) of records into which other software wrote a cross id that is not theirs, or cleared it.
        kept_apart: (side, id) of records that people unlinked or forgot, which are not to be joined again.
        forgotten: addresses, in small letters, of those a person had forgotten: nobody of that address is made again.
        approves: whether workers' runs are approved beforehand; else a person must let a held run go on.
        messages: everything that was sent to the chat room and the address, in order.
        host_ahead: by worker, how far the clock of its host is ahead of the true time (negative: behind).

    What acts remember for themselves:
        closeness: how often an act is about somebody whom the last acts were about.
        dealt: ids that acts were about, oldest first.
        endings: what ends lasting trouble when all becomes calm, each told in words.
        post: what has been told of changes and not yet been delivered.
        papers: saved plans, made and not yet applied.
        deals: (side, id) of those that were opened.
        manner: how chat room and address take what is sent to them (`messages.MANNERS`).
    """

    seed: int
    dice: Random
    world: World
    store: Database
    variant: str = "as shipped"
    witness: Witness = field(default_factory=Witness)
    excused: Counter[str] = field(default_factory=Counter)  # by the oracle: what could not be helped, in its words
    drifted: list[str] = field(default_factory=list)  # what the bridge's own audit found in the end
    misshelved: list[str] = field(
        default_factory=list
    )  # what was wrong with the reading copy, in the calm and in the end
    tokens: int = 0
    variants_held: list[tuple[datetime, str]] = field(default_factory=list)
    rewritten: set[tuple[Side, str, str]] = field(default_factory=set)
    closed: set[tuple[Side, str, str]] = field(default_factory=set)
    emptied: list[tuple[int, str, str]] = field(default_factory=list)
    choices_changed: set[tuple[Side, str, str]] = field(default_factory=set)
    ruled: set[tuple[Side, str]] = field(default_factory=set)
    miswritten: set[tuple[Side, str]] = field(default_factory=set)
    kept_apart: set[tuple[Side, str]] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    approves: bool = True
    messages: list[Message] = field(default_factory=list)
    host_ahead: dict[str, timedelta] = field(default_factory=dict)
    closeness: float = 0.0
    dealt: list[str] = field(default_factory=list)
    endings: dict[str, Callable[[], object]] = field(default_factory=dict)
    post: Any = None
    papers: list[Path] = field(default_factory=list)
    manner: str = FINE
    deals: list[tuple[Side, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trace = Trace(self.clock, self.world.services.log)

    def holds(self, variant: str) -> None:
        """An admin puts a mapping in place; workers read it when they begin."""
        self.variant = variant
        self.variants_held.append((self.clock.now(), variant))

    def people(self, side: Side) -> list[tuple[str, str, dict[str, Any]]]:
        """Every live person of a side, past its API: (object, id, values); converted Leads are no longer there."""
        if side is Side.HUBSPOT:
            table = self.world.hubspot.state.tables["contacts"]
            return [("contacts", str(one), dict(table.records[one].values)) for one in sorted(table.live)]
        catalogue = self.world.salesforce.catalogue
        found = [
            (obj, one, {name: row[each.slot] for name, each in catalogue[obj].kind.fields.items() if each.stored})
            for obj in ("Lead", "Contact")
            for one in catalogue[obj].ids
            if (row := catalogue[obj].live(one)) is not None
        ]
        return [each for each in found if each[2].get("IsConverted") is not True]

    def pairs(self) -> list[tuple[str, str]]:
        """(HubSpot id, Salesforce id) of those who name each other."""
        there = {one for _, one, _ in self.people(Side.SALESFORCE)}
        named = [(one, row.get("salesforce_record_id")) for _, one, row in self.people(Side.HUBSPOT)]
        return [(one, other) for one, other in named if other in there]

    @property
    def clock(self) -> Any:
        return self.world.services.clock

    def tell(self, words: str, who: str = PEOPLE) -> None:
        """Add a line to the trace."""
        self.trace.tell(words, who)

    @contextmanager
    def installation(self, name: str, turns: Turns, dice: Dice = EVEN) -> Iterator[Installation]:
        """The bridge as a worker opens it.

        Raises what opening raises: Transient, Unauthorised, Misconfigured.
        """
        written = loaded(self.variant)
        clock = WorkerClock(self.clock, turns, self.host_ahead.get(name, timedelta()))

        def heard(side: str, exchange: tuple[Request, Response], struck: str) -> None:
            self.trace.called(name, side, exchange, struck)
            life.called(side, exchange[1].status, self.world.services.log)

        with self.witness.life(name, self.variant) as life, ExitStack() as ending:
            store = WatchedStore(self.store, turns, life, self.world.services.log)
            lines = {side: Line(self.world, side.value, turns, heard) for side in Side}
            raw = adapters(written.settings, store, lines, (clock, dice), ending)
            crms = {side: Watched(crm, life, self.world.services.log, self.clock) for side, crm in raw.items()}
            known = learned(written, store, crms, clock)
            fit = fitted_once(written, known, store, clock)
            limits = written.settings.guards.limits
            bridge = Bridge("simulated", store, crms, fit.mapping, clock, dice, limits, batch_records=50)
            if written.agreed:
                bridge = replace(bridge, notifier=Outgoing(self, name, turns))
            yield Installation(written.settings, fit.into(bridge), known.accounts, fit.findings)


def sample(dice: Random, weights: Mapping[str, float]) -> str:
    """One of the names, by weight."""
    names: Sequence[str] = list(weights)
    return dice.choices(names, [weights[name] for name in names])[0]
