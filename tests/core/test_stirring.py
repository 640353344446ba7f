"""A journey of history and echoes is not walked for clocks; anything a promise may ask about is."""

from datetime import timedelta

import pytest

from connector.core.journey import Handed, Ruled, Seen, Told
from connector.core.lifecycle import Mover
from connector.core.policy import Edition
from connector.core.stirring import may_start
from tests.core.courses import ANNE, BEGAN, LEAD, SF_CONTACT, agreement, question
from tests.core.promises import asks, entry, policy

LATER = BEGAN + timedelta(hours=1)
MET = [
    entry(BEGAN - timedelta(days=9), Seen({"life": "lead", "score": "60"}, first=True)),
    entry(BEGAN - timedelta(days=9), Ruled("lead", Mover.MARKETING, None, first=True)),
    entry(BEGAN - timedelta(days=8), Seen({"OwnerId": ANNE}, first=True), LEAD),
]


def stirs(*entries, start=None) -> bool:
    promised = policy(start=start or asks("value('score') == '60'"))
    return may_start(agreement(book=(Edition("1", BEGAN, {"touch": promised}),)), [*MET, *entries])


def test_history_and_our_own_words_start_no_clock():
    told, seen = Told({"Stage": "LEAD"}), Seen({"Stage": "LEAD"})
    assert not stirs(entry(LATER, told, LEAD), entry(LATER, seen, LEAD))


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(entry(LATER, Seen({"score": "60"})), id="a field that is asked about"),
        pytest.param(entry(LATER, Seen({"title": "CFO"})), id="a field that tells the persona"),
        pytest.param(entry(LATER, Seen({"OwnerId": ANNE}), LEAD), id="another owner"),
        pytest.param(entry(LATER, Told({}), SF_CONTACT), id="another record"),
        pytest.param(entry(LATER, Ruled("mql", Mover.MARKETING, None)), id="a move"),
        pytest.param(entry(LATER, Handed(ANNE, "reps")), id="a handoff"),
    ],
)
def test_what_a_promise_may_ask_about_stirs(one):
    assert stirs(one)


def test_what_was_so_before_the_lifecycle_started_no_clock():
    assert not stirs(entry(BEGAN - timedelta(days=7), Ruled("mql", Mover.MARKETING, None)))
    assert not stirs(entry(BEGAN - timedelta(days=7), Seen({"score": "60"})))


def test_a_promise_that_does_not_tell_what_it_asks_about_is_always_looked_at():
    assert stirs(start=question(lambda _: False))
