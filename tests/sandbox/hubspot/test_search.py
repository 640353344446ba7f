"""Search: an index that lags, caps and compares in its own way."""

from itertools import pairwise
from random import Random

import pytest

from connector.sandbox.hubspot import actions


def is_(name, operator, value=None, **more):
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


def test_a_change_is_invisible_until_the_index_has_caught_up(call, portal, clock):
    portal.settings.search_lag_s = 2.0
    record = call.create(email="a@x.test", firstname="Old")
    assert call.found() == []
    assert call.values(record)["firstname"] == "Old"
    clock.sleep(2)
    assert call.found() == [record]
    call.update(record, firstname="New")
    assert call.search()["results"][0]["properties"].get("lastname") is None
    assert call.search(properties=["firstname"])["results"][0]["properties"]["firstname"] == "Old"
    clock.sleep(2)
    assert call.search(properties=["firstname"])["results"][0]["properties"]["firstname"] == "New"


def test_records_do_not_become_visible_in_the_order_of_their_timestamps(call, portal, clock):
    portal.settings.search_lag_s = 2.0
    written = []
    for number in range(40):
        written.append(call.create(email=f"p{number}@x.test"))
        clock.sleep(0.01)
    order, seen = [], set()
    for _ in range(60):
        clock.sleep(0.05)
        fresh = [each for each in call.found(limit=200) if each not in seen]
        order += fresh
        seen.update(fresh)
    assert sorted(order, key=int) == written
    assert any(int(one) > int(other) for one, other in pairwise(order))


def test_the_index_ends_up_saying_what_the_store_says(call, portal, clock):
    portal.settings.search_lag_s = 2.0
    dice, ids = Random(5), []
    for number in range(400):
        roll = dice.random()
        if roll < 0.4 or len(ids) < 5:
            ids.append(call.create(email=f"p{number}@x.test"))
        elif roll < 0.7:
            call.update(dice.choice(ids), firstname=str(number))
        elif roll < 0.8:
            call("DELETE", f"/crm/v3/objects/contacts/{ids.pop(dice.randrange(len(ids)))}", status=204)
        elif roll < 0.9:
            one, other = (ids.pop(dice.randrange(len(ids))) for _ in range(2))
            ids.append(actions.merge(portal, object="contacts", primary=one, other=other)["id"])
        else:
            gone = ids.pop(dice.randrange(len(ids)))
            actions.archive(portal, object="contacts", id=gone)
            ids.append(actions.restore(portal, object="contacts", id=gone)["id"])
        clock.sleep(dice.random() / 10)
        call.search()
    clock.sleep(2)
    found = call.search(limit=200, sorts=["hs_object_id"], properties=["firstname"])
    listed = call("GET", "/crm/v3/objects/contacts", query="limit=100&properties=firstname").json
    more = call("GET", "/crm/v3/objects/contacts", query="limit=100&properties=firstname&after=1000000000")
    assert more.json["results"] == []
    assert found["results"][:100] == listed["results"]
    assert found["total"] == len(ids)


def test_an_archived_or_merged_record_vanishes_from_search(call, portal):
    one, other, third = (call.create(email=f"{who}@x.test") for who in "abc")
    survivor = actions.merge(portal, object="contacts", primary=one, other=other)["id"]
    call("DELETE", f"/crm/v3/objects/contacts/{third}", status=204)
    assert call.found() == [survivor]


def test_the_window_and_id_cursor_pages_through_one_millisecond(call, portal, clock):
    ids = portal.load("contacts", ({"email": f"p{number}@x.test"} for number in range(450)))
    clock.sleep(60)
    call.create(email="later@x.test")
    found, last = [], "0"
    while True:
        window = is_("lastmodifieddate", "BETWEEN", str(clock.ms - 60_000), highValue=str(clock.ms - 1))
        page = call.search(
            window,
            is_("hs_object_id", "GT", last),
            sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            limit=200,
        )
        if not page["results"]:
            break
        found += [each["id"] for each in page["results"]]
        last = found[-1]
    assert found == ids


