"""What admins change under a bridge's feet, on tiny worlds: each act works, says what it made, and can be undone."""

from datetime import UTC, datetime
from urllib.parse import quote

import orjson
import pytest

from connector.sandbox.acts import act
from connector.sandbox.exchange import Request
from connector.sandbox.world import World

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
TOKEN = "sandbox-hubspot-token"
CLIENT = b"client_id=sandbox-consumer-key&client_secret=sandbox-consumer-secret"


@pytest.fixture
def world():
    made = World(1, lambda: START)
    made.services.clock.freeze(START)
    return made


def hubspot(world, method, path, body=None, token=TOKEN):
    payload = b"" if body is None else orjson.dumps(body)
    answer = world.door("hubspot")(Request(method, path, "", {"authorization": f"Bearer {token}"}, payload))
    return answer.status, orjson.loads(answer.body) if answer.body else None


def login(world, grant=b"grant_type=client_credentials"):
    answer = world.door("salesforce")(Request("POST", "/services/oauth2/token", body=grant + b"&" + CLIENT))
    return answer.status, orjson.loads(answer.body)


def query(world, soql, token):
    headers = {"authorization": f"Bearer {token}"}
    answer = world.door("salesforce")(Request("GET", "/services/data/v68.0/queryAll", f"q={quote(soql)}", headers))
    return answer.status, orjson.loads(answer.body)


def contact(world, **properties):
    return act(world, "hubspot", "create", {"object": "contacts", "properties": properties})["id"]


def lead(world, **values):
    row = {"LastName": "A", "Company": "C", **values}
    return act(world, "salesforce", "create", {"sobject": "Lead", "values": row})["id"]


def edit(world, record_id, **values):
    return act(world, "salesforce", "edit", {"id": record_id, "values": values})


def test_an_archived_property_comes_back_with_its_values(world):
    one = contact(world, email="a@x.test", budget="7")
    act(world, "hubspot", "remove_property", {"object": "contacts", "name": "budget"})
    with pytest.raises(ValueError, match="PROPERTY_DOESNT_EXIST"):
        act(world, "hubspot", "edit", {"object": "contacts", "id": one, "properties": {"budget": "8"}})
    shown = act(world, "hubspot", "restore_property", {"object": "contacts", "name": "budget"})
    assert (shown["name"], shown["archived"]) == ("budget", False)
    _, read = hubspot(world, "GET", f"/crm/v3/objects/contacts/{one}")
    assert "budget" not in read["properties"]
    assert world.people("hubspot")[0].values["budget"] == "7"
    with pytest.raises(LookupError, match="no archived property"):
        act(world, "hubspot", "restore_property", {"object": "contacts", "name": "budget"})


def test_a_property_is_renamed_by_its_label_alone(world):
    shown = act(world, "hubspot", "relabel_property", {"object": "contacts", "name": "budget", "label": "Purse"})
    assert (shown["name"], shown["label"]) == ("budget", "Purse")


def test_a_property_made_read_only_refuses_writes_until_it_is_opened(world):
    one = contact(world, email="a@x.test")
    told = act(world, "hubspot", "set_read_only", {"object": "contacts", "name": "city"})
    assert told["modificationMetadata"]["readOnlyValue"] is True
    path, body = f"/crm/v3/objects/contacts/{one}", {"properties": {"city": "Bonn"}}
    status, refused = hubspot(world, "PATCH", path, body)
    assert (status, "READ_ONLY_VALUE" in orjson.dumps(refused).decode()) == (400, True)
    act(world, "hubspot", "set_read_only", {"object": "contacts", "name": "city", "read_only": False})
    assert hubspot(world, "PATCH", path, body)[0] == 200


def test_a_validation_rule_of_hubspot_binds_dated_paths_until_it_is_removed(world):
    one = contact(world, email="a@x.test")
    rule = {"object": "contacts", "name": "city", "rule": "MAX_LENGTH"}
    assert act(world, "hubspot", "set_validation", {**rule, "arguments": [3]}) == {"rules": ["MAX_LENGTH"]}
    path, body = f"/crm/objects/2026-09/contacts/{one}", {"properties": {"city": "Bonn"}}
    assert hubspot(world, "PATCH", path, body)[0] == 400
    assert act(world, "hubspot", "remove_validation", rule) == {"rules": []}
    assert hubspot(world, "PATCH", path, body)[0] == 200
    with pytest.raises(ValueError, match="MAX_LENGTH"):
        act(world, "hubspot", "set_validation", {**rule, "rule": "NICE"})


