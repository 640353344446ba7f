"""Writing, call by call: what goes out, and what becomes of each row."""

import json

import pytest

from connector.core.readings import Presence
from connector.core.refs import salesforce
from connector.errors import Transient, Unauthorised
from connector.ports import Absent, Done, Exists, Rejected, Unsure, Write
from tests.salesforce.judging import FIELDS, Org, ref
from tests.salesforce.wire import ROOT


def failing(code, message="no", fields=(), when=lambda row: True):
    def judge(row):
        if when(row):
            return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}
        return {"id": row.get("id") or "00Q5f0000000009AAA", "success": True, "errors": []}

    return judge


def test_updates_go_two_hundred_a_call_with_values_as_their_types_want():
    org = Org()
    outcomes = org.write(*(Write(ref(n), {"Score__c": "1000.50", "Opt__c": None}) for n in range(450)))
    assert [outcome.ref for outcome in outcomes] == [ref(n) for n in range(450)]
    bodies = [json.loads(request.body) for request in org.sent]
    assert [len(body["records"]) for body in bodies] == [200, 200, 50]
    assert bodies[0]["allOrNone"] is False
    assert bodies[0]["records"][0] == {
        "attributes": {"type": "Lead"},
        "id": ref(0).id,
        "Score__c": 1000.5,
        "Opt__c": False,
    }


def test_a_create_is_an_upsert_by_its_key_and_carries_no_id():
    org = Org(lambda row: {"id": "00Q5f0000000001AAA", "success": True, "created": True, "errors": []})
    (outcome,) = org.write(Write(None, {"LastName": "Ada"}, key=("Key__c", "K-1")))
    assert outcome == Done(salesforce("Lead", "00Q5f0000000001AAA"), created=True)
    (request,) = org.sent
    assert (request.method, request.path_url) == ("PATCH", f"{ROOT}composite/sobjects/Lead/Key__c")
    (record,) = json.loads(request.body)["records"]
    assert record == {"attributes": {"type": "Lead"}, "Key__c": "K-1", "LastName": "Ada"}


def test_a_create_without_a_key_is_refused_and_not_sent():
    org = Org()
    (outcome,) = org.write(Write(None, {"LastName": "Ada"}))
    assert [reason.code for reason in outcome.rejections] == ["NO_SAFE_KEY"]
    assert org.sent == []


def test_two_creates_with_one_key_never_share_a_call():
    org = Org()
    writes = [
        Write(None, {"LastName": name}, key=("Key__c", key)) for name, key in (("A", "k"), ("B", "K"), ("C", "x"))
    ]
    org.write(*writes)
    sent = [[record["LastName"] for record in json.loads(request.body)["records"]] for request in org.sent]
    assert sent == [["A", "C"], ["B"]]


def test_deletes_go_by_id():
    org = Org()
    org.write(Write(ref(1), archive=True), Write(ref(2), archive=True))
    assert [(request.method, request.path_url) for request in org.sent] == [
        ("DELETE", f"{ROOT}composite/sobjects?ids={ref(1).id},{ref(2).id}&allOrNone=false")
    ]


def test_an_update_of_nothing_is_done_without_a_call():
    org = Org()
    assert org.write(Write(ref(1), {})) == [Done(ref(1))]
    assert org.sent == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Name", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Address", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Hidden__c", "INVALID_FIELD"),
    ],
)
def test_fields_that_are_read_only_compound_or_hidden_are_never_sent_and_the_rest_is(name, code):
    org = Org()
    partly, whole = org.write(Write(ref(1), {name: "x", "LastName": "A"}), Write(ref(2), {"LastName": "B"}))
    assert [(reason.field, reason.code) for reason in partly.not_taken] == [(name, code)]
    assert partly.not_taken[0].hint
    assert whole == Done(ref(2))
    assert [set(row) for row in json.loads(org.sent[0].body)["records"]] == [{"attributes", "id", "LastName"}] * 2


def test_a_row_of_nothing_but_read_only_fields_is_refused():
    org = Org()
    (outcome,) = org.write(Write(ref(1), {"Name": "x"}))
    assert [reason.field for reason in outcome.rejections] == ["Name"]
    assert org.sent == []


def test_a_field_that_salesforce_alone_knows_to_be_read_only_is_left_out_the_second_time():
    org = Org(failing("INVALID_FIELD_FOR_INSERT_UPDATE", "no", ["Score__c"], when=lambda row: "Score__c" in row))
    (outcome,) = org.write(Write(ref(1), {"LastName": "A", "Score__c": "1"}))
    assert [reason.field for reason in outcome.not_taken] == ["Score__c"]
    assert len(org.sent) == 2


