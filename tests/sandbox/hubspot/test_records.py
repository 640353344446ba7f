"""Single records: create, read, list, update, archive, erase."""

import orjson
import pytest


def listed_problems(answer):
    prefix = "Property values were not valid: "
    assert answer["message"].startswith(prefix)
    return {each["name"]: each["error"] for each in orjson.loads(answer["message"].removeprefix(prefix))}


def test_a_created_contact_comes_back_lower_cased_with_server_set_values(call):
    answer = call("POST", "/crm/v3/objects/contacts", {"properties": {"email": " Ada@Example.TEST "}}, status=201)
    properties = answer.json["properties"]
    assert properties["email"] == "ada@example.test"
    assert properties["lifecyclestage"] == "lead"
    assert properties["hs_object_source"] == "INTEGRATION"
    assert properties["hs_object_id"] == answer.json["id"]
    assert answer.headers["Location"].endswith(answer.json["id"])
    assert list(properties) == sorted(properties)


def test_times_lose_their_milliseconds_when_these_are_zero(call, clock):
    record = call.create(email="a@x.test")
    assert call.read(record)["createdAt"] == "2026-11-23T12:00:00Z"
    clock.sleep(0.045)
    assert call.update(record, firstname="A")["updatedAt"] == "2026-11-23T12:00:00.045Z"


def test_an_unset_property_is_null_and_an_unknown_one_is_left_out(call):
    record = call.create(email="a@x.test")
    values = call.values(record, "phone", "no_such_property")
    assert values["phone"] is None
    assert "no_such_property" not in values


def test_custom_properties_are_silent_unless_asked_for(call):
    record = call.create(email="a@x.test", budget="5")
    assert set(call.values(record)) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }
    assert call.values(record, "budget")["budget"] == "5"


def test_every_bad_property_is_listed_and_nothing_is_written(call):
    record = call.create(email="a@x.test", firstname="Old")
    answer = call.update(
        record,
        _status=400,
        firstname="New",
        nonsense="1",
        hubspotscore="9",
        email="not an address",
        hs_lead_status="WARM",
        budget="much",
        birthday="2020-01-01T10:00:00Z",
        demo_at="tomorrow",
    )
    assert answer["category"] == "VALIDATION_ERROR"
    assert listed_problems(answer) == {
        "nonsense": "PROPERTY_DOESNT_EXIST",
        "hubspotscore": "READ_ONLY_VALUE",
        "email": "INVALID_EMAIL",
        "hs_lead_status": "INVALID_OPTION",
        "budget": "INVALID_INTEGER",
        "birthday": "INVALID_DATE",
        "demo_at": "INVALID_LONG",
    }
    assert {each["code"] for each in answer["errors"]} >= {"PROPERTY_DOESNT_EXIST", "INVALID_LONG"}
    assert call.values(record, "firstname")["firstname"] == "Old"


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("budget", 1000, "1000"),
        ("newsletter", True, "true"),
        ("newsletter", "FALSE", "false"),
        ("birthday", "1984-02-29", "1984-02-29"),
        ("birthday", "1577836800000", "2020-01-01"),
        ("demo_at", "2026-11-24T10:00:00+01:00", "2026-11-24T09:00:00Z"),
        ("demo_at", 1795514400123, "2026-11-24T10:00:00.123Z"),
        ("interests", "SYNC;;SUPPORT;SYNC", "SYNC;SUPPORT"),
    ],
)
def test_values_are_kept_as_text_in_one_form(call, name, sent, kept):
    record = call.create(email="a@x.test", **{name: sent})
    assert call.values(record, name)[name] == kept


def test_the_empty_text_clears_and_a_leading_semicolon_appends(call):
    record = call.create(email="a@x.test", phone="1", interests="SYNC")
    call.update(record, phone="", interests=";BUDGET_HOLDER")
    values = call.values(record, "phone", "interests")
    assert values["phone"] is None
    assert values["interests"] == "SYNC;BUDGET_HOLDER"


def test_an_address_identifies_one_contact_whatever_its_case(call):
    record = call.create(email="ada@x.test", hs_additional_emails="ada@home.test")
    for address in ("ADA@X.test", "Ada@Home.test"):
        answer = call("POST", "/crm/v3/objects/contacts", {"properties": {"email": address}}, status=409)
        assert answer.json["category"] == "CONFLICT"
        assert answer.json["message"] == f"Contact already exists. Existing ID: {record}"


