"""What calls, e-mails and meetings in HubSpot say of what people did.

A call counts when it was completed, an e-mail when it was sent, a meeting when it was held; a status that is blank says
nothing against it, but a meeting without an outcome counts only once its time has come, and one that is still
"scheduled" not at all. A call is outbound unless it says inbound, as reps log the calls they make; of e-mails only
`EMAIL` is outbound, not what came in or was forwarded (HubSpot fact sheet 7). Somebody must stand behind it (an owner,
a user), and no workflow, sequence or marketing tool may have made it: automated mail keeps no promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.core.journey import Channel, Touched
from connector.hubspot.shapes import moment

Properties = Mapping[str, Any]
_SHARED: Final = ("hs_timestamp", "hubspot_owner_id", "hs_created_by", "hs_created_by_user_id", "hs_object_source")
_AUTOMATED: Final = ("AUTOMAT", "WORKFLOW", "SEQUENCE", "MARKETING", "CAMPAIGN")  # in the names of sources (2.3)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of activity.

    Attributes:
        object: its plural name.
        status: the property that tells how far it is, and `done` the words in it that count, beside none.
        direction: the property that tells who was in touch with whom; "" where there is none.
        outbound: the words in it that mean: from us to them.
    """

    object: str
    channel: Channel
    status: str
    done: str
    direction: str = ""
    outbound: frozenset[str] = frozenset()
    begins: str = "hs_timestamp"

    @property
    def properties(self) -> tuple[str, ...]:
        """What to ask for."""
        return tuple(dict.fromkeys(filter(None, (*_SHARED, self.status, self.direction, self.begins))))


CALLS: Final = Kind(
    "calls", Channel.CALL, "hs_call_status", "COMPLETED", "hs_call_direction", frozenset({"OUTBOUND", ""})
)
EMAILS: Final = Kind("emails", Channel.EMAIL, "hs_email_status", "SENT", "hs_email_direction", frozenset({"EMAIL"}))
MEETINGS: Final = Kind("meetings", Channel.MEETING, "hs_meeting_outcome", "COMPLETED", begins="hs_meeting_start_time")
KINDS: Final = (CALLS, EMAILS, MEETINGS)


def happened(kind: Kind, record: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the activity took place; None for one that did not, or not yet."""
    properties: Properties = record.get("properties") or {}
    status = str(properties.get(kind.status) or "").upper()
    begins, stamp = moment(properties.get(kind.begins)), moment(properties.get("hs_timestamp"))
    at = begins or stamp or moment(record.get("createdAt")) or now
    if status not in {kind.done, ""} or (kind is MEETINGS and not status and at > now):
        return None
    return min(at, now)


def touched(kind: Kind, record: Mapping[str, Any]) -> Touched:
    """How somebody was in touch."""
    properties: Properties = record.get("properties") or {}
    direction = str(properties.get(kind.direction) or "").upper()
    owner = str(properties.get("hubspot_owner_id") or "")
    outbound = not kind.direction or direction in kind.outbound
    return Touched(kind.channel, outbound, _by_hand(properties, owner), owner)


def _by_hand(properties: Properties, owner: str) -> bool:
    source = str(properties.get("hs_object_source") or "").upper()
    somebody = owner or properties.get("hs_created_by_user_id") or properties.get("hs_created_by")
    return bool(somebody) and not any(word in source for word in _AUTOMATED)
