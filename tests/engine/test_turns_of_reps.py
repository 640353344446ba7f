"""Whose turn it is among the reps: even, within what a pool allows, and never somebody who may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector.core.definition import Pool
from connector.core.plan import IssueKind
from connector.engine.rota import Rota
from tests.core.courses import ANNE, BOB, HANDOFF, POOL, ROBOT
from tests.engine.agreeing import (
    agree,
    decisions,
    handed,
    in_salesforce,
)
from tests.engine.agreeing import timer as next_timer
from tests.engine.town import Town

HOUR = timedelta(hours=1)


def test_those_handed_over_in_one_batch_take_turns_with_the_reps(agreed: Town) -> None:
    people = [agreed.contact(email=f"p{number}@x.com", lastname="P", life="mql") for number in range(4)]
    agreed.full()
    owners = [decisions(agreed, ref)[-1] for ref in people]
    assert sorted(owners) == [f"to {ANNE}", f"to {ANNE}", f"to {BOB}", f"to {BOB}"]


def test_whose_last_one_lies_longest_ago_is_next(agreed: Town) -> None:
    handed(agreed, ANNE, BOB, ANNE)
    rota = Rota(agreed.bridge, agreed.clock.now())
    assert [rota.choose(POOL, frozenset()) for _ in range(3)] == [BOB, ANNE, BOB]


def test_nobody_gets_more_than_the_pool_allows_in_one_of_its_days(agreed: Town) -> None:
    handed(agreed, ANNE, ANNE, BOB)
    pool = replace(POOL, per_day=2, zone="Europe/Berlin")
    rota = Rota(agreed.bridge, agreed.clock.now())
    assert [rota.choose(pool, frozenset()) for _ in range(2)] == [BOB, None]
    tomorrow = Rota(agreed.bridge, agreed.clock.now() + 24 * HOUR)
    assert tomorrow.choose(pool, frozenset()) in {ANNE, BOB}


def test_who_has_left_or_must_never_own_a_lead_is_not_chosen(agreed: Town) -> None:
    agreed.bridge = replace(agreed.bridge, reps=frozenset({BOB, ROBOT}))
    pool = Pool("all", (ROBOT, ANNE, BOB))
    assert Rota(agreed.bridge, agreed.clock.now()).choose(pool, frozenset()) == BOB
    assert Rota(agreed.bridge, agreed.clock.now()).choose(pool, frozenset({BOB})) is None


def test_whom_nobody_can_be_found_for_is_shown_and_tried_again_by_the_clock(agreed: Town) -> None:
    agree(agreed, handoff=replace(HANDOFF, fallback=None))
    agreed.bridge = replace(agreed.bridge, reps=frozenset())
    agreed.contact(email="ann@x.com", lastname="Archer", life="mql")
    assert agreed.full().needs_a_person
    ((_, lead),) = agreed.links()
    assert [stored.issue.kind for stored in agreed.issues()] == [IssueKind.UNOWNED]
    agreed.bridge = replace(agreed.bridge, reps=frozenset({BOB}))
    agreed.clock.sleep(2 * HOUR.total_seconds())
    agreed.once()
    assert in_salesforce(agreed, lead)["OwnerId"] == BOB
    assert agreed.issues() == []
    assert next_timer(agreed) is None
