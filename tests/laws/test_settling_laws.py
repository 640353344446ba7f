"""Law 5: apply, plan again, nothing to do; even when remotes rewrite values and processes die between the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from connector.core.agreement import sending, settle
from connector.core.mapping import Refusal
from connector.core.merge import same, translated
from connector.core.plan import Agreed, Memory, Update
from connector.core.planning import Subject, plan
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Kind
from tests.laws.worlds import NORMALISERS, POOLS, World, pair, world


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

    def turn(self, *, dies: bool = False, before_recording: Callable[[], None] | None = None):
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
        if before_recording:
            before_recording()
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


EDITS = st.sampled_from(("left", "right", "pass", "death", "late left", "late right"))


@given(world(), st.lists(EDITS, max_size=12), st.tuples(st.sampled_from(NORMALISERS[:5]), st.just(untouched)))
def test_any_story_comes_to_rest(drawn: World, story: list[str], rewrites) -> None:
    """Edits, passes, deaths, and edits that come before a pass is recorded, in any order; then the world drains."""
    machine = bridge(drawn, rewrites)
    for number, event in enumerate(story):
        match event:
            case "left" | "right":
                _edit(machine, event, number)
            case "pass" | "death":
                machine.turn(dies=event == "death")
            case _:
                machine.turn(before_recording=lambda e=event, n=number: _edit(machine, e.split()[1], n))
    machine.turn()
    machine.turn()
    machine.turn()
    assert not machine.turn().writes


@given(world(), st.lists(st.sampled_from(("left", "pass", "death", "late left")), max_size=8))
def test_edits_of_one_side_all_arrive_whatever_dies(drawn: World, story: list[str]) -> None:
    """Nobody touches Salesforce: HubSpot keeps its last word, and Salesforce hears it or it is shown why not.

    An echo of an earlier word of HubSpot, taken for an edit of Salesforce, would win by policy and undo the last one.
    """
    machine = bridge(in_agreement(drawn), (untouched, untouched))
    number = 0
    for number, event in enumerate(story, start=1):
        match event:
            case "left":
                _edit(machine, "left", number)
            case "late left":
                machine.turn(before_recording=lambda n=number: _edit(machine, "left", n))
            case _:
                machine.turn(dies=event == "death")
    _edit(machine, "left", number + 1)
    last_word = machine.hubspot.reading.values
    for _ in range(3):
        last = machine.turn()
    shown = {step.issue.rule for step in last.steps} | set(last.left_alone)
    for each in drawn.rules:
        if each.direction.allows(Side.SALESFORCE):
            assert machine.hubspot.reading.values[each.hubspot] == last_word[each.hubspot]
            there = machine.salesforce.reading.values[each.salesforce]
            assert each.name in shown or same(each, last_word[each.hubspot], there)


def in_agreement(drawn: World) -> World:
    """The same rules and HubSpot record, with a Salesforce record that agrees."""
    rights, base = {}, {}
    for each in drawn.rules:
        ours = drawn.left.values[each.hubspot]
        theirs = translated(each, Side.SALESFORCE, ours)
        rights[each.salesforce] = None if isinstance(theirs, Refusal) else theirs
        if same(each, ours, rights[each.salesforce]):
            base[each.name] = Agreed(ours, rights[each.salesforce])
    return replace(drawn, memory=Memory(base), right=replace(drawn.right, values=rights), settled={})


def _edit(machine: Bridge, side: str, number: int) -> None:
    """Somebody gives every field of one side a value never seen before, where the kind has so many."""
    remote = machine.hubspot if side == "left" else machine.salesforce
    made = {}
    for each in machine.drawn.rules:
        pool = POOLS[each.kind]
        fresh = f"{side} {number}" if each.kind is Kind.TEXT else pool[number % len(pool)]
        made[each.field_on(remote.reading.ref.side)] = fresh
    remote.reading = replace(remote.reading, values={**remote.reading.values, **made})
