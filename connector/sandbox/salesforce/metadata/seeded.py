"""The layouts and list views that an org has had for years: a customer's own, which nobody may lose.

They are kept as the documents a retrieve would give, are read once a process and shared by every org: alter none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from connector.sandbox.salesforce.metadata.documents import read
from connector.sandbox.salesforce.metadata.schema import Content, plain

Key = tuple[str, str]

_LIST_VIEWS: Mapping[str, tuple[tuple[str, str, str, tuple[str, ...]], ...]] = {
    "Lead": (
        ("AllOpenLeads", "All Open Leads", "Everything", ("FULL_NAME", "LEAD.COMPANY", "LEAD.STATE", "LEAD.EMAIL")),
        ("MyUnreadLeads", "My Unread Leads", "Mine", ("FULL_NAME", "LEAD.COMPANY", "LEAD.STATUS")),
    ),
    "Contact": (("AllContacts", "All Contacts", "Everything", ("FULL_NAME", "ACCOUNT.NAME", "CONTACT.EMAIL")),),
    "Account": (("AllAccounts", "All Accounts", "Everything", ("ACCOUNT.NAME", "ACCOUNT.PHONE1")),),
    "Opportunity": (("MyOpportunities", "My Opportunities", "Mine", ("OPPORTUNITY.NAME", "ACCOUNT.NAME")),),
}


@cache
def contents() -> Mapping[Key, Content]:
    """Everything by type and full name. It takes the schema, so it is read when somebody first asks for metadata."""
    found: dict[Key, Content] = {}
    for file in resources.files(__package__).joinpath("layouts").iterdir():
        name = file.name.removesuffix(".xml").replace("_", " ")
        found["Layout", name] = plain(read(file.read_bytes()), "Layout")
    return {**dict(sorted(found.items())), **views()}


@cache
def views() -> Mapping[Key, Content]:
    """The list views, which are also rows of the org."""
    return {
        ("ListView", f"{sobject}.{name}"): _view(name, label, scope, columns)
        for sobject, found in _LIST_VIEWS.items()
        for name, label, scope, columns in found
    }


def _view(name: str, label: str, scope: str, columns: tuple[str, ...]) -> dict[str, Any]:
    return {"fullName": name, "label": label, "filterScope": scope, "columns": list(columns)}
