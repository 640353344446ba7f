"""What days of the running service cost, counted by the sandbox: an idle one, and one on which people work."""

from datetime import timedelta
from functools import partial
from random import Random

import pytest

from connector.core.refs import Side
from connector.engine.evidence import asked_about
from connector.reports import outlook
from connector.reports.outlook import Asked, Limit
from connector.sandbox.acts import act
from tests.service.day import SIDES, running

DAY = timedelta(days=1)


@pytest.mark.parametrize("agreed", [False, True], ids=["only a mapping", "with the shared lifecycle"])
def test_a_poll_only_installation_spends_three_hundred_salesforce_calls_on_an_idle_day_at_most(tmp_path, agreed):
    with running(tmp_path, people=60, agreed=agreed) as days:
        days.forget_calls()
        days.run(DAY)
        spent = {side: counted.total() for side, counted in days.calls().items()}
        foreseen = forecast(days, changes=0).day
    assert 250 <= spent["salesforce"] <= 300
    for side in Side:
        assert foreseen.total(side) == pytest.approx(spent[side.value], rel=0.1)


def test_a_day_on_which_four_hundred_changes_are_made_costs_what_was_forecast(tmp_path):
    with running(tmp_path, people=400, agreed=False) as days:
        foreseen = forecast(days, changes=400).day
        days.forget_calls()
        days.run(DAY, edits(days, 400))
        spent = {side: counted.total() for side, counted in days.calls().items()}
        again = forecast(days)
    for side in Side:
        assert foreseen.total(side) == pytest.approx(spent[side.value], rel=0.1)
    assert sum(again.habits.changes.values()) == pytest.approx(400, rel=0.2)  # with the first run


def edits(days, number):
    """So many edits of names by people on both sides, at any time of a day."""
    chance, acts = Random(7), []
    people = {side: [each.id for each in days.world.people(side)] for side in SIDES}
    for place in range(number):
        side = chance.choice(SIDES)
        about = {"id": chance.choice(people[side])}
        names = {"hubspot": {"object": "contacts", "properties": {"firstname": f"Ada{place}"}}}
        names["salesforce"] = {"values": {"FirstName": f"Bob{place}"}}
        at = days.now() + DAY * chance.random()
        acts.append((at, partial(act, side=side, name="edit", arguments={**about, **names[side]})))
    return sorted(acts, key=lambda one: one[0])


def forecast(days, changes=None):
    """As `smarketing forecast` works it out."""
    work, opened = days.keeping.work(), days.opened[-1]
    with work.bridge.database.read() as conn:
        counted = outlook.counted(conn, days.now())
    evidence = bool(asked_about(work.bridge, Side.HUBSPOT))
    setup = outlook.setup_of(opened.settings, work.bridge.mapping, counted, evidence=evidence)
    limits = dict.fromkeys(Side, Limit(None, None))
    return outlook.outlook(opened.settings, setup, counted, limits, Asked(changes=changes))
