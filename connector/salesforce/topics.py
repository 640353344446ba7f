"""What evidence is asked for: one topic an object, with the fields it is told by and those it cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connector.salesforce import soql

_STAMPED: Final = ("Id", "SystemModstamp")
_ACTIVITY: Final = (*_STAMPED, "WhoId", "OwnerId", "CreatedById", "LastModifiedById", "CreatedDate")


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to poll.

    Attributes:
        needs: fields without which it says nothing; where one is hidden from us the topic rests.
        holding: conditions that always hold.
        stamp: what it is read by.
        begun: the field that must not lie in the future.
    """

    name: str
    object: str
    fields: tuple[str, ...]
    needs: frozenset[str]
    holding: tuple[str, ...] = ()
    stamp: str = "SystemModstamp"
    begun: str = ""

    def conditions(self, now: datetime) -> tuple[str, ...]:
        """What rows must fulfil at that moment, besides being in the window."""
        return (*self.holding, *((f"{self.begun} <= {soql.moment(now)}",) if self.begun else ()))


_EVENT: Final = (*_ACTIVITY, "StartDateTime")
TASKS: Final = Topic(
    "tasks",
    "Task",
    (*_ACTIVITY, "CompletedDateTime", "TaskSubtype", "CallType", "Type"),
    frozenset({"WhoId"}),
    ("IsClosed = true", "WhoId != null"),
)
EVENTS: Final = Topic(
    "events", "Event", _EVENT, frozenset({"WhoId", "StartDateTime"}), ("WhoId != null",), begun="StartDateTime"
)
BEGUN: Final = Topic(
    "begun",
    "Event",
    _EVENT,
    frozenset({"WhoId", "StartDateTime"}),
    ("WhoId != null",),
    stamp="StartDateTime",
    begun="StartDateTime",
)
DEALS: Final = Topic(
    "deals",
    "Opportunity",
    (*_STAMPED, "CreatedDate", "StageName", "LastStageChangeDate", "IsClosed", "IsWon", "Amount"),
    frozenset({"StageName"}),
)
ROLES: Final = Topic(
    "roles",
    "OpportunityContactRole",
    (*_STAMPED, "OpportunityId", "ContactId", "CreatedDate"),
    frozenset({"OpportunityId", "ContactId"}),
)
LEADS: Final = Topic(
    "leads",
    "Lead",
    (*_STAMPED, "ConvertedOpportunityId"),
    frozenset({"ConvertedOpportunityId"}),
    ("IsConverted = true",),
)
