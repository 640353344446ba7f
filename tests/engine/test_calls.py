"""What small passes cost in calls, counted by the sandbox while whole commands run in processes of their own.

The promises: an idle pass costs at most two calls a side; a hundred changes at most five for reading and three for
writing. Signing in is no call of the API and is counted apart.
"""

from collections import Counter

import pytest
import requests

from tests.benchmarks.install import SECRETS, Installation, sandbox

PEOPLE = 300
READING, WRITING, SIGNING_IN = "reading", "writing", "signing in"


def purpose(line):
    method, _, path = line.partition(" ")
    if path.startswith("/services/oauth2/"):
        return SIGNING_IN
    written = method in {"PATCH", "DELETE"} or path.endswith(("/batch/update", "/batch/create", "/batch/upsert"))
    return WRITING if written else READING


class Office:
    """An installation whose first sync is done, and people who act on both CRMs."""

    def __init__(self, target, folder):
        self.target, self.installed = target, Installation(folder, target)
        target.admin("PATCH", "/settings/hubspot", {"burst_per_10_s": 100_000, "search_per_s": 1_000})
        assert self.installed.run("sync", "--full", "--approve").code in {0, 3}
        self.rest()

    def rest(self):
        """Passes until nothing is left to say, a quarter of an hour apart."""
        for _ in range(2):
            self.target.admin("POST", "/clock/advance", {"seconds": 900})
            self.installed.run("sync", "--approve")
        self.target.admin("POST", "/clock/advance", {"seconds": 900})

    def leads(self):
        """Ids of the live Leads."""
        signing_in = {"grant_type": "client_credentials", "client_id": "sandbox-consumer-key"}
        signing_in["client_secret"] = SECRETS["SALESFORCE_CLIENT_SECRET"]
        url = self.target.salesforce
        token = requests.post(f"{url}/services/oauth2/token", data=signing_in, timeout=60).json()["access_token"]
        soql = {"q": "SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id"}
        headers = {"Authorization": f"Bearer {token}"}
        told = requests.get(f"{url}/services/data/v67.0/query/", params=soql, headers=headers, timeout=60).json()
        return [row["Id"] for row in told["records"]]

    def act(self, side, action, **arguments):
        return self.target.admin("POST", f"/{side}/do/{action}", arguments)

    def cost(self):
        """What the next pass does, and its calls by side and purpose."""
        self.target.admin("POST", "/clock/advance", {"seconds": 900})
        self.target.admin("DELETE", "/counters")
        said = self.installed.run("sync", "--approve").said
        calls = Counter()
        for side in ("hubspot", "salesforce"):
            for line, number in self.target.counters()[side]["by_path"].items():
                calls[side, purpose(line)] += number
        return said.get("counts", {}), calls


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with sandbox(PEOPLE) as target:
        yield Office(target, tmp_path_factory.mktemp("installed"))


@pytest.fixture(autouse=True)
def rested(office):
    yield
    office.rest()


def both(calls, purpose):
    return calls["hubspot", purpose] + calls["salesforce", purpose]


def test_an_idle_pass_costs_two_calls_of_hubspot_and_one_of_salesforce_after_signing_in(office):
    _, calls = office.cost()
    assert calls == {("hubspot", READING): 2, ("salesforce", READING): 1, ("salesforce", SIGNING_IN): 1}


def test_a_hundred_changed_in_hubspot_are_read_in_five_calls_and_written_in_two(office):
    for contact in office.target.contacts(100):
        office.act("hubspot", "edit", object="contacts", id=contact, properties={"jobtitle": f"Head of {contact}"})
    counts, calls = office.cost()
    assert counts["updated_salesforce"] == 100
    assert (calls["hubspot", READING], calls["salesforce", READING]) == (3, 2)
    assert both(calls, WRITING) == 2  # Leads, Contacts


def test_a_hundred_changed_in_salesforce_are_read_in_five_calls_and_written_in_one(office):
    for lead in office.leads()[:100]:
        office.act("salesforce", "edit", id=lead, values={"Title": f"Chief {lead}"})
    counts, calls = office.cost()
    assert counts["updated_hubspot"] == 100
    assert both(calls, READING) <= 5
    assert both(calls, WRITING) == 1


def test_a_hundred_new_in_hubspot_are_read_and_sought_in_five_calls_and_written_in_two(office):
    for number in range(100):
        values = {"email": f"new{number}@newcomers.example.com", "firstname": "New", "lastname": f"Comer{number}"}
        office.act("hubspot", "create", object="contacts", properties=values)
    counts, calls = office.cost()
    assert counts["created_salesforce"] == 100
    assert (calls["hubspot", READING], calls["salesforce", READING]) == (3, 2)
    assert both(calls, WRITING) == 2  # the Leads, and their ids told to HubSpot
