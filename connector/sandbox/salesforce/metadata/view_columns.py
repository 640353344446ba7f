"""Columns of list views: standard fields have names of their own there (FULL_NAME, LEAD.COMPANY), custom ones not."""

from __future__ import annotations

from collections.abc import Mapping

_EVERY: Mapping[str, str] = {
    "CORE.USERS.ALIAS": "Owner.Name",
    "CREATED_DATE": "CreatedDate",
    "LAST_UPDATE": "LastModifiedDate",
}
_LEAD: Mapping[str, str] = {
    "CITY": "City",
    "COMPANY": "Company",
    "COUNTRY": "Country",
    "CREATED_DATE": "CreatedDate",
    "EMAIL": "Email",
    "FIRST_NAME": "FirstName",
    "INDUSTRY": "Industry",
    "LAST_NAME": "LastName",
    "LAST_UPDATE": "LastModifiedDate",
    "LEAD_SOURCE": "LeadSource",
    "MOBILE": "MobilePhone",
    "PHONE": "Phone",
    "RATING": "Rating",
    "STATE": "State",
    "STATUS": "Status",
    "TITLE": "Title",
    "UNREAD": "IsUnreadByOwner",
}
_CONTACT: Mapping[str, str] = {
    "CREATED_DATE": "CreatedDate",
    "EMAIL": "Email",
    "FIRST_NAME": "FirstName",
    "LAST_NAME": "LastName",
    "LAST_UPDATE": "LastModifiedDate",
    "PHONE1": "Phone",
    "PHONE3": "MobilePhone",
    "TITLE": "Title",
}
STANDARD: Mapping[str, Mapping[str, str]] = {
    "Lead": {**_EVERY, "FULL_NAME": "Name", **{f"LEAD.{name}": path for name, path in _LEAD.items()}},
    "Contact": {
        **_EVERY,
        "FULL_NAME": "Name",
        "ACCOUNT.NAME": "Account.Name",
        **{f"CONTACT.{name}": path for name, path in _CONTACT.items()},
    },
    "Account": {
        **_EVERY,
        "ACCOUNT.ADDRESS1_STATE": "BillingState",
        "ACCOUNT.INDUSTRY": "Industry",
        "ACCOUNT.NAME": "Name",
        "ACCOUNT.PHONE1": "Phone",
        "ACCOUNT.TYPE": "Type",
    },
    "Opportunity": {
        **_EVERY,
        "ACCOUNT.NAME": "Account.Name",
        "OPPORTUNITY.AMOUNT": "Amount",
        "OPPORTUNITY.CLOSE_DATE": "CloseDate",
        "OPPORTUNITY.NAME": "Name",
        "OPPORTUNITY.STAGE_NAME": "StageName",
    },
}
"""The path of the field behind each, by object."""


def path_of(sobject: str, column: str) -> str:
    """The path that a column or filter leads to; that of a custom field is its name."""
    return STANDARD.get(sobject, _EVERY).get(column, column)


def is_standard(sobject: str, column: str) -> bool:
    """Whether a column is one of Salesforce's own."""
    return column in STANDARD.get(sobject, _EVERY)
