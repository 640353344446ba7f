"""HubSpot's own Python client, unmodified, against the portal over HTTP."""

import pytest
from hubspot import HubSpot

from connector.sandbox.hubspot.settings import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from connector.sandbox.server import Server


@pytest.fixture
def client(portal, clock):
    with Server(portal.handle, clock) as server:
        yield HubSpot(access_token=ACCESS_TOKEN, host=server.url)


def test_single_contacts(client):
    api = client.crm.contacts.basic_api
    made = api.create({"properties": {"email": "Ada@X.test", "firstname": "Ada"}})
    assert made.properties["email"] == "ada@x.test"
    read = api.get_by_id(made.id, properties=["firstname"], properties_with_history=["firstname"])
    assert read.properties_with_history["firstname"][0].source_type == "INTEGRATION"
    assert read.created_at.isoformat() == "2026-11-23T12:00:00+00:00"
    assert api.update(made.id, {"properties": {"jobtitle": "Chief"}}).properties["jobtitle"] == "Chief"
    page = api.get_page(limit=10)
    assert [each.id for each in page.results] == [made.id]
    api.archive(made.id)
    with pytest.raises(Exception, match="404"):
        api.get_by_id(made.id)


def test_merge_and_erase(client):
    api = client.crm.contacts.basic_api
    one, other = (api.create({"properties": {"email": f"{who}@x.test"}}).id for who in "ab")
    survivor = api.merge({"primaryObjectId": one, "objectIdToMerge": other})
    assert survivor.id not in {one, other}
    api.purge({"objectId": survivor.id})
    assert api.get_page().results == []


def test_batches(client):
    api = client.crm.contacts.batch_api
    created = api.create({"inputs": [{"properties": {"email": f"p{number}@x.test"}} for number in range(3)]})
    ids = [each.id for each in created.results]
    updated = api.update({"inputs": [{"id": each, "properties": {"firstname": "A"}} for each in ids]})
    assert {each.properties["firstname"] for each in updated.results} == {"A"}
    read = api.read({"inputs": [{"id": ids[0]}, {"id": "999"}], "properties": ["email"], "propertiesWithHistory": []})
    assert (read.num_errors, read.errors[0].category) == (1, "OBJECT_NOT_FOUND")
    inputs = [{"idProperty": "email", "id": "new@x.test", "properties": {"firstname": "N"}}]
    assert [each.new for each in api.upsert({"inputs": inputs}).results] == [True]
    api.archive({"inputs": [{"id": each} for each in ids]})
    assert len(client.crm.contacts.get_all()) == 1


def test_search(client):
    client.crm.contacts.basic_api.create({"properties": {"email": "a@x.test"}})
    group = {"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@x.test"}]}
    found = client.crm.contacts.search_api.do_search({"filterGroups": [group], "sorts": ["-createdate"], "limit": 5})
    assert (found.total, found.results[0].properties["hs_object_id"]) == (1, found.results[0].id)


def test_properties_and_groups(client):
    api = client.crm.properties.core_api
    definition = {
        "name": "tier",
        "label": "Tier",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": [{"label": "A", "value": "a", "displayOrder": 0, "hidden": False}],
    }
    assert api.create("contacts", definition).options[0].value == "a"
    assert api.get_by_name("contacts", "tier").modification_metadata.read_only_value is False
    assert api.update("contacts", "tier", {"label": "Rank"}).label == "Rank"
    assert "lifecyclestage" in {each.name for each in api.get_all("contacts").results}
    api.archive("contacts", "tier")
    assert client.crm.properties.groups_api.get_all("contacts").results[0].name


def test_pipelines_and_owners(client):
    pipelines = client.crm.pipelines.pipelines_api.get_all("deals").results
    assert pipelines[0].stages[-1].metadata["isClosed"] == "true"
    owners = client.crm.owners.owners_api.get_page(limit=100).results
    assert client.crm.owners.owners_api.get_by_id(int(owners[0].id)).email == owners[0].email
    deal = client.crm.deals.basic_api.create({"properties": {"dealname": "D", "dealstage": "contractsent"}})
    assert deal.properties["pipeline"] == "default"


def test_associations(client):
    contact = client.crm.contacts.basic_api.create({"properties": {"email": "a@x.test"}}).id
    company = client.crm.companies.basic_api.create({"properties": {"name": "Firm"}}).id
    api = client.crm.associations.v4
    api.basic_api.create_default("contacts", contact, "companies", company)
    page = api.basic_api.get_page("contacts", contact, "companies")
    assert {each.type_id for each in page.results[0].association_types} == {1, 279}
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    assert api.basic_api.create("contacts", contact, "companies", company, spec).to_object_id
    read = api.batch_api.get_page("contacts", "companies", {"inputs": [{"id": contact}]})
    assert str(read.results[0].to[0].to_object_id) == company
    api.basic_api.archive("contacts", contact, "companies", company)
    assert api.basic_api.get_page("contacts", contact, "companies").results == []


def test_oauth_and_dated_paths(client):
    tokens = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        refresh_token=REFRESH_TOKEN,
    )
    assert tokens.expires_in == 1800
    api = client.crm.contacts.basic_api.api_client
    api.configuration.access_token = tokens.access_token
    answer = api.call_api(
        "/crm/objects/2026-09/contacts/batch/upsert",
        "POST",
        header_params={"Content-Type": "application/json", "Accept": "application/json"},
        body={"inputs": [{"idProperty": "email", "id": "a@x.test", "properties": {}}]},
        response_types_map={200: "object", 207: "object"},
        auth_settings=["oauth2"],
        _return_http_data_only=True,
    )
    assert answer["results"][0]["new"] is True