def test_offsets_reach_ten_thousand_and_no_further(call, portal):
    portal.load("contacts", ({"firstname": str(number)} for number in range(10_050)))
    page = call.search(limit=200, after="9800")
    assert page["total"] == 10_050
    assert page["paging"]["next"]["after"] == "10000"
    call.search(limit=200, after="10000", _status=400)


def test_limits_of_the_request_are_enforced(call):
    one = is_("email", "HAS_PROPERTY")
    path = "/crm/v3/objects/contacts/search"
    call("POST", path, {"limit": 201}, status=400)
    call("POST", path, {"filterGroups": [{"filters": [one]}] * 6}, status=400)
    call("POST", path, {"filterGroups": [{"filters": [one] * 7}]}, status=400)
    call("POST", path, {"filterGroups": [{"filters": [one] * 4}] * 5}, status=400)
    call("POST", path, {"sorts": ["email", "phone"]}, status=400)
    call("POST", path, {"filterGroups": [{"filters": [is_("email", "EQ", "x" * 3000)]}]}, status=400)
    call("POST", path, {"filterGroups": [{"filters": [one] * 6}] * 3, "limit": 200}, status=200)


def test_a_filter_without_its_attributes_cannot_be_built(call):
    body = {"filterGroups": [{"filters": [{"value": "x"}]}]}
    answer = call("POST", "/crm/v3/objects/contacts/search", body, status=400).json
    assert "some of required attributes are not set [propertyName, operator]" in answer["message"]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (is_("firstname", "EQ", "aDA"), "a"),
        (is_("firstname", "NEQ", "ada"), "b"),
        (is_("firstname", "IN", values=["ada"]), "a"),
        (is_("firstname", "IN", values=["Ada"]), ""),
        (is_("firstname", "NOT_IN", values=["ada"]), "b"),
        (is_("hs_lead_status", "EQ", "NEW"), "a"),
        (is_("hs_lead_status", "EQ", "new"), ""),
        (is_("interests", "IN", values=["REPORTING"]), "b"),
        (is_("budget", "GT", "9"), "ab"),
        (is_("budget", "GT", "20"), "b"),
        (is_("budget", "BETWEEN", "5", highValue="50"), "a"),
        (is_("birthday", "LT", "0"), "a"),
        (is_("demo_at", "GTE", "1795514400000"), "b"),
        (is_("phone", "HAS_PROPERTY"), "a"),
        (is_("phone", "NOT_HAS_PROPERTY"), "b"),
        (is_("jobtitle", "CONTAINS_TOKEN", "sales"), "a"),
        (is_("jobtitle", "CONTAINS_TOKEN", "sal"), ""),
        (is_("jobtitle", "CONTAINS_TOKEN", "sal*"), "a"),
        (is_("jobtitle", "NOT_CONTAINS_TOKEN", "sales"), "b"),
        (is_("email", "EQ", "A@X.TEST"), "a"),
        (is_("hs_email_domain", "EQ", "y.test"), "b"),
        (is_("hs_lastmodifieddate", "GTE", "0"), ""),
    ],
)
def test_operators_compare_as_the_type_demands(call, filter_, expected):
    ids = {
        "a": call.create(
            email="a@x.test",
            firstname="Ada",
            hs_lead_status="NEW",
            interests="SYNC",
            budget="10",
            birthday="1969-01-01",
            phone="1",
            jobtitle="Head of Sales",
        ),
        "b": call.create(
            email="b@y.test",
            firstname="Bob",
            hs_lead_status="OPEN",
            interests="SYNC;REPORTING",
            budget="100",
            birthday="1990-01-01",
            demo_at="1795514400000",
        ),
    }
    assert call.found(filter_) == [ids[who] for who in expected]


