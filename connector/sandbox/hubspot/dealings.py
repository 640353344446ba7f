"""What reps do with contacts in HubSpot's pages: calls, e-mails, meetings, tasks, answers to a handoff, deals.

Acts as in actions.py. Activities are owned by `owner`, an owner's id: the contact's when none is named. What a workflow
sends is signed `AUTOMATION_PLATFORM` (HubSpot fact sheet 2.3).
"""
# ruff: noqa: A002 - `id` is what both CRMs and the glossary call it

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.sandbox.hubspot import actions, linking, writes
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.records import Source
from connector.sandbox.hubspot.web import whole

WORKFLOW = Source("AUTOMATION_PLATFORM", "workflow", "automation")
NOTHING: Mapping[str, str] = MappingProxyType({})


def log_call(
    portal: Portal, *, contact: str, direction: str = "OUTBOUND", status: str = "COMPLETED", owner: str = ""
) -> dict[str, Any]:
    """A rep logs a call with a contact; direction: OUTBOUND, INBOUND or blank."""
    properties = {
        "hs_call_direction": direction,
        "hs_call_status": status,
        "hs_call_title": "Call",
        "hubspot_owner_id": owner,
    }
    return _activity(portal, "calls", contact, properties)


def send_email(
    portal: Portal, *, contact: str, automated: bool = False, direction: str = "EMAIL", owner: str = ""
) -> dict[str, Any]:
    """A rep, or a workflow when `automated`, writes to a contact; INCOMING_EMAIL: the contact writes."""
    properties = {
        "hs_email_direction": direction,
        "hs_email_status": "SENT",
        "hs_email_subject": "Email",
        "hubspot_owner_id": owner,
    }
    return _activity(portal, "emails", contact, properties, WORKFLOW if automated else None)


def hold_meeting(
    portal: Portal, *, contact: str, outcome: str = "COMPLETED", starts_at: str = "", owner: str = ""
) -> dict[str, Any]:
    """A rep enters a meeting with a contact, now unless `starts_at` (ISO 8601) says when."""
    start = {"hs_meeting_start_time": starts_at} if starts_at else {}
    properties = {"hs_meeting_outcome": outcome, "hs_meeting_title": "Meeting", "hubspot_owner_id": owner, **start}
    return _activity(portal, "meetings", contact, properties)


def complete_task(portal: Portal, *, id: str, user: int = 0) -> dict[str, Any]:
    """A rep ticks a task off."""
    return actions.edit(portal, object="tasks", id=id, properties={"hs_task_status": "COMPLETED"}, user=user)


def answer_feedback(
    portal: Portal, *, contact: str, answer: str, details: Mapping[str, str] = NOTHING, user: int = 0
) -> dict[str, Any]:
    """A rep answers a handoff; `details` may hold reason, comment, revisit_on (2026-11-02); the rest stays as it is."""
    unknown = details.keys() - {"reason", "comment", "revisit_on"}
    if unknown:
        raise ValueError(f"details {sorted(unknown)} are none of reason, comment, revisit_on")
    filled = {f"smarketing_{name}": value for name, value in {"answer": answer, **details}.items()}
    return actions.edit(portal, object="contacts", id=contact, properties=filled, user=user)


def open_deal(
    portal: Portal, *, contact: str, name: str, stage: str = "appointmentscheduled", amount: str = ""
) -> dict[str, Any]:
    """A rep opens a deal in which a contact has a part."""
    with portal.lock:
        money = {"amount": amount} if amount else {}
        made = actions.create(portal, object="deals", properties={"dealname": name, "dealstage": stage, **money})
        actions.associate(portal, object="deals", id=made["id"], to_object="contacts", to_id=contact)
        return made


def close_deal(portal: Portal, *, id: str, won: bool = True, user: int = 0) -> dict[str, Any]:
    """A rep closes a deal, won or lost."""
    properties = {"dealstage": "closedwon" if won else "closedlost"}
    return actions.edit(portal, object="deals", id=id, properties=properties, user=user)


def _activity(
    portal: Portal, obj: str, contact: str, properties: Mapping[str, str], source: Source | None = None
) -> dict[str, Any]:
    with portal.lock:
        state = portal.state
        state.tick()
        people, table = state.tables["contacts"], state.tables[obj]
        record = people.current(whole(str(contact)) or 0)
        if record is None or record.archived_ms is not None:
            raise LookupError(f"there is no contact {contact}")
        number = portal.settings.user_id
        who = source or Source("CRM_UI", f"userId:{number}", f"user:{number}", user_id=number)
        owner = "" if source else properties["hubspot_owner_id"] or record.values.get("hubspot_owner_id", "")
        given = {"hs_timestamp": iso(state.now_ms), **properties, "hubspot_owner_id": owner}
        made = writes.create(state, table, writes.check(state, table, None, given, who), who)
        linking.link_default(state, (obj, made.id), ("contacts", record.id), who)
        return {"id": str(made.id)}
