"""The properties a portal starts with: HubSpot's own that a B2B team uses, and a few an installation has added.

One row a property: name, type, field type, flags. Flags: `r` read-only value, `c` calculated, `u` unique value,
`x` not HubSpot's own, `s` likewise, of the bridge's own group, `h` hidden, `o` an owner's id. Names and types follow
the HubSpot fact sheet 2.1, 5, 6 and 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from connector.sandbox.hubspot import agreed
from connector.sandbox.hubspot.kinds import Kind
from connector.sandbox.hubspot.properties import TRUE_FALSE, Property, Schema

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
LIFECYCLE_LABELS = ("Subscriber", "Lead", "Marketing Qualified Lead", "Sales Qualified Lead", "Opportunity", "Customer")
LEAD_STATUS = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)
SOURCES = (
    "ORGANIC_SEARCH",
    "PAID_SEARCH",
    "EMAIL_MARKETING",
    "SOCIAL_MEDIA",
    "REFERRALS",
    "OTHER_CAMPAIGNS",
    "DIRECT_TRAFFIC",
    "OFFLINE",
    "PAID_SOCIAL",
)
INDUSTRIES = ("COMPUTER_SOFTWARE", "BANKING", "INSURANCE", "RETAIL", "HOSPITAL_HEALTH_CARE", "MACHINERY", "EDUCATION")
DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", 0.2),
    ("qualifiedtobuy", "Qualified To Buy", 0.4),
    ("presentationscheduled", "Presentation Scheduled", 0.6),
    ("decisionmakerboughtin", "Decision Maker Bought-In", 0.8),
    ("contractsent", "Contract Sent", 0.9),
    ("closedwon", "Closed Won", 1.0),
    ("closedlost", "Closed Lost", 0.0),
)

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "lifecyclestage": LIFECYCLE,
    "hs_lead_status": LEAD_STATUS,
    "hs_persona": ("persona_1", "persona_2", "persona_3"),
    "hs_analytics_source": SOURCES,
    "interests": ("SYNC", "REPORTING", "AUTOMATION", "SUPPORT", "BUDGET_HOLDER"),
    "industry_choice": INDUSTRIES,
    **agreed.OPTIONS,
    "dealtype": ("newbusiness", "existingbusiness"),
    "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
    "hs_task_priority": ("NONE", "LOW", "MEDIUM", "HIGH"),
    "hs_task_type": ("TODO", "CALL", "EMAIL"),
    "hs_call_direction": ("INBOUND", "OUTBOUND"),
    "hs_email_direction": ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
    "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
}
LABELS: Mapping[str, str] = {
    **dict(zip(LIFECYCLE, LIFECYCLE_LABELS, strict=False)),
    "persona_1": "Marketing Mary",
    "persona_2": "Executive Erin",
    "persona_3": "Developer Dan",
}

SHARED = """
hs_object_id number number r
hs_object_source enumeration select rt
hs_object_source_id string text r
hs_object_source_label string text r
hs_created_by_user_id number number r
hs_merged_object_ids enumeration checkbox rt
hubspot_owner_id enumeration select o
"""
CONTACTS = """
email string text
hs_additional_emails enumeration checkbox t
firstname string text
lastname string text
salutation string text
phone string phonenumber
mobilephone string phonenumber
fax string phonenumber
jobtitle string text
company string text
website string text
address string text
city string text
state string text
zip string text
country string text
industry string text
annualrevenue string text
numemployees enumeration select t
lifecyclestage enumeration radio
hs_lead_status enumeration radio
hs_persona enumeration radio
hubspotscore number number rc
hs_analytics_source enumeration select r
hs_email_optout bool booleancheckbox r
hs_email_domain string text r
hs_language string text
hs_calculated_merged_vids enumeration checkbox rt
hs_all_contact_vids enumeration checkbox rt
hs_is_contact bool booleancheckbox r
hs_is_unworked bool booleancheckbox rc
hs_marketable_status bool booleancheckbox r
hs_pipeline string text r
createdate datetime date r
lastmodifieddate datetime date r
hs_lastmodifieddate datetime date rh
closedate datetime date
notes_last_contacted datetime date r
notes_last_updated datetime date r
num_notes number number r
num_associated_deals number number rc
date_of_birth string text
message string textarea
salesforceleadid string text
salesforcecontactid string text
salesforcelastsynctime datetime date
salesforce_record_id string text ux
birthday date date x
interests enumeration checkbox x
budget number number x
newsletter bool booleancheckbox x
demo_at datetime date x
"""
COMPANIES = """
name string text
domain string text
hs_additional_domains enumeration checkbox t
website string text
phone string phonenumber
address string text
city string text
state string text
zip string text
country string text
industry enumeration select
annualrevenue number number
numberofemployees number number
lifecyclestage enumeration radio
hs_lead_status enumeration radio
description string textarea
createdate datetime date r
hs_lastmodifieddate datetime date r
closedate datetime date
num_associated_contacts number number rc
salesforceaccountid string text
salesforce_record_id string text ux
"""
DEALS = """
dealname string text
dealstage string text
pipeline string text
amount number number
closedate datetime date
createdate datetime date r
hs_lastmodifieddate datetime date r
dealtype enumeration radio
description string textarea
closed_won_reason string textarea
closed_lost_reason string textarea
hs_priority string text
hs_is_closed bool booleancheckbox rc
hs_is_closed_won bool booleancheckbox rc
hs_deal_stage_probability number number rc
salesforce_record_id string text ux
"""
ACTIVITIES = """
hs_timestamp datetime date
hs_createdate datetime date r
hs_lastmodifieddate datetime date r
hs_attachment_ids string text
"""
BY_ACTIVITY: Mapping[str, str] = {
    "tasks": """