def test_a_key_that_is_no_external_id_is_refused():
    (outcome,) = Org().write(Write(None, {"LastName": "A"}, key=("LastName", "x")))
    assert outcome.rejections[0].field == "LastName"


def test_a_refused_row_tells_field_code_and_what_to_do():
    org = Org(failing("INVALID_EMAIL_ADDRESS", "Email: invalid email address: 123", ["Email"]))
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    (reason,) = outcome.rejections
    assert (reason.field, reason.code) == ("Email", "INVALID_EMAIL_ADDRESS")
    assert reason.hint


def test_an_unknown_code_is_parked_for_people_and_not_repeated():
    org = Org(failing("NEW_IN_SPRING", "what?"))
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    assert outcome.rejections[0].code == "NEW_IN_SPRING"
    assert len(org.sent) == 1


def test_locked_rows_are_sent_again_alone_after_a_pause():
    locks = [ref(1).id, ref(1).id]

    def judge(row):
        locked = row["id"] in locks and (locks.remove(row["id"]) or True)
        return failing("UNABLE_TO_LOCK_ROW")(row) if locked else {"id": row["id"], "success": True, "errors": []}

    org = Org(judge)
    outcomes = org.write(*(Write(ref(n), {"LastName": "A"}) for n in range(3)))
    assert outcomes == [Done(ref(n)) for n in range(3)]
    assert [len(json.loads(request.body)["records"]) for request in org.sent] == [3, 1, 1]
    assert len(org.clock.slept) == 2


def test_a_row_that_stays_locked_is_unsure_in_the_end():
    org = Org(failing("UNABLE_TO_LOCK_ROW"))
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    assert isinstance(outcome.error, Transient)
    assert len(org.sent) == 4


def test_a_unique_value_held_by_another_record_names_it():
    text = "duplicate value found: Key__c duplicates value on record with id: 00Q5f0000000007"
    org = Org(failing("DUPLICATE_VALUE", text))
    created, updated = org.write(Write(None, {"LastName": "A"}, key=("Key__c", "k")), Write(ref(1), {"Key__c": "k"}))
    assert created.refs == (salesforce("Lead", "00Q5f0000000007"),)
    assert [reason.field for reason in updated.rejections] == ["Key__c"]


def duplicate(request):
    if request.path_url != f"{ROOT}composite":
        return None
    body = json.loads(request.body)["compositeRequest"]
    matches = [{"matchRecords": [{"record": {"Id": "0035f0000000007AAA"}}]}]
    error = {
        "errorCode": "DUPLICATES_DETECTED",
        "message": "Use one of these records?",
        "duplicateResut": {"matchResults": matches},
    }
    return 200, {"compositeResponse": [{"httpStatusCode": 400, "body": [error]} for _ in body]}


def test_a_duplicate_rule_is_asked_which_record_it_found():
    org = Org(failing("DUPLICATES_DETECTED", "Use one of these records?"), also=duplicate)
    (outcome,) = org.write(Write(None, {"LastName": "Ada"}, key=("Key__c", "a/b c")))
    assert outcome == Exists((salesforce("Contact", "0035f0000000007AAA"),), "Use one of these records?")
    probe = json.loads(org.sent[-1].body)["compositeRequest"][0]
    assert probe["url"] == f"{ROOT}sobjects/Lead/Key__c/a%2Fb%20c"
    assert probe["body"] == {"LastName": "Ada"}


def test_several_records_with_one_external_id_are_all_named():
    paths = [f"{ROOT}sobjects/Lead/00Q5f0000000007", f"{ROOT}sobjects/Lead/00Q5f0000000008"]

    def also(request):
        if request.path_url == f"{ROOT}composite":
            return 200, {"compositeResponse": [{"httpStatusCode": 300, "body": paths}]}
        return None

    org = Org(failing("DUPLICATES_DETECTED"), also)
    (outcome,) = org.write(Write(None, {"LastName": "Ada"}, key=("Key__c", "k")))
    assert outcome.refs == (salesforce("Lead", "00Q5f0000000007"), salesforce("Lead", "00Q5f0000000008"))


def reading(**fate):
    def also(request):
        if request.method == "POST" and request.path_url == f"{ROOT}composite/sobjects/Lead":
            return 200, [{"Id": each, "LastName": "x", **fate} for each in json.loads(request.body)["ids"]]
        return None

    return also


