"""HubSpot's evidence against the portal and scripts: what counts, comes late, hangs on nobody, is not allowed."""

import json
from datetime import date

import orjson
import pytest

from connector.core.journey import Channel
from connector.core.refs import hubspot
from connector.errors import Transient, Unauthorised
from connector.ports import Absent, Done, Rejected, Todo, Unsure
from connector.sandbox.hubspot import actions, dealings
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.server import Server
from connector.sandbox.services import Fault
from tests.contract.hubspot_side import adapter, answer, scripted
from tests.contract.test_evidence import HubSpotEvidence

ASSOCIATIONS = "associations/.*/batch/read"


class Listening(HubSpotEvidence):
    """A portal whose evidence is listened to from its beginning."""

    def begin(self):
        self.ada = self.add()
        self.cursor = self.crm.evidence(["contacts"], None, self.now()).cursor
        self.pass_time(30)

    def hear(self, objects=("contacts",)):
        told = []
        for _ in range(50):
            portion = self.crm.evidence(objects, json.loads(json.dumps(self.cursor)), self.now())
            told += portion.entries
            self.cursor = portion.cursor
            if not portion.more:
                return told
        raise AssertionError("it does not end")

    def alone(self, obj, **properties):
        """An activity that hangs on nobody."""
        given = {"hs_timestamp": self.now().isoformat(), "hubspot_owner_id": self.somebody, **properties}
        return actions.create(self.portal, object=obj, properties=given)["id"]

    def hung(self, obj, **properties):
        made = self.alone(obj, **properties)
        actions.associate(self.portal, object=obj, id=made, to_object="contacts", to_id=self.ada.id)
        return made

    def costs(self, work):
        before = dict(self.crm.usage().by_operation)
        work()
        after = self.crm.usage().by_operation
        return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


@pytest.fixture
def portal():
    rig = Listening()
    with Server(rig.door, rig.services.clock.now) as server:
        rig.crm = adapter(server.url, clock=rig.clock, token=ACCESS_TOKEN)
        rig.begin()
        yield rig


# What counts.


@pytest.mark.parametrize(
    ("obj", "properties", "told"),
    [
        ("calls", {"hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED"}, (Channel.CALL, True)),
        ("calls", {"hs_call_status": "COMPLETED"}, (Channel.CALL, True)),
        ("calls", {"hs_call_direction": "INBOUND"}, (Channel.CALL, False)),
        ("calls", {"hs_call_direction": "OUTBOUND", "hs_call_status": "NO_ANSWER"}, None),
        ("emails", {"hs_email_direction": "EMAIL", "hs_email_status": "SENT"}, (Channel.EMAIL, True)),
        ("emails", {"hs_email_direction": "EMAIL", "hs_email_status": "BOUNCED"}, None),
        ("emails", {"hs_email_direction": "INCOMING_EMAIL"}, (Channel.EMAIL, False)),
        ("emails", {"hs_email_direction": "FORWARDED_EMAIL"}, (Channel.EMAIL, False)),
        ("meetings", {"hs_meeting_outcome": "COMPLETED"}, (Channel.MEETING, True)),
        ("meetings", {}, (Channel.MEETING, True)),
        ("meetings", {"hs_meeting_start_time": "2026-11-09T08:00:00Z"}, None),
        ("meetings", {"hs_meeting_outcome": "SCHEDULED"}, None),
        ("meetings", {"hs_meeting_outcome": "NO_SHOW"}, None),
    ],
)
def test_only_what_took_place_counts(portal, obj, properties, told):
    portal.hung(obj, **properties)
    portal.pass_time(30)
    assert [(entry.what.channel, entry.what.outbound) for entry in portal.hear()] == ([told] if told else [])


