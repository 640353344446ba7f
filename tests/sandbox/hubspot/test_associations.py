"""Associations v4: both directions, primaries, labels, batches, events."""

import pytest


@pytest.fixture
def pair(call):
    return call.create(email="a@x.test"), call.create("companies", name="Firm")


def types(call, contact, company):
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    found = {each["toObjectId"]: each for each in call("GET", path, status=200).json["results"]}
    return {each["typeId"] for each in found.get(int(company), {"associationTypes": []})["associationTypes"]}


def default(call, contact, company):
    return call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}", status=200)


def test_the_first_company_of_a_contact_is_its_primary_and_the_second_is_not(call, pair):
    contact, company = pair
    second = call.create("companies", name="Second")
    default(call, contact, company)
    default(call, contact, second)
    assert types(call, contact, company) == {279, 1}
    assert types(call, contact, second) == {279}


def test_a_new_primary_takes_the_place_of_the_old_one(call, pair):
    contact, company = pair
    second = call.create("companies", name="Second")
    default(call, contact, company)
    body = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies/{second}"
    assert call("PUT", path, body, status=201).json["labels"] == ["Primary"]
    assert types(call, contact, company) == {279}
    assert types(call, contact, second) == {279, 1}


def test_a_link_is_seen_from_both_ends_as_numbers(call, pair):
    contact, company = pair
    default(call, contact, company)
    answer = call("GET", f"/crm/v4/objects/companies/{company}/associations/contacts", status=200).json
    assert answer["results"][0]["toObjectId"] == int(contact)
    assert {each["typeId"] for each in answer["results"][0]["associationTypes"]} == {280, 2}


def test_one_primary_link_fires_four_events(call, portal, pair):
    contact, company = pair
    default(call, contact, company)
    events = [each for each in portal.events if each["subscriptionType"].endswith(".associationChange")]
    assert [(each["associationType"], each["isPrimaryAssociation"]) for each in events] == [
        ("CONTACT_TO_COMPANY", True),
        ("COMPANY_TO_CONTACT", True),
        ("CONTACT_TO_COMPANY", False),
        ("COMPANY_TO_CONTACT", False),
    ]
    assert {each["associationRemoved"] for each in events} == {False}
    assert (events[0]["fromObjectId"], events[0]["toObjectId"]) == (int(contact), int(company))


def test_labels_sent_replace_the_labels_there_were(call, pair):
    contact, company = pair
    path = "/crm/v4/associations/contacts/companies/labels"
    labels = [
        call("POST", path, {"label": label, "name": label.lower()}, status=200).json["results"][0]["typeId"]
        for label in ("Partner", "Investor")
    ]
    for label in labels:
        body = [{"associationCategory": "USER_DEFINED", "associationTypeId": label}]
        call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", body, status=201)
    assert types(call, contact, company) == {279, labels[1]}


def test_removing_the_unlabelled_type_removes_all(call, pair):
    contact, company = pair
    default(call, contact, company)
    spec = {"from": {"id": contact}, "to": {"id": company}}
    path = "/crm/v4/associations/contacts/companies/batch/labels/archive"
    for type_id, left in ((1, {279}), (279, set())):
        types_ = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
        call("POST", path, {"inputs": [{**spec, "types": types_}]}, status=204)
        assert types(call, contact, company) == left


def test_unlinking_is_idempotent(call, pair):
    contact, company = pair
    default(call, contact, company)
    for _ in range(2):
        call("DELETE", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", status=204)
    assert types(call, contact, company) == set()


def test_links_are_made_and_read_in_batches(call, pair):
    contact, company = pair
    lonely = call.create(email="b@x.test")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
    inputs = [
        {"from": {"id": contact}, "to": {"id": company}, "types": [spec]},
        {"from": {"id": lonely}, "to": {"id": "999"}, "types": [spec]},
    ]
    path = "/crm/v4/associations/contacts/companies/batch"
    answer = call("POST", f"{path}/create", {"inputs": inputs}, status=207).json
    assert len(answer["results"]) == 1
    assert answer["numErrors"] == 1
    read = call("POST", f"{path}/read", {"inputs": [{"id": contact}, {"id": lonely}]}, status=207).json
    assert [(each["from"]["id"], each["to"][0]["toObjectId"]) for each in read["results"]] == [(contact, int(company))]
    assert read["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    ends = {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]}
    call("POST", f"{path}/archive", ends, status=204)
    assert types(call, contact, company) == set()
    pairs = {"inputs": [{"from": {"id": contact}, "to": {"id": company}}]}
    assert call("POST", f"{path}/associate/default", pairs, status=200).json["results"]


def test_a_record_can_be_born_with_links(call, pair):
    _, company = pair
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
    body = {"properties": {"email": "n@x.test"}, "associations": [{"to": {"id": company}, "types": [spec]}]}
    record = call("POST", "/crm/v3/objects/contacts", body, status=201).json["id"]
    assert types(call, record, company) == {279}
    answer = call("GET", f"/crm/v3/objects/contacts/{record}", query="associations=companies,deals", status=200).json
    assert answer["associations"] == {
        "companies": {"results": [{"id": company, "type": "contact_to_company_unlabeled"}]}
    }


def test_a_record_is_not_born_when_its_links_are_wrong(call, pair):
    for type_id, end in ((279, "999"), (280, pair[1])):
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
        body = {"properties": {"email": "n@x.test"}, "associations": [{"to": {"id": end}, "types": [spec]}]}
        call("POST", "/crm/v3/objects/contacts", body, status=400)
    assert call.found(limit=10) == [pair[0]]


def test_archived_ends_are_not_shown(call, pair):
    contact, company = pair
    default(call, contact, company)
    call("DELETE", f"/crm/v3/objects/companies/{company}", status=204)
    assert types(call, contact, company) == set()


def test_notes_and_tasks_hang_on_people_and_firms(call, pair):
    contact, company = pair
    note = call.create("notes", hs_timestamp="1795514400000", hs_note_body="Hello")
    for kind, end in (("contacts", contact), ("companies", company)):
        call("PUT", f"/crm/v4/objects/notes/{note}/associations/default/{kind}/{end}", status=200)
    answer = call("GET", f"/crm/v4/objects/contacts/{contact}/associations/notes", status=200).json
    assert answer["results"][0]["associationTypes"][0]["typeId"] == 201


def test_a_label_is_renamed_and_removed_everywhere(call, pair):
    contact, company = pair
    path = "/crm/v4/associations/contacts/companies/labels"
    label = call("POST", path, {"label": "Partner", "name": "partner"}, status=200).json["results"][0]["typeId"]
    body = [{"associationCategory": "USER_DEFINED", "associationTypeId": label}]
    call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", body, status=201)
    call("PUT", path, {"associationTypeId": label, "label": "Ally"}, status=204)
    shown = {each["typeId"]: each["label"] for each in call("GET", path, status=200).json["results"]}
    assert shown == {279: None, 1: "Primary", label: "Ally"}
    call("DELETE", f"{path}/{label}", status=204)
    assert types(call, contact, company) == {279}
    call("DELETE", f"{path}/1", status=404)
