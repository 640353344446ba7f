"""Which writes of one field are taken back, and how far; and what is remembered while it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.changes import Standing, standing
from connector.core.comparison import comparison
from connector.core.mapping import Blank, Rule
from connector.core.plan import Agreed, Because, Change, Memory
from connector.core.readings import Reading
from connector.core.refs import Side, hubspot, salesforce
from connector.core.transforms import identity
from connector.core.undoing import TakenBack, Wrote, as_it_will_stand, take_back, written_over
from connector.core.values import Kind, Value

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
LEAD, CONTACT = salesforce("Lead", "00Q000000000001AAA"), hubspot("contacts", "501")


def same(one: Value, other: Value) -> bool:
    return (one or "").casefold() == (other or "").casefold()


def wrote(run: int, before: Value, after: Value, *, chosen: bool = True, **how: bool) -> Wrote:
    return Wrote(START + timedelta(minutes=run), run, before, after, chosen, **how)


def other(run: int, before: Value, after: Value, **how: bool) -> Wrote:
    """A write that is not to be undone."""
    return wrote(run, before, after, chosen=False, **how)


def test_one_write_is_taken_back_to_what_gave_way():
    assert take_back([wrote(1, "a", "b")], "b", same) == TakenBack("a")


def test_a_blank_that_was_filled_is_blank_again():
    assert take_back([wrote(1, None, "b")], "b", same) == TakenBack(None)


def test_several_writes_are_taken_back_to_the_value_before_the_first():
    assert take_back([wrote(1, "a", "b"), wrote(2, "b", "c")], "c", same) == TakenBack("a")


def test_another_spelling_of_the_value_is_no_change():
    assert take_back([wrote(1, "a", "Bee")], "BEE", same) == TakenBack("a")


def test_what_somebody_has_changed_since_stays():
    last = wrote(1, "a", "b")
    assert take_back([last], "c", same) == TakenBack("c", "somebody else has changed it since", last)


def test_what_says_already_what_it_said_is_left_as_it_is():
    assert take_back([wrote(1, "a", "b")], "A", same) == TakenBack("A")


def test_an_edit_between_two_writes_is_where_taking_back_ends():
    first = wrote(1, "a", "b")
    found = take_back([first, wrote(2, "theirs", "c")], "c", same)
    assert (found.value, found.last) == ("theirs", first)


def test_a_later_write_that_is_not_chosen_stands():
    found = take_back([wrote(1, "a", "b"), other(2, "b", "c")], "c", same)
    assert (found.value, found.why) == ("c", "run 2 wrote it again, and is not to be undone")


def test_a_write_between_chosen_ones_is_where_taking_back_ends():
    found = take_back([wrote(1, "a", "b"), other(2, "b", "c"), wrote(3, "c", "d")], "d", same)
    assert (found.value, found.why) == ("c", "run 2 wrote it again, and is not to be undone")


def test_what_stood_before_must_be_known():
    found = take_back([wrote(1, None, "b", known=False)], "b", same)
    assert (found.value, found.why) == ("b", "what stood there before is not known")


@pytest.mark.parametrize(("now", "value"), [("b", "a"), ("a", "a")], ids=["it arrived", "it never did"])
def test_a_lost_answer_is_judged_by_what_stands_there(now: str, value: str):
    assert take_back([wrote(1, "a", "b", sure=False)], now, same) == TakenBack(value)


def test_a_lost_write_that_never_arrived_does_not_hide_the_one_before():
    assert take_back([wrote(1, "a", "b"), wrote(2, "b", "c", sure=False)], "b", same) == TakenBack("a")


def test_behind_a_later_write_one_that_never_arrived_has_nothing_to_take_back():
    assert take_back([wrote(1, "a", "b", sure=False), wrote(2, "a", "c")], "c", same) == TakenBack("a")


def test_where_nothing_is_known_to_have_arrived_everything_stays():
    assert take_back([wrote(1, None, "b", sure=False, known=False)], None, same) == TakenBack(None)


def test_an_undo_is_taken_back_like_any_write():
    assert take_back([wrote(2, "b", "a", undoing=True)], "a", same) == TakenBack("b")


def test_an_undo_that_was_undone_does_not_stand_on_what_it_took_back():
    story = [wrote(1, "a", "b"), other(2, "b", "a", undoing=True), other(3, "a", "b", undoing=True)]
    assert take_back(story, "b", same) == TakenBack("a")


def test_what_was_undone_before_and_edited_since_is_nobodys_business():
    assert take_back([wrote(1, "a", "b"), other(2, "b", "a", undoing=True)], "theirs", same) == TakenBack("theirs")


def test_a_sync_after_an_undo_stands_on_what_was_undone():
    story = [wrote(1, "a", "b"), other(2, "b", "a", undoing=True), other(3, "a", "b")]
    assert take_back(story, "b", same).why == "run 3 wrote it again, and is not to be undone"


_VALUES = st.sampled_from([None, "a", "b", "c"])
_WRITES = st.builds(
    wrote,
    st.integers(1, 9),
    _VALUES,
    _VALUES,
    chosen=st.booleans(),
    sure=st.booleans(),
    known=st.booleans(),
    undoing=st.booleans(),
)


@given(st.lists(_WRITES, min_size=1).filter(lambda story: any(one.chosen for one in story)), _VALUES)
def test_only_a_value_that_a_chosen_write_replaced_is_ever_written(story: list[Wrote], now: Value):
    found = take_back(story, now, same)
    assert found.value == now or found.value in {one.before for one in story if one.chosen and one.known}


@given(st.lists(_VALUES, min_size=2, max_size=6))
def test_a_whole_chain_goes_back_to_its_beginning(values: list[Value]):
    story = [wrote(run, *pair) for run, pair in enumerate(pairwise(values))]
    assert same(take_back(story, values[-1], same).value, values[0])


@pytest.mark.parametrize(("now", "sure", "over"), [("b", True, False), ("a", False, False), ("a", True, True)])
def test_a_field_is_written_over_when_it_no_longer_says_what_we_wrote(now: str, sure: bool, over: bool):  # noqa: FBT001  # a case
    assert written_over(wrote(1, "a", "b", sure=sure), now, same) is over


RULE = Rule("title", "jobtitle", "Title", Kind.TEXT, identity, identity, comparison(Kind.TEXT), blank=Blank.CLEAR)


def readings(ours: Value, theirs: Value) -> dict[Side, Reading]:
    return {
        Side.HUBSPOT: Reading(CONTACT, values={"jobtitle": ours}),
        Side.SALESFORCE: Reading(LEAD, values={"Title": theirs}),
    }


def back(rule: str = "title") -> Change:
    return Change(Side.SALESFORCE, "Title", rule, "b", "a", Because.UNDONE)


def stands(memory: Memory, side: Side, value: Value) -> Standing:
    agreed = memory.base["title"]
    sent = memory.sent.get(side, {}).get("title", ())
    return standing(RULE, value, agreed.hubspot if side is Side.HUBSPOT else agreed.salesforce, sent)


def test_before_anything_is_written_both_sides_are_remembered_as_they_will_stand():
    memory = Memory({"title": Agreed("b", "b")})
    after, [change] = as_it_will_stand({"title": RULE}, memory, readings("b", "b"), [back()])
    assert after.base["title"] == Agreed("b", "a")
    assert change.origin == "b"
    assert stands(after, Side.SALESFORCE, "a") is Standing.AT_BASE  # written, and nobody heard of it
    assert stands(after, Side.SALESFORCE, "b") is not Standing.EDITED  # not written


def test_an_edit_of_the_other_side_that_has_yet_to_travel_stays_one():
    memory = Memory({"title": Agreed("b", "b")})
    after, _ = as_it_will_stand({"title": RULE}, memory, readings("theirs", "b"), [back()])
    assert stands(after, Side.HUBSPOT, "theirs") is Standing.EDITED


def test_a_side_that_could_not_be_read_counts_as_saying_what_was_agreed_on():
    read = readings("theirs", "b")
    after, [change] = as_it_will_stand(
        {"title": RULE}, Memory({"title": Agreed("b", "b")}), {Side.SALESFORCE: read[Side.SALESFORCE]}, [back()]
    )
    assert (after.base["title"], change.origin) == (Agreed("b", "a"), "b")


def test_two_sides_taken_back_at_once_are_agreed_on_as_both_will_stand():
    ours = Change(Side.HUBSPOT, "jobtitle", "title", "b", "x", Because.UNDONE)
    after, changes = as_it_will_stand({"title": RULE}, Memory(), readings("b", "b"), [back(), ours])
    assert after.base["title"] == Agreed("x", "a")
    assert [change.origin for change in changes] == ["x", "a"]


def test_a_field_without_a_rule_of_today_is_written_and_not_agreed_on():
    after, [change] = as_it_will_stand({}, Memory(), readings("b", "b"), [back("gone")])
    assert (after.base, change) == ({}, back("gone"))
