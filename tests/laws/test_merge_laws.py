"""The laws of architecture section 6 that hold for every merge."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st

from connector.core.changes import Standing, standing
from connector.core.mapping import Blank, Direction, Refusal
from connector.core.merge import Merge, merge, same, translated
from connector.core.plan import Agreed, Because, Memory
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Kind
from tests.laws.worlds import HUBSPOT, SALESFORCE, World, decision, rule, swapped, swapped_merge, values, world


def merged(given: World) -> Merge:
    return merge(given.rules, given.memory, given.left, given.right, given.settled)


def changes(result: Merge):
    return [*result.to_hubspot, *result.to_salesforce]


@given(world())
def test_sides_that_say_what_they_agreed_on_need_nothing(drawn: World) -> None:
    """Law 1, identity: nothing edited, nothing done, whatever the values and the rules are."""
    lefts, rights = drawn.left.values, drawn.right.values
    base = {each.name: Agreed(lefts[each.hubspot], rights[each.salesforce]) for each in drawn.rules}
    assert merge(drawn.rules, Memory(base, drawn.memory.sent), drawn.left, drawn.right) == Merge()


@given(world())
def test_swapping_the_sides_swaps_the_merge(drawn: World) -> None:
    """Law 2, symmetry: the merge favours nobody. A Salesforce checkbox alone has no blank."""
    assume(all(each.kind is not Kind.BOOLEAN for each in drawn.rules))
    assert decision(merged(swapped(drawn))) == swapped_merge(merged(drawn))


@given(world())
def test_every_value_written_is_one_of_the_readings(drawn: World) -> None:
    """Law 3, conservation: what is written is what the other side says now, translated."""
    by_name = {each.name: each for each in drawn.rules}
    readings = {Side.HUBSPOT: drawn.left, Side.SALESFORCE: drawn.right}
    for change in changes(merged(drawn)):
        each = by_name[change.rule]
        assert change.before == readings[change.side].values[each.field_on(change.side)]
        assert change.origin == readings[change.side.other].values[each.field_on(change.side.other)]
        assert change.after == translated(each, change.side, change.origin)
        assert change.after != change.before


@given(world())
def test_no_edit_vanishes(drawn: World) -> None:
    """Law 3 again: an edit travels, is agreed, loses on record, is refused, or is shown; never nothing."""
    result = merged(drawn)
    told = {change.rule for change in changes(result)} | set(result.agreed) | set(result.left_alone)
    told |= {issue.rule for issue in result.conflicts + result.refusals}
    for each in drawn.rules:
        agreed = drawn.memory.base.get(each.name)
        ours, theirs = drawn.left.values[each.hubspot], drawn.right.values[each.salesforce]
        if agreed is None or Standing.EDITED in (
            standing(each, ours, agreed.hubspot, drawn.memory.sent.get(Side.HUBSPOT, {}).get(each.name, ())),
            standing(each, theirs, agreed.salesforce, drawn.memory.sent.get(Side.SALESFORCE, {}).get(each.name, ())),
        ):
            assert each.name in told


@given(rule(), st.data(), st.sampled_from(Side))
def test_a_one_sided_edit_carries_over(each, data: st.DataObject, editor: Side) -> None:
    """Law 4: an edit of one side reaches the other, or it is said why the value must not travel."""
    assume(each.direction.allows(editor.other))
    before, after = data.draw(values(each.kind)), data.draw(values(each.kind))
    other = translated(each, editor.other, before)
    assume(not isinstance(other, Refusal) and each.comparison(before) != each.comparison(after))
    assume(after is not None or each.blank is Blank.CLEAR)
    ours = editor is Side.HUBSPOT
    agreed = Agreed(before, other) if ours else Agreed(other, before)
    lefts, rights = {each.hubspot: after if ours else other}, {each.salesforce: other if ours else after}
    assume(not same(each, lefts[each.hubspot], rights[each.salesforce]))
    found = merge(
        [each],
        Memory({each.name: agreed}),
        Reading(HUBSPOT, values=lefts),
        Reading(SALESFORCE, values=rights),
    )
    expected = translated(each, editor.other, after)
    if isinstance(expected, Refusal):
        assert [(issue.rule, issue.code) for issue in found.refusals] == [(each.name, expected.code)]
    elif expected is None and each.blank is Blank.KEEP:
        assert found.left_alone == [each.name]
    else:
        (change,) = changes(found)
        assert (change.side, change.after, change.because) == (editor.other, expected, Because.EDITED)


@given(world())
def test_nothing_is_written_backwards_or_beside_the_rules(drawn: World) -> None:
    """Law 6, non-interference: only fields of rules, only in directions the rule allows."""
    by_name = {each.name: each for each in drawn.rules}
    for change in changes(merged(drawn)):
        each = by_name[change.rule]
        assert each.direction.allows(change.side)
        assert change.field == each.field_on(change.side)


@given(world())
def test_keep_never_erases(drawn: World) -> None:
    """With `blank: keep` a blank never travels, so nothing is ever erased."""
    keeping = {each.name for each in drawn.rules if each.blank is Blank.KEEP}
    assert all(change.after is not None for change in changes(merged(drawn)) if change.rule in keeping)


@given(world())
def test_a_side_named_by_policy_is_never_overruled(drawn: World) -> None:
    """Where policy was asked, the value written is that of the side it names, or that a person chose."""
    by_name = {each.name: each for each in drawn.rules}
    for change in changes(merged(drawn)):
        each = by_name[change.rule]
        if change.because is Because.WINS_BY_POLICY and each.direction is Direction.BOTH:
            assert change.side.other.value == each.policy.value
        if change.because is Because.SETTLED:
            assert change.side.other is drawn.settled[change.rule]


@given(world())
def test_rules_are_decided_each_on_its_own(drawn: World) -> None:
    """Law 7, commuting: the order of rules changes nothing but the order of the answer."""
    alone = [replace_rules(drawn, (each,)) for each in drawn.rules]
    for order in permutations(range(len(alone))):
        together = merged(replace_rules(drawn, tuple(drawn.rules[place] for place in order)))
        assert changes(together) == [
            change
            for side in ("to_hubspot", "to_salesforce")
            for place in order
            for change in getattr(merged(alone[place]), side)
        ]
        assert together.left_alone == [name for place in order for name in merged(alone[place]).left_alone]


def replace_rules(drawn: World, rules) -> World:
    return replace(drawn, rules=rules)
