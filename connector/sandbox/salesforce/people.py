"""The objects that are people: Lead and Contact, with the fields an installation of the bridge adds to them.

Names, lengths and requirements after Salesforce fact sheet 4 and 1.6; picklists are those of a new demo org.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.fields import ACTING_USER, Field, ObjectType, choices, define, picklist

READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}
LIFECYCLE_STAGES = ("Subscriber", "Lead", "MQL", "SQL", "Opportunity", "Customer", "Evangelist", "Other")
AGREED_STAGES = ("SAL", "Recycled", "Disqualified")  # beside them, of the stages both teams agreed on
ANSWERS = ("Accepted", "Rejected", "Recycled", "Disqualified")
REASONS = {
    "unreachable": "Unreachable",
    "bad_data": "Bad data",
    "duplicate": "Duplicate",
    "not_a_fit": "Not a fit",
    "no_need": "No need",
    "no_budget": "No budget",
    "no_authority": "No authority",
    "timing": "Timing",
    "competitor": "Competitor or locked in",
    "junk": "Junk",
}
LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
INDUSTRIES = (
    "Agriculture",
    "Banking",
    "Education",
    "Electronics",
    "Energy",
    "Healthcare",
    "Manufacturing",
    "Technology",
    "Other",
)
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")


def lead() -> ObjectType:
    """Lead: LastName and Company required; owned by a user or a queue; convertible; mergeable."""
    return define(
        "Lead",
        "00Q",
        [
            *name_fields(),
            Field("Title", "string", "Title", length=128),
            Field("Company", "string", "Company", length=255, required=True),
            *address_fields("", "Address"),
            Field("Phone", "phone", "Phone", length=40),
            Field("MobilePhone", "phone", "Mobile Phone", length=40),
            Field("Fax", "phone", "Fax", length=40),
            Field("Email", "email", "Email", length=80, id_lookup=True),
            Field("Website", "url", "Website", length=255),
            Field("Description", "textarea", "Lead Description", length=32000),
            picklist("LeadSource", "Lead Source", *LEAD_SOURCES),
            status_field(),
            picklist("Industry", "Industry", *INDUSTRIES),
            picklist("Rating", "Rating", "Hot", "Warm", "Cold"),
            Field("AnnualRevenue", "currency", "Annual Revenue", precision=18),
            Field("NumberOfEmployees", "int", "Employees", precision=8),
            owner_field("User", "Group"),
            Field("HasOptedOutOfEmail", "boolean", "Email Opt Out", default=False),
            Field("HasOptedOutOfFax", "boolean", "Fax Opt Out", default=False),
            Field("DoNotCall", "boolean", "Do Not Call", default=False),
            *conversion_fields(),
            Field("IsUnreadByOwner", "boolean", "Unread By Owner", default=True),
            *contact_traces(),
            *bridge_fields(),
        ],
        mergeable=True,
        assignable=True,
    )


def contact() -> ObjectType:
    """Contact: LastName required; Account optional; mergeable."""
    return define(
        "Contact",
        "003",
        [
            lookup("AccountId", "Account ID", "Account", relationship="Account"),
            *name_fields(),
            *address_fields("Mailing", "Mailing Address"),
            Field("Phone", "phone", "Business Phone", length=40),
            Field("MobilePhone", "phone", "Mobile Phone", length=40),
            Field("HomePhone", "phone", "Home Phone", length=40),
            Field("Fax", "phone", "Business Fax", length=40),
            Field("Email", "email", "Email", length=80, id_lookup=True),
            Field("Title", "string", "Title", length=128),
            Field("Department", "string", "Department", length=80),
            lookup("ReportsToId", "Reports To ID", "Contact", relationship="ReportsTo"),
            picklist("LeadSource", "Lead Source", *LEAD_SOURCES),
            Field("Birthdate", "date", "Birthdate"),
            Field("Description", "textarea", "Contact Description", length=32000),
            owner_field("User"),
            Field("HasOptedOutOfEmail", "boolean", "Email Opt Out", default=False),
            Field("HasOptedOutOfFax", "boolean", "Fax Opt Out", default=False),
            Field("DoNotCall", "boolean", "Do Not Call", default=False),
            Field(
                "MasterRecordId",
                "reference",
                "Master Record ID",
                refers_to=("Contact",),
                relationship="MasterRecord",
                **READ_ONLY,
            ),
            *contact_traces(),
            *bridge_fields(),
        ],
        mergeable=True,
    )


def name_fields() -> list[Field]:
    """The parts of a person's name and the compound that is read."""
    return [
        Field("LastName", "string", "Last Name", length=80, required=True),
        Field("FirstName", "string", "First Name", length=40),
        picklist("Salutation", "Salutation", *SALUTATIONS, length=40),
        Field("Name", "string", "Full Name", length=121, name_field=True, **READ_ONLY),
    ]


