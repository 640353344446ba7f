"""The org as a whole: describe, limits, what changed, late commits, versions, ids and the population."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce import Org, actions
from connector.sandbox.salesforce.ids import IdMint, id18, looks_like_id
from connector.sandbox.services import Services

WINDOW = "start=2026-11-02T08:00:00%2B00:00&end=2026-11-02T09:00:00%2B00:00"


@pytest.mark.parametrize("full", ["00Q5f000005bwLFEAY", "003RM0000068xVCYAY"])
def test_the_checksum_is_that_of_documented_ids(full) -> None:
    assert id18(full[:15]) == full
    assert looks_like_id(full)
    assert not looks_like_id(full[:-1] + "0")


def test_ids_rise_with_time() -> None:
    mint = IdMint()
    made = [mint.mint("00Q") for _ in range(5000)]
    assert made == sorted(made)
    assert all(looks_like_id(each) for each in made)


def test_describe_says_everything_a_connector_branches_on(api) -> None:
    told = api.call("GET", "sobjects/lead/describe/")[1]
    fields = {field["name"]: field for field in told["fields"]}
    assert (told["name"], told["keyPrefix"], told["createable"], told["mergeable"]) == ("Lead", "00Q", True, True)
    assert len({len(field) for field in told["fields"]}) == 1
    required = {
        name
        for name, field in fields.items()
        if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
    }
    assert required == {"LastName", "Company"}
    key = fields["HubSpot_Contact_Id__c"]
    assert (key["externalId"], key["unique"], key["caseSensitive"], key["length"], key["custom"]) == (
        True,
        True,
        False,
        64,
        True,
    )
    assert (fields["OwnerId"]["referenceTo"], fields["OwnerId"]["relationshipName"]) == (["User", "Group"], "Owner")
    assert fields["Status"]["picklistValues"][0] == {
        "active": True,
        "defaultValue": True,
        "label": "Open - Not Contacted",
        "validFor": None,
        "value": "Open - Not Contacted",
    }
    assert fields["Street"]["compoundFieldName"] == "Address"
    assert told["recordTypeInfos"][0]["master"] is True


def test_describe_is_not_sent_again_until_the_schema_changes(api, org) -> None:
    for path in ("sobjects", "sobjects/Lead/describe"):
        answer = api.raw("GET", path)
        stamp = {"if-modified-since": answer.headers["Last-Modified"]}
        assert api.call("GET", path, **stamp) == (304, None)
        org.services.clock.advance(5)
        actions.set_field_permission(org, "Lead", "Fax", "none")
        assert api.call("GET", path, **stamp)[0] == 200


def test_limits_nest_per_app_children(api, org) -> None:
    told = api.call("GET", "limits")[1]
    used = org.usage.used
    assert told["DailyApiRequests"] == {
        "Max": 100_000,
        "Remaining": 100_000 - used,
        "Bridge App": {"Max": 0, "Remaining": 0},
    }
    assert told["DailyBulkApiBatches"] == {"Max": 15_000, "Remaining": 15_000}


def test_every_reply_says_how_much_of_the_day_is_used_and_the_last_call_is_refused(api, org) -> None:
    org.settings.daily_api_requests = org.usage.used + 1
    answer = api.raw("GET", "limits")
    used = org.usage.used
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={used}/{used}"
    status, errors = api.call("GET", "limits")
    assert (status, errors[0]["errorCode"], errors[0]["message"]) == (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    )
    org.services.clock.advance(86_460)
    api.token = api.login()
    assert api.call("GET", "limits")[0] == 200


def test_updated_and_deleted_tell_ids_and_how_far_they_are_sure(api, org) -> None:
    kept, gone = api.lead(), api.lead()
    org.services.clock.advance(60)
    actions.delete(org, id=gone)
    assert api.call("GET", "sobjects/Lead/updated/", query=WINDOW)[1] == {
        "ids": [kept],
        "latestDateCovered": "2026-11-02T08:16:30.000+0000",
    }
    told = api.call("GET", "sobjects/Lead/deleted/", query=WINDOW)[1]
    assert told["deletedRecords"] == [{"id": gone, "deletedDate": "2026-11-02T08:16:30.000+0000"}]
    assert told["earliestDateAvailable"] == "2026-10-18T08:16:30.000+0000"
    actions.trim_delete_log(org)
    told = api.call("GET", "sobjects/Lead/deleted/", query=WINDOW)[1]
    assert (told["deletedRecords"], told["earliestDateAvailable"]) == ([], "2026-11-02T08:16:30.000+0000")


@pytest.mark.parametrize(
    "query",
    [
        "start=2026-11-02T08:00:00%2B00:00&end=2026-11-02T08:00:59%2B00:00",
        "start=2026-09-01T08:00:00%2B00:00&end=2026-11-02T08:00:59%2B00:00",
        "start=now&end=then",
        "",
    ],
)
def test_a_senseless_window_is_refused(api, query) -> None:
    status, errors = api.call("GET", "sobjects/Lead/updated/", query=query)
    assert (status, errors[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


def test_a_late_commit_shows_rows_in_the_past_while_the_watermark_waits_for_it(api, org) -> None:
    lead = api.lead(Title="Old")
    org.settings.commit_delay_s = 60
    org.services.clock.advance(10)
    actions.edit(org, id=lead, values={"Title": "New"})
    made = actions.create(org, "Lead", {"LastName": "Late", "Company": "C"})["id"]
    org.services.clock.advance(30)
    soql = "SELECT Title FROM Lead WHERE Title != null ORDER BY SystemModstamp, Id"
    assert api.values(soql, "Title") == ["Old"]
    assert api.query("SELECT COUNT() FROM Lead WHERE SystemModstamp > 2026-11-02T08:15:35Z")["totalSize"] == 0
    assert api.read("Lead", lead)["Title"] == "Old"
    assert api.call("GET", f"sobjects/Lead/{made}")[0] == 404
    told = api.call("GET", "sobjects/Lead/updated", query=WINDOW)[1]
    assert told["latestDateCovered"] == "2026-11-02T08:15:39.000+0000"
    org.services.clock.advance(31)
    row = api.read("Lead", lead)
    assert (row["Title"], row["SystemModstamp"]) == ("New", "2026-11-02T08:15:40.000+0000")
    assert api.query("SELECT COUNT() FROM Lead WHERE SystemModstamp > 2026-11-02T08:15:35Z")["totalSize"] == 2


def test_a_field_made_while_a_change_commits_late_is_blank_in_what_others_still_see(api, org) -> None:
    lead = api.lead(Title="Old")
    org.settings.commit_delay_s = 60
    actions.edit(org, id=lead, values={"Title": "New"})
    actions.add_field(org, "Lead", "Tier__c", {"type": "Text", "length": 9})
    assert api.query("SELECT Title, Tier__c FROM Lead")["records"][0]["Tier__c"] is None
    assert api.read("Lead", lead)["Title"] == "Old"
    org.services.clock.advance(61)
    actions.edit(org, id=lead, values={"Tier__c": "A"})
    org.services.clock.advance(61)
    assert (api.read("Lead", lead)["Title"], api.read("Lead", lead)["Tier__c"]) == ("New", "A")


def test_ones_own_writes_are_seen_at_once_whatever_the_delay(api, org) -> None:
    org.settings.commit_delay_s = 60
    assert api.read("Lead", api.lead(Title="x"))["Title"] == "x"


def test_versions_are_listed_and_retired_ones_are_gone(api, org) -> None:
    versions = orjson.loads(org.handle(Request("GET", "/services/data/")).body)
    assert versions[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in versions
    for version, status in ((30, 410), (31, 200), (69, 404)):
        api.version = version
        assert api.call("GET", "limits")[0] == status
    api.version = 40
    assert api.raw("GET", "limits").headers["Warning"].startswith("299 - ")


def test_a_head_larger_than_sixteen_kilobytes_is_refused(api) -> None:
    assert api.call("GET", "query", query="q=" + "x" * 16_384)[0] == 414
    assert api.call("GET", "query", query="q=" + "x" * 16_000, **{"x-long": "y" * 400})[0] == 431


def test_pretty_print_indents(api) -> None:
    plain, pretty = api.raw("GET", "limits"), api.raw("GET", "limits", **{"x-prettyprint": "1"})
    assert b"\n" not in plain.body
    assert b'\n  "DailyApiRequests"' in pretty.body


def test_broken_json_unknown_paths_and_methods_are_told_apart(api) -> None:
    answer = api.raw("POST", "sobjects/Lead", body=b"{")
    assert (answer.status, orjson.loads(answer.body)[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert api.call("GET", "nothing/here")[1][0]["errorCode"] == "NOT_FOUND"
    assert api.call("PUT", f"sobjects/Lead/{api.lead()}", {})[0] == 405
    assert "sobjects" in api.call("GET", "")[1]


def test_the_same_seed_and_acts_give_the_same_org() -> None:
    def play(last: str) -> str:
        org = Org(Services.of(5, lambda: datetime(2026, 1, 1, tzinfo=UTC)))
        made = actions.create(org, "Lead", {"LastName": "A", "Company": "C"})
        actions.edit(org, id=made["id"], values={"LastName": last})
        return org.digest()

    assert play("B") == play("B")
    assert play("B") != play("C")


def test_loading_keeps_given_stamps_leaves_no_trace_and_still_checks_types(org) -> None:
    (lead,) = org.load("Lead", [{"LastName": "A", "Company": "C", "SystemModstamp": "2026-10-01T00:00:00Z"}])
    row = org.snapshot("Lead", lead)
    assert row is not None
    assert (row["SystemModstamp"], row["CreatedDate"]) == (
        "2026-10-01T00:00:00.000+0000",
        "2026-11-02T08:15:30.000+0000",
    )
    assert org.events == []
    assert len(org.services.log) == 0
    with pytest.raises(Exception, match="STRING_TOO_LONG"):
        org.load("Lead", [{"LastName": "A" * 81, "Company": "C"}])
    assert org.snapshot("Lead", "00Q5f00000zzzzzEAA") is None


def test_an_app_with_its_own_quota_is_told_both(api, org) -> None:
    org.settings.app_quota = 250
    answer = api.raw("GET", "limits")
    used = org.usage.used
    assert answer.headers["Sforce-Limit-Info"] == (
        f"api-usage={used}/100000; per-app-api-usage={used}/250(appName=Bridge App)"
    )


def test_too_many_calls_at_once_are_refused_in_other_words(api, org) -> None:
    org.settings.concurrent_refusal_rate = 1.0
    status, errors = api.call("GET", "limits")
    assert (status, errors[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert errors[0]["message"] == "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
