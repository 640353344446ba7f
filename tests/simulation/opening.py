"""How a worker opens the bridge: as `connector.bootstrap` does, but for wires, executors, and what may be kept.

A worker opens its installation every few steps, and dies as often. What reading the same facts and fitting the same
mapping to them gives is kept by the process of the simulation, since both are pure; adapters, with all that they learn
and remember, are built anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

import orjson

from connector import bootstrap, sides
from connector.bootstrap import Fitted, fitted
from connector.config.compile import compile_mappings
from connector.config.load import Loaded
from connector.config.settings import Settings
from connector.core.refs import Side
from connector.engine import facts
from connector.engine.facts import Asked, Facts
from connector.hubspot import wire as hubspot_wire
from connector.hubspot.crm import HubSpot
from connector.ports import Crm, Dice
from connector.salesforce import crm as salesforce_crm
from connector.salesforce.api import Traffic as SalesforceTraffic
from connector.storage import asking, editions, state
from connector.storage.database import Database
from connector.storage.editions import StoredEdition
from connector.transport.throttle import Throttle
from tests.simulation.turns import WorkerClock
from tests.simulation.wires import HubSpotClient, HubSpotWire, Line, WiredSession

KEPT_MAX = 100


def adapters(
    settings: Settings, database: Database, lines: Mapping[Side, Line], around: tuple[WorkerClock, Dice], end: ExitStack
) -> dict[Side, Crm]:
    """Both production adapters on simulated lines; `around` are the host's clock and dice."""
    clock, dice = around
    day = {side: sides._budget(settings, side, database, clock) for side in Side}
    for budget in day.values():
        end.callback(budget.close)
    access = sides._hubspot_access(settings, clock)
    with patch.object(hubspot_wire, "_api", HubSpotClient), patch.object(salesforce_crm, "BridgeSession", WiredSession):
        hubspot = HubSpot(access, sides._hubspot_traffic(settings, around, day[Side.HUBSPOT]), clock, None)
        traffic = SalesforceTraffic(clock, dice, Throttle(clock), budget=day[Side.SALESFORCE])
        salesforce = sides._salesforce(settings, database, traffic, None)
    hubspot._wire._api.rest_client.pool_manager = HubSpotWire(lines[Side.HUBSPOT])
    salesforce._session.wire = lines[Side.SALESFORCE]
    return {Side.HUBSPOT: hubspot, Side.SALESFORCE: salesforce}


def learned(written: Loaded, database: Database, crms: Mapping[Side, Crm], clock: WorkerClock) -> Facts:
    """What the accounts look like, asked or remembered as ever; the adapters are told."""
    known = facts.learn(database, crms, _asked(written), clock.now())
    for side, crm in crms.items():
        crm.prime(known.schemas[side])
    return known


def fitted_once(written: Loaded, known: Facts, database: Database, clock: WorkerClock) -> Fitted:
    """The configuration fitted to the live schemas, made once for the same facts and the same editions of the SLA."""
    since, kept = _agreed_so_far(database) if written.agreed else (None, ())
    key = (id(written), id(known), *((one.version, one.open_too) for one in kept))
    made = _fitted.get(key)
    if made is None:
        if len(_fitted) >= KEPT_MAX:
            _fitted.clear()
        made = _fitted[key] = (written, known, fitted(written, known, database, clock))
    return _in_force(made[2], since, kept, clock.now())


_fitted: dict[tuple[Any, ...], tuple[Loaded, Facts, Fitted]] = {}


def _agreed_so_far(database: Database) -> tuple[datetime | None, Sequence[StoredEdition]]:
    with database.read() as conn:
        return editions.followed_since(conn), editions.all(conn)


def _in_force(fit: Fitted, since: datetime | None, kept: Sequence[StoredEdition], now: datetime) -> Fitted:
    """The same with the times of this store: an edition that is not kept yet begins now."""
    agreement = fit.agreed.agreement
    if agreement is None:
        return fit
    moments = [*(one.since for one in kept), now]
    assert len(kept) <= len(agreement.book) <= len(moments), "every edition of a play can be read"
    book = tuple(replace(one, since=at) for one, at in zip(agreement.book, moments, strict=False))
    return replace(fit, agreed=replace(fit.agreed, agreement=replace(agreement, since=since or now, book=book)))


def _recall(database: Database) -> Facts | None:
    """The facts as last told, as `facts.recall` reads them, but the same bytes only once."""
    with database.read() as conn:
        stored = asking.value(conn, state._VALUE, key=facts._STATE)
    if stored is None:
        return None
    known = _recalled.get(stored)
    if known is None and (told := orjson.loads(stored)) is not None:
        if len(_recalled) >= KEPT_MAX:
            _recalled.clear()
        known = _recalled[stored] = facts._ADAPTER.validate_python(told)
    return known


_recalled: dict[bytes, Facts] = {}
facts.recall = _recall  # for the whole process: what it answers is the same


def _asked(written: Loaded) -> Asked:
    made = _asked_of.get(id(written))
    if made is None:
        made = _asked_of[id(written)] = (written, _asking(written))
    return made[1]


_asked_of: dict[int, tuple[Loaded, Asked]] = {}


def _asking(written: Loaded) -> Asked:
    """What the bridge wants to know of the accounts, as `bootstrap` asks it."""
    pairs, settings = compile_mappings(written).pairs, written.settings
    objects = {side: list(dict.fromkeys(pair.object_on(side) for pair in pairs)) for side in Side}
    accounts = {Side.HUBSPOT: settings.hubspot.portal_id, Side.SALESFORCE: settings.salesforce.org_id}
    return Asked(objects, bootstrap._fingerprint(settings), accounts)
