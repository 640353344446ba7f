"""How long the worker waits: between polls, after faults, before a side that refused us is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.engine.pacing import Pace, after_fault, after_refusal, pause, stretched, thrifty
from connector.errors import RateLimited, Transient
from connector.ports import Usage

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
PACE = Pace(least=timedelta(seconds=30), most=timedelta(seconds=300))


def s(seconds):
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("last", "news", "rest"),
    [
        pytest.param(None, False, 30, id="the first poll is soon followed by another"),
        pytest.param(30, False, 60, id="a poll without news doubles the rest"),
        pytest.param(200, False, 300, id="up to the most"),
        pytest.param(300, False, 300, id="and stays there"),
        pytest.param(300, True, 30, id="news bring it back to the least"),
        pytest.param(5, False, 30, id="a shorter rest of another configuration is lengthened"),
        pytest.param(3000, False, 300, id="and a longer one shortened"),
    ],
)
def test_polls_follow_the_news(last, news, rest):
    assert pause(None if last is None else s(last), PACE, news=news) == s(rest)


def test_where_least_and_most_are_equal_the_rest_never_changes():
    steady = Pace(least=s(60), most=s(60))
    assert [pause(s(60), steady, news=news) for news in (True, False)] == [s(60), s(60)]


@pytest.mark.parametrize(("roll", "rest"), [(0.0, 100), (0.5, 105), (0.999, 109.99)])
def test_chance_makes_a_rest_longer_by_a_tenth_at_most_and_never_shorter(roll, rest):
    assert stretched(s(100), roll) == s(rest)


def test_a_day_without_news_takes_less_than_300_polls():
    at, rest, polls = 0.0, None, 0
    while at < 86_400:
        rest = pause(rest, PACE, news=False)
        at, polls = at + stretched(rest, 0.0).total_seconds(), polls + 1
    assert polls == 291


@pytest.mark.parametrize(
    ("failures", "roll", "wait"),
    [
        pytest.param(0, 0.0, 1, id="at least a second, whatever the dice say"),
        pytest.param(0, 0.75, 1.5, id="a part of two seconds after the first"),
        pytest.param(3, 0.5, 8, id="growing with each"),
        pytest.param(30, 0.5, 150, id="to the longest"),
        pytest.param(10_000, 0.5, 150, id="for ever"),
    ],
)
def test_faults_that_pass_are_tried_again_after_growing_waits(failures, roll, wait):
    assert after_fault(Transient("away"), failures, s(300), NOW, roll) == NOW + s(wait)


def test_a_side_that_says_until_when_is_waited_for_until_then():
    midnight = NOW + timedelta(hours=15)
    assert after_fault(RateLimited("the day is used up", midnight), 0, s(300), NOW, 0.0) == midnight + s(1)


def test_a_moment_that_is_over_already_does_not_make_anybody_spin():
    assert after_fault(RateLimited("wait", NOW - s(60)), 0, s(300), NOW, 0.0) == NOW + s(1)


@pytest.mark.parametrize(("tries", "minutes"), [(0, 1), (1, 2), (5, 32), (6, 60), (29, 60), (30, 60), (4000, 60)])
def test_a_side_that_refuses_us_is_tried_again_more_and_more_seldom_but_every_hour(tries, minutes):
    assert after_refusal(tries, NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("left", "calls", "rest"),
    [
        pytest.param(None, 1, 300, id="without a limit nothing changes"),
        pytest.param(10_000, 1, 300, id="where much is left nothing changes"),
        pytest.param(20, 1, 360, id="half of what is left is for the polls of the rest of the day"),
        pytest.param(20, 2, 720, id="and each costs what the last one cost"),
        pytest.param(1, 1, 3_600, id="less than one poll: none before the next day"),
        pytest.param(0, 6, 3_600, id="nothing is left"),
    ],
)
def test_polls_get_rarer_where_few_calls_of_the_day_are_left(left, calls, rest):
    usage = Usage(0, {}, 0, left=left, renewed_at=NOW + s(3_600))
    assert thrifty(s(300), usage, calls, NOW) == s(rest)