def test_a_meeting_counts_once_it_was_held_at_its_begin(portal):
    meeting = portal.hung("meetings", hs_meeting_outcome="SCHEDULED", hs_meeting_start_time="2026-11-02T08:05:00Z")
    portal.pass_time(600)
    assert portal.hear() == []
    actions.edit(portal.portal, object="meetings", id=meeting, properties={"hs_meeting_outcome": "COMPLETED"})
    portal.pass_time(30)
    (entry,) = portal.hear()
    assert entry.at.isoformat() == "2026-11-02T08:05:00+00:00"


def test_what_nobody_stands_behind_or_a_workflow_made_is_no_human_s(portal):
    dealings.send_email(portal.portal, contact=portal.ada.id, automated=True)
    portal.hung("emails", hs_email_direction="EMAIL")
    portal.pass_time(30)
    assert sorted((entry.what.human, entry.what.by) for entry in portal.hear()) == [
        (False, ""),
        (True, portal.somebody),
    ]


def test_companies_are_told_of_where_they_are_asked_for(portal):
    acme = portal.add("companies")
    call = portal.alone("calls", hs_call_direction="OUTBOUND")
    actions.associate(portal.portal, object="calls", id=call, to_object="companies", to_id=acme.id)
    portal.pass_time(30)
    cursor = portal.cursor
    assert portal.hear(["contacts"]) == []
    portal.cursor = cursor
    assert [entry.ref for entry in portal.hear(["contacts", "companies"])] == [acme]


# What is not lost.


def test_what_the_index_shows_late_is_told(portal):
    portal.portal.settings.search_lag_s = 60.0
    portal.touch(portal.ada)
    told = []
    for _ in range(8):
        portal.pass_time(15)
        told += portal.hear()
    assert len(told) == 1


def test_what_is_linked_in_a_second_call_is_told_then_and_costs_a_call_meanwhile(portal):
    call = portal.alone("calls", hs_call_direction="OUTBOUND")
    portal.pass_time(20)
    assert portal.costs(portal.hear) == {"search": 4, "associations": 1}
    actions.associate(portal.portal, object="calls", id=call, to_object="contacts", to_id=portal.ada.id)
    portal.pass_time(20)
    assert [entry.ref for entry in portal.hear()] == [portal.ada]
    portal.pass_time(20)
    assert portal.costs(portal.hear) == {"search": 4}


def test_what_hangs_on_nobody_is_let_go_when_the_overlap_is_over(portal):
    portal.alone("calls", hs_call_direction="OUTBOUND")
    costs = []
    for _ in range(8):
        portal.pass_time(30)
        costs.append(portal.costs(portal.hear).get("associations", 0))
    assert costs[0] == 1
    assert costs[-3:] == [0, 0, 0]


def test_an_edit_of_what_was_told_is_told_under_the_same_key(portal):
    call = portal.hung("calls", hs_call_direction="OUTBOUND")
    portal.pass_time(30)
    (first,) = portal.hear()
    actions.edit(portal.portal, object="calls", id=call, properties={"hs_call_body": "spoke about seats"})
    portal.pass_time(30)
    assert [entry.key for entry in portal.hear()] == [first.key]


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_wherever_a_walk_breaks_off_it_is_taken_up_from_the_stored_cursor(portal, place):
    for _ in range(450):
        portal.touch(portal.ada)
    portal.pass_time(30)
    told, calls = [], 0
    while True:
        calls += 1
        if calls == place:
            portal.services.faults.add(Fault("status", "hubspot", "", "search|associations", params={"status": 502}))
            with pytest.raises(Transient):
                portal.hear()
            portal.mend()
        portion = portal.crm.evidence(["contacts"], json.loads(json.dumps(portal.cursor)), portal.now())
        told, portal.cursor = [*told, *portion.entries], portion.cursor
        if not portion.more:
            break
    assert len({entry.key for entry in told}) == 450


def test_a_deal_that_is_linked_to_several_is_told_to_each(portal):
    bob = portal.add()
    deal = portal.deal(portal.ada, "10")
    actions.associate(portal.portal, object="deals", id=deal, to_object="contacts", to_id=bob.id)
    portal.pass_time(30)
    assert {entry.ref for entry in portal.hear()} == {portal.ada, bob}


