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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from connector import bootstrap, sides
from connector.bootstrap import Installation, fitted
from connector.config.init import write_starter
from connector.config.load import Loaded, load
from connector.core.refs import Side
from connector.engine.bridge import Bridge
from connector.engine.erase import KEY
from connector.hubspot.crm import HubSpot
from connector.ports import Crm
from connector.salesforce.api import Traffic as SalesforceTraffic
from connector.sandbox.exchange import Request, Response
from connector.sandbox.world import World
from connector.storage import state
from connector.storage.database import Database, migrate, open_database
from connector.transport.throttle import Throttle
from tests.simulation.turns import Turns, WorkerClock
from tests.simulation.variants import SELLERS, VARIANTS
from tests.simulation.watched import Watched, WatchedStore, Witness
from tests.simulation.wires import HubSpotWire, Line, SalesforceWire

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}


@cache
def loaded(variant: str) -> Loaded:
    """The configuration of a variant, read from files as ever."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_starter(folder)
        yaml, path = YAML(), folder / "config.yaml"
        config = yaml.load(path.read_text())
        config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
        chosen = VARIANTS[variant]
        for guard, limits in chosen.guards.items():
            config["guards"][guard] |= limits
        yaml.dump(config, path)
        changes = {"mapping": "contacts", "extends": "default", **chosen.people}
        yaml.dump(changes, folder / "mappings" / "contacts.yaml")
        owners = {"table": dict(SELLERS), "fallback": dict(chosen.fallback)}
        yaml.dump({"owners": owners}, folder / "mappings" / "owners.yaml")
        return load(path, SECRETS)


class EvenDice:
    """Chance that always rolls the same."""

    def roll(self) -> float:
        return 0.5


class Alone(Turns):
    """The turn of somebody whom nobody interrupts: waiting passes the time at once."""

    def moment(self, what: str) -> None:
        pass

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
        crms = adapters(world, database, turns, lambda *_: None, (clock, EvenDice()), ending)
        bootstrap._facts(loaded("as shipped"), database, crms, clock)
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
    """Both CRMs, empty, with time standing still."""
    world = World(seed, lambda: START)
    world.services.clock.freeze(START)
    return world


def adapters(  # noqa: PLR0917  # what a process is handed by its surroundings
    world: World, database: Database, turns: Turns, heard: Any, around: tuple[WorkerClock, Any], closing: ExitStack
) -> dict[Side, Crm]:
    """Both production adapters on wires without sockets; `around` are the host's clock and dice."""
    settings, (clock, dice) = loaded("as shipped").settings, around
    lines = {side: Line(world, side.value, turns, heard) for side in Side}
    day = {side: sides._budget(settings, side, database, clock) for side in Side}
    for budget in day.values():
        closing.callback(budget.close)
    hubspot = HubSpot(
        sides._hubspot_access(settings, clock),
        sides._hubspot_traffic(settings, (clock, dice), day[Side.HUBSPOT]),
        clock,
        None,
    )
    hubspot._wire._api.rest_client.pool_manager = HubSpotWire(lines[Side.HUBSPOT])
    traffic = SalesforceTraffic(clock, dice, Throttle(clock), budget=day[Side.SALESFORCE])
    salesforce = sides._salesforce(settings, database, traffic, None)
    salesforce._session.mount("https://", SalesforceWire(lines[Side.SALESFORCE]))
    return {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}


@dataclass
class Stage:
    """One world with its store; what plays on it is in `play`, what people do in `people`.

    What the oracle must know of the trouble:

    Attributes:
        variant: the mapping variant that a worker reads when it opens.
        variants_held: since when which variant has been on disk, oldest first.
        rewritten: (side, object, field) that other people's software rewrites, or rewrote for a while.
        closed: (side, object, field) that an admin has removed, hidden or made read-only, and not given back.
        choices_changed: (side, object, field) whose picklist values an admin took away or added.
        ruled: (side, object) on which an admin's validation or duplicate rule refuses some values.
        miswritten: (side, id) of records into which other software wrote a cross id that is not theirs, or cleared it.
        kept_apart: (side, id) of records that people unlinked or forgot, which are not to be joined again.
        approves: whether workers' runs are approved beforehand; else a person must let a held run go on.
        host_ahead: by worker, how far the clock of its host is ahead of the true time (negative: behind).

    What acts remember for themselves:
        closeness: how often an act is about somebody whom the last acts were about.
        dealt: ids that acts were about, oldest first.
        endings: what ends lasting trouble when all becomes calm, each told in words.
        post: what has been told of changes and not yet been delivered.
        papers: saved plans, made and not yet applied.
    """

    seed: int
    dice: Random
    world: World
    store: Database
    variant: str = "as shipped"
    witness: Witness = field(default_factory=Witness)
    told: list[str] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)  # by the oracle: what could not be helped, in its words
    tokens: int = 0
    variants_held: list[tuple[datetime, str]] = field(default_factory=list)
    rewritten: set[tuple[Side, str, str]] = field(default_factory=set)
    closed: set[tuple[Side, str, str]] = field(default_factory=set)
    choices_changed: set[tuple[Side, str, str]] = field(default_factory=set)
    ruled: set[tuple[Side, str]] = field(default_factory=set)
    miswritten: set[tuple[Side, str]] = field(default_factory=set)
    kept_apart: set[tuple[Side, str]] = field(default_factory=set)
    approves: bool = True
    host_ahead: dict[str, timedelta] = field(default_factory=dict)
    closeness: float = 0.0
    dealt: list[str] = field(default_factory=list)
    endings: dict[str, Callable[[], object]] = field(default_factory=dict)
    post: Any = None
    papers: list[Path] = field(default_factory=list)

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

    def roll(self) -> float:
        """Chance, for whoever of the production code asks."""
        return self.dice.random()

    def tell(self, words: str) -> None:
        """Add a line to the trace."""
        passed = (self.clock.now() - START) / timedelta(seconds=1)
        self.told.append(f"{passed:11.3f}  {words}")

    @contextmanager
    def installation(self, name: str, turns: Turns) -> Iterator[Installation]:
        """The bridge as a worker opens it.

        Raises what opening raises: Transient, Unauthorised, Misconfigured.
        """
        written = loaded(self.variant)
        clock = WorkerClock(self.clock, turns, self.host_ahead.get(name, timedelta()))

        def heard(side: str, request: Request, response: Response) -> None:
            self.tell(f"  {name} {side} {request.method} {request.path} -> {response.status} {response.wire.value}")
            life.called(side, response.status, self.world.services.log)

        with self.witness.life(name, self.variant) as life, ExitStack() as ending:
            store = WatchedStore(self.store, turns, life, self.world.services.log)
            raw = adapters(self.world, store, turns, heard, (clock, self), ending)
            crms = {side: Watched(crm, life, self.world.services.log) for side, crm in raw.items()}
            known = bootstrap._facts(written, store, crms, clock)
            mapping, findings = fitted(written, known)
            bridge = Bridge(
                "simulated", store, crms, mapping, clock, self, written.settings.guards.limits, batch_records=50
            )
            yield Installation(written.settings, bridge, known.accounts, findings)


def sample(dice: Random, weights: Mapping[str, float]) -> str:
    """One of the names, by weight."""
    names: Sequence[str] = list(weights)
    return dice.choices(names, [weights[name] for name in names])[0]
