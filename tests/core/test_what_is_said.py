"""What a plan says of itself and to people: whose it is, which readings it follows from, and what to do next.

Dry run, review and the story of a value show exactly this; so words, refs and sides are values like any other.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core import refs
from connector.core.conflict import Verdict, verdict
from connector.core.creation import cross_change
from connector.core.mapping import Blank, Direction, OnArchive, OnLeaving, Policy, Refusal
from connector.core.merge import merge
from connector.core.plan import Agreed, Archive, Because, Change, Create, Issue, IssueKind, Memory, Plan, Raise, Unlink
from connector.core.planning import Subject, plan
from connector.core.readings import Presence, Reading
from connector.core.refs import Side
from connector.core.transforms import owner_map
from connector.core.values import Kind
from tests.core.builders import CONTACT, CONTACT_ID, LEAD, LEAD_ID, contact, lead, never, pair, remembers, rule

LEFT, RIGHT = contact(phone="a"), lead(Phone__c="a")
LOOSE_LEFT, LOOSE_RIGHT = contact(phone="1", salesforce_id=None), lead(Phone__c="1", HubSpot_Id__c=None)
NO_CONTACT, NO_LEAD = Reading(CONTACT, Presence.ARCHIVED), Reading(LEAD, Presence.MISSING)
MOVED = Reading(LEAD, Presence.MOVED, moved_to=refs.salesforce("Contact", "0035g00000AbcdeAAB"), converted=True)
AGREED = remembers(phone=("a", "a"))
AMBIGUOUS = Issue(IssueKind.AMBIGUOUS, (CONTACT,), reason="two")
MAPPING = pair(rule())
ARCHIVING = pair(rule(), on_archive=OnArchive.ARCHIVE)
LEAVING = pair(rule(), in_scope=never, on_leaving=OnLeaving.ARCHIVE)

PLANS = {
    "an issue": (MAPPING, Subject(LOOSE_LEFT, LOOSE_RIGHT, issue=AMBIGUOUS), ""),
    "nothing on either side": (MAPPING, Subject(NO_CONTACT, NO_LEAD), "there is no such record on either side"),
    "a match out of scope": (pair(rule(), in_scope=never), Subject(LEFT, RIGHT, by="email"), "out of scope"),
    "a contact out of scope": (pair(rule(), in_scope=never), Subject(LOOSE_LEFT, NO_LEAD), "out of scope"),
    "a lead out of scope": (pair(rule(), in_scope=never), Subject(NO_CONTACT, LOOSE_RIGHT), "out of scope"),
    "a create": (MAPPING, Subject(LOOSE_LEFT, NO_LEAD), ""),
    "a create of a contact": (MAPPING, Subject(NO_CONTACT, LOOSE_RIGHT), ""),
    "half a reading": (MAPPING, Subject(LEFT, None, AGREED), "linked, but one side was not read"),
    "the other half of a reading": (MAPPING, Subject(None, RIGHT, AGREED), "linked, but one side was not read"),
    "a conversion": (MAPPING, Subject(LEFT, MOVED, AGREED), "read again under the new id"),
    "both gone": (MAPPING, Subject(NO_CONTACT, NO_LEAD, AGREED), ""),
    "a pair that rests": (pair(rule(), in_scope=never), Subject(LEFT, RIGHT, AGREED), "out of scope"),
    "a pair that left": (LEAVING, Subject(LEFT, RIGHT, AGREED), ""),
    "a contact that survives": (MAPPING, Subject(LEFT, NO_LEAD, AGREED), ""),
    "a lead that survives": (MAPPING, Subject(NO_CONTACT, RIGHT, AGREED), ""),
    "a contact archived with its lead": (ARCHIVING, Subject(LEFT, NO_LEAD, AGREED), ""),
    "an edit that beats a deletion": (MAPPING, Subject(contact(phone="b"), NO_LEAD, AGREED), ""),
    "a first meeting": (MAPPING, Subject(LEFT, RIGHT, by="email"), ""),
    "an edit": (MAPPING, Subject(contact(phone="b"), RIGHT, AGREED), ""),
}


@pytest.mark.parametrize(("mapping", "subject", "note"), PLANS.values(), ids=PLANS)
def test_a_plan_names_its_pair_and_the_readings_it_follows_from(mapping, subject, note) -> None:
    found = plan(mapping, subject)
    assert (found.pair, found.hubspot, found.salesforce) == ("contacts/Lead", subject.hubspot, subject.salesforce)
    assert found.note == note


CONDITIONED = {
    "a match": (Subject(LEFT, RIGHT, by="email"), (LEFT, RIGHT)),
    "a linked pair": (Subject(LEFT, RIGHT, AGREED), (LEFT, RIGHT)),
    "a contact alone": (Subject(LOOSE_LEFT, NO_LEAD), (LOOSE_LEFT, None)),
    "a lead alone": (Subject(NO_CONTACT, LOOSE_RIGHT), (None, LOOSE_RIGHT)),
}


@pytest.mark.parametrize(("subject", "expected"), CONDITIONED.values(), ids=CONDITIONED)
def test_conditions_see_each_record_on_its_own_side(subject, expected) -> None:
    def sees(left: Reading | None, right: Reading | None) -> bool:
        return (left, right) == expected

    mapping = pair(rule(), in_scope=sees, create_in_salesforce=sees, create_in_hubspot=sees)
    assert plan(mapping, subject).note == ""


def test_an_edit_that_beats_a_deletion_says_what_to_do() -> None:
    (_, shown) = plan(MAPPING, Subject(contact(phone="b"), NO_LEAD, AGREED)).steps
    assert shown == Raise(
        Issue(
            IssueKind.EDIT_BEATS_DELETION,
            (CONTACT, LEAD),
            reason=f"{LEAD} is missing, but {CONTACT} was edited since the sides agreed",
            hint=f"delete {CONTACT} too, or restore the other record; the link is undone until then",
        )
    )


def test_a_foreign_cross_id_says_whose_it_is_and_what_to_do() -> None:
    subject = Subject(LEFT, lead(Phone__c="a", HubSpot_Id__c="999"), AGREED)
    assert plan(MAPPING, subject).steps == (
        Raise(
            Issue(
                IssueKind.AMBIGUOUS,
                (LEAD, CONTACT),
                side=Side.SALESFORCE,
                field="HubSpot_Id__c",
                code="CROSS_ID",
                value="999",
                reason=f"{LEAD} is linked to {CONTACT} but carries the id 999",
                hint=f"clear HubSpot_Id__c on {LEAD} if the link is right, or unlink the two",
            )
        ),
    )


def test_an_outdated_cross_id_is_shown_as_what_gave_way() -> None:
    left = replace(LEFT, aliases=("100",))
    (update,) = plan(MAPPING, Subject(left, lead(Phone__c="a", HubSpot_Id__c="100"), AGREED)).steps
    (change,) = update.changes
    assert change == cross_change(Side.SALESFORCE, "HubSpot_Id__c", "100", CONTACT_ID)
    assert (change.before, change.after, change.because) == ("100", CONTACT_ID, Because.CROSS_ID)


@pytest.mark.parametrize(("source", "place"), [("contacts.yaml:41", "contacts.yaml:41"), ("", "mapping")])
def test_an_unreadable_value_says_where_to_correct_it(source, place) -> None:
    score = rule("score", kind=Kind.NUMBER, source=source)
    left = replace(contact(score=None), unreadable={"score": "many"})
    (issue,) = merge([score], Memory(), left, lead(Score__c="1")).refusals
    assert issue == Issue(
        IssueKind.PARKED,
        (CONTACT,),
        rule="score",
        side=Side.HUBSPOT,
        field="score",
        code="UNREADABLE",
        value="many",
        reason="the value is not a number",
        hint=f"correct score on {CONTACT}, or change the kind of rule score ({place})",
    )


def test_a_refused_value_of_a_new_record_names_the_field_it_was_meant_for() -> None:
    note = rule("note", to_hubspot=lambda _value: Refusal("NO", "not so", "do otherwise"))
    found = plan(pair(rule(), note), Subject(salesforce=lead(Phone__c="1", Note__c="n", HubSpot_Id__c=None)))
    assert [step.issue for step in found.steps if isinstance(step, Raise)] == [
        Issue(
            IssueKind.PARKED,
            (LEAD,),
            rule="note",
            side=Side.HUBSPOT,
            field="note",
            code="NO",
            value="n",
            reason="not so",
            hint="do otherwise",
        )
    ]


def test_a_conflict_says_what_each_side_holds_and_what_to_do() -> None:
    found = merge([rule(policy=Policy.MANUAL)], AGREED, contact(phone="b"), lead(Phone__c="c"))
    assert found.conflicts == [
        Issue(
            IssueKind.CONFLICT,
            (CONTACT, LEAD),
            rule="phone",
            value="b",
            other_value="c",
            reason="both edited; policy: manual",
            hint="choose the side that is right for this record, or give the rule a policy that names one",
        )
    ]


def test_a_verdict_that_names_nobody_says_which_policy_was_asked() -> None:
    found = verdict(rule(), replace(LEFT, modified_at=None), RIGHT, None)
    evidence = (
        "both edited; HubSpot at an unknown time, Salesforce at or before 2026-11-02 09:00:00 UTC; policy: newest"
    )
    assert found == Verdict(None, Because.NEWEST, evidence, wants_history=True)
    assert verdict(rule(policy=Policy.MANUAL), LEFT, RIGHT, None).because is Because.SETTLED


NOBODYS = rule(to_hubspot=owner_map({"us": None, "kim": "7"}), to_salesforce=owner_map({"9": None, "7": "kim"}))
ONE_WAY = {side: rule(direction=Direction(f"to_{side.value}")) for side in Side}
MIRROR = {side: replace(each, mirror=True) for side, each in ONE_WAY.items()}
SENT = {side: {side: {"phone": ("b",)}} for side in Side}
EVIDENCE = {
    "HubSpot spoke": (rule(), ("a", "a"), ("b", "a"), {}, "HubSpot was edited"),
    "Salesforce spoke": (rule(), ("a", "a"), ("a", "b"), {}, "Salesforce was edited"),
    "HubSpot was blank": (rule(), None, (None, "b"), {}, "first meeting: HubSpot is blank"),
    "Salesforce was blank": (rule(), None, ("b", None), {}, "first meeting: Salesforce is blank"),
    "HubSpot echoes": (rule(), None, ("b", "c"), SENT[Side.HUBSPOT], "HubSpot holds what was sent before"),
    "Salesforce echoes": (rule(), None, ("c", "b"), SENT[Side.SALESFORCE], "Salesforce holds what was sent before"),
    "HubSpot's owner is nobody": (NOBODYS, None, ("9", "kim"), {}, "first meeting: HubSpot's value counts as blank"),
    "Salesforce's owner is nobody": (
        NOBODYS, None, ("7", "us"), {}, "first meeting: Salesforce's value counts as blank"),
    "Salesforce's owner was nobody when both were edited": (
        NOBODYS, (None, None), ("7", "us"), {}, "HubSpot was edited; Salesforce's value counts as blank"),
    "HubSpot's owner was nobody when both were edited": (
        NOBODYS, (None, None), ("9", "kim"), {}, "Salesforce was edited; HubSpot's value counts as blank"),
    "only HubSpot is written": (ONE_WAY[Side.HUBSPOT], None, ("b", "c"), {}, "the rule goes to HubSpot only"),
    "only Salesforce is written": (ONE_WAY[Side.SALESFORCE], None, ("b", "c"), {}, "the rule goes to Salesforce only"),
    "HubSpot is put back": (
        MIRROR[Side.HUBSPOT], ("a", "a"), ("b", "a"), {}, "HubSpot was edited, but the rule does not go that way"),
    "Salesforce is put back": (
        MIRROR[Side.SALESFORCE], ("a", "a"), ("a", "b"), {},
        "Salesforce was edited, but the rule does not go that way",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("each", "agreed", "now", "sent", "words"), EVIDENCE.values(), ids=EVIDENCE)
def test_every_change_says_what_decided(each, agreed, now, sent, words) -> None:
    memory = Memory({} if agreed is None else {"phone": Agreed(*agreed)}, sent)
    left, right = now
    found = merge([each], memory, contact(phone=left), lead(Phone__c=right))
    (change,) = found.to_hubspot + found.to_salesforce
    assert change.evidence == words


def test_a_created_contact_is_agreed_on_in_the_form_of_each_side() -> None:
    phone = rule(to_hubspot=lambda value: value and f"0{value}")
    (step,) = plan(pair(phone), Subject(salesforce=LOOSE_RIGHT)).steps
    assert step == Create(
        Side.HUBSPOT,
        "contacts",
        (
            Change(Side.HUBSPOT, "phone", "phone", None, "01", Because.CREATES, "1"),
            cross_change(Side.HUBSPOT, "salesforce_id", None, LEAD_ID),
        ),
        ("salesforce_id", LEAD_ID),
        {"phone": Agreed("01", "1")},
    )


@pytest.mark.parametrize("memory", [None, AGREED], ids=["created", "updated"])
def test_a_value_hubspot_refused_before_is_not_tried_again(memory) -> None:
    parked = frozenset({(Side.HUBSPOT, "phone", "bad")})
    right = lead(Phone__c="bad", Note__c="n", HubSpot_Id__c=CONTACT_ID if memory else None)
    subject = Subject(LEFT if memory else None, right, memory, parked=parked)
    found = plan(pair(rule(), rule("note")), subject)
    assert found.parked == ("phone",)
    assert "phone" not in [change.rule for step in found.steps for change in getattr(step, "changes", ())]


def test_a_survivor_is_judged_by_what_its_own_side_said() -> None:
    """The sides agreed on unlike values; neither has been edited since."""
    memory = remembers(phone=("ours", "theirs"))
    for mapping, steps in ((MAPPING, [Unlink]), (ARCHIVING, [Archive, Unlink])):
        for subject in (
            Subject(contact(phone="ours"), NO_LEAD, memory),
            Subject(NO_CONTACT, lead(Phone__c="theirs"), memory),
        ):
            assert [type(step) for step in plan(mapping, subject).steps] == steps


def test_every_rule_is_asked_whether_a_survivor_was_edited() -> None:
    """A rule that never met, or whose field was not read, does not hide the edit behind it."""
    mapping = pair(rule("new"), rule("secret"), rule())
    memory = remembers(secret=("s", "s"), phone=("a", "a"))
    found = plan(mapping, Subject(contact(new="n", phone="b"), NO_LEAD, memory))
    assert [type(step) for step in found.steps] == [Unlink, Raise]


def test_an_empty_plan_of_cleared_values_writes_nothing_and_says_nothing() -> None:
    found = plan(pair(rule(blank=Blank.KEEP)), Subject(contact(phone=None), RIGHT, AGREED))
    assert found == Plan("contacts/Lead", contact(phone=None), RIGHT, left_alone=("phone",))
