"""What owners and stages are called on pages, and where a record is found in the CRM that holds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from connector.admin.desk import Desk
from connector.config.settings import Settings
from connector.core.refs import Ref, Side
from connector.engine import facts
from connector.engine.bridge import Bridge
from connector.reports.names import Names
from connector.storage import bindings

_HUBSPOT_APP: Final = "https://app.hubspot.com/contacts"
_HUBSPOT_TYPES: Final = {"contacts": "0-1", "companies": "0-2", "deals": "0-3"}  # in addresses of HubSpot's own pages


def names_of(bridge: Bridge) -> Names:
    """What ids mean here: as the shared definition knows it, else as the CRMs last told."""
    if bridge.agreement is None:
        known = facts.recall(bridge.database)
        return Names.of(bridge.mapping, [one for told in known.owners.values() for one in told] if known else [])
    definition = bridge.agreement.definition
    stages = {stage.id: stage.name for stage in definition.lifecycle.stages.values()}
    return replace(Names.of(bridge.mapping, (), stages), owners=definition.people)


def words_of(bridge: Bridge) -> dict[str, Any]:
    """What templates name things with: `names`, and by id the band of a stage, personas, the labels of reasons."""
    definition = bridge.agreement.definition if bridge.agreement else None
    reasons = definition.feedback.reasons if definition and definition.feedback else {}
    return {
        "names": names_of(bridge),
        "bands": dict(definition.bands) if definition else {},
        "personas": dict(personas(bridge)),
        "reasons": {one.id: one.label for one in reasons.values()},
    }


def reps(names: Names) -> list[tuple[str, str]]:
    """Salesforce owners as choices, by name; HubSpot's ids are numbers."""
    found = [(owner, name) for owner, name in names.owners.items() if not owner.isdigit()]
    return sorted(found, key=lambda one: one[1].casefold())


def personas(bridge: Bridge) -> list[tuple[str, str]]:
    """Personas as choices, in the order of personas.yaml."""
    known = bridge.agreement.definition.personas if bridge.agreement else None
    return list(known.names.items()) if known else []


class Configured:
    """The settings as they were when the bridge was opened, read once for each: a configuration takes long to check."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: tuple[Bridge, Settings] | None = None

    def settings(self, bridge: Bridge) -> Settings:
        """Of this bridge. Raises: Misconfigured."""
        known = self._known
        if known is None or known[0] is not bridge:
            known = self._known = bridge, self._desk.office.loaded().settings
        return known[1]


def crm_url(conn: Connection, settings: Settings, ref: Ref) -> str:
    """The record's own page in its CRM; "" where that is not a real account (a sandbox), or not known.

    Salesforce leads from its short address to the page of the record, whatever its look.
    """
    if ref.side is Side.SALESFORCE:
        base = settings.salesforce.base_url or settings.salesforce.login_url
        return f"{base.rstrip('/')}/{ref.id}" if base.startswith("https://") else ""
    portal, kind = bindings.bound(conn, Side.HUBSPOT), _HUBSPOT_TYPES.get(ref.object)
    known = portal and kind and settings.hubspot.base_url.startswith("https://")
    return f"{_HUBSPOT_APP}/{portal}/record/{kind}/{ref.id}" if known else ""
