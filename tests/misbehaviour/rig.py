"""An installation against a sandbox whose answers can be bent, and the proof that both sides end up in step.

A rig is one population behind two real HTTP ports, a bend (a function around each side's door), a store and the
installation as a command opens it. Time stands still but for what waiting lets pass, so that no wait costs real time.
`settled` is the claim of this whole folder: after the trouble is over a few runs bring everything in step, nobody is
lost, nobody is there twice, nothing is left to do, and a further full run writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.bootstrap import Surroundings, open_installation
from connector.config.init import write_starter
from connector.core.plan import Issue
from connector.core.refs import Side
from connector.engine.run import Run
from connector.errors import Transient
from connector.sandbox.acts import act
from connector.sandbox.exchange import Request, Response
from connector.sandbox.population import populate
from connector.sandbox.server import Server
from connector.sandbox.services import Fault, SandboxClock
from connector.sandbox.world import World
from connector.storage import dirty, issues
from connector.storage.database import open_database

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}
BACK, CROSS = "HubSpot_Contact_Id__c", "salesforce_record_id"
FIELDS = {  # what both sides shall agree on, as HubSpot and as Salesforce call it
    "email": "Email",
    "firstname": "FirstName",
    "lastname": "LastName",
    "jobtitle": "Title",
    "city": "City",
}

RULES = ("email", "first_name", "last_name", "job_title", "city")
TITLE_CHARS = 128  # what Salesforce keeps of a job title

Handler = Callable[[Request], Response]
Bend = Callable[[str, Handler], Handler]  # side and its door -> the door callers meet


class WorldClock:
    """The sandbox's time, for the bridge: waiting lets it pass for everybody."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class EvenDice:
    """Chance that always rolls the same."""

    def roll(self) -> float:
        return 0.5


@dataclass
class Rig:
    """One world with a bridge to it."""

    world: World
    config: Path
    database: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=lambda: dict(SECRETS))
    troubles: list[str] = field(default_factory=list)  # what runs were ended by

    @property
    def clock(self) -> SandboxClock:
        return self.world.services.clock

    def fault(self, **rule: Any) -> int:
        """Let calls misbehave."""
        return self.world.services.faults.add(Fault(**rule))

    def calm(self) -> None:
        """End all misbehaviour."""
        self.world.services.faults.clear()

    def act(self, side: Side, doing: str, /, **arguments: Any) -> dict[str, Any]:
        """Do something on a side's screens."""
        return act(self.world, side.value, doing, arguments)

    def sync(self, mode: str = "once", *, refresh: bool = False) -> Run | None:
        """One run; None when it was ended by a fault that passes."""
        around = Surroundings(self.secrets, WorldClock(self.clock), EvenDice())
        try:
            with open_installation(self.config, around, refresh=refresh) as opened:
                return opened.sync(mode, by="a test", approved=True)
        except Transient as fault:
            self.troubles.append(f"{type(fault).__name__}: {fault}")
            return None
        finally:
            self.clock.advance(30)

    def bridge_writes(self, after: int = 0) -> list[dict[str, Any]]:
        """Lines of the write log that are the bridge's."""
        entries = self.world.services.log.entries(after)
        return [entry for entry in entries if entry["actor"].startswith("api:")]

    def people(self, side: Side) -> dict[str, dict[str, Any]]:
        """Every live person of a side, by id, read past the API; converted Leads are Contacts."""
        return {each.id: each.values for each in self.world.people(side.value)}

    def waiting(self) -> int:
        """How many refs are dirty."""
        store = open_database(self.database)
        try:
            with store.read() as conn:
                return dirty.count(conn)
        finally:
            store.close()

    def shown(self) -> list[Issue]:
        """Open issues."""
        store = open_database(self.database)
        try:
            with store.read() as conn:
                return [each.issue for each in issues.open_issues(conn, limit=100_000)]
        finally:
            store.close()

    def reasons(self) -> Counter[tuple[str, str, str]]:
        """Open issues by kind, code and field."""
        return Counter((str(each.kind), each.code, each.field) for each in self.shown())


@contextmanager
def rig(
    folder: Path,
    *,
    people: int = 200,
    seed: int = 1,
    bend: Bend | None = None,
    start: datetime = START,
    serving: type[Server] = Server,
    shape: str = "believable",
    **settings: Any,
) -> Iterator[Rig]:
    """A populated world and an installation that points at it. `settings` are merged into config.yaml by section."""
    world = World(seed, lambda: start)
    world.services.clock.freeze(start)
    world.services.settings.quotas_enforced = False
    populate(world, people, shape)
    world.services.clock.advance(3600)
    doors = {side: (bend(side, world.door(side)) if bend else world.door(side)) for side in ("hubspot", "salesforce")}
    now = world.services.clock.now
    with serving(doors["hubspot"], now) as hubspot, serving(doors["salesforce"], now) as salesforce:
        database = settings.pop("database", f"sqlite:///{folder / 'store.db'}")
        config = _configured(folder, {"hubspot": hubspot.url, "salesforce": salesforce.url}, database, settings)
        yield Rig(world, config, database, settings)


def _configured(folder: Path, urls: Mapping[str, str], database: str, settings: Mapping[str, Any]) -> Path:
    write_starter(folder, agreed=False)
    yaml, path = YAML(), folder / "config.yaml"
    config = yaml.load(path.read_text())
    config["database"]["url"] = database
    for side, url in urls.items():
        config[side]["base_url"] = url
        config[side]["timeouts"]["read_s"] = 5
    config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
    for section, values in settings.items():
        for name, value in values.items():
            if value is None:
                config[section].pop(name, None)
            else:
                config[section][name] = value
    yaml.dump(config, path)
    return path


