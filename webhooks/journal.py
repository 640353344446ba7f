"""What a page of HubSpot's webhooks journal tells (HubSpot fact sheet 11.5): where to look again.

The journal says in other words what webhooks say, so its events are put into theirs and read as they are: one kind of
event means one thing, by whichever way it came. Lists and snapshots change nothing of a record but tell that somebody
looked at it, and are marked like a change. What there is no word for is named in `unknown`, and the rest is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from connector.core.refs import Side
from connector.engine.told import Told
from webhooks import hubspot

EVERYTHING: Final = "*"  # in place of an object: we do not know which
_VERBS: Final[Mapping[str, str]] = {
    "CREATE": "creation",
    "UPDATE": "propertyChange",
    "DELETE": "deletion",
    "MERGE": "merge",
    "RESTORE": "restore",
    "SNAPSHOT": "propertyChange",
    "ADDED_TO_LIST": "propertyChange",
    "REMOVED_FROM_LIST": "propertyChange",
    "ASSOCIATION_ADDED": "associationChange",
    "ASSOCIATION_REMOVED": "associationChange",
    "GDPR_DELETE": "privacyDeletion",
}


def events(portal: str | None, headers: Mapping[str, str], body: bytes) -> Told:
    """What a page tells. portal: whose events are believed; None: any."""
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Told(unknown=("what was kept of the journal is no JSON",))
    if not isinstance(page, dict) or not isinstance(page.get("journalEvents"), list):
        return Told(unknown=("what was kept of the journal is no page of it",))
    told = hubspot.events(portal, headers, orjson.dumps([_webhook(event) for event in page["journalEvents"]]))
    unreadable = page.get("unreadable")
    unknown = (*told.unknown, str(unreadable)) if unreadable else told.unknown
    sweep = ((Side.HUBSPOT, EVERYTHING),) if page.get("sweep") or unknown else ()
    look_at = tuple((ref, f"journal, {kind}") for ref, kind in told.look_at)
    return Told(look_at, told.erased, sweep, unknown)


def _webhook(event: Any) -> Any:
    """The same event in the words of webhooks; one that there is no word for keeps its own."""
    if not isinstance(event, dict):
        return event
    action = str(event.get("action"))
    kind = f"object.{_VERBS[action]}" if action in _VERBS else f"{event.get('type')}.{action}"
    return {**event, "subscriptionType": kind}
