"""What reps do with people on both sides: activities, answers and deals, as the APIs then show them."""

from datetime import UTC, datetime

import pytest

from connector.sandbox.acts import act
from connector.sandbox.world import World

NOW = datetime(2026, 11, 2, 8, 0, 0, tzinfo=UTC)


@pytest.fixture
def world():
    made = World(3, lambda: NOW)
    made.services.clock.freeze(NOW)
    return made


def do(world, side, name, /, **arguments):
    return act(world, side, name, arguments)


def person(world, **values):
    return do(world, "salesforce", "create", sobject="Contact", values={"LastName": "Ada", **values})["id"]


def contact(world, **properties):
    made = do(world, "hubspot", "create", object="contacts", properties={"email": "ada@example.test", **properties})
    return made["id"]


def held(world, obj, record_id):
    return world.salesforce.snapshot(obj, record_id)


def shown(world, obj, record_id):
    return do(world, "hubspot", "edit", object=obj, id=record_id, properties={})["properties"]


def linked(world, obj, record_id):
    return world.hubspot.state.links.of((obj, int(record_id)), "contacts")


def test_a_call_is_logged_by_the_owner_of_the_record_unless_somebody_is_named(world):
    kim, lena = world.salesforce.catalogue["User"].ids[2:4]
    who = person(world, OwnerId=kim)
    call = held(world, "Task", do(world, "salesforce", "log_call", who=who)["id"])
    assert (call["OwnerId"], call["CreatedById"], call["TaskSubtype"], call["CallType"]) == (
        kim,
        kim,
        "Call",
        "Outbound",
    )
    assert (call["IsClosed"], call["CompletedDateTime"]) == (True, "2026-11-02T08:00:00.000+0000")
    other = held(world, "Task", do(world, "salesforce", "log_call", who=who, user=lena, direction="Inbound")["id"])
    assert (other["OwnerId"], other["CallType"]) == (lena, "Inbound")


def test_the_admin_acts_for_a_queue(world):
    queue = world.salesforce.catalogue["Group"].ids[0]
    values = {"LastName": "Ada", "Company": "Acme", "OwnerId": queue}
    lead = do(world, "salesforce", "create", sobject="Lead", values=values)["id"]
    call = held(world, "Task", do(world, "salesforce", "log_call", who=lead)["id"])
    assert call["OwnerId"] == world.salesforce.admin_user


@pytest.mark.parametrize(("automated", "subtype"), [(False, "Email"), (True, "ListEmail")])
def test_an_email_is_a_rep_s_or_a_list_s(world, automated, subtype):
    sent = do(world, "salesforce", "send_email", who=person(world), automated=automated)["id"]
    assert (held(world, "Task", sent)["TaskSubtype"], held(world, "Task", sent)["IsClosed"]) == (subtype, True)


def test_a_meeting_begins_when_it_is_said_to(world):
    who = person(world)
    now = held(world, "Event", do(world, "salesforce", "hold_meeting", who=who)["id"])
    later = held(
        world, "Event", do(world, "salesforce", "hold_meeting", who=who, starts_at="2026-11-03T09:00:00Z")["id"]
    )
    starts = [now["StartDateTime"], later["StartDateTime"]]
    assert starts == ["2026-11-02T08:00:00.000+0000", "2026-11-03T09:00:00.000+0000"]


def test_a_task_is_ticked_off_by_its_owner(world):
    kim = world.salesforce.catalogue["User"].ids[2]
    values = {"WhoId": person(world), "OwnerId": kim, "Subject": "Call"}
    task = do(world, "salesforce", "create", sobject="Task", values=values)["id"]
    assert held(world, "Task", task)["IsClosed"] is False
    do(world, "salesforce", "complete_task", id=task)
    assert (held(world, "Task", task)["IsClosed"], held(world, "Task", task)["LastModifiedById"]) == (True, kim)


def test_an_answer_fills_in_what_is_given_and_leaves_the_rest(world):
    who = person(world, Smarketing_Comment__c="before")
    details = {"reason": "Timing", "revisit_on": "2026-12-01"}
    do(world, "salesforce", "answer_feedback", id=who, answer="Recycled", details=details)
    told = held(world, "Contact", who)
    names = ("Answer", "Reason", "Comment", "Revisit_On")
    assert [told[f"Smarketing_{name}__c"] for name in names] == ["Recycled", "Timing", "before", "2026-12-01"]
    with pytest.raises(ValueError, match="bad value for restricted picklist"):
        do(world, "salesforce", "answer_feedback", id=who, answer="Perhaps")


