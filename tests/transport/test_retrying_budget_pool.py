from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest

from connector.core.refs import Side
from connector.errors import RateLimited, Transient, Unauthorised
from connector.ports import Usage
from connector.transport.budget import GROUP, Budget
from connector.transport.lanes import Lane
from connector.transport.meter import Meter
from connector.transport.pool import Calls
from connector.transport.retrying import Patience, retrying
from tests.transport.clocks import Fixed, ManualClock


class Failing:
    def __init__(self, *faults):
        self.faults, self.calls = list(faults), 0

    def __call__(self):
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


def test_a_fault_that_passes_is_tried_again_after_growing_jittered_waits():
    clock, call = ManualClock(), Failing(Transient("500"), Transient("500"), Transient("500"))
    assert retrying(clock, Fixed(0.0))(call) == "answer"
    assert clock.slept == [0.25, 0.5, 1.0]


def test_it_gives_up_after_a_few_tries_and_raises_the_last_fault():
    last = Transient("the fifth")
    call = Failing(*[Transient("500")] * 4, last)
    with pytest.raises(Transient) as caught:
        retrying(ManualClock(), Fixed())(call)
    assert caught.value is last
    assert call.calls == 5


def test_it_never_waits_longer_than_its_patience():
    clock = ManualClock()
    with pytest.raises(Transient):
        retrying(clock, Fixed(1.0), Patience(tries=50))(Failing(*[Transient("503")] * 60))
    assert sum(clock.slept) <= 20


def test_a_near_rate_limit_is_waited_for():
    clock = ManualClock()
    assert retrying(clock, Fixed(0.0))(Failing(RateLimited("2 s", clock.now() + timedelta(seconds=2)))) == "answer"
    assert clock.slept == [2.25]


def test_a_far_rate_limit_is_handed_on_at_once():
    clock = ManualClock()
    call = Failing(RateLimited("daily", clock.now() + timedelta(hours=9)))
    with pytest.raises(RateLimited):
        retrying(clock, Fixed())(call)
    assert (call.calls, clock.slept) == (1, [])


def test_other_errors_are_not_tried_again():
    call = Failing(Unauthorised("401"))
    with pytest.raises(Unauthorised):
        retrying(ManualClock(), Fixed())(call)
    assert call.calls == 1


class Day:
    """A durable count, as storage keeps it."""

    def __init__(self, total=0):
        self.total, self.lock, self.flushes = total, Lock(), 0

    def spend(self, _day, calls):
        with self.lock:
            self.total += calls
            self.flushes += 1
            return self.total


def allowed(budget, lane=Lane.BULK, tries=5000):
    made = 0
    for _ in range(tries):
        try:
            budget.take(lane)
        except RateLimited:
            continue
        made += 1
    return made


def test_bulk_leaves_the_reserve_to_hot_leads():
    budget = Budget(Side.HUBSPOT, ManualClock(), Day().spend, limit_per_day=1000, reserve_percent=10)
    assert allowed(budget) == 900
    assert allowed(budget, Lane.HOT) == 100


