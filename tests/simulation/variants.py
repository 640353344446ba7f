"""The configurations a play may run under: the shipped one with an admin's changes, by name.

A variant says what an admin would write: changes to the mapping of people, to the owners, to the guards. Every variant
knows two pairs of owners, since the sandbox's own people share no address across the sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SELLERS: Mapping[str, str] = {
    "ada.lindgren@seller.example": "kim.sales@example.test",
    "boris.keller@seller.example": "lena.sommer@example.test",
    "chen.wei@seller.example": "marc.winter@example.test",
}
DESK = {"salesforce": "nora.field@example.test", "hubspot": "emeka.okafor@seller.example"}
TITLE = {"hubspot": "jobtitle", "salesforce": "Title"}
CITY = {"hubspot": "city", "salesforce": {"Lead": "City", "Contact": "MailingCity"}}
PHONE = {"hubspot": "phone", "salesforce": "Phone", "kind": "phone", "region": "US"}
STAGE = {"hubspot": "lifecyclestage", "salesforce": "HubSpot_Lifecycle_Stage__c", "kind": "picklist", "optional": True}
STAGES = {"subscriber": "Subscriber", "lead": "Lead", "customer": "Customer", "marketingqualifiedlead": ["MQL", "SQL"]}
HIGH = "hubspot.city == null || !hubspot.city.startsWith('out')"


@dataclass(frozen=True)
class Variant:
    """What an admin changed.

    Attributes:
        people: what differs in the mapping of people, over the shipped one.
        fallback: by side, who takes records whose owner has no counterpart.
        guards: what holds a run, over the shipped guards.
        agreed: what both teams agreed on, by file (lifecycle, feedback, sla, ...) what differs from the shipped one;
            None where they agreed on nothing, and fields are only kept in step.
    """

    people: Mapping[str, Any] = field(default_factory=dict)
    fallback: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, Any] = field(default_factory=dict)
    agreed: Mapping[str, Mapping[str, Any]] | None = None


def _fields(**rules: Mapping[str, Any]) -> Variant:
    return Variant({"fields": rules})


VARIANTS: Mapping[str, Variant] = {
    "as shipped": Variant(),
    "a person decides": _fields(job_title={**TITLE, "policy": "manual"}, city={**CITY, "policy": "manual"}),
    "HubSpot wins": _fields(job_title={**TITLE, "policy": "hubspot"}, city={**CITY, "policy": "hubspot"}),
    "Salesforce wins": _fields(job_title={**TITLE, "policy": "salesforce"}, phone={**PHONE, "policy": "salesforce"}),
    "titles to Salesforce only": _fields(job_title={**TITLE, "direction": "to_salesforce"}),
    "titles to HubSpot only": _fields(job_title={**TITLE, "direction": "to_hubspot"}),
    "Salesforce mirrors": _fields(
        job_title={**TITLE, "direction": "to_salesforce", "mirror": True},
        city={**CITY, "direction": "to_salesforce", "mirror": True},
    ),
    "HubSpot mirrors": _fields(job_title={**TITLE, "direction": "to_hubspot", "mirror": True}),
    "clearing travels": _fields(
        job_title={**TITLE, "blank": "clear"}, city={**CITY, "blank": "clear"}, phone={**PHONE, "blank": "clear"}
    ),
    "clearing travels and is mirrored": _fields(
        job_title={**TITLE, "blank": "clear", "direction": "to_hubspot", "mirror": True},
    ),
    "deletions travel": Variant({"on_archive": "archive"}),
    "leavers stop": Variant({"scope": {"when": HIGH, "on_leaving": "stop"}}),
    "leavers are kept up": Variant({"scope": {"when": HIGH, "on_leaving": "keep_updating"}}),
    "leavers are archived": Variant({"scope": {"when": HIGH, "on_leaving": "archive"}}),
    "nobody is made": Variant({"create": {"to_salesforce": {}, "to_hubspot": {}}}),
    "only Leads are made": Variant(
        {"create": {"to_salesforce": {"Lead": "hubspot.email != null"}, "to_hubspot": {"Contact": "false"}}}
    ),
    "customers are Contacts": Variant(
        {
            "create": {
                "to_salesforce": {
                    "Contact": "hubspot.lifecyclestage == 'customer'",
                    "Lead": "hubspot.email != null",
                },
                "to_hubspot": {"Lead": "salesforce.LastName != null", "Contact": "salesforce.Email != null"},
            }
        }
    ),
    "no cross id in HubSpot": Variant(
        {"identity": {"salesforce_field": "HubSpot_Contact_Id__c", "hubspot_property": None}}
    ),
    "other stages": _fields(lifecycle_stage={**STAGE, "values": STAGES, "unmapped": "reject"}),
    "other stages, kept": _fields(
        lifecycle_stage={
            **STAGE,
            "values": STAGES,
            "unmapped": {"to_salesforce": {"default": "Other"}, "to_hubspot": "blank"},
            "policy": "salesforce",
        }
    ),
    "titles are trimmed": _fields(job_title={**TITLE, "transforms": ["trim", "collapse_spaces"]}),
    "a desk takes over": Variant(fallback=DESK),
    "no titles": Variant({"fields": {"job_title": None}}),
    "small guards": Variant(
        guards={"creates": {"number": 2}, "changes": {"number": 3}, "archives": {"number": 1, "percent": None}}
    ),
}
