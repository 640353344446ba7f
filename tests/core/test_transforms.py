"""How values change on their way."""

from __future__ import annotations

import pytest

from connector.core.comparison import decimals
from connector.core.mapping import Refusal
from connector.core.transforms import (
    TRANSFORMS,
    LengthPolicy,
    Unmapped,
    chain,
    identity,
    limit_decimals,
    limit_digits,
    limit_length,
    owner_map,
    value_map,
)

THERE = [
    ("trim", " a ", "a"),
    ("lower", "Ada", "ada"),
    ("upper", "Ada", "ADA"),
    ("collapse_spaces", " a   b ", "a b"),
    ("title_case", "ada LOVELACE McDonald", "Ada Lovelace McDonald"),
    ("title_case", "ada  lovelace", "Ada  Lovelace"),
    ("digits_only", "+33 (0)1", "3301"),
    ("digits_only", "none", None),
    ("domain", "https://www.X.test/about?x", "x.test"),
    ("domain", "https://x.test/?from=https://y.test", "x.test"),
    ("domain", "Ada@X.test", "x.test"),
    ("domain", "www.x.test:8080/a", "x.test"),
    ("date_of_datetime", "2026-11-02T23:59:59.000Z", "2026-11-02"),
    ("yes_no", "true", "Yes"),
    ("one_zero", "false", "0"),
]


@pytest.mark.parametrize(("name", "value", "expected"), THERE)
def test_a_named_transform_does_what_its_name_says(name, value, expected) -> None:
    assert TRANSFORMS[name].there(value) == expected


@pytest.mark.parametrize("name", TRANSFORMS)
def test_blank_stays_blank(name) -> None:
    assert TRANSFORMS[name].there(None) is None
    assert TRANSFORMS[name].back is None or TRANSFORMS[name].back(None) is None


def test_lossy_transforms_are_one_way() -> None:
    one_way = {name for name, transform in TRANSFORMS.items() if transform.back is None}
    assert one_way == {"title_case", "digits_only", "domain", "date_of_datetime"}


TABLE = {"new": "Open", "open": "Open", "done": "Closed"}


def test_a_value_map_goes_back_to_the_first_of_several() -> None:
    table = value_map(TABLE)
    assert [table.there("open"), table.back("Open"), table.back("Closed")] == ["Open", "new", "done"]


@pytest.mark.parametrize(
    ("unmapped", "there", "back"),
    [(Unmapped.KEEP, "odd", "odd"), (Unmapped.BLANK, None, None), (Unmapped.DEFAULT, "Other", "refused"),
     (Unmapped.REFUSE, "refused", "refused")],
)  # fmt: skip
def test_an_unlisted_value_goes_by_the_rule(unmapped, there, back) -> None:
    table = value_map(TABLE, unmapped, "Other")
    found = [table.there("odd"), table.back("odd")]
    assert ["refused" if isinstance(value, Refusal) else value for value in found] == [there, back]


def test_a_refused_value_says_what_to_do() -> None:
    found = value_map(TABLE).there("odd")
    assert found == Refusal(
        "UNMAPPED", "the value is not in the rule's value map", "add it to `values` of the rule, or correct the record"
    )


def test_an_owner_without_counterpart_goes_to_the_fallback_or_is_refused() -> None:
    assert owner_map({"7": "005A"})("7") == "005A"
    assert owner_map({"7": "005A"}, "005Q")("8") == "005Q"
    assert owner_map({"7": "005A"}, "005Q")(None) is None
    assert owner_map({})("8") == Refusal(
        "NO_OWNER", "this owner has no active counterpart", "add the pair to owners.yaml, or name a fallback there"
    )


def test_an_owner_whom_no_list_knows_is_refused_and_not_given_to_the_fallback() -> None:
    owner = owner_map({"7": "005A"}, "005Q", everyone={"7", "8"})
    assert [owner("7"), owner("8"), owner(None)] == ["005A", "005Q", None]
    found = owner("9")
    assert isinstance(found, Refusal)
    assert found.code == "UNKNOWN_OWNER"


@pytest.mark.parametrize(
    ("value", "policy", "expected"),
    [("abc", LengthPolicy.REJECT, "abc"), (None, LengthPolicy.REJECT, None), ("ab cd", LengthPolicy.TRUNCATE, "ab")],
)
def test_a_text_is_limited(value, policy, expected) -> None:
    assert limit_length(3, policy)(value) == expected


def test_a_text_too_long_is_refused_with_both_lengths() -> None:
    assert limit_length(3, LengthPolicy.REJECT)("abcd") == Refusal(
        "TOO_LONG",
        "4 characters; the other side takes 3",
        "shorten it, lengthen the field, or set `too_long: truncate` on the rule",
    )


def test_a_chain_goes_step_by_step() -> None:
    steps = chain(TRANSFORMS["trim"].there, identity, TRANSFORMS["upper"].there)
    assert steps(" a ") == "A"
    assert chain(identity, identity) is identity
    assert identity("a") == "a"


def test_a_blank_inside_a_chain_skips_the_rest_and_a_refusal_stops_it() -> None:
    def never(_value):
        raise AssertionError("not to be reached")

    assert chain(TRANSFORMS["digits_only"].there, never)("none") is None
    assert chain(value_map({}).there, never)("odd").code == "UNMAPPED"


ROUNDED = [
    (0, "32000.4", "32000"),
    (0, "32000.5", "32001"),
    (0, "-2.5", "-3"),
    (0, "-0.4", "0"),
    (1, "0.25", "0.3"),
    (2, "0.25", "0.25"),
    (1, "9.96", "10"),
    (0, "9" * 40 + ".5", "1" + "0" * 40),
    (30, "1" * 40 + "." + "2" * 30 + "5", "1" * 40 + "." + "2" * 29 + "3"),
    (0, "see 1.5", "see 1.5"),
]


@pytest.mark.parametrize(("places", "value", "expected"), ROUNDED)
def test_a_finer_number_is_rounded_half_up(places, value, expected) -> None:
    assert limit_decimals(places)(value) == expected
    assert limit_decimals(places)(None) is None


COMPARED = [
    (0, "32000.4", "32000"),
    (0, "32000.5", "32001"),
    (2, "123456789012345", "123456789012345"),
    (2, "1234567890123456.784", "1234567890123456.8"),  # of so many digits a machine number has no more
    (0, "350000000000000000001", "350000000000000000000"),
    (0, "a name that holds 1.5", "a name that holds 1.5"),
    (0, None, None),
]


@pytest.mark.parametrize(("places", "value", "form"), COMPARED)
def test_numbers_of_a_coarser_side_compare_at_what_it_can_say(places, value, form) -> None:
    assert decimals(places)(value) == form


@pytest.mark.parametrize(("name", "true", "false"), [("yes_no", "Yes", "No"), ("one_zero", "1", "0")])
def test_a_box_told_in_words_comes_back_as_words_or_as_a_box(name, true, false) -> None:
    back = TRANSFORMS[name].back
    assert [back(word) for word in (true, false, "true", "false")] == ["true", "false", "true", "false"]
    assert isinstance(back("maybe"), Refusal)


def test_a_number_with_too_many_digits_before_the_point_is_refused_without_telling_it() -> None:
    limited = limit_digits(3)
    assert [limited(value) for value in (None, "999", "-999.1234")] == [None, "999", "-999.1234"]
    assert limited("-1000.5") == Refusal(
        "TOO_LARGE",
        "more than the 3 digits before the point that the other side takes",
        "correct the number, or widen the field",
    )
