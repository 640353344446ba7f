"""The sorts of people two CRMs end up with, and how each is written down on either side.

Each sort is one function that turns a person into rows and, by place among those rows, says what has happened to them
since (archived, merged, converted). Nothing here touches a CRM: population.py loads the rows and plays the past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from connector.sandbox.persons import (
    Firm,
    Person,
    Row,
    clean_contact,
    clean_salesforce,
    draw_person,
    lived_in_contact,
    lived_in_salesforce,
)

LONGEST_HISTORY_S = 3 * 365 * 86_400.0

# Shares are of every 200 people in a fixed shuffled order, so that even 200 people have every sort.
SORTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "believable": {
            "twin_lead": 57,  # one person: HubSpot contact and Lead with one e-mail address
            "twin_contact": 50,  # likewise with a Salesforce Contact
            "only_hubspot": 34,
            "only_lead": 20,
            "only_contact": 12,
            "without_email": 6,  # on both sides; only name and phone say that they are one
            "shared_mailbox": 4,  # one HubSpot contact and three Salesforce people at one info@ address
            "converted_lead": 6,  # a Lead that has become a Contact
            "archived_contact": 4,  # archived in HubSpot, alive as a Lead
            "deleted_lead": 2,  # in Salesforce's bin, alive in HubSpot
            "merged_contact": 3,  # two HubSpot contacts made one
            "merged_lead": 2,  # two Leads made one
        },
        "benchmark": {"twin_lead": 60, "twin_contact": 60, "only_hubspot": 40, "only_lead": 40},
    }
)


@dataclass(slots=True)
class Portion:
    """Rows to be loaded together, and what has happened to some of them since, by place among the rows."""

    hubspot: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    hubspot_firms: list[int] = field(default_factory=list)  # the firm of each HubSpot row
    contact_firms: list[int] = field(default_factory=list)  # the firm of each Salesforce Contact
    archived: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    converted: list[int] = field(default_factory=list)
    merged_hubspot: list[int] = field(default_factory=list)  # the place of the first of two
    merged_leads: list[int] = field(default_factory=list)


class Seats(NamedTuple):
    """Ids to give records to: HubSpot owners and Salesforce users."""

    owners: Sequence[str]
    users: Sequence[str]
    desks: Sequence[tuple[str, str]]  # (owner, user) of those who are still there


class Scribe:
    """Draws people and writes them into portions; nobody is younger than `now` (aware) or older than three years."""

    def __init__(self, dice: Random, now: datetime, firms: Sequence[Firm], seats: Seats) -> None:
        self.clean = False
        self._dice = dice
        self._now_s = now.timestamp()
        self._firms = firms
        self._owners = seats.owners
        self._users = seats.users
        self._desks = seats.desks

    def write(self, sort: str, number: int, portion: Portion) -> None:
        """Draw the person of this number and write them down as their sort has it."""
        _WRITERS[sort](self, draw_person(self._dice, number, self._firms), portion)

    def hubspot(self, person: Person, portion: Portion, **other: str | None) -> int:
        """Add a HubSpot contact; its place is returned. `other` overrides what the person would have."""
        if self.clean:
            row = clean_contact(person) | {"hubspot_owner_id": self._desk(person)[0]}
        else:
            row = lived_in_contact(person, self._dice, self._owners)
        created, modified = self._history()
        row["createdate"], row["lastmodifieddate"] = f"{created * 1000:.0f}", f"{modified * 1000:.0f}"
        portion.hubspot.append(row | other)
        portion.hubspot_firms.append(person.firm.number)
        return len(portion.hubspot) - 1

    def lead(self, person: Person, portion: Portion, **other: str | None) -> int:
        """Add a Lead, likewise."""
        portion.leads.append(self._salesforce(person, "Lead") | other)
        return len(portion.leads) - 1

    def contact(self, person: Person, portion: Portion, **other: str | None) -> int:
        """Add a Salesforce Contact, likewise."""
        portion.contacts.append(self._salesforce(person, "Contact") | other)
        portion.contact_firms.append(person.firm.number)
        return len(portion.contacts) - 1

    def colleague(self, person: Person) -> Person:
        """Somebody else of the same firm."""
        return draw_person(self._dice, person.number, (person.firm,))

    def _salesforce(self, person: Person, sobject: str) -> Row:
        if self.clean:
            kept = {"OwnerId": self._desk(person)[1], "HubSpot_Lifecycle_Stage__c": "Lead"}
            row = clean_salesforce(person, sobject) | kept
        else:
            row = lived_in_salesforce(person, self._dice, sobject, self._users)
        created, modified = self._history()
        row["CreatedDate"], row["LastModifiedDate"] = _spelt(created), _spelt(modified)
        return row

    def _desk(self, person: Person) -> tuple[str, str]:
        """The colleague who looks after a person, on both sides the same."""
        return self._desks[person.number % len(self._desks)]

    def _history(self) -> tuple[float, float]:
        """When a record was made and last changed, in epoch seconds."""
        roll = self._dice.random
        created = self._now_s - roll() * LONGEST_HISTORY_S
        return created, created + roll() * (self._now_s - created)


def _spelt(moment_s: float) -> str:
    return datetime.fromtimestamp(moment_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _twin_lead(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion)
    scribe.lead(person, portion)


def _twin_contact(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion)
    scribe.contact(person, portion)


def _only_hubspot(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion)


def _only_lead(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.lead(person, portion)


def _only_contact(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.contact(person, portion)


def _without_email(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion, email=None)
    scribe.lead(person, portion, Email=None)


def _shared_mailbox(scribe: Scribe, person: Person, portion: Portion) -> None:
    address = f"info@office-{person.number}.example"
    scribe.hubspot(person, portion, email=address)
    scribe.lead(person, portion, Email=address)
    scribe.lead(scribe.colleague(person), portion, Email=address)
    scribe.contact(scribe.colleague(person), portion, Email=f"Info@office-{person.number}.example")


def _converted_lead(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion)
    portion.converted.append(scribe.lead(person, portion))


def _archived_contact(scribe: Scribe, person: Person, portion: Portion) -> None:
    portion.archived.append(scribe.hubspot(person, portion))
    scribe.lead(person, portion)


def _deleted_lead(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion)
    portion.deleted.append(scribe.lead(person, portion))


def _merged_contact(scribe: Scribe, person: Person, portion: Portion) -> None:
    portion.merged_hubspot.append(scribe.hubspot(person, portion))
    scribe.hubspot(person, portion, email=f"private.{person.number}@post.example")
    scribe.lead(person, portion)


def _merged_lead(scribe: Scribe, person: Person, portion: Portion) -> None:
    scribe.hubspot(person, portion)
    portion.merged_leads.append(scribe.lead(person, portion))
    scribe.lead(person, portion)


_WRITERS: Mapping[str, Callable[[Scribe, Person, Portion], None]] = MappingProxyType(
    {
        "twin_lead": _twin_lead,
        "twin_contact": _twin_contact,
        "only_hubspot": _only_hubspot,
        "only_lead": _only_lead,
        "only_contact": _only_contact,
        "without_email": _without_email,
        "shared_mailbox": _shared_mailbox,
        "converted_lead": _converted_lead,
        "archived_contact": _archived_contact,
        "deleted_lead": _deleted_lead,
        "merged_contact": _merged_contact,
        "merged_lead": _merged_lead,
    }
)
