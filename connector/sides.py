"""The two CRMs as configured: each adapter with its credentials, its share of the day's calls and its own threads.

Only here and in `connector.bootstrap` are concrete classes named. It stands apart because loading the clients of both
CRMs takes longer than most commands, and those that only look into the store do without.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import partial

from connector.config.settings import Settings
from connector.core.refs import Side
from connector.engine import facts
from connector.hubspot.crm import HubSpot
from connector.hubspot.tokens import OAuthToken, StaticToken, Tokens
from connector.hubspot.wire import HubSpotAccess
from connector.hubspot.wire import Traffic as HubSpotTraffic
from connector.ports import Clock, Crm, Dice
from connector.salesforce.api import Traffic as SalesforceTraffic
from connector.salesforce.crm import Salesforce
from connector.salesforce.login import ClientCredentials, Credentials, JwtBearer, Password, RefreshToken
from connector.salesforce.session import Line
from connector.storage import budgets, state, windows
from connector.storage.database import Database
from connector.transport.budget import Budget
from connector.transport.meter import Meter
from connector.transport.pool import Timeout
from connector.transport.quotas import Leased, Quota
from connector.transport.retrying import retrying
from connector.transport.throttle import Throttle, Window
from connector.transport.windows import Ask

Chance = tuple[Clock, Dice]

_ROTATED = "salesforce_refresh_token"

_ASSIGN: dict[str, bool | str] = {"off": False, "on": True}  # anything else is the id of a rule


def connected(settings: Settings, database: Database, chance: Chance, closing: ExitStack) -> dict[Side, Crm]:
    """Both adapters; their threads and budgets are closed with `closing`. Calls nobody yet."""
    clock, dice = chance
    pools = {}
    for side, size in (
        (Side.HUBSPOT, settings.hubspot.concurrency),
        (Side.SALESFORCE, settings.salesforce.concurrency),
    ):
        pools[side] = ThreadPoolExecutor(size, thread_name_prefix=side.value)
        closing.callback(pools[side].shutdown, cancel_futures=True)
    day = {side: _budget(settings, side, database, clock) for side in Side}
    for budget in day.values():
        closing.callback(budget.close)
    salesforce = SalesforceTraffic(clock, dice, Throttle(clock), budget=day[Side.SALESFORCE])
    return {
        Side.HUBSPOT: HubSpot(
            _hubspot_access(settings, clock),
            _hubspot_traffic(settings, chance, day[Side.HUBSPOT], database),
            clock,
            pools[Side.HUBSPOT],
        ),
        Side.SALESFORCE: _salesforce(settings, database, salesforce, pools[Side.SALESFORCE]),
    }


def hubspot_alone(settings: Settings, database: Database, chance: Chance, closing: ExitStack) -> HubSpot:
    """HubSpot without the other side: it can be set up before anybody has signed in there. Calls nobody yet."""
    budget = _budget(settings, Side.HUBSPOT, database, chance[0])
    closing.callback(budget.close)
    traffic = _hubspot_traffic(settings, chance, budget, database)
    return HubSpot(_hubspot_access(settings, chance[0]), traffic, chance[0])


def salesforce_alone(settings: Settings, database: Database, chance: Chance, closing: ExitStack) -> Salesforce:
    """Salesforce without the other side: it can be set up before anybody has signed in there. Calls nobody yet."""
    clock, dice = chance
    budget = _budget(settings, Side.SALESFORCE, database, clock)
    closing.callback(budget.close)
    pool = ThreadPoolExecutor(settings.salesforce.concurrency, thread_name_prefix=Side.SALESFORCE.value)
    closing.callback(pool.shutdown, cancel_futures=True)
    return _salesforce(settings, database, SalesforceTraffic(clock, dice, Throttle(clock), budget=budget), pool)


def _budget(settings: Settings, side: Side, database: Database, clock: Clock) -> Budget:
    mine = settings.hubspot if side is Side.HUBSPOT else settings.salesforce

    def spend(day: date, calls: int) -> int:
        with database.begin() as conn:
            return budgets.spend(conn, side, day, calls)

    zone = facts.zone(facts.recall(database), side)
    return Budget(side, clock, spend, mine.calls_per_day, mine.reserve_percent, zone)


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


def _hubspot_traffic(
    settings: Settings, chance: Chance, budget: Budget, shared: Database | None = None
) -> HubSpotTraffic:
    """`shared`: the store by which several processes share the quotas; without it this process is the only one."""
    mine, (clock, dice) = settings.hubspot, chance
    quotas = ("hubspot.calls", "hubspot.search")
    calls, search = (SharedWindows(shared, clock, name) if shared is not None else None for name in quotas)
    return HubSpotTraffic(
        throttle=Throttle(clock, [Window(mine.requests_per_10s, 10.0)], calls),
        search=Throttle(clock, [Window(max(1, int(mine.search_per_s)), 1.0)], search),
        budget=budget,
        meter=Meter(),
        repeat=retrying(clock, dice),
    )


class SharedWindows:
    """The windows of one quota in the store, for all processes that work on it."""

    def __init__(self, database: Database, clock: Clock, name: str) -> None:
        self._database, self._clock, self._name = database, clock, name
        self._quotas: dict[float, Quota] = {}

    def quota(self, seconds: float) -> Quota:
        """The window of that length."""
        found = self._quotas.get(seconds)
        if found is None:
            found = Quota(self._clock, seconds, partial(self._lease, self._key(seconds)))
        return self._quotas.setdefault(seconds, found)

    def hold(self, seconds: float) -> None:
        """Let no process call for that long."""
        with self._database.begin() as conn:
            for each in sorted(self._quotas):
                windows.hold(conn, self._key(each), seconds, self._clock.now())

    def _lease(self, key: str, ask: Ask) -> Leased:
        with self._database.begin() as conn:
            asked_at = self._clock.monotonic()
            wait_s, grant = windows.grant(conn, key, ask, self._clock.now())
        return Leased(asked_at, wait_s, grant)

    def _key(self, seconds: float) -> str:
        return f"{self._name}:{seconds:g}"


def _salesforce(
    settings: Settings, database: Database, traffic: SalesforceTraffic, pool: ThreadPoolExecutor
) -> Salesforce:
    mine = settings.salesforce
    line = Line(
        base_url=mine.base_url,
        timeout=Timeout(mine.timeouts.connect_s, mine.timeouts.read_s),
        connections=mine.concurrency,
        auto_assign=_ASSIGN.get(mine.auto_assign, mine.auto_assign),
        allow_duplicates=mine.allow_duplicates,
    )
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
