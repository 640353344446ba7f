"""Reading, finding, scanning, describing: what goes out, and what odd answers become (fact sheet 2, 3, 5, 7)."""

import orjson
import pytest

from connector import ports
from connector.core import refs
from connector.core.readings import Presence
from connector.core.values import Kind
from connector.errors import Refused
from tests.contract.hubspot_side import answer, scripted

VIEW = ports.View("contacts", {"email": Kind.EMAIL, "firstname": Kind.TEXT, "age": Kind.NUMBER, "born": Kind.DATE})
AT = "2026-11-02T08:00:01Z"


def record(number, **properties):
    return {"id": str(number), "properties": properties, "updatedAt": AT, "archived": False}


def found(*records):
    return answer(200, {"results": list(records)})


def test_a_record_becomes_a_reading():
    with scripted() as (script, crm):
        script.on(
            "batch/read",
            found(record(1, email="Ada@x.test", age="1000.50", born="2026-03-29", hs_merged_object_ids="1;8;9")),
        )
        (reading,) = crm.read(VIEW, ["1"])
        assert reading.values == {"email": "Ada@x.test", "firstname": None, "age": "1000.5", "born": "2026-03-29"}
        assert reading.aliases == ("8", "9")
        assert reading.modified_at.isoformat() == "2026-11-02T08:00:01+00:00"


def test_a_property_that_is_no_longer_there_is_not_taken_for_blank():
    with scripted() as (script, crm):
        script.on("batch/read", found(record(1, email="ada@x.test", age=None), record(2, email="bob@x.test")))
        nulls, none = crm.read(VIEW, ["1", "2"])
        assert nulls.values == {"email": "ada@x.test", "age": None}  # it tells blanks: what it leaves out is not there
        assert none.values == {"email": "bob@x.test", "firstname": None, "age": None, "born": None}


def test_a_value_its_kind_cannot_understand_is_kept_and_not_blank():
    with scripted() as (script, crm):
        script.on("batch/read", found(record(1, age="about forty")))
        (reading,) = crm.read(VIEW, ["1"])
        assert reading.unreadable == {"age": "about forty"}
        assert "age" not in reading.values


def test_history_gives_exact_stamps_and_halves_the_batches():
    history = [
        {"value": "B", "timestamp": "2026-11-01T10:00:00.250Z", "sourceType": "CRM_UI", "sourceId": "userId:8"},
        {"value": "A", "timestamp": "2026-10-01T10:00:00Z", "sourceType": "API"},
    ]
    with scripted() as (script, crm):
        script.on(
            "batch/read",
            lambda request: found(
                *[
                    record(each["id"], firstname="B") | {"propertiesWithHistory": {"firstname": history, "email": []}}
                    for each in orjson.loads(request.body)["inputs"]
                ]
            ),
        )
        readings = crm.read(VIEW, [str(n) for n in range(1, 76)], history=["firstname", "email"])
        assert [len(body["inputs"]) for body in script.bodies()] == [50, 25]
        stamp = readings[0].stamps["firstname"]
        assert (stamp.at.isoformat(), stamp.source) == ("2026-11-01T10:00:00.250000+00:00", "CRM_UI userId:8")
        assert set(readings[0].stamps) == {"firstname"}


def test_an_id_asked_for_twice_is_sent_once_and_answered_twice():
    with scripted() as (script, crm):
        script.on("batch/read", found(record(1)))
        assert [each.ref.id for each in crm.read(VIEW, ["1", "1"])] == ["1", "1"]
        assert script.bodies()[0]["inputs"] == [{"id": "1"}]


@pytest.mark.parametrize("text", ["abc", "²", "٣", "012", "9" * 40, "00Q5f0000000001EAA"])
def test_what_is_no_id_is_missing_without_a_call(text):
    with scripted() as (script, crm):
        (reading,) = crm.read(VIEW, [text])
        assert (reading.presence, script.asked) == (Presence.MISSING, [])


def test_a_merged_id_is_told_by_the_survivor_that_is_read_beside_it():
    with scripted() as (script, crm):
        script.on("batch/read", found(record(9, hs_merged_object_ids="1;2")))
        gone, _ = crm.read(VIEW, ["1", "9"])
        assert (gone.presence, gone.moved_to) == (Presence.MOVED, refs.hubspot("contacts", "9"))
        assert len(script.asked) == 1


def test_a_batch_read_that_answers_a_merged_id_with_the_survivor_is_understood():
    with scripted() as (script, crm):
        script.on("batch/read", found(record(9, hs_merged_object_ids="1;2")), found())
        (gone,) = crm.read(VIEW, ["1"])
        assert (gone.presence, gone.moved_to) == (Presence.MOVED, refs.hubspot("contacts", "9"))


def test_addresses_are_found_by_batch_read_and_secondary_ones_by_search():
    with scripted() as (script, crm):
        script.on(
            "batch/read",
            found(record(1, email="ada@x.test")),
            found(record(2, email="b@x.test", hs_additional_emails="old@x.test;c@x.test")),
        )
        script.on("search", found({"id": "2"}))
        readings = crm.find(VIEW, "email", ["ADA@x.test", "c@X.test"])
        assert [each.ref.id for each in readings] == ["1", "2"]
        assert set(readings[1].values) == set(VIEW.fields)
        (body,) = script.bodies("search")
        assert body["filterGroups"] == [
            {"filters": [{"propertyName": "hs_additional_emails", "operator": "CONTAINS_TOKEN", "value": "c@x.test"}]}
        ]


