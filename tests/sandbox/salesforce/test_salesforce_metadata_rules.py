"""What the org does not take: each component has one thing wrong with it, and is told where and why."""

from __future__ import annotations

import pytest

from tests.sandbox.salesforce.deploying import (
    TIER,
    deploy,
    document,
    fields,
    grants,
    manifest,
    problem,
    problems,
    together,
    whole,
)

VALUE = {"fullName": "a", "default": False, "label": "A"}
MESSAGE = {
    "fullName": "Told", "apiVersion": "67.0", "endpointUrl": "https://bridge.example/om", "fields": ["Id"],
    "includeSessionId": False, "integrationUser": "bridge@example.test", "name": "Told", "protected": False,
    "useDeadLetterQueue": False,
}  # fmt: skip
PLACE = {"locationX": 50, "locationY": 0}
FLOW = {
    "actionCalls": {
        **PLACE, "name": "Send", "label": "Send", "actionName": "Lead.Told", "actionType": "outboundMessage",
    },
    "apiVersion": "67.0", "label": "Tell", "processType": "AutoLaunchedFlow",
    "start": {**PLACE, "connector": {"targetReference": "Send"}, "object": "Lead",
              "recordTriggerType": "CreateAndUpdate", "triggerType": "RecordAfterSave"}, "status": "Active",
}  # fmt: skip
VIEW = {"fullName": "Due", "columns": ["FULL_NAME"], "filterScope": "Mine", "label": "Due"}


def picklist(*values: dict, **also) -> dict:
    definition = {"sorted": False, "value": list(values)}
    shape = {"restricted": True, "valueSetDefinition": definition}
    return {"fullName": "P__c", "label": "P", "type": "Picklist", "valueSet": shape, **also}


def message(**changes) -> dict[str, bytes]:
    held = {"outboundMessages": {**MESSAGE, **changes}}
    return {
        "workflows/Lead.workflow": document("Workflow", held),
        "package.xml": manifest(WorkflowOutboundMessage=["Lead.Told"]),
    }


def flow(**changes) -> dict[str, bytes]:
    return together(whole("Flow", "flows/Tell.flow", "Tell", {**FLOW, **changes}), message())


def view(**changes) -> dict[str, bytes]:
    files = {"objects/Lead.object": document("CustomObject", {"listViews": {**VIEW, **changes}})}
    return {**files, "package.xml": manifest(ListView=[f"Lead.{changes.get('fullName', 'Due')}"])}


def rights(**content) -> dict[str, bytes]:
    return whole("PermissionSet", "permissionsets/Rep.permissionset", "Rep", {"label": "Rep", **content})


