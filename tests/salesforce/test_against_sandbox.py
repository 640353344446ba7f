"""The adapter against an org that misbehaves as Salesforce does: late commits, merges, rules, locks, lost rights."""

import pytest

from connector.core.readings import Presence
from connector.errors import RateLimited, Unauthorised
from connector.ports import Absent, Done, Exists, Rejected, Write
from connector.sandbox.salesforce import actions
from tests.salesforce.sandbox import CONTACT, KEY, LEAD, Scene, calls_of


@pytest.fixture
def scene():
    return Scene()


def observed(seen):
    """`known`, for someone who has observed these readings."""

    def known(obj, begin, before):
        return sum(ref.object == obj and begin <= reading.modified_at < before for ref, reading in seen.items())

    return known


def test_every_kind_of_value_survives_the_way_there_and_back(scene):
    ref = scene.lead()
    values = {
        "FirstName": 'Zoë "Z" O\'Hara',
        "HubSpot_Score__c": "42",
        "Newsletter__c": "true",
        "Birthday__c": "1990-02-28",
        "Demo_At__c": "2026-11-05T14:30:00.000Z",
        "Interests__c": "CRM;Events",
    }
    assert scene.crm.write(LEAD, [Write(ref, values)]) == [Done(ref)]
    (reading,) = scene.crm.read(LEAD, [ref.id])
    assert {name: reading.values[name] for name in values} == values
    assert scene.crm.write(LEAD, [Write(ref, dict.fromkeys(values))]) == [Done(ref)]
    (reading,) = scene.crm.read(LEAD, [ref.id])
    assert {name: reading.values[name] for name in values} == {**dict.fromkeys(values), "Newsletter__c": "false"}


def test_polling_two_objects_is_one_call_when_nothing_is_late(scene):
    refs = {scene.lead(f"L{n}") for n in range(5)} | {scene.contact(f"C{n}") for n in range(5)}
    scene.sleep(60)
    seen, cursor = scene.drain([LEAD, CONTACT], scene.drain([LEAD, CONTACT], None)[1])
    assert set(seen) == refs
    scene.sleep(700)
    _, cursor = scene.drain([LEAD, CONTACT], cursor, observed(seen))
    edited = next(iter(refs))
    scene.edit(edited, LastName="Changed")
    scene.sleep(60)
    later = scene.crm.changes([LEAD, CONTACT], cursor, observed(seen))
    assert [reading.ref for reading in later.readings] == [edited]
    assert not later.more
    seen |= {reading.ref: reading for reading in later.readings}
    scene.sleep(60)
    assert calls_of(scene, lambda: scene.drain([LEAD, CONTACT], later.cursor, observed(seen))) == 1


@pytest.mark.parametrize("delay_s", [3, 60, 590])
def test_a_change_that_becomes_visible_late_is_not_lost(scene, delay_s):
    _, cursor = scene.drain([LEAD], None)
    seen = {}
    scene.sleep(60)
    actions.set_settings(scene.org, commit_delay_s=float(delay_s))
    ref = scene.lead("Late")
    actions.set_settings(scene.org, commit_delay_s=0.0)
    for _ in range(40):
        scene.sleep(20)
        readings, cursor = scene.drain([LEAD], cursor, observed(seen))
        seen |= readings
    assert list(seen) == [ref]


def test_changes_that_straddle_the_watermark_and_page_edges_are_all_told(scene):
    actions.set_settings(scene.org, short_pages=True)
    _, cursor = scene.drain([LEAD], None)
    known, seen = set(), {}
    for turn in range(6):
        known |= {scene.lead(f"P{turn}x{n}") for n in range(300)}
        readings, cursor = scene.drain([LEAD], cursor, observed(seen))
        seen |= readings
        scene.sleep(1)
    scene.sleep(10)
    readings, cursor = scene.drain([LEAD], cursor, observed(seen))
    assert set(seen | readings) == known


