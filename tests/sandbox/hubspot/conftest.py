"""A portal on a clock of the test's own, and a caller that speaks JSON to it without sockets."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from connector.sandbox.exchange import Request
from connector.sandbox.hubspot import Portal
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.services import Services

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class Clock:
    """Time that moves only when told to."""

    def __init__(self):
        self.moment = START

    def __call__(self):
        return self.moment

    def sleep(self, seconds):
        self.moment += timedelta(seconds=seconds)

    @property
    def ms(self):
        return int(self.moment.timestamp() * 1000)


class Answer:
    """Status, headers and decoded body of one answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.raw = response.body
        self.json = orjson.loads(response.body) if response.body else None


class Caller:
    """Calls the portal as an app with the given token."""

    def __init__(self, portal, token=ACCESS_TOKEN):
        self.portal = portal
        self.token = token

    def __call__(self, method, path, body=None, query="", status=None):
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        payload = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        answer = Answer(self.portal.handle(Request(method, path, query, headers, payload)))
        if status is not None:
            assert answer.status == status, answer.raw
        return answer

    def create(self, _object="contacts", **properties):
        return self("POST", f"/crm/v3/objects/{_object}", {"properties": properties}, status=201).json["id"]

    def read(self, record_id, *properties, _object="contacts", history=""):
        query = f"properties={','.join(properties)}&propertiesWithHistory={history}"
        return self("GET", f"/crm/v3/objects/{_object}/{record_id}", query=query, status=200).json

    def values(self, record_id, *properties, _object="contacts"):
        return self.read(record_id, *properties, _object=_object)["properties"]

    def update(self, record_id, _object="contacts", _status=200, **properties):
        path = f"/crm/v3/objects/{_object}/{record_id}"
        return self("PATCH", path, {"properties": properties}, status=_status).json

    def batch(self, action, inputs, _object="contacts", _status=None, **body):
        return self("POST", f"/crm/v3/objects/{_object}/batch/{action}", {"inputs": inputs, **body}, status=_status)

    def search(self, *filters, _object="contacts", _status=200, **body):
        groups = [{"filters": list(filters)}] if filters else []
        answer = self("POST", f"/crm/v3/objects/{_object}/search", {"filterGroups": groups, **body}, status=_status)
        return answer.json

    def found(self, *filters, **body):
        return [each["id"] for each in self.search(*filters, **body)["results"]]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def portal(clock):
    services = Services.of(7, clock)
    services.settings.quotas_enforced = False
    made = Portal(services)
    made.settings.search_lag_s = 0.0
    return made


@pytest.fixture
def call(portal):
    return Caller(portal)


@pytest.fixture
def caller():
    """Makes callers with other tokens."""
    return Caller
