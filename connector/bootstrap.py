"""The only place that knows every concrete class: builds adapters, store and engine from a checked configuration.

Everything is built in plain calls and closed in reverse order. Opening an installation connects, learns (or recalls)
what the live accounts look like, and fits the mappings to them; whatever had to be put to sleep is in `findings`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from connector.config.compile import compile_mappings
from connector.config.findings import Finding
from connector.config.live import adapt, owner_findings
from connector.config.load import Loaded, load
from connector.config.settings import Guard, Guards, Settings
from connector.core.guards import Limit, Limits
from connector.core.mapping import MappingSet
from connector.core.refs import Side
from connector.engine import erase, facts, sync
from connector.engine.bridge import Bridge, Progress, silent
from connector.engine.facts import Facts
from connector.engine.run import Run
from connector.hubspot.crm import HubSpot
from connector.hubspot.tokens import OAuthToken, StaticToken, Tokens
from connector.hubspot.wire import HubSpotAccess
from connector.hubspot.wire import Traffic as HubSpotTraffic
from connector.ports import Account, Clock, Crm, Dice
from connector.salesforce.api import Traffic as SalesforceTraffic
from connector.salesforce.crm import Salesforce
from connector.salesforce.login import ClientCredentials, Credentials, JwtBearer, Password, RefreshToken
from connector.salesforce.session import Line
from connector.storage import budgets, state
from connector.storage.database import Database, migrate, open_database
from connector.transport.budget import Budget
from connector.transport.meter import Meter
from connector.transport.pool import Timeout
from connector.transport.retrying import retrying
from connector.transport.throttle import Throttle, Window

ENGINE_THREADS = 8
_ROTATED = "salesforce_refresh_token"


@dataclass(frozen=True)
class Installation:
    """An opened installation. `accounts` and `findings` are empty when it was opened without connecting."""

    settings: Settings
    bridge: Bridge
    accounts: Mapping[Side, Account]
    findings: tuple[Finding, ...]

    def sync(self, mode: str, *, by: str, approved: bool = False) -> Run:
        """One recorded run: `once` (what changed since the last) or `full` (everything).

        A first run has nothing to continue from and is therefore full. What changed while a full run was at work is
        taken in by the next run, whose polling starts where the full one began.
        """
        run = sync.start(self.bridge, mode, by, approved=approved)
        try:
            if mode == "full" or sync.never_read(self.bridge):
                sync.full(self.bridge, run)
            else:
                sync.once(self.bridge, run)
        except BaseException:
            sync.finish(self.bridge, run, "cut short")
            raise
        sync.finish(self.bridge, run, "held" if run.held else "done")
        return run


@dataclass(frozen=True)
class Surroundings:
    """What the outside hands in: environment, time, chance, and who watches the progress."""

    env: Mapping[str, str]
    clock: Clock
    dice: Dice
    progress: Progress = silent


@contextmanager
def open_installation(
    path: Path, around: Surroundings, *, connect: bool = True, refresh: bool = False
) -> Iterator[Installation]:
    """Open what a config.yaml describes; `refresh` asks the live accounts anew instead of recalling them.

    Raises:
        Misconfigured: with every problem; Unauthorised, Transient: what connecting raises.
    """
    loaded = load(path, around.env)
    with ExitStack() as closing:
        database = open_database(loaded.settings.database.url.reveal())
        closing.callback(database.close)
        migrate(database)
        _make_keys(database)
        crms = _crms(loaded.settings, database, around, closing)
        if refresh:
            facts.outdate(database)
        known = _facts(loaded, database, crms, around.clock) if connect else facts.recall(database)
        mapping, findings = fitted(loaded, known)
        executor = ThreadPoolExecutor(ENGINE_THREADS, thread_name_prefix="engine")
        closing.callback(executor.shutdown)
        bridge = Bridge(
            name=loaded.settings.bridge.name,
            database=database,
            crms=crms,
            mapping=mapping,
            clock=around.clock,
            dice=around.dice,
            limits=limits(loaded.settings.guards),
            executor=executor,
            progress=around.progress,
        )
        accounts = known.accounts if known and connect else {}
        yield Installation(loaded.settings, bridge, accounts, findings)


def fitted(loaded: Loaded, known: Facts | None) -> tuple[MappingSet, tuple[Finding, ...]]:
    """The mappings, fitted to the live schemas as far as they are known, and what did not fit."""
    mapping = compile_mappings(loaded, known.owners if known else None)
    if known is None:
        return mapping, ()
    schemas = {(side, obj): schema for side, told in known.schemas.items() for obj, schema in told.items()}
    mapping, findings = adapt(mapping, schemas, loaded)
    return mapping, (*findings, *owner_findings(loaded, known.owners))


def limits(guards: Guards) -> Limits:
    """The guards as the core counts them."""

    def limit(guard: Guard) -> Limit:
        return Limit(guard.number, None if guard.percent is None else guard.percent / 100)

    return Limits(creates=limit(guards.creates), archives=limit(guards.archives), changes=limit(guards.changes))


def _facts(loaded: Loaded, database: Database, crms: Mapping[Side, Crm], clock: Clock) -> Facts:
    pairs = compile_mappings(loaded).pairs
    objects = {side: list(dict.fromkeys(pair.object_on(side) for pair in pairs)) for side in Side}
    return facts.learn(database, crms, objects, _fingerprint(loaded.settings), clock.now())


def _fingerprint(settings: Settings) -> str:
    """Which accounts with whose eyes: changes with any address, sign-in name or secret, and reveals none."""
    hubspot, salesforce = settings.hubspot, settings.salesforce
    secret = [one.reveal() for one in (hubspot.access_token, salesforce.auth.client_secret) if one]
    said = repr((hubspot.base_url, hubspot.oauth, salesforce.login_url, salesforce.base_url, salesforce.auth, secret))
    return hashlib.sha256(said.encode()).hexdigest()


def _make_keys(database: Database) -> None:
    """The store's own secret, under which erased people are recognised."""
    with database.begin() as conn:
        if state.get(conn, erase.KEY) is None:
            state.put(conn, erase.KEY, secrets.token_hex(32))


