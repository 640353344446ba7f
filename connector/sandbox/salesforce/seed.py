"""What is in the org on its first day: the organisation, users, a queue, and the meaning of picklist values.

The rows of a first day are worked out once a process and copied into each new org, whose time alone is its own: a
simulation founds thousands of orgs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

from connector.sandbox.salesforce.business import STAGES, TASK_STATUSES
from connector.sandbox.salesforce.catalogue import Catalogue
from connector.sandbox.salesforce.derived import CONVERTED_STATUSES
from connector.sandbox.salesforce.fields import Row
from connector.sandbox.salesforce.ids import IdMint
from connector.sandbox.salesforce.loading import load
from connector.sandbox.salesforce.metadata.seeded import views
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
_LOCALE = {
    "InstanceName": "EU99",
    "TimeZoneSidKey": "Europe/Berlin",
    "LanguageLocaleKey": "en_US",
    "DefaultLocaleSidKey": "en_US",
}
Load = Callable[[str, Iterable[Mapping[str, Any]]], list[str]]


_Stock = tuple[str, tuple[int, ...], tuple[Row, ...]]  # object, the slots that say when, rows


def furnish(catalogue: Catalogue, mint: IdMint, second: str, edition: str, sandbox: bool) -> None:  # noqa: FBT001 - a key
    """Fill a new org. `second` is its first, as datetimes are kept."""
    stock, minted = _stock(edition, sandbox)
    for name, moments, rows in stock:
        table = catalogue[name]
        for row in rows:
            mine = row.copy()
            for slot in moments:
                mine[slot] = second
            table.put(mine)
    mint.resume(minted)


@cache
def _stock(edition: str, sandbox: bool) -> tuple[tuple[_Stock, ...], Mapping[str, int]]:  # noqa: FBT001 - a key
    """The rows of a first day, and how many ids they took of each prefix."""
    catalogue, mint = Catalogue(), IdMint()
    _found(partial(_load, catalogue, mint), edition, sandbox=sandbox)
    filled = [(name, table) for name, table in catalogue.tables.items() if table.ids]
    moments = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
    return tuple(
        (name, tuple(map(table.kind.slot, moments)), tuple(table.rows[each] for each in table.ids))
        for name, table in filled
    ), mint.taken()


def _load(catalogue: Catalogue, mint: IdMint, sobject: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return load(catalogue, mint, sobject, rows, "")


def _found(load: Load, edition: str, *, sandbox: bool) -> None:
    load("Organization", [{"Name": "Acme Test", "OrganizationType": edition, "IsSandbox": sandbox, **_LOCALE}])
    load("User", [_user(*seat) for seat in USERS])
    (queue,) = load("Group", [{"Name": "New Leads", "DeveloperName": "New_Leads", "Type": "Queue"}])
    load("QueueSobject", [{"QueueId": queue, "SobjectType": "Lead"}, {"QueueId": queue, "SobjectType": "Task"}])
    load("LeadStatus", _statuses(LEAD_STATUSES, "IsConverted", CONVERTED_STATUSES))
    load("TaskStatus", _statuses(TASK_STATUSES, "IsClosed", frozenset({"Completed"})))
    load("OpportunityStage", [_stage(place, *stage) for place, stage in enumerate(STAGES, start=1)])
    load("ListView", [_list_view(name, content) for (_, name), content in views().items()])


def _user(first: str, last: str, address: str, active: bool) -> dict[str, Any]:  # noqa: FBT001 - a column of USERS
    names = {"FirstName": first, "LastName": last, "Alias": last.lower()[:8]}
    return {**names, "Username": address, "Email": address, "IsActive": active}


def _list_view(full: str, content: Mapping[str, Any]) -> dict[str, Any]:
    sobject, _, name = full.partition(".")
    return {"Name": content["label"], "DeveloperName": name, "SobjectType": sobject, "IsSoqlCompatible": True}


def _stage(place: int, name: str, probability: int, forecast: str) -> dict[str, Any]:
    return {
        "MasterLabel": name,
        "ApiName": name,
        "SortOrder": place,
        "IsActive": True,
        "IsClosed": name in {"Closed Won", "Closed Lost"},
        "IsWon": name == "Closed Won",
        "DefaultProbability": probability,
        "ForecastCategoryName": forecast,
        "ForecastCategory": forecast,
    }


def _statuses(values: Iterable[str], flag: str, flagged: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {"MasterLabel": value, "ApiName": value, "SortOrder": place, flag: value in flagged, "IsDefault": place == 1}
        for place, value in enumerate(values, start=1)
    ]
