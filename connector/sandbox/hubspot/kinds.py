"""The object types the sandbox knows, and how each differs from the others.

Every type answers to its plural name, its singular name and its type id (HubSpot fact sheet 1.1). Contacts keep their
last change in `lastmodifieddate`, every other type in `hs_lastmodifieddate` (fact sheet 3).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type."""

    plural: str
    singular: str
    type_id: str
    defaults: tuple[str, ...]  # returned when a reader names no properties
    modified: str = "hs_lastmodifieddate"
    scope: str = "contacts"  # activities are reached with the scopes of contacts (fact sheet 7)
    created: str = "createdate"
    required: tuple[str, ...] = ()  # one of these on create
    required_all: tuple[str, ...] = ()  # each of these on create
    lenient: bool = False  # activities ignore unknown and read-only properties (fact sheet 5)
    evented: bool = True  # webhooks exist for it
    searched: tuple[str, ...] = ()  # properties a free-text query looks into


def _activity(plural: str, singular: str, type_id: str, *shown: str) -> Kind:
    return Kind(
        plural,
        singular,
        type_id,
        defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id", *shown),
        created="hs_createdate",
        required_all=("hs_timestamp",),
        lenient=True,
        evented=False,
        searched=shown,
    )


CONTACTS = Kind(
    "contacts",
    "contact",
    "0-1",
    defaults=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    modified="lastmodifieddate",
    required=("email", "firstname", "lastname"),
    searched=("firstname", "lastname", "email", "phone", "company", "hs_additional_emails"),
)
COMPANIES = Kind(
    "companies",
    "company",
    "0-2",
    defaults=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    scope="companies",
    required=("name", "domain"),
    searched=("name", "domain", "website", "phone"),
)
DEALS = Kind(
    "deals",
    "deal",
    "0-3",
    defaults=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    scope="deals",
    required_all=("dealname", "dealstage"),
    searched=("dealname",),
)
KINDS = (
    CONTACTS,
    COMPANIES,
    DEALS,
    _activity("tasks", "task", "0-27", "hs_task_subject", "hs_task_body"),
    _activity("notes", "note", "0-46", "hs_note_body"),
    _activity("meetings", "meeting", "0-47", "hs_meeting_title", "hs_meeting_body"),
    _activity("calls", "call", "0-48", "hs_call_title", "hs_call_body"),
    _activity("emails", "email", "0-49", "hs_email_subject", "hs_email_text"),
)
BY_NAME = {name: kind for kind in KINDS for name in (kind.plural, kind.singular, kind.type_id)}


def kind_named(name: str) -> Kind | None:
    """The type that answers to a plural name, singular name or type id, whatever its case."""
    return BY_NAME.get(name.lower())
