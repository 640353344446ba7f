"""How stages are told by values: the spelling that asks for most is believed, and no leftover tells another stage."""

import pytest

from connector.core import spelling
from connector.core.definition import Spelling
from connector.core.spelling import spelt, stage_of

RECYCLED = Spelling("recycled", {"life": ("lead",), "status": ("BAD_TIMING",)})
SPELLINGS = (
    Spelling("lead", {"life": ("lead",)}),
    RECYCLED,
    Spelling("sal", {"life": ("sql",), "status": ("OPEN", "IN_PROGRESS")}),
    Spelling("sql", {"life": ("sql",), "status": ("CONNECTED",)}),
    Spelling("sql", {"life": ("sql",)}),
)


@pytest.mark.parametrize(
    ("values", "stage"),
    [
        ({"life": "lead"}, "lead"),
        ({"life": "lead", "status": "BAD_TIMING"}, "recycled"),
        ({"life": "lead", "status": "OPEN"}, "lead"),
        ({"life": "sql", "status": "IN_PROGRESS"}, "sal"),
        ({"life": "sql", "status": "BAD_TIMING"}, "sql"),
        ({"life": "strange"}, None),
        ({"life": None}, None),
        ({}, None),
    ],
)
def test_the_spelling_that_asks_for_most_is_believed(values, stage):
    assert stage_of(SPELLINGS, values) == stage


@pytest.mark.parametrize(
    ("stage", "values", "written"),
    [
        ("sal", None, {"life": "sql", "status": "OPEN"}),
        ("sql", None, {"life": "sql", "status": "CONNECTED"}),
        ("sal", {"life": "sql", "status": "IN_PROGRESS"}, {}),
        ("sql", {"life": "sql"}, {}),
        ("lead", {"life": "lead", "status": "BAD_TIMING"}, {"life": "lead", "status": None}),
        ("lead", {"life": "mql", "status": "NEW"}, {"life": "lead"}),
        ("unheard of", None, {}),
    ],
)
def test_what_is_written_tells_the_stage_whatever_stood_there(stage, values, written):
    assert spelt(SPELLINGS, stage, values) == written


def test_of_spellings_that_ask_for_as_much_the_first_is_believed():
    both = (Spelling("a", {"life": ("x",)}), Spelling("b", {"status": ("y",)}))
    assert stage_of(both, {"life": "x", "status": "y"}) == "a"


def test_two_stages_with_one_spelling_are_written_all_the_same():
    twins = (Spelling("a", {"life": ("x",)}), Spelling("b", {"life": ("x",)}))
    assert spelt(twins, "b", {"life": "y"}) == {"life": "x"}


def test_what_people_write_does_not_fill_the_memory():
    for number in range(5000):
        assert stage_of(SPELLINGS, {"life": f"strange {number}"}) is None
    assert stage_of(SPELLINGS, {"life": "lead"}) == "lead"
    place = spelling._places[id(SPELLINGS)]
    assert len(place.read) <= spelling._KNOWN_MAX


def test_spellings_of_other_agreements_are_never_taken_for_ours():
    told = [stage_of((Spelling(f"stage {number}", {"life": ("lead",)}),), {"life": "lead"}) for number in range(1000)]
    assert told == [f"stage {number}" for number in range(1000)]
    assert len(spelling._places) <= spelling._PLACES_MAX


def test_what_was_worked_out_once_is_looked_up():
    place = (Spelling("a", {"life": ("x",)}), Spelling("b", {"life": ("y",), "status": ("z",)}))
    assert [stage_of(place, values) for values in ({"life": "x"}, {"life": "y", "status": "z"})] == ["a", "b"]
    assert spelling._places[id(place)].read == {("x", None): "a", ("y", "z"): "b"}
    assert spelt(place, "b") is spelt(place, "b")
    assert spelt(place, "b", {"life": "x"}) is spelt(place, "b", {"life": "x"})


def test_as_much_is_remembered_as_was_allowed_and_no_more():
    place = (Spelling("a", {"life": ("x",)}),)
    sizes = set()
    for number in range(spelling._KNOWN_MAX + 2):
        stage_of(place, {"life": str(number)})
        sizes.add(len(spelling._places[id(place)].read))
    assert max(sizes) == spelling._KNOWN_MAX