def test_a_deal_has_the_contact_in_its_main_part_and_can_be_won(world):
    who = person(world)
    deal = do(world, "salesforce", "open_deal", contact=who, name="Ten seats", amount=500.0)["id"]
    (role,) = world.salesforce.catalogue["OpportunityContactRole"].ids
    part = held(world, "OpportunityContactRole", role)
    assert (part["ContactId"], part["OpportunityId"], part["IsPrimary"]) == (who, deal, True)
    assert held(world, "Opportunity", deal)["LastStageChangeDate"] is None
    world.services.clock.advance(60)
    do(world, "salesforce", "close_deal", id=deal)
    closed = held(world, "Opportunity", deal)
    assert (closed["IsWon"], closed["LastStageChangeDate"]) == (True, "2026-11-02T08:01:00.000+0000")


def test_nothing_new_may_be_hung_on_a_converted_lead(world):
    lead = do(world, "salesforce", "create", sobject="Lead", values={"LastName": "Ada", "Company": "Acme"})["id"]
    call = do(world, "salesforce", "log_call", who=lead)["id"]
    became = do(world, "salesforce", "convert_lead", id=lead)["contactId"]
    assert held(world, "Task", call)["WhoId"] == became
    with pytest.raises(ValueError, match="cannot reference converted lead"):
        do(world, "salesforce", "log_call", who=lead)


def test_activities_in_hubspot_hang_on_the_contact_and_belong_to_its_owner(world):
    owner = world.hubspot.owners()[0]["id"]
    ada = contact(world, hubspot_owner_id=owner)
    for name, obj in (("log_call", "calls"), ("send_email", "emails"), ("hold_meeting", "meetings")):
        made = do(world, "hubspot", name, contact=ada)["id"]
        told = shown(world, obj, made)
        assert (told["hubspot_owner_id"], told["hs_object_source"]) == (owner, "CRM_UI")
        assert told["hs_created_by_user_id"] == str(world.hubspot.settings.user_id)
        assert list(linked(world, obj, made)) == [int(ada)]


def test_a_workflow_s_email_is_nobody_s(world):
    sent = do(world, "hubspot", "send_email", contact=contact(world), automated=True)["id"]
    told = shown(world, "emails", sent)
    assert (told["hs_object_source"], told.get("hubspot_owner_id")) == ("AUTOMATION_PLATFORM", None)


def test_an_answer_in_hubspot_is_one_of_those_agreed_on(world):
    ada = contact(world)
    details = {"reason": "bad_data", "comment": "no such person"}
    do(world, "hubspot", "answer_feedback", contact=ada, answer="rejected", details=details)
    told = shown(world, "contacts", ada)
    assert [told[f"smarketing_{name}"] for name in ("answer", "reason", "comment")] == [
        "rejected",
        "bad_data",
        "no such person",
    ]
    with pytest.raises(ValueError, match="INVALID_OPTION"):
        do(world, "hubspot", "answer_feedback", contact=ada, answer="perhaps")


def test_a_deal_in_hubspot_is_opened_with_the_contact_and_lost(world):
    ada = contact(world)
    deal = do(world, "hubspot", "open_deal", contact=ada, name="Ten seats", amount="500")["id"]
    assert list(linked(world, "deals", deal)) == [int(ada)]
    closed = do(world, "hubspot", "close_deal", id=deal, won=False)["properties"]
    assert (closed["dealstage"], closed["hs_is_closed"], closed["hs_is_closed_won"]) == ("closedlost", "true", "false")


def test_the_bridge_s_properties_stand_in_a_group_of_their_own(world):
    schema = world.hubspot.state.tables["contacts"].schema
    names = {name for name, each in schema.live.items() if each.group == "smarketing"}
    assert names == {name for name in schema.live if name.startswith("smarketing_")}
    assert len(names) == 18
    assert "smarketing" in schema.groups


def test_the_people_objects_have_the_same_agreed_fields(world):
    fields = [
        {name: each.type for name, each in world.salesforce.catalogue[obj].kind.fields.items() if "Smarketing" in name}
        for obj in ("Lead", "Contact")
    ]
    assert fields[0] == fields[1]
    assert len(fields[0]) == 14


@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_a_detail_of_an_answer_that_is_misspelt_is_refused_by_name(world, side):
    who = {"contact": contact(world)} if side == "hubspot" else {"id": person(world)}
    with pytest.raises(ValueError, match=r"raeson.*none of reason, comment, revisit_on"):
        do(world, side, "answer_feedback", **who, answer="x", details={"raeson": "timing"})
