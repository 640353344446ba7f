"""What was not heard of, what was asked too often, and what was made or cleared unasked is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot, salesforce
from connector.sandbox.exchange import Response
from tests.simulation.doctoring import START, Line, a_life, after, edit, end, make, shown, write, wrong
from tests.simulation.oracle import Evidence
from tests.simulation.oracle.evidence import Call
from tests.simulation.watched import Life

UPDATE = "/crm/objects/2026-09/contacts/batch/update"


def _compared(evidence: Evidence, *lines: Line) -> Evidence:
    """The lines were written by the comparison of everything."""
    grown = after(evidence, *lines)
    return replace(grown, compared=range(len(evidence.entries) + 1, len(grown.entries) + 1))


def test_a_change_that_only_comparing_everything_found_is_found(evidence: Evidence, ada: str) -> None:
    (said,) = wrong(_compared(evidence, write(Side.HUBSPOT, ada, city="t4")), "listening")
    assert said == f"only comparing everything found: update of city of hubspot {ada}"
    assert wrong(after(evidence, write(Side.HUBSPOT, ada, city="t4")), "listening") == []


def test_somebody_whom_only_comparing_everything_made_is_found(evidence: Evidence) -> None:
    arrived = after(evidence, make(Side.HUBSPOT, "900", "user:1", email="c@x.test"))
    (said,) = wrong(_compared(arrived, make(Side.SALESFORCE, "00Q900", HubSpot_Contact_Id__c="900")), "listening")
    assert said == "only comparing everything found: created of it of salesforce 00Q900"


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        ({"variants": ["as shipped", "no titles"]}, "the mapping was edited"),
        ({"miswritten": frozenset({(Side.HUBSPOT, "501")})}, "a cross id was miswritten"),
        ({"kept_apart": frozenset({(Side.HUBSPOT, "501")})}, "kept apart or forgotten by a person"),
        (
            {"asleep": frozenset({(Side.SALESFORCE, "Lead", "City")})},
            "a field was taken from the bridge, or given back",
        ),
        ({"acts": Counter({"opens property": 1})}, "a field was taken from the bridge, or given back"),
        ({"choices_changed": frozenset({(Side.HUBSPOT, "contacts", "city")})}, "an admin changed the choices"),
        ({"ruled": frozenset({(Side.SALESFORCE, "Lead")})}, "an admin's rule refuses some values, or did"),
        ({"parked": frozenset({"hubspot:contacts:501"})}, "a value was refused before"),
    ],
)
def test_what_no_poll_tells_of_is_excused_by_name(evidence: Evidence, ada: str, fact: dict[str, Any], why: str) -> None:
    assert ada == "501"
    excused = replace(_compared(evidence, write(Side.HUBSPOT, ada, city="t4")), **fact)
    assert wrong(excused, "listening") == []
    assert excused.excused[f"found by comparing everything: {why}"] == 1


def test_owners_who_came_or_went_excuse_no_city(evidence: Evidence, ada: str) -> None:
    moved = {"acts": Counter({"deactivates owner": 1})}
    owner = replace(_compared(evidence, write(Side.HUBSPOT, ada, hubspot_owner_id="70000001")), **moved)
    assert wrong(owner, "listening") == []
    assert wrong(replace(_compared(evidence, write(Side.HUBSPOT, ada, city="t4")), **moved), "listening")


def test_a_record_that_is_gone_is_told_by_no_poll(evidence: Evidence, ada: str, lead: str) -> None:
    gone = _compared(after(evidence, end(Side.SALESFORCE, lead)), write(Side.HUBSPOT, ada, salesforce_record_id=None))
    assert wrong(gone, "listening") == []


def _calls(times: int, life: Life, status: int = 200, side: str = "hubspot", apart_s: float = 60.0) -> list[Call]:
    at = START + timedelta(hours=1)
    return [
        Call(life, side, at + timedelta(seconds=apart_s * number), UPDATE, Response(status)) for number in range(times)
    ]


def test_more_calls_a_day_than_the_settings_allow_are_found(evidence: Evidence) -> None:
    said = wrong(replace(evidence, calls=_calls(9, a_life()), allowed={"hubspot": 8, "salesforce": 1}), "budgets")
    assert said == ["9 calls to hubspot on 2026-11-02; 8 are allowed"]
    assert wrong(replace(evidence, calls=_calls(9, a_life()), allowed={"hubspot": 9}), "budgets") == []
    assert wrong(replace(evidence, calls=_calls(9, a_life()), allowed={}), "budgets") == []


def test_signing_in_and_another_day_spend_nothing(evidence: Evidence) -> None:
    signing_in = [call._replace(path="/services/oauth2/token") for call in _calls(9, a_life())]
    tomorrow = [call._replace(at=call.at + timedelta(days=1)) for call in _calls(4, a_life())]
    spent = [*_calls(5, a_life()), *signing_in, *tomorrow]
    assert wrong(replace(evidence, calls=spent, allowed={"hubspot": 5}), "budgets") == []


def _limited(evidence: Evidence, before: Iterable[Call], struck: str = "", **more: Any) -> Evidence:
    calls = [*before]
    refused = calls[-1]._replace(answer=Response(429), struck=struck)
    return replace(evidence, calls=[*calls[:-1], refused], **more)


def test_a_limit_that_one_worker_alone_ran_into_is_found(evidence: Evidence) -> None:
    alone = _calls(3, a_life(), apart_s=1.0)
    assert wrong(_limited(evidence, alone), "budgets") == [f"hubspot said 429 to {UPDATE} after 2 calls of doctor"]
    assert wrong(_limited(evidence, alone, struck="status 429"), "budgets") == []
    told = Call(
        a_life(), "salesforce", START, "/services/data", Response(403, b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]')
    )
    assert wrong(replace(evidence, calls=[told]), "budgets") == [
        "salesforce said 403 to /services/data after 0 calls of doctor"
    ]


def test_a_limit_that_others_used_up_is_excused_by_name(evidence: Evidence) -> None:
    crowded = _limited(evidence, _calls(3, a_life(), apart_s=1.0), acts=Counter({"crowds window": 1}))
    assert wrong(crowded, "budgets") == []
    assert crowded.excused["told to call less: others had used it up"] == 1
    two = _limited(evidence, [*_calls(1, a_life()), *_calls(2, a_life(), apart_s=1.0)])
    assert wrong(two, "budgets") == []
    assert two.excused["told to call less: several workers called at a time"] == 1


def test_a_field_cleared_for_what_nobody_cleared_is_found(evidence: Evidence, ada: str, lead: str) -> None:
    """A field that was hidden for a while is no blank one."""
    travels = a_life("clearing travels")
    (said,) = wrong(after(evidence, write(Side.SALESFORCE, lead, Title=None), life=travels), "fields")
    assert said.endswith("no counterpart ever held such a value")
    cleared = after(evidence, edit(Side.HUBSPOT, ada, jobtitle=""))
    assert wrong(after(cleared, write(Side.SALESFORCE, lead, Title=None), life=travels), "fields") == []


def test_a_blank_that_a_record_was_made_with_may_travel(evidence: Evidence, ada: str, lead: str) -> None:
    phone = after(evidence, edit(Side.SALESFORCE, lead, Phone="2025550100"))
    cleared = after(phone, write(Side.SALESFORCE, lead, Phone=None), life=a_life("clearing travels"))
    assert wrong(cleared, "fields") == []


def test_a_refusal_of_another_value_excuses_no_difference(evidence: Evidence, ada: str, lead: str) -> None:
    differs = after(evidence, edit(Side.HUBSPOT, ada, jobtitle="t98"))
    refs = (salesforce("Lead", lead), hubspot("contacts", ada))
    today = Issue(IssueKind.PARKED, refs, rule="job_title", side=Side.SALESFORCE, value="t98")
    assert wrong(replace(differs, issues=[shown(today)]), "in step") == []
    (said,) = wrong(replace(differs, issues=[shown(replace(today, value="t50"))]), "in step")
    assert "differ in job_title" in said


def test_a_second_record_for_one_address_is_found_whatever_id_it_carries(evidence: Evidence, lead: str) -> None:
    again = after(evidence, make(Side.SALESFORCE, "00Q900", Email="ADA@x.test", LastName="t1"))
    said = wrong(again, "doubles")
    assert f"salesforce {lead} and 00Q900 were made for ada@x.test, whom only 1 asked for" in said


def test_a_second_record_for_a_second_person_of_one_address_is_no_double(evidence: Evidence, lead: str) -> None:
    twin = after(evidence, make(Side.HUBSPOT, "900", "user:1", email="other@x.test", hs_additional_emails="ada@x.test"))
    both = after(twin, make(Side.SALESFORCE, "00Q900", Email="ada@x.test", HubSpot_Contact_Id__c="900"))
    assert not any("asked for" in line for line in wrong(both, "doubles"))


def test_a_record_made_after_the_first_was_gone_is_no_double(evidence: Evidence, lead: str) -> None:
    gone = after(evidence, end(Side.SALESFORCE, lead))
    again = after(gone, make(Side.SALESFORCE, "00Q900", Email="ada@x.test"))
    assert not any("asked for" in line for line in wrong(again, "doubles"))


def test_a_record_fetched_back_later_was_gone_when_the_second_was_made(evidence: Evidence, lead: str) -> None:
    gone = after(evidence, end(Side.SALESFORCE, lead))
    again = after(gone, make(Side.SALESFORCE, "00Q900", Email="ada@x.test"))
    back = after(again, (Side.SALESFORCE, "user:2", "undeleted", lead, {}))
    assert not any("asked for" in line for line in wrong(back, "doubles"))


def test_what_an_owner_got_who_left_since_is_no_difference(evidence: Evidence, ada: str, lead: str) -> None:
    owned = after(
        evidence,
        edit(Side.HUBSPOT, ada, hubspot_owner_id="70000003"),
        write(Side.SALESFORCE, lead, OwnerId="0055f0000000005AAA"),
    )
    assert wrong(owned, "in step") == []
    left = {key: email for key, email in owned.sellers.emails.items() if key != (Side.HUBSPOT, "70000003")}
    assert wrong(replace(owned, sellers=replace(owned.sellers, emails=left)), "in step") == []
    other = after(owned, write(Side.SALESFORCE, lead, OwnerId="0055f0000000004AAA"))
    assert len(wrong(other, "in step")) == 1


def test_what_the_accounts_told_of_themselves_is_told_of_nobody(evidence: Evidence) -> None:
    """The choices of a picklist are in no person's story; what else is in the store was read, story and all."""
    assert "Agriculture" not in evidence.stored
    assert '"after":"t9"' in evidence.stored


