"""The mapped fields of a person, and what people write into each: by whose screen, in whose spelling.

`Place` says where a rule's value stands. Writers draw a value that names its edit wherever the field takes text;
owners, stages, industries and flags are drawn from what there is. `respelt` writes a value the same people would call
unchanged: other case, other spaces, another way to write a phone number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from connector.core.refs import Side
from connector.sandbox.hubspot.catalogue import LIFECYCLE
from connector.sandbox.salesforce.people import INDUSTRIES, LIFECYCLE_STAGES
from tests.simulation.people.screens import Person, token
from tests.simulation.stage import Stage

Writer = Callable[[Stage, Side], Any]


class Place(NamedTuple):
    """A rule's field on HubSpot contacts, on Leads and on Contacts; "" where it has none."""

    hubspot: str
    lead: str
    contact: str
    write: Writer

    def on(self, person: Person) -> str:
        """The field's name on that record."""
        return {"contacts": self.hubspot, "Lead": self.lead, "Contact": self.contact}[person.object]


def _text(stage: Stage, _: Side) -> str:
    return token(stage)


def _lines(stage: Stage, _: Side) -> str:
    return stage.dice.choice(("{}\r\nfloor 2", "{}\nfloor 2", "{}")).format(token(stage))


def _phone(stage: Stage, _: Side) -> str:
    stage.tokens += 1
    return spelt_phone(stage, f"202555{stage.tokens:04d}")


def spelt_phone(stage: Stage, digits: str) -> str:
    """Ten digits as somebody might type them."""
    area, middle, last = digits[:3], digits[3:6], digits[6:]
    forms = (
        f"({area}) {middle}-{last}",
        f"+1 {area} {middle} {last}",
        digits,
        f"+1{digits}",
        f"{area}.{middle}.{last}",
    )
    return stage.dice.choice(forms)


def _money(stage: Stage, side: Side) -> Any:
    stage.tokens += 1
    if side is Side.SALESFORCE:
        return stage.tokens * 1000
    return stage.dice.choice((f"{stage.tokens}000", f"{stage.tokens}000.00", f"{stage.tokens}000.4"))


def _country(stage: Stage, _: Side) -> str:
    return stage.dice.choice(("Germany", "DE", "United States", "france", f"land {token(stage)}"))


def _website(stage: Stage, _: Side) -> str:
    return stage.dice.choice(("https://www.{}.test/", "{}.test", "HTTP://{}.test")).format(token(stage))


def _industry(stage: Stage, _: Side) -> str:
    return stage.dice.choice(INDUSTRIES)


def _stage(stage: Stage, side: Side) -> str:
    return stage.dice.choice(LIFECYCLE if side is Side.HUBSPOT else LIFECYCLE_STAGES)


def _owner(stage: Stage, side: Side) -> str:
    queues = [] if side is Side.HUBSPOT else sorted(stage.world.salesforce.catalogue["Group"].ids)
    return stage.dice.choice([*owners(stage, side), *queues])


def owners(stage: Stage, side: Side) -> list[str]:
    """Ids of those who can be given records."""
    if side is Side.HUBSPOT:
        return [str(owner.id) for owner in stage.world.hubspot.state.owners.by_id.values() if not owner.archived]
    table = stage.world.salesforce.catalogue["User"]
    active = table.kind.slot("IsActive")
    return [one for one in sorted(table.ids) if (row := table.live(one)) is not None and row[active]]


PLACES: Mapping[str, Place] = {
    "first_name": Place("firstname", "FirstName", "FirstName", _text),
    "last_name": Place("lastname", "LastName", "LastName", _text),
    "job_title": Place("jobtitle", "Title", "Title", _text),
    "company": Place("company", "Company", "", _text),
    "city": Place("city", "City", "MailingCity", _text),
    "state": Place("state", "State", "MailingState", _text),
    "postal_code": Place("zip", "PostalCode", "MailingPostalCode", _text),
    "street": Place("address", "Street", "MailingStreet", _lines),
    "country": Place("country", "Country", "MailingCountry", _country),
    "phone": Place("phone", "Phone", "Phone", _phone),
    "mobile": Place("mobilephone", "MobilePhone", "MobilePhone", _phone),
    "website": Place("website", "Website", "", _website),
    "industry": Place("industry", "Industry", "", _industry),
    "annual_revenue": Place("annualrevenue", "AnnualRevenue", "", _money),
    "lifecycle_stage": Place("lifecyclestage", "HubSpot_Lifecycle_Stage__c", "HubSpot_Lifecycle_Stage__c", _stage),
    "owner": Place("hubspot_owner_id", "OwnerId", "OwnerId", _owner),
}
PLAIN = ("first_name", "last_name", "job_title", "city", "company")
TYPED = tuple(name for name in PLACES if name not in PLAIN)


def respelt(stage: Stage, value: str) -> str:
    """The same in other letters: case, spaces around and within."""
    forms = (value.upper(), value.title(), f" {value} ", f"{value}  ", value.lower(), value.replace(" ", "  "))
    return stage.dice.choice(forms)
