"""An org on a frozen clock, and a caller who is already logged in."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import orjson
import pytest

from connector.sandbox.exchange import Request
from connector.sandbox.salesforce import Org
from connector.sandbox.services import Services

START = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)
REP = "kim.sales@example.test"
CLIENT = b"client_id=sandbox-consumer-key&client_secret=sandbox-consumer-secret"


class Api:
    """Calls the org as the bridge's user; answers are (status, parsed body)."""

    def __init__(self, org: Org, version: int = 67) -> None:
        self.org = org
        self.version = version
        self.token = self.login()
        self.headers: dict[str, str] = {}

    def login(self) -> str:
        body = b"grant_type=client_credentials&" + CLIENT
        answer = self.org.handle(Request("POST", "/services/oauth2/token", "", {}, body))
        assert answer.status == 200, answer.body
        return orjson.loads(answer.body)["access_token"]

    def raw(self, method, path, *, query="", body=b"", **headers):
        sent = {"authorization": f"Bearer {self.token}", **self.headers, **headers}
        return self.org.handle(Request(method, f"/services/data/v{self.version}.0/{path}", query, sent, body))

    def call(self, method, path, payload=None, *, query="", **headers):
        body = b"" if payload is None else orjson.dumps(payload)
        answer = self.raw(method, path, query=query, body=body, **headers)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def query(self, soql, resource="query", **headers):
        status, page = self.call("GET", resource, query=f"q={quote(soql)}", **headers)
        assert status == 200, page
        return page

    def refusal(self, soql):
        status, errors = self.call("GET", "query", query=f"q={quote(soql)}")
        assert status == 400, errors
        return errors[0]["errorCode"], errors[0]["message"]

    def values(self, soql, name):
        return [record[name] for record in self.query(soql)["records"]]

    def lead(self, **values) -> str:
        status, body = self.call("POST", "sobjects/Lead/", {"LastName": "Doe", "Company": "Acme", **values})
        assert status == 201, body
        return body["id"]

    def read(self, sobject, record_id):
        status, body = self.call("GET", f"sobjects/{sobject}/{record_id}")
        assert status == 200, body
        return body


@pytest.fixture
def org() -> Org:
    services = Services.of(7, lambda: START)
    services.clock.freeze(START)
    return Org(services)


@pytest.fixture
def api(org: Org) -> Api:
    return Api(org)


@pytest.fixture
def log(org: Org):
    """The write log, as entries."""
    return org.services.log.entries


@pytest.fixture
def rep(org) -> Api:
    """Kim, who signed in with a password."""
    found = Api(org)
    form = {
        "grant_type": "password", "username": REP, "password": "sandbox-password",
        "client_id": "sandbox-consumer-key", "client_secret": "sandbox-consumer-secret",
    }  # fmt: skip
    answer = org.handle(Request("POST", "/services/oauth2/token", "", {}, urlencode(form).encode()))
    found.token = orjson.loads(answer.body)["access_token"]
    return found


def assign(api: Api, name: str, username: str) -> tuple[int, object]:
    [set_id] = api.values(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'", "Id")
    [user_id] = api.values(f"SELECT Id FROM User WHERE Username = '{username}'", "Id")
    return api.call("POST", "sobjects/PermissionSetAssignment", {"AssigneeId": user_id, "PermissionSetId": set_id})
