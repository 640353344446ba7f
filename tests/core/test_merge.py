"""The field decision, case by case: the table of architecture section 5."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.mapping import Blank, Direction, Policy, Refusal
from connector.core.merge import Merge, merge
from connector.core.plan import Agreed, Because, IssueKind, Memory
from connector.core.readings import Stamp
from connector.core.refs import Side
from connector.core.transforms import LengthPolicy, limit_length, owner_map, value_map
from connector.core.values import Kind
from tests.core.builders import CONTACT, LEAD, at, contact, lead, remembers, rule

TO_SALESFORCE, TO_HUBSPOT = Direction.TO_SALESFORCE, Direction.TO_HUBSPOT


def outcome(found: Merge) -> str:
    """A merge of one rule in a few words."""
    told = [f"{change.side.value}={change.after} {change.because.value}" for change in found.to_hubspot]
    told += [f"{change.side.value}={change.after} {change.because.value}" for change in found.to_salesforce]
    told += [f"agreed {agreed.hubspot}|{agreed.salesforce}" for agreed in found.agreed.values()]
    told += [f"conflict {issue.value}|{issue.other_value}" for issue in found.conflicts]
    told += [f"refused {issue.code} {issue.value}" for issue in found.refusals]
    told += ["left alone" for _ in found.left_alone]
    return "; ".join(told) or "nothing"


def decided(each, agreed, left, right, sent=None) -> str:
    memory = Memory({} if agreed is None else {"phone": Agreed(*agreed)}, sent or {})
    return outcome(merge([each], memory, contact(phone=left), lead(Phone__c=right)))


CASES = {
    "nobody touched it": (rule(), ("a", "a"), "a", "a", "nothing"),
    "a standing agreement of unlike values is no news": (rule(), ("a", "b"), "a", "b", "nothing"),
    "only HubSpot was edited": (rule(), ("a", "a"), "b", "a", "salesforce=b edited"),
    "only Salesforce was edited": (rule(), ("a", "a"), "a", "b", "hubspot=b edited"),
    "both were edited alike": (rule(), ("a", "a"), "b", "b", "agreed b|b"),
    "both were edited alike but for case": (
        rule(kind=Kind.EMAIL), ("a@x.test", "a@x.test"), "B@x.test", "b@x.test", "agreed B@x.test|b@x.test"),
    "one was edited to what the other always said": (rule(), ("a", "b"), "b", "b", "agreed b|b"),
    "a remote that folds case is no editor": (
        rule(kind=Kind.EMAIL), ("A@x.test", "A@x.test"), "a@x.test", "A@x.test", "nothing"),
    "a remote that formats phones is no editor": (
        rule(kind=Kind.PHONE), ("+33140200000", "+33140200000"), "+33140200000", "01 40 20 00 00", "nothing"),
    "both edited, HubSpot wins by policy": (
        rule(policy=Policy.HUBSPOT), ("a", "a"), "b", "c", "salesforce=b wins by policy"),
    "both edited, Salesforce wins by policy": (
        rule(policy=Policy.SALESFORCE), ("a", "a"), "b", "c", "hubspot=c wins by policy"),
    "both edited, a person must choose": (rule(policy=Policy.MANUAL), ("a", "a"), "b", "c", "conflict b|c"),
    "both edited, and nothing tells who was first": (rule(), ("a", "a"), "b", "c", "conflict b|c"),
    "a one-way rule carries its source": (
        rule(direction=TO_SALESFORCE), ("a", "a"), "b", "a", "salesforce=b edited"),
    "a one-way rule leaves an edit of its target alone": (
        rule(direction=TO_SALESFORCE), ("a", "a"), "a", "b", "left alone"),
    "a one-way rule to HubSpot leaves an edit of its target alone": (
        rule(direction=TO_HUBSPOT), ("a", "a"), "b", "a", "left alone"),
    "a mirror undoes an edit of its target": (
        rule(direction=TO_SALESFORCE, mirror=True), ("a", "a"), "a", "b", "salesforce=a mirrors"),
    "a mirror to HubSpot undoes an edit of its target": (
        rule(direction=TO_HUBSPOT, mirror=True), ("a", "a"), "b", "a", "hubspot=a mirrors"),
    "a mirror with a blank source erases nothing": (
        rule(direction=TO_SALESFORCE, mirror=True), (None, None), None, "b", "left alone"),
    "a mirror of clears restores the blank": (
        rule(direction=TO_SALESFORCE, mirror=True, blank=Blank.CLEAR), (None, None), None, "b",
        "salesforce=None mirrors"),
    "a one-way rule edited on both sides follows its source": (
        rule(direction=TO_SALESFORCE, policy=Policy.MANUAL), ("a", "a"), "b", "c", "salesforce=b wins by policy"),
    "a one-way rule to HubSpot edited on both sides follows its source": (
        rule(direction=TO_HUBSPOT), ("a", "a"), "b", "c", "hubspot=c wins by policy"),
    "a cleared field does not erase the other side": (rule(), ("a", "a"), None, "a", "left alone"),
    "a cleared field is refilled by the next edit": (rule(), ("a", "a"), None, "b", "hubspot=b edited"),
    "a value that counts as blank beats no edit": (
        rule(policy=Policy.SALESFORCE, to_hubspot=owner_map({"us": None})), (None, None), "b", "us",
        "salesforce=b edited"),
    "two values that both count as blank change nothing": (
        rule(to_hubspot=owner_map({"us": None}), to_salesforce=owner_map({"we": None})), (None, None), "we", "us",
        "left alone"),
    "a value that counts as blank beats no edit of Salesforce": (
        rule(policy=Policy.HUBSPOT, to_salesforce=owner_map({"us": None})), (None, None), "us", "b",
        "hubspot=b edited"),
    "a value that counts as blank speaks where clearing is an edit": (
        rule(policy=Policy.SALESFORCE, blank=Blank.CLEAR, to_hubspot=owner_map({"us": None})), (None, None), "b", "us",
        "hubspot=None wins by policy"),
    "a cleared field erases where clearing is an edit": (
        rule(blank=Blank.CLEAR), ("a", "a"), None, "a", "salesforce=None edited"),
    "clearing against an edit goes to policy": (
        rule(blank=Blank.CLEAR, policy=Policy.HUBSPOT), ("a", "a"), None, "b", "salesforce=None wins by policy"),
    "both cleared is agreement": (rule(blank=Blank.CLEAR), ("a", "a"), None, None, "agreed None|None"),
    "a Salesforce checkbox has no blank": (
        rule(kind=Kind.BOOLEAN, blank=Blank.CLEAR), ("true", "true"), None, "true", "salesforce=false edited"),
    "a blank and an unticked box are the same": (rule(kind=Kind.BOOLEAN), None, None, "false", "agreed None|false"),
    "a box that is kept is not unticked by a blank": (
        rule(kind=Kind.BOOLEAN), ("true", "true"), None, "true", "left alone"),
    "first meeting, both blank": (rule(), None, None, None, "agreed None|None"),
    "first meeting, alike": (rule(), None, "a", "a", "agreed a|a"),
    "first meeting, a blank in Salesforce gives way": (rule(), None, "a", None, "salesforce=a fills a blank"),
    "first meeting, a blank in HubSpot gives way": (rule(), None, None, "a", "hubspot=a fills a blank"),
    "first meeting, a one-way rule fills nothing backwards": (
        rule(direction=TO_SALESFORCE), None, None, "a", "left alone"),
    "first meeting, a one-way rule carries its source": (
        rule(direction=TO_SALESFORCE), None, "a", "b", "salesforce=a wins by policy"),
    "first meeting, policy decides": (rule(policy=Policy.SALESFORCE), None, "a", "b", "hubspot=b wins by policy"),
    "first meeting, nobody decides": (rule(policy=Policy.MANUAL), None, "a", "b", "conflict a|b"),
}  # fmt: skip


@pytest.mark.parametrize(("each", "agreed", "left", "right", "expected"), CASES.values(), ids=CASES)
def test_a_field_is_decided(each, agreed, left, right, expected) -> None:
    assert decided(each, agreed, left, right) == expected


TO_SF = {Side.SALESFORCE: {"phone": ("b",)}}
TO_HS = {Side.HUBSPOT: {"phone": ("b",)}}
BOTH = {Side.SALESFORCE: {"phone": ("b",)}, Side.HUBSPOT: {"phone": ("c",)}}
ECHOES = {
    "our write arrived but its success was never recorded": (("a", "a"), "b", "b", TO_SF, "agreed b|b"),
    "our write did not arrive": (("a", "a"), "b", "a", TO_SF, "salesforce=b edited"),
    "our write arrived and the writer moved on": (("a", "a"), "c", "b", TO_SF, "salesforce=c edited"),
    "our write arrived and the writer took it back": (("a", "a"), "a", "b", TO_SF, "salesforce=a edited"),
    "our write to HubSpot arrived and the writer took it back": (("a", "a"), "b", "a", TO_HS, "hubspot=a edited"),
    "our write to HubSpot arrived and the writer moved on": (("a", "a"), "b", "c", TO_HS, "hubspot=c edited"),
    "writes of ours stand on both sides": (("a", "a"), "c", "b", BOTH, "salesforce=c wins by policy"),
    "first meeting repeated after a crash": (None, "c", "b", TO_SF, "salesforce=c edited"),
    "first meeting after a crash, and Salesforce was edited since": (
        None,
        "c",
        "d",
        TO_SF,
        "salesforce=c wins by policy",
    ),
    "first meeting repeated after a crash, to HubSpot": (None, "b", "c", TO_HS, "hubspot=c edited"),
}


@pytest.mark.parametrize(("agreed", "left", "right", "sent", "expected"), ECHOES.values(), ids=ECHOES)
def test_what_was_sent_is_no_edit(agreed, left, right, sent, expected) -> None:
    assert decided(rule(policy=Policy.HUBSPOT), agreed, left, right, sent) == expected


TIMES = {
    "two exact times name the later": (10, None, 11, None, "hubspot=c newest", []),
    "two exact times name the later, HubSpot's too": (11, None, 10, None, "salesforce=b newest", []),
    "equal times name nobody": (10, None, 10, None, "conflict b|c", []),
    "an exact time after every possible one wins": (11, None, None, 10, "salesforce=b newest", []),
    "a record's time stands in where no exact one is known": (9, None, None, 10, "hubspot=c newest", []),
    "in one second an exact time beats an upper bound": (10, None, None, 10, "salesforce=b newest", []),
    "an exact Salesforce time after every possible one wins": (None, 9, 10, None, "hubspot=c newest", []),
    "of two upper bounds the later wins, unless history says otherwise": (
        None,
        11,
        None,
        10,
        "salesforce=b newest",
        ["phone"],
    ),
    "history could not turn the verdict when HubSpot's bound is earlier": (None, 9, None, 10, "hubspot=c newest", []),
    "history may decide against an exact Salesforce time": (None, 11, 10, None, "salesforce=b newest", ["phone"]),
    "equal upper bounds name nobody, but history might": (None, 10, None, 10, "conflict b|c", ["phone"]),
    "an unknown HubSpot time is worth a question": (None, None, None, 10, "conflict b|c", ["phone"]),
    "nothing is known of Salesforce": (10, None, None, None, "conflict b|c", []),
}


@pytest.mark.parametrize(("times", "expected", "wanted"), [(case[:4], *case[4:]) for case in TIMES.values()], ids=TIMES)
def test_the_newest_edit_wins_by_the_best_evidence(times, expected, wanted) -> None:
    left_at, left_most, right_at, right_most = times
    left = replace(
        contact(phone="b"),
        modified_at=left_most and at(left_most),
        stamps={"phone": Stamp(at(left_at))} if left_at else {},
    )
    right = replace(
        lead(Phone__c="c"),
        modified_at=right_most and at(right_most),
        stamps={"Phone__c": Stamp(at(right_at))} if right_at else {},
    )
    found = merge([rule()], remembers(phone=("a", "a")), left, right)
    assert outcome(found) == expected
    assert found.wants_history == wanted


def test_the_evidence_of_a_decision_is_told_in_words() -> None:
    left = replace(contact(phone="b"), stamps={"phone": Stamp(at(10, 5))})
    (change,) = merge([rule()], remembers(phone=("a", "a")), left, lead(Phone__c="c")).to_salesforce
    ours, theirs = "HubSpot at 2026-11-02 10:05:00 UTC", "Salesforce at or before 2026-11-02 09:00:00 UTC"
    assert change.evidence == f"both edited; {ours}, {theirs}; policy: newest"
    assert (change.before, change.origin) == ("c", "b")


def test_an_unknown_time_is_told_as_such() -> None:
    left, right = replace(contact(phone="b"), modified_at=None), replace(lead(Phone__c="c"), modified_at=None)
    (conflict,) = merge([rule()], remembers(phone=("a", "a")), left, right).conflicts
    assert "HubSpot at an unknown time" in conflict.reason
    assert conflict.refs == (CONTACT, LEAD)


def test_a_person_chooses_a_conflict_away() -> None:
    found = merge(
        [rule(policy=Policy.MANUAL)],
        remembers(phone=("a", "a")),
        contact(phone="b"),
        lead(Phone__c="c"),
        {"phone": Side.SALESFORCE},
    )
    assert outcome(found) == "hubspot=c settled by a person"


def test_a_value_the_mapping_refuses_is_shown_and_not_written() -> None:
    each = rule(to_salesforce=limit_length(3, LengthPolicy.REJECT))
    found = merge([each], remembers(phone=("a", "a")), contact(phone="abcd"), lead(Phone__c="a"))
    (issue,) = found.refusals
    assert (issue.kind, issue.refs, issue.side, issue.field) == (
        IssueKind.PARKED, (CONTACT,), Side.SALESFORCE, "Phone__c",
    )  # fmt: skip
    assert (issue.code, issue.value, issue.reason) == ("TOO_LONG", "abcd", "4 characters; the other side takes 3")
    assert not found.to_salesforce


def test_a_refusal_towards_hubspot_names_the_salesforce_record() -> None:
    each = rule(to_hubspot=lambda _value: Refusal("NO", "no", "none"))
    (issue,) = merge([each], remembers(phone=("a", "a")), contact(phone="a"), lead(Phone__c="b")).refusals
    assert (issue.refs, issue.side, issue.value) == ((LEAD,), Side.HUBSPOT, "b")


def test_a_value_nobody_understands_is_shown_and_never_overwritten() -> None:
    score, phone = rule("score", kind=Kind.NUMBER, source="contacts.yaml:41"), rule()
    left = replace(contact(score=None, phone="b"), unreadable={"score": "many"})
    found = merge([score, phone], remembers(score=("1", "1"), phone=("a", "a")), left, lead(Score__c="2", Phone__c="a"))
    (issue,) = found.refusals
    assert (issue.rule, issue.code, issue.value, issue.reason) == (
        "score", "UNREADABLE", "many", "the value is not a number",
    )  # fmt: skip
    assert "contacts.yaml:41" in issue.hint
    assert [(change.rule, change.after) for change in found.to_salesforce] == [("phone", "b")]
    assert not found.to_hubspot


def test_a_value_nobody_understands_on_salesforce_is_shown_too() -> None:
    right = replace(lead(Phone__c=None), unreadable={"Phone__c": "?"})
    (issue,) = merge([rule()], Memory(), contact(phone="b"), right).refusals
    assert (issue.side, issue.field) == (Side.SALESFORCE, "Phone__c")


@pytest.mark.parametrize(("left", "right"), [({}, {"Phone__c": "b"}), ({"phone": "b"}, {}), ({}, {})])
def test_a_field_that_cannot_be_read_is_left_alone(left, right) -> None:
    """Field-level security or a missing property: absent is not blank."""
    found = merge([rule()], remembers(phone=("a", "a")), contact(**left), lead(**right))
    assert found == Merge()


def test_a_many_to_one_map_does_not_play_ping_pong() -> None:
    """`open` and `new` both are Open in Salesforce; neither is corrected to the other on the way back."""
    table = value_map({"new": "Open", "open": "Open", "done": "Closed"})
    each = rule(to_salesforce=table.there, to_hubspot=table.back)
    assert decided(each, ("done", "Closed"), "open", "Closed") == "salesforce=Open edited"
    assert decided(each, ("done", "Closed"), "open", "Open") == "agreed open|Open"
    assert decided(each, ("open", "Open"), "new", "Open") == "agreed new|Open"
    assert decided(each, ("open", "Closed"), "open", "Open") == "agreed open|Open"
    assert decided(each, ("done", "Closed"), "done", "Open") == "hubspot=new edited"


def test_a_value_that_becomes_blank_on_its_way_erases_nothing() -> None:
    each = rule(to_salesforce=lambda _value: None)
    assert decided(each, ("a", "a"), "b", "a") == "left alone"


def test_every_change_says_why() -> None:
    assert {because.value for because in Because} >= {"edited", "fills a blank", "mirrors", "newest"}
    (change,) = merge([rule()], remembers(phone=("a", "a")), contact(phone="b"), lead(Phone__c="a")).to_salesforce
    assert change.evidence == "HubSpot was edited"


NOBODY = rule(
    policy=Policy.SALESFORCE,
    to_hubspot=owner_map({"us": None, "kim": "7"}),
    to_salesforce=owner_map({"7": "kim"}),
)
OWNERS = {
    "nobody's record and a blank agree": (None, None, "us", "agreed None|us"),
    "an owner takes a record that was nobody's": (None, "7", "us", "salesforce=kim fills a blank"),
    "a record given back to nobody erases no owner": (("7", "kim"), "7", "us", "left alone"),
    "an owner given later goes over": ((None, "us"), "7", "us", "salesforce=kim edited"),
}


@pytest.mark.parametrize(("agreed", "left", "right", "expected"), OWNERS.values(), ids=OWNERS)
def test_the_user_we_sign_in_as_owns_nothing(agreed, left, right, expected) -> None:
    assert decided(NOBODY, agreed, left, right) == expected


def test_a_hubspot_value_that_counts_as_blank_gives_way_at_a_first_meeting() -> None:
    each = rule(to_salesforce=owner_map({"9": None, "7": "kim"}), to_hubspot=owner_map({"kim": "7"}))
    assert decided(each, None, "9", "kim") == "hubspot=7 fills a blank"