def test_an_owner_who_left_and_came_back_can_be_given_records_again(world):
    owner = act(world, "hubspot", "add_owner", {"email": "new@x.test"})["id"]
    act(world, "hubspot", "deactivate_owner", {"id": owner})
    with pytest.raises(ValueError, match="active owner"):
        contact(world, email="a@x.test", hubspot_owner_id=owner)
    assert act(world, "hubspot", "activate_owner", {"id": owner})["archived"] is False
    assert contact(world, email="a@x.test", hubspot_owner_id=owner)


def test_a_revoked_token_of_hubspot_is_given_back_or_replaced(world):
    path = "/crm/v3/objects/contacts"
    act(world, "hubspot", "revoke_token", {"token": TOKEN})
    assert hubspot(world, "GET", path)[0] == 401
    fresh = act(world, "hubspot", "grant_token", {})["token"]
    assert hubspot(world, "GET", path, token=fresh)[0] == 200
    assert act(world, "hubspot", "grant_token", {"token": TOKEN}) == {"token": TOKEN, "access": True}
    assert hubspot(world, "GET", path)[0] == 200


def test_the_daily_quota_of_hubspot_is_set_small_and_nearly_used(world):
    act(world, "hubspot", "set_settings", {"settings": {"daily_max": 10}})
    assert act(world, "hubspot", "set_daily_use", {"calls": 9}) == {"used": 9, "allowed": 10}
    statuses = [hubspot(world, "GET", "/crm/v3/objects/contacts")[0] for _ in range(2)]
    assert statuses == [200, 429]
    world.services.clock.advance(86_400)
    assert hubspot(world, "GET", "/crm/v3/objects/contacts")[0] == 200
    with pytest.raises(ValueError, match="-1"):
        act(world, "hubspot", "set_daily_use", {"calls": -1})


def test_the_daily_quota_of_salesforce_is_set_small_and_nearly_used(world):
    token = login(world)[1]["access_token"]
    act(world, "salesforce", "set_settings", {"daily_api_requests": 10})
    assert act(world, "salesforce", "set_daily_use", {"calls": 9}) == {"used": 9, "allowed": 10}
    soql = "SELECT Id FROM Lead"
    assert [query(world, soql, token)[0] for _ in range(2)] == [200, 403]
    world.services.clock.advance(86_460)
    token = login(world)[1]["access_token"]
    assert query(world, soql, token)[0] == 200
    with pytest.raises(ValueError, match="-1"):
        act(world, "salesforce", "set_daily_use", {"calls": -1})


def test_a_user_of_salesforce_who_left_and_came_back_can_own_and_log_in_again(world):
    bridge = world.salesforce.bridge_user
    act(world, "salesforce", "deactivate_user", {"user": bridge})
    assert login(world) == (400, {"error": "invalid_grant", "error_description": "inactive user"})
    with pytest.raises(ValueError, match="INACTIVE_OWNER_OR_USER"):
        lead(world, OwnerId=bridge)
    assert act(world, "salesforce", "activate_user", {"user": bridge}) == {"id": bridge}
    assert login(world)[0] == 200
    assert lead(world, OwnerId=bridge)


