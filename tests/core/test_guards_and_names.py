"""Guards, backoff, digests, refs and mappings: the small parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core import refs
from connector.core.backoff import Backoff, delay
from connector.core.digest import digest
from connector.core.guards import Allowed, Held, Limit, Limits, Tally, check
from connector.core.mapping import Direction, MappingSet
from connector.core.plan import Archive, Create, Plan, Unlink, Update
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from tests.core.builders import CONTACT, LEAD, at, contact, pair, rule

GUARDED = [
    (Tally(creates=11), Limits(creates=Limit(10)), "would create 11 records; the limit is 10"),
    (Tally(creates=10), Limits(creates=Limit(10)), None),
    (Tally(archives=1), Limits(archives=Limit(0)), "would archive 1 records; the limit is 0"),
    (Tally(changes=600), Limits(changes=Limit(share=0.5)), "would change 600 records of 1000; the limit is 50%"),
    (Tally(changes=500), Limits(changes=Limit(1000, 0.5)), None),
    (Tally(changes=20), Limits(changes=Limit(share=0.001)), None),
    (Tally(10**6, 10**6, 10**6), Limits(), None),
]


@pytest.mark.parametrize(("counts", "limits", "reason"), GUARDED)
def test_too_much_at_once_is_held_with_its_numbers(counts, limits, reason) -> None:
    assert check(counts, limits, 1000) == (Allowed() if reason is None else Held(reason))


def test_a_tally_counts_what_plans_would_do() -> None:
    plans = [
        Plan("contacts/Lead", None, None, (Create(Side.SALESFORCE, "Lead", (), None, {}),)),
        Plan("contacts/Lead", None, None, (Update(CONTACT, ()), Update(LEAD, ()))),
        Plan("contacts/Lead", None, None, (Archive(LEAD, ""), Unlink(CONTACT, LEAD, ""))),
    ]
    assert Tally.of(plans) == Tally(creates=1, archives=1, changes=2)
    assert Tally.of(plans) + Tally(1, 2, 3) == Tally(2, 3, 5)


@pytest.mark.parametrize(
    ("attempt", "roll", "seconds"), [(0, 0.5, 1.0), (1, 0.5, 2.0), (3, 0.25, 4.0), (9, 0.5, 30.0), (10**6, 0.5, 30.0)]
)
def test_waiting_doubles_up_to_a_cap_with_full_jitter(attempt, roll, seconds) -> None:
    limits = Backoff(first=timedelta(seconds=2), longest=timedelta(minutes=1))
    assert delay(attempt, limits, roll) == timedelta(seconds=seconds)


def test_a_digest_says_what_a_reading_says_and_not_when() -> None:
    one = contact(phone="1", note=None)
    shuffled = replace(one, values=dict(reversed(one.values.items())), modified_at=at(23))
    assert digest(one) == digest(shuffled)
    assert len(digest(one)) == 24


def test_any_difference_in_what_is_said_changes_the_digest() -> None:
    one = contact(phone="1")
    others = [
        contact(phone="2"),
        contact(phone=None),
        contact(),
        replace(one, presence=Presence.ARCHIVED),
        replace(one, moved_to=LEAD),
        replace(one, moved_to=CONTACT),
        replace(one, unreadable={"phone": "1"}),
    ]
    assert len({digest(each) for each in [one, *others]}) == 8


def test_a_digest_is_the_same_in_every_process() -> None:
    assert digest(Reading(CONTACT, values={"phone": "1"})) == "a5796287d8cb370647305fe8"


def test_a_ref_reads_back_from_its_text() -> None:
    for ref in (CONTACT, LEAD):
        assert Ref.parse(str(ref)) == ref
    assert Ref.parse("salesforce:Lead:00Q5g00000Abcde") == LEAD
    assert Ref.parse("hubspot:contacts:a:b") == refs.hubspot("contacts", "a:b") == Ref(Side.HUBSPOT, "contacts", "a:b")


@pytest.mark.parametrize("text", ["hubspot:contacts", "hubspot::1", "elsewhere:contacts:1", ""])
def test_a_text_that_is_no_ref_is_refused_with_an_example(text) -> None:
    with pytest.raises(ValueError, match="write it like hubspot:contacts:33451"):
        Ref.parse(text)


def test_a_salesforce_id_is_widened_to_18_characters() -> None:
    assert refs.id18("0035g00000Abcde") == "0035g00000AbcdeAAB"
    assert refs.id18("00QYZ0000000AZZ") == "00QYZ0000000AZZ2A2"
    assert refs.id18("33451") == "33451"


def test_a_direction_allows_its_side_only() -> None:
    assert [Direction.BOTH.allows(side) for side in Side] == [True, True]
    assert Direction.TO_HUBSPOT.allows(Side.HUBSPOT)
    assert not Direction.TO_HUBSPOT.allows(Side.SALESFORCE)


def test_a_pair_reads_every_field_it_needs() -> None:
    made = pair(rule("phone", kind=Kind.PHONE), extra_fields={Side.HUBSPOT: {"score": Kind.NUMBER}})
    assert made.fields_on(Side.HUBSPOT) == {
        "phone": Kind.PHONE,
        "email": Kind.TEXT,
        "hs_additional_emails": Kind.TEXT,
        "score": Kind.NUMBER,
        "salesforce_id": Kind.TEXT,
    }
    assert made.fields_on(Side.SALESFORCE) == {
        "Phone__c": Kind.PHONE, "Email": Kind.EMAIL, "Phone": Kind.PHONE, "HubSpot_Id__c": Kind.TEXT,
    }  # fmt: skip
    assert "salesforce_id" not in pair(rule(), hubspot_key=None).fields_on(Side.HUBSPOT)


def test_a_mapping_set_names_the_pairs_of_an_object_in_creating_order() -> None:
    people, companies = pair(rule()), pair(rule(), hubspot="companies", salesforce="Account")
    converted = pair(rule(), salesforce="Contact")
    mappings = MappingSet((people, converted, companies), "d")
    assert [each.name for each in mappings.pairs_of(Side.HUBSPOT, "contacts")] == ["contacts/Lead", "contacts/Contact"]
    assert [each.name for each in mappings.pairs_of(Side.SALESFORCE, "Account")] == ["companies/Account"]
    assert mappings.pairs_of(Side.SALESFORCE, "Task") == ()
