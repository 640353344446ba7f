"""Writing, against the answers HubSpot gives that tests of good weather never see (fact sheet 2.5, 6.1, 6.4)."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from connector import ports
from connector.core.readings import Presence
from connector.errors import Transient, Unauthorised
from tests.contract.hubspot_side import answer, scripted
from tests.contract.hubspot_words import (
    VIEW,
    bad_option,
    contact,
    create,
    done,
    echo,
    failure,
    record,
    sent,
    update,
)


def test_results_are_matched_by_id_never_by_order():
    with scripted() as (script, crm):
        script.on("batch/update", echo)
        outcomes = crm.write(VIEW, [update(n, firstname=f"N{n}") for n in (7, 3, 5)])
        assert [(each.ref.id, each.values) for each in outcomes] == [
            ("7", {"firstname": "N7"}),
            ("3", {"firstname": "N3"}),
            ("5", {"firstname": "N5"}),
        ]
        assert outcomes[0].modified_at.isoformat() == "2026-11-02T08:00:01.500000+00:00"
        traces = [each["objectWriteTraceId"] for each in script.bodies()[0]["inputs"]]
        assert len(set(traces)) == 3


def test_blank_is_sent_as_an_empty_text():
    with scripted() as (script, crm):
        script.on("batch/update", echo)
        (outcome,) = crm.write(VIEW, [update(1, firstname=None)])
        assert sent(script) == [[("1", {"firstname": ""})]]
        assert outcome.values == {"firstname": None}


def test_a_batch_holds_a_hundred_and_every_record_once():
    with scripted() as (script, crm):
        script.on("batch/update", echo)
        crm.write(VIEW, [update(n, firstname="A") for n in range(1, 251)])
        assert [len(batch) for batch in sent(script)] == [100, 100, 50]


def test_a_second_write_to_one_record_waits_for_a_batch_of_its_own():
    with scripted() as (script, crm):
        script.on("batch/update", echo)
        outcomes = crm.write(VIEW, [update(1, firstname="A"), update(2, firstname="B"), update(1, firstname="C")])
        assert sent(script) == [[("1", {"firstname": "A"}), ("2", {"firstname": "B"})], [("1", {"firstname": "C"})]]
        assert [each.values["firstname"] for each in outcomes] == ["A", "B", "C"]


def test_a_207_tells_each_record_its_own_outcome():
    with scripted() as (script, crm):
        script.on("batch/update", done(record(2, age="5"), errors=[bad_option("0")]))
        rejected, written = crm.write(VIEW, [update(1, age="x"), update(2, age="5")])
        (rejection,) = rejected.rejections
        assert (rejection.field, rejection.code) == ("age", "INVALID_OPTION")
        assert rejection.reason == "X was not one of the allowed options"
        assert "add the option" in rejection.hint
        assert isinstance(written, ports.Done)


def test_reasons_are_also_found_in_the_list_of_errors():
    details = [{"message": "not an int", "code": "INVALID_INTEGER", "context": {"propertyName": ["age"]}}]
    error = failure("VALIDATION_ERROR", "invalid", "0", errors=details)
    with scripted() as (script, crm):
        script.on("batch/update", done(errors=[error]))
        (outcome,) = crm.write(VIEW, [update(1, age="x")])
        assert [(each.field, each.code) for each in outcome.rejections] == [("age", "INVALID_INTEGER")]


def test_an_admins_rule_names_every_missing_property():
    details = [{"code": "MISSING_REQUIRED_PROPERTY", "message": "m", "context": {"properties": ["phone", "city"]}}]
    error = failure("VALIDATION_ERROR", "Error creating CONTACT", "0", errors=details)
    with scripted() as (script, crm):
        script.on("batch/upsert", done(errors=[error]))
        (outcome,) = crm.write(VIEW, [create(firstname="A")])
        assert [each.field for each in outcome.rejections] == ["phone", "city"]
        assert "rule in HubSpot" in outcome.rejections[0].hint


def test_one_bad_record_of_a_batch_refused_as_a_whole_fails_alone():
    def all_or_nothing(request):
        inputs = orjson.loads(request.body)["inputs"]
        return answer(400, bad_option()) if any(each["id"] == "37" for each in inputs) else echo(request)

    with scripted() as (script, crm):
        script.on("batch/update", all_or_nothing)
        outcomes = crm.write(VIEW, [update(n, age="1") for n in range(1, 101)])
        assert [n for n, each in enumerate(outcomes, 1) if isinstance(each, ports.Rejected)] == [37]
        assert sum(isinstance(each, ports.Done) for each in outcomes) == 99
        assert len(script.asked) <= 15


def test_an_error_of_a_207_that_names_nobody_is_traced_by_halving():
    def nameless(request):
        inputs = orjson.loads(request.body)["inputs"]
        good = [record(each["id"], **each["properties"]) for each in inputs if each["id"] != "3"]
        return done(*good, errors=[bad_option()] if len(good) < len(inputs) else ())

    with scripted() as (script, crm):
        script.on("batch/update", nameless)
        outcomes = crm.write(VIEW, [update(n, age="1") for n in range(1, 6)])
        assert [type(each).__name__ for each in outcomes] == ["Done", "Done", "Rejected", "Done", "Done"]


def test_a_merged_away_record_left_out_of_a_plain_200_is_absent():
    with scripted() as (script, crm):
        script.on("batch/update", done(record(2, firstname="B")))
        script.on("batch/read", done()).on("GET .*/contacts/1", answer(200, record(9)))
        absent, written = crm.write(VIEW, [update(1, firstname="A"), update(2, firstname="B")])
        assert (absent.reading.presence, absent.reading.moved_to) == (Presence.MOVED, contact(9))
        assert isinstance(written, ports.Done)


def test_a_record_not_found_is_absent():
    error = failure("OBJECT_NOT_FOUND", "Could not get some CONTACT objects", "0", ids=["1"])
    with scripted() as (script, crm):
        script.on("batch/update", done(errors=[error])).on("batch/read", done())
        script.on("GET .*/contacts/1", answer(404, {"message": "resource not found"}))
        (outcome,) = crm.write(VIEW, [update(1, firstname="A")])
        assert outcome.reading.presence is Presence.MISSING


@pytest.mark.parametrize("message", ["Contact already exists. Existing ID: 3401", "x. 3401 already has that value."])
def test_a_create_that_meets_an_existing_record_names_it(message):
    with scripted() as (script, crm):
        script.on("batch/upsert", done(errors=[failure("CONFLICT", message, "0")]))
        (outcome,) = crm.write(VIEW, [create(email="ada@example.test")])
        assert outcome.refs == (contact(3401),)


def test_a_create_refused_with_status_409_names_the_record_in_the_way():
    with scripted() as (script, crm):
        script.on("batch/create", answer(409, failure("CONFLICT", "Contact already exists. Existing ID: 3401")))
        (outcome,) = crm.write(VIEW, [ports.Write(None, {"email": "ada@example.test"})])
        assert outcome.refs == (contact(3401),)


def test_an_update_to_anothers_address_is_rejected_without_telling_the_address():
    message = "Contact ada@example.test already exists. Existing ID: 3401"
    with scripted() as (script, crm):
        script.on("batch/update", done(errors=[failure("CONFLICT", message, "0")]))
        (outcome,) = crm.write(VIEW, [update(1, email="ada@example.test")])
        (rejection,) = outcome.rejections
        assert (rejection.field, rejection.code) == ("email", "CONFLICT")
        assert "ada@" not in rejection.reason


def test_creates_go_by_their_key_and_are_told_apart_by_it():
    def upserted(request):
        inputs = orjson.loads(request.body)["inputs"]
        numbered = [record(500 + n, new=n == 0, **each["properties"]) for n, each in enumerate(inputs)]
        return done(*reversed(numbered))

    with scripted() as (script, crm):
        script.on("batch/upsert", upserted)
        outcomes = crm.write(VIEW, [create("K-1", firstname="A"), create("K-2", firstname="B")])
        assert [(each.ref.id, each.created) for each in outcomes] == [("500", True), ("501", False)]
        inputs = script.bodies()[0]["inputs"]
        assert [(each["idProperty"], each["id"]) for each in inputs] == [
            ("salesforce_id", "K-1"),
            ("salesforce_id", "K-2"),
        ]


def test_a_create_by_address_is_recognised_though_hubspot_folds_its_case():
    with scripted() as (script, crm):
        script.on("batch/create", done(record(7, email="ada@example.test"), status=201))
        (outcome,) = crm.write(VIEW, [ports.Write(None, {"email": "Ada@Example.test"})])
        assert (outcome.ref, outcome.created) == (contact(7), True)


def test_a_create_that_could_not_be_repeated_safely_is_not_sent():
    with scripted() as (script, crm):
        (outcome,) = crm.write(VIEW, [ports.Write(None, {"firstname": "Ada"})])
        assert [each.code for each in outcome.rejections] == ["NO_SAFE_KEY"]
        assert script.asked == []


def test_a_create_the_answer_does_not_speak_of_is_looked_up_by_its_key():
    with scripted() as (script, crm):
        script.on("batch/upsert", done()).on("batch/read", done(record(7, salesforce_id="K-1")))
        script.on("properties", answer(200, {"results": [{"name": "salesforce_id", "hasUniqueValue": True}]}))
        found, unknown = crm.write(VIEW, [create("K-1"), create("K-2")])
        assert found.refs == (contact(7),)
        assert isinstance(unknown, ports.Unsure)


def test_a_broken_line_leaves_only_its_own_batch_unsure():
    def second_fails(request):
        inputs = orjson.loads(request.body)["inputs"]
        return answer(503) if inputs[0]["id"] == "101" else echo(request)

    with scripted() as (script, crm):
        script.on("batch/update", second_fails)
        outcomes = crm.write(VIEW, [update(n, firstname="A") for n in range(1, 251)])
        assert {type(each).__name__ for each in outcomes[:100] + outcomes[200:]} == {"Done"}
        assert {type(each.error) for each in outcomes[100:200]} == {Transient}


def test_missing_permission_is_an_outcome_too():
    with scripted() as (script, crm):
        script.on("batch/update", answer(403, {"category": "MISSING_SCOPES"}))
        (outcome,) = crm.write(VIEW, [update(1, firstname="A")])
        assert isinstance(outcome.error, Unauthorised)


def test_archiving_goes_in_batches():
    with scripted() as (script, crm):
        script.on("batch/archive", answer(204))
        outcomes = crm.write(VIEW, [ports.Write(contact(n), archive=True) for n in range(1, 131)])
        assert [len(body["inputs"]) for body in script.bodies()] == [100, 30]
        assert [each.ref for each in outcomes] == [contact(n) for n in range(1, 131)]


def test_a_record_hubspot_did_not_get_to_is_unsure():
    with scripted() as (script, crm):
        script.on("batch/update", done(errors=[failure("INTERNAL_ERROR", "internal error", "0")]))
        (outcome,) = crm.write(VIEW, [update(1, firstname="A")])
        assert isinstance(outcome, ports.Unsure)


def test_an_error_is_also_told_by_the_id_it_names():
    with scripted() as (script, crm):
        script.on("batch/update", done(record(2, age="1"), errors=[bad_option() | {"context": {"ids": ["1"]}}]))
        outcomes = crm.write(VIEW, [update(1, age="x"), update(2, age="1")])
        assert [type(each).__name__ for each in outcomes] == ["Rejected", "Done"]


def test_a_fault_while_looking_for_a_lost_record_is_unsure():
    with scripted() as (script, crm):
        script.on("batch/update", done()).on("batch/read", answer(503))
        (outcome,) = crm.write(VIEW, [update(1, firstname="A")])
        assert isinstance(outcome.error, Transient)


def test_a_record_the_answer_leaves_out_though_it_is_there_is_unsure():
    with scripted() as (script, crm):
        script.on("batch/update", done()).on("batch/read", done(record(1)))
        (outcome,) = crm.write(VIEW, [update(1, firstname="A")])
        assert isinstance(outcome, ports.Unsure)


@pytest.mark.parametrize("body", [{"message": "no [valid] words"}, {"message": "[]"}, {}, b"<html>no</html>"])
def test_a_refusal_in_unknown_words_is_still_a_refusal(body):
    with scripted() as (script, crm):
        script.on("batch/update", answer(400, body))
        (outcome,) = crm.write(VIEW, [update(1, firstname="A")])
        (rejection,) = outcome.rejections
        assert rejection.field == ""
        assert rejection.reason
        assert rejection.hint


def test_the_properties_of_a_create_hold_its_key():
    with scripted() as (script, crm):
        script.on("batch/upsert", done(record(7, new=True, salesforce_id="K-1")))
        crm.write(VIEW, [create("K-1", firstname="A")])
        assert script.bodies()[0]["inputs"][0]["properties"] == {"firstname": "A", "salesforce_id": "K-1"}


def test_a_small_pool_does_not_lock_itself_up_when_records_are_lost():
    with ThreadPoolExecutor(1) as pool, scripted(executor=pool) as (script, crm):
        script.on("batch/update", done()).on("batch/read", done())
        script.on("GET .*/contacts/", answer(404, {"message": "resource not found"}))
        outcomes = crm.write(VIEW, [update(n, firstname="A") for n in range(1, 151)])
        assert {type(each).__name__ for each in outcomes} == {"Absent"}