def on(sobject: str, **allowed: bool) -> dict:
    names = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords", "viewAllRecords")
    return {**{name: allowed.get(name, False) for name in names[:5]}, "object": sobject, "viewAllRecords": False}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"colour": "red"}, "Element {http://soap.sforce.com/2006/04/metadata}colour invalid at this location"),
        ({"type": "Txt"}, "'Txt' is not a valid value for the enum 'FieldType'"),
        ({"length": "ten"}, "'ten' is not a valid value for xsd:int"),
        ({"unique": "maybe"}, "'maybe' is not a valid value for xsd:boolean"),
        ({"label": ["A", "B"]}, "Element label is duplicated at this location in type CustomField"),
        ({"length": 256}, "length of a CustomField of type Text must be from 1 to 255: 256"),
        ({"precision": 18}, "Can not specify 'precision' for a CustomField of type Text"),
        ({"caseSensitive": True}, "Can not specify 'caseSensitive' for a CustomField that is not unique"),
        ({"label": ""}, "Must specify a non-empty label for the CustomField"),
        ({"label": "x" * 41}, "Value too long for field: label maximum length is:40"),
        ({"description": "x" * 1001}, "Value too long for field: description maximum length is:1000"),
        ({"fullName": "Tier"}, "The custom field name must end in __c: Tier"),
        ({"fullName": "Tier__x__c"}, "cannot end with an underscore or contain two consecutive underscore"),
        ({"fullName": "1st__c"}, "must begin with a letter"),
        ({"fullName": f"{'x' * 41}__c"}, "It can have 40 characters"),
        ({"fullName": "budget__c"}, "There is already a field named Budget__c on Lead."),
        ({"fullName": "Budget__c"}, "Cannot change the type of Lead.Budget__c from Currency to Text"),
        ({"type": "Lookup"}, "this sandbox makes no fields of type Lookup"),
    ],
)  # fmt: skip
def test_a_text_that_is_wrong_is_refused(api, said, words) -> None:
    assert words in problem(api, fields({**TIER, **said}))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"type": "Checkbox"}, "Must specify 'defaultValue' for a CustomField of type Checkbox"),
        ({"type": "Checkbox", "defaultValue": "false", "required": False}, "Can not specify 'required'"),
        ({"type": "Checkbox", "defaultValue": "perhaps"}, "The default value of a Checkbox is true or false"),
        ({"type": "Number", "precision": 18}, "Must specify 'scale' for a CustomField of type Number"),
        ({"type": "Number", "precision": 19, "scale": 0}, "precision of a CustomField of type Number must be from 1"),
        ({"type": "Number", "precision": 4, "scale": 5}, "scale must be from 0 to the precision"),
        ({"type": "LongTextArea", "length": 255, "visibleLines": 4}, "length of a CustomField of type LongTextArea"),
        ({"type": "LongTextArea", "length": 256}, "Must specify 'visibleLines'"),
        ({"type": "Email", "length": 80}, "Can not specify 'length' for a CustomField of type Email"),
        ({"type": "Date", "externalId": True}, "Can not specify 'externalId' for a CustomField of type Date"),
        ({"type": "Picklist"}, "Must specify 'valueSet' for a CustomField of type Picklist"),
        ({"label": "X"}, "Must specify a non-empty type for the CustomField"),
    ],
)
def test_each_type_has_what_it_must_have_and_must_not(api, said, words) -> None:
    assert words in problem(api, fields({"fullName": "X__c", "label": "X", **said}))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "A picklist must have from 1 to 1000 values"),
        ([VALUE, VALUE], "Duplicate API name in the picklist: a"),
        ([VALUE, {**VALUE, "fullName": "b"}], "Duplicate label in the picklist: a"),
        ([{**VALUE, "fullName": "x" * 256}], "A picklist value must have from 1 to 255 characters"),
        ([{**VALUE, "default": True}, {"fullName": "b", "default": True, "label": "B"}], "one default value at most"),
        ([{"fullName": "a"}], "Required field is missing: default"),
    ],
)
def test_a_value_set_must_make_sense(api, values, words) -> None:
    assert words in problem(api, fields(picklist(*values)))


def test_elements_of_a_list_stand_together(api) -> None:
    head = '<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">'
    torn = f"{head}<fields/><listViews/><fields/></CustomObject>".encode()
    files = {"objects/Lead.object": torn, "package.xml": manifest(CustomObject=["Lead"])}
    assert "Element fields is duplicated at this location in type CustomObject" in problems(deploy(api, files))


@pytest.mark.parametrize(
    "text",
    [
        b"<CustomObject",
        b'<!DOCTYPE x [<!ENTITY y "z">]><CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">&y;</CustomObject>',
        b"<CustomObject><fields/></CustomObject>",
        b'<Layout xmlns="http://soap.sforce.com/2006/04/metadata"/>',
        b'<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata">' + b"<fields>" * 60 + b"</fields>" * 60
        + b"</CustomObject>",
    ],
)  # fmt: skip
def test_documents_that_are_broken_strange_or_dangerous_are_refused_with_a_place(api, text) -> None:
    result = deploy(api, {"objects/Lead.object": text, "package.xml": manifest(CustomObject=["Lead"])})
    [failure] = result["details"]["componentFailures"]
    assert failure["problem"]
    assert failure["fullName"] == "Lead"


