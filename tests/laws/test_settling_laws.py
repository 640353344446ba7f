"""Law 5: apply, plan again, nothing to do; even when remotes rewrite values and processes die between the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from connector.core.agreement import sending, settle
from connector.core.merge import same
from connector.core.plan import Memory, Update
from connector.core.planning import Subject, plan
from connector.core.readings import Reading
from connector.core.refs import Side
from tests.laws.worlds import NORMALISERS, World, pair, world


@dataclass
class Remote:
    """A CRM that keeps one record, rewrites what it is given, and may say what it made of it."""

    reading: Reading
    rewrite: Callable[[str], str]
    tells: bool

    def write(self, step: Update):
        held = {change.field: change.after and self.rewrite(change.after) for change in step.changes}
        self.reading = replace(self.reading, values={**self.reading.values, **held})
        side = self.reading.ref.side
        return {(side, name): value for name, value in held.items()} if self.tells else {}


@dataclass
class Bridge:
    """The pass of the engine, without the engine."""

    drawn: World
    hubspot: Remote
    salesforce: Remote
    memory: Memory

    def turn(self, *, dies: bool = False):
        """One pass; when it dies, after the writes and before it is recorded that they succeeded."""
        subject = Subject(self.hubspot.reading, self.salesforce.reading, self.memory, settled=self.drawn.settled)
        made = plan(pair(self.drawn.rules), subject)
        self.memory = sending(self.memory, made)
        written, told = [], {}
        for step in made.steps:
            if isinstance(step, Update):
                remote = self.hubspot if step.ref.side is Side.HUBSPOT else self.salesforce
                told.update(remote.write(step))
                written.extend(step.changes)
        if not dies:
            self.memory = settle(self.memory, made, written, told=told)
        return made


def bridge(drawn: World, rewrites: tuple[Callable[[str], str], Callable[[str], str]]) -> Bridge:
    """HubSpot answers a write with what it holds; Salesforce says only that it is done."""
    ours, theirs = rewrites
    return Bridge(drawn, Remote(drawn.left, ours, tells=True), Remote(drawn.right, theirs, tells=False), drawn.memory)


def untouched(text: str) -> str:
    return text


@given(world())
def test_what_was_applied_need_not_be_applied_again(drawn: World) -> None:
    """With remotes that keep what they are given, the second pass is empty."""
    machine = bridge(drawn, (untouched, untouched))
    machine.turn()
    assert not machine.turn().writes


@given(world(), st.tuples(st.sampled_from(NORMALISERS), st.sampled_from(NORMALISERS)))
def test_two_passes_settle_even_if_each_remote_rewrites(drawn: World, rewrites) -> None:
    """Upper case against lower case, cut against spaced: whatever they do, the third pass writes nothing."""
    machine = bridge(drawn, rewrites)
    machine.turn()
    machine.turn()
    assert not machine.turn().writes


@given(world(), st.tuples(st.sampled_from(NORMALISERS), st.sampled_from(NORMALISERS)), st.integers(1, 3))
def test_dying_before_success_is_recorded_only_costs_passes(drawn: World, rewrites, deaths: int) -> None:
    """However often the process dies after its writes, it settles within two passes once it lives."""
    machine = bridge(drawn, rewrites)
    for _ in range(deaths):
        machine.turn(dies=True)
    machine.turn()
    machine.turn()
    machine.turn()
    assert not machine.turn().writes


@given(world(), st.integers(0, 2))
def test_settled_sides_agree_or_say_why_not(drawn: World, deaths: int) -> None:
    """Once nothing is written any more, each rule is the same on both sides, at its base, or shown."""
    machine = bridge(drawn, (untouched, untouched))
    for _ in range(deaths):
        machine.turn(dies=True)
    machine.turn()
    machine.turn()
    last = machine.turn()
    shown = set(last.left_alone) | {step.issue.rule for step in last.steps}
    for each in drawn.rules:
        ours, theirs = last.hubspot.values[each.hubspot], last.salesforce.values[each.salesforce]
        agreed = machine.memory.base.get(each.name)
        at_base = agreed is not None and (ours, theirs) == (agreed.hubspot, agreed.salesforce)
        assert each.name in shown or at_base or same(each, ours, theirs)


@given(world())
def test_a_settled_memory_is_kept_as_it_is(drawn: World) -> None:
    """A pass without news returns the very memory it was given, so that nothing need be stored."""
    machine = bridge(drawn, (untouched, untouched))
    machine.turn()
    machine.turn()
    before = machine.memory
    machine.turn()
    assert machine.memory is before