def test_a_token_hit_that_is_another_address_is_not_taken_for_a_match():
    with scripted() as (script, crm):
        script.on("batch/read", found(), found(record(2, email="b@x.test", hs_additional_emails="cc@x.test")))
        script.on("search", found({"id": "2"}))
        assert crm.find(VIEW, "email", ["c@x.test"]) == []


def test_a_backfill_of_new_addresses_never_waits_for_search():
    with scripted() as (script, crm):
        script.on("batch/read", found())
        crm.find(VIEW, "email", [f"p{n}@x.test" for n in range(1000)])
        assert len(script.lines("batch/read")) == 10
        assert script.lines("search") == []


def test_plain_values_are_searched_in_lower_case_within_the_body_limit():
    values = [f"Person Number {n}" for n in range(120)]
    with scripted() as (script, crm):
        script.on("properties", found({"name": "firstname", "type": "string"})).on("search", found())
        crm.find(VIEW, "firstname", values)
        searched = [
            each for body in script.bodies("search") for each in body["filterGroups"][0]["filters"][0]["values"]
        ]
        assert set(searched) >= {value.lower() for value in values}
        assert max(len(request.body) for line, request in script.asked if "search" in line) <= 3000


PROPERTIES = [
    {"name": "email", "label": "E-mail", "type": "string", "fieldType": "text"},
    {"name": "amount", "label": "Amount", "type": "number", "fieldType": "number"},
    {
        "name": "hubspot_owner_id",
        "label": "Owner",
        "type": "enumeration",
        "fieldType": "select",
        "referencedObjectType": "OWNER",
    },
    {"name": "score", "label": "Score", "type": "number", "fieldType": "calculation_equation", "calculated": True},
    {"name": "hs_object_id", "label": "Id", "type": "number", "modificationMetadata": {"readOnlyValue": True}},
    {
        "name": "topics",
        "label": "Topics",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": [{"label": "One", "value": "1"}, {"label": "Old", "value": "0", "hidden": True}],
    },
    {"name": "sf_id", "label": "Salesforce id", "type": "string", "fieldType": "text", "hasUniqueValue": True},
    {"name": "agreed", "label": "Agreed", "type": "bool", "fieldType": "booleancheckbox"},
    {"name": "gone", "label": "Gone", "type": "string", "archived": True},
    {"name": "place", "label": "Place", "type": "object_coordinates", "fieldType": "text"},
]


def test_the_schema_tells_what_may_be_written_and_as_what():
    with scripted() as (script, crm):
        script.on("properties", found(*PROPERTIES))
        fields = crm.schema("contacts").fields
        assert set(fields) == {each["name"] for each in PROPERTIES} - {"gone"}
        assert {name for name, each in fields.items() if not each.updatable} == {"score", "hs_object_id"}
        assert {name for name, each in fields.items() if each.unique} == {"email", "sf_id"}
        assert Kind.MONEY in fields["amount"].kinds
        assert fields["hubspot_owner_id"].kinds == {Kind.OWNER, Kind.TEXT}
        assert fields["topics"].kinds == {Kind.MULTIPICKLIST}
        assert fields["topics"].options == (ports.Option("1", "One"), ports.Option("0", "Old", active=False))
        assert fields["agreed"].kinds == {Kind.BOOLEAN}
        assert fields["place"].kinds == frozenset()


def test_owners_are_paged_and_those_archived_are_inactive():
    ada = {"id": "11", "email": "ada@x.test", "firstName": "Ada", "lastName": "L", "userId": 5, "type": "PERSON"}
    bob = {"id": "12", "email": "bob@x.test", "firstName": "", "lastName": "", "userId": None, "type": "PERSON"}
    queue = {"id": "13", "type": "QUEUE"}
    with scripted() as (script, crm):
        script.on("archived=true", found(bob))
        script.on("archived=false", answer(200, {"results": [ada], "paging": {"next": {"after": "x"}}}))
        script.on("after=x", found(queue))
        assert list(crm.owners()) == [
            ports.Owner("11", "ada@x.test", "Ada L"),
            ports.Owner("12", "bob@x.test", "bob@x.test", active=False),
            ports.Owner("13", "", "13", queue=True),
        ]


def test_a_fault_while_resolving_one_missing_id_is_raised():
    with scripted() as (script, crm):
        script.on("batch/read", found()).on("GET .*/contacts/1", answer(400, {"category": "VALIDATION_ERROR"}))
        with pytest.raises(Refused):
            crm.read(VIEW, ["1"])


def test_a_record_that_batch_read_missed_and_get_finds_is_read():
    with scripted() as (script, crm):
        script.on("batch/read", found(), found(), found(record(1, firstname="Ada")))
        script.on("GET .*/contacts/1", answer(200, record(1)))
        (reading,) = crm.read(VIEW, ["1"])
        assert (reading.presence, reading.values["firstname"]) == (Presence.PRESENT, "Ada")


def test_times_of_unknown_spelling_are_no_times():
    with scripted() as (script, crm):
        script.on("batch/read", found(record(1) | {"updatedAt": "yesterday"}, record(2) | {"updatedAt": 5}))
        assert [each.modified_at for each in crm.read(VIEW, ["1", "2"])] == [None, None]
