"""The objects around people: Account, Opportunity, Campaign, their members and roles, Task and Event.

Requirements and defaults after Salesforce fact sheet 4. Derived fields (IsClosed, IsWon) are read-only here and set by
derived.py.
"""

from __future__ import annotations

from connector.sandbox.salesforce.fields import Field, ObjectType, choices, define, picklist
from connector.sandbox.salesforce.people import (
    INDUSTRIES,
    LEAD_SOURCES,
    READ_ONLY,
    address_fields,
    hubspot_id,
    lookup,
    owner_field,
)

STAGES: tuple[tuple[str, int, str], ...] = (
    ("Prospecting", 10, "Pipeline"),
    ("Qualification", 10, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"),
    ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"),
    ("Negotiation/Review", 90, "Pipeline"),
    ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)
TASK_STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
MEMBER_STATUSES = ("Sent", "Responded")


def account() -> ObjectType:
    """Account: Name required."""
    return define(
        "Account",
        "001",
        [
            Field("Name", "string", "Account Name", length=255, required=True, name_field=True),
            picklist("Type", "Account Type", "Prospect", "Customer - Direct", "Partner", "Other"),
            lookup("ParentId", "Parent Account ID", "Account", relationship="Parent"),
            *address_fields("Billing", "Billing Address"),
            *address_fields("Shipping", "Shipping Address"),
            Field("Phone", "phone", "Account Phone", length=40),
            Field("Fax", "phone", "Account Fax", length=40),
            Field("Website", "url", "Website", length=255, indexed=True),
            picklist("Industry", "Industry", *INDUSTRIES),
            Field("AnnualRevenue", "currency", "Annual Revenue", precision=18),
            Field("NumberOfEmployees", "int", "Employees", precision=8),
            Field("Description", "textarea", "Account Description", length=32000),
            picklist("Rating", "Account Rating", "Hot", "Warm", "Cold"),
            picklist("AccountSource", "Account Source", *LEAD_SOURCES),
            owner_field("User"),
            Field(
                "MasterRecordId",
                "reference",
                "Master Record ID",
                refers_to=("Account",),
                relationship="MasterRecord",
                **READ_ONLY,
            ),
            Field("LastActivityDate", "date", "Last Activity", **READ_ONLY),
            hubspot_id("HubSpot_Company_Id__c", "HubSpot Company Id"),
        ],
        mergeable=True,
        assignable=True,
    )


def opportunity() -> ObjectType:
    """Opportunity: Name, StageName and CloseDate required; probability and forecast follow the stage."""
    return define(
        "Opportunity",
        "006",
        [
            lookup("AccountId", "Account ID", "Account", relationship="Account"),
            Field("Name", "string", "Name", length=120, required=True, name_field=True),
            Field("Description", "textarea", "Description", length=32000),
            picklist("StageName", "Stage", *(stage for stage, _, _ in STAGES), required=True),
            Field("Amount", "currency", "Amount", precision=18, scale=2),
            Field("Probability", "percent", "Probability (%)", precision=3),
            Field("CloseDate", "date", "Close Date", required=True),
            picklist("Type", "Opportunity Type", "Existing Business", "New Business"),
            Field("NextStep", "string", "Next Step", length=255),
            picklist("LeadSource", "Lead Source", *LEAD_SOURCES),
            Field("IsClosed", "boolean", "Closed", default=False, **READ_ONLY),
            Field("IsWon", "boolean", "Won", default=False, **READ_ONLY),
            picklist(
                "ForecastCategoryName",
                "Forecast Category",
                "Omitted",
                "Pipeline",
                "Best Case",
                "Commit",
                "Closed",
                length=40,
            ),
            lookup("CampaignId", "Campaign ID", "Campaign", relationship="Campaign"),
            owner_field("User"),
            lookup("ContactId", "Contact ID", "Contact", relationship="Contact"),
            Field("LastStageChangeDate", "datetime", "Last Stage Change Date", **READ_ONLY),
            Field("LastActivityDate", "date", "Last Activity", **READ_ONLY),
            hubspot_id("HubSpot_Deal_Id__c", "HubSpot Deal Id"),
        ],
        plural="Opportunities",
    )


def contact_role() -> ObjectType:
    """OpportunityContactRole: who plays a part in a deal; one of them the primary."""
    return define(
        "OpportunityContactRole",
        "00K",
        [
            lookup("OpportunityId", "Opportunity ID", "Opportunity", relationship="Opportunity", required=True),
            lookup("ContactId", "Contact ID", "Contact", relationship="Contact", required=True),
            picklist("Role", "Role", "Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Other", length=40),
            Field("IsPrimary", "boolean", "Primary", default=False),
        ],
    )


def campaign() -> ObjectType:
    """Campaign: Name required."""
    return define(
        "Campaign",
        "701",
        [
            Field("Name", "string", "Name", length=80, required=True, name_field=True),
            picklist("Type", "Type", "Conference", "Webinar", "Email", "Other", length=40),
            picklist(
                "Status", "Status", "Planned", "In Progress", "Completed", "Aborted", length=40, default="Planned"
            ),
            Field("StartDate", "date", "Start Date"),
            Field("EndDate", "date", "End Date"),
            Field("IsActive", "boolean", "Active", default=False),
            Field("Description", "textarea", "Description", length=32000),
            Field("BudgetedCost", "currency", "Budgeted Cost", precision=18),
            owner_field("User"),
        ],
    )


def campaign_member() -> ObjectType:
    """CampaignMember: a Lead or Contact in a campaign, at most once."""
    return define(
        "CampaignMember",
        "00v",
        [
            lookup("CampaignId", "Campaign ID", "Campaign", relationship="Campaign", required=True),
            lookup("LeadId", "Lead ID", "Lead", relationship="Lead"),
            lookup("ContactId", "Contact ID", "Contact", relationship="Contact"),
            picklist("Status", "Status", *MEMBER_STATUSES, length=40, default="Sent"),
            Field("HasResponded", "boolean", "Responded", default=False, **READ_ONLY),
            Field("FirstRespondedDate", "date", "First Responded Date", **READ_ONLY),
        ],
    )


def task() -> ObjectType:
    """Task: nothing need be said, everything required has a default."""
    return define(
        "Task",
        "00T",
        [
            *activity_fields(),
            picklist("Status", "Status", *TASK_STATUSES, required=True, default="Not Started"),
            picklist("Priority", "Priority", "High", "Normal", "Low", required=True, default="Normal"),
            picklist(
                "TaskSubtype",
                "Task Subtype",
                "Task",
                "Email",
                "ListEmail",
                "Cadence",
                "Call",
                "LinkedIn",
                length=40,
                updateable=False,
                default="Task",
                restricted=True,
            ),
            picklist("Type", "Type", "Call", "Email", "Meeting", "Other", length=40),
            Field("CallDurationInSeconds", "int", "Call Duration", precision=8),
            picklist("CallType", "Call Type", "Internal", "Inbound", "Outbound", length=40),
            Field("CallDisposition", "string", "Call Result", length=255),
            Field("IsClosed", "boolean", "Closed", default=False, **READ_ONLY),
            Field("IsHighPriority", "boolean", "High Priority", default=False, **READ_ONLY),
            Field("CompletedDateTime", "datetime", "Completed Date", **READ_ONLY),
        ],
    )


def event() -> ObjectType:
    """Event: a moment and a length."""
    return define(
        "Event",
        "00U",
        [
            *activity_fields(),
            Field("ActivityDateTime", "datetime", "Due Date Time"),
            Field("DurationInMinutes", "int", "Duration", precision=8),
            Field("StartDateTime", "datetime", "Start Date Time"),
            Field("EndDateTime", "datetime", "End Date Time"),
            Field("IsAllDayEvent", "boolean", "All-Day Event", default=False),
            Field("Location", "string", "Location", length=255),
            picklist("ShowAs", "Show Time As", "Busy", "OutOfOffice", "Free", length=40, default="Busy"),
        ],
    )


def activity_fields() -> list[Field]:
    """What Task and Event share. WhatId must stay empty when WhoId is a Lead (fact sheet 4)."""
    return [
        lookup("WhoId", "Name ID", "Contact", "Lead", relationship="Who"),
        lookup("WhatId", "Related To ID", "Account", "Opportunity", "Campaign", relationship="What"),
        Field(
            "Subject",
            "combobox",
            "Subject",
            length=255,
            choices=choices("Call", "Email", "Send Letter", "Send Quote", "Other"),
        ),
        Field("ActivityDate", "date", "Due Date Only"),
        owner_field("User", "Group"),
        Field("Description", "textarea", "Comments", length=32000),
        Field("IsArchived", "boolean", "Archived", default=False, **READ_ONLY),
    ]