def test_groups_are_alternatives_and_a_bare_filter_list_is_one_more(call):
    ids = [call.create(email=f"{who}@x.test", firstname=who) for who in "abc"]
    body = {"filterGroups": [{"filters": [is_("firstname", "EQ", "a")]}], "filters": [is_("firstname", "EQ", "c")]}
    answer = call("POST", "/crm/v3/objects/contacts/search", body, status=200).json
    assert [each["id"] for each in answer["results"]] == [ids[0], ids[2]]


def test_results_carry_the_moments_and_the_id_besides_what_was_asked_for(call):
    call.create(email="a@x.test", phone="1")
    properties = call.search(properties=["phone"])["results"][0]["properties"]
    assert set(properties) == {"phone", "createdate", "lastmodifieddate", "hs_object_id"}


@pytest.mark.parametrize("sort", ["-budget", {"propertyName": "budget", "direction": "DESCENDING"}])
def test_one_sort_rule_with_unset_values_last(call, sort):
    ids = [call.create(email=f"p{value}@x.test", budget=value) for value in ("9", "", "100")]
    assert call.found(sorts=[sort]) == [ids[2], ids[0], ids[1]]


def test_records_of_an_association_can_be_asked_for(call):
    contact, company = call.create(email="a@x.test"), call.create("companies", name="Firm")
    call.create(email="b@x.test")
    call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}", status=200)
    assert call.found(is_("associations.company", "EQ", company)) == [contact]


def test_free_text_looks_into_the_usual_properties(call):
    record = call.create(email="ada@firm.test", lastname="Lovelace")
    call.create(email="bob@firm.test", jobtitle="Lovelace scholar")
    assert call.found(query="ada lovel") == [record]


@pytest.mark.parametrize("sort", ["hs_object_id", "-hs_object_id", "lastmodifieddate", "-lastmodifieddate"])
def test_the_quick_ways_find_what_a_plain_look_at_all_records_finds(call, clock, sort):
    ids = []
    for number in range(30):
        ids.append(call.create(email=f"p{number}@x.test", firstname="A"))
        clock.sleep(1)
    for number in (3, 17, 5):
        call.update(ids[number], firstname="B")
        clock.sleep(1)
    window = [
        is_("lastmodifieddate", "GTE", str(clock.ms - 20_000)),
        is_("lastmodifieddate", "LT", str(clock.ms - 1500)),
    ]
    quick = call.search(*window, sorts=[sort], limit=7, after="3")
    plain = call.search(*window, is_("firstname", "HAS_PROPERTY"), sorts=[sort], limit=7, after="3")
    assert quick == plain
    assert quick["total"] == 18


@pytest.mark.parametrize(
    "filter_",
    [
        is_("no_such_property", "EQ", "1"),
        is_("email", "LIKE", "x"),
        is_("email", "EQ"),
        is_("email", "IN"),
        is_("budget", "GT", "much"),
        is_("birthday", "GT", "soon"),
        is_("associations.unicorns", "EQ", "1"),
        is_("budget", "BETWEEN", "1"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(call, filter_):
    call.search(filter_, _status=400)


def test_numbers_may_be_among_several(call):
    ids = [call.create(email=f"p{value}@x.test", budget=value) for value in ("5", "7.0", "9")]
    assert call.found(is_("budget", "IN", values=["5", "7"])) == ids[:2]
    assert call.found(is_("hs_object_id", "IN", values=ids[1:])) == ids[1:]
    assert call.found(is_("createdate", "GTE", "1"), is_("hs_object_id", "LT", ids[1])) == ids[:1]


def test_a_stale_address_still_finds_the_record_in_the_index(call, portal, clock):
    record = call.create(email="old@x.test")
    call.search()
    portal.settings.search_lag_s = 2.0
    call.update(record, email="new@x.test")
    assert call.found(is_("email", "EQ", "old@x.test")) == [record]
    clock.sleep(2)
    assert call.found(is_("email", "EQ", "old@x.test")) == []
    assert call.found(is_("email", "EQ", "new@x.test")) == [record]