def addresses(people: Mapping[str, Mapping[str, Any]], name: str) -> Counter[str]:
    """How often each e-mail address is held."""
    return Counter(str(row[name]).lower() for row in people.values() if row.get(name))


@dataclass
class Before:
    """Who was there before the bridge came."""

    hubspot: Mapping[str, Mapping[str, Any]]
    salesforce: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, stage: Rig) -> Before:
        return cls(stage.people(Side.HUBSPOT), stage.people(Side.SALESFORCE))


def settled(stage: Rig, before: Before, *, runs: int = 12) -> None:
    """Bring everything in step, and hold it to the claims of this folder."""
    for _ in range(runs):
        run = stage.sync("once")
        if run is not None and not stage.waiting():
            break
    assert stage.waiting() == 0, f"work left over; runs ended by {stage.troubles}"
    assert stage.sync("full") is not None, stage.troubles
    stage.sync("once")
    assert stage.waiting() == 0
    nobody_lost(stage, before)
    nobody_twice(stage, before)
    in_step(stage)
    at = len(stage.world.services.log)
    assert stage.sync("full") is not None
    again = stage.bridge_writes(at)
    assert again == [], f"a further full run writes {len(again)}: {again[:3]}"


def nobody_lost(stage: Rig, before: Before) -> None:
    """Whoever was there is there, and whoever may be created is on the other side."""
    hubspot, salesforce = stage.people(Side.HUBSPOT), stage.people(Side.SALESFORCE)
    assert not before.hubspot.keys() - hubspot.keys()
    assert not before.salesforce.keys() - salesforce.keys()
    reached = addresses(salesforce, "Email")
    lost = [mail for mail in addresses(before.hubspot, "email") if mail not in reached]
    known = addresses(hubspot, "email").keys() | secondary(hubspot)
    lost += [mail for mail in addresses(before.salesforce, "Email") if mail not in known]
    assert not lost, f"{len(lost)} people did not reach the other side, e.g. {lost[:5]}; shown {stage.reasons()}"


def secondary(hubspot: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Every secondary address."""
    told = ";".join(str(row.get("hs_additional_emails") or "") for row in hubspot.values())
    return {each.lower() for each in told.split(";") if each}


def nobody_twice(stage: Rig, before: Before) -> None:
    """Nobody is linked twice, and no address is held more often than before."""
    hubspot, salesforce = stage.people(Side.HUBSPOT), stage.people(Side.SALESFORCE)
    for people, key in ((hubspot, CROSS), (salesforce, BACK)):
        shared = [
            one for one, times in Counter(row[key] for row in people.values() if row.get(key)).items() if times > 1
        ]
        assert not shared, f"records with one {key}: {shared[:5]}"
    for now, then, name in ((hubspot, before.hubspot, "email"), (salesforce, before.salesforce, "Email")):
        held = addresses(then, name)
        more = {mail: times for mail, times in addresses(now, name).items() if times > max(1, held[mail])}
        assert not more, f"held more often than before: {dict(list(more.items())[:5])}"


def in_step(stage: Rig) -> None:
    """Linked people agree, or their difference is shown."""
    hubspot, salesforce = stage.people(Side.HUBSPOT), stage.people(Side.SALESFORCE)
    shown = {(ref.id, name) for each in stage.shown() for ref in each.refs for name in (each.field, each.rule)}
    paired, differing = 0, []
    for theirs_id, other in salesforce.items():
        one = other.get(BACK) or ""
        row = hubspot.get(one)
        if row is None:
            continue
        paired += 1
        whole = {(one, ""), (theirs_id, "")} & shown  # a person must look at the record as a whole first
        assert row.get(CROSS) in (None, "", theirs_id) or whole, f"{one} names {row[CROSS]}, {theirs_id} names {one}"
        for (name, twin), rule in zip(FIELDS.items(), RULES, strict=True):
            theirs = other.get(twin) if twin in other else other.get(f"Mailing{twin}")
            excused = {(one, rule), (theirs_id, rule), (one, name), (theirs_id, twin)} & shown
            if not same(folded(row.get(name)), folded(theirs)) and not excused and not whole:
                differing.append((one, theirs_id, name, row.get(name), theirs))
    assert paired
    assert not differing, f"{len(differing)} of {paired} pairs differ unseen: {differing[:4]}; shown {stage.reasons()}"


def folded(value: Any) -> str:
    """A value as both sides may spell it."""
    return "" if value is None else " ".join(str(value).split()).casefold()


def same(one: str, other: str) -> bool:
    """Whether the values agree, as far as the shorter field holds them."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= TITLE_CHARS - 1 and longer.startswith(shorter))


def picture(stage: Rig) -> dict[Side, Counter[tuple[str, ...]]]:
    """What both sides hold of everybody, without ids: two rigs of one seed that ended alike have equal pictures."""
    return {
        side: Counter(
            tuple(folded(row.get(name) or row.get(f"Mailing{name}")) for name in names)
            for row in stage.people(side).values()
        )
        for side, names in ((Side.HUBSPOT, FIELDS.keys()), (Side.SALESFORCE, FIELDS.values()))
    }
