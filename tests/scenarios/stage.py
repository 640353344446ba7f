"""The stage a story plays on: both sandboxes behind real HTTP, a store, an installation, and people with names.

Time is the sandbox's and stands still but for what the story lets pass; whoever waits, moves it on for everybody.
The stage reads both CRMs past their APIs, so that what a story claims does not hang on what the bridge believes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.bootstrap import Installation, Surroundings, open_installation
from connector.config.init import write_starter
from connector.core.refs import Side
from connector.engine.run import Run
from connector.sandbox.acts import act
from connector.sandbox.process import Plan, Running, serve_in_thread
from connector.sandbox.services import Fault, SandboxClock
from connector.storage import cursors, links
from connector.storage.database import open_database
from connector.storage.links import Link
from tests.scenarios.crash import Fate, mortal

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}
AGREEMENT = ("lifecycle", "personas", "feedback", "sla", "calendars", "objectives")
_TASK = ("WhoId", "Subject", "Status", "OwnerId", "Description")
_OWNER = re.compile(r"owner (\S+@\S+)")


class StoryClock:
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


@dataclass(slots=True)
class Person:
    """Where a person of the story is known to be: (object, id) by side. The other side is found by its cross id."""

    places: dict[Side, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Stage:
    """One story's world."""

    config: Path
    running: Running
    database: str
    batch: int = 2_000
    people: dict[str, Person] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)  # Salesforce ids, by the person's name
    last_run: Run | None = None
    writes_before: int = 0  # lines of the write log when the last pass of the bridge began
    polls: list[dict[Side, Mapping[str, Any]]] = field(default_factory=list)
    interruptions: dict[Side, Callable[[], None]] = field(default_factory=dict)
    still: bool = False
    passes: dict[str, int] = field(default_factory=dict)  # run numbers, by what the story calls them
    noted: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)  # of both sides, by record
    undone: Any = None  # what the last undo did, or would do

    @property
    def world(self) -> Any:
        return self.running.world

    @property
    def clock(self) -> SandboxClock:
        return self.running.world.services.clock

    def pass_time(self, seconds: float = 10.0) -> None:
        """Let time pass between two steps, unless the story holds it."""
        if not self.still:
            self.clock.advance(seconds)

    def act(self, side: Side, doing: str, /, **arguments: Any) -> dict[str, Any]:
        """Do something on a side's screens."""
        return act(self.world, side.value, doing, arguments)

    def fault(self, **rule: Any) -> None:
        """Let calls misbehave."""
        self.world.services.faults.add(Fault(**rule))

    # people

    def place(self, name: str, side: Side) -> tuple[str, str]:
        """(object, id) of a person; LookupError when that side does not have them, or has them twice."""
        person = self.people.get(name)
        if person is None:
            raise LookupError(f"nobody is called {name}; there are {', '.join(self.people) or 'nobody'}")
        if side in person.places:
            return person.places[side]
        other = person.places[side.other][1]
        key = "salesforce_record_id" if side is Side.HUBSPOT else "HubSpot_Contact_Id__c"
        found = [(obj, row_id) for obj, row_id, row in self.everybody(side) if row.get(key) == other]
        if len(found) != 1:
            raise LookupError(f"{side.value} has {len(found)} records that carry the id {other} of {name}")
        return found[0]

    def pin(self, name: str) -> None:
        """Remember where a person is on both sides, before their ids are shuffled."""
        for side in Side:
            if side not in self.people[name].places:
                try:
                    self.people[name].places[side] = self.place(name, side)
                except LookupError:
                    continue

    def record(self, name: str, side: Side) -> dict[str, Any] | None:
        """What a side holds of a person; None when there is no live record."""
        obj, row_id = self.place(name, side)
        return next((row for found, one, row in self.everybody(side) if (found, one) == (obj, row_id)), None)

    def everybody(self, side: Side) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every live person of a side: (object, id, values)."""
        return iter(self.world.people(side.value))

    def values(self, side: Side, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """Values of a story as a side's screen takes them: `owner ada@x.test` becomes that owner's id."""
        return {name: self.value(side, value) for name, value in (given or {}).items()}

    def value(self, side: Side, value: Any) -> Any:
        """One value; see `values`."""
        owner = _OWNER.fullmatch(value) if isinstance(value, str) else None
        if owner:
            return self.owner(side, owner[1])
        if side is Side.HUBSPOT:
            return "" if value is None else as_text(value)
        return value

    def owner(self, side: Side, email: str) -> str:
        """The id of an owner or user; LookupError when there is none."""
        if side is Side.HUBSPOT:
            found = [str(one.id) for one in self.world.hubspot.state.owners.by_id.values() if one.email == email]
        else:
            table = self.world.salesforce.catalogue["User"]
            found = [one for one in table.ids if table.rows[one][table.kind.slot("Email")] == email]
        if not found:
            raise LookupError(f"{side.value} has no owner {email}")
        return found[0]

    def tasks(self, name: str) -> list[dict[str, Any]]:
        """The tasks that nobody has done yet and that hang on a person in Salesforce, oldest first."""
        table, (_, who) = self.world.salesforce.catalogue["Task"], self.place(name, Side.SALESFORCE)
        rows = [{name: row[table.kind.slot(name)] for name in _TASK} for row in map(table.rows.get, table.ids)]
        return [row for row in rows if row["WhoId"] == who and row["Status"] != "Completed"]

    # the bridge

    @contextmanager
    def installation(self, fate: Fate | None = None) -> Iterator[Installation]:
        """The installation, opened as a command opens it; in mortal hands when there is a fate."""
        with open_installation(self.config, Surroundings(SECRETS, StoryClock(self.clock), EvenDice())) as opened:
            object.__setattr__(opened.bridge, "batch_records", self.batch)
            for side, happens in list(self.interruptions.items()):
                opened.bridge.crms[side] = Interrupted(opened.bridge.crms[side], happens)  # type: ignore[index]
                del self.interruptions[side]
            yield mortal(opened, fate) if fate else opened

    def begin_pass(self) -> None:
        """Mark the write log: `the last pass` begins here."""
        self.writes_before = len(self.world.services.log)

    def sync(self, mode: str = "once", *, approved: bool = True, fate: Fate | None = None) -> None:
        """One run of the bridge."""
        self.begin_pass()
        with self.installation(fate) as opened:
            self.last_run = opened.sync(mode, by="a story", approved=approved)
            with opened.bridge.database.read() as conn:
                stored = {side: cursors.get(conn, side) for side in Side}
            self.polls.append({side: cursor for side, cursor in stored.items() if cursor is not None})

    def written(self, after: int | None = None) -> list[dict[str, Any]]:
        """Lines of the write log that the bridge wrote, from the last pass on unless told otherwise."""
        entries = self.world.services.log.entries(self.writes_before if after is None else after)
        return [entry for entry in entries if entry["actor"].startswith("api:")]

    def links(self) -> list[Link]:
        """All links of the store."""
        database = open_database(self.database)
        try:
            with database.read() as conn:
                return list(links.page(conn, 0, 100_000))
        finally:
            database.close()


class Interrupted:
    """A side on which something happens between the bridge's reading and its next write, once."""

    def __init__(self, inner: Any, happens: Callable[[], None]) -> None:
        self._inner = inner
        self._happens: Callable[[], None] | None = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, *asked: Any) -> Any:
        happens, self._happens = self._happens, None
        if happens:
            happens()
        return self._inner.write(*asked)


