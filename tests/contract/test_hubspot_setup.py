"""Making properties over real HTTP: in batches, one by one where a batch is refused, told by asking again."""

from __future__ import annotations

import pytest

from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Transient, Unauthorised
from connector.wanted import Choice, Section, Wanted
from tests.contract.hubspot_side import answer, scripted

PROPERTIES = "/crm/v3/properties/contacts"
NOTHING = answer(200, {"results": []})
SCOPES = {"status": "error", "category": "MISSING_SCOPES", "message": "This app has not been granted all scopes"}


def wanted(name, kind=Kind.TEXT, *options):
    choices = tuple(Choice(each, each) for each in options)
    return Wanted(Side.HUBSPOT, "contacts", name, name, kind, "", "x.yaml:1 x", Section.FEEDBACK, options=choices)


@pytest.fixture
def portal():
    """An account without any property of ours, and the setup of it."""
    with scripted() as (script, crm):
        script.on(rf"GET {PROPERTIES}", NOTHING)
        script.on(rf"POST {PROPERTIES}/groups", answer(201, {"name": "smarketing"}))
        yield script, crm.setup()


def test_a_hundred_go_in_one_call(portal):
    script, setup = portal
    script.on(rf"POST {PROPERTIES}/batch/create", answer(201, {"results": []}))
    plan = setup.plan([wanted(f"smarketing_{number}") for number in range(230)])
    assert len(plan.acts) == 231
    assert setup.apply(plan) == {}
    bodies = script.bodies(r"POST .*/batch/create")
    assert [len(each["inputs"]) for each in bodies] == [100, 100, 30]
    first = bodies[0]["inputs"][0]
    assert (first["name"], first["groupName"], first["type"]) == ("smarketing_0", "smarketing", "string")
    assert script.lines("POST")[0] == f"POST {PROPERTIES}/groups"


def test_what_hubspot_refuses_of_a_batch_is_told_by_name_and_what_is_there_already_is_no_refusal(portal):
    script, setup = portal
    errors = [
        {
            "category": "VALIDATION_ERROR",
            "message": "no, not for ada@acme.example",
            "context": {"name": ["smarketing_a"]},
        },
        {"category": "OBJECT_ALREADY_EXISTS", "message": "is there", "context": {"name": ["smarketing_b"]}},
    ]
    script.on(r"POST .*/batch/create", answer(207, {"results": [], "errors": errors}))
    refused = setup.apply(setup.plan([wanted("smarketing_a"), wanted("smarketing_b")]))
    assert refused == {("contacts", "smarketing_a"): "no, not for <e-mail>"}


def test_a_batch_that_is_refused_whole_is_made_one_by_one(portal):
    script, setup = portal
    script.on(
        rf"POST {PROPERTIES}$", lambda request: answer(400 if b"_bad" in request.body else 201, {"message": "bad"})
    )
    script.on(r"POST .*/batch/create", answer(400, {"message": "one of them is bad"}))
    refused = setup.apply(setup.plan([wanted("smarketing_a"), wanted("smarketing_bad"), wanted("smarketing_c")]))
    assert list(refused) == [("contacts", "smarketing_bad")]
    assert [body["name"] for body in script.bodies(rf"POST {PROPERTIES}$")] == [
        "smarketing_a", "smarketing_bad", "smarketing_c",
    ]  # fmt: skip


def test_options_are_added_to_the_list_as_it_is_at_that_moment(portal):
    """A list that is sent replaces the old one, so an option that an admin has just added must be in it."""
    script, setup = portal
    held = {"name": "smarketing_r", "type": "enumeration", "fieldType": "select", "groupName": "smarketing"}
    listed = held | {"options": [{"label": "A", "value": "a", "displayOrder": 0, "hidden": False}]}
    meanwhile = listed | {"options": [*listed["options"], {"label": "New", "value": "new", "displayOrder": 1}]}
    script.on(rf"GET {PROPERTIES}\?archived=false", answer(200, {"results": [listed]}))
    script.on(rf"GET {PROPERTIES}/smarketing_r", answer(200, meanwhile))
    script.on(rf"PATCH {PROPERTIES}/smarketing_r", answer(200, meanwhile))
    setup.apply(setup.plan([wanted("smarketing_r", Kind.PICKLIST, "a", "b")]))
    [sent] = script.bodies("PATCH")
    assert set(sent) == {"options"}
    assert [each["value"] for each in sent["options"]] == ["a", "new", "b"]
    assert sent["options"][0] == listed["options"][0]


