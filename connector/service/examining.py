"""Looking at an installation from every side, for `smarketing doctor`: nothing is changed, and no part spoils another.

The store is looked at as it is, not brought up to date; a write is tried and taken back. Each CRM is asked who we are
and what time it is. What could not be seen stays out, for whatever hindered it is a finding of its own.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import requests

from connector.bootstrap import Surroundings, open_installation
from connector.config.load import load
from connector.config.settings import Settings
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import facts, standing, stopped
from connector.engine.bridge import Bridge
from connector.engine.evidence import asked_about
from connector.errors import BridgeError, Misconfigured, RateLimited, Transient, Unauthorised
from connector.ports import Clock, Crm
from connector.reports import outlook
from connector.reports.doctor import DayAhead, Held, Seen, SideSeen, StoreSeen, file_system
from connector.reports.waiting import Asked, Groups, open_issues
from connector.storage import cursors, pulses, state, tallies
from connector.storage.database import Database, open_database

ALIVE_FOR = timedelta(seconds=60)
TIMEOUT_S = 10
_MOUNTS = Path("/proc/mounts")
_NEEDS = {"postgres": ("psycopg", "procrastinate"), "pubsub": ("grpc", "fastavro", "google.protobuf")}


class _TakenBack(Exception):
    """What was tried shall not stay."""


def examine(path: Path, around: Surroundings) -> Seen:
    """Everything that can be seen of the installation that a config.yaml describes.

    Raises:
        Misconfigured: when the configuration itself cannot be read, with every problem.
    """
    loaded = load(path, around.env)
    settings, now = loaded.settings, around.clock.now()
    seen = Seen(settings, now, version("smarketing-connector"), StoreSeen(""), missing=_missing(settings))
    if "postgres" in seen.missing:
        return replace(seen, store=StoreSeen("postgresql"))
    seen = replace(seen, store=_store(settings))
    database = open_database(settings.database.url.reveal())
    try:
        if not seen.store.problem:
            seen = _kept(seen, database)
        seen = replace(seen, port_taken=_port_taken(seen))
        return _live(seen, path, around, database)
    finally:
        database.close()


def _missing(settings: Settings) -> dict[str, str]:
    """Extras that the settings need, where a package of theirs is not there."""
    wanted = {}
    if settings.database.url.reveal().startswith("postgresql"):
        wanted["postgres"] = "database.url names PostgreSQL"
    if settings.salesforce.pubsub:
        wanted["pubsub"] = "salesforce.pubsub is set"
    return {extra: why for extra, why in wanted.items() if not all(map(_is_there, _NEEDS[extra]))}


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _store(settings: Settings) -> StoreSeen:
    database = open_database(settings.database.url.reveal())
    try:
        found = StoreSeen(database.dialect, in_memory=database.in_memory)
        if (file := database.file) is not None:
            place = str(file.resolve())
            mounts = _MOUNTS.read_text() if _MOUNTS.exists() else ""
            found = replace(found, file=str(file), file_system=file_system(place, mounts))
            if not file.exists():
                return replace(found, problem="there is no such file yet" if file.parent.is_dir() else _no_folder(file))
            found = replace(found, mode=file.stat().st_mode & 0o777)
        return replace(found, problem=_problem(database))
    finally:
        database.close()


def _no_folder(file: Path) -> str:
    return f"the folder {file.parent} does not exist"


def _problem(database: Database) -> str:
    """Why the store cannot be used: not of this version, or not to be written."""
    if database.in_memory:
        return ""
    try:
        if told := database.problem():
            return told
        with suppress(_TakenBack), database.begin() as conn:
            state.put(conn, "doctor", value=True)
            _take_back()
    except BridgeError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # whatever the driver says of it
        return str(error).strip().splitlines()[0]
    return ""


def _take_back() -> None:
    raise _TakenBack


def _kept(seen: Seen, database: Database) -> Seen:
    """What the store tells."""
    groups = Groups()
    if database.in_memory:
        return seen
    with database.read() as conn:
        for stored in open_issues(conn, Asked()):
            groups.add(stored.issue, stored.id)
        found = groups.all()
        held = Held(
            by_code=Counter({(one.kind, one.code): one.number for one in found}),
            held=next((one.reason for one in found if one.kind == IssueKind.HELD), ""),
            stopped=sorted({one.side for one in stopped.standing(conn)}),
            read_at={side: at for side in Side if (at := cursors.stored_at(conn, side))},
        )
        alive = pulses.alive(conn, seen.now, ALIVE_FOR)
        return replace(seen, held=held, pulses=alive, tallies=tallies.all(conn))


def _port_taken(seen: Seen) -> bool:
    """Whether our port is somebody else's: nobody of ours is alive, and yet it cannot be had."""
    web = seen.settings.web
    if web.port == 0 or any(one.kind in ("run", "web") for one in seen.pulses):
        return False
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    with socket.socket(family) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((web.host, web.port))
        except OSError:
            return True
    return False