def test_a_problem_says_where_it_is(api) -> None:
    result = deploy(api, fields(TIER, {**TIER, "fullName": "Worse__c", "colour": "red"}))
    [failure] = result["details"]["componentFailures"]
    text = fields(TIER, {**TIER, "fullName": "Worse__c", "colour": "red"})["objects/Lead.object"].decode()
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if "<colour>" in each)
    assert (failure["lineNumber"], failure["fullName"]) == (line, "Lead.Worse__c")


def test_an_object_has_twenty_five_external_ids_at_most(api) -> None:
    keys = [{**TIER, "fullName": f"Key{number}__c", "externalId": True} for number in range(25)]
    assert problem(api, fields(*keys)) == "The object Lead has 25 external id fields, and cannot have more"
    assert deploy(api, fields(*keys[:24]))["status"] == "Succeeded"  # one has been there before


def test_fields_of_tasks_and_events_are_made_on_activity(api, org) -> None:
    assert problem(api, fields(TIER, sobject="Task")) == "bad value for restricted picklist field: Task"
    assert problem(api, fields(TIER, sobject="Nothing")) == "bad value for restricted picklist field: Nothing"
    assert deploy(api, fields(TIER, sobject="Activity"))["status"] == "Succeeded"
    assert [org.catalogue[name].kind.has("Tier__c") for name in ("Task", "Event", "Lead")] == [True, True, False]
    assert deploy(api, fields(TIER, sobject="Activity"))["details"]["componentSuccesses"][0]["changed"] is False


def test_a_field_becomes_unique_only_while_its_values_are(api) -> None:
    deploy(api, together(fields(TIER)))
    for _ in range(2):
        api.org.load("Lead", [{"LastName": "A", "Company": "B", "Tier__c": "same"}])
    assert "cannot be unique" in problem(api, fields({**TIER, "unique": True, "caseSensitive": False}))


def test_a_picklist_loses_no_value_that_rows_hold(api, org) -> None:
    deploy(api, fields(picklist(VALUE, {"fullName": "b", "default": False, "label": "B"})))
    deploy(api, fields(picklist(VALUE, {"fullName": "c", "default": False, "label": "C"})))
    held = org.catalogue["Lead"].kind.fields["P__c"].choices
    assert [(each.value, each.active) for each in held] == [("a", True), ("c", True), ("b", False)]


