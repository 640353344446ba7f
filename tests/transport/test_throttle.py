import heapq
from bisect import bisect_right
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.transport.lanes import Lane
from connector.transport.throttle import Throttle, Window


class World:
    """Many callers on one virtual clock: whoever sleeps is overtaken by the others."""

    def __init__(self, throttle_windows, latency_s):
        self.time, self.latency_s = 0.0, latency_s
        self.throttle = Throttle(self, throttle_windows)
        self.slept = 0.0

    def now(self):
        return datetime(2026, 11, 2, tzinfo=UTC)

    def monotonic(self):
        return self.time

    def sleep(self, seconds):
        self.slept += seconds

    def leave(self, lane=Lane.BULK):
        """When a call asked for now would leave."""
        self.slept = 0.0
        self.throttle.acquire(lane)
        return self.time + self.slept

    def run(self, callers, until_s):
        """Arrival times at the side, of callers who call again as soon as they are answered."""
        free = [(0.0, caller) for caller in range(callers)]
        arrivals = []
        while free[0][0] < until_s:
            self.time, caller = heapq.heappop(free)
            left = self.leave()
            arrivals.append(left + self.latency_s / 2)
            heapq.heappush(free, (left + self.latency_s, caller))
        return sorted(each for each in arrivals if each < until_s)


def fullest(arrivals, seconds):
    return max(index - bisect_right(arrivals, at - seconds) + 1 for index, at in enumerate(arrivals))


def test_sixteen_callers_use_nine_tenths_of_the_quota_and_never_more_than_the_quota():
    arrivals = World([Window(190, 10)], 0.2).run(16, until_s=100)
    assert fullest(arrivals, 10) <= 0.97 * 190
    assert len(arrivals) >= 0.9 * 190 * 10


def test_a_quota_learned_from_an_answer_is_kept_at_once():
    world = World([Window(100, 10)], 0.0)
    world.throttle.learn(Window(190, 10))
    assert world.throttle.windows == (Window(190, 10),)
    left = [world.leave() for _ in range(175)]
    assert left == [0.0] * 175


def test_a_quota_that_shrinks_counts_the_calls_already_made():
    world = World([Window(190, 10)], 0.0)
    for _ in range(110):
        world.leave()
    world.throttle.learn(Window(110, 10))
    assert world.leave() > 9


def test_a_hot_lead_leaves_at_once_while_a_backfill_has_used_its_part():
    world = World([Window(190, 10)], 0.0)
    for _ in range(400):
        world.leave(Lane.BULK)
    assert world.leave(Lane.BULK) > 10
    assert world.leave(Lane.HOT) == 0.0


def test_hot_and_bulk_calls_together_stay_under_the_quota():
    world = World([Window(190, 10)], 0.0)
    times = []
    for second in range(60):
        world.time = float(second)
        times += [world.leave(Lane.HOT) for _ in range(30)] + [world.leave(Lane.BULK) for _ in range(30)]
    assert fullest(sorted(times), 10) <= 0.97 * 190


def test_a_small_window_is_obeyed_too():
    arrivals = World([Window(5, 1)], 0.05).run(8, until_s=30)
    assert fullest(arrivals, 1) <= 5
    assert len(arrivals) >= 0.7 * 5 * 30


def test_nobody_calls_while_the_side_wants_a_pause():
    world = World([Window(190, 10)], 0.0)
    world.throttle.hold(4)
    assert world.leave(Lane.HOT) >= 4
    assert world.leave() >= 4


def test_it_gives_way_to_others_that_use_the_same_quota():
    world = World([Window(190, 10)], 0.0)
    world.throttle.learn(Window(190, 10), remaining=90)
    left = [world.leave() for _ in range(100)]
    assert left[:70] == [0.0] * 70
    assert left[85] > 9


def test_what_it_gave_way_to_is_taken_back_when_others_have_gone():
    world = World([Window(190, 10)], 0.0)
    world.throttle.learn(Window(190, 10), remaining=90)
    for _ in range(5000):
        world.throttle.learn(Window(190, 10), remaining=190)
    assert [world.leave() for _ in range(170)] == [0.0] * 170


def test_without_a_window_nothing_waits():
    world = World([], 0.0)
    assert [world.leave() for _ in range(50)] == [0.0] * 50


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=200), st.integers(1, 40), st.integers(1, 12))
def test_no_rolling_window_ever_holds_more_than_its_calls(steps, calls, seconds):
    world = World([Window(calls, seconds)], 0.0)
    times = []
    for pause, hot in steps:
        world.time += pause
        times.append(world.leave(Lane.HOT if hot else Lane.BULK))
    assert not times or fullest(sorted(times), seconds) <= calls


def test_threads_get_their_slots_first_come_first_served():
    class Counting(World):
        def sleep(self, seconds):
            pass

    throttle = Counting([Window(100, 10)], 0.0).throttle
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: throttle.acquire(), range(96 * 3)))
    assert [round(wait, 1) for wait in waits] == [0.0] * 96 + [10.1] * 96 + [20.2] * 96


class Shared(World):
    """Several processes, each with a throttle of its own, on one quota that tells what is left of it."""

    def __init__(self, processes, latency_s=0.2):
        super().__init__([], latency_s)
        self.throttles = [Throttle(self, [Window(190, 10)]) for _ in range(processes)]
        self.arrived, self.accepted, self.refused = deque(), Counter(), 0

    def serve(self, until_s, callers=8):
        order = count()
        due = [(0.001 * n, next(order), "call", n % len(self.throttles)) for n in range(callers * len(self.throttles))]
        while due[0][0] < until_s:
            self.time, _, what, process = heapq.heappop(due)
            for delay, onward in self.step(what, self.throttles[process], process):
                heapq.heappush(due, (self.time + delay, next(order), onward, process))

    def step(self, what, throttle, process):
        if what == "call":
            self.slept = 0.0
            throttle.acquire()
            return [(self.slept + self.latency_s / 2, "arrive")]
        if what == "arrive":
            return [(self.latency_s / 2, self.judge(process))]
        if what == "refused":
            throttle.hold(2.5)
            return [(2.8, "call")]
        throttle.learn(Window(190, 10), remaining=what)
        return [(0.0, "call")]

    def judge(self, process):
        while self.arrived and self.arrived[0] <= self.time - 10:
            self.arrived.popleft()
        if len(self.arrived) >= 190:
            self.refused += 1
            return "refused"
        self.arrived.append(self.time)
        self.accepted[process] += 1
        return 190 - len(self.arrived)


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
def test_processes_that_know_nothing_of_each_other_share_a_quota(processes):
    world = Shared(processes)
    world.serve(until_s=300)
    total = world.accepted.total()
    assert total >= 0.88 * 190 * 30
    assert world.refused <= 0.01 * total
    assert min(world.accepted.values()) >= 0.1 * total
