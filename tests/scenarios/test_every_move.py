"""Every lawful way of the shipped lifecycle, made by each who may make it, on CRMs as strict as the real ones.

HubSpot passes over backward moves in silence unless the stage is cleared first (fact sheet 6.1). One person stands for
each way and each mover; all are put where their way begins before the bridge first meets them, then everybody is moved
on the mover's own screen. Afterwards both sides tell the stage, nobody is asked anything, and another pass is quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.config.definition import definition_of
from connector.config.load import load
from connector.core.definition import Definition
from connector.core.lifecycle import Mover, Need
from connector.core.refs import Side
from connector.core.spelling import spelt, stage_of
from connector.core.values import Value
from tests.scenarios.claims import open_issues
from tests.scenarios.stage import SECRETS, Person, Stage, stage

INBOUND = {
    "pools": {"inbound": {"owners": ["kim.sales@example.test", "lena.sommer@example.test"]}},
    "fallback": "inbound",
}
REASON = {"Smarketing_Reason__c": "No need"}  # one that both recycles and rejects; a disqualification takes another
JUNK = {"Smarketing_Reason__c": "Junk"}


@dataclass(frozen=True, slots=True)
class Way:
    """A lawful move, and who makes it."""

    name: str
    start: str
    end: str
    by: Mover
    reason: bool


def test_every_lawful_move_arrives_on_both_sides(tmp_path: Path, new_database_url: Callable[[str], str]) -> None:
    agreement = {"agreement": {"lifecycle": {"handoff": INBOUND}}}
    with stage(tmp_path, new_database_url("file"), agreement) as town:
        definition = definition_of(load(town.config, SECRETS))
        assert definition is not None
        ways = _ways(definition)
        assert len(ways) > 60
        for way in ways:
            _add(town, definition, way)
        town.sync("full")
        for way in ways:
            _move(town, definition, way)
        town.pass_time()
        town.sync()
        assert _astray(town, definition, ways) == []
        assert open_issues(town) == []
        town.sync()
        assert town.written() == []


def _ways(definition: Definition) -> list[Way]:
    moves = definition.lifecycle.moves.items()
    return [
        Way(f"P{number}{by.value[0]}", start, end, by, Need.REASON in move.needs)
        for number, ((start, end), move) in enumerate(moves)
        for by in sorted(move.by - {Mover.AUTOMATIC})
    ]


def _add(town: Stage, definition: Definition, way: Way) -> None:
    values = {
        "email": f"{way.name}@acme.example".lower(),
        "lastname": way.name,
        **_told(definition, "contacts", way.start),
    }
    made = town.act(Side.HUBSPOT, "create", object="contacts", properties=values)
    town.people[way.name] = Person({Side.HUBSPOT: ("contacts", made["id"])})


def _move(town: Stage, definition: Definition, way: Way) -> None:
    """A marketer clears the stage first, as HubSpot's own screen does; a rep picks it, with a reason if need be."""
    if way.by is Mover.SALES:
        _, lead = town.place(way.name, Side.SALESFORCE)
        why = (JUNK if way.end == "disqualified" else REASON) if way.reason else {}
        town.act(Side.SALESFORCE, "edit", id=lead, values={**_told(definition, "Lead", way.end), **why})
        return
    _, contact = town.place(way.name, Side.HUBSPOT)
    for values in ({"lifecyclestage": ""}, _told(definition, "contacts", way.end, _now(town, way, Side.HUBSPOT))):
        town.act(Side.HUBSPOT, "edit", object="contacts", id=contact, properties=values)


def _told(definition: Definition, obj: str, to: str, now: Mapping[str, Value] | None = None) -> Mapping[str, str]:
    """What is filled in to tell a stage; what still tells another one is cleared."""
    side = Side.HUBSPOT if obj == "contacts" else Side.SALESFORCE
    return {name: value or "" for name, value in spelt(definition.spellings[side, obj], to, now).items()}


def _now(town: Stage, way: Way, side: Side) -> Mapping[str, Value]:
    return {name: value or None for name, value in (town.record(way.name, side) or {}).items()}


def _astray(town: Stage, definition: Definition, ways: list[Way]) -> list[str]:
    """Ways whose person does not stand at the end of it, on either side."""
    astray = []
    for way in ways:
        for side, obj in ((Side.HUBSPOT, "contacts"), (Side.SALESFORCE, "Lead")):
            told = stage_of(definition.spellings[side, obj], _now(town, way, side))
            if told != way.end:
                astray.append(f"{way.start} to {way.end} by {way.by}: {side} tells {told}")
    return astray
