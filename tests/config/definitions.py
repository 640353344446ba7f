"""Folders in which both teams have agreed on something, and live schemas that fit what ships."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.config.extends import shipped_text
from connector.config.yaml import parse
from connector.core.refs import Side
from connector.core.values import Kind
from connector.ports import FieldSchema, ObjectSchema, Option

PLACES = ((Side.HUBSPOT, "contacts"), (Side.SALESFORCE, "Lead"), (Side.SALESFORCE, "Contact"))
HUBSPOT_STAGES = (
    *("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"),
    *("evangelist", "other"),
)  # the eight that every portal has, HubSpot fact sheet 6
HUBSPOT_STATUSES = (
    *("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED"),
    "BAD_TIMING",
)
STAGE_LABELS = (
    *("Subscriber", "Lead", "MQL", "SAL", "SQL", "Opportunity", "Customer", "Evangelist", "Recycled"),
    "Disqualified",
)
SMALL = """\
lifecycle:
  mapping: people
  stages:
    lead:
      name: Lead
      definition: Interested.
      band: tofu
      team: marketing
      hubspot: {lifecyclestage: lead}
      salesforce: {Stage__c: Lead}
    mql:
      name: MQL
      definition: Fits.
      band: mofu
      team: marketing
      hubspot: {lifecyclestage: mql}
      salesforce: {Lead: {Stage__c: [MQL, Marketing]}, Contact: {Contact_Stage__c: MQL}}
  moves:
    - {from: lead, to: mql, kind: forward, by: [marketing, automatic]}
"""


def shipped(name: str) -> dict[str, Any]:
    """A shipped file as plain data."""
    return parse(shipped_text(f"{name}.yaml"), name, []).data


def one(name: str, kind: Kind, offers: Iterable[str] = (), **said: Any) -> FieldSchema:
    """A live field; with values on offer it refuses all others."""
    options = tuple(Option(value, value) for value in offers)
    return FieldSchema(name, name, kind.value, frozenset({kind}), options=options, restricted=bool(options), **said)


def live(watched: dict[Any, dict[str, Kind]], offers: dict[str, Iterable[str]]) -> dict[Any, ObjectSchema]:
    """Schemas in which everything that is watched is there."""
    return {
        place: ObjectSchema(place[1], {name: one(name, kind, offers.get(name, ())) for name, kind in fields.items()})
        for place, fields in watched.items()
    }