def test_a_stage_that_was_made_later_is_learnt(portal):
    portal.deal(portal.ada, "10")
    portal.pass_time(30)
    portal.hear()
    stages = portal.portal.state.pipelines.by_object["deals"]["default"]
    stages.add_stage("4711", "Signed", 9, {"probability": "1.0"}, 0)
    dealings.open_deal(portal.portal, contact=portal.ada.id, name="More", stage="4711")
    portal.pass_time(30)
    (entry,) = portal.hear()
    assert (entry.what.stage, entry.what.closed, entry.what.won) == ("4711", True, True)


def test_where_pipelines_are_hidden_the_deal_itself_tells(portal):
    refused = {"status": 404, "content": {"message": "resource not found"}}
    portal.services.faults.add(Fault("status", "hubspot", "GET", "pipelines", params=refused))
    deal = portal.deal(portal.ada, "10")
    portal.moved(deal, won=True)
    portal.pass_time(30)
    (entry,) = portal.hear()
    assert (entry.what.closed, entry.what.won) == (True, True)


def test_deals_that_we_may_not_read_rest_for_an_hour_and_nothing_else_does(portal):
    missing = {"status": 403, "content": {"category": "MISSING_SCOPES", "message": "no scope"}}
    portal.services.faults.add(Fault("status", "hubspot", "POST", "deals/search", params=missing))
    portal.touch(portal.ada)
    portal.deal(portal.ada, "10")
    portal.pass_time(30)
    assert [entry.what.channel for entry in portal.hear()] == [Channel.CALL]
    assert portal.costs(portal.hear) == {"search": 3}
    portal.mend()
    portal.pass_time(3_600)
    assert [entry.what.amount for entry in portal.hear()] == ["10"]


@pytest.mark.parametrize(
    ("obj", "status", "category"),
    [
        ("calls", 403, "MISSING_SCOPES"),
        ("calls", 404, "OBJECT_NOT_FOUND"),
        ("deals", 400, "VALIDATION_ERROR"),
    ],
)
def test_a_kind_that_is_not_told_of_is_named_and_moves_nothing_on(portal, obj, status, category):
    told = {"status": status, "content": {"category": category, "message": "no"}}
    portal.services.faults.add(Fault("status", "hubspot", "POST", f"{obj}/search", params=told))
    portal.touch(portal.ada)
    portal.deal(portal.ada, "10")
    portal.pass_time(30)
    portion = portal.crm.evidence(("contacts",), portal.cursor, portal.now())
    assert (list(portion.withheld), len(portion.entries)) == ([obj], 1)
    portal.cursor = portion.cursor
    portal.mend()
    portal.pass_time(3_600)
    portion = portal.crm.evidence(("contacts",), portal.cursor, portal.now())
    assert (dict(portion.withheld), len(portion.entries)) == ({}, 1)


def test_an_app_that_is_shut_out_ends_the_run(portal):
    told = {"status": 403, "content": {"category": "USER_LEVEL", "message": "no"}}
    portal.services.faults.add(Fault("status", "hubspot", "POST", "deals/search", params=told))
    portal.pass_time(30)
    with pytest.raises(Unauthorised):
        portal.hear()


def test_links_are_read_page_after_page():
    def links(request):
        (given,) = orjson.loads(request.body)["inputs"]
        after = given.get("after")
        entry = {"from": {"id": given["id"]}, "to": [{"toObjectId": 12 if after else 11, "associationTypes": []}]}
        paging = {} if after else {"paging": {"next": {"after": "12"}}}
        return answer(200, {"status": "COMPLETE", "results": [{**entry, **paging}]})

    call = {"id": "7", "properties": {"hubspot_owner_id": "1"}, "updatedAt": "2026-11-02T08:00:00Z"}
    with scripted() as (script, crm):
        script.on("account-info", answer(200, {"portalId": 1}))
        script.on("search", answer(200, {"total": 0, "results": []}))
        script.on("calls/search", answer(200, {"total": 1, "results": [call]})).on(ASSOCIATIONS, links)
        cursor = crm.evidence(["contacts"], None, script.now).cursor
        told = crm.evidence(["contacts"], cursor, script.now).entries
    assert [entry.ref for entry in told] == [hubspot("contacts", "11"), hubspot("contacts", "12")]


