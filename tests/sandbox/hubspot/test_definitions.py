"""Properties, groups, validation rules, pipelines and owners."""

import pytest

PROPERTIES = "/crm/v3/properties/contacts"
SCORE = {
    "name": "fit_score",
    "label": "Fit",
    "type": "number",
    "fieldType": "number",
    "groupName": "contactinformation",
}


def test_a_new_property_can_be_written_at_once(call):
    made = call("POST", PROPERTIES, SCORE, status=201).json
    assert made["hubspotDefined"] is False
    assert made["modificationMetadata"]["readOnlyValue"] is False
    record = call.create(email="a@x.test", fit_score="7")
    assert call.values(record, "fit_score")["fit_score"] == "7"


def test_a_name_that_is_taken_is_a_conflict(call):
    call("POST", PROPERTIES, SCORE, status=201)
    answer = call("POST", PROPERTIES, SCORE, status=409).json
    assert answer["category"] == "OBJECT_ALREADY_EXISTS"
    assert answer["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"


@pytest.mark.parametrize(
    "change",
    [{"fieldType": "text"}, {"type": "json"}, {"name": "Bad Name"}, {"groupName": "nowhere"}, {"label": ""}],
)
def test_a_definition_that_makes_no_sense_is_refused(call, change):
    call("POST", PROPERTIES, {**SCORE, **change}, status=400)


@pytest.mark.parametrize(
    "options",
    [
        [],
        [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}],
        [{"label": "A", "value": "a"}, {"label": "A", "value": "b"}],
    ],
    ids=["none", "two with one value", "two with one label"],
)
def test_a_list_needs_options_that_one_can_tell_apart(call, options):
    body = {**SCORE, "type": "enumeration", "fieldType": "select", "options": options}
    call("POST", PROPERTIES, body, status=400)
    call("POST", PROPERTIES, {**body, "options": [{"label": "A", "value": "a"}]}, status=201)


def test_options_sent_replace_the_whole_list_and_options_left_out_stay(call):
    path = f"{PROPERTIES}/interests"
    before = call("GET", path, status=200).json["options"]
    assert call("PATCH", path, {"label": "Topics"}, status=200).json["options"] == before
    record = call.create(email="a@x.test", interests="SYNC")
    options = [{"label": "New", "value": "NEW_TOPIC", "displayOrder": 0, "hidden": False}]
    after = call("PATCH", path, {"options": options}, status=200).json["options"]
    assert [each["value"] for each in after] == ["NEW_TOPIC"]
    assert call.values(record, "interests")["interests"] == "SYNC"
    assert call.update(record, _status=400, interests="SUPPORT")["errors"][0]["code"] == "INVALID_OPTION"


def test_an_archived_property_is_unknown_until_it_is_made_again(call):
    record = call.create(email="a@x.test", budget="5")
    call("DELETE", f"{PROPERTIES}/budget", status=204)
    assert call("GET", f"{PROPERTIES}/budget", status=404).json["category"] == "OBJECT_NOT_FOUND"
    assert call.update(record, _status=400, budget="6")["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert "budget" not in call.values(record, "budget")
    archived = call("GET", PROPERTIES, query="archived=true", status=200).json["results"]
    assert [each["name"] for each in archived] == ["budget"]
    body = {**SCORE, "name": "budget", "label": "Budget"}
    assert call("POST", PROPERTIES, body, status=201).json["archived"] is False
    assert call.values(record, "budget")["budget"] == "5"


def test_hubspots_own_properties_cannot_be_deleted_or_relabelled(call):
    call("DELETE", f"{PROPERTIES}/email", status=400)
    call("PATCH", f"{PROPERTIES}/email", {"label": "Mail"}, status=400)
    score = call("GET", f"{PROPERTIES}/hubspotscore", status=200).json
    assert score["calculated"] is True
    assert score["modificationMetadata"]["readOnlyValue"] is True


def test_properties_come_in_batches_too(call):
    body = {"inputs": [SCORE, {**SCORE, "name": "email"}]}
    answer = call("POST", f"{PROPERTIES}/batch/create", body, status=207).json
    assert [each["name"] for each in answer["results"]] == ["fit_score"]
    assert answer["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"
    names = {"inputs": [{"name": "fit_score"}], "archived": False}
    read = call("POST", f"{PROPERTIES}/batch/read", names, status=200).json
    assert read["results"][0]["type"] == "number"
    call("POST", f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "fit_score"}]}, status=204)
    call("GET", f"{PROPERTIES}/fit_score", status=404)