def test_a_freed_address_may_be_taken_by_another(call):
    first = call.create(email="a@x.test")
    call.update(first, email="b@x.test")
    assert call.create(email="a@x.test") != first


def test_a_unique_property_identifies_a_record_of_its_object_only(call):
    record = call.create(email="a@x.test", salesforce_record_id="003A")
    call.create("companies", name="Firm", salesforce_record_id="003A")
    body = {"properties": {"email": "b@x.test", "salesforce_record_id": "003A"}}
    answer = call("POST", "/crm/v3/objects/contacts", body, status=400)
    assert answer.json["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"
    by_key = call("GET", "/crm/v3/objects/contacts/003A", query="idProperty=salesforce_record_id", status=200)
    assert by_key.json["id"] == record


def test_ids_are_unique_per_object_only(call):
    assert call.create(email="a@x.test") == call.create("companies", name="Firm")


@pytest.mark.parametrize(
    ("object_name", "properties"),
    [("contacts", {"phone": "1"}), ("companies", {}), ("deals", {"amount": "5"}), ("notes", {"hs_note_body": "x"})],
)
def test_what_a_record_needs_is_asked_for_on_create(call, object_name, properties):
    call("POST", f"/crm/v3/objects/{object_name}", {"properties": properties}, status=400)


def test_activities_ignore_what_they_do_not_know(call):
    record = call.create("tasks", hs_timestamp="1795514400000", hs_task_subject="Call", nonsense="1")
    assert call.values(record, "hs_task_subject", _object="tasks")["hs_task_subject"] == "Call"


def test_a_list_is_paged_by_the_id_of_the_next_record(call):
    ids = [call.create(email=f"p{number}@x.test") for number in range(5)]
    first = call("GET", "/crm/v3/objects/contacts", query="limit=2", status=200).json
    assert [each["id"] for each in first["results"]] == ids[:2]
    assert first["paging"]["next"]["after"] == ids[2]
    call("DELETE", f"/crm/v3/objects/contacts/{ids[2]}", status=204)
    second = call("GET", "/crm/v3/objects/contacts", query=f"limit=2&after={ids[2]}", status=200).json
    assert [each["id"] for each in second["results"]] == ids[3:]
    assert "paging" not in second


def test_a_list_with_history_holds_fifty(call):
    call("GET", "/crm/v3/objects/contacts", query="limit=100&propertiesWithHistory=email", status=400)
    call("GET", "/crm/v3/objects/contacts", query="limit=50&propertiesWithHistory=email", status=200)
    call("GET", "/crm/v3/objects/contacts", query="limit=101", status=400)


def test_an_archived_record_is_seen_only_when_asked_for(call):
    record = call.create(email="a@x.test")
    call("DELETE", f"/crm/v3/objects/contacts/{record}", status=204)
    call("DELETE", f"/crm/v3/objects/contacts/{record}", status=204)
    assert call("GET", f"/crm/v3/objects/contacts/{record}", status=404).json["message"] == "resource not found"
    assert call("GET", "/crm/v3/objects/contacts").json["results"] == []
    assert call.found() == []
    archived = call("GET", f"/crm/v3/objects/contacts/{record}", query="archived=true", status=200).json
    assert archived["archived"] is True
    assert archived["archivedAt"]
    assert call("GET", "/crm/v3/objects/contacts", query="archived=true").json["results"][0]["id"] == record


def test_an_erased_address_may_not_come_back(call, portal):
    record = call.create(email="gone@x.test")
    body = {"objectId": "gone@x.test", "idProperty": "email"}
    call("POST", "/crm/v3/objects/contacts/gdpr-delete", body, status=204)
    call("GET", f"/crm/v3/objects/contacts/{record}", query="archived=true", status=404)
    call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "GONE@x.test"}}, status=400)
    kinds = [each["subscriptionType"] for each in portal.events][-2:]
    assert kinds == ["contact.deletion", "contact.privacyDeletion"]


def test_an_id_that_is_no_number_is_refused_in_other_words(call):
    answer = call("GET", "/crm/v3/objects/contacts/abc", status=404).json
    assert answer["category"] == "OBJECT_NOT_FOUND"
    assert answer["message"] == "Object not found.  objectId are usually numeric."
    assert answer["context"] == {"id": ["abc"]}