def test_several_processes_together_never_exceed_the_day():
    day = Day()
    budgets = [Budget(Side.HUBSPOT, ManualClock(), day.spend, 1003, 0) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = sum(pool.map(allowed, budgets))
    assert 1003 - 4 * GROUP <= made <= 1003
    assert day.total <= 1003


def test_counts_reach_storage_in_groups_and_before_the_calls():
    day = Day()
    budget = Budget(Side.HUBSPOT, ManualClock(), day.spend, 10_000)
    for _ in range(95):
        budget.take()
    assert (day.total, day.flushes, budget.used) == (100, 10, 95)
    budget.close()
    assert day.total == 95


@pytest.mark.parametrize(
    ("limit", "told", "left"),
    [
        (1_000, None, 900),
        (None, (5_000, 4_960), 40),
        (1_000, (5_000, 4_960), 40),
        (1_000, (50, 90), 0),
        (None, None, None),
    ],
)
def test_what_is_left_of_the_day_is_the_least_of_what_we_and_the_account_allow(limit, told, left):
    clock = ManualClock(datetime(2026, 11, 2, 20, 30, tzinfo=UTC))
    budget = Budget(Side.HUBSPOT, clock, Day(100).spend, limit, zone="Europe/Berlin")
    usage = budget.told(Usage(7, {}, 0, *(told or (None, None))))
    assert (usage.calls, usage.left, usage.renewed_at) == (7, left, datetime(2026, 11, 2, 23, tzinfo=UTC))


def test_a_spent_budget_waits_for_midnight_in_the_accounts_zone():
    clock = ManualClock(datetime(2026, 11, 2, 20, 30, tzinfo=UTC))
    budget = Budget(Side.HUBSPOT, clock, Day(50).spend, 50, 0, zone="Europe/Berlin")
    with pytest.raises(RateLimited) as caught:
        budget.take(Lane.HOT)
    assert caught.value.until == datetime(2026, 11, 2, 23, 0, tzinfo=UTC)
    assert "2026-11-02 23:00 UTC" in str(caught.value)


def test_calls_are_counted_by_the_accounts_day_and_not_by_another():
    """Found by the simulation's oracle: between two midnights the durable count began anew, and a day had two."""
    clock, days = ManualClock(datetime(2026, 11, 2, 23, 0, tzinfo=UTC)), {}

    def spend(day, calls):
        return days.setdefault(day, Day()).spend(day, calls)

    for _ in range(3):  # three processes, one after the other, before and after midnight in UTC
        allowed(Budget(Side.HUBSPOT, clock, spend, 25, 0, zone="America/New_York"), tries=20)
        clock.sleep(3600)
    assert {day.isoformat(): count.total for day, count in days.items()} == {"2026-11-02": 25}


def test_a_new_day_has_a_budget_of_its_own():
    clock, days = ManualClock(datetime(2026, 11, 2, 23, 0, tzinfo=UTC)), {}

    def spend(day, calls):
        return days.setdefault(day, Day()).spend(day, calls)

    budget = Budget(Side.HUBSPOT, clock, spend, 25, 0)
    assert allowed(budget, tries=100) == 25
    clock.sleep(7200)
    assert allowed(budget, tries=100) == 25


def test_without_a_limit_calls_are_still_counted():
    day = Day()
    budget = Budget(Side.SALESFORCE, ManualClock(), day.spend)
    assert allowed(budget, tries=30) == 30
    assert day.total == 30


def test_the_meter_tells_calls_by_operation_and_the_sides_day():
    meter = Meter()
    for operation in ("list", "list", "search"):
        meter.count(operation)
    meter.throttled()
    meter.told(1_000_000, 4000)
    usage = meter.usage()
    assert (usage.calls, usage.by_operation, usage.throttled) == (3, {"list": 2, "search": 1}, 1)
    assert (usage.daily_limit, usage.daily_used) == (1_000_000, 4000)


@pytest.fixture(params=["inline", "threads"])
def calls(request):
    if request.param == "inline":
        yield Calls()
        return
    with ThreadPoolExecutor(3) as pool:
        yield Calls(pool)


def test_answers_come_in_the_order_of_the_questions(calls):
    assert calls.map(lambda number: number * number, list(range(20))) == [n * n for n in range(20)]


def test_a_fault_of_one_call_is_raised(calls):
    def call(number):
        if number == 3:
            raise Transient("503")
        return number

    with pytest.raises(Transient):
        calls.map(call, list(range(6)))


def test_chains_of_pages_are_followed_to_their_ends(calls):
    def page(at):
        return at, [at + 1] if at % 10 < 9 else []

    pages = list(calls.walk(page, [0, 10, 20, 30]))
    assert sorted(pages) == list(range(40))
    assert [each for each in pages if each < 10] == list(range(10))


def test_a_slow_reader_keeps_no_more_than_a_page_a_chain_in_memory():
    with ThreadPoolExecutor(8) as pool:
        asked = []

        def page(at):
            asked.append(at)
            return at, [at + 1]

        walk = Calls(pool).walk(page, [0, 1000])
        for taken in range(1, 30):
            next(walk)
            assert len(asked) <= taken + 4
        walk.close()


def test_a_page_may_fork_into_two_chains(calls):
    def page(span):
        low, high = span
        middle = (low + high) // 2
        return low, [(low + 1, middle), (middle, high)] if high - low > 1 and middle > low + 1 else (
            [(low + 1, high)] if high - low > 1 else []
        )

    assert sorted(calls.walk(page, [(0, 50)])) == list(range(50))
