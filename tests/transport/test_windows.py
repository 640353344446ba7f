"""What a shared window grants: never more than its room in any span, exactly what is wanted when it fills up."""

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ports import Lane
from connector.transport.quotas import Leased, Quota
from connector.transport.throttle import Throttle, Window
from connector.transport.windows import Ask, Grant, Granted
from tests.transport.clocks import ManualClock

SPAN_MS = 10_000
ROOM = {Lane.HOT: 2, Lane.BULK: 40}


def fullest(moments, span):
    moments = sorted(moments)
    return max((place - bisect_right(moments, at - span) + 1 for place, at in enumerate(moments)), default=0)


asks = st.tuples(
    st.integers(0, 3_000),  # milliseconds since the last one asked
    st.sampled_from(Lane),
    st.integers(1, 60),  # callers
    st.sampled_from([0, 0, 200, 800]),  # more time that was asked for
    st.lists(st.floats(0, 1), min_size=1, max_size=5),  # when within their time calls leave
)


@given(st.lists(asks, max_size=60))
def test_no_span_ever_holds_more_than_its_room_wherever_within_their_time_calls_leave(asked):
    state, now, left = Granted(), 1_000_000, {Lane.HOT: [], Lane.BULK: []}
    for pause, lane, wanted, hold, parts in asked:
        now += pause
        state, grant = state.grant(Ask(lane, wanted, ROOM, SPAN_MS, hold), now)
        assert grant.at_ms >= now
        assert 1 <= grant.calls <= max(wanted, 2)
        left[grant.lane] += [grant.at_ms + parts[n % len(parts)] * grant.hold_ms for n in range(grant.calls)]
    for lane, moments in left.items():
        assert fullest(moments, SPAN_MS) <= ROOM[lane]


def test_while_there_is_plenty_some_are_granted_ahead_and_then_exactly_what_is_wanted():
    state, now, grants = Granted(), 1_000_000, []
    while sum(each.calls for each in grants) < 40:
        state, grant = state.grant(Ask(Lane.BULK, 1, ROOM, SPAN_MS), now)
        grants.append(grant)
    assert [each.calls for each in grants] == [2] * 9 + [2] + [1] * 20
    assert {each.at_ms for each in grants} == {now}
    _, after = state.grant(Ask(Lane.BULK, 1, ROOM, SPAN_MS), now)
    assert after.at_ms == now + SPAN_MS
    assert after.used == 40


def test_who_is_hot_leaves_at_once_though_the_ordinary_part_is_used_up():
    state, _ = Granted().grant(Ask(Lane.BULK, 40, ROOM, SPAN_MS), 0)
    state, hot = state.grant(Ask(Lane.HOT, 2, ROOM, SPAN_MS), 5)
    assert (hot.at_ms, hot.calls) == (5, 2)
    _, later = state.grant(Ask(Lane.HOT, 1, ROOM, SPAN_MS), 6)
    assert later.at_ms == SPAN_MS


def test_nobody_leaves_before_the_side_s_pause_is_over():
    _, grant = Granted({}, held_until_ms=4_000).grant(Ask(Lane.HOT, 1, ROOM, SPAN_MS), 1_000)
    assert grant.at_ms == 4_000


def test_a_clock_that_was_set_back_by_hours_stops_nobody():
    state, _ = Granted({}, held_until_ms=9_000_000).grant(Ask(Lane.BULK, 40, ROOM, SPAN_MS), 9_000_000)
    _, grant = state.grant(Ask(Lane.BULK, 1, ROOM, SPAN_MS), 1_000)
    assert grant.at_ms <= 1_000 + 120_000


class Database:
    """A window in memory, asked over a line that takes its time."""

    def __init__(self, clock, took_s=0.0):
        self.clock, self.took_s, self.state, self.asked = clock, took_s, Granted(), []

    def lease(self, ask):
        asked_at = self.clock.monotonic()
        now_ms = int(self.clock.monotonic() * 1000)
        self.state, grant = self.state.grant(ask, now_ms)
        self.asked.append(ask)
        self.clock.sleep(self.took_s)
        return Leased(asked_at, grant.at_ms / 1000 - now_ms / 1000, grant)

    def quota(self, seconds):
        assert seconds == 10.0
        return self._quota

    _quota: Quota

    def shared(self):
        self._quota = Quota(self.clock, 10.0, self.lease)
        return self

    def hold(self, seconds):
        self.state = Granted(self.state.logs, int((self.clock.monotonic() + seconds) * 1000))


def test_a_process_asks_seldom_while_there_is_plenty():
    clock = ManualClock()
    database = Database(clock)
    quota = Quota(clock, 10.0, database.lease)
    assert [quota.acquire(Lane.BULK, {Lane.HOT: 2, Lane.BULK: 182}) for _ in range(90)] == [0.0] * 90
    assert len(database.asked) == 10


def test_a_slow_database_is_asked_for_more_time_and_nobody_leaves_too_late():
    clock = ManualClock()
    database = Database(clock, took_s=3.0)
    quota = Quota(clock, 10.0, database.lease)
    waited = quota.acquire(Lane.HOT, {Lane.HOT: 2, Lane.BULK: 40})
    assert 3.0 <= waited <= 60.0
    assert [ask.hold_ms for ask in database.asked][:3] == [0, 200, 400]
    left_at_ms = clock.monotonic() * 1000
    assert any(left_at_ms <= at + 100 for log in database.state.logs.values() for at, _ in log)


def test_slots_that_were_not_used_in_time_are_let_go():
    clock = ManualClock()
    database = Database(clock)
    quota = Quota(clock, 10.0, database.lease)
    room = {Lane.HOT: 2, Lane.BULK: 182}
    quota.acquire(Lane.BULK, room)
    clock.sleep(2.0)
    quota.acquire(Lane.BULK, room)
    assert len(database.asked) == 2


@pytest.mark.parametrize(("remaining", "leave"), [(190, 182), (90, 82)])
def test_all_processes_together_give_way_to_others_who_use_the_quota(remaining, leave):
    clock = ManualClock()
    throttle = Throttle(clock, [Window(190, 10.0)], Database(clock).shared())
    throttle.learn(Window(190, 10.0), remaining=remaining)
    left = 0
    while throttle.acquire() == 0.0:
        left += 1
    assert left == leave


def test_a_pause_of_the_side_holds_every_process():
    clock = ManualClock()
    database = Database(clock).shared()
    one, other = (Throttle(clock, [Window(190, 10.0)], database) for _ in range(2))
    one.hold(4.0)
    assert other.acquire() >= 4.0


def test_calls_of_our_other_processes_are_not_taken_for_others():
    clock = ManualClock()
    database = Database(clock)
    room = {Lane.HOT: 2, Lane.BULK: 182}
    database.lease(Ask(Lane.BULK, 100, room, 10_150))
    throttle = Throttle(clock, [Window(190, 10.0)], database.shared())
    throttle.acquire()
    throttle.learn(Window(190, 10.0), remaining=190 - 101)
    left = 1
    while throttle.acquire() == 0.0:
        left += 1
    assert left + 100 >= 0.9 * 182


def test_a_grant_says_how_much_of_the_window_is_used():
    state, first = Granted().grant(Ask(Lane.BULK, 5, ROOM, SPAN_MS), 0)
    _, second = state.grant(Ask(Lane.BULK, 5, ROOM, SPAN_MS), 1)
    assert (first.used, second) == (0, Grant(Lane.BULK, 1, 5, 0, 5))
