"""A day's calls, worked out: against the pace of the worker played many times, and at its edges."""

from datetime import timedelta
from math import log
from random import Random

import pytest

from connector.core.refs import Side
from connector.engine.pacing import Pace, pause, stretched
from connector.reports.day import Habits, Setup, day, polls

PEOPLE = {Side.HUBSPOT: {"contacts": 1.0}, Side.SALESFORCE: {"Lead": 0.6, "Contact": 0.4}}
SETUP = Setup(PEOPLE)


def both(number):
    return dict.fromkeys(Side, number)


def played(pace, changes):
    """Polls, and polls with news, a day: the worker's own pace over changes that come by chance."""
    chance, rate, at, asked, found = Random(3), changes / 86_400, 0.0, 0, 0
    days = max(20, 3_000 / changes)
    following = -log(1 - chance.random()) / rate
    rest = None
    while at < days * 86_400:
        asked += 1
        news = following <= at
        found += news
        while following <= at:
            following += -log(1 - chance.random()) / rate
        rest = pause(rest, pace, news=news)
        at += stretched(rest, chance.random()).total_seconds()
    return asked / days, found / days


@pytest.mark.parametrize("changes", [5, 100, 500, 5_000])
def test_polls_and_those_with_news_are_as_many_as_the_worker_s_pace_makes(changes):
    asked, found = played(Pace(), changes)
    worked_out = polls(SETUP, changes)
    assert worked_out.number == pytest.approx(asked, rel=0.05)
    assert worked_out.with_news() == pytest.approx(found, rel=0.08)


def test_another_pace_is_worked_out_too():
    asked, found = played(Pace(least=timedelta(seconds=60), most=timedelta(seconds=60)), 300)
    worked_out = polls(Setup(PEOPLE, least_s=60, most_s=60), 300)
    assert (worked_out.number, worked_out.with_news()) == (
        pytest.approx(asked, rel=0.03),
        pytest.approx(found, rel=0.08),
    )


def test_an_idle_day_is_polls_audits_and_what_the_accounts_are_like():
    found = day(SETUP, Habits(both(0)))
    assert {name: round(calls) for name, calls in found.parts[Side.SALESFORCE].items()} == {
        "polls": 274,
        "reading": 0,
        "writing": 0,
        "audit": 6,
        "accounts": 6,
    }
    assert found.total(Side.SALESFORCE) <= 300


def test_a_poll_costs_one_call_up_to_three_objects_and_two_from_four_on():
    def a_poll(number, *, evidence=True):
        objects = {**PEOPLE, Side.SALESFORCE: {f"O{place}": 1 / number for place in range(number)}}
        return day(Setup(objects, evidence), Habits(both(0))).parts[Side.SALESFORCE]["polls"] / 274.3

    assert [round(a_poll(number), 1) for number in (1, 2, 3, 4)] == [1.0, 1.0, 1.3, 2.0]  # a third one's deals wait
    assert [round(a_poll(number, evidence=False), 1) for number in (5, 6)] == [1.0, 2.0]


def test_where_very_much_changes_an_object_takes_two_queries():
    calm, busy = (day(SETUP, Habits(both(number))) for number in (1_000, 50_000))
    a_poll = [
        one.parts[Side.SALESFORCE]["polls"] / polls(SETUP, number).number
        for one, number in ((calm, 1_000), (busy, 50_000))
    ]
    assert a_poll == [pytest.approx(1.0), pytest.approx(2.0)]


def test_a_side_that_tells_of_changes_is_polled_as_if_idle_and_read_change_by_change():
    told = day(Setup(PEOPLE, telling=frozenset(Side)), Habits(both(500)))
    asked = day(SETUP, Habits(both(500)))
    for side in Side:
        assert told.parts[side]["polls"] == day(SETUP, Habits(both(0))).parts[side]["polls"]
        assert asked.parts[side]["reading"] < told.parts[side]["reading"] <= 1_000


def test_changes_that_are_answered_cost_more_on_both_sides():
    plain, answered = (day(SETUP, Habits(both(500), share)) for share in (0.0, 0.5))
    for side in Side:
        assert answered.total(side) > plain.total(side)


def test_more_changes_never_cost_less():
    totals = [
        [day(SETUP, Habits(both(number))).total(side) for number in (0, 1, 10, 100, 1_000, 10_000)] for side in Side
    ]
    assert totals == [sorted(each) for each in totals]
