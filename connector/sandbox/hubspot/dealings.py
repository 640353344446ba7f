"""What reps do with contacts in HubSpot's pages: calls, e-mails, meetings, tasks, answers to a handoff, deals.

Acts as in actions.py. Activities are owned by `owner`, an owner's id: the contact's when none is named. What a workflow
sends is signed `AUTOMATION_PLATFORM` (HubSpot fact sheet 2.3).
"""
# ruff: noqa: A002 - `id` is what both CRMs and the glossary call it

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.hubspot import actions, linking, writes
from connector.sandbox.hubspot.moments import iso
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.records import Source
from connector.sandbox.hubspot.web import whole

WORKFLOW = Source("AUTOMATION_PLATFORM", "workflow", "automation")


def log_call(
    portal: Portal, *, contact: str, direction: str = "OUTBOUND", status: str = "COMPLETED", owner: str = ""
) -> dict[str, Any]:
    """A rep logs a call with a contact; direction: OUTBOUND, INBOUND or blank."""
    properties = {"hs_call_direction": direction, "hs_call_status": status, "hs_call_title": "Call"}
    return _activity(portal, "calls", contact, properties, owner)


def send_email(
    portal: Portal, *, contact: str, automated: bool = False, direction: str = "EMAIL", owner: str = ""
) -> dict[str, Any]:
    """A rep, or a workflow when `automated`, writes to a contact; INCOMING_EMAIL: the contact writes."""
    properties = {"hs_email_direction": direction, "hs_email_status": "SENT", "hs_email_subject": "Email"}
    return _activity(portal, "emails", contact, properties, owner, WORKFLOW if automated else None)


def hold_meeting(
    portal: Portal, *, contact: str, outcome: str = "COMPLETED", starts_at: str = "", owner: str = ""
) -> dict[str, Any]:
    """A rep enters a meeting with a contact, now unless `starts_at` (ISO 8601) says when."""
    start = {"hs_meeting_start_time": starts_at} if starts_at else {}
    properties = {"hs_meeting_outcome": outcome, "hs_meeting_title": "Meeting", **start}
    return _activity(portal, "meetings", contact, properties, owner)


def complete_task(portal: Portal, *, id: str, user: int = 0) -> dict[str, Any]:
    """A rep ticks a task off."""
    return actions.edit(portal, object="tasks", id=id, properties={"hs_task_status": "COMPLETED"}, user=user)


def answer_feedback(  # noqa: PLR0913 - what a rep can fill in
    portal: Portal,
    *,
    contact: str,
    answer: str,
    reason: str = "",
    comment: str = "",
    revisit_on: str = "",
    user: int = 0,
) -> dict[str, Any]:
    """A rep answers a handoff; what is left out stays as it is. revisit_on: 2026-11-02."""
    given = {
        "smarketing_answer": answer,
        "smarketing_reason": reason,
        "smarketing_comment": comment,
        "smarketing_revisit_on": revisit_on,
    }
    filled = {name: value for name, value in given.items() if value}
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


def _activity(  # noqa: PLR0913, PLR0917 - one helper of the acts above, given what they were given
    portal: Portal, obj: str, contact: str, properties: Mapping[str, str], owner: str, source: Source | None = None
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
        owned = "" if source else owner or record.values.get("hubspot_owner_id", "")
        given = {"hs_timestamp": iso(state.now_ms), **({"hubspot_owner_id": owned} if owned else {}), **properties}
        made = writes.create(state, table, writes.check(state, table, None, given, who), who)
        linking.link_default(state, (obj, made.id), ("contacts", record.id), who)
        return {"id": str(made.id)}
