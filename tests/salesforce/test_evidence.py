"""Evidence against the org: what begins later, comes late, comes in masses, is hidden; and what a poll costs."""

from datetime import UTC, datetime

import pytest

from connector.core.journey import Channel, Dealt
from connector.errors import Refused, Transient
from connector.sandbox.salesforce import actions, dealings
from connector.sandbox.services import Fault
from tests.salesforce.listening import PEOPLE, Listening
from tests.salesforce.sandbox import calls_of


@pytest.fixture
def org():
    return Listening()


def test_a_planned_meeting_is_told_once_it_has_begun(org):
    meeting = dealings.hold_meeting(org.org, org.ada.id, starts_at="2026-11-02T10:00:00Z")["id"]
    org.sleep(60)
    assert org.hear() == []
    org.sleep(3 * 3_600)
    (entry,) = org.hear()
    assert (entry.what.channel, entry.at) == (Channel.MEETING, datetime(2026, 11, 2, 10, tzinfo=UTC))
    actions.edit(org.org, meeting, {"Subject": "How it went"})
    org.sleep(3_600)
    assert {each.key for each in org.hear()} <= {entry.key}


def test_a_meeting_that_was_put_off_or_cancelled_does_not_begin(org):
    later = dealings.hold_meeting(org.org, org.ada.id, starts_at="2026-11-02T10:00:00Z")["id"]
    never = dealings.hold_meeting(org.org, org.ada.id, starts_at="2026-11-02T10:00:00Z")["id"]
    actions.edit(org.org, later, {"StartDateTime": "2026-11-03T10:00:00Z"})
    actions.delete(org.org, never)
    org.sleep(3 * 3_600)
    assert org.hear() == []
    org.sleep(24 * 3_600)
    assert [entry.at.day for entry in org.hear()] == [3]


def test_a_task_counts_when_it_is_closed_and_the_first_closing_counts(org):
    values = {"WhoId": org.ada.id, "TaskSubtype": "Call"}
    task = actions.create(org.org, "Task", values)["id"]
    org.sleep(60)
    assert org.hear() == []
    dealings.complete_task(org.org, task)
    closed = org.now()
    org.sleep(3_600)
    (first,) = org.hear()
    assert first.at == closed
    actions.edit(org.org, task, {"Status": "In Progress"})
    org.sleep(3_600)
    dealings.complete_task(org.org, task)
    org.sleep(60)
    assert [entry.key for entry in org.hear()] == [first.key]


def test_an_activity_that_was_deleted_is_not_told(org):
    actions.delete(org.org, dealings.log_call(org.org, org.ada.id)["id"])
    org.sleep(60)
    assert org.hear() == []


def test_what_is_committed_minutes_later_is_told(org):
    org.org.settings.commit_delay_s = 400.0
    dealings.log_call(org.org, org.ada.id)
    org.org.settings.commit_delay_s = 0.0
    told = []
    for _ in range(12):
        org.sleep(60)
        told += org.hear()
    assert len(told) == 1


def test_masses_of_one_second_are_walked_page_by_page_from_the_stored_cursor(org):
    org.masses(4_500)
    portion = org.crm.evidence(PEOPLE, org.cursor, org.now())
    assert (len(portion.entries), portion.more) == (2_000, True)
    org.cursor = portion.cursor
    told = [*portion.entries, *org.hear()]
    assert len({entry.key for entry in told}) == len(told) == 4_500


def test_short_pages_lose_nothing(org):
    org.org.settings.short_pages = True
    org.masses(900)
    assert len({entry.key for entry in org.hear(900)}) == 900


def test_after_masses_only_the_last_seconds_are_read_again_and_all_of_it_once(org):
    org.masses(4_500)
    org.hear()
    costs = []
    for _ in range(40):
        org.sleep(30)
        costs.append(calls_of(org, org.hear))
    assert costs[0] == 3  # they are of the last seconds before the poll that found them
    assert [place for place, cost in enumerate(costs) if cost != 1] == [0, 28]  # a quarter of an hour later


def test_what_comes_late_amid_masses_is_told_all_the_same(org):
    org.masses(2_500)
    org.hear()
    bob = org.contact("Bob")
    org.masses(1, WhoId=bob.id)
    org.sleep(120)  # its stamp is no longer among the last seconds
    told = []
    for _ in range(20):
        org.sleep(60)
        told += [entry for entry in org.hear() if entry.ref == bob]
    assert len({entry.key for entry in told}) == 1


