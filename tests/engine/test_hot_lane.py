"""Who waits for a rep's call goes first: in a lane of its own, which may use what is kept of the day's calls."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.refs import Side
from connector.engine import sync
from connector.engine.hot import HOT, ORDINARY
from connector.engine.reconcile import reconcile_due
from connector.errors import RateLimited, Unauthorised
from connector.ports import Lane
from connector.storage import dirty

MIDNIGHT = timedelta(hours=15)


class Spent:
    """A side whose ordinary calls of the day are used up; the hot lane goes on."""

    def __init__(self, inner, until):
        self._inner, self._until = inner, until

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def in_lane(self, lane):
        return self._inner.in_lane(lane) if lane is Lane.HOT else self

    def read_many(self, asked):
        if asked:
            raise RateLimited("the budget of the day is used up", self._until)
        return []


@pytest.fixture
def two(town):
    """Two contacts who are linked and were edited since: one whose clock runs, and one whom nobody waits for."""
    refs = [town.hubspot.add("contacts", email=f"p{n}@x.com", lastname="P") for n in range(2)]
    town.full()
    town.once()
    for ref in refs:
        town.hubspot.edit(ref, jobtitle="Head")
    with town.database.begin() as conn:
        now = town.clock.now()
        dirty.mark(conn, refs[:1], now, lane=HOT)
        dirty.mark(conn, refs[1:], now, lane=ORDINARY)
    town.hubspot.hot.clear()
    town.salesforce.hot.clear()
    return refs


def titles(town, refs):
    counterparts = dict(town.links())
    return [town.salesforce.rows[counterparts[ref]].values.get("Title") for ref in refs]


def waiting(town):
    with town.database.read() as conn:
        return {one.ref: one for one in dirty.sample(conn, 10)}


def test_who_is_hot_is_read_and_written_in_the_hot_lane_and_nobody_else(town, two):
    with sync.recorded(town.bridge, "tick", "a test") as run:
        assert reconcile_due(town.bridge, run).claimed == 2
    assert titles(town, two) == ["Head", "Head"]
    assert all(side.hot["read_many"] for side in (town.hubspot, town.salesforce))
    assert town.salesforce.hot["write"] == 1


def test_when_the_ordinary_calls_of_the_day_are_spent_hot_leads_go_and_the_rest_waits_until_they_are_renewed(town, two):
    until = town.clock.now() + MIDNIGHT
    bridge = replace(town.bridge, crms={side: Spent(crm, until) for side, crm in town.bridge.crms.items()})
    with sync.recorded(bridge, "tick", "a test") as run:
        done = reconcile_due(bridge, run)
    assert (done.claimed, done.waiting, type(done.fault)) == (2, 1, RateLimited)
    assert titles(town, two) == ["Head", None]
    (rest,) = waiting(town).values()
    assert (rest.ref, rest.due_at) == (two[1], until)
    assert "budget of the day" in rest.reason
    town.clock.sleep(MIDNIGHT.total_seconds())
    town.once()
    assert titles(town, two) == ["Head", "Head"]


def test_where_the_hot_lane_is_refused_nobody_is_lost(town, two):
    town.hubspot.fail("read", Unauthorised("the token was revoked"))
    with pytest.raises(Unauthorised), sync.recorded(town.bridge, "tick", "a test") as run:
        reconcile_due(town.bridge, run)
    assert waiting(town).keys() == set(two)
    town.hubspot.faults.clear()
    with sync.recorded(town.bridge, "tick", "a test") as run:
        assert reconcile_due(town.bridge, run).claimed == 2
    assert titles(town, two) == ["Head", "Head"]


def test_both_sides_are_opened_once_for_the_hot_lane(town):
    assert town.bridge.urgent is town.bridge.urgent
    assert town.bridge.urgent.crms[Side.HUBSPOT] is not town.bridge.crms[Side.HUBSPOT]
