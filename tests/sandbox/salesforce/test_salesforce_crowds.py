"""Many rows and many acts: weight, reach, threads, and indexes that never disagree with the rows."""

from __future__ import annotations

import random
import string
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from connector.sandbox.salesforce import actions
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.soql_parse import parse
from connector.sandbox.salesforce.soql_plan import candidates


def test_a_lead_of_a_large_population_weighs_less_than_a_kilobyte_and_a_half(org) -> None:
    def row(number: int) -> dict[str, object]:
        return {
            "FirstName": f"First{number % 3000}",
            "LastName": f"Last{number % 9000}",
            "Email": f"person{number}@example{number % 500}.test",
            "Company": f"Company {number % 700}",
            "Phone": f"+49 30 {number:07d}",
            "HubSpot_Contact_Id__c": str(100_000 + number),
            "HubSpot_Score__c": number % 100,
            "City": "Berlin",
        }

    tracemalloc.start()
    org.load("Lead", map(row, range(10_000)))
    weight = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert weight / 10_000 < 1500


def test_a_recent_window_looks_at_nothing_else(org) -> None:
    stamps = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    org.load("Lead", ({"LastName": "L", "Company": "C", "SystemModstamp": stamps[n % 100 == 0]} for n in range(5000)))
    query = parse("SELECT Id FROM Lead WHERE SystemModstamp >= 2026-10-15T00:00:00Z ORDER BY SystemModstamp, Id")
    plan = candidates(org.catalogue["Lead"], query, org.scope(org.bridge_user))
    assert (len(list(plan.ids)), plan.ordered) == (50, True)


def test_many_threads_upserting_one_key_make_one_row(api, org) -> None:
    def upsert(number: int) -> int:
        body = {"LastName": f"L{number}", "Company": "C"}
        return api.call("PATCH", "sobjects/Lead/HubSpot_Contact_Id__c/same", body)[0]

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(upsert, range(200)))
    assert sorted(set(statuses)) == [200, 201]
    assert statuses.count(201) == 1
    assert api.query("SELECT COUNT() FROM Lead")["totalSize"] == 1


def test_random_writes_never_let_an_index_and_its_rows_disagree(org) -> None:
    """A thousand creates, edits, deletes and rollbacks; then every index must say what a scan says."""
    dice = random.Random(11)
    ids: list[str] = []
    for _ in range(1000):
        values = {"LastName": "L", "Company": "C", "Email": f"{dice.choice(string.ascii_lowercase)}@x.example"}
        roll = dice.random()
        org.services.clock.advance(dice.choice([0, 0, 1]))
        if roll < 0.4 or not ids:
            ids.append(actions.create(org, "Lead", {**values, "HubSpot_Contact_Id__c": str(len(ids))})["id"])
        elif roll < 0.8:
            held = dice.choice([values, {"HubSpot_Contact_Id__c": "0"}, {"Email": None}])
            try_it(lambda held=held: actions.edit(org, id=dice.choice(ids), values=held))
        else:
            act = dice.choice([actions.delete, actions.undelete, actions.hard_delete])
            try_it(lambda act=act: act(org, ids=[dice.choice(ids), dice.choice(ids)]))
    table = org.catalogue["Lead"]
    kind = table.kind
    assert table.ids == sorted(table.rows)
    assert list(table.in_window(None, None)) == sorted(
        table.rows, key=lambda key: (table.rows[key][kind.slot("SystemModstamp")], key)
    )
    for name in ("Email", "HubSpot_Contact_Id__c"):
        field = kind.fields[name]
        by_value: dict[str, set[str]] = {}
        for key, row in table.rows.items():
            if row[field.slot] is not None:
                by_value.setdefault(row[field.slot], set()).add(key)
        assert all(table.find(field, [value]) == found for value, found in by_value.items())
        assert table.find(field, ["nobody@x.example"]) == set()
    live = [row for row in table.rows.values() if not row[kind.slot("IsDeleted")]]
    keys = [row[kind.slot("HubSpot_Contact_Id__c")] for row in live]
    assert len(keys) == len(set(keys))


def try_it(act) -> None:
    """Some random acts are refused; what matters is that they leave nothing behind."""
    with suppress(Refusal):
        act()
