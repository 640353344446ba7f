"""Batches: all or nothing, 207, shuffled order, and ids that vanish."""

from connector.sandbox.hubspot import actions


def contacts(call, count):
    return [call.create(email=f"p{number}@x.test") for number in range(count)]


def test_more_than_a_hundred_inputs_are_refused(call):
    inputs = [{"properties": {"email": f"p{number}@x.test"}} for number in range(101)]
    call.batch("create", inputs, _status=400)
    call.batch("create", inputs[:100], _status=201)


def test_results_do_not_come_in_the_order_of_the_inputs(call):
    ids = contacts(call, 30)
    answer = call.batch("read", [{"id": each} for each in ids], _status=200, properties=[]).json
    returned = [each["id"] for each in answer["results"]]
    assert sorted(returned) == sorted(ids)
    assert returned != ids


def test_missing_ids_share_one_error_entry(call):
    record = call.create(email="a@x.test")
    inputs = [{"id": "A@x.test"}, {"id": "nobody@x.test"}, {"id": "noone@x.test"}]
    answer = call.batch("read", inputs, _status=207, idProperty="email", properties=["email"]).json
    assert [each["id"] for each in answer["results"]] == [record]
    assert answer["numErrors"] == 1
    assert answer["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert answer["errors"][0]["context"]["ids"] == ["nobody@x.test", "noone@x.test"]


def test_without_trace_ids_one_bad_input_fails_the_whole_batch(call):
    inputs = [{"properties": {"email": "ok@x.test"}}, {"properties": {"email": "b@x.test", "nonsense": "1"}}]
    call.batch("create", inputs, _status=400)
    assert call("GET", "/crm/v3/objects/contacts").json["results"] == []


def test_with_trace_ids_the_good_inputs_are_written(call):
    existing = call.create(email="taken@x.test")
    inputs = [
        {"objectWriteTraceId": "op-1", "properties": {"email": "ok@x.test"}},
        {"objectWriteTraceId": "op-2", "properties": {"email": "b@x.test", "nonsense": "1"}},
        {"objectWriteTraceId": "op-3", "properties": {"email": "taken@x.test"}},
    ]
    answer = call.batch("create", inputs, _status=207).json
    assert [each["properties"]["email"] for each in answer["results"]] == ["ok@x.test"]
    assert answer["results"][0]["objectWriteTraceId"] == "op-1"
    by_trace = {each["context"]["objectWriteTraceId"][0]: each for each in answer["errors"]}
    assert by_trace["op-2"]["category"] == "VALIDATION_ERROR"
    assert "PROPERTY_DOESNT_EXIST" in by_trace["op-2"]["message"]
    assert by_trace["op-3"]["category"] == "CONFLICT"
    assert by_trace["op-3"]["message"].endswith(f"Existing ID: {existing}")


def test_one_trace_id_used_twice_protects_nobody(call):
    inputs = [
        {"objectWriteTraceId": "op", "properties": {"email": "ok@x.test"}},
        {"objectWriteTraceId": "op", "properties": {"email": "b@x.test", "nonsense": "1"}},
    ]
    call.batch("create", inputs, _status=400)


def test_the_same_id_twice_poisons_the_batch_in_spite_of_trace_ids(call):
    record = call.create(email="a@x.test")
    inputs = [
        {"objectWriteTraceId": "1", "id": record, "properties": {"firstname": "A"}},
        {"objectWriteTraceId": "2", "id": record, "properties": {"lastname": "B"}},
    ]
    answer = call.batch("update", inputs, _status=400).json
    assert answer["message"] == f"Duplicate IDs found in batch input: [{record}]. IDs must be unique"
    assert answer["context"]["ids"] == [record]


def test_one_address_twice_in_an_upsert_is_a_duplicate_whatever_its_case(call):
    inputs = [{"idProperty": "email", "id": address, "properties": {}} for address in ("a@x.test", "A@X.test")]
    call.batch("upsert", inputs, _status=400)


def test_an_update_of_a_missing_id_is_reported_and_the_rest_is_written(call):
    record = call.create(email="a@x.test")
    inputs = [
        {"objectWriteTraceId": "1", "id": record, "properties": {"firstname": "A"}},
        {"objectWriteTraceId": "2", "id": "999999", "properties": {"firstname": "B"}},
    ]
    answer = call.batch("update", inputs, _status=207).json
    assert answer["errors"][0]["context"] == {"ids": ["999999"], "objectWriteTraceId": ["2"]}
    assert call.values(record)["firstname"] == "A"


def test_a_merged_id_is_left_out_of_an_update_in_silence_but_read(call, portal):
    one, other, third = contacts(call, 3)
    survivor = actions.merge(portal, object="contacts", primary=one, other=other)["id"]
    inputs = [{"id": each, "properties": {"firstname": "A"}} for each in (one, third)]
    answer = call.batch("update", inputs, _status=200).json
    assert [each["id"] for each in answer["results"]] == [third]
    read = call.batch("read", [{"id": one}], _status=200, properties=[]).json
    assert [each["id"] for each in read["results"]] == [survivor]


def test_an_upsert_says_what_is_new(call):
    record = call.create(email="a@x.test", salesforce_record_id="003A")
    inputs = [
        {"idProperty": "salesforce_record_id", "id": key, "properties": {"firstname": "F"}, "objectWriteTraceId": key}
        for key in ("003A", "003B")
    ]
    answer = call.batch("upsert", inputs, _status=200).json
    assert {each["objectWriteTraceId"]: each["new"] for each in answer["results"]} == {"003A": False, "003B": True}
    assert call.values(record)["firstname"] == "F"
    assert call.batch("upsert", inputs, _status=200).json["results"][0]["new"] is False


def test_an_upsert_needs_a_unique_property(call):
    inputs = [{"idProperty": "dealname", "id": "D", "properties": {}}]
    answer = call.batch("upsert", inputs, _object="deals", _status=400).json
    assert answer["message"] == "Unable to perform update/upsert by non-unique 0-3 property dealname"


def test_two_inputs_may_not_take_one_unique_value(call):
    inputs = [{"properties": {"email": f"{who}@x.test", "salesforce_record_id": "003"}} for who in "ab"]
    call.batch("create", inputs, _status=400)
    assert call("GET", "/crm/v3/objects/contacts").json["results"] == []


def test_a_batch_archive_passes_over_unknown_ids(call):
    record = call.create(email="a@x.test")
    call.batch("archive", [{"id": record}, {"id": "999"}, {"id": "x"}], _status=204)
    call("GET", f"/crm/v3/objects/contacts/{record}", status=404)


def test_a_batch_read_with_history_holds_fifty_inputs(call):
    ids = contacts(call, 51)
    inputs = [{"id": each} for each in ids]
    call.batch("read", inputs, _status=400, propertiesWithHistory=["email"])
    answer = call.batch("read", inputs[:50], _status=200, propertiesWithHistory=["email"]).json
    assert answer["results"][0]["propertiesWithHistory"]["email"][0]["sourceType"] == "INTEGRATION"


def test_one_batch_stamps_one_millisecond(call):
    inputs = [{"properties": {"email": f"p{number}@x.test"}} for number in range(20)]
    answer = call.batch("create", inputs, _status=201).json
    assert len({each["updatedAt"] for each in answer["results"]}) == 1