def test_who_takes_part_in_an_old_deal_has_that_deal_from_then_on(org):
    deal = dealings.open_deal(org.org, org.contact("Bob").id, "Ten seats")["id"]
    org.sleep(7_200)
    org.hear()
    actions.create(org.org, "OpportunityContactRole", {"OpportunityId": deal, "ContactId": org.ada.id})
    joined = org.now()
    org.sleep(60)
    (entry,) = org.hear()
    assert (entry.ref, entry.at, entry.what.deal) == (org.ada, joined, deal)


def test_the_deal_of_a_conversion_belongs_to_the_lead_too(org):
    lead = org.lead("Eve")
    became = org.convert(lead, opportunity="Ten seats")
    org.sleep(60)
    told = org.hear()
    assert {entry.ref for entry in told} == {lead, became}
    assert len({entry.what for entry in told}) == 1


def test_hundreds_of_deals_at_once_are_looked_up_in_calls_that_fit(org):
    values = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    deals = [actions.create(org.org, "Opportunity", values)["id"] for _ in range(700)]
    for each in deals:
        actions.create(org.org, "OpportunityContactRole", {"OpportunityId": each, "ContactId": org.ada.id})
    org.sleep(60)
    before = org.crm.usage().calls
    assert {entry.what.deal for entry in org.hear()} == set(deals)
    assert org.crm.usage().calls - before <= 3


@pytest.mark.parametrize(
    ("sobject", "field"), [("Opportunity", "LastStageChangeDate"), ("Task", "CallType"), ("Opportunity", "Amount")]
)
def test_a_field_that_is_hidden_from_us_is_done_without(org, sobject, field):
    actions.set_field_permission(org.org, sobject, field, "none")
    dealings.log_call(org.org, org.ada.id)
    dealings.open_deal(org.org, org.ada.id, "Ten seats")
    org.sleep(60)
    assert len(org.hear()) == 2
    org.sleep(60)
    assert calls_of(org, org.hear) == 1


def test_what_says_nothing_without_a_hidden_field_rests_for_an_hour_and_is_caught_up(org):
    actions.set_field_permission(org.org, "Task", "WhoId", "none")
    dealings.log_call(org.org, org.ada.id)
    dealings.open_deal(org.org, org.ada.id, "Ten seats")
    org.sleep(60)
    assert [type(entry.what) for entry in org.hear()] == [Dealt]
    actions.set_field_permission(org.org, "Task", "WhoId", "edit")
    org.sleep(60)
    assert org.hear() == []
    org.sleep(3_600)
    assert [entry.what.channel for entry in org.hear()] == [Channel.CALL]


def test_an_org_without_composite_calls_is_asked_one_by_one(org):
    refused = {"status": 404, "content": [{"errorCode": "NOT_FOUND", "message": "no such resource"}]}
    org.services.faults.add(Fault("status", "salesforce", "POST", "composite$", params=refused))
    dealings.log_call(org.org, org.ada.id)
    dealings.open_deal(org.org, org.ada.id, "Ten seats")
    org.sleep(60)
    assert len(org.hear()) == 2


@pytest.mark.parametrize(("status", "error"), [(503, Transient), (400, Refused)])
def test_a_call_that_fails_moves_nothing_on(org, status, error):
    dealings.log_call(org.org, org.ada.id)
    org.sleep(60)
    told = {"status": status, "content": [{"errorCode": "SOME_NEW_CODE", "message": "not now"}]}
    org.services.faults.add(Fault("status", "salesforce", "POST", "composite$", params=told))
    with pytest.raises(error):
        org.hear()
    org.services.faults.clear()
    assert len(org.hear()) == 1


def test_an_object_added_later_begins_when_it_is_asked_for(org):
    leads = org.crm.evidence(["Lead"], None, org.now()).cursor
    dealings.open_deal(org.org, org.ada.id, "Ten seats")
    org.sleep(60)
    portion = org.crm.evidence(PEOPLE, leads, org.now())
    assert (portion.entries, portion.more) == ([], True)
    assert "roles" in portion.cursor
    told = org.crm.evidence(PEOPLE, portion.cursor, org.now()).entries
    assert [entry.ref for entry in told] == [org.ada]


def test_people_who_are_no_people_objects_cost_nothing(org):
    assert calls_of(org, lambda: org.crm.evidence(["Account"], {}, org.now())) == 0
