"""A token, a day or a short quota that ends at each call of a run, and calls that hang or drip."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connector.core.refs import Side
from connector.errors import BridgeError, RateLimited, Transient, Unauthorised
from connector.sandbox.services import Fault
from tests.faults.gate import Strike, from_nth, on
from tests.faults.kinds import KINDS
from tests.faults.scenes import Scene, arrivals
from tests.faults.trial import trial
from tests.misbehaviour.rig import Before, in_step, nobody_lost, nobody_twice
from tests.misbehaviour.storms import hubspot_limit

EVERYDAY = Scene("everyday", (), arrivals)


REFUSALS = {Side.HUBSPOT: KINDS["hubspot 401"].fault, Side.SALESFORCE: KINDS["salesforce 401-policy"].fault}


QUOTAS = {Side.HUBSPOT: KINDS["hubspot 429-daily"].fault, Side.SALESFORCE: KINDS["salesforce 403-total"].fault}


POINTS_MAX = 60  # no run here makes as many calls


QUIET = 10  # calls of a side that refuses us: those under way already, and one with a token brought anew


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("refusals", "told"),
    [(REFUSALS, Unauthorised), (QUOTAS, RateLimited)],
    ids=["a token dies", "the day's calls end"],
)
def test_what_ends_at_any_call_of_a_run_costs_nothing_but_the_rest_of_that_run(
    refusals: Mapping[Side, Fault], told: type[BridgeError], side: Side
) -> None:
    points = 0
    with trial(EVERYDAY, 4) as played:
        for number in range(1, POINTS_MAX):
            played.act()
            error = played.run(from_nth(side, number, refusals[side]))
            if not played.gate.struck:
                break
            points += 1
            assert isinstance(error, told), f"call {number}: {error!r}"
            assert played.gate.struck <= QUIET, f"call {number}: {dict(played.gate.names)}"
            played.lift()
            played.recover()
        played.end()
    assert points > 5


@pytest.mark.parametrize("side", Side)
def test_a_day_that_ends_at_any_call_of_a_first_sync_is_waited_out(side: Side) -> None:
    for number in range(1, POINTS_MAX):
        with trial(Scene("first", ()), 1, begun=False) as played:
            stage, before = played.stage, Before.of(played.stage)
            error = played.run(from_nth(side, number, QUOTAS[side]))
            if not played.gate.struck:
                break
            assert isinstance(error, RateLimited), f"call {number}: {error!r}"
            assert played.gate.struck <= QUIET, f"call {number}: {dict(played.gate.names)}"
            played.lift()
            assert played.run() is None
            assert stage.waiting() == 0
            nobody_lost(stage, before)
            nobody_twice(stage, before)
            in_step(stage)
    assert number > 6
    assert error is None


PASSING = {
    "ten seconds": (Side.HUBSPOT, Fault(**hubspot_limit("rolling"))),
    "one second": (Side.HUBSPOT, Fault(**hubspot_limit("secondly"))),
    "concurrent calls": (Side.SALESFORCE, KINDS["salesforce 403-concurrent"].fault),
}


@pytest.mark.parametrize("quota", PASSING)
def test_a_short_quota_that_ends_at_any_call_is_waited_out_by_itself_or_by_the_next_run(quota: str) -> None:
    side, fault = PASSING[quota]

    def once(number: int) -> Strike:
        return lambda call: fault if call.side is side and call.number == number else None

    with trial(EVERYDAY, 4) as played:
        for number in range(1, POINTS_MAX):
            played.act()
            error = played.run(once(number))
            if not played.gate.struck:
                break
            if side is Side.HUBSPOT:
                assert error is None, f"call {number}: {error!r}"
            assert error is None or type(error) is RateLimited, f"call {number}: {error!r}"
            played.stage.clock.advance(120)
            played.recover()
        assert number > 6
        played.end()


@pytest.mark.parametrize("kind", ["hang", "trickle"])
@pytest.mark.parametrize("side", Side)
def test_a_call_that_hangs_or_drips_is_given_up_at_the_read_timeout_and_tried_again(side: Side, kind: str) -> None:
    fault = Fault(kind=kind, side=side.value, params={"seconds": 30} if kind == "hang" else {})
    timeouts = {each.value: {"timeouts": {"connect_s": 5, "read_s": 0.2}} for each in Side}  # bytes drip each 0.25 s
    with trial(Scene("slow", (), arrivals, settings=timeouts), 4) as played:
        for name in [each for each in USUAL if each.startswith(side.value)]:
            played.act()
            error = played.run(on(name, [fault], times=1))
            assert error is None or type(error) is Transient, f"{name}: {error!r}"
            assert played.gate.struck == 1, name
            played.lift()
            played.recover()
        in_step(played.stage)


USUAL = (
    "hubspot search",
    "hubspot batch read",
    "hubspot batch update",
    "hubspot batch upsert",
    "salesforce composite",
    "salesforce collections update",
    "salesforce collections upsert",
)