hs_task_subject string text
hs_task_body string textarea
hs_task_status enumeration select
hs_task_priority enumeration select
hs_task_type enumeration select
hs_task_reminders string text
""",
    "notes": "hs_note_body string html",
    "meetings": """
hs_meeting_title string text
hs_meeting_body string html
hs_meeting_outcome enumeration select
hs_meeting_start_time datetime date
hs_meeting_end_time datetime date
""",
    "calls": """
hs_call_title string text
hs_call_body string html
hs_call_direction enumeration select
hs_call_duration number number
hs_call_status string text
hs_call_disposition string text
""",
    "emails": """
hs_email_subject string text
hs_email_text string textarea
hs_email_html string html
hs_email_direction enumeration select
hs_email_status string text
""",
}
TABLES: Mapping[str, str] = {"contacts": CONTACTS + agreed.CONTACTS, "companies": COMPANIES, "deals": DEALS}


def schema_of(kind: Kind, born_ms: int) -> Schema:
    """The schema one object type starts with in a portal born at that moment."""
    return Schema(kind, _definitions(kind), born_ms)


@cache
def _definitions(kind: Kind) -> Mapping[str, Property]:
    """The definitions every portal starts with, made once a process."""
    table = TABLES.get(kind.plural, ACTIVITIES + BY_ACTIVITY.get(kind.plural, ""))
    rows = [row for row in (SHARED + table).splitlines() if row]
    stamps = [stage_stamps(stage) for stage in _stages(kind)]
    made = [_property(kind, row, None) for row in [*rows, *(name for pair in stamps for name in pair)]]
    for definition in made:
        definition.wire = definition.timeless()
    return {definition.name: definition for definition in made}


def stage_stamps(stage: str) -> tuple[str, str, str]:
    """Rows of the read-only properties that say when a record entered and left a stage (fact sheet 6.1)."""
    return (
        f"hs_lifecyclestage_{stage}_date datetime date r",
        f"hs_v2_date_entered_{stage} datetime date rc",
        f"hs_v2_date_exited_{stage} datetime date rc",
    )


def stamp_properties(kind: Kind, stage: str, created_ms: int) -> list[Property]:
    """Definitions of the stamps of a stage that was added later."""
    return [_property(kind, row, created_ms) for row in stage_stamps(stage)]


def _stages(kind: Kind) -> tuple[str, ...]:
    if kind.plural == "deals":
        return tuple(stage for stage, _, _ in DEAL_STAGES)
    return LIFECYCLE if kind.plural in TABLES else ()


def _property(kind: Kind, row: str, created_ms: int | None) -> Property:
    name, type_, field_type, flags = [*row.split(), ""][:4]
    own = "x" not in flags and "s" not in flags
    group = "smarketing" if "s" in flags else f"{kind.singular}information" if own else f"{kind.singular}_custom"
    return Property(
        name=name,
        label=name.removeprefix("hs_").replace("_", " ").capitalize(),
        type=type_,
        field_type=field_type,
        group=group,
        options=_options(kind, name, type_),
        unique="u" in flags or (kind.plural == "contacts" and name == "email"),
        read_only="r" in flags,
        calculated="c" in flags,
        hubspot_defined=own,
        hidden="h" in flags,
        external_options="o" in flags or "t" in flags,
        referenced_object_type="OWNER" if "o" in flags else None,
        created_ms=created_ms,
        updated_ms=created_ms,
    )


def _options(kind: Kind, name: str, type_: str) -> list[dict[str, object]]:
    if type_ == "bool":
        return [dict(option) for option in TRUE_FALSE]
    key = "industry_choice" if (kind.plural, name) == ("companies", "industry") else name
    return [
        {"label": LABELS.get(value, value.replace("_", " ").title()), "value": value} for value in OPTIONS.get(key, ())
    ]
