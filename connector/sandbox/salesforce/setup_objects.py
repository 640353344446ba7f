"""The objects an admin meets: users, queues, the organisation, picklist meta rows, rules and permission sets.

Most are read-only through the API. LeadStatus, OpportunityStage and TaskStatus are how a connector learns what a
picklist value means (Salesforce fact sheet 4).
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.salesforce.fields import Field, ObjectType, define, picklist
from connector.sandbox.salesforce.people import READ_ONLY, lookup, name_fields

FIXED: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}


def user() -> ObjectType:
    """User: never deleted, only made inactive."""
    return define(
        "User",
        "005",
        [
            *name_fields(),
            Field("Username", "string", "Username", length=80, required=True, unique=True, id_lookup=True),
            Field("Email", "email", "Email", length=128, required=True, indexed=True),
            Field("Alias", "string", "Alias", length=8),
            Field("IsActive", "boolean", "Active", default=True),
            picklist("UserType", "User Type", "Standard", length=40, default="Standard", **READ_ONLY),
            Field("FederationIdentifier", "string", "SAML Federation ID", length=512),
            Field("Title", "string", "Title", length=80),
            Field("Phone", "phone", "Phone", length=40),
            Field("TimeZoneSidKey", "picklist", "Time Zone", length=40, default="Europe/Berlin"),
            Field("LanguageLocaleKey", "picklist", "Language", length=40, default="en_US"),
        ],
        createable=False,
        updateable=False,
        deletable=False,
    )


def group() -> ObjectType:
    """Group: here, the queues that may own leads."""
    return define(
        "Group",
        "00G",
        [
            Field("Name", "string", "Name", length=40, required=True, name_field=True),
            Field("DeveloperName", "string", "Developer Name", length=80),
            picklist("Type", "Type", "Queue", "Regular", length=40, default="Queue"),
            Field("Email", "email", "Email", length=80),
        ],
        **FIXED,
    )


def queue_sobject() -> ObjectType:
    """QueueSobject: which objects a queue may own."""
    return define(
        "QueueSobject",
        "03g",
        [
            lookup("QueueId", "Group ID", "Group", relationship="Queue"),
            Field("SobjectType", "picklist", "Sobject Type", length=40),
        ],
        **FIXED,
    )


def organization() -> ObjectType:
    """Organization: one row, the tenant itself."""
    return define(
        "Organization",
        "00D",
        [
            Field("Name", "string", "Name", length=80, name_field=True),
            Field("OrganizationType", "picklist", "Edition", length=40),
            Field("InstanceName", "string", "Instance Name", length=5),
            Field("IsSandbox", "boolean", "Is Sandbox", default=False),
            Field("TimeZoneSidKey", "picklist", "Time Zone", length=40),
            Field("LanguageLocaleKey", "picklist", "Locale", length=40),
            Field("DefaultLocaleSidKey", "picklist", "Locale", length=40),
            Field("TrialExpirationDate", "datetime", "Trial Expiration Date"),
        ],
        **FIXED,
    )


def status_meta(name: str, prefix: str, *flags: str) -> ObjectType:
    """A table of picklist values with what each means, in boolean `flags`."""
    return define(
        name,
        prefix,
        [
            Field("MasterLabel", "string", "Master Label", length=255, name_field=True),
            Field("ApiName", "string", "Api Name", length=255),
            Field("SortOrder", "int", "Sort Order", precision=8),
            *(Field(flag, "boolean", flag, default=False) for flag in flags),
        ],
        **FIXED,
    )


def opportunity_stage() -> ObjectType:
    """OpportunityStage: what each stage means for closing and forecasting."""
    made = status_meta("OpportunityStage", "01J", "IsActive", "IsClosed", "IsWon")
    made.add(Field("DefaultProbability", "percent", "Probability (%)", precision=3))
    made.add(Field("ForecastCategoryName", "picklist", "Forecast Category Name", length=40))
    made.add(Field("ForecastCategory", "picklist", "Forecast Category", length=40))
    return made


def assignment_rule() -> ObjectType:
    """AssignmentRule: which rule is active for which object."""
    return define(
        "AssignmentRule",
        "01Q",
        [
            Field("Name", "string", "Name", length=120, name_field=True),
            Field("SobjectType", "picklist", "SObject Type", length=40),
            Field("Active", "boolean", "Active", default=False),
        ],
        **FIXED,
    )


def record_type() -> ObjectType:
    """RecordType: there are none in this org."""
    return define(
        "RecordType",
        "012",
        [
            Field("Name", "string", "Name", length=80, name_field=True),
            Field("DeveloperName", "string", "Developer Name", length=80),
            Field("SobjectType", "picklist", "SObject Type", length=40),
            Field("IsActive", "boolean", "Active", default=True),
        ],
        **FIXED,
    )


def permission_objects() -> list[ObjectType]:
    """PermissionSet, what it lets do with fields and objects, who holds it: so a new field is seen (fact sheet 5.2)."""
    permission_set = define(
        "PermissionSet",
        "0PS",
        [
            Field("Name", "string", "Permission Set Name", length=80, required=True, name_field=True, unique=True),
            Field("Label", "string", "Label", length=80, required=True),
            Field("Description", "string", "Description", length=255),
            Field("IsOwnedByProfile", "boolean", "Is Owned By Profile", default=False, **READ_ONLY),
        ],
    )
    field_permissions = define(
        "FieldPermissions",
        "01k",
        [
            lookup("ParentId", "Parent ID", "PermissionSet", relationship="Parent", required=True),
            Field("SobjectType", "picklist", "Sobject Type Name", length=40, required=True),
            Field("Field", "picklist", "Field Name", length=120, required=True),
            Field("PermissionsRead", "boolean", "Read Field", default=False),
            Field("PermissionsEdit", "boolean", "Edit Field", default=False),
        ],
        plural="FieldPermissions",
    )
    assignment = define(
        "PermissionSetAssignment",
        "0Pa",
        [
            lookup("PermissionSetId", "PermissionSet ID", "PermissionSet", relationship="PermissionSet", required=True),
            lookup("AssigneeId", "Assignee ID", "User", relationship="Assignee", required=True),
        ],
    )
    return [permission_set, field_permissions, object_permissions(), assignment]


def object_permissions() -> ObjectType:
    """ObjectPermissions: what a permission set lets its holders do with the records of an object."""
    rights = ("Create", "Delete", "Edit", "ModifyAllRecords", "Read", "ViewAllRecords")
    return define(
        "ObjectPermissions",
        "110",
        [
            lookup("ParentId", "Parent ID", "PermissionSet", relationship="Parent", required=True),
            Field("SobjectType", "picklist", "Sobject Type Name", length=40, required=True),
            *(Field(f"Permissions{right}", "boolean", right, default=False) for right in rights),
        ],
        plural="ObjectPermissions",
    )


def list_view() -> ObjectType:
    """ListView: which lists of records people can open; made by deployments only."""
    return define(
        "ListView",
        "00B",
        [
            Field("Name", "string", "View Name", length=40, name_field=True),
            Field("DeveloperName", "string", "API Name", length=80),
            Field("NamespacePrefix", "string", "Namespace Prefix", length=15),
            Field("SobjectType", "picklist", "Sobject Type", length=40),
            Field("IsSoqlCompatible", "boolean", "Is SoqlCompatible", default=True),
        ],
        **FIXED,
    )
