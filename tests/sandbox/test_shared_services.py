"""The shared clock, the write log and the fault rules."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from connector.sandbox.exchange import Request
from connector.sandbox.services import Fault, Faults, SandboxClock, Services, WriteLog

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


class Ticking:
    """A base clock that moves when told."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def base() -> Ticking:
    return Ticking()


@pytest.fixture
def clock(base: Ticking) -> SandboxClock:
    return SandboxClock(base)


@pytest.fixture
def log(clock: SandboxClock) -> WriteLog:
    return WriteLog(clock)


def wrote(log: WriteLog, actor: str = "api:bridge", side: str = "hubspot", **changes) -> int:
    return log.append(side=side, actor=actor, operation="update", object="contacts", id="501", changes=changes)


def test_the_clock_follows_its_base_and_speaks_utc(clock: SandboxClock, base: Ticking) -> None:
    base.at = datetime(2026, 11, 2, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert clock.now() == datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_advancing_adds_up_and_the_base_still_moves_time(clock: SandboxClock, base: Ticking) -> None:
    clock.advance(60)
    assert clock.advance(30.5) == START + timedelta(seconds=90.5)
    base.at += timedelta(seconds=10)
    assert clock.now() == START + timedelta(seconds=100.5)


def test_a_frozen_clock_stands_until_advanced_and_runs_on_from_there_when_thawed(
    clock: SandboxClock, base: Ticking
) -> None:
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    clock.freeze(moment)
    base.at += timedelta(hours=1)
    assert clock.now() == moment
    clock.advance(5)
    assert (clock.frozen, clock.now()) == (True, moment + timedelta(seconds=5))
    clock.freeze(None)
    base.at += timedelta(seconds=1)
    assert (clock.frozen, clock.now()) == (False, moment + timedelta(seconds=6))


def test_thawing_a_running_clock_changes_nothing(clock: SandboxClock) -> None:
    clock.advance(7)
    clock.freeze(None)
    assert clock.now() == START + timedelta(seconds=7)


def test_time_never_runs_backwards_and_is_never_naive(clock: SandboxClock) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="aware"):
        clock.freeze(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test
    assert clock.now() == START


def test_the_log_tells_who_changed_what_and_when_in_order(log: WriteLog, clock: SandboxClock) -> None:
    assert wrote(log, email="a@b.example") == 1
    clock.advance(1.5)
    assert wrote(log, actor="user:7", side="salesforce", Title=None) == 2
    assert log.entries() == [
        {
            "seq": 1,
            "at": "2026-11-02T08:00:00.000Z",
            "side": "hubspot",
            "actor": "api:bridge",
            "operation": "update",
            "object": "contacts",
            "id": "501",
            "changes": {"email": "a@b.example"},
        },
        {
            "seq": 2,
            "at": "2026-11-02T08:00:01.500Z",
            "side": "salesforce",
            "actor": "user:7",
            "operation": "update",
            "object": "contacts",
            "id": "501",
            "changes": {"Title": None},
        },
    ]


def test_the_log_can_be_read_on_from_a_line_and_by_side_or_actor(log: WriteLog) -> None:
    for number in range(6):
        wrote(log, actor=f"user:{number % 2}", side=("hubspot", "salesforce")[number % 3 == 0], n=number)
    assert [line["seq"] for line in log.entries(after=4)] == [5, 6]
    assert [line["changes"]["n"] for line in log.entries(side="salesforce")] == [0, 3]
    assert [line["seq"] for line in log.entries(after=1, actor="user:1", limit=2)] == [2, 4]
    assert log.entries(after=99) == []


def test_writes_are_counted_by_the_beginning_of_the_actor(log: WriteLog) -> None:
    for actor in ("api:bridge", "api:other", "user:1", "automation"):
        wrote(log, actor=actor)
    assert (log.count("api:"), log.count("api:bridge"), log.count(), len(log)) == (2, 1, 4, 4)


def test_what_a_caller_does_to_its_changes_later_does_not_rewrite_the_log(log: WriteLog) -> None:
    changes = {"phone": "1"}
    log.append(side="hubspot", actor="automation", operation="update", object="contacts", id="1", changes=changes)
    changes["phone"] = "2"
    assert log.entries()[0]["changes"] == {"phone": "1"}


def test_lines_written_from_many_threads_are_all_there(log: WriteLog) -> None:
    writers = [threading.Thread(target=lambda: [wrote(log, n=n) for n in range(200)]) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [line["seq"] for line in log.entries()] == list(range(1, 1601))
    assert log.count("api:bridge") == 1600


READ = Request("POST", "/crm/v3/objects/contacts/batch/read")
WRITE = Request("POST", "/crm/v3/objects/contacts/batch/update")


@pytest.mark.parametrize(
    ("fault", "strikes"),
    [
        pytest.param(Fault("reset"), True, id="a rule without conditions strikes everything"),
        pytest.param(Fault("reset", side="salesforce"), False, id="another side is spared"),
        pytest.param(Fault("reset", method="post", path="batch/"), True, id="method in any case, path as a pattern"),
        pytest.param(Fault("reset", method="GET"), False, id="another method is spared"),
        pytest.param(Fault("reset", path="batch/update$"), False, id="another path is spared"),
        pytest.param(Fault("reset", rate=0.0), False, id="a rate of nought never strikes"),
        pytest.param(Fault("reset", after_commit=True), False, id="a rule for after the commit waits for it"),
    ],
)
def test_a_rule_strikes_the_calls_it_speaks_of(fault: Fault, *, strikes: bool) -> None:
    faults = Faults(1)
    faults.add(fault)
    assert (faults.before("hubspot", READ) is fault) is strikes


def test_a_rule_for_after_the_commit_strikes_only_there() -> None:
    faults = Faults(1)
    fault = Fault("reset", after_commit=True)
    faults.add(fault)
    assert (faults.before("hubspot", WRITE), faults.after("hubspot", WRITE)) == (None, fault)


def test_a_rule_with_times_wears_out_and_shows_its_hits() -> None:
    faults = Faults(1)
    number = faults.add(Fault("status", times=2))
    struck = [faults.before("hubspot", READ) is not None for _ in range(4)]
    assert struck == [True, True, False, False]
    assert [(each, hits) for each, _, hits in faults.active()] == [(number, 2)]


def test_the_same_seed_strikes_the_same_calls() -> None:
    def pattern(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("reset", rate=0.3))
        return [faults.before("hubspot", READ) is not None for _ in range(200)]

    assert pattern(5) == pattern(5) != pattern(6)
    assert 30 < sum(pattern(5)) < 90


def test_one_rule_can_be_lifted_and_the_others_stay() -> None:
    faults = Faults(1)
    first, second = faults.add(Fault("reset", path="read")), faults.add(Fault("reset", path="update"))
    assert faults.clear(first) == 1
    assert [number for number, _, _ in faults.active()] == [second]
    assert (faults.clear(), faults.active()) == (1, [])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": "explode"}, "'explode' is none of"),
        ({"kind": "reset", "rate": 1.5}, "not between 0 and 1"),
        ({"kind": "reset", "path": "("}, "not a regular expression"),
        ({"kind": "status", "params": {"status": "500"}}, "not a status"),
        ({"kind": "status", "params": {"status": 99}}, "not a status"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_made(fields, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Fault(**fields)


def test_services_of_one_seed_roll_alike(base: Ticking) -> None:
    rolls = [[Services.of(seed, base).random.random() for _ in range(3)] for seed in (1, 1, 2)]
    assert rolls[0] == rolls[1] != rolls[2]
