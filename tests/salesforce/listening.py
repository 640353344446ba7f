"""An org whose evidence is listened to from its beginning."""

import json
from datetime import timedelta

from connector.sandbox.faults import with_faults
from tests.salesforce.sandbox import Scene

PEOPLE = ("Lead", "Contact")


class Listening(Scene):
    """An org whose evidence is listened to from its beginning."""

    def __init__(self):
        super().__init__()
        self.wire.handle = with_faults("salesforce", self.org.handle, self.services)
        self.ada = self.contact("Ada")
        self.cursor = self.crm.evidence(PEOPLE, None, self.now()).cursor
        self.sleep(60)

    def hear(self, portions=50):
        told = []
        for _ in range(portions):
            portion = self.crm.evidence(PEOPLE, json.loads(json.dumps(self.cursor)), self.now())
            told += portion.entries
            self.cursor = portion.cursor
            if not portion.more:
                return told
        raise AssertionError("it does not end")

    def masses(self, count, **values):
        """So many calls of one second, put in past the API."""
        second = (self.now() - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        row = {"WhoId": self.ada.id, "TaskSubtype": "Call", "Status": "Completed", "IsClosed": True}
        times = dict.fromkeys(("CreatedDate", "CompletedDateTime", "SystemModstamp"), second)
        owner = self.org.catalogue["User"].ids[2]
        return self.org.load("Task", [{**row, **times, "OwnerId": owner, **values}] * count)
