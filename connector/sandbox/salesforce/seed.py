"""What is in the org on its first day: the organisation, users, a queue, and the meaning of picklist values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connector.sandbox.salesforce.business import STAGES, TASK_STATUSES
from connector.sandbox.salesforce.derived import CONVERTED_STATUSES
from connector.sandbox.salesforce.people import LEAD_STATUSES

BRIDGE_USERNAME = "bridge@example.test"
USERS: tuple[tuple[str, str, str, bool], ...] = (
    ("Bridge", "Integration", BRIDGE_USERNAME, True),
    ("Ada", "Admin", "ada.admin@example.test", True),
    ("Kim", "Sales", "kim.sales@example.test", True),
    ("Lena", "Sommer", "lena.sommer@example.test", True),
    ("Marc", "Winter", "marc.winter@example.test", True),
    ("Nora", "Field", "nora.field@example.test", True),
    ("Otto", "Gone", "otto.gone@example.test", False),
    ("Pia", "Left", "pia.left@example.test", False),
)
Load = Callable[[str, Iterable[Mapping[str, Any]]], list[str]]


def furnish(load: Load, edition: str, *, sandbox: bool) -> None:
    """Fill a new org. `load` is Org.load."""
    load(
        "Organization",
        [
            {
                "Name": "Acme Test",
                "OrganizationType": edition,
                "InstanceName": "EU99",
                "IsSandbox": sandbox,
                "TimeZoneSidKey": "Europe/Berlin",
                "LanguageLocaleKey": "en_US",
                "DefaultLocaleSidKey": "en_US",
            }
        ],
    )
    load(
        "User",
        [
            {
                "FirstName": first,
                "LastName": last,
                "Username": name,
                "Email": name,
                "Alias": last.lower()[:8],
                "IsActive": active,
            }
            for first, last, name, active in USERS
        ],
    )
    (queue,) = load("Group", [{"Name": "New Leads", "DeveloperName": "New_Leads", "Type": "Queue"}])
    load("QueueSobject", [{"QueueId": queue, "SobjectType": "Lead"}, {"QueueId": queue, "SobjectType": "Task"}])
    load("LeadStatus", _statuses(LEAD_STATUSES, "IsConverted", CONVERTED_STATUSES))
    load("TaskStatus", _statuses(TASK_STATUSES, "IsClosed", frozenset({"Completed"})))
    load(
        "OpportunityStage",
        [
            {
                "MasterLabel": stage,
                "ApiName": stage,
                "SortOrder": place,
                "IsActive": True,
                "IsClosed": stage in {"Closed Won", "Closed Lost"},
                "IsWon": stage == "Closed Won",
                "DefaultProbability": probability,
                "ForecastCategoryName": forecast,
                "ForecastCategory": forecast,
            }
            for place, (stage, probability, forecast) in enumerate(STAGES, start=1)
        ],
    )


def _statuses(values: Iterable[str], flag: str, flagged: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {"MasterLabel": value, "ApiName": value, "SortOrder": place, flag: value in flagged, "IsDefault": place == 1}
        for place, value in enumerate(values, start=1)
    ]
