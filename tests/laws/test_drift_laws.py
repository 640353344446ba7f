"""The audit and the merge, neither believing the other: what was brought in step has no drift, what was not has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.drifting import Known, compare
from connector.core.merge import same
from connector.core.plan import IssueKind, Plan, Raise, Update
from connector.core.planning import Subject, plan
from tests.laws.test_settling_laws import bridge, untouched
from tests.laws.worlds import NORMALISERS, World, pair, world


def shown(made: Plan) -> tuple[set[str], set[tuple[str, object, str]]]:
    """What people are told of by a plan: rules in conflict, and parked values."""
    issues = [step.issue for step in made.steps if isinstance(step, Raise)]
    conflicts = {issue.rule for issue in issues if issue.kind is IssueKind.CONFLICT}
    return conflicts, {(issue.rule, issue.side, issue.field) for issue in issues if issue.kind is IssueKind.PARKED}


@given(world(), st.sampled_from(NORMALISERS[:-1]), st.sampled_from(NORMALISERS[:-1]))
def test_what_was_brought_in_step_has_no_drift(drawn: World, ours, theirs) -> None:
    """Whatever the remotes make of what they are given, as long as they come to rest."""
    machine = bridge(drawn, (ours, theirs))
    for _ in range(6):
        made = machine.turn()
    asked, parked = shown(made)
    known = Known(machine.memory, asked, parked)
    if not made.writes:
        assert compare(pair(drawn.rules), known, machine.hubspot.reading, machine.salesforce.reading).drifted == ()


@given(world())
def test_every_value_that_is_still_to_be_carried_over_is_drift(drawn: World) -> None:
    made = plan(pair(drawn.rules), Subject(drawn.left, drawn.right, drawn.memory, settled=drawn.settled))
    changes = [change for step in made.steps if isinstance(step, Update) for change in step.changes if change.rule]
    rules = {rule.name: rule for rule in drawn.rules}
    apart = {
        change.rule
        for change in changes
        if not same(
            rules[change.rule],
            drawn.left.values[rules[change.rule].hubspot],
            drawn.right.values[rules[change.rule].salesforce],
        )
    }
    found = compare(pair(drawn.rules), Known(drawn.memory), drawn.left, drawn.right)
    assert apart <= {one.rule for one in found.drifted}


@given(world())
def test_a_difference_is_drift_or_explained_and_never_both(drawn: World) -> None:
    found = compare(pair(drawn.rules), Known(drawn.memory), drawn.left, drawn.right)
    drifted = {one.rule for one in found.drifted}
    assert not drifted & found.explained.keys()
    assert compare(pair(drawn.rules), Known(drawn.memory, pending=True), drawn.left, drawn.right).drifted == ()


@given(world())
def test_two_that_agree_never_drift(drawn: World) -> None:
    machine = bridge(drawn, (untouched, untouched))
    machine.turn()
    again = compare(pair(drawn.rules), Known(machine.memory), machine.hubspot.reading, machine.salesforce.reading)
    for one in again.drifted:
        rule = next(rule for rule in drawn.rules if rule.name == one.rule)
        left, right = machine.hubspot.reading.values, machine.salesforce.reading.values
        assert not same(rule, left[rule.hubspot], right[rule.salesforce])
