"""The adapter over an org of the sandbox, in one process and on one clock."""

from datetime import UTC, datetime

from connector.core.refs import salesforce
from connector.core.values import Kind
from connector.ports import View
from connector.salesforce.api import Traffic
from connector.salesforce.crm import Salesforce
from connector.salesforce.login import ClientCredentials
from connector.salesforce.session import Line
from connector.sandbox.salesforce import Org, actions
from connector.sandbox.services import Services
from connector.transport.throttle import Throttle
from tests.salesforce.inprocess import InProcess
from tests.salesforce.wire import Even

CREDENTIALS = ClientCredentials("https://acme.my.salesforce.com", "sandbox-consumer-key", "sandbox-consumer-secret")
LEAD = View(
    "Lead",
    {
        "FirstName": Kind.TEXT,
        "LastName": Kind.TEXT,
        "Company": Kind.TEXT,
        "Email": Kind.EMAIL,
        "Status": Kind.PICKLIST,
        "HubSpot_Contact_Id__c": Kind.TEXT,
        "HubSpot_Score__c": Kind.NUMBER,
        "Newsletter__c": Kind.BOOLEAN,
        "Birthday__c": Kind.DATE,
        "Demo_At__c": Kind.DATETIME,
        "Interests__c": Kind.MULTIPICKLIST,
        "OwnerId": Kind.OWNER,
    },
)
CONTACT = View("Contact", {"LastName": Kind.TEXT, "Email": Kind.EMAIL, "HubSpot_Contact_Id__c": Kind.TEXT})
KEY = "HubSpot_Contact_Id__c"


class Scene:
    """An org, an adapter that talks to it, and people who act on it."""

    def __init__(self, executor=None, **line):
        self.services = Services.of(7, lambda: datetime(2026, 11, 2, 8, tzinfo=UTC))
        self.services.clock.freeze(datetime(2026, 11, 2, 8, tzinfo=UTC))
        self.org = Org(self.services)
        self.wire = InProcess(self.org.handle, self.now)
        self.traffic = Traffic(self, Even(), Throttle(self))
        self.crm = Salesforce(CREDENTIALS, self.traffic, Line(adapter=self.wire, **line), executor)

    # The clock of the adapter is the org's.

    def now(self):
        return self.services.clock.now()

    def monotonic(self):
        return self.now().timestamp()

    def sleep(self, seconds):
        self.services.clock.advance(seconds)

    # People.

    def lead(self, name="Ada", **values):
        given = {"LastName": name, "Company": "Acme", "Email": f"{name.lower()}@example.test", **values}
        return salesforce("Lead", actions.create(self.org, "Lead", given)["id"])

    def contact(self, name="Ada", **values):
        given = {"LastName": name, "Email": f"{name.lower()}@example.test", **values}
        return salesforce("Contact", actions.create(self.org, "Contact", given)["id"])

    def edit(self, ref, **values):
        actions.edit(self.org, ref.id, values)

    def delete(self, ref):
        actions.delete(self.org, ref.id)

    def convert(self, ref, **how):
        return salesforce("Contact", actions.convert_lead(self.org, ref.id, **how)["contactId"])

    def merge(self, winner, *losers):
        actions.merge(self.org, [winner.id, *(loser.id for loser in losers)])

    def held(self, ref):
        table = self.org.catalogue[ref.object]
        row = table.rows[ref.id]
        return {name: row[field.slot] for name, field in table.kind.fields.items() if field.slot is not None}

    def drain(self, views, cursor, known=lambda *_: 0):
        """Poll until nothing is left; the readings by ref, and the cursor."""
        seen, more = {}, True
        while more:
            portion = self.crm.changes(views, cursor, known)
            seen |= {reading.ref: reading for reading in portion.readings}
            cursor, more = portion.cursor, portion.more
        return seen, cursor


def calls_of(scene, work):
    before = scene.crm.usage().calls
    work()
    return scene.crm.usage().calls - before
