"""A town where both teams agreed on something: the small definition of the core's own tests, on fakes and real SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connector.core.journey import Channel, Entry, Handed, Ruled, Seen, Told, Touched
from connector.core.refs import Ref
from connector.core.steered import Agreement
from connector.core.values import Kind
from connector.engine.run import Run
from connector.storage import effects, journeys, timers
from connector.storage.effects import State
from tests.core.courses import ANNE, DEFINITION, HS
from tests.engine.town import Town

TOLD_IN_HUBSPOT = ("fb_status", "fb_class", "fb_by", "fb_at", "asked_for", "loops", "recycle_on", "track")
TOLD_IN_SALESFORCE = ("Status", "AskedFor", "Why", "Touches")
AGREED = replace(
    DEFINITION,
    watched={
        place: {
            **fields,
            **dict.fromkeys(TOLD_IN_HUBSPOT if place[0] is HS else (*TOLD_IN_SALESFORCE, "OwnerId"), Kind.TEXT),
        }
        for place, fields in DEFINITION.watched.items()
    },
)


def agree(town: Town, since: datetime | None = None, **changes: Any) -> None:
    """Let the teams of a town agree from a moment on."""
    parts = {name: changes.pop(name) for name in ("book", "sla_fields") if name in changes}
    definition = replace(AGREED, **changes)
    for crm in (town.hubspot, town.salesforce):
        crm.schemas = {
            obj: {**fields, **definition.watched.get((crm.side, obj), {})} for obj, fields in crm.schemas.items()
        }
    town.bridge = replace(town.bridge, agreement=Agreement(definition, since or town.clock.now(), **parts))


def journey(town: Town, *refs: Ref) -> list[Entry]:
    with town.database.read() as conn:
        return journeys.of_refs(conn, refs)


def decisions(town: Town, *refs: Ref) -> list[str]:
    """What was decided about somebody, shortly, in order."""
    found = []
    for entry in journey(town, *refs):
        match entry.what:
            case Ruled(stage=stage, refused=refused):
                found.append(f"not {stage}" if refused else stage)
            case Handed(owner=owner):
                found.append(f"to {owner}")
            case _:
                pass
    return found


def sights(town: Town, ref: Ref) -> list[tuple[str, Mapping[str, Any]]]:
    """What was seen at a record and told to it, in the order of learning."""
    entries = sorted((entry for entry in journey(town, ref) if entry.ref == ref), key=lambda entry: entry.id)
    return [
        (type(entry.what).__name__, dict(entry.what.fields)) for entry in entries if isinstance(entry.what, Seen | Told)
    ]


def timer(town: Town) -> datetime | None:
    with town.database.read() as conn:
        return timers.next_due(conn)


def effects_of(town: Town, state: State = State.WAITING) -> list[str]:
    with town.database.read() as conn:
        return [stored.effect.key for stored in effects.listed(conn, state)]


def both(town: Town, email: str = "ann@x.com", **values: str) -> tuple[Ref, Ref]:
    """A person on both sides, brought in step."""
    contact = town.contact(email=email, lastname="Archer", **values)
    town.full()
    return contact, next(lead for known, lead in town.links() if known == contact)


def in_salesforce(town: Town, ref: Ref) -> Mapping[str, Any]:
    return town.salesforce.rows[ref].values


def in_hubspot(town: Town, ref: Ref) -> Mapping[str, Any]:
    return town.hubspot.rows[ref].values


def hand_over(town: Town, contact: Ref) -> Run:
    """Their score makes them one for sales."""
    town.hubspot.edit(contact, score="60")
    return town.once()


def handed(town: Town, *owners: str) -> None:
    """Others were handed to these reps before, in this order."""
    with town.database.begin() as conn:
        for number, owner in enumerate(owners):
            now = town.clock.now()
            ref = Ref(HS, "contacts", f"old{number}")
            journeys.append(conn, [Entry(ref, now, now, Handed(owner, "reps"), "handed:0")])


def called(ref: Ref, at: datetime, key: str) -> Entry:
    return Entry(ref, at, at, Touched(Channel.CALL, outbound=True, human=True, by=ANNE), key)


def never(*_: object) -> bool:
    return False
