"""What was agreed on, raced: workers at the same moment, crashes, lost answers. Each decision is taken once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.core.journey import Entry, Named
from connector.engine import apply as applying
from connector.engine import sync
from connector.engine.cases import cases_of
from connector.errors import Transient
from connector.storage import dirty, journeys
from tests.contract.fake_side import Fault
from tests.core.courses import ANNE
from tests.engine.agreeing import (
    both,
    decisions,
    effects_of,
    in_salesforce,
)
from tests.engine.town import Town


def meanwhile(town: Town, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Something happens once, between the planning and the writing of a batch."""
    waiting = [act]
    real = applying._prepare

    def prepare(*args: Any) -> Any:
        while waiting:
            waiting.pop()()
        return real(*args)

    monkeypatch.setattr(applying, "_prepare", prepare)


def test_a_journey_that_has_gone_on_meanwhile_is_looked_at_again(agreed: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")

    def named() -> None:
        with agreed.database.begin() as conn:
            now = agreed.clock.now()
            journeys.append(conn, [Entry(contact, now, now, Named("user"))])

    meanwhile(agreed, monkeypatch, named)
    run = agreed.once()
    assert run.counts["raced"] == 1
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    assert in_salesforce(agreed, lead)["Persona"] == "The User"


def test_a_decision_that_another_worker_took_at_the_same_moment_is_taken_once(
    agreed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    (mine,) = cases_of(agreed.bridge, [contact])
    agreed.once()
    monkeypatch.setattr(journeys, "latest", lambda *_: dict(mine.following.latest))  # not committed yet, as it looks
    with sync.recorded(agreed.bridge, "once", "late", approved=True) as run:
        applying.apply(agreed.bridge, [mine], run)
    assert run.counts["raced"] == 1
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    with agreed.database.read() as conn:
        assert {claim.ref for claim in dirty.sample(conn, 10)} == {contact, lead}


def test_a_write_that_was_lost_is_wished_again_and_nothing_is_decided_twice(agreed: Town) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    agreed.salesforce.faults.append(Fault("write", Transient("gone"), times=1))
    agreed.once()
    agreed.once()
    assert in_salesforce(agreed, lead)["Stage"] == "MQL"
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    assert agreed.dirty() == 0


def test_a_crash_between_remembering_and_writing_costs_another_pass_only(
    agreed: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, lead = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    with monkeypatch.context() as crashing:
        crashing.setattr(applying, "carry_out", _crash)
        with pytest.raises(KeyboardInterrupt):
            agreed.once()
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    agreed.once()
    assert in_salesforce(agreed, lead)["OwnerId"] == ANNE
    assert decisions(agreed, contact, lead) == ["lead", "mql", f"to {ANNE}"]
    writes = agreed.writes()
    agreed.once()
    agreed.full()
    assert agreed.writes() == writes


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_tasks_are_kept_with_the_decision_that_sets_them_off(agreed: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    contact, _ = both(agreed, life="lead")
    agreed.hubspot.edit(contact, score="60")
    with monkeypatch.context() as crashing:
        crashing.setattr(applying, "carry_out", _crash)
        with pytest.raises(KeyboardInterrupt):
            agreed.once()
    assert len(effects_of(agreed)) == 1
    agreed.once()
    assert len(agreed.salesforce.todos) == 1
