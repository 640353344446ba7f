"""The HubSpot adapter under the contract, over real HTTP against the HubSpot sandbox, on every API version."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import orjson
import pytest

from connector import ports
from connector.core import refs
from connector.core.readings import Presence
from connector.core.values import Kind
from connector.hubspot.shapes import Shape
from connector.sandbox.exchange import Request
from connector.sandbox.faults import with_faults
from connector.sandbox.hubspot import Portal, merges, writes
from connector.sandbox.hubspot.records import Source
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.server import Server
from connector.sandbox.services import Fault, Services
from tests.contract.hubspot_side import adapter
from tests.contract.suite import CrmContract, person
from tests.transport.clocks import ManualClock

PERSON = Source("CRM_UI", "userId:864745280", "user:864745280")
OWN = [
    {"name": "salesforce_id", "type": "string", "fieldType": "text", "hasUniqueValue": True},
    {"name": "seats", "type": "number", "fieldType": "number"},
]


class HubSpotRig:
    """A portal behind a real socket, and a person in its pages."""

    object, text, email, key, number, choice = (
        "contacts",
        "firstname",
        "email",
        "salesforce_id",
        "seats",
        "hs_lead_status",
    )
    good, bad = ("OPEN", "NEW"), "NONSENSE"

    def __init__(self):
        self.clock = ManualClock()
        self.services = Services.of(1, self.clock.now)
        self.portal = Portal(self.services)
        self.door = with_faults("hubspot", self.portal.handle, self.services)
        self.crm = None
        for each in OWN:
            body = each | {"label": each["name"], "groupName": "contactinformation"}
            headers = {"authorization": f"Bearer {ACCESS_TOKEN}"}
            made = self.portal.handle(Request("POST", "/crm/v3/properties/contacts", "", headers, orjson.dumps(body)))
            assert made.status == 201, made.body

    def enter(self, obj="contacts"):
        self.portal.state.tick()
        return self.portal.state, self.portal.state.tables[obj]

    def add(self, values, obj="contacts"):
        with self.portal.lock:
            state, table = self.enter(obj)
            return refs.hubspot(obj, str(writes.create(state, table, self.checked(table, None, values), PERSON).id))

    def edit(self, ref, values):
        with self.portal.lock:
            state, table = self.enter(ref.object)
            record = table.records[int(ref.id)]
            writes.update(state, table, record, self.checked(table, record, values), PERSON)

    def checked(self, table, record, values):
        told = {name: value or "" for name, value in values.items()}
        return writes.check(self.portal.state, table, record, told, PERSON)

    def archive(self, ref):
        with self.portal.lock:
            state, table = self.enter()
            writes.archive(state, table, table.records[int(ref.id)], PERSON)

    def merge(self, winner, loser):
        with self.portal.lock:
            state, table = self.enter()
            survivor = merges.merge(state, table, *(table.records[int(each.id)] for each in (winner, loser)), PERSON)
            return refs.hubspot("contacts", str(survivor.id))

    def held(self, ref):
        return dict(self.portal.state.tables[ref.object].records[int(ref.id)].values)

    def pass_time(self, seconds):
        self.clock.sleep(seconds)

    def lose_answers(self):
        self.services.faults.add(
            Fault("reset", "hubspot", "POST", "batch/(create|update|upsert|archive)", after_commit=True)
        )

    def mend(self):
        self.services.faults.clear()


@pytest.fixture(params=["v3", "2026-03", "2026-09", "threads"])
def rig(request):
    rig = HubSpotRig()
    version = "v3" if request.param == "threads" else request.param
    with Server(rig.door, rig.services.clock.now) as server, ThreadPoolExecutor(4) as pool:
        executor = pool if request.param == "threads" else None
        rig.crm = adapter(server.url, clock=rig.clock, executor=executor, version=version, token=ACCESS_TOKEN)
        yield rig


class TestHubSpot(CrmContract):
    @pytest.fixture
    def rig(self, rig):
        return rig

    def test_a_merge_that_keeps_the_primary_id_is_understood_too(self, rig, view):
        rig.portal.settings.merge_keeps_primary_id = True
        winner, loser = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        assert rig.merge(winner, loser) == winner
        alive, gone = rig.crm.read(view, [winner.id, loser.id])
        assert (alive.presence, alive.aliases) == (Presence.PRESENT, (loser.id,))
        assert (gone.presence, gone.moved_to) == (Presence.MOVED, winner)

    def test_a_merged_record_whose_survivor_was_deleted_is_not_taken_for_erased(self, rig, view):
        """Found by the simulation: the bridge forgot the person, and said that a privacy request had asked for it."""
        winner, loser = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        survivor = rig.merge(winner, loser)
        rig.archive(survivor)
        gone, archived = rig.crm.read(view, [loser.id, survivor.id])
        assert (gone.presence, gone.moved_to) == (Presence.MOVED, survivor)
        assert archived.presence is Presence.ARCHIVED

    def test_history_tells_who_gave_a_field_its_value_and_when(self, rig, view):
        ref = rig.add(person(rig))
        rig.pass_time(60)
        rig.edit(ref, {"firstname": "Ada L."})
        (reading,) = rig.crm.read(view, [ref.id], history=["firstname", "email"])
        first, second = reading.stamps["firstname"], reading.stamps["email"]
        assert first.at - second.at == timedelta(seconds=60)
        assert first.source.startswith("CRM_UI")

    def test_a_secondary_address_is_found(self, rig, view):
        winner, loser = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        survivor = rig.merge(winner, loser)
        rig.pass_time(60)
        assert [each.ref for each in rig.crm.find(view, "email", ["BOB@example.test"])] == [survivor]

    def test_creating_a_contact_whose_address_is_anothers_secondary_one_is_told_whose(self, rig, view):
        winner, loser = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        survivor = rig.merge(winner, loser)
        outcomes = rig.crm.write(
            view,
            [
                ports.Write(None, person(rig, "Bob", "bob@example.test"), key=("salesforce_id", "K-9")),
                ports.Write(None, person(rig, "Bob", "bob@example.test")),
            ],
        )
        assert [each.refs for each in outcomes] == [(survivor,), (survivor,)]

    @pytest.mark.parametrize("manner", ["ignore", "reject"])
    def test_a_lifecycle_stage_goes_back(self, rig, manner):
        rig.portal.settings.lifecycle_backward = manner
        view = ports.View("contacts", {"lifecyclestage": Kind.PICKLIST, "firstname": Kind.TEXT})
        ref = rig.add(person(rig, lifecyclestage="customer"))
        other = rig.add(person(rig, "Bob", "bob@example.test", lifecyclestage="lead"))
        outcomes = rig.crm.write(
            view,
            [
                ports.Write(ref, {"lifecyclestage": "lead", "firstname": "A"}),
                ports.Write(other, {"lifecyclestage": "opportunity", "firstname": "B"}),
            ],
        )
        assert [each.values["lifecyclestage"] for each in outcomes] == ["lead", "opportunity"]
        assert [each.not_taken for each in outcomes] == [(), ()]
        assert {name: rig.held(ref)[name] for name in ("lifecyclestage", "firstname")} == {
            "lifecyclestage": "lead",
            "firstname": "A",
        }

    def test_a_deal_keeps_the_close_date_it_was_given(self, rig):
        view = ports.View("deals", {"dealname": Kind.TEXT, "dealstage": Kind.PICKLIST, "closedate": Kind.DATETIME})
        deal = rig.add({"dealname": "D", "dealstage": "contractsent"}, "deals")
        given = {"dealstage": "closedwon", "closedate": "2026-10-01T00:00:00.000Z"}
        (outcome,) = rig.crm.write(view, [ports.Write(deal, given)])
        assert outcome.values == given
        assert rig.crm.read(view, [deal.id])[0].values["closedate"] == "2026-10-01T00:00:00.000Z"

    def test_a_company_without_a_key_is_not_created_because_it_could_be_made_twice(self, rig):
        view = ports.View("companies", {"name": Kind.TEXT})
        (outcome,) = rig.crm.write(view, [ports.Write(None, {"name": "Acme"})])
        assert [each.code for each in outcome.rejections] == ["NO_SAFE_KEY"]

    def test_an_owner_list_names_everyone(self, rig):
        owners = rig.crm.owners()
        assert owners
        assert {owner.active for owner in owners} == {True, False}

    def test_searching_and_reading_obey_the_accounts_limits(self, rig, view):
        for number in range(30):
            rig.add(person(rig, f"P{number}", f"p{number}@example.test"))
        rig.pass_time(60)
        for number in range(30):
            rig.crm.find(view, "firstname", [f"P{number}"])
        assert rig.crm.usage().throttled == 0

    @pytest.mark.parametrize("status", [423, 429, 500, 502, 503, 504, 524])
    def test_passing_faults_lose_nothing(self, rig, view, status):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(120)]
        rig.services.faults.add(Fault("status", "hubspot", times=2, params={"status": status, "retry_after": 1}))
        assert [each.ref for each in rig.crm.read(view, [ref.id for ref in known])] == known

    def test_every_property_of_the_portal_has_a_place_in_the_schema(self, rig):
        fields = rig.crm.schema("contacts").fields
        assert {"email", "salesforce_id", "lifecyclestage", "hs_object_id"} <= fields.keys()
        assert not fields["hs_object_id"].updatable
        assert "customer" in {option.value for option in fields["lifecyclestage"].options}

    def test_reading_costs_one_call_a_hundred(self, rig, view):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(250)]
        before = rig.crm.usage().calls
        rig.crm.read(view, [ref.id for ref in known])
        assert rig.crm.usage().calls - before == 3

    def test_what_is_asked_for_includes_the_trail_of_merges(self, view):
        assert "hs_merged_object_ids" in Shape(view).properties
