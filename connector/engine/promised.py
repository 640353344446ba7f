"""Promises and objectives counted now and then, for monitors and pages: what is open in which state, how far goals are.

Both follow from journeys and are stored nowhere, so counting walks everybody. It is therefore done by a
worker every hour, or as rarely as keeps it to a hundredth of its time, beside its other work, and never while a monitor
waits. A process that shall stop gives it up; the next one counts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from connector.core.sla import State
from connector.engine.bridge import Bridge
from connector.reports import goals
from connector.reports.funnel import Funnel
from connector.reports.goals import Goal, Goals
from connector.reports.metrics import PROMISES
from connector.reports.promises import OPEN
from connector.storage import journeys, state

EVERY = timedelta(hours=1)
_PORTION = 500  # people between two looks whether the process shall stop
_LOG = structlog.get_logger(__name__)
_SHARE = 100  # of the time between two counts, one part may be spent on counting


def count_beside(bridge: Bridge) -> None:
    """Begin to count in a thread of the bridge's, if it is time; nobody waits for it."""
    if bridge.agreement is not None and _due(bridge, bridge.clock.now()):
        if bridge.executor is None:
            _counted(bridge)
        else:
            bridge.executor.submit(_counted, bridge)


def _counted(bridge: Bridge) -> None:
    try:
        count(bridge)
    except Exception:  # noqa: BLE001  # whatever it is, numbers for monitors are all that is missing
        _LOG.exception("promises could not be counted")


def count(bridge: Bridge) -> bool:
    """Count the open promises, and how far objectives are, and remember it, if it is time; whether it was."""
    now = bridge.clock.now()
    if bridge.agreement is None or not _due(bridge, now):
        return False
    began = bridge.clock.monotonic()
    found = Funnel(bridge.agreement, now)
    aims = Goals(bridge.agreement, [Goal(one.objective, one.time, now) for one in bridge.goals], now)
    with bridge.database.read() as conn:
        for number, (_, entries) in enumerate(journeys.people(conn)):
            found.take(entries)
            aims.take(entries)
            if number % _PORTION == 0:
                bridge.progress("counting promises", number, None)
    pause = max(EVERY, timedelta(seconds=(bridge.clock.monotonic() - began) * _SHARE))
    with bridge.database.begin() as conn:
        state.put(conn, PROMISES, {"at": now.isoformat(), "again": (now + pause).isoformat(), "open": _open(found)})
        told = [goals.progress_row(one) for one in aims.progress()]
        state.put(conn, goals.COUNTED, {"at": now.isoformat(), "goals": told})
    return True


def _due(bridge: Bridge, now: datetime) -> bool:
    with bridge.database.read() as conn:
        counted = state.get(conn, PROMISES)
    return counted is None or now >= datetime.fromisoformat(counted["again"])


def _open(found: Funnel) -> dict[str, int]:
    return {each.value: found.clocks[each.value] for each in OPEN if each is not State.MET}