def test_an_option_that_is_refused_is_told_and_the_rest_is_made(portal):
    script, setup = portal
    listed = {"name": "smarketing_r", "type": "enumeration", "fieldType": "select", "options": [], "groupName": "x"}
    script.on(rf"GET {PROPERTIES}\?archived=false", answer(200, {"results": [listed]}))
    script.on(rf"GET {PROPERTIES}/smarketing_r", answer(200, listed))
    script.on(r"PATCH", answer(400, {"message": "two options with one label"}))
    script.on(r"POST .*/batch/create", answer(201, {"results": []}))
    refused = setup.apply(setup.plan([wanted("smarketing_r", Kind.PICKLIST, "a"), wanted("smarketing_b")]))
    assert refused == {("contacts", "smarketing_r"): "HubSpot answered 400: two options with one label"}
    assert script.bodies("batch/create")[0]["inputs"][0]["name"] == "smarketing_b"


def test_an_archived_property_is_made_again_alone(portal):
    script, setup = portal
    gone = {"name": "smarketing_a", "type": "string", "fieldType": "text", "options": [], "archived": True}
    script.on(rf"GET {PROPERTIES}\?archived=true", answer(200, {"results": [gone]}))
    script.on(rf"POST {PROPERTIES}$", answer(201, gone))
    assert setup.apply(setup.plan([wanted("smarketing_a")])) == {}
    assert [body["name"] for body in script.bodies(rf"POST {PROPERTIES}$")] == ["smarketing_a"]
    assert script.lines("batch/create") == []


def test_a_group_that_somebody_made_in_between_is_no_refusal(portal):
    script, setup = portal
    script.on(rf"POST {PROPERTIES}/groups", answer(409, {"category": "OBJECT_ALREADY_EXISTS", "message": "is there"}))
    script.on(r"POST .*/batch/create", answer(201, {"results": []}))
    assert setup.apply(setup.plan([wanted("smarketing_a")])) == {}


def test_missing_scopes_are_named_even_where_hubspot_names_none(portal):
    script, setup = portal
    plan = setup.plan([wanted("smarketing_a")])
    script.on(r"POST", answer(403, SCOPES))
    with pytest.raises(Unauthorised, match=r"crm\.schemas\.contacts\.read and crm\.schemas\.contacts\.write"):
        setup.apply(plan)


def test_a_lost_answer_is_asked_again_and_what_was_made_by_then_is_no_refusal(portal):
    script, setup = portal
    there = {"category": "OBJECT_ALREADY_EXISTS", "message": "is there", "context": {"name": ["smarketing_a"]}}
    lost, again = answer(502, {"message": "away"}), answer(207, {"results": [], "errors": [there]})
    script.on(r"POST .*/batch/create", lost, again)
    assert setup.apply(setup.plan([wanted("smarketing_a")])) == {}
    assert len(script.lines("batch/create")) == 2


def test_a_fault_that_passes_is_no_refusal_and_stops(portal):
    script, setup = portal
    plan = setup.plan([wanted("smarketing_a")])
    script.on(r"POST", answer(502, {"message": "away"}))
    with pytest.raises(Transient):
        setup.apply(plan)


def test_fields_of_salesforce_are_nothing_to_hubspot(portal):
    script, setup = portal
    one = Wanted(Side.SALESFORCE, "Lead", "X__c", "X", Kind.TEXT, "", "x.yaml:1 x", Section.FEEDBACK)
    assert setup.plan([one]).acts == ()
    assert script.asked == []


def test_the_dated_paths_are_used_where_the_account_is_on_them():
    with scripted(version="2026-09") as (script, crm):
        script.on(r"GET /crm/properties/2026-09/contacts", NOTHING)
        assert crm.setup().plan([wanted("smarketing_a")]).acts
    assert script.lines() == [
        "GET /crm/properties/2026-09/contacts?archived=false",
        "GET /crm/properties/2026-09/contacts?archived=true",
        "GET /crm/properties/2026-09/contacts/groups",
    ]