@pytest.mark.parametrize(
    ("parcel", "words"),
    [
        (grants(Lead_Gone__c=True), "In field: field - no CustomField named Lead.Gone__c found"),
        (grants(Lead_Company=True), "You cannot deploy to a required field: Lead.Company"),
        (grants(Lead_Name=True), "You cannot deploy to a required field: Lead.Name"),
        (grants(Lead_Street=True), "You cannot deploy to a required field: Lead.Street"),
        (grants(Task_Subject=True), "You cannot deploy to a required field: Task.Subject"),
        (rights(fieldPermissions={"field": "Lead.Fax", "readable": False, "editable": True}), "without being readable"),
        (rights(fieldPermissions={"field": "Lead.Fax", "readable": True}), "Required field is missing: editable"),
        (rights(fieldPermissions=[{"editable": True, "field": "Lead.Fax", "readable": True}] * 2), "Duplicate"),
        (rights(objectPermissions=on("Lead", allowEdit=True)), "Edit Lead depends on permission(s): Read Lead"),
        (rights(objectPermissions=on("Contact", allowRead=True)), "depends on permission(s): Read Account"),
        (rights(objectPermissions=on("Task", allowRead=True)), "no rights are given on it"),
        (rights(objectPermissions=[on("Lead", allowRead=True)] * 2), "Duplicate objectPermissions specified: Lead"),
        (rights(userPermissions={"enabled": True, "name": "RuleTheWorld"}), "Unknown user permission: RuleTheWorld"),
        (rights(tabSettings={"tab": "standard-Lead", "visibility": "Visible"}), "this sandbox deploys no tabSettings"),
        (whole("PermissionSet", "permissionsets/Bad name.permissionset", "Bad name", {"label": "x"}), "The API name"),
        (rights(label=" "), "Required fields are missing: [Label]"),
        (rights(description="x" * 256), "description maximum length is:255"),
        (message(endpointUrl="ftp://x"), "The endpoint URL is not valid"),
        (message(fields=["Gone__c"]), "no CustomField named Lead.Gone__c found"),
        (message(integrationUser="nobody@x"), "In field: integrationUser - no User named nobody@x found"),
        (message(apiVersion="99.0"), "Invalid API version: 99.0"),
        (flow(start={**PLACE, "object": "Nothing"}), "Entity of type 'CustomObject' named 'Nothing' cannot be found"),
        (flow(start={**PLACE, "connector": {"targetReference": "Nowhere"}}), 'The flow element "Nowhere"'),
        (flow(actionCalls={**FLOW["actionCalls"], "actionName": "Lead.Other"}), "no WorkflowOutboundMessage named"),
        (flow(actionCalls={**FLOW["actionCalls"], "actionType": "apex"}), "outbound messages only"),
        (flow(status="Live"), "'Live' is not a valid value for the enum 'FlowVersionStatus'"),
        (view(columns=["LEAD.SHOESIZE"]), "Could not resolve list view column: LEAD.SHOESIZE"),
        (view(columns=["Gone__c"]), "Could not resolve list view column: Gone__c"),
        (view(columns=["FULL_NAME", "FULL_NAME"]), "A column stands more than once"),
        (view(filters={"field": "Gone__c", "operation": "equals", "value": "x"}), "Could not resolve list view column"),
        (view(filterScope="Everyones"), "is not a valid value for the enum 'FilterScope'"),
        (view(label="x" * 41), "label maximum length is:40"),
        (view(fullName="Bad__View"), "The View Unique Name"),
    ],
)  # fmt: skip
def test_other_components_that_are_wrong_are_refused(api, parcel, words) -> None:
    assert words in problem(api, parcel)


def test_messages_flows_views_and_rights_that_are_right_are_taken_and_then_are_the_same(api, org) -> None:
    parcel = together(
        flow(), view(columns=["FULL_NAME", "LEAD.COMPANY", "Budget__c"]),
        rights(
            fieldPermissions={"editable": False, "field": "Lead.Address", "readable": True},
            objectPermissions=[on("Account", allowRead=True), on("Contact", allowRead=True, allowEdit=True)],
            userPermissions={"enabled": True, "name": "ApiEnabled"},
        ),
    )  # fmt: skip
    assert deploy(api, parcel)["status"] == "Succeeded"
    told = deploy(api, parcel)["details"]["componentSuccesses"]
    assert [(each["componentType"], each["created"] or each["changed"]) for each in told] == [
        ("WorkflowOutboundMessage", False), ("ListView", False), ("PermissionSet", False), ("Flow", False),
    ]  # fmt: skip
    assert [each["id"][:3] for each in told] == ["04k", "00B", "0PS", "300"]
    without_view = {path: content for path, content in parcel.items() if path != "objects/Lead.object"}
    changed = deploy(api, {**view(label="Soon due"), **without_view})["details"]["componentSuccesses"]
    assert [each["changed"] for each in changed] == [False, True, False, False]
    assert api.values("SELECT Name FROM ListView WHERE DeveloperName = 'Due'", "Name") == ["Soon due"]


def test_names_of_permission_sets_differ_by_more_than_case(api) -> None:
    deploy(api, grants("Rep", Lead_Fax=True))
    assert "duplicate value found: Name" in problem(api, grants("REP", Lead_Fax=True))


def test_a_busy_or_full_org_deploys_all_the_same(api, org) -> None:
    org.settings.lock_row_rate, org.settings.storage_rows_max = 1.0, 1
    for label in ("A", "B"):
        assert deploy(api, together(rights(label=label), view(label=label)))["status"] == "Succeeded"


def test_a_component_stands_once_in_a_parcel(api) -> None:
    twice = together(view(), view(label="Again"))
    assert problem(api, twice) == "Duplicate name 'Lead.Due' of type ListView"
