"""Who is there, read past the APIs, their rights and their lag: for oracles that compare what is with what is believed.

A converted Lead is no longer there, as it is a Contact now. `became` says what has become of records that are gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.salesforce.org import Org

PEOPLE = ("Lead", "Contact")  # what a person may be in Salesforce


class Person(NamedTuple):
    """A live person: `object` is contacts, Lead or Contact; `values` are a copy, as the side keeps them."""

    object: str
    id: str
    values: dict[str, Any]


def in_hubspot(portal: Portal) -> list[Person]:
    """Every live contact, by id."""
    table = portal.state.tables["contacts"]
    return [Person("contacts", str(each), dict(table.records[each].values)) for each in table.live]


def in_salesforce(org: Org) -> list[Person]:
    """Every live Lead that is not converted, and every live Contact, by object and id."""
    found = []
    for name in PEOPLE:
        table = org.catalogue[name]
        converted = table.kind.slot("IsConverted") if name == "Lead" else None
        for each in table.ids:
            row = table.live(each)
            if row is not None and (converted is None or not row[converted]):
                found.append(Person(name, each, table.kind.values(row)))
    return found


def become_in_hubspot(portal: Portal) -> dict[str, str]:
    """Ids that merges took, each with the id that answers for it now."""
    return {str(old): str(new) for old, new in portal.state.tables["contacts"].aliases.items()}


def become_in_salesforce(org: Org) -> dict[str, str]:
    """Ids of merged and converted people, each with the id of the last record it led to; erased ones are unknown."""
    steps: dict[str, str] = {}
    for name in PEOPLE:
        table = org.catalogue[name]
        kind, links = table.kind, ("MasterRecordId", "ConvertedContactId") if name == "Lead" else ("MasterRecordId",)
        slots = [kind.slot(link) for link in links]
        for each, row in table.rows.items():
            steps.update((each, row[slot]) for slot in slots if row[slot] is not None)
    return {old: _last(old, steps) for old in steps}


def _last(record_id: str, steps: dict[str, str]) -> str:
    seen = {record_id}
    while record_id in steps and steps[record_id] not in seen:
        record_id = steps[record_id]
        seen.add(record_id)
    return record_id
