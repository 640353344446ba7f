from datetime import UTC, datetime, timedelta

import pytest

from connector import ports
from connector.core.readings import Presence
from connector.core.refs import Side
from connector.core.values import Kind
from connector.errors import Transient
from tests.contract.fake import FakeCrm
from tests.contract.suite import CrmContract

CONTACTS = {
    "firstname": Kind.TEXT,
    "email": Kind.EMAIL,
    "salesforce_id": Kind.TEXT,
    "score": Kind.NUMBER,
    "hs_lead_status": Kind.PICKLIST,
}
LEADS = {
    "FirstName": Kind.TEXT,
    "Email": Kind.EMAIL,
    "HubSpot_Id__c": Kind.TEXT,
    "Score__c": Kind.NUMBER,
    "Status": Kind.PICKLIST,
}


class Moving:
    def __init__(self):
        self.at = datetime(2026, 11, 2, 8, tzinfo=UTC)

    def now(self):
        return self.at

    def monotonic(self):
        return self.at.timestamp()

    def sleep(self, seconds):
        self.at += timedelta(seconds=seconds)


class FakeRig:
    good, bad = ("OPEN", "NEW"), "NONSENSE"

    def __init__(self, side):
        fields = CONTACTS if side is Side.HUBSPOT else LEADS
        self.object = "contacts" if side is Side.HUBSPOT else "Lead"
        self.text, self.email, self.key, self.number, self.choice = fields
        self.clock = Moving()
        self.crm = FakeCrm(side, self.clock, {self.object: fields, "Contact": fields}, {self.object: (self.key,)})
        self.crm.refuse(self.object, self.choice, self.bad)

    def add(self, values):
        return self.crm.add(self.object, **values)

    def edit(self, ref, values):
        self.crm.edit(ref, **values)

    def archive(self, ref):
        self.crm.archive(ref)

    def merge(self, winner, loser):
        return self.crm.merge(winner, loser)

    def held(self, ref):
        return self.crm.values(ref)

    def pass_time(self, seconds):
        self.clock.sleep(seconds)

    def lose_answers(self):
        self.crm.fail("write", times=10**6, after_commit=True)

    def mend(self):
        self.crm.faults.clear()


class TestFakeCrm(CrmContract):
    @pytest.fixture(params=Side)
    def rig(self, request):
        return FakeRig(request.param)

    def test_history_tells_when_a_field_was_given_its_value(self, rig, view):
        ref = rig.add({rig.text: "Ada", rig.email: "ada@example.test"})
        rig.pass_time(60)
        rig.edit(ref, {rig.text: "Ada L."})
        (reading,) = rig.crm.read(view, [ref.id], history=[rig.text, rig.email])
        assert (reading.stamps[rig.text].at - reading.stamps[rig.email].at).total_seconds() == 60

    def test_a_merge_may_make_a_third_record(self, rig, view):
        first, second = (rig.add({rig.email: f"{n}@example.test"}) for n in range(2))
        third = rig.crm.merge(first, second, new_id=True)
        assert third not in {first, second}
        readings = rig.crm.read(view, [first.id, second.id, third.id])
        assert [reading.moved_to for reading in readings] == [third, third, None]
        assert set(readings[2].aliases) == {first.id, second.id}

    def test_a_converted_lead_moves_to_a_contact(self, rig, view):
        lead = rig.add({rig.email: "ada@example.test"})
        contact = rig.crm.convert(lead, "Contact", **{rig.email: "ada@example.test"})
        (reading,) = rig.crm.read(view, [lead.id])
        assert (reading.presence, reading.moved_to, reading.converted) == (Presence.MOVED, contact, True)

    def test_a_side_that_rewrites_tells_what_it_holds(self, rig, view):
        rig.crm.rewrite[rig.object, rig.email] = lambda value: value and value.lower()
        ref = rig.add({rig.email: "ADA@example.test"})
        (outcome,) = rig.crm.write(view, [ports.Write(ref, {rig.email: "BOB@example.test"})])
        assert outcome.values == {rig.email: "bob@example.test"}

    def test_a_fault_strikes_as_often_as_it_was_told_to(self, rig, view):
        rig.crm.fail("read", times=2)
        for _ in range(2):
            with pytest.raises(Transient):
                rig.crm.read(view, [])
        assert rig.crm.read(view, []) == []

    def test_a_restored_record_is_there_again(self, rig, view):
        ref = rig.add({rig.email: "ada@example.test"})
        rig.archive(ref)
        rig.crm.restore(ref)
        assert rig.crm.read(view, [ref.id])[0].values[rig.email] == "ada@example.test"

    def test_an_erased_record_is_missing_and_its_values_are_gone(self, rig, view):
        ref = rig.add({rig.email: "ada@example.test"})
        rig.crm.erase(ref)
        assert rig.crm.read(view, [ref.id])[0].presence is Presence.MISSING
        assert rig.held(ref) == {}
