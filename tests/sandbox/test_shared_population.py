"""The population: believable, the same for the same seed, and quick enough to make a hundred thousand people."""

import time
from collections import Counter
from datetime import UTC, datetime
from random import Random

import phonenumbers
import pytest

from connector.sandbox.acts import act
from connector.sandbox.names import COUNTRIES
from connector.sandbox.persons import account_row, company_row, draw_firm, draw_person, phone
from connector.sandbox.population import populate
from connector.sandbox.snapshots import snapshot
from connector.sandbox.sorts import SORTS, Portion, Scribe, Seats
from connector.sandbox.world import World

START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def portion() -> Portion:
    """4,000 believable people, before they are loaded."""
    dice = Random(1)
    firms = [draw_firm(dice, number) for number in range(500)]
    scribe, portion = (
        Scribe(dice, START, firms, Seats(["70000001", "70000002"], ["005A", "005B"], [("70000001", "005A")])),
        Portion(),
    )
    order = [sort for sort, share in SORTS["believable"].items() for _ in range(share)]
    for number in range(4000):
        scribe.write(order[number % len(order)], number, portion)
    return portion


def test_shares_of_every_shape_are_of_two_hundred() -> None:
    assert {shape: sum(sorts.values()) for shape, sorts in SORTS.items()} == {"believable": 200, "benchmark": 200}


@pytest.mark.parametrize("country", COUNTRIES, ids=lambda country: country.code)
def test_every_shape_of_a_countrys_phones_is_the_same_valid_number(country) -> None:
    dice = Random(5)
    person = next(
        person
        for person in (draw_person(dice, n, [draw_firm(dice, n)]) for n in range(500))
        if person.firm.country is country
    )
    numbers = [phonenumbers.parse(phone(person, shape), country.code) for shape in range(len(country.phone_shapes))]
    assert all(phonenumbers.is_valid_number(number) for number in numbers)
    assert len({number.national_number for number in numbers}) == 1


def test_no_two_people_of_hubspot_share_an_address_and_all_are_lower_case(portion: Portion) -> None:
    addresses = [row["email"] for row in portion.hubspot if row["email"]]
    assert len(set(addresses)) == len(addresses)
    assert all(address == address.lower() for address in addresses)


def test_twins_share_an_address_and_often_differ_elsewhere(portion: Portion) -> None:
    by_email = {row["email"]: row for row in portion.hubspot if row["email"]}
    twins = [(by_email[key], row) for row in portion.leads if (key := (row["Email"] or "").lower()) in by_email]
    same_title = sum(contact["jobtitle"] == lead["Title"] for contact, lead in twins)
    same_phone = sum(contact["phone"] == lead["Phone"] for contact, lead in twins)
    assert len(twins) > 1500
    assert 0.3 < same_title / len(twins) < 0.9
    assert 0.05 < same_phone / len(twins) < 0.7


def test_blanks_odd_casing_long_titles_and_many_scripts_are_there(portion: Portion) -> None:
    assert any(row["firstname"] is None for row in portion.hubspot)
    assert any(row["Email"] and row["Email"] != row["Email"].lower() for row in portion.leads)
    assert any(row["LastName"] == row["LastName"].upper() and len(row["LastName"]) > 3 for row in portion.leads)
    assert any(len(row["jobtitle"] or "") > 128 for row in portion.hubspot)
    assert {"佐藤", "Шевченко", "Παπαδόπουλος", "Ångström", "O'Brien"} <= {row["lastname"] for row in portion.hubspot}
    assert any(row["LeadSource"] == "Trade Show 2019" for row in portion.leads)


def test_a_shared_mailbox_has_three_salesforce_people_and_one_hubspot_contact(portion: Portion) -> None:
    everyone = [*portion.leads, *portion.contacts]
    info = Counter(row["Email"].lower() for row in everyone if (row["Email"] or "").lower().startswith("info@"))
    assert set(info.values()) == {3}
    assert len([row for row in portion.hubspot if (row["email"] or "").startswith("info@")]) == len(info) == 80


