"""Objectives that fall behind: once a day their sums are drawn from the journeys, and who agreed to hear of it is told.

Like everything that is set off, an alert is a row with a key of its own (objective, period, week), so that it is sent
once, whoever looks and however often. Everybody's journey is walked for it, one after the other, which is why it is
done once in a day and only where somebody is to be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from connector.core.objectives import Progress, alerts
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.core.steered import Effect
from connector.engine.bridge import Bridge
from connector.reports.goals import Goal, Goals
from connector.storage import effects, journeys, state

_LOOKED = "objectives looked at"  # in storage.state: the UTC day


def look(bridge: Bridge) -> int:
    """Have told who is behind, once a day; how many new alerts there are."""
    told = [goal for goal in bridge.goals if goal.objective.to]
    now = bridge.clock.now()
    if not told or bridge.agreement is None:
        return 0
    with bridge.database.read() as conn:
        if state.get(conn, _LOOKED) == _day(now):
            return 0
        found = Goals(bridge.agreement, [Goal(one.objective, one.time, now) for one in told], now)
        for _, entries in journeys.people(conn):
            found.take(entries)
    with bridge.database.begin() as conn:
        return _tell(conn, found.progress(), now)


def _tell(conn: Connection, found: Iterable[Progress], now: datetime) -> int:
    state.put(conn, _LOOKED, _day(now))
    return effects.add(conn, [effect for one in found for effect in _effects(one)], now)


def _effects(found: Progress) -> Iterable[Effect]:
    objective = found.objective
    about = Ref(Side.HUBSPOT, "objectives", objective.id)
    for alert in alerts(found):
        body = f"{objective.period.value} from {found.start:%Y-%m-%d}, {objective.team}. More: smarketing objectives"
        facts = {"objective": objective.id, "team": objective.team, "period_start": found.start.isoformat()}
        yield Effect(alert.key, ActionKind.NOTIFY, objective.to, about, f"Behind: {alert.words}", body, facts)


def _day(now: datetime) -> str:
    return now.date().isoformat()
