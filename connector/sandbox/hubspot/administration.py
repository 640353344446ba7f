"""What admins do to the portal itself, beyond actions.py: owners, definitions, validation rules, tokens and quotas.

Acts as in actions.py, `act(portal, *, ...) -> dict`, reached by name. LookupError for owners, properties and rules that
are not there.
"""
# ruff: noqa: A002 - `object` and `id` are what both CRMs and the glossary call them

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.sandbox.hubspot.access import Grant
from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.properties import Property
from connector.sandbox.hubspot.table import Table
from connector.sandbox.hubspot.validation import RULES
from connector.sandbox.hubspot.web import whole

BRIDGES_GROUP, BRIDGES_ID = "smarketing", "salesforce_record_id"
TEXTLESS = ("upper", "lower", "title", "strip", "digits", "phone")


def activate_owner(portal: Portal, *, id: str) -> dict[str, Any]:
    """An admin lets a user in again; records can be given to the owner as before."""
    with portal.lock:
        portal.state.tick()
        owner = portal.state.owners.by_id.get(whole(str(id)) or 0)
        if owner is None:
            raise LookupError(f"there is no owner {id}")
        owner.archived = False
        owner.updated_ms = portal.state.now_ms
        return owner.shown()


def restore_property(portal: Portal, *, object: str, name: str) -> dict[str, Any]:
    """An admin brings an archived property back, with its definition and the values records still have."""
    with portal.lock:
        table = _table(portal, object)
        if name not in table.schema.all or name in table.schema.live:
            raise LookupError(f"{object} has no archived property {name!r}")
        definition = table.schema.own(name)
        definition.archived_ms = None
        table.schema.add(definition)
        return _touched(portal, table, definition)


def without_bridge(portal: Portal) -> dict[str, Any]:
    """The portal as it was before anybody set up a bridge: its properties and their group were never made.

    ValueError once a record holds a value in one of them.
    """
    with portal.lock:
        gone = [
            (table, name)
            for table in portal.state.tables.values()
            for name, definition in table.schema.all.items()
            if definition.group == BRIDGES_GROUP or name == BRIDGES_ID
        ]
        held = {name for table, name in gone for record in table.records.values() if name in record.values}
        if held:
            raise ValueError(f"records hold values of {', '.join(sorted(held))}; begin with a portal without them")
        for table, name in gone:
            table.schema.forget(name)
            table.unique.pop(name, None)
        return {"gone": sorted(f"{table.kind.plural}.{name}" for table, name in gone)}


def relabel_property(portal: Portal, *, object: str, name: str, label: str) -> dict[str, Any]:
    """An admin renames a property: its label, as the internal name never changes (HubSpot fact sheet 5)."""
    with portal.lock:
        table, definition = _own(portal, object, name)
        definition.label = label
        return _touched(portal, table, definition)


def set_read_only(portal: Portal, *, object: str, name: str, read_only: bool = True) -> dict[str, Any]:
    """HubSpot makes a property's value read-only, or writable again; writes are refused READ_ONLY_VALUE."""
    with portal.lock:
        table, definition = _own(portal, object, name)
        definition.read_only = read_only
        return _touched(portal, table, definition)


def set_normaliser(portal: Portal, *, object: str, name: str, rewrite: str = "") -> dict[str, Any]:
    """An admin has HubSpot normalise a property in the very write (fact sheet 5, `shouldApplyNormalization`).

    `rewrite` is one that needs no text, such as phone, lower or title (automation.py); empty ends it.
    """
    if rewrite and rewrite not in TEXTLESS:
        raise ValueError(f"rewrite {rewrite!r} is none of {', '.join(TEXTLESS)}")
    with portal.lock:
        table, _ = _own(portal, object, name)
        if rewrite:
            portal.state.normalisers[table.kind.plural, name] = rewrite
        else:
            portal.state.normalisers.pop((table.kind.plural, name), None)
        return {"rewrite": rewrite}


def set_validation(
    portal: Portal, *, object: str, name: str, rule: str, arguments: Sequence[Any] = ()
) -> dict[str, Any]:
    """An admin adds a validation rule, or changes it; it binds writes through `2026-09` paths (fact sheet 5)."""
    if rule not in RULES:
        raise ValueError(f"rule {rule!r} is none of {', '.join(RULES)}")
    with portal.lock:
        table, _ = _own(portal, object, name)
        held = portal.state.validations.setdefault((table.kind.plural, name), {})
        held[rule] = [str(each) for each in arguments]
        return {"rules": sorted(held)}


def remove_validation(portal: Portal, *, object: str, name: str, rule: str) -> dict[str, Any]:
    """An admin takes a validation rule away."""
    with portal.lock:
        table = _table(portal, object)
        held = portal.state.validations.get((table.kind.plural, name), {})
        if rule not in held:
            raise LookupError(f"{object} {name} has no validation rule {rule!r}")
        del held[rule]
        return {"rules": sorted(held)}


def grant_token(portal: Portal, *, token: str = "") -> dict[str, Any]:
    """An admin gives access (back): a revoked token is good again; without one, a fresh token of the private app."""
    with portal.lock:
        state, settings = portal.state, portal.settings
        if token:
            return {"token": token, "access": state.credentials.restore(token)}
        text = f"pat-na1-{state.services.random.getrandbits(128):032x}"
        state.credentials.add(Grant(text, settings.app_id, frozenset(settings.scopes)))
        return {"token": text, "access": True}


def set_daily_use(portal: Portal, *, calls: int) -> dict[str, Any]:
    """Other apps have made so many of today's calls; how many are allowed is the setting `daily_max`."""
    if calls < 0:
        raise ValueError(f"{calls} calls cannot have been made")
    with portal.lock:
        portal.state.tick()
        portal.state.credentials.use_day(calls, portal.state.now_ms)
        return {"used": calls, "allowed": portal.settings.daily_max}


def _table(portal: Portal, object_name: str) -> Table:
    kind = kind_named(object_name)
    if kind is None:
        raise LookupError(f"the portal has no object {object_name!r}")
    portal.state.tick()
    return portal.state.tables[kind.plural]


def _own(portal: Portal, object_name: str, name: str) -> tuple[Table, Property]:
    table = _table(portal, object_name)
    if name not in table.schema.live:
        raise LookupError(f"{object_name} has no property {name!r}")
    return table, table.schema.own(name)


def _touched(portal: Portal, table: Table, definition: Property) -> dict[str, Any]:
    definition.updated_ms = portal.state.now_ms
    return table.schema.shown(definition)
