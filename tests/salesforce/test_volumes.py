"""Thousands of records at once: bulk jobs, listings of many pages, long lists of values."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.core.readings import Presence
from connector.ports import Done, Rejected, Write
from connector.sandbox.salesforce import actions
from tests.salesforce.sandbox import KEY, LEAD, Scene, calls_of


@pytest.fixture
def scene():
    return Scene()


@pytest.mark.parametrize("lock_rate", [0.0, 0.05])
def test_thousands_of_creates_updates_and_deletes_go_in_bulk_and_each_row_is_answered(scene, lock_rate):
    actions.set_settings(scene.org, bulk_delay_s=3.0, lock_row_rate=lock_rate)
    creates = [
        Write(None, {"LastName": f'Name, {n}\n"q"', "Company": "Acme", "HubSpot_Score__c": str(n)}, key=(KEY, f"k{n}"))
        for n in range(2_500)
    ]
    creates[7] = Write(None, {"LastName": "No company"}, key=(KEY, "k7"))
    calls = calls_of(scene, lambda: setattr(scene, "outcomes", scene.crm.write(LEAD, creates)))
    assert calls < 40
    refused = [n for n, outcome in enumerate(scene.outcomes) if isinstance(outcome, Rejected)]
    assert refused == [7]
    made = {n: outcome.ref for n, outcome in enumerate(scene.outcomes) if isinstance(outcome, Done)}
    assert len(made) > 2_490
    assert all(scene.held(ref)[KEY] == f"k{n}" for n, ref in made.items())
    assert scene.held(made[2_000])["LastName"] == 'Name, 2000\n"q"'
    clears = [Write(ref, {"HubSpot_Score__c": None, "Newsletter__c": None}) for ref in made.values()]
    cleared = [outcome for outcome in scene.crm.write(LEAD, clears) if isinstance(outcome, Done)]
    assert len(cleared) > 2_490
    assert all(scene.held(outcome.ref)["HubSpot_Score__c"] is None for outcome in cleared)
    scene.crm.write(LEAD, [Write(outcome.ref, archive=True) for outcome in cleared])
    present = scene.crm.read(LEAD, [outcome.ref.id for outcome in cleared])
    assert sum(reading.presence is Presence.ARCHIVED for reading in present) > 2_480


def test_a_scan_of_short_pages_tells_everything_once_and_conversions_as_moved():
    with ThreadPoolExecutor(4) as executor:
        scene = Scene(executor)
        actions.set_settings(scene.org, short_pages=True)
        rows = [{"LastName": f"P{n}", "Company": "Acme"} for n in range(4_500)]
        ids = scene.org.load("Lead", rows)
        converted = scene.lead("Gone")
        scene.convert(converted)
        seen = [reading for portion in scene.crm.scan(LEAD) for reading in portion]
    assert sorted(reading.ref.id for reading in seen if reading.present) == sorted(ids)
    assert [reading.ref for reading in seen if reading.presence is Presence.MOVED] == [converted]


def test_a_scan_survives_the_expiry_of_its_listing(scene):
    ids = scene.org.load("Lead", [{"LastName": f"P{n}", "Company": "Acme"} for n in range(4_500)])
    portions = scene.crm.scan(LEAD)
    seen = [reading.ref.id for reading in next(portions)]
    scene.sleep(3 * 86_400)
    seen += [reading.ref.id for portion in portions for reading in portion]
    assert sorted(seen) == sorted(ids)


def test_many_values_are_found_in_portions(scene):
    scene.org.load("Lead", [{"LastName": f"P{n}", "Company": "A", "Email": f"p{n}@example.test"} for n in range(1_200)])
    found = scene.crm.find(LEAD, "Email", [f"P{n}@EXAMPLE.test" for n in range(0, 1_200, 2)])
    assert len(found) == 600
    assert {reading.values["LastName"] for reading in found} == {f"P{n}" for n in range(0, 1_200, 2)}


def test_reading_by_the_thousand_is_one_call(scene):
    ids = scene.org.load("Lead", [{"LastName": f"P{n}", "Company": "A"} for n in range(2_000)])
    scene.crm.account()
    assert calls_of(scene, lambda: scene.crm.read(LEAD, ids)) == 1