def test_deletions_merges_and_conversions_come_along_with_changes(scene):
    gone, winner, loser, lead = (scene.lead(name) for name in ("Gone", "Winner", "Loser", "Lead"))
    scene.sleep(700)
    _, cursor = scene.drain([LEAD, CONTACT], None)
    scene.sleep(5)
    scene.delete(gone)
    scene.merge(winner, loser)
    contact = scene.convert(lead)
    scene.sleep(5)
    seen, _ = scene.drain([LEAD, CONTACT], cursor)
    assert seen[gone].presence is Presence.ARCHIVED
    assert (seen[loser].presence, seen[loser].moved_to) == (Presence.MOVED, winner)
    assert (seen[lead].presence, seen[lead].moved_to, seen[lead].converted) == (Presence.MOVED, contact, True)
    assert seen[contact].presence is Presence.PRESENT


def test_a_converted_lead_is_absent_to_a_write_and_not_found_by_value(scene):
    lead = scene.lead("Ada", **{KEY: "4711"})
    contact = scene.convert(lead, field_mapping=False)
    (update,) = scene.crm.write(LEAD, [Write(lead, {"FirstName": "A"})])
    assert isinstance(update, Absent)
    assert update.reading.moved_to == contact
    assert scene.crm.find(LEAD, "Email", ["ada@example.test"]) == []
    (create,) = scene.crm.write(LEAD, [Write(None, {"LastName": "Ada", "Company": "X"}, key=(KEY, "4711"))])
    assert isinstance(create, Absent)
    assert (create.reading.ref, create.reading.moved_to) == (lead, contact)


def test_a_hard_deleted_record_is_missing(scene):
    ref = scene.lead()
    actions.hard_delete(scene.org, ref.id)
    assert scene.crm.read(LEAD, [ref.id])[0].presence is Presence.MISSING


def test_the_rights_to_a_field_are_lost_and_come_back(scene):
    ref = scene.lead(FirstName="Ada", HubSpot_Score__c=5)
    _, cursor = scene.drain([LEAD], None)
    scene.crm.write(LEAD, [Write(ref, {"FirstName": "described"})])
    actions.set_field_permission(scene.org, "Lead", "HubSpot_Score__c", "none")
    (outcome,) = scene.crm.write(LEAD, [Write(ref, {"FirstName": "Eve", "HubSpot_Score__c": "7"})])
    assert isinstance(outcome, Done)
    assert [reason.field for reason in outcome.not_taken] == ["HubSpot_Score__c"]
    (reading,) = scene.crm.read(LEAD, [ref.id])
    assert reading.values["FirstName"] == "Eve"
    assert "HubSpot_Score__c" not in reading.values
    assert scene.crm.missing_fields == {"Lead": {"HubSpot_Score__c"}}
    scene.sleep(30)
    seen, _ = scene.drain([LEAD], cursor)
    assert "HubSpot_Score__c" not in seen[ref].values
    assert [len(list(portion)) for portion in scene.crm.scan(LEAD)] == [1]
    actions.set_field_permission(scene.org, "Lead", "HubSpot_Score__c", "edit")
    scene.crm.schema("Lead")
    assert scene.crm.read(LEAD, [ref.id])[0].values["HubSpot_Score__c"] == "5"
    assert scene.crm.missing_fields == {}


def test_a_field_that_turned_read_only_is_left_out_and_the_rest_is_written(scene):
    ref = scene.lead()
    scene.crm.write(LEAD, [Write(ref, {"FirstName": "described"})])
    actions.set_field_permission(scene.org, "Lead", "HubSpot_Score__c", "read")
    (outcome,) = scene.crm.write(LEAD, [Write(ref, {"FirstName": "Eve", "HubSpot_Score__c": "7"})])
    assert isinstance(outcome, Done)
    assert [reason.field for reason in outcome.not_taken] == ["HubSpot_Score__c"]
    assert scene.held(ref)["FirstName"] == "Eve"


def test_a_duplicate_rule_names_the_record_it_found(scene):
    actions.add_duplicate_rule(scene.org, "Lead", ["Email"], ["Contact"], mode="block")
    there = scene.contact("Ada")
    values = {"LastName": "Ada", "Company": "Acme", "Email": "ada@example.test"}
    (outcome,) = scene.crm.write(LEAD, [Write(None, values, key=(KEY, "1"))])
    assert isinstance(outcome, Exists)
    assert outcome.refs == (there,)