def test_a_record_given_to_the_bridges_own_user_has_no_owner(evidence: Evidence, ada: str, lead: str) -> None:
    owned = after(
        evidence,
        edit(Side.HUBSPOT, ada, hubspot_owner_id="70000003"),
        write(Side.SALESFORCE, lead, OwnerId="0055f0000000005AAA"),
        edit(Side.SALESFORCE, lead, OwnerId="0055f0000000001AAA"),
    )
    assert wrong(owned, "in step") == []
    assert owned.excused["cleared by a person, and clearing does not travel"] == 1


def test_a_blank_from_before_both_agreed_clears_nothing(evidence: Evidence, ada: str, lead: str) -> None:
    """Ada's Lead was made by the bridge, and blank before it was filled; that is not what somebody cleared."""
    travels = a_life("clearing travels")
    filled = after(
        evidence, edit(Side.HUBSPOT, ada, phone="2025550100"), write(Side.SALESFORCE, lead, Phone="2025550100")
    )
    (said,) = wrong(after(filled, write(Side.HUBSPOT, ada, phone=""), life=travels), "fields")
    assert said.endswith("no counterpart ever held such a value")
    cleared = after(filled, edit(Side.SALESFORCE, lead, Phone=None))
    assert wrong(after(cleared, write(Side.HUBSPOT, ada, phone=""), life=travels), "fields") == []