def test_a_group_with_properties_stays(call):
    call("POST", f"{PROPERTIES}/groups", {"name": "scoring", "label": "Scoring"}, status=201)
    call("POST", f"{PROPERTIES}/groups", {"name": "scoring", "label": "Scoring"}, status=409)
    call("POST", PROPERTIES, {**SCORE, "groupName": "scoring"}, status=201)
    answer = call("DELETE", f"{PROPERTIES}/groups/scoring", status=400).json
    assert answer["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
    call("DELETE", f"{PROPERTIES}/fit_score", status=204)
    call("DELETE", f"{PROPERTIES}/groups/scoring", status=204)


def test_a_new_unique_property_identifies_records(call):
    definition = {**SCORE, "name": "erp_id", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    call("POST", PROPERTIES, definition, status=201)
    inputs = [{"idProperty": "erp_id", "id": "E1", "properties": {"email": "a@x.test"}}]
    assert call.batch("upsert", inputs, _status=200).json["results"][0]["new"] is True
    assert call.batch("upsert", inputs, _status=200).json["results"][0]["new"] is False


@pytest.mark.parametrize(("version", "status"), [("2026-03", 201), ("2026-09", 400)])
def test_admin_rules_bind_writes_through_2026_09_only(call, portal, version, status):
    portal.settings.required_on_create = {"contacts": ["company"]}
    body = {"properties": {"email": "a@x.test"}}
    answer = call("POST", f"/crm/objects/{version}/contacts", body, status=status).json
    if status == 400:
        assert answer["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"


def test_one_value_may_require_another_property(call, portal):
    portal.settings.conditional_required = [
        {"object": "contacts", "property": "lifecyclestage", "value": "customer", "requires": ["budget"]},
    ]
    record = call.create(email="a@x.test")
    path = f"/crm/objects/2026-09/contacts/{record}"
    answer = call("PATCH", path, {"properties": {"lifecyclestage": "customer"}}, status=400).json
    assert answer["errors"][0]["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert answer["errors"][0]["context"]["propertyName"] == ["budget"]
    call("PATCH", path, {"properties": {"lifecyclestage": "customer", "budget": "1"}}, status=200)


def test_a_validation_rule_is_kept_shown_and_enforced(call):
    path = "/crm/property-validations/2026-09/0-1"
    call("PUT", f"{path}/zip/rule-type/MAX_LENGTH", {"ruleArguments": ["5"]}, status=204)
    rules = [{"ruleType": "MAX_LENGTH", "ruleArguments": ["5"]}]
    shown = call("GET", path, status=200).json["results"]
    assert shown == [{"propertyName": "zip", "propertyValidationRules": rules}]
    assert call("GET", f"{path}/zip", status=200).json["results"] == rules
    assert call("GET", f"{path}/zip/rule-type/MAX_LENGTH", status=200).json == rules[0]
    call("GET", f"{path}/zip/rule-type/REGEX", status=404)
    record = call.create(email="a@x.test", zip="1234567")
    call("PATCH", f"/crm/objects/2026-09/contacts/{record}", {"properties": {"zip": "7654321"}}, status=400)
    call("PATCH", f"/crm/objects/2026-09/contacts/{record}", {"properties": {"zip": "12345"}}, status=200)


def test_the_stock_pipeline_and_a_new_one(call):
    stock = call("GET", "/crm/v3/pipelines/deals", status=200).json["results"][0]
    assert stock["id"] == "default"
    assert [each["id"] for each in stock["stages"]][-2:] == ["closedwon", "closedlost"]
    assert stock["stages"][5]["metadata"] == {"probability": "1.0", "isClosed": "true"}
    stages = [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
    body = {"label": "Renewals", "displayOrder": 1, "stages": stages}
    made = call("POST", "/crm/v3/pipelines/deals", body, status=201).json
    stage = made["stages"][0]["id"]
    assert stage.isdigit()
    deal = call.create("deals", dealname="D", pipeline=made["id"], dealstage=stage)
    in_use = call("DELETE", f"/crm/v3/pipelines/deals/{made['id']}/stages/{stage}", status=400).json
    assert in_use["subCategory"] == "PipelineError.STAGE_ID_IN_USE"
    query = "validateReferencesBeforeDelete=true"
    call("DELETE", f"/crm/v3/pipelines/deals/{made['id']}", query=query, status=400)
    call("DELETE", f"/crm/v3/objects/deals/{deal}", status=204)
    call("DELETE", f"/crm/v3/pipelines/deals/{made['id']}", query=query, status=204)
    assert len(call("GET", "/crm/v3/pipelines/deals").json["results"]) == 1


def test_owners_have_an_id_that_is_not_the_users(call):
    page = call("GET", "/crm/v3/owners/", query="limit=4", status=200).json
    assert len(page["results"]) == 4
    rest = call("GET", "/crm/v3/owners", query=f"limit=100&after={page['paging']['next']['after']}").json["results"]
    assert len(rest) == 2
    gone = call("GET", "/crm/v3/owners", query="archived=true").json["results"]
    assert [each["userId"] for each in gone] == [None, None]
    assert gone[0]["userIdIncludingInactive"]
    one = page["results"][0]
    by_email = call("GET", "/crm/v3/owners", query=f"email={one['email'].upper()}").json["results"]
    assert [each["id"] for each in by_email] == [one["id"]]
    by_user = call("GET", f"/crm/v3/owners/{one['userId']}", query="idProperty=userId", status=200).json
    assert by_user["id"] == one["id"]
    call("GET", f"/crm/v3/owners/{one['userId']}", status=404)


def test_stages_are_made_changed_and_put_away(call):
    path = "/crm/v3/pipelines/deals/default"
    body = {"label": "Pilot", "displayOrder": 3, "metadata": {"probability": 0.7, "isClosed": False}}
    call("POST", f"{path}/stages", {"label": "Pilot", "displayOrder": 3}, status=400)
    made = call("POST", f"{path}/stages", body, status=201).json
    assert made["metadata"] == {"probability": "0.7", "isClosed": "false"}
    one = f"{path}/stages/{made['id']}"
    assert call("GET", one, status=200).json == made
    changed = call("PATCH", one, {"label": "Trial", "metadata": {"probability": 1.0}}, status=200).json
    assert (changed["label"], changed["metadata"]["isClosed"]) == ("Trial", "true")
    assert made["id"] in {each["id"] for each in call("GET", f"{path}/stages", status=200).json["results"]}
    call("DELETE", one, status=204)
    call("GET", one, status=404)
    assert call("PATCH", path, {"label": "Sales"}, status=200).json["label"] == "Sales"
    assert call("GET", path, status=200).json["label"] == "Sales"
    assert call("GET", f"{path}/audit", status=200).json["results"][0]["action"] == "CREATE"
    replaced = {"label": "New", "displayOrder": 0, "stages": [{**body, "label": "Only"}]}
    assert len(call("PUT", path, replaced, status=200).json["stages"]) == 1
    call("GET", "/crm/v3/pipelines/deals/nowhere", status=404)
    call("POST", "/crm/v3/pipelines/deals", {"label": "No order"}, status=400)


def test_groups_are_read_renamed_and_required(call):
    path = f"{PROPERTIES}/groups/contactinformation"
    assert call("GET", path, status=200).json["name"] == "contactinformation"
    assert call("PATCH", path, {"label": "About"}, status=200).json["label"] == "About"
    call("GET", f"{PROPERTIES}/groups/nowhere", status=404)
    call("POST", f"{PROPERTIES}/groups", {"name": "half"}, status=400)


def test_no_object_has_more_than_ten_unique_properties(call):
    definition = {**SCORE, "type": "string", "fieldType": "text", "hasUniqueValue": True}
    made = [call("POST", PROPERTIES, {**definition, "name": f"key_{number}"}).status for number in range(10)]
    assert made == [201] * 8 + [400] * 2