@pytest.mark.parametrize(("allowed", "expected"), [(False, Exists), (True, Done)])
def test_a_rule_that_only_alerts_can_be_passed_over(allowed, expected):
    scene = Scene(allow_duplicates=allowed)
    actions.add_duplicate_rule(scene.org, "Lead", ["Email"], mode="alert")
    scene.lead("Ada")
    values = {"LastName": "Ada", "Company": "Acme", "Email": "ada@example.test"}
    (outcome,) = scene.crm.write(LEAD, [Write(None, values, key=(KEY, "1"))])
    assert isinstance(outcome, expected)


def test_a_unique_value_held_by_another_record_refuses_an_update(scene):
    scene.lead("Holder", **{KEY: "1"})
    (outcome,) = scene.crm.write(LEAD, [Write(scene.lead("Other"), {KEY: "1"})])
    assert isinstance(outcome, Rejected)
    assert outcome.rejections[0].code == "DUPLICATE_VALUE"


@pytest.mark.parametrize("assign", [False, True])
def test_assignment_rules_run_only_when_they_are_wanted(assign):
    scene = Scene(auto_assign=assign)
    queue = next(owner for owner in scene.crm.owners() if owner.queue)
    seller = next(owner for owner in scene.crm.owners() if owner.email.startswith("kim"))
    actions.add_assignment_rule(scene.org, "Lead", [{"owner": queue.id}])
    values = {"LastName": "Ada", "Company": "Acme", "OwnerId": seller.id}
    (outcome,) = scene.crm.write(LEAD, [Write(None, values, key=(KEY, "1"))])
    assert scene.held(outcome.ref)["OwnerId"] == (queue.id if assign else seller.id)


def test_an_expired_session_is_renewed_without_anybody_noticing(scene):
    ref = scene.lead()
    scene.crm.read(LEAD, [ref.id])
    actions.expire_sessions(scene.org)
    assert scene.crm.read(LEAD, [ref.id])[0].presence is Presence.PRESENT


def test_credentials_that_are_no_longer_good_need_a_person(scene):
    scene.crm.read(LEAD, [scene.lead().id])
    scene.org.settings.consumer_secret = "rotated"
    actions.expire_sessions(scene.org)
    with pytest.raises(Unauthorised, match="invalid_client"):
        scene.crm.read(LEAD, [scene.lead("Bob").id])


def test_a_spent_day_pauses_and_the_use_is_told(scene):
    ref = scene.lead()
    actions.set_settings(scene.org, daily_api_requests=3)
    scene.crm.read(LEAD, [ref.id])
    assert (scene.crm.usage().daily_used, scene.crm.usage().daily_limit) == (1, 3)
    scene.crm.read(LEAD, [ref.id])
    scene.crm.read(LEAD, [ref.id])
    with pytest.raises(RateLimited) as caught:
        scene.crm.read(LEAD, [ref.id])
    assert caught.value.until > scene.now()


def test_locks_pass(scene):
    refs = [scene.lead(f"P{n}") for n in range(400)]
    actions.set_settings(scene.org, lock_row_rate=0.2)
    outcomes = scene.crm.write(LEAD, [Write(ref, {"FirstName": "New"}) for ref in refs])
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    assert len(done) > 390
    assert all(scene.held(outcome.ref)["FirstName"] == "New" for outcome in done)


def test_every_field_of_the_mapping_is_described_with_a_kind_it_can_carry(scene):
    fields = scene.crm.schema("Lead").fields
    assert {name for name, kind in LEAD.fields.items() if kind not in fields[name].kinds} == set()
    assert fields["LastName"].required
    assert fields["LastName"].length == 80
    assert not fields["Name"].updatable
    assert fields[KEY].external_id


def test_owners_are_told_with_queues_and_people_who_left(scene):
    owners = scene.crm.owners()
    assert [owner.name for owner in owners if owner.queue] == ["New Leads"]
    assert {owner.email for owner in owners if not owner.active} == {"otto.gone@example.test", "pia.left@example.test"}
