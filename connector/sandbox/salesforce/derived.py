"""Fields that follow from other fields, and checks of one row that only its object can make.

Called with the new version of a row just before it is kept. (Salesforce fact sheet 4.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from connector.sandbox.salesforce.business import STAGES
from connector.sandbox.salesforce.fields import ID_SLOT, ObjectType, Row
from connector.sandbox.salesforce.refusals import Refusal

if TYPE_CHECKING:
    from connector.sandbox.salesforce.catalogue import Catalogue

CONVERTED_STATUSES = frozenset({"Closed - Converted"})
_STAGES = {name: (probability, forecast) for name, probability, forecast in STAGES}


def derive(catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    """Fill in what follows, in place. Raises Refusal when the row contradicts itself."""
    rule = _RULES.get(kind.name)
    if rule is not None:
        rule(catalogue, kind, row, before)


def full_name(first: str | None, last: str | None) -> str | None:
    """The compound Name of a person."""
    return " ".join(part for part in (first, last) if part) or None


def _person(_catalogue: Catalogue, kind: ObjectType, row: Row, _before: Row | None) -> None:
    fields = kind.fields
    row[fields["Name"].slot] = full_name(row[fields["FirstName"].slot], row[fields["LastName"].slot])


def _lead(catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    _person(catalogue, kind, row, before)
    status = kind.slot("Status")
    moved = row[status] in CONVERTED_STATUSES and (before is None or before[status] != row[status])
    if moved and not row[kind.slot("IsConverted")]:
        raise Refusal(
            "INVALID_STATUS", "invalid status: a lead is converted by converting it, not by its status", ["Status"]
        )


def _opportunity(_catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    stage = row[kind.slot("StageName")]
    probability, forecast = _STAGES.get(stage, (0, "Pipeline"))
    row[kind.slot("IsWon")] = stage == "Closed Won"
    row[kind.slot("IsClosed")] = stage in {"Closed Won", "Closed Lost"}
    moved = before is None or before[kind.slot("StageName")] != stage
    if moved and before is not None:
        row[kind.slot("LastStageChangeDate")] = row[kind.slot("LastModifiedDate")]
    for name, value in (("Probability", float(probability)), ("ForecastCategoryName", forecast)):
        slot = kind.slot(name)
        said = row[slot] is not None if before is None else row[slot] != before[slot]
        if (moved and not said) or row[slot] is None:
            row[slot] = value


def _task(catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    _activity(catalogue, kind, row, before)
    closed = row[kind.slot("Status")] == "Completed"
    was = before is not None and before[kind.slot("IsClosed")]
    row[kind.slot("IsClosed")] = closed
    row[kind.slot("IsHighPriority")] = row[kind.slot("Priority")] == "High"
    if closed != was:
        row[kind.slot("CompletedDateTime")] = row[kind.slot("LastModifiedDate")] if closed else None


def _event(catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    _activity(catalogue, kind, row, before)
    start = row[kind.slot("StartDateTime")] or row[kind.slot("ActivityDateTime")]
    if start is None and not row[kind.slot("IsAllDayEvent")]:
        raise Refusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDateTime]", ["ActivityDateTime"])
    row[kind.slot("StartDateTime")] = row[kind.slot("ActivityDateTime")] = start


def _activity(catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    who = row[kind.slot("WhoId")]
    if who is not None and who.startswith("00Q") and (before is None or before[kind.slot("WhoId")] != who):
        leads = catalogue["Lead"]
        person = leads.rows.get(who)
        if person is not None and person[leads.kind.slot("IsConverted")]:
            raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ["WhoId"])
    if who is not None and who.startswith("00Q") and row[kind.slot("WhatId")] is not None:
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", "cannot specify a related-to with a lead as the name", ["WhatId"])


def _member(catalogue: Catalogue, kind: ObjectType, row: Row, before: Row | None) -> None:
    """One member per campaign and person (fact sheet 4)."""
    lead, contact = row[kind.slot("LeadId")], row[kind.slot("ContactId")]
    if lead is None and contact is None:
        raise Refusal(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId, ContactId]", ["LeadId", "ContactId"]
        )
    row[kind.slot("HasResponded")] = row[kind.slot("Status")] == "Responded"
    field = kind.fields["ContactId" if contact is not None else "LeadId"]
    table = catalogue[kind.name]
    for other in table.find(field, [row[field.slot]]):
        held = table.live(other)
        if (
            held is not None
            and other != row[ID_SLOT]
            and held[kind.slot("CampaignId")] == row[kind.slot("CampaignId")]
            and before is None
        ):
            raise Refusal("DUPLICATE_VALUE", "Already a campaign member.", [])


_RULES: Mapping[str, Callable[[Catalogue, ObjectType, Row, Row | None], None]] = {
    "Lead": _lead,
    "Contact": _person,
    "User": _person,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _member,
}
