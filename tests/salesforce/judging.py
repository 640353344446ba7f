"""An org that judges writes row by row, over a wire without sockets."""

import json

from connector.core.refs import salesforce
from connector.core.values import Kind
from connector.ports import View
from connector.salesforce.reads import Reader
from connector.salesforce.shapes import Shapes
from connector.salesforce.writes import Writer
from connector.transport.pool import Calls
from tests.salesforce.wire import Moving, Wire, api_over

LEAD = View("Lead", {"LastName": Kind.TEXT, "Score__c": Kind.NUMBER, "Key__c": Kind.TEXT})
FIELDS = [
    {"name": "LastName", "type": "string", "createable": True, "updateable": True},
    {"name": "Score__c", "type": "double", "createable": True, "updateable": True},
    {"name": "Opt__c", "type": "boolean", "createable": True, "updateable": True},
    {"name": "Key__c", "type": "string", "createable": True, "updateable": True, "externalId": True},
    {"name": "Name", "type": "string", "createable": False, "updateable": False},
    {"name": "Address", "type": "address", "createable": True, "updateable": True},
]


def ref(number):
    return salesforce("Lead", f"00Q5f{number:010d}")


class Org:
    """Answers row by row through `judge(row)`; other calls through `also(request)`."""

    def __init__(self, judge=None, also=None):
        self.judge = judge or (lambda row: {"id": row.get("id") or "00Q5f0000000001AAA", "success": True, "errors": []})
        self.also, self.fields = also, FIELDS
        self.clock, self.wire = Moving(), Wire(self.answer)
        api = api_over(self.wire, self.clock)
        shapes = Shapes(api)
        self.writer = Writer(api, shapes, Reader(api, shapes, Calls()), Calls())

    def answer(self, request):
        if request.path_url.endswith("/describe"):
            return 200, {"name": "Lead", "fields": self.fields}
        found = self.also(request) if self.also else None
        if found is not None:
            return found
        if request.method == "DELETE":
            ids = request.path_url.split("ids=")[1].split("&")[0].split(",")
            return 200, [self.judge({"id": each}) for each in ids]
        return 200, [self.judge(row) for row in json.loads(request.body)["records"]]

    def write(self, *writes):
        return self.writer.write(LEAD, writes)

    @property
    def sent(self):
        return [request for request in self.wire.requests if "/describe" not in request.path_url]