def _live(seen: Seen, path: Path, around: Surroundings, database: Database) -> Seen:
    """What both CRMs say today, and how the configuration fits them."""
    if seen.store.problem or seen.store.in_memory:
        return seen
    from connector.sides import connected  # noqa: PLC0415  # the clients take long to load

    with ExitStack() as closing:
        crms = connected(seen.settings, database, (around.clock, around.dice), closing)
        sides = {side: _side(seen.settings, side, crm, around.clock) for side, crm in crms.items()}
    seen = replace(seen, sides=sides)
    if any(one.refused or one.silent or one.spent for one in sides.values()):
        return seen
    try:
        return _opened(seen, path, around)
    except (Unauthorised, Misconfigured) as error:
        return replace(seen, sides={**sides, Side.SALESFORCE: replace(sides[Side.SALESFORCE], refused=str(error))})
    except Transient:
        return seen


def _side(settings: Settings, side: Side, crm: Crm, clock: Clock) -> SideSeen:
    mine = settings.hubspot.base_url if side is Side.HUBSPOT else _salesforce_url(settings)
    found = SideSeen(ahead=_ahead(mine, clock))
    try:
        crm.account()
        usage = crm.usage()
    except Unauthorised as error:
        return replace(found, refused=str(error))
    except RateLimited as error:
        return replace(found, spent=str(error))
    except BridgeError as error:
        return replace(found, silent=str(error))
    return replace(found, daily_limit=usage.daily_limit, daily_used=usage.daily_used)


def _salesforce_url(settings: Settings) -> str:
    return settings.salesforce.base_url or settings.salesforce.login_url


def _ahead(url: str, clock: Clock) -> timedelta | None:
    """How far our clock is ahead of a server's; None where it does not say. Whole seconds, as the header has them."""
    try:
        told = requests.head(url, timeout=TIMEOUT_S, allow_redirects=False).headers.get("Date", "")
        return clock.now() - parsedate_to_datetime(told)
    except (requests.RequestException, ValueError, TypeError):
        return None


def _opened(seen: Seen, path: Path, around: Surroundings) -> Seen:
    with open_installation(path, around, refresh=True) as opened:
        known = facts.recall(opened.bridge.database)
        owners = known.owners if known else {}
        sides = {side: replace(one, owners=owners.get(side, ())) for side, one in seen.sides.items()}
        held = seen.held and replace(seen.held, owes_full=_owes_full(seen.held.read_at, opened.bridge))
        return replace(seen, sides=sides, misfits=opened.findings, held=held, days=_days(seen, opened.bridge))


def _days(seen: Seen, bridge: Bridge) -> dict[Side, DayAhead]:
    """A day as it is forecast, by today's settings and what was counted of late."""
    known = facts.recall(bridge.database)
    with bridge.database.read() as conn:
        counted = outlook.counted(conn, seen.now)
        limits = {
            side: outlook.limit(conn, seen.settings, side, one.daily_limit, (seen.now, facts.zone(known, side)))
            for side, one in seen.sides.items()
        }
    evidence = bool(asked_about(bridge, Side.HUBSPOT))
    setup = outlook.setup_of(seen.settings, bridge.mapping, counted, evidence=evidence)
    found = outlook.outlook(seen.settings, setup, counted, limits, outlook.Asked())
    return {side: DayAhead(found.day.total(side), limits[side].ordinary, found.advice.get(side, "")) for side in limits}


def _owes_full(read_at: Mapping[Side, object], bridge: Bridge) -> bool:
    """Whether a full comparison is owed though there was a first one already."""
    return bool(read_at) and standing.owes_full(bridge)