def test_history_tells_newest_first_who_wrote_what(call, clock):
    record = call.create(email="a@x.test", jobtitle="Clerk")
    clock.sleep(1)
    call.update(record, jobtitle="Chief")
    clock.sleep(1)
    call.update(record, jobtitle="")
    history = call.read(record, history="jobtitle")["propertiesWithHistory"]["jobtitle"]
    assert [each["value"] for each in history] == ["", "Chief", "Clerk"]
    assert {(each["sourceType"], each["sourceId"]) for each in history} == {("INTEGRATION", "7906213")}
    assert history[0]["timestamp"] == "2026-11-23T12:00:02Z"


def test_writing_the_same_value_again_changes_nothing(call, clock, portal):
    record = call.create(email="a@x.test", firstname="A")
    events = len(portal.events)
    clock.sleep(5)
    assert call.update(record, firstname="A")["updatedAt"] == "2026-11-23T12:00:00Z"
    assert len(portal.events) == events
    portal.settings.equal_write_moves_modified = True
    assert call.update(record, firstname="A")["updatedAt"] == "2026-11-23T12:00:05Z"


def test_an_additional_address_made_primary_changes_places_with_it(call):
    record = call.create(email="old@x.test", hs_additional_emails="new@x.test;other@x.test")
    call.update(record, email="new@x.test")
    values = call.values(record, "email", "hs_additional_emails")
    assert values["email"] == "new@x.test"
    assert values["hs_additional_emails"] == "old@x.test;other@x.test"
    call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "old@x.test"}}, status=409)


def test_an_owner_is_named_by_owner_id_and_must_be_active(call, portal):
    active, gone = portal.owners()[0], portal.owners()[-1]
    record = call.create(email="a@x.test", hubspot_owner_id=active["id"])
    for value in (str(active["userId"]), gone["id"]):
        assert listed_problems(call.update(record, _status=400, hubspot_owner_id=value)) == {
            "hubspot_owner_id": "INVALID_OPTION",
        }


def test_a_malformed_body_is_refused_as_such(call):
    answer = call("POST", "/crm/v3/objects/contacts", b'{"properties":', status=400).json
    assert answer["message"].startswith("Invalid input JSON on line 1, column")


def test_erasing_by_id_and_barring_an_address_nobody_has(call):
    path = "/crm/v3/objects/contacts/gdpr-delete"
    record = call.create(email="a@x.test", hs_additional_emails="b@x.test")
    call("POST", path, {"objectId": record}, status=204)
    call("POST", path, {"objectId": "never@x.test", "idProperty": "email"}, status=204)
    for address in ("a@x.test", "b@x.test", "never@x.test"):
        call("POST", "/crm/v3/objects/contacts", {"properties": {"email": address}}, status=400)
    call("POST", path, {"objectId": "999"}, status=404)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("newsletter", "perhaps"),
        ("interests", "SYNC;NONSENSE"),
        ("hs_additional_emails", "a@x.test;nonsense"),
        ("jobtitle", "x" * 65_537),
        ("jobtitle", ["x"]),
        ("jobtitle", {"x": 1}),
        ("birthday", "soon"),
        ("budget", "1,000"),
        ("budget", "NaN"),
    ],
)
def test_values_of_the_wrong_form_are_refused(call, name, value):
    call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "b@x.test", name: value}}, status=400)


def test_null_clears_like_the_empty_text(call):
    record = call.create(email="a@x.test", phone="1", budget=1.5)
    call.update(record, phone=None)
    assert call.values(record, "phone", "budget")["phone"] is None
    assert call.values(record, "budget")["budget"] == "1.5"


def test_the_history_of_a_derived_property_is_its_one_value(call, clock):
    record = call.create(email="a@x.test")
    clock.sleep(3)
    call.update(record, firstname="A")
    past = call.read(record, history="lastmodifieddate,hs_object_id")["propertiesWithHistory"]
    assert [each["value"] for each in past["lastmodifieddate"]] == ["2026-11-23T12:00:03Z"]
    assert [each["value"] for each in past["hs_object_id"]] == [record]


def test_a_list_shows_associations_when_asked(call):
    contact, company = call.create(email="a@x.test"), call.create("companies", name="Firm")
    call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}", status=200)
    answer = call("GET", "/crm/v3/objects/contacts", query="associations=companies", status=200).json["results"][0]
    kinds = {each["type"] for each in answer["associations"]["companies"]["results"]}
    assert kinds == {"contact_to_company", "contact_to_company_unlabeled"}


@pytest.mark.parametrize("body", [{}, {"properties": []}, {"properties": "x"}, []])
def test_a_body_without_properties_is_refused(call, body):
    call("POST", "/crm/v3/objects/contacts", body, status=400)
    call("GET", "/crm/v3/objects/contacts", query="limit=ten", status=400)
