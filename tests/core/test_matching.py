"""Who is who on the other side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core import refs
from connector.core.matching import Ambiguous, Matched, NoMatch, keys, match
from connector.core.readings import Presence, Reading
from tests.core.builders import CONTACT, CONTACT_ID, LEAD, LEAD_ID, pair

PAIR = pair()
OTHER_LEAD = refs.salesforce("Lead", "00Q5g00000ZzzzzEAB")


def person(**values) -> Reading:
    return Reading(CONTACT, values={"salesforce_id": None, "email": "ada@x.test", **values})


def someone(ref=LEAD, **values) -> Reading:
    return Reading(ref, values={"HubSpot_Id__c": None, "Email": "ADA@x.test", **values})


def test_a_cross_id_on_salesforce_is_enough() -> None:
    found = match(PAIR, person(email=None), [someone(HubSpot_Id__c=CONTACT_ID)])
    assert found == Matched(someone(HubSpot_Id__c=CONTACT_ID), "cross id")


@pytest.mark.parametrize("carried", [LEAD_ID, LEAD_ID[:15]])
def test_a_cross_id_on_hubspot_is_enough_in_either_length(carried: str) -> None:
    assert match(PAIR, person(salesforce_id=carried), [someone(Email=None)]) == Matched(someone(Email=None), "cross id")


def test_the_id_of_a_merged_record_still_names_its_survivor() -> None:
    asking = replace(person(email=None), aliases=("100",))
    assert match(PAIR, asking, [someone(HubSpot_Id__c="100")]) == Matched(someone(HubSpot_Id__c="100"), "cross id")


def test_a_cross_id_comes_before_an_email() -> None:
    crossed = someone(OTHER_LEAD, Email=None, HubSpot_Id__c=CONTACT_ID)
    assert match(PAIR, person(), [someone(), crossed]) == Matched(crossed, "cross id")


def test_two_records_with_our_id_are_for_a_person() -> None:
    found = match(PAIR, person(salesforce_id=LEAD_ID), [someone(), someone(OTHER_LEAD, HubSpot_Id__c=CONTACT_ID)])
    assert found == Ambiguous((CONTACT, LEAD, OTHER_LEAD), "2 records have the same cross id")


def test_cross_ids_that_contradict_each_other_are_for_a_person() -> None:
    found = match(PAIR, person(salesforce_id=LEAD_ID), [someone(HubSpot_Id__c="999")])
    assert isinstance(found, Ambiguous)
    assert "already carries the id of another record (999)" in found.reason


def test_a_contact_made_by_conversion_is_found_although_hubspot_still_names_the_lead() -> None:
    convert = refs.salesforce("Contact", "0035g00000AbcdeAAB")
    made = Reading(convert, values={"HubSpot_Id__c": CONTACT_ID})
    found = match(pair(salesforce="Contact"), person(salesforce_id=LEAD_ID), [made])
    assert found == Matched(made, "cross id")


def test_an_email_is_no_proof_that_a_carried_id_is_a_former_one() -> None:
    """By cross id, a Contact's id on a HubSpot contact may be outdated by a conversion; by e-mail it names another."""
    elsewhere = "0035g00000AbcdeAAB"
    found = match(PAIR, person(salesforce_id=elsewhere), [someone()])
    reason = f"same email, but {CONTACT} already carries the id of another record ({elsewhere})"
    assert found == Ambiguous((CONTACT, LEAD), reason)


def test_emails_match_whatever_their_case() -> None:
    assert match(PAIR, person(), [someone()]) == Matched(someone(), "email")


def test_an_additional_email_matches_too() -> None:
    asking = person(email="other@x.test", hs_additional_emails="x@x.test; Ada@x.test")
    assert match(PAIR, asking, [someone()]) == Matched(someone(), "email")


def test_a_later_key_is_asked_only_when_the_earlier_found_nobody() -> None:
    by_phone = someone(OTHER_LEAD, Email=None, Phone="+33 140200000")
    asking = person(phone="+33140200000")
    assert match(PAIR, asking, [by_phone]) == Matched(by_phone, "phone")
    assert match(PAIR, asking, [by_phone, someone()]) == Matched(someone(), "email")


def test_a_phone_is_never_taken_for_an_email() -> None:
    assert match(PAIR, person(email="12345", phone=None), [someone(Email=None, Phone="12345")]) == NoMatch()


def test_two_people_sharing_an_email_go_to_review() -> None:
    found = match(PAIR, person(), [someone(OTHER_LEAD), someone()])
    assert found == Ambiguous((CONTACT, LEAD, OTHER_LEAD), "2 records have the same email")


def test_the_same_candidate_twice_is_one() -> None:
    assert match(PAIR, person(), [someone(), someone()]) == Matched(someone(), "email")


def test_a_record_that_belongs_to_somebody_else_is_never_stolen() -> None:
    found = match(PAIR, person(), [someone(HubSpot_Id__c="999")])
    reason = f"same email, but {LEAD} already carries the id of another record (999)"
    assert found == Ambiguous((CONTACT, LEAD), reason)


def test_a_record_that_had_another_counterpart_is_for_a_person() -> None:
    """The same question asked from the other side gets the same answer."""
    owned = someone(HubSpot_Id__c="999")
    assert match(PAIR, owned, [person()]) == Ambiguous((LEAD, CONTACT), match(PAIR, person(), [owned]).reason)


def test_salesforce_asks_as_hubspot_does() -> None:
    assert match(PAIR, someone(), [person()]) == Matched(person(), "email")
    assert match(PAIR, someone(Email=None), [person(salesforce_id=LEAD_ID)]).by == "cross id"


@pytest.mark.parametrize(
    "candidate",
    [
        replace(someone(), converted=True),
        replace(someone(), presence=Presence.ARCHIVED),
        replace(someone(), presence=Presence.MOVED, moved_to=OTHER_LEAD),
        someone(refs.salesforce("Contact", "0035g00000AbcdeAAB")),
        someone(Email=None),
        someone(Email="bob@x.test"),
    ],
    ids=["converted", "archived", "moved", "another object", "no email", "another email"],
)
def test_whoever_cannot_be_a_counterpart_does_not_count(candidate: Reading) -> None:
    assert match(PAIR, person(), [candidate]) == NoMatch()


def test_a_pair_without_a_hubspot_key_does_without() -> None:
    keyless = pair(hubspot_key=None)
    assert match(keyless, person(salesforce_id="elsewhere"), [someone()]) == Matched(someone(), "email")


def test_every_email_is_a_key_of_its_own() -> None:
    asking = person(hs_additional_emails="B@x.test;;c@x.test", phone="+33 1 40 20 00 00")
    assert keys(PAIR, asking) == [
        ("email", "ada@x.test"), ("email", "b@x.test"), ("email", "c@x.test"), ("phone", "+33140200000"),
    ]  # fmt: skip
    assert keys(PAIR, someone()) == [("email", "ada@x.test")]
