"""Who changed a field? Asked of the sides only where it matters, one call an object.

HubSpot keeps a history of every property with its source; Salesforce names who last saved the record, nothing more. Who
cannot be asked for just now is unknown: a question of this kind must not fail a pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from connector.core.looping import Author, Hand, by_history, by_ourselves, by_user
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine import facts
from connector.engine.bridge import Bridge
from connector.errors import BridgeError
from connector.ports import Owner, View

SAVED_BY = "LastModifiedById"  # of every Salesforce record
_NOBODY = Author(Hand.UNKNOWN)


class Doubt(NamedTuple):
    """A field whose author is asked for; `ours`: when we had last written to its record."""

    ref: Ref
    field: str
    ours: datetime | None = None


def authors(bridge: Bridge, doubts: Collection[Doubt]) -> dict[Doubt, Author]:
    """Who gave each of these fields the value it has now."""
    by_place: dict[tuple[Side, str], list[Doubt]] = {}
    for doubt in sorted(doubts, key=lambda one: one[:2]):
        by_place.setdefault((doubt.ref.side, doubt.ref.object), []).append(doubt)
    found: dict[Doubt, Author] = dict.fromkeys(doubts, _NOBODY)
    for (side, obj), asked in by_place.items():
        try:
            read = _by_history if side is Side.HUBSPOT else _by_user
            found.update(read(bridge, obj, asked))
        except BridgeError:
            continue
    return found


def _by_history(bridge: Bridge, obj: str, asked: Collection[Doubt]) -> dict[Doubt, Author]:
    names = sorted({doubt.field for doubt in asked})
    kinds = bridge.views[Side.HUBSPOT, obj].fields
    view = View(obj, {name: kinds.get(name, Kind.TEXT) for name in names})
    stamps = {one.ref: one.stamps for one in bridge.crms[Side.HUBSPOT].read(view, _ids(asked), history=names)}
    told = {doubt: stamps.get(doubt.ref, {}).get(doubt.field) for doubt in asked}
    return {doubt: by_history(stamp.source, stamp.at) for doubt, stamp in told.items() if stamp}


def _by_user(bridge: Bridge, obj: str, asked: Collection[Doubt]) -> dict[Doubt, Author]:
    read = bridge.crms[Side.SALESFORCE].read(View(obj, {SAVED_BY: Kind.TEXT}), _ids(asked))
    records = {one.ref: one for one in read}
    known = facts.recall(bridge.database)
    users = {owner.id: owner for owner in known.owners.get(Side.SALESFORCE, ())} if known else {}
    return {doubt: _saved(records.get(doubt.ref), users, doubt.ours) for doubt in asked}


def _saved(record: Reading | None, users: Mapping[str, Owner], ours: datetime | None) -> Author:
    user = record.values.get(SAVED_BY) if record else None
    if record is None or user is None:
        return _NOBODY
    owner = users.get(user)
    if owner is not None and owner.ours:
        return by_ourselves(record.modified_at)
    return by_user(owner.name if owner else "", record.modified_at, ours)


def _ids(asked: Collection[Doubt]) -> list[str]:
    return list(dict.fromkeys(doubt.ref.id for doubt in asked))
