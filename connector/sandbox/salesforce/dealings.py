"""What reps do with people on Salesforce's screens: calls, e-mails, meetings, tasks, answers to a handoff, deals won.

Acts as in actions.py. `user` is who acts: the record's owner when nobody is named, the admin where that is no user.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from connector.sandbox.salesforce import actions
from connector.sandbox.salesforce.acts import Act
from connector.sandbox.salesforce.cleaning import stamp
from connector.sandbox.salesforce.ids import id18
from connector.sandbox.salesforce.org import Org

DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "reason": "Smarketing_Reason__c",
        "comment": "Smarketing_Comment__c",
        "revisit_on": "Smarketing_Revisit_On__c",
    }
)
NOTHING: Mapping[str, str] = MappingProxyType({})
_USER = "005"


def log_call(
    org: Org, who: str, *, direction: str = "Outbound", subject: str = "Call", user: str | None = None
) -> dict[str, Any]:
    """A rep logs a call with a Lead or Contact that has just ended; direction: Outbound, Inbound, Internal or blank."""
    values = {"TaskSubtype": "Call", "CallType": direction or None, "Subject": subject, "Status": "Completed"}
    return _activity(org, "Task", who, values, user)


def send_email(
    org: Org, who: str, *, automated: bool = False, subject: str = "Email", user: str | None = None
) -> dict[str, Any]:
    """A rep writes to a Lead or Contact; `automated`: a list e-mail goes out in their name."""
    values = {"TaskSubtype": "ListEmail" if automated else "Email", "Subject": subject, "Status": "Completed"}
    return _activity(org, "Task", who, values, user)


def hold_meeting(org: Org, who: str, *, starts_at: str = "", user: str | None = None) -> dict[str, Any]:
    """A rep puts a meeting with a Lead or Contact into the calendar, now unless `starts_at` (ISO 8601) says when."""
    values = {"StartDateTime": starts_at or stamp(org.now()), "DurationInMinutes": 30, "Subject": "Meeting"}
    return _activity(org, "Event", who, values, user)


def complete_task(org: Org, id: str, user: str | None = None) -> dict[str, Any]:  # noqa: A002 - as JSON names it
    """A rep ticks a task off."""
    return actions.edit(org, id, {"Status": "Completed"}, user or _owner(org, id))


def answer_feedback(
    org: Org,
    id: str,  # noqa: A002 - as JSON names it
    answer: str,
    *,
    details: Mapping[str, str] = NOTHING,
    user: str | None = None,
) -> dict[str, Any]:
    """A rep answers a handoff; `details` may hold reason, comment, revisit_on (2026-11-02); the rest stays as it is."""
    unknown = details.keys() - DETAILS.keys()
    if unknown:
        raise ValueError(f"details {sorted(unknown)} are none of {', '.join(DETAILS)}")
    filled = {DETAILS[name]: value for name, value in details.items()}
    return actions.edit(org, id, {"Smarketing_Answer__c": answer, **filled}, user or _owner(org, id))


def open_deal(
    org: Org, contact: str, name: str, *, stage: str = "Prospecting", amount: float | None = None
) -> dict[str, Any]:
    """A rep opens an opportunity in which a Contact plays the main part; it shall close within thirty days."""
    with org.lock, org.journal.transaction():
        actor = _actor(org, contact, None)
        held = org.writer.existing(org.catalogue["Contact"], id18(contact))
        account = held[org.catalogue["Contact"].kind.slot("AccountId")]
        values = {"Name": name, "StageName": stage, "Amount": amount, "AccountId": account}
        closes = (org.now() + timedelta(days=30)).date().isoformat()
        deal = org.writer.create(actor, org.catalogue["Opportunity"], {**values, "CloseDate": closes})
        role = {"OpportunityId": deal, "ContactId": id18(contact), "IsPrimary": True}
        org.writer.create(actor, org.catalogue["OpportunityContactRole"], role)
    return {"id": deal}


def close_deal(org: Org, id: str, *, won: bool = True, user: str | None = None) -> dict[str, Any]:  # noqa: A002 - as JSON names it
    """A rep closes an opportunity, won or lost."""
    return actions.edit(org, id, {"StageName": "Closed Won" if won else "Closed Lost"}, user or _owner(org, id))


def _activity(org: Org, sobject: str, who: str, values: dict[str, Any], user: str | None) -> dict[str, Any]:
    with org.lock:
        actor = _actor(org, who, user)
        given = {**values, "WhoId": id18(who), "OwnerId": actor.user_id}
        return {"id": org.writer.create(actor, org.catalogue[sobject], given)}


def _actor(org: Org, record_id: str, user: str | None) -> Act:
    return org.person(user or _owner(org, record_id))


def _owner(org: Org, record_id: str) -> str | None:
    """The user who owns a record; None where it is not there or is a queue's."""
    table = org.catalogue.home(record_id)
    row = table.rows.get(id18(record_id)) if table is not None else None
    owner = row[table.kind.slot("OwnerId")] if table is not None and row is not None else None
    return str(owner) if owner is not None and str(owner).startswith(_USER) else None
