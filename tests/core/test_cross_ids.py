"""What people and other software write where the other side's id belongs."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import refs
from connector.core.cross_ids import fits, misfit, understood
from connector.core.matching import Ambiguous, Matched, NoMatch, cross_id, formerly, match
from connector.core.plan import IssueKind, Raise
from connector.core.planning import Subject, plan
from connector.core.readings import Reading
from connector.core.refs import Side, id18
from tests.core.builders import CONTACT, CONTACT_ID, LEAD, LEAD_ID, always, contact, lead, pair, remembers

NONSENSE = ["not an id", "abc", "00Q5g00000AbcdeEAC", "00Q5g00000AbcdeE", "00Q5g00000Abc_e", "٣" * 15, "1" * 19]
ACCOUNT_ID, CONTACTS_ID = id18("0015g00000Abcde"), id18("0035g00000Abcde")
PAIR = pair(create_in_salesforce=always, create_in_hubspot=always)


@given(st.text(string.ascii_letters + string.digits, min_size=15, max_size=15))
def test_an_id_is_understood_in_both_lengths_and_its_long_form_in_any_case(short: str) -> None:
    full = id18(short)
    for spelling in (short, full, full.lower(), full.upper(), f" {short}\n"):
        assert understood(Side.SALESFORCE, spelling) == full


def test_a_short_id_that_lost_its_case_is_another_id() -> None:
    assert understood(Side.SALESFORCE, LEAD_ID[:15].lower()) == id18(LEAD_ID[:15].lower()) != LEAD_ID


@pytest.mark.parametrize("text", [*NONSENSE, "00q5g00000abcdeea9", "00q5g00000abcde5aa", ""])
def test_nonsense_is_no_id_of_salesforce(text: str) -> None:
    assert understood(Side.SALESFORCE, text) is None


@pytest.mark.parametrize("text", ["not an id", "abc", "²", "٣", "012", "-1", "33451.0", "1" * 19, LEAD_ID, ""])
def test_nonsense_is_no_id_of_hubspot(text: str) -> None:
    assert understood(Side.HUBSPOT, text) is None


def test_a_hubspot_id_is_digits_whatever_stands_around_them() -> None:
    assert understood(Side.HUBSPOT, " 33451 ") == "33451"


@pytest.mark.parametrize(
    ("salesforce", "carried", "fitting"),
    [
        ("Lead", None, True),
        ("Lead", LEAD_ID.lower(), True),
        ("Lead", CONTACTS_ID, True),
        ("Contact", LEAD_ID, True),
        ("Lead", ACCOUNT_ID, False),
        ("Account", CONTACTS_ID, False),
        ("Account", ACCOUNT_ID, True),
        ("Lead", id18("a0X5g00000Abcde"), True),
        ("Person__c", ACCOUNT_ID, True),
        ("Person__c", "abc", False),
    ],
)
def test_an_id_fits_by_the_object_it_names_as_far_as_that_is_known(salesforce, carried, fitting) -> None:
    assert fits(pair(salesforce=salesforce), contact(salesforce_id=carried)) is fitting


def test_where_no_field_is_kept_for_ids_anything_fits() -> None:
    assert fits(pair(hubspot_key=None), contact(salesforce_id="abc"))


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_no_cross_id(text: str) -> None:
    assert cross_id(PAIR, contact(salesforce_id=text)) is None


@pytest.mark.parametrize("text", [*NONSENSE, ACCOUNT_ID])
def test_a_loose_record_with_nonsense_is_shown_and_nothing_is_made_for_it(text: str) -> None:
    found = plan(PAIR, Subject(contact(salesforce_id=text)))
    assert found.steps == (Raise(misfit(PAIR, contact(salesforce_id=text))),)


def test_what_is_shown_names_field_value_and_what_to_do() -> None:
    issue = misfit(PAIR, lead(HubSpot_Id__c="abc"))
    assert (issue.kind, issue.code, issue.refs, issue.side) == (
        IssueKind.AMBIGUOUS,
        "CROSS_ID",
        (LEAD,),
        Side.SALESFORCE,
    )
    assert (issue.field, issue.value) == ("HubSpot_Id__c", "abc")
    assert issue.reason == (
        f"{LEAD} carries 'abc' in HubSpot_Id__c, which is no hubspot id of a contacts record, "
        "so nobody can tell whether it has a counterpart"
    )
    assert issue.hint == (
        f"correct or clear HubSpot_Id__c on {LEAD}; once it is blank, its counterpart is looked for or made"
    )


@pytest.mark.parametrize("reading", [contact(salesforce_id="abc"), lead(HubSpot_Id__c="abc")], ids=["left", "right"])
def test_who_is_out_of_scope_or_barred_may_carry_what_he_likes(reading: Reading) -> None:
    subject = Subject(reading) if reading.ref.side is Side.HUBSPOT else Subject(salesforce=reading)
    apart = pair(in_scope=lambda *_: False)
    assert (plan(apart, subject).steps, plan(apart, subject).note) == ((), "out of scope")


def test_an_address_in_common_does_not_link_a_record_with_nonsense() -> None:
    one = Reading(CONTACT, values={"salesforce_id": "not an id", "email": "a@x.test"})
    other = Reading(LEAD, values={"HubSpot_Id__c": None, "Email": "a@x.test"})
    issue = misfit(PAIR, one)
    asked = Ambiguous((CONTACT, LEAD), f"same email, but {issue.reason}; {issue.hint}")
    assert match(PAIR, one, [other]) == asked
    assert match(PAIR, other, [one]) == Ambiguous((LEAD, CONTACT), asked.reason)


def test_an_id_is_certain_whatever_nonsense_the_other_carries() -> None:
    one = Reading(CONTACT, values={"salesforce_id": "not an id", "email": None})
    other = Reading(LEAD, values={"HubSpot_Id__c": CONTACT_ID, "Email": None})
    assert match(PAIR, one, [other]) == Matched(other, "cross id")


def test_nonsense_matches_nobody_and_no_record_by_its_own_nonsense() -> None:
    odd = refs.hubspot("contacts", "abc")
    one, other = Reading(odd, values={"email": None}), Reading(LEAD, values={"HubSpot_Id__c": "abc"})
    assert match(PAIR, one, [other]) == NoMatch()


@pytest.mark.parametrize(("text", "earlier"), [("abc", False), ("not an id", False), (LEAD_ID.lower(), True)])
def test_nonsense_is_no_earlier_id(text: str, earlier: bool) -> None:  # noqa: FBT001  # a column of the table
    assert formerly(text, lead()) is earlier


def test_a_linked_record_with_nonsense_is_shown_and_kept() -> None:
    (step,) = plan(PAIR, Subject(contact(salesforce_id="not an id"), lead(), remembers())).steps
    assert isinstance(step, Raise)
    assert (step.issue.code, step.issue.field, step.issue.value) == ("CROSS_ID", "salesforce_id", "not an id")


def test_a_linked_record_whose_id_lost_its_case_gets_it_back() -> None:
    (step,) = plan(PAIR, Subject(contact(salesforce_id=LEAD_ID.lower()), lead(), remembers())).steps
    assert [change.after for change in step.changes] == [LEAD_ID]


def test_an_id_that_the_linked_record_went_by_before_it_was_merged_is_corrected() -> None:
    older, merged = id18("00Q5g00000Older"), id18("00Q5g00000Mergd")
    subject = Subject(contact(salesforce_id=merged), lead(), replace(remembers(), formerly=(older, merged)))
    (step,) = plan(PAIR, subject).steps
    assert [(change.field, change.after) for change in step.changes] == [("salesforce_id", LEAD_ID)]
    (step,) = plan(PAIR, replace(subject, memory=remembers())).steps
    assert isinstance(step, Raise)


@pytest.mark.parametrize("carried", [CONTACT_ID, "33451"])
def test_what_salesforce_carries_fits_where_it_spells_a_hubspot_id(carried: str) -> None:
    assert fits(PAIR, lead(HubSpot_Id__c=carried))
    assert not fits(PAIR, lead(HubSpot_Id__c=LEAD_ID))


@pytest.mark.parametrize(
    ("reading", "field"),
    [(contact(salesforce_id="abc"), "salesforce_id"), (lead(HubSpot_Id__c="abc"), "HubSpot_Id__c")],
)
def test_a_misfit_names_the_field_of_its_own_side(reading: Reading, field: str) -> None:
    issue = misfit(PAIR, reading)
    assert (issue.field, issue.side) == (field, reading.ref.side)
    assert issue.hint.startswith(f"correct or clear {field} on {reading.ref}; ")
