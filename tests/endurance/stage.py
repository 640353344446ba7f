"""A world in which people never stop working, a bridge in real processes, and what may befall them.

Both sandboxes run in the time of the wall clock, tell the bridge of every change by signed webhooks and outbound
messages over real HTTP, and send again what was not acknowledged. Polling is set so rare that nobody finds by it what a
lost webhook would have told: who stays unlooked-at is seen. The stage is a `Rig`, so that the claims of
tests/misbehaviour (`settled`) hold here, too, once the processes have ended.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from connector.bootstrap import Surroundings, open_installation
from connector.clock import SystemClock, SystemDice
from connector.config.init import write_starter
from connector.core.refs import Side
from connector.sandbox.delivery import Delivery
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.population import populate
from connector.sandbox.world import SIDES, World
from connector.storage import codec
from connector.storage.database import Database, open_database
from tests.endurance.postmen import Postman
from tests.endurance.processes import Process, answering, until
from tests.endurance.witness import WatchedServer, Witness
from tests.misbehaviour.rig import SECRETS as CRM_SECRETS
from tests.misbehaviour.rig import Rig

OUTBOUND = "outbound-secret-of-the-endurance-tests"
SECRETS = {
    **CRM_SECRETS,
    "HUBSPOT_CLIENT_SECRET": DeliverySettings().hubspot_secret,
    "SALESFORCE_OUTBOUND_SECRET": OUTBOUND,
}
QUOTAS = (100_000, 1_000)  # calls in ten seconds, searches in one: not what is tested here
STEP_S = 0.05
DRAINED_WITHIN_S = 90.0
UNTOUCHED = timedelta(minutes=5)  # what waits longer than this waits for a reason of its own (a pause after a refusal)


@dataclass
class Stage(Rig):
    """One world with a bridge in processes."""

    web_url: str = ""
    witness: Witness = field(default_factory=Witness)
    postman: Postman = field(default_factory=Postman)
    processes: list[Process] = field(default_factory=list)
    servers: Mapping[str, WatchedServer] = field(default_factory=dict)  # by side
    rest_s: float = 1.5  # what is delivered gathers for a moment; what is marked rests before it is looked at
    _store: Database | None = None

    def first_sync(self) -> None:
        """Everybody is brought in step, on the real clock."""
        around = Surroundings(self.secrets, SystemClock(), SystemDice())
        for mode in ("full", "once"):
            with open_installation(self.config, around) as opened:
                opened.sync(mode, by="a test", approved=True)

    def process(self, command: str, name: str = "", *, config: Path | None = None, inside: str = "") -> Process:
        """A process of the bridge, not started yet."""
        made = Process(name or command, command, config or self.config, self.secrets, inside)
        self.processes.append(made)
        return made

    def start(self, *processes: Process) -> None:
        """Start processes and wait until each does its work: a web answers, a worker has a pulse."""
        for one in processes:
            one.start()
            self.witness.processes[one.name] = one.pid
        for one in processes:
            until(lambda one=one: self.works(one), f"{one.name} is at work\n{one.said()}", 60.0)

    def works(self, one: Process) -> bool:
        """Whether a process does its work by now; AssertionError when it never will."""
        assert one.alive, f"{one.name} has ended by itself\n{one.said()}"
        if one.command == "worker":
            return self._pulses_since(one) > 0
        return answering(f"{self.web_url}/ready")

    def _pulses_since(self, one: Process) -> int:
        """How many workers have started since that one did, and are heard of."""
        ago = timedelta(seconds=time.monotonic() - one.started_at)
        question = "SELECT count(*) FROM pulses WHERE kind = 'worker' AND started_at >= :at"
        try:
            return self.counted(question, datetime.now(UTC) - ago)
        except OperationalError:  # the database is not up yet, or not migrated
            return 0

    def counted(self, question: str, at: datetime) -> int:
        """The one number that a question to the store is answered with; it may name a moment, `:at`."""
        store = self._store = self._store or open_database(self.database)
        with store.read() as conn:
            return int(conn.execute(text(question), {"at": codec.micros(at)}).scalar() or 0)

    def rows(self, question: str, most: int = 10) -> list[str]:
        """The first rows of an answer, for a person who has to understand a failure."""
        store = self._store = self._store or open_database(self.database)
        with store.read() as conn:
            return [str(dict(row)) for row in conn.execute(text(question)).mappings().fetchmany(most)]

    def backlog(self) -> Mapping[str, int]:
        """What is left to do: requests nobody has read, refs nobody has looked at."""
        return {
            "inbox": self.counted("SELECT count(*) FROM inbox WHERE problem = '' AND :at > 0", self.clock.now()),
            "dirty": self.counted("SELECT count(*) FROM dirty WHERE due_at < :at", datetime.now(UTC) + UNTOUCHED),
        }

    def leased(self) -> int:
        """How many refs somebody has claimed and not given back."""
        return self.counted("SELECT count(*) FROM dirty WHERE leased_until > :at", datetime.now(UTC))

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            self._store.close()

    def drained(self, within_s: float = DRAINED_WITHIN_S) -> float:
        """Wait until everything told has been heeded and nothing is left to do; how long that took, in seconds."""
        clear: list[float] = []

        def over() -> bool:
            if any(self.backlog().values()) or self.witness.overlooked(dict(self.postman.told)):
                clear.clear()
            else:
                clear.append(time.monotonic())
            return bool(clear) and clear[-1] - clear[0] >= self.rest_s

        try:
            return until(over, "everything is drained", within_s)
        except AssertionError as error:
            missed = list(self.witness.overlooked(dict(self.postman.told)))[:5]
            said = "\n".join((*self.rows("SELECT * FROM dirty"), *(one.said(15) for one in self.processes)))
            raise AssertionError(f"{error}: {self.backlog()}, told of and not looked at: {missed}\n{said}") from None

    def writes_of_the_bridge(self) -> int:
        """How much it has written by now."""
        return self.world.services.log.count("api:")

    def pairs(self) -> list[tuple[str, str]]:
        """Linked people: (HubSpot id, Salesforce id), both living."""
        hubspot, salesforce = self.people(Side.HUBSPOT), self.people(Side.SALESFORCE)
        named = ((one, str(row.get("salesforce_record_id") or "")) for one, row in sorted(hubspot.items()))
        return [(one, other) for one, other in named if other in salesforce]


@contextmanager
def stage(
    folder: Path,
    database: str,
    *,
    people: int = 60,
    shape: str = "believable",
    settings: Mapping[str, Any] | None = None,
) -> Iterator[Stage]:
    """A populated world that delivers, and an installation in step with it; nothing of the bridge runs yet."""
    world = World(1, lambda: datetime.now(UTC))
    world.services.settings.quotas_enforced = False
    world.hubspot.settings.burst_per_10_s, world.hubspot.settings.search_per_s = QUOTAS
    populate(world, people, shape)
    made, witness, postman, now = {}, Witness(), Postman(), world.services.clock.now
    with ExitStack() as ending:
        for side in SIDES:
            made[side] = ending.enter_context(WatchedServer(world.door(side), now, watch=(witness, side)))
        port = _free_port()
        urls = {side: server.url for side, server in made.items()}
        config = configured(folder, urls, database, {"web": {"port": port}, **(settings or {})})
        web = f"http://127.0.0.1:{port}"
        one = Stage(world, config, database, {}, SECRETS, [], web, witness, postman, servers=made)
        one.first_sync()
        ending.enter_context(_delivering(world, postman, web))
        try:
            yield one
        finally:
            for process in one.processes:
                process.end()
            one.close()


def configured(folder: Path, urls: Mapping[str, str], database: str, settings: Mapping[str, Any]) -> Path:
    """A config.yaml as `smarketing init` writes it, pointed at the sandboxes."""
    write_starter(folder, agreed=False)
    yaml, path = YAML(), folder / "config.yaml"
    config = yaml.load(path.read_text())
    config["database"]["url"] = database
    for side, url in urls.items():
        config[side]["base_url"] = url
    config["hubspot"].update(zip(("requests_per_10s", "search_per_s"), QUOTAS, strict=True))
    config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
    config["webhooks"] = {
        "hubspot": {"secrets": ["env:HUBSPOT_CLIENT_SECRET"]},
        "salesforce": {"outbound_secrets": ["env:SALESFORCE_OUTBOUND_SECRET"]},
    }
    config["worker"]["polling"] = {"least_s": 3_600, "most_s": 3_600}
    config["guards"]["changes"] = {"number": None, "percent": None}
    for section, values in settings.items():
        config[section].update(values)
    yaml.dump(config, path)
    return path


@contextmanager
def _delivering(world: World, postman: Postman, web: str) -> Iterator[None]:
    """Both sides tell the web of what happens, until the block is left."""
    to = DeliverySettings(
        hubspot_url=f"{web}/webhooks/hubspot",
        salesforce_url=f"{web}/webhooks/salesforce/outbound/{OUTBOUND}",
        hubspot_group_s=0.3,
    )
    delivery, stop = Delivery(world, to, postman), Event()

    def step() -> None:
        while not stop.wait(STEP_S):
            delivery.deliver(world.services.clock.now())

    thread = Thread(target=step, name="delivery")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])
