"""Scenes: tiny worlds, each with what people do in it so that the next run makes certain kinds of call.

In every scene two people are edited first, one on each side; those edits must arrive whatever fails. A scene that uses
people up (`uses`) is peopled for the number of acts it will see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.core.refs import Side, hubspot
from connector.storage import links
from connector.storage.database import open_database
from tests.misbehaviour.moods import OAUTH
from tests.misbehaviour.rig import BACK, Rig

Pair = tuple[str, str]  # ids in HubSpot and Salesforce
Lure = Callable[[Rig, int, list[Pair]], None]  # the stage, the number of the act, people to use up


def nothing(_stage: Rig, _number: int, _spare: list[Pair]) -> None:
    """No more than the edits."""


def arrivals(stage: Rig, number: int, _spare: list[Pair]) -> None:
    """Somebody new on each side, and a person edited so that an update goes with them."""
    name = {"email": f"h{number}@example.test", "firstname": "New", "lastname": f"Hub {number}"}
    stage.act(Side.HUBSPOT, "create", object="contacts", properties=name)
    row = {"Email": f"s{number}@example.test", "FirstName": "New", "LastName": f"Force {number}", "Company": "Acme"}
    stage.act(Side.SALESFORCE, "create", sobject="Lead", values=row)


def leaving_hubspot(stage: Rig, _number: int, spare: list[Pair]) -> None:
    """Somebody is archived in HubSpot."""
    stage.act(Side.HUBSPOT, "archive", object="contacts", id=spare.pop()[0])


def leaving_salesforce(stage: Rig, _number: int, spare: list[Pair]) -> None:
    """Somebody is deleted in Salesforce."""
    stage.act(Side.SALESFORCE, "delete", id=spare.pop()[1])


def erased(stage: Rig, _number: int, spare: list[Pair]) -> None:
    """Somebody is erased in HubSpot for good, and edited in Salesforce, so that only the single read tells."""
    hubspot, salesforce = spare.pop()
    stage.act(Side.HUBSPOT, "erase", id=hubspot)
    stage.act(Side.SALESFORCE, "edit", id=salesforce, values={"Title": "after the erasure"})


@dataclass(frozen=True)
class Scene:
    """One kind of world and what happens in it.

    Attributes:
        shows: the kinds of call to be struck in it.
        lure: what people do beside the two edits.
        mode: of the run that is struck.
        opening: the struck calls belong to opening an installation, so every run opens anew and asks anew.
        uses: whether each act uses up a pair of people.
        settings: of the installation; `mapping`: replacements in the mapping file.
    """

    name: str
    shows: tuple[str, ...]
    lure: Lure = nothing
    mode: str = "once"
    opening: bool = False
    uses: bool = False
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    pages: bool = False  # queries answer a few rows a page


_ARCHIVING = {"on_archive: unlink": "on_archive: archive"}
_BULK: Mapping[str, Mapping[str, Any]] = {"salesforce": {"bulk_from_rows": 1}}
_KEYLESS = {"hubspot_property: salesforce_record_id": "hubspot_property: null"}

SCENES: tuple[Scene, ...] = (
    Scene(
        "edits",
        (
            "hubspot search",
            "hubspot list of archived",
            "hubspot batch read",
            "hubspot batch update",
            "salesforce composite",
            "salesforce collections read",
            "salesforce collections update",
        ),
    ),
    Scene(
        "arrivals",
        ("hubspot batch upsert", "salesforce collections upsert"),
        arrivals,
    ),
    Scene(
        "opening",
        (
            "hubspot account",
            "hubspot schema",
            "hubspot owners",
            "salesforce login",
            "salesforce user",
            "salesforce describe",
            "salesforce query",
        ),
        opening=True,
    ),
    Scene("opening with oauth", ("hubspot token",), opening=True, settings=OAUTH),
    Scene("full", ("hubspot list", "salesforce next page"), mode="full", pages=True),
    Scene(
        "leaving hubspot",
        ("hubspot batch read of archived", "salesforce collections delete"),
        leaving_hubspot,
        uses=True,
        mapping=_ARCHIVING,
    ),
    Scene(
        "leaving salesforce",
        ("hubspot batch archive", "salesforce query of deleted"),
        leaving_salesforce,
        uses=True,
        mapping=_ARCHIVING,
    ),
    Scene("erased", ("hubspot single read",), erased, uses=True),
    Scene("without a cross id", ("hubspot batch create",), arrivals, mapping=_KEYLESS),
    Scene(
        "bulk",
        (
            "salesforce bulk open",
            "salesforce bulk upload",
            "salesforce bulk close",
            "salesforce bulk poll",
            "salesforce bulk results",
        ),
        arrivals,
        settings=_BULK,
    ),
)


def pairs(stage: Rig) -> list[Pair]:
    """Who is linked, by id, as Salesforce tells."""
    hubspot = stage.people(Side.HUBSPOT)
    return [(row[BACK], one) for one, row in sorted(stage.people(Side.SALESFORCE).items()) if row.get(BACK) in hubspot]


def agreed(stage: Rig) -> set[str]:
    """Contacts about whose owner both sides agree: to delete one of them is no question for a person."""
    store = open_database(stage.database)
    try:
        with store.read() as conn:
            found = links.by_refs(conn, [hubspot("contacts", one) for one, _ in pairs(stage)])
            return {ref.id for ref, link in found.items() if "owner" in link.memory.base}
    finally:
        store.close()
