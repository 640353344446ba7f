"""A day whose calls run out: polls get rarer and go on, hot leads go on, the rest waits until midnight."""

from datetime import timedelta

import pytest

from connector.core.refs import Side, hubspot
from connector.engine.hot import HOT
from connector.sandbox.acts import act
from connector.storage import budgets, dirty
from tests.service.day import running

LIMIT = 400


@pytest.fixture
def days(tmp_path):
    with running(tmp_path, people=20, agreed=False, salesforce={"calls_per_day": LIMIT}) as running_days:
        yield running_days


def spend(days, calls):
    """So many calls of today are used up by other processes of ours."""
    with store(days).begin() as conn:
        budgets.spend(conn, Side.SALESFORCE, days.now().date(), calls)


def store(days):
    return days.keeping.work().bridge.database


def spent(days):
    with store(days).read() as conn:
        return budgets.spent(conn, Side.SALESFORCE, days.now().date())


def title(days, contact):
    return next(
        each.values["Title"]
        for each in days.world.people("salesforce")
        if each.values["HubSpot_Contact_Id__c"] == contact
    )


def test_polls_get_rarer_the_less_is_left_and_never_stop(days):
    days.run(timedelta(hours=2))
    days.forget_calls()
    days.run(timedelta(hours=2))
    usual = days.calls()["salesforce"].total()
    spend(days, LIMIT - spent(days) - 45)
    assert spent(days) > LIMIT * 0.85
    days.forget_calls()
    days.run(timedelta(hours=6))
    rarer = days.calls()["salesforce"].total()
    assert 3 <= rarer < usual
    assert spent(days) <= LIMIT


def test_when_the_ordinary_part_is_spent_hot_leads_go_on_and_the_rest_waits_for_the_next_day(days):
    linked = [each for each in days.world.people("hubspot") if each.values.get("salesforce_record_id")]
    hot, other = (each.id for each in linked[:2])
    days.run(timedelta(minutes=30))
    spend(days, LIMIT - spent(days) - 30)  # three quarters of the reserve are left
    for contact in (hot, other):
        act(days.world, "hubspot", "edit", {"object": "contacts", "id": contact, "properties": {"jobtitle": "Chief"}})
    with store(days).begin() as conn:
        dirty.mark(conn, [hubspot("contacts", hot)], days.now(), lane=HOT)
    days.run(timedelta(hours=1))
    assert title(days, hot) == "Chief"
    assert title(days, other) != "Chief"
    with store(days).read() as conn:
        (waiting,) = (one for one in dirty.sample(conn, 10) if one.ref == hubspot("contacts", other))
    assert "budget of 400 calls a day is used up but for the 10 % kept for hot leads" in waiting.reason
    days.run(timedelta(days=1))
    assert title(days, other) == "Chief"