def test_every_loaded_value_is_one_the_crm_would_have_taken_through_its_screens(portion: Portion) -> None:
    """Loading checks nothing, so a population could hold what no CRM would: it must not."""
    world = World(1, lambda: START)
    stamps = {"createdate", "lastmodifieddate", "hubspot_owner_id", "CreatedDate", "LastModifiedDate", "OwnerId"}

    def bare(row) -> dict[str, str]:
        return {name: value for name, value in row.items() if value is not None and name not in stamps}

    for row in portion.hubspot[:800]:
        made = act(world, "hubspot", "create", {"object": "contacts", "properties": bare(row)})["properties"]
        assert {name: made[name] for name in bare(row)} == bare(row)
    for sobject, rows in (("Lead", portion.leads[:800]), ("Contact", portion.contacts[:800])):
        for row in rows:
            made = act(world, "salesforce", "create", {"sobject": sobject, "values": bare(row)})
            kept = snapshot(world, "salesforce", sobject, made["id"])
            assert kept is not None
            assert {name: kept[name] for name in bare(row)} == bare(row)


def test_companies_and_accounts_are_what_the_crms_would_have_taken() -> None:
    world, dice = World(1, lambda: START), Random(2)
    for firm in [draw_firm(dice, number) for number in range(100)]:
        company, account = company_row(firm), account_row(firm)
        made = act(world, "hubspot", "create", {"object": "companies", "properties": company})["properties"]
        assert {name: made[name] for name in company} == company
        number = act(world, "salesforce", "create", {"sobject": "Account", "values": account})["id"]
        kept = snapshot(world, "salesforce", "Account", number)
        assert kept is not None
        assert {name: kept[name] for name in account} == account


def test_records_are_owned_dated_in_the_past_and_employed() -> None:
    world = World(3, lambda: START)
    populate(world, 400)
    contacts = world.hubspot.state.tables["contacts"]
    records = [contacts.records[each] for each in contacts.live]
    now_ms = START.timestamp() * 1000
    assert all(now_ms - 3 * 366 * 86_400_000 < record.created_ms <= record.modified_ms <= now_ms for record in records)
    assert len({record.modified_ms for record in records}) > 300
    owned = [record.values["hubspot_owner_id"] for record in records if "hubspot_owner_id" in record.values]
    assert {int(owner) for owner in owned} <= set(world.hubspot.state.owners.by_id)
    assert 0.5 < len(owned) / len(records) < 0.9
    employed = [record for record in records if world.hubspot.state.links.primary(("contacts", record.id), "companies")]
    assert 0.5 < len(employed) / len(records) < 0.9
    users = world.salesforce.catalogue["User"]
    active = Counter(row[users.kind.slot("IsActive")] for row in users.rows.values())
    assert active[False] >= 2


def test_a_small_believable_world_has_every_sort_and_its_traces() -> None:
    world = World(11, lambda: START)
    told = populate(world, 400)
    assert told["sorts"] == {sort: 2 * share for sort, share in SORTS["believable"].items()}
    assert told["owners"] == told["users"] == 8
    operations = Counter((line["side"], line["operation"]) for line in world.services.log.entries())
    assert operations["hubspot", "merge"] == 6
    assert operations["salesforce", "merged"] == 4


def test_the_same_seed_makes_the_same_world_and_another_seed_another() -> None:
    def digest(seed: int) -> str:
        world = World(seed, lambda: START)
        populate(world, 300)
        return world.digest()

    assert digest(1) == digest(1) != digest(2)


def test_a_benchmark_world_is_clean_and_in_the_shares_promised() -> None:
    world = World(1, lambda: START)
    told = populate(world, 1000, "benchmark")
    assert told["sorts"] == {"twin_lead": 300, "twin_contact": 300, "only_hubspot": 200, "only_lead": 200}


def test_twenty_thousand_people_cost_a_few_seconds_of_one_core() -> None:
    world = World(1, lambda: START)
    started = time.process_time()
    populate(world, 20_000)
    assert time.process_time() - started < 8  # a hundred thousand in well under a minute