RULES = {
    "add_validation_rule": ({"when": "City = 'Bonn'", "message": "not there"}, {"City": "Bonn"}, ValueError),
    "add_duplicate_rule": ({"fields": ["City"], "mode": "block"}, {"City": "Rome"}, ValueError),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_refuses_does_so_until_it_alone_is_removed(world, name):
    arguments, values, error = RULES[name]
    lead(world, City="Rome")
    one = lead(world)
    kept = act(world, "salesforce", "add_validation_rule", {"sobject": "Lead", "when": "City = 'X'", "message": "m"})
    rule = act(world, "salesforce", name, {"sobject": "Lead", **arguments})["rule"]
    with pytest.raises(error):
        edit(world, one, **values)
    assert act(world, "salesforce", "remove_rule", {"rule": rule}) == {"rule": rule, "sobject": "Lead"}
    edit(world, one, **values)
    with pytest.raises(ValueError, match="m"):
        edit(world, one, City="X")
    with pytest.raises(LookupError, match=f"no rule {rule}"):
        act(world, "salesforce", "remove_rule", {"rule": rule})
    assert kept["rule"] != rule


def test_an_automation_of_salesforce_rewrites_until_it_is_removed(world):
    one = lead(world)
    rule = act(world, "salesforce", "add_automation", {"sobject": "Lead", "assign": {"City": {"upper": "City"}}})[
        "rule"
    ]
    edit(world, one, City="Bonn")
    assert world.people("salesforce")[0].values["City"] == "BONN"
    act(world, "salesforce", "remove_rule", {"rule": rule})
    edit(world, one, City="Rome")
    assert world.people("salesforce")[0].values["City"] == "Rome"


def test_an_assignment_rule_taken_away_is_no_longer_shown_as_active(world):
    owner = world.salesforce.admin_user
    made = act(world, "salesforce", "add_assignment_rule", {"sobject": "Lead", "entries": [{"owner": owner}]})
    token = login(world)[1]["access_token"]
    soql = f"SELECT Active FROM AssignmentRule WHERE Id = '{made['id']}'"
    assert query(world, soql, token)[1]["records"][0]["Active"] is True
    act(world, "salesforce", "remove_rule", {"rule": made["rule"]})
    assert query(world, soql, token)[1]["records"][0]["Active"] is False


def test_an_emptied_bin_leaves_only_the_delete_log(world):
    one, other = lead(world), lead(world)
    for each in (one, other):
        act(world, "salesforce", "delete", {"id": each})
    assert act(world, "salesforce", "empty_bin", {"ids": [one]}) == {"ids": [one]}
    token = login(world)[1]["access_token"]
    left = query(world, "SELECT Id FROM Lead", token)[1]["records"]
    assert [row["Id"] for row in left] == [other]
    assert act(world, "salesforce", "empty_bin", {}) == {"ids": [other]}
    assert one in [gone for _, _, gone in world.salesforce.journal.deletions]
    with pytest.raises(LookupError, match=one):
        act(world, "salesforce", "empty_bin", {"ids": [one]})


def test_a_session_and_a_refresh_token_are_revoked_and_given_back(world):
    status, told = login(world)
    soql = "SELECT Id FROM Lead"
    assert act(world, "salesforce", "revoke_token", {"token": told["access_token"]}) == {"revoked": True}
    assert query(world, soql, told["access_token"])[0] == 401
    with pytest.raises(LookupError, match="no session"):
        act(world, "salesforce", "revoke_token", {"token": told["access_token"]})
    refresh = b"grant_type=refresh_token&refresh_token=sandbox-refresh-token"
    act(world, "salesforce", "revoke_token", {"token": "sandbox-refresh-token"})
    status, refused = login(world, refresh)
    assert (status, refused["error"]) == (400, "invalid_grant")
    act(world, "salesforce", "grant_token", {"token": "sandbox-refresh-token"})
    assert login(world, refresh)[0] == 200
    fresh = act(world, "salesforce", "grant_token", {})["token"]
    assert login(world, b"grant_type=refresh_token&refresh_token=" + fresh.encode())[0] == 200


def test_a_field_of_salesforce_goes_and_comes_back_empty(world):
    one = lead(world)
    field = {"sobject": "Lead", "name": "Nick__c", "metadata": {"type": "Text", "length": 20}}
    act(world, "salesforce", "add_field", field)
    edit(world, one, Nick__c="Al")
    act(world, "salesforce", "remove_field", {"sobject": "Lead", "name": "Nick__c"})
    with pytest.raises(ValueError, match="Nick__c"):
        edit(world, one, Nick__c="Bo")
    act(world, "salesforce", "add_field", field)
    assert world.people("salesforce")[0].values["Nick__c"] is None


def test_a_normaliser_of_hubspot_rewrites_within_the_write_until_it_is_ended(world):
    one = contact(world, email="a@x.test")
    path = f"/crm/v3/objects/contacts/{one}"
    act(world, "hubspot", "set_normaliser", {"object": "contacts", "name": "phone", "rewrite": "phone"})
    _, told = hubspot(world, "PATCH", path, {"properties": {"phone": " +49 (228) 12-34", "city": "Bonn"}})
    assert (told["properties"]["phone"], told["properties"]["city"]) == ("+492281234", "Bonn")
    writes = len(world.services.log)
    assert hubspot(world, "PATCH", path, {"properties": {"phone": "+49 228 1234"}})[0] == 200
    assert len(world.services.log) == writes  # the same number spelt otherwise changes nothing
    act(world, "hubspot", "set_normaliser", {"object": "contacts", "name": "phone"})
    _, told = hubspot(world, "PATCH", path, {"properties": {"phone": "+49 228 1234"}})
    assert told["properties"]["phone"] == "+49 228 1234"
    with pytest.raises(ValueError, match="append"):
        act(world, "hubspot", "set_normaliser", {"object": "contacts", "name": "phone", "rewrite": "append"})