def _crms(settings: Settings, database: Database, around: Surroundings, closing: ExitStack) -> dict[Side, Crm]:
    pools = {}
    for side, size in (
        (Side.HUBSPOT, settings.hubspot.concurrency),
        (Side.SALESFORCE, settings.salesforce.concurrency),
    ):
        pools[side] = ThreadPoolExecutor(size, thread_name_prefix=side.value)
        closing.callback(pools[side].shutdown, cancel_futures=True)
    day = {side: _budget(settings, side, database, around.clock) for side in Side}
    for budget in day.values():
        closing.callback(budget.close)
    return {
        Side.HUBSPOT: HubSpot(
            _hubspot_access(settings, around.clock),
            _hubspot_traffic(settings, around, day[Side.HUBSPOT]),
            around.clock,
            pools[Side.HUBSPOT],
        ),
        Side.SALESFORCE: _salesforce(settings, database, around, day[Side.SALESFORCE], pools[Side.SALESFORCE]),
    }


def _budget(settings: Settings, side: Side, database: Database, clock: Clock) -> Budget:
    mine = settings.hubspot if side is Side.HUBSPOT else settings.salesforce
    known = facts.recall(database)
    zone = known.accounts[side].time_zone if known and side in known.accounts else "UTC"

    def spend(calls: int) -> int:
        with database.begin() as conn:
            return budgets.spend(conn, side, clock.now().date(), calls)

    return Budget(side, clock, spend, mine.calls_per_day, mine.reserve_percent, zone or "UTC")


def _hubspot_access(settings: Settings, clock: Clock) -> HubSpotAccess:
    mine = settings.hubspot
    tokens: Tokens
    if mine.oauth:
        secret = mine.oauth.client_secret.reveal()
        tokens = OAuthToken(mine.oauth.client_id, secret, mine.oauth.refresh_token.reveal(), clock)
    else:
        assert mine.access_token is not None, "settings hold a token or an OAuth app"
        tokens = StaticToken(mine.access_token.reveal())
    timeout = Timeout(mine.timeouts.connect_s, mine.timeouts.read_s)
    return HubSpotAccess(mine.base_url, tokens, mine.api_version, timeout, connections=mine.concurrency)


def _hubspot_traffic(settings: Settings, around: Surroundings, budget: Budget) -> HubSpotTraffic:
    mine = settings.hubspot
    return HubSpotTraffic(
        throttle=Throttle(around.clock, [Window(mine.requests_per_10s, 10.0)]),
        search=Throttle(around.clock, [Window(max(1, int(mine.search_per_s)), 1.0)]),
        budget=budget,
        meter=Meter(),
        repeat=retrying(around.clock, around.dice),
    )


def _salesforce(  # what one adapter is made of
    settings: Settings, database: Database, around: Surroundings, budget: Budget, pool: ThreadPoolExecutor
) -> Salesforce:
    mine = settings.salesforce
    line = Line(
        base_url=mine.base_url,
        timeout=Timeout(mine.timeouts.connect_s, mine.timeouts.read_s),
        connections=mine.concurrency,
        auto_assign=mine.auto_assign != "off",
        allow_duplicates=mine.allow_duplicates,
    )
    traffic = SalesforceTraffic(around.clock, around.dice, Throttle(around.clock), budget=budget)
    crm = Salesforce(credentials(settings, database), traffic, line, pool, mine.api_version)
    if crm.bulk_from_rows is not None:
        crm.bulk_from_rows = mine.bulk_from_rows
    return crm


def credentials(settings: Settings, database: Database) -> Credentials:
    """How to sign in to Salesforce, from the flow that was chosen; `settings` has checked that its parts are there."""
    login, auth = settings.salesforce.login_url, settings.salesforce.auth
    key, user = auth.client_id or "", auth.username or ""
    secret = auth.client_secret.reveal() if auth.client_secret else ""
    match auth.flow:
        case "jwt":
            assert auth.private_key is not None
            domain = None if auth.audience is None else login
            return JwtBearer(auth.audience or login, key, user, auth.private_key.reveal(), domain)
        case "password":
            assert auth.password is not None
            token = auth.security_token.reveal() if auth.security_token else ""
            return Password(login, key, user, secret, auth.password.reveal() + token)
        case "refresh_token":
            assert auth.refresh_token is not None
            first = auth.refresh_token.reveal()
            return RefreshToken(login, key, partial(_kept, database, first), partial(_keep, database, first), secret)
    return ClientCredentials(login, key, secret)


def _kept(database: Database, configured: str) -> str:
    """The latest refresh token: Salesforce may rotate it, and using an old one revokes the grant (fact sheet 7.1).

    A token that an admin has configured anew takes the place of whatever followed the earlier one.
    """
    with database.read() as conn:
        kept = state.get(conn, _ROTATED) or {}
    return str(kept["token"]) if kept.get("follows") == _mark(configured) else configured


def _keep(database: Database, configured: str, token: str) -> None:
    with database.begin() as conn:
        state.put(conn, _ROTATED, {"follows": _mark(configured), "token": token})


def _mark(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