def address_fields(prefix: str, label: str) -> list[Field]:
    """Street to country, and the compound address made of them."""
    parts = (("Street", "textarea", 255), ("City", "string", 40), ("State", "string", 80), ("PostalCode", "string", 20))
    made = [Field(prefix + name, kind, f"{prefix} {name}".strip(), length=length) for name, kind, length in parts]
    made.append(Field(f"{prefix}Country", "string", f"{prefix} Country".strip(), length=80))
    compound = Field(f"{prefix}Address", "address", label, parts=tuple(part.name for part in made), **READ_ONLY)
    return [*made, compound]


def status_field() -> Field:
    """Lead.Status: never blank, first value when nothing is said."""
    return picklist("Status", "Lead Status", *LEAD_STATUSES, required=True, default=LEAD_STATUSES[0])


def owner_field(*owners: str) -> Field:
    """OwnerId: the acting user when nothing is said."""
    return Field(
        "OwnerId", "reference", "Owner ID", required=True, default=ACTING_USER, refers_to=owners, relationship="Owner"
    )


def lookup(name: str, label: str, *targets: str, relationship: str, required: bool = False) -> Field:
    """A writable reference to a row of one of `targets`."""
    return Field(name, "reference", label, refers_to=targets, relationship=relationship, required=required)


def conversion_fields() -> list[Field]:
    """What a conversion or merge leaves on a Lead (fact sheet 3.3, 3.4)."""
    return [
        Field("IsConverted", "boolean", "Converted", default=False, createable=False, updateable=False),
        Field("ConvertedDate", "date", "Converted Date", **READ_ONLY),
        *(
            Field(
                f"Converted{name}Id",
                "reference",
                f"Converted {name} ID",
                refers_to=(name,),
                relationship=f"Converted{name}",
                **READ_ONLY,
            )
            for name in ("Account", "Contact", "Opportunity")
        ),
        Field(
            "MasterRecordId",
            "reference",
            "Master Record ID",
            refers_to=("Lead",),
            relationship="MasterRecord",
            **READ_ONLY,
        ),
    ]


def contact_traces() -> list[Field]:
    """Dates Salesforce keeps about dealings with a person."""
    return [
        Field("LastActivityDate", "date", "Last Activity", **READ_ONLY),
        Field("EmailBouncedReason", "string", "Email Bounced Reason", length=255, updateable=True, createable=False),
        Field("EmailBouncedDate", "datetime", "Email Bounced Date", updateable=True, createable=False),
    ]


def bridge_fields() -> list[Field]:
    """The custom fields an installation of the bridge has on people."""
    return [
        hubspot_id("HubSpot_Contact_Id__c", "HubSpot Contact Id"),
        Field("HubSpot_Score__c", "double", "HubSpot Score", precision=18),
        picklist(
            "HubSpot_Lifecycle_Stage__c",
            "HubSpot Lifecycle Stage",
            *LIFECYCLE_STAGES,
            *AGREED_STAGES,
            restricted=True,
        ),
        Field("HubSpot_Persona__c", "string", "HubSpot Persona", length=80),
        Field("HubSpot_Source__c", "string", "HubSpot Source", length=120),
        Field("Birthday__c", "date", "Birthday"),
        Field(
            "Interests__c",
            "multipicklist",
            "Interests",
            length=4099,
            choices=choices("Analytics", "CRM", "Events", "Marketing", "Sales", "Service"),
        ),
        Field("Budget__c", "currency", "Budget", precision=18, scale=2),
        Field("Newsletter__c", "boolean", "Newsletter", default=False),
        Field("Demo_At__c", "datetime", "Demo At"),
        *smarketing_fields(),
    ]


def smarketing_fields() -> list[Field]:
    """What marketing and sales tell each other about a person: persona, answer to a handoff, promises."""
    return [
        Field("Smarketing_Persona__c", "string", "Persona", length=80),
        Field("Smarketing_Why__c", "textarea", "Why this lead", length=32_768),
        Field("Smarketing_Touches__c", "textarea", "Touches", length=32_768),
        picklist("Smarketing_Answer__c", "Answer", *ANSWERS, restricted=True),
        picklist("Smarketing_Reason__c", "Reason", *REASONS.values(), restricted=True),
        Field("Smarketing_Comment__c", "textarea", "Comment", length=32_768),
        Field("Smarketing_Revisit_On__c", "date", "Revisit on"),
        Field("Smarketing_Asked_For__c", "string", "Asked for", length=255),
        Field("Smarketing_Feedback_Status__c", "string", "Feedback Status", length=40),
        Field("Smarketing_SLA_Policy__c", "string", "SLA Policy", length=80),
        Field("Smarketing_SLA_State__c", "string", "SLA State", length=40),
        Field("Smarketing_SLA_Due__c", "datetime", "SLA due"),
        Field("Smarketing_SLA_Breached_Since__c", "datetime", "SLA breached since"),
        Field("Smarketing_SLA_Lateness__c", "double", "SLA lateness in business minutes", precision=18),
    ]


def hubspot_id(name: str, label: str) -> Field:
    """The external id by which the bridge addresses a row: unique, whatever the case."""
    return Field(name, "string", label, length=64, external_id=True, unique=True, id_lookup=True)
