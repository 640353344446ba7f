"""One router for every version and every name."""

import pytest


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts",
        "/crm/v3/objects/contact/",
        "/crm/v3/objects/0-1",
        "/crm/objects/2026-03/contacts",
        "/crm/objects/2026-03/0-1",
        "/crm/objects/2026-09/contacts",
        "/crm/2026-09/objects/contacts",
    ],
)
def test_contacts_answer_under_every_version_and_name(call, path):
    record = call.create(email="a@x.test")
    assert [each["id"] for each in call("GET", path, status=200).json["results"]] == [record]


@pytest.mark.parametrize(
    ("numbered", "dated"),
    [
        ("/crm/v3/properties/contacts", "/crm/properties/2026-03/contacts"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/crm/v3/owners/", "/crm/owners/2026-03"),
        ("/crm/v4/associations/contacts/companies/labels", "/crm/associations/2026-09/contacts/companies/labels"),
        ("/account-info/v3/details", "/account-info/2026-03/details"),
    ],
)
def test_every_family_moves_its_version_and_answers_the_same(call, numbered, dated):
    assert call("GET", numbered, status=200).json == call("GET", dated, status=200).json


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/crm/v4/objects/contacts", 404),
        ("/crm/v3/associations/contacts/companies/labels", 404),
        ("/crm/objects/2031-03/contacts", 404),
        ("/nowhere", 404),
        ("/crm/v3/objects/contacts/batch/read", 405),
        ("/crm/v3/objects/unicorns", 400),
    ],
)
def test_a_path_that_is_none_is_refused(call, path, status):
    call("GET", path, status=status)


def test_answers_are_compact_json_with_a_correlation_id(call):
    answer = call("GET", "/crm/v3/objects/contacts", status=200)
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert answer.raw == b'{"results":[]}'
    assert answer.headers["x-hubspot-correlation-id"]


def test_webhook_settings_are_kept(call):
    path = "/webhooks/v3/7906213"
    key = "hapikey=sandbox-developer-key"
    call("GET", f"{path}/settings", query=key, status=404)
    body = {"targetUrl": "https://bridge.example/hubspot", "throttling": {"maxConcurrentRequests": 10}}
    assert call("PUT", f"{path}/settings", body, query=key, status=200).json["targetUrl"] == body["targetUrl"]
    call("PUT", f"{path}/settings", {**body, "targetUrl": "http://bridge.example"}, query=key, status=400)
    call("POST", f"{path}/subscriptions", {"eventType": "contact.propertyChange"}, query=key, status=400)
    wanted = {"eventType": "contact.propertyChange", "propertyName": "email"}
    made = call("POST", f"{path}/subscriptions", wanted, query=key, status=201).json
    assert made["active"] is False
    one = f"{path}/subscriptions/{made['id']}"
    assert call("PATCH", one, {"active": True}, query=key, status=200).json["active"] is True
    call("DELETE", one, query=key, status=204)
    assert call("GET", f"{path}/subscriptions", query=key, status=200).json["results"] == []


def fetched(call, page, status=200):
    """A file of the journal, fetched without a token."""
    path, _, query = page["url"].removeprefix("https://api.hubapi.com").partition("?")
    return type(call)(call.portal, "")("GET", path, query=query, status=status).json


def journal_app(call, portal, caller):
    body = b"grant_type=client_credentials&client_id=sandbox-hubspot-client&client_secret=sandbox-hubspot-secret"
    return caller(portal, call("POST", "/oauth/v3/token", body, status=200).json["access_token"])


def test_a_file_of_the_journal_opens_for_five_minutes_and_only_at_its_own_address(call, portal, caller, clock):
    app = journal_app(call, portal, caller)
    call.create(email="a@x.test")
    page = app("GET", "/webhooks-journal/journal/2026-03/earliest", status=200).json
    fetched(call, {"url": page["url"].replace("/0/", "/1/")}, status=403)
    fetched(call, {"url": page["url"].replace("signature=", "signature=0")}, status=403)
    clock.sleep(301)
    fetched(call, page, status=403)


def test_the_local_journal_is_that_of_the_account_named(call, portal, caller):
    app = journal_app(call, portal, caller)
    call.create(email="a@x.test")
    path = "/webhooks-journal/journal-local/2026-03/earliest"
    app("GET", path, status=400)
    app("GET", path, query="installPortalId=77", status=400)
    app("GET", path, query="installPortalId=1234567", status=200)


def test_an_offset_older_than_three_days_is_not_known_any_more(call, portal, caller, clock):
    call.create(email="a@x.test")
    app = journal_app(call, portal, caller)
    page = app("GET", "/webhooks-journal/journal/2026-03/earliest", status=200).json
    call.create(email="b@x.test")
    clock.sleep(3 * 86_400 + 1)
    app = journal_app(call, portal, caller)
    call.create(email="c@x.test")
    app("GET", f"/webhooks-journal/journal/2026-03/offset/{page['currentOffset']}/next", status=404)
    app("GET", "/webhooks-journal/journal/2026-03/earliest", status=200)


def test_the_journal_is_read_in_order_to_its_end(call, portal, caller):
    body = b"grant_type=client_credentials&client_id=sandbox-hubspot-client&client_secret=sandbox-hubspot-secret"
    app = caller(portal, call("POST", "/oauth/v3/token", body, status=200).json["access_token"])
    journal = "/webhooks-journal/journal/2026-03"
    app("GET", f"{journal}/earliest", status=204)
    call("GET", f"{journal}/earliest", status=403)
    record = call.create(email="a@x.test")
    page = app("GET", f"{journal}/earliest", status=200).json
    events = fetched(call, page)["journalEvents"]
    assert events[0]["action"] == "CREATE"
    assert events[1]["propertyChanges"] == {"email": "a@x.test"}
    app("GET", f"{journal}/offset/{page['currentOffset']}/next", status=204)
    call("DELETE", f"/crm/v3/objects/contacts/{record}", status=204)
    following = app("GET", f"{journal}/offset/{page['currentOffset']}/next", status=200).json
    fresh = fetched(call, following)["journalEvents"]
    assert [(each["action"], each["objectId"]) for each in fresh] == [("DELETE", int(record))]
    pages = app("GET", f"{journal}/batch/earliest/5", status=200).json["results"]
    assert [each["currentOffset"] for each in pages] == [following["currentOffset"]]
    app("GET", f"{journal}/batch/{following['currentOffset']}/next/5", status=204)
    app("GET", f"{journal}/batch/earliest/0", status=400)


def test_the_journal_forgets_after_three_days(call, portal, caller, clock):
    call.create(email="a@x.test")
    clock.sleep(3 * 86_400 + 1)
    body = b"grant_type=client_credentials&client_id=sandbox-hubspot-client&client_secret=sandbox-hubspot-secret"
    app = caller(portal, call("POST", "/oauth/v3/token", body, status=200).json["access_token"])
    app("GET", "/webhooks-journal/journal/2026-03/earliest", status=204)


def test_a_list_of_properties_too_long_for_a_path_is_refused(call):
    call("GET", "/crm/v3/objects/contacts", query="properties=" + "email," * 3000, status=414)