def as_text(value: Any) -> str:
    """A value of YAML, or of a store, as both would print it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@contextmanager
def stage(folder: Path, database: str, settings: Mapping[str, Any]) -> Iterator[Stage]:
    """Build a stage as a story's settings ask for, and take it down."""
    with serve_in_thread(lambda: START, Plan(deliver=False)) as running:
        running.world.services.clock.freeze(START)
        if "zone of the portal" in settings:
            running.world.hubspot.settings.time_zone = settings["zone of the portal"]
        if "zone of the org" in settings:
            table = running.world.salesforce.catalogue["Organization"]
            table.rows[table.ids[0]][table.kind.slot("TimeZoneSidKey")] = settings["zone of the org"]
        config = _configure(folder, running, database, settings)
        yield Stage(config, running, database, settings.get("batch", 2_000))


def _configure(folder: Path, running: Running, database: str, settings: Mapping[str, Any]) -> Path:
    """A configuration that points at the sandbox, with the story's own mapping, owners and guards."""
    write_starter(folder)
    yaml = YAML()
    path = folder / "config.yaml"
    config = yaml.load(path.read_text())
    config["database"]["url"] = database
    config["hubspot"]["base_url"] = running.hubspot_url
    config["salesforce"]["base_url"] = running.salesforce_url
    config["salesforce"]["auth"]["client_id"] = "sandbox-consumer-key"
    config["salesforce"].update(settings.get("salesforce", {}))
    config["guards"].update(settings.get("guards", {}))
    yaml.dump(config, path)
    write_mapping(folder, settings.get("mapping", {}))
    write_agreement(folder / "mappings", settings.get("agreement"))
    if "owners" in settings:
        yaml.dump({"owners": settings["owners"]}, folder / "mappings" / "owners.yaml")
    return path


def write_mapping(folder: Path, changes: Mapping[str, Any]) -> None:
    """The shipped mapping of people with a story's changes. Without an owner rule, unless the story gives one."""
    fields = {"owner": None, **changes.get("fields", {})}
    if fields["owner"] == "default":
        del fields["owner"]
    text = {"mapping": "contacts", "extends": "default", **changes, "fields": fields}
    YAML().dump(text, folder / "mappings" / "contacts.yaml")


def write_agreement(mappings: Path, changes: Mapping[str, Any] | str | None) -> None:
    """What both teams agreed on: nothing, unless the story asks for it; as shipped, but for a story's changes."""
    for name in AGREEMENT:
        path = mappings / f"{name}.yaml"
        if changes is None:
            path.unlink(missing_ok=True)
        elif isinstance(changes, Mapping) and name in changes:
            yaml = YAML()
            YAML().dump(_changed(yaml.load(path.read_text()), {name: changes[name]}), path)


def _changed(whole: Any, changes: Mapping[str, Any]) -> Any:
    """A mapping with some of its values replaced, at any depth; null takes a key away."""
    for key, value in changes.items():
        if value is None:
            whole.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(whole.get(key), dict):
            _changed(whole[key], value)
        else:
            whole[key] = value
    return whole
