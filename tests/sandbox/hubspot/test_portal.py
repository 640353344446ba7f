"""The portal as a whole: determinism, population, events, many threads, many records."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.hubspot import Portal, actions
from connector.sandbox.hubspot import ordered as ordered_module
from connector.sandbox.hubspot.ordered import Ordered
from connector.sandbox.services import Services


def lived(caller, seed):
    portal = Portal(Services.of(seed, lambda: datetime(2026, 11, 23, tzinfo=UTC)))
    call = caller(portal)
    ids = portal.load("contacts", ({"email": f"p{number}@x.test"} for number in range(50)))
    order = [each["id"] for each in call.batch("read", [{"id": each} for each in ids], properties=[]).json["results"]]
    actions.merge(portal, object="contacts", primary=ids[0], other=ids[1])
    return portal.digest(), order


def test_one_seed_tells_one_story(caller):
    assert lived(caller, 1) == lived(caller, 1)
    assert lived(caller, 1)[1] != lived(caller, 2)[1]


def test_the_digest_moves_with_every_change(call, portal):
    seen = {portal.digest()}
    record = call.create(email="a@x.test")
    seen.add(portal.digest())
    company = call.create("companies", name="Firm")
    seen.add(portal.digest())
    actions.associate(portal, object="contacts", id=record, to_object="companies", to_id=company)
    seen.add(portal.digest())
    actions.archive(portal, object="contacts", id=record)
    seen.add(portal.digest())
    assert len(seen) == 5


def test_a_loaded_population_is_searchable_and_silent(call, portal):
    rows = [
        {
            "email": "Ada@X.test",
            "createdate": "2020-01-01T00:00:00Z",
            "lastmodifieddate": "1600000000000",
            "phone": None,
        },
        {"email": "bob@x.test"},
    ]
    ids = portal.load("contacts", rows)
    companies = portal.load("companies", [{"name": "Firm"}])
    portal.load_associations("contacts", "companies", [(ids[0], companies[0])])
    assert len(portal.events) == 0
    ada = call("GET", "/crm/v3/objects/contacts/ada@x.test", query="idProperty=email", status=200).json
    assert (ada["id"], ada["createdAt"], ada["updatedAt"]) == (ids[0], "2020-01-01T00:00:00Z", "2020-09-13T12:26:40Z")
    window = {"propertyName": "lastmodifieddate", "operator": "LTE", "value": "1600000000000"}
    assert call.found(window) == [ids[0]]
    linked = call("GET", f"/crm/v4/objects/contacts/{ids[0]}/associations/companies").json["results"][0]
    assert {each["typeId"] for each in linked["associationTypes"]} == {1, 279}


def test_a_contact_weighs_less_than_one_and_a_half_kilobytes(portal):
    def rows():
        for number in range(5000):
            yield {
                "email": f"first.last.{number}@firm-{number // 8}.example",
                "firstname": "First",
                "lastname": f"Last{number % 500}",
                "phone": f"+49 30 {number:07}",
                "jobtitle": "Head of Sales",
                "company": f"Firm {number // 8}",
                "city": "Berlin",
                "country": "Germany",
                "lifecyclestage": "lead",
                "hs_lead_status": "NEW",
                "hubspotscore": str(number % 100),
                "hubspot_owner_id": "70000001",
            }

    tracemalloc.start()
    portal.load("contacts", rows())
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 5000 < 1500


def test_many_threads_lose_nothing(call, portal):
    def write(number):
        return call.create(email=f"p{number}@x.test")

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(write, range(200)))
    assert len(set(ids)) == 200
    assert call.search()["total"] == 200


def test_events_tell_of_a_life_in_order(call, portal):
    record = call.create(email="a@x.test")
    call.update(record, firstname="A")
    call("DELETE", f"/crm/v3/objects/contacts/{record}", status=204)
    told = [(each["subscriptionType"], each.get("propertyName"), each.get("changeFlag")) for each in portal.events]
    assert told[0] == ("contact.creation", None, "NEW")
    assert ("contact.propertyChange", "email", None) in told
    assert told[-2:] == [("contact.propertyChange", "firstname", None), ("contact.deletion", None, "DELETED")]
    event = portal.events[-2]
    assert event["objectId"] == int(record)
    assert (event["portalId"], event["appId"], event["attemptNumber"]) == (1_234_567, 7_906_213, 0)
    assert event["occurredAt"] == 1_795_435_200_000
    assert event["changeSource"] == "INTEGRATION"
    assert len({each["eventId"] for each in portal.events}) < len(portal.events)


def test_only_properties_that_are_subscribed_to_fire(call, portal):
    portal.settings.webhook_properties = {"contacts": ["email"]}
    call.create(email="a@x.test", firstname="A")
    assert [each.get("propertyName") for each in portal.events] == [None, "email"]


def test_every_write_is_witnessed_with_its_actor(call, portal):
    record = call.create(email="a@x.test")
    call.update(record, firstname="A")
    entries = portal.state.services.log.entries()
    assert [(each["operation"], each["actor"], each["id"]) for each in entries] == [
        ("create", "api:7906213", record),
        ("update", "api:7906213", record),
    ]
    assert entries[1]["changes"] == {"firstname": "A"}


steps = st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=300)


@given(steps, st.integers(0, 60), st.integers(0, 60))
def test_ordered_numbers_behave_like_a_sorted_set(changes, low, high):
    ordered, plain = Ordered(range(0, 60, 7)), set(range(0, 60, 7))
    for add, number in changes:
        if add and number not in plain:
            ordered.add(number)
            plain.add(number)
        elif not add:
            ordered.discard(number)
            plain.discard(number)
    inside = sorted(each for each in plain if low <= each < high)
    assert list(ordered) == sorted(plain)
    assert len(ordered) == len(plain)
    assert ordered.between(low, high) == inside
    assert ordered.count(low, high) == len(inside)
    assert ordered.onwards(low, 5) == sorted(each for each in plain if each >= low)[:5]


@settings(deadline=None)  # sorting 10,000 numbers again and again takes what a busy machine takes
@given(st.lists(st.integers(0, 10**6), unique=True, max_size=60))
def test_long_ordered_lists_split_and_stay_ordered(numbers):
    ordered = Ordered(range(0, 30_000, 3))
    expected = set(range(0, 30_000, 3))
    for number in numbers:
        if number not in expected:
            ordered.add(number)
            expected.add(number)
    fresh = [10**7 + each for each in range(3000)]
    ordered.extend(fresh)
    assert list(ordered) == sorted([*expected, *fresh])
    assert ordered.count(300, 10**7) == sum(1 for each in expected if each >= 300)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=400))
def test_short_chunks_split_merge_and_vanish_without_losing_order(changes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordered_module, "CHUNK_MAX", 8)
        ordered, plain = Ordered(range(0, 400, 9)), set(range(0, 400, 9))
        for add, number in changes:
            if add and number not in plain:
                ordered.add(number)
                plain.add(number)
            elif not add:
                ordered.discard(number)
                plain.discard(number)
        ordered.extend(number for number in range(1000) if number not in plain and number % 5 == 0)
        plain.update(range(0, 1000, 5))
        assert list(ordered) == sorted(plain)
        assert ordered.between(100, 300) == sorted(each for each in plain if 100 <= each < 300)
        assert ordered.count(100, 300) == len(ordered.between(100, 300))
        assert ordered.onwards(100, 50) == sorted(each for each in plain if each >= 100)[:50]
