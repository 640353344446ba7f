"""A side that keeps failing cannot keep a run from ending: it ends in time, says why, and asks no more than it must."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connector import ports
from connector.engine.reconcile import PATIENCE
from connector.errors import Transient
from tests.engine.town import Town

CALLS_MAX = 60  # of one run; a run that spins makes thousands


def test_creates_that_keep_failing_do_not_keep_a_run_from_ending(town: Town) -> None:
    town.sync()
    town.contact(email="a@x.test")
    town.salesforce.fail("write", Transient("the line broke"), times=5_000)
    with pytest.raises(Transient, match="line broke"):
        town.sync()
    assert town.salesforce.calls["write"] < CALLS_MAX
    assert town.salesforce.calls["find"] < CALLS_MAX
    town.salesforce.faults.clear()
    town.clock.sleep(86_400)
    town.sync()
    assert len(town.salesforce.live("Lead")) == len(town.links()) == 1
    assert town.dirty() == 0


@pytest.mark.parametrize("call_s", [10, 600, 7200])
def test_a_run_whose_pauses_pass_inside_calls_ends_at_its_patience(town: Town, call_s: float) -> None:
    for name in "abcd":
        town.contact(email=f"{name}@x.test")
    town.sync()
    town.sync()
    for contact, _ in town.links():
        town.hubspot.edit(contact, jobtitle="CTO")
    town.bridge = replace(town.bridge, batch_records=1)  # each call is longer than the pause of those before it
    written, calls, begun = town.salesforce.write, [], town.clock.now()

    def write(view: ports.View, writes: Sequence[ports.Write]) -> list[ports.Outcome]:
        calls.append(len(writes))
        assert len(calls) < CALLS_MAX, "the run does not end"
        town.clock.sleep(call_s)
        return [ports.Unsure(Transient("no answer"))] * len(writes)

    town.salesforce.write = write
    with pytest.raises(Transient, match="no answer"):
        town.sync()
    assert town.clock.now() - begun <= PATIENCE + timedelta(seconds=6 * call_s)  # each had its turn
    town.salesforce.write = written
    town.clock.sleep(86_400)
    town.sync()
    assert {town.salesforce.values(lead)["Title"] for _, lead in town.links()} == {"CTO"}
    assert town.dirty() == 0
