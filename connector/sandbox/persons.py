"""Drawing believable persons and firms, and writing one person down the way each CRM would have them.

A person is drawn once; the rows of both sides come from that one person, so that twins share a truth and differ only
where a roll of the dice says that somebody typed it another way, left it out or knew better. Rows hold what the CRMs
store: HubSpot has e-mail in lower case, Salesforce keeps the case it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from connector.sandbox.names import (
    COMPANY_FIRST,
    COMPANY_LAST,
    COUNTRIES,
    INDUSTRIES,
    OVERLONG_TITLE,
    TITLES,
    Country,
)

_T = TypeVar("_T")
Row = dict[str, str | None]

PEOPLE_PER_FIRM = 8
_COMMON_COUNTRIES = 4  # the first of the list; half of all firms are there
_STAGES = ("subscriber", "lead", "lead", "lead", "marketingqualifiedlead", "salesqualifiedlead", "customer", "other")
_HUBSPOT_STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "BAD_TIMING")
_LEAD_STATUSES = ("Open - Not Contacted", "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
_LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", "Trade Show 2019")


@dataclass(frozen=True, slots=True)
class Firm:
    """A company or account, and the country its people sit in."""

    number: int
    name: str
    domain: str
    country: Country
    city: str
    industry: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """One human being, before either CRM has heard of them. `digits` are those of the phone number."""

    number: int
    given: str
    family: str
    email: str
    title: str
    digits: str
    firm: Firm


def draw_firm(dice: Random, number: int) -> Firm:
    """A firm with a domain of its own under a name reserved for examples."""
    country = COUNTRIES[_below(dice, _COMMON_COUNTRIES if dice.random() < 0.5 else len(COUNTRIES))]  # noqa: PLR2004 - half
    first, last = _one(dice, COMPANY_FIRST), _one(dice, COMPANY_LAST)
    slug = "".join(letter for letter in first.lower() if "a" <= letter <= "z")
    return Firm(
        number,
        f"{first} {last} {number}",
        f"{slug}-{number}.example",
        country,
        _one(dice, country.cities),
        _one(dice, INDUSTRIES),
    )


def draw_person(dice: Random, number: int, firms: Sequence[Firm]) -> Person:
    """A person of one of the firms; the address carries the number, so that no two are alike."""
    firm = _one(dice, firms)
    given, family = _one(dice, firm.country.given), _one(dice, firm.country.family)
    email = f"{given[1]}.{family[1]}.{number}@{firm.domain}"
    return Person(number, given[0], family[0], email, _one(dice, TITLES), f"{_below(dice, 10**8):08d}", firm)


def phone(person: Person, shape: int = 0) -> str:
    """The person's number in one of their country's shapes; shape 0 is the international one."""
    shapes = person.firm.country.phone_shapes
    digits = iter(person.digits)
    return "".join(next(digits) if mark == "#" else mark for mark in shapes[shape % len(shapes)])


def company_row(firm: Firm) -> Row:
    """The firm as a HubSpot company."""
    return {
        "name": firm.name,
        "domain": firm.domain,
        "website": f"https://www.{firm.domain}",
        "city": firm.city,
        "country": firm.country.name,
        "industry": firm.industry[0],
    }


def account_row(firm: Firm) -> Row:
    """The firm as a Salesforce account."""
    return {
        "Name": firm.name,
        "Website": f"www.{firm.domain}",
        "BillingCity": firm.city,
        "BillingCountry": firm.country.code,
        "Industry": firm.industry[1],
    }


def clean_contact(person: Person) -> Row:
    """The person as a well-kept HubSpot contact."""
    return {
        "email": person.email,
        "firstname": person.given,
        "lastname": person.family,
        "phone": phone(person),
        "jobtitle": person.title,
        "company": person.firm.name,
        "city": person.firm.city,
        "country": person.firm.country.name,
        "lifecyclestage": "lead",
    }


def clean_salesforce(person: Person, sobject: str) -> Row:
    """The person as a well-kept Lead or Contact."""
    address = "" if sobject == "Lead" else "Mailing"
    row: Row = {
        "FirstName": person.given,
        "LastName": person.family,
        "Email": person.email,
        "Phone": phone(person),
        "Title": person.title,
        f"{address}City": person.firm.city,
        f"{address}Country": person.firm.country.name,
        "LeadSource": "Web",
    }
    if sobject == "Lead":
        row |= {"Company": person.firm.name, "Status": "Open - Not Contacted"}
    return row


def lived_in_contact(person: Person, dice: Random, owners: Sequence[str]) -> Row:
    """The person as HubSpot has them after some years: half filled, differently spelt, owned or not."""
    row = clean_contact(person)
    row["phone"] = phone(person, _below(dice, 5))
    row["lifecyclestage"] = _one(dice, _STAGES)
    row["hs_lead_status"] = _one(dice, _HUBSPOT_STATUSES)
    row["hubspot_owner_id"] = _one(dice, owners) if dice.random() < 0.7 else None  # noqa: PLR2004 - seven in ten
    _blank(row, dice, ("firstname", "phone", "jobtitle", "city", "hs_lead_status"), 0.15)
    if dice.random() < 0.01:  # noqa: PLR2004 - one in a hundred
        row["jobtitle"] = OVERLONG_TITLE
    elif dice.random() < 0.1:  # noqa: PLR2004 - one in ten has moved on
        row["jobtitle"] = _one(dice, TITLES)
    return row


def lived_in_salesforce(person: Person, dice: Random, sobject: str, owners: Sequence[str]) -> Row:
    """The person as Salesforce has them after some years."""
    row = clean_salesforce(person, sobject)
    row["Phone"] = phone(person, _below(dice, 5))
    row["LeadSource"] = _one(dice, _LEAD_SOURCES)
    row["OwnerId"] = _one(dice, owners)
    if sobject == "Lead":
        row["Status"] = _one(dice, _LEAD_STATUSES)
    _blank(row, dice, ("FirstName", "Phone", "Title", "LeadSource"), 0.15)
    roll = dice.random()
    if roll < 0.08:  # noqa: PLR2004 - typed in capitals
        row["LastName"] = person.family.upper()
    elif roll < 0.15:  # noqa: PLR2004 - typed as on a business card
        row["Email"] = person.email.title()
    elif roll < 0.17:  # noqa: PLR2004 - typed in capitals
        row["Email"] = person.email.upper()
    return row


def _blank(row: Row, dice: Random, names: Sequence[str], rate: float) -> None:
    for name in names:
        if dice.random() < rate:
            row[name] = None


def _below(dice: Random, end: int) -> int:
    """A whole number from 0; `randrange` costs four times as much and a hundred thousand people need a million."""
    return int(dice.random() * end)


def _one(dice: Random, choices: Sequence[_T]) -> _T:
    return choices[_below(dice, len(choices))]
