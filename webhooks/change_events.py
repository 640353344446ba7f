"""What Salesforce's change events tell (Salesforce fact sheet 6.2): where to look again.

The listener has kept their headers alone (`connector.salesforce.pubsub`), a few in one post. An event names all records
that one change hit; a gap names them without saying what happened, which is all the same here. An overflow, a wildcard
in place of ids and an event that cannot be read name nobody: then everything is polled. Our own changes are told like
all others, for a flow that ran inside of our write may have changed more than we did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from connector.core.refs import Ref, Side, id18, salesforce
from connector.engine.told import Told

EVERYTHING = "*"  # in place of an object: we do not know which
OVERFLOW, NO_RECORD = "GAP_OVERFLOW", "000000000000000"
_ENTITY = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_WILDCARD = re.compile(r"[A-Za-z0-9]{3,}\*", re.ASCII)


class _Telling:
    """What has been understood so far."""

    def __init__(self) -> None:
        self.look_at: dict[Ref, str] = {}
        self.sweep: dict[tuple[Side, str], None] = {}
        self.unknown: dict[str, None] = {}

    def lost(self, why: str, obj: str = EVERYTHING) -> None:
        """Something happened, and what is not known: say so, and look everywhere."""
        self.unknown[why] = None
        self.sweep[Side.SALESFORCE, obj] = None


def change_events(org: str | None, headers: Mapping[str, str], body: bytes) -> Told:
    """What some change events tell. org: whose events are believed; None: anyone's."""
    del headers
    try:
        post = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Told(unknown=("what was kept of change events is no JSON",))
    if not isinstance(post, dict) or not isinstance(post.get("changes"), list):
        return Told(unknown=("what was kept of change events is no post of the listener",))
    if org is not None and id18(str(post.get("org"))) != id18(org):
        return Told(unknown=(f"of another org than {id18(org)}, to which the bridge belongs",))
    telling = _Telling()
    if post.get("sweep"):
        telling.sweep[Side.SALESFORCE, EVERYTHING] = None
    for change in post["changes"]:
        _take(telling, change)
    return Told(tuple(telling.look_at.items()), (), tuple(telling.sweep), tuple(telling.unknown))


def _take(telling: _Telling, change: Any) -> None:
    if not isinstance(change, dict):
        return telling.lost("a change event that is no object")
    if change.get("unknown"):
        return telling.lost(str(change["unknown"]))
    entity, kind, ids = (change.get(name) for name in ("entityName", "changeType", "recordIds"))
    if not isinstance(entity, str) or not _ENTITY.fullmatch(entity):
        return telling.lost("a change event that does not say of which object")
    if not isinstance(kind, str) or not _ENTITY.fullmatch(kind) or not isinstance(ids, list):
        return telling.lost(f"a change event of {entity} that does not say what happened to whom", entity)
    for found in ids:
        _one(telling, entity, kind, found)
    if not ids and kind != OVERFLOW:
        telling.lost(f"a change event of {entity} without records", entity)
    if kind == OVERFLOW:
        telling.sweep[Side.SALESFORCE, entity] = None
    return None


def _one(telling: _Telling, entity: str, kind: str, found: Any) -> None:
    text = found if isinstance(found, str) else ""
    if _WILDCARD.fullmatch(text) or text.startswith(NO_RECORD):
        telling.sweep[Side.SALESFORCE, entity] = None
    elif _ID.fullmatch(text):
        telling.look_at[salesforce(entity, text)] = f"change event {kind}"
    else:
        telling.lost(f"a change event of {entity} with an id that is none", entity)