@pytest.mark.parametrize("code", ["CANNOT_UPDATE_CONVERTED_LEAD", "ENTITY_IS_DELETED", "NOT_FOUND"])
def test_a_record_that_has_moved_is_read_to_say_where(code):
    org = Org(failing(code), reading(IsConverted=True, ConvertedContactId="0035f0000000007AAA"))
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    assert isinstance(outcome, Absent)
    assert (outcome.reading.presence, outcome.reading.moved_to.object) == (Presence.MOVED, "Contact")


def test_a_record_that_is_there_after_all_is_refused_because_what_it_refers_to_is_gone():
    org = Org(failing("ENTITY_IS_DELETED", "entity is deleted", ["WhoId"]), reading())
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    assert isinstance(outcome, Rejected)
    assert outcome.rejections[0].field == "WhoId"


def test_deleting_what_is_deleted_already_is_done():
    org = Org(failing("ENTITY_IS_DELETED"), reading(IsDeleted=True))
    assert org.write(Write(ref(1), archive=True)) == [Done(ref(1))]


def test_one_unparsable_value_is_cornered_and_its_neighbours_are_written():
    def also(request):
        if request.method == "PATCH" and b"about ten" in request.body:
            return 400, [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}]
        return None

    org = Org(also=also)
    outcomes = org.write(*(Write(ref(n), {"Score__c": "about ten" if n == 5 else "1"}) for n in range(16)))
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Rejected)] == [5]
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 15
    assert len(org.sent) == 9


def test_a_field_that_vanished_since_it_was_described_stops_only_the_rows_that_write_it():
    org = Org()
    org.also = lambda request: (
        (400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'Score__c' on sobject of type Lead"}])
        if request.method == "PATCH" and b"Score__c" in request.body
        else None
    )
    org.write(Write(ref(1), {"LastName": "described while the field was there"}))
    org.fields = [field for field in FIELDS if field["name"] != "Score__c"]
    refused, done = org.write(Write(ref(1), {"Score__c": "1"}), Write(ref(2), {"LastName": "B"}))
    assert [reason.field for reason in refused.rejections] == ["Score__c"]
    assert done == Done(ref(2))


@pytest.mark.parametrize(
    ("answer", "error"),
    [((503, b"<html>"), Transient), ((401, b""), Unauthorised), ((200, b'[{"id'), Transient), ((200, []), Transient)],
)
def test_a_fault_of_the_call_leaves_its_rows_unsure_and_raises_nothing(answer, error):
    org = Org(also=lambda request: answer if request.method == "PATCH" else None)
    outcomes = org.write(Write(ref(1), {"LastName": "A"}), Write(ref(2), {"LastName": "B"}))
    assert [type(outcome) for outcome in outcomes] == [Unsure, Unsure]
    assert all(type(outcome.error) is error for outcome in outcomes)


def test_an_org_that_cannot_be_described_leaves_everything_unsure():
    org = Org()
    org.wire.answer = lambda _: (503, b"")
    assert isinstance(org.write(Write(ref(1), {"LastName": "A"}))[0], Unsure)


def test_a_duplicate_that_cannot_be_asked_for_stays_a_duplicate_without_a_name():
    org = Org(
        failing("DUPLICATES_DETECTED", "Use one of these records?"),
        also=lambda request: (503, b"") if request.path_url == f"{ROOT}composite" else None,
    )
    (outcome,) = org.write(Write(None, {"LastName": "Ada"}, key=("Key__c", "k")))
    assert outcome == Exists((), "Use one of these records?")


def test_a_row_that_turns_out_to_be_no_duplicate_is_written():
    body = {"id": "00Q5f0000000001AAA", "success": True, "created": True, "errors": []}
    reply = {"compositeResponse": [{"httpStatusCode": 201, "body": body}]}
    org = Org(
        failing("DUPLICATES_DETECTED"),
        also=lambda request: (200, reply) if request.path_url == f"{ROOT}composite" else None,
    )
    (outcome,) = org.write(Write(None, {"LastName": "Ada"}, key=("Key__c", "k")))
    assert outcome == Done(salesforce("Lead", "00Q5f0000000001AAA"), created=True)


def test_a_row_that_met_the_quota_is_unsure_until_later():
    org = Org(failing("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    assert outcome.error.until > org.clock.now()


def test_a_record_whose_fate_cannot_be_read_is_unsure():
    def also(request):
        return (503, b"") if request.path_url == f"{ROOT}composite/sobjects/Lead" else None

    org = Org(failing("ENTITY_IS_DELETED"), also)
    (outcome,) = org.write(Write(ref(1), {"LastName": "A"}))
    assert isinstance(outcome.error, Transient)
