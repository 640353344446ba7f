"""The fake and both adapters under the contract of evidence and tasks; the adapters over real HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from connector.core.journey import Channel
from connector.core.refs import Side, hubspot, salesforce
from connector.core.values import Kind
from connector.errors import Transient
from connector.ports import Rejected, Rejection
from connector.salesforce.crm import Salesforce
from connector.salesforce.session import Line
from connector.sandbox.faults import with_faults
from connector.sandbox.hubspot import actions as hubspot_actions
from connector.sandbox.hubspot import dealings as hubspot_dealings
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.salesforce import actions, dealings
from connector.sandbox.server import Server
from connector.sandbox.services import Fault
from tests.contract.evidence_suite import EvidenceContract
from tests.contract.fake import FakeCrm
from tests.contract.hubspot_side import adapter
from tests.contract.test_fake import Moving
from tests.contract.test_hubspot import HubSpotRig
from tests.salesforce.sandbox import CREDENTIALS, Scene


class Selective(FakeCrm):
    """A fake whose owner `nobody` may have no task."""

    def _remind_one(self, todo):
        if todo.owner == "nobody":
            return Rejected((Rejection("owner", "INACTIVE", "they have left", "name another"),))
        return super()._remind_one(todo)


class FakeEvidence:
    somebody, nobody, idle_calls = "kim", "nobody", 1

    def __init__(self, side):
        self.object = "contacts" if side is Side.HUBSPOT else "Contact"
        self.clock = Moving()
        self.crm = Selective(side, self.clock, {self.object: {"email": Kind.EMAIL}})

    def add(self):
        return self.crm.add(self.object)

    def touch(self, ref, *, outbound=True, human=True):
        self.crm.touch(ref, Channel.CALL if human else Channel.EMAIL, outbound=outbound, human=human, by="kim")
        return self.now()

    def deal(self, ref, amount):
        self.about = ref
        self.crm.deal(ref, "D1", "open", amount=amount)
        return "D1"

    def moved(self, deal, *, won):
        self.crm.deal(self.about, deal, "open" if won is None else "done", won=won, amount="100")

    def leave(self, ref):
        self.crm.archive(ref)

    def pass_time(self, seconds):
        self.clock.sleep(seconds)

    def now(self):
        return self.clock.now()

    def tasks(self, ref):
        return [
            (each.subject, each.body, each.due, each.owner) for each in self.crm.todos.values() if each.about == ref
        ]

    def lose_answers(self):
        self.crm.fail("remind", times=10**6, after_commit=True)

    def refuse_all(self):
        self.crm.fail("evidence", Transient("down"), times=10**6)
        self.crm.fail("remind", Transient("down"), times=10**6)

    def mend(self):
        self.crm.faults.clear()


class HubSpotEvidence(HubSpotRig):
    nobody, idle_calls = "4711", 4

    def __init__(self):
        super().__init__()
        self.somebody = self.portal.owners()[0]["id"]

    def add(self, obj="contacts"):
        self.made = getattr(self, "made", 0) + 1
        given = {"contacts": {"email": f"p{self.made}@example.test"}, "companies": {"name": f"Acme {self.made}"}}
        return hubspot(obj, hubspot_actions.create(self.portal, object=obj, properties=given[obj])["id"])

    def touch(self, ref, *, outbound=True, human=True):
        if human:
            direction = "OUTBOUND" if outbound else "INBOUND"
            hubspot_dealings.log_call(self.portal, contact=ref.id, direction=direction, owner=self.somebody)
        else:
            hubspot_dealings.send_email(self.portal, contact=ref.id, automated=True)
        return self.now()

    def deal(self, ref, amount):
        return hubspot_dealings.open_deal(self.portal, contact=ref.id, name="Ten seats", amount=amount)["id"]

    def moved(self, deal, *, won):
        if won is None:
            properties = {"dealstage": "appointmentscheduled"}
            hubspot_actions.edit(self.portal, object="deals", id=deal, properties=properties)
        else:
            hubspot_dealings.close_deal(self.portal, id=deal, won=won)

    def leave(self, ref):
        self.archive(ref)

    def now(self):
        return self.clock.now()

    def tasks(self, ref):
        table = self.portal.state.tables["tasks"]
        ends = self.portal.state.links.of((ref.object, int(ref.id)), "tasks")
        return [_hubspot_task(table.records[end].values) for end in ends]

    def refuse_all(self):
        self.services.faults.add(Fault("status", "hubspot", "", ".", params={"status": 503}))


def _hubspot_task(values):
    due = date.fromisoformat(values["hs_timestamp"][:10])
    return values["hs_task_subject"], values["hs_task_body"], due, values.get("hubspot_owner_id", "")


class SalesforceEvidence(Scene):
    idle_calls = 1

    def __init__(self, obj):
        super().__init__()
        self.object = obj
        users = self.org.catalogue["User"]
        self.somebody, self.nobody = users.ids[2], users.ids[6]
        self.door = with_faults("salesforce", self.org.handle, self.services)

    def add(self):
        self.made = getattr(self, "made", 0) + 1
        return self.contact(f"P{self.made}") if self.object == "Contact" else self.lead(f"P{self.made}")

    def touch(self, ref, *, outbound=True, human=True):
        if human:
            direction = "Outbound" if outbound else "Inbound"
            dealings.log_call(self.org, ref.id, direction=direction, user=self.somebody)
        else:
            dealings.send_email(self.org, ref.id, automated=True, user=self.somebody)
        return self.now()

    def deal(self, ref, amount):
        if ref.object == "Contact":
            return dealings.open_deal(self.org, ref.id, "Ten seats", amount=float(amount))["id"]
        deal = actions.convert_lead(self.org, ref.id, opportunity="Ten seats")["opportunityId"]
        self.edit(salesforce("Opportunity", deal), Amount=float(amount))
        return deal

    def moved(self, deal, *, won):
        if won is None:
            self.edit(salesforce("Opportunity", deal), StageName="Prospecting")
        else:
            dealings.close_deal(self.org, deal, won=won)

    def leave(self, ref):
        self.delete(ref)

    def pass_time(self, seconds):
        self.sleep(seconds)

    def tasks(self, ref):
        table = self.org.catalogue["Task"]
        rows = (self.org.snapshot("Task", each) for each in table.ids)
        mine = [row for row in rows if row["WhoId"] == ref.id and not row["IsDeleted"]]
        return [
            (row["Subject"], row["Description"], date.fromisoformat(row["ActivityDate"]), row["OwnerId"])
            for row in mine
        ]

    def lose_answers(self):
        self.services.faults.add(Fault("reset", "salesforce", "POST", "composite/sobjects$", after_commit=True))

    def refuse_all(self):
        self.services.faults.add(Fault("status", "salesforce", "", "/data/", params={"status": 503}))

    def mend(self):
        self.services.faults.clear()


class TestFake(EvidenceContract):
    @pytest.fixture(params=Side)
    def rig(self, request):
        return FakeEvidence(request.param)


class TestHubSpot(EvidenceContract):
    @pytest.fixture(params=["v3", "2026-03", "2026-09", "threads"])
    def rig(self, request):
        rig = HubSpotEvidence()
        version = "v3" if request.param == "threads" else request.param
        with Server(rig.door, rig.services.clock.now) as server, ThreadPoolExecutor(4) as pool:
            executor = pool if request.param == "threads" else None
            rig.crm = adapter(server.url, clock=rig.clock, executor=executor, version=version, token=ACCESS_TOKEN)
            yield rig


class TestSalesforce(EvidenceContract):
    @pytest.fixture(params=["Contact", "Lead"])
    def rig(self, request):
        rig = SalesforceEvidence(request.param)
        with Server(rig.door, rig.now) as server:
            rig.crm = Salesforce(CREDENTIALS, rig.traffic, Line(base_url=server.url))
            yield rig
            rig.crm.close()
