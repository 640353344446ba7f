"""The Salesforce adapter under the contract, over the sandbox, with and without calls that overlap."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.core.readings import Presence
from connector.core.refs import salesforce
from connector.core.values import Kind, canonical
from connector.sandbox.salesforce import actions
from tests.contract.suite import CrmContract
from tests.salesforce.sandbox import LEAD, Scene

KINDS = {
    "LastName": Kind.TEXT,
    "Email": Kind.EMAIL,
    "HubSpot_Contact_Id__c": Kind.TEXT,
    "Budget__c": Kind.NUMBER,
    "HubSpot_Lifecycle_Stage__c": Kind.PICKLIST,
}


class SalesforceRig:
    object = "Contact"
    text, email, key, number, choice = KINDS
    bad = "nonsense"

    def __init__(self, executor):
        self.scene = Scene(executor)
        self.crm = self.scene.crm
        field = self.scene.org.catalogue["Contact"].kind.fields[self.choice]
        self.good = tuple(each.value for each in field.choices[:2])

    def add(self, values):
        given = {name: float(value) if KINDS[name] is Kind.NUMBER else value for name, value in values.items()}
        return salesforce("Contact", actions.create(self.scene.org, "Contact", given)["id"])

    def edit(self, ref, values):
        self.scene.edit(ref, **values)

    def archive(self, ref):
        self.scene.delete(ref)

    def merge(self, winner, loser):
        self.scene.merge(winner, loser)
        return winner

    def held(self, ref):
        return {name: canonical(KINDS[name], value) for name, value in self.scene.held(ref).items() if name in KINDS}

    def pass_time(self, seconds):
        self.scene.sleep(seconds)

    def lose_answers(self):
        self.scene.wire.losing = True

    def mend(self):
        self.scene.wire.losing = False


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor(4) as executor:
        yield executor


class TestSalesforce(CrmContract):
    @pytest.fixture(params=["one by one", "side by side"])
    def rig(self, request, pool):
        return SalesforceRig(pool if request.param == "side by side" else None)

    def test_a_converted_lead_moves_to_its_contact(self, rig):
        lead = rig.scene.lead()
        contact = rig.scene.convert(lead)
        (reading,) = rig.crm.read(LEAD, [lead.id])
        assert (reading.presence, reading.moved_to, reading.converted) == (Presence.MOVED, contact, True)