# Tasks.


def remind(portal, *keys, about=None, **more):
    given = {"owner": portal.somebody, "subject": "Call", "body": "Why.", "due": date(2026, 11, 5), **more}
    return portal.crm.remind([Todo(about or portal.ada, **given, key=key) for key in keys])


def test_a_task_is_open_important_and_due_that_day(portal):
    (made,) = remind(portal, "k")
    values = portal.held(made.ref)
    names = ("hs_timestamp", "hs_task_status", "hs_task_priority", "hs_task_type", "hs_task_body")
    assert [values[name] for name in names] == [
        "2026-11-05T12:00:00Z",
        "NOT_STARTED",
        "HIGH",
        "TODO",
        "Why.\n\nSmarketing reference: k",
    ]


def test_a_task_is_known_again_after_its_body_went_through_an_editor(portal):
    (made,) = remind(portal, "k")
    body = "<div><p>Why.</p><p>I tried twice</p><p>Smarketing reference: k</p></div>"
    actions.edit(portal.portal, object="tasks", id=made.ref.id, properties={"hs_task_body": body})
    dealings.complete_task(portal.portal, id=made.ref.id)
    assert remind(portal, "k") == [Done(made.ref)]


def test_tasks_hang_on_companies_and_deals_too_and_on_nothing_else(portal):
    acme, deal = portal.add("companies"), hubspot("deals", portal.deal(portal.ada, "1"))
    (on_company,) = remind(portal, "k", about=acme)
    (on_deal,) = remind(portal, "k", about=deal)
    assert [remind(portal, "k", about=each) for each in (acme, deal)] == [[Done(on_company.ref)], [Done(on_deal.ref)]]
    (refused,) = remind(portal, "k", about=hubspot("tickets", "7"))
    assert isinstance(refused, Rejected)


def test_a_merged_contact_s_task_is_not_made_twice(portal):
    bob = portal.add()
    (made,) = remind(portal, "k")
    survivor = portal.merge(bob, portal.ada)
    assert remind(portal, "k", about=survivor) == [Done(made.ref)]


def test_one_bad_task_of_many_fails_alone(portal):
    gone = portal.add()
    portal.archive(gone)
    todos = [
        Todo(gone if number == 3 else portal.ada, portal.somebody, "Call", "", date(2026, 11, 5), f"k{number}")
        for number in range(8)
    ]
    outcomes = portal.crm.remind(todos)
    assert [type(outcome) for outcome in outcomes].count(Done) == 7
    assert isinstance(outcomes[3], Absent)
    assert len(portal.tasks(portal.ada)) == 7


def test_a_create_is_never_repeated_by_itself(portal):
    portal.services.faults.add(Fault("status", "hubspot", "POST", "tasks/batch/create", params={"status": 503}))
    costs = portal.costs(lambda: portal.__dict__.update(outcomes=remind(portal, "k")))
    assert costs["remind"] == 1
    assert isinstance(portal.outcomes[0], Unsure)
    portal.mend()
    assert remind(portal, "k")[0].created


def test_an_answer_that_does_not_speak_of_a_task_is_looked_up(portal):
    strange = {"status": 201, "content": {"status": "COMPLETE", "results": []}}
    rule = Fault("status", "hubspot", "POST", "tasks/batch/create", after_commit=True, params=strange)
    portal.services.faults.add(rule)
    (made,) = remind(portal, "k")
    assert made.created
    assert len(portal.tasks(portal.ada)) == 1


def test_nothing_to_be_reminded_of_costs_nothing(portal):
    assert portal.costs(lambda: portal.crm.remind([])) == {}
