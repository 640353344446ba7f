"""Reading HubSpot's webhooks journal, against the sandbox over real HTTP."""

from datetime import UTC, datetime

import orjson
import pytest

from connector.errors import Refused, Transient, Unauthorised
from connector.hubspot import journal as module
from connector.hubspot.journal import App, Journal, fetchable
from connector.sandbox.acts import act
from connector.sandbox.exchange import Response, Wire
from connector.sandbox.server import Server
from connector.sandbox.services import Fault
from connector.sandbox.world import World
from tests.misbehaviour.rig import EvenDice, WorldClock

DAY_S = 86_400
APP = App("sandbox-hubspot-client", "sandbox-hubspot-secret", "1234567")


class Bent:
    """The world's door, with answers to some paths put in its place."""

    def __init__(self, world):
        self.world, self.answers, self.calls = world, {}, []

    def __call__(self, request):
        self.calls.append(request)
        for part, answer in self.answers.items():
            if part in request.path:
                return answer(request) if callable(answer) else answer
        return self.world.door("hubspot")(request)

    def asked(self, part):
        return [call for call in self.calls if part in call.path]


@pytest.fixture
def world():
    world = World(4, lambda: datetime(2026, 11, 2, 9, tzinfo=UTC))
    world.services.clock.freeze(datetime(2026, 11, 2, 9, tzinfo=UTC))
    return world


@pytest.fixture
def bent(world):
    return Bent(world)


@pytest.fixture
def server(world, bent):
    with Server(bent, world.services.clock.now) as server:
        yield server


@pytest.fixture
def journal(server, world):
    journal = Journal(server.url, APP, (WorldClock(world.services.clock), EvenDice()))
    yield journal
    journal.close()


def contact(world, email="a@x.test"):
    return int(act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": email}})["id"])


def told(page):
    return [(event["action"], event["objectId"]) for event in page.events]


def test_pages_follow_each_other_to_the_end(world, journal):
    assert journal.earliest() is None
    one = contact(world)
    page = journal.earliest()
    assert ("CREATE", one) in told(page)
    assert journal.after(page.offset) is None
    two = contact(world, "b@x.test")
    following = journal.after(page.offset)
    assert {number for _, number in told(following)} == {two}
    assert journal.latest().offset == following.offset


def test_no_value_of_a_person_is_taken_over(world, journal):
    contact(world, "somebody@secret.test")
    assert "secret.test" not in orjson.dumps(journal.earliest().events).decode()


def test_a_file_is_fetched_without_the_token(world, journal, bent):
    contact(world)
    journal.earliest()
    (fetched,) = bent.asked("sandbox-files")
    assert "authorization" not in fetched.headers
    (asked,) = bent.asked("journal-local")
    assert asked.headers["authorization"].startswith("Bearer sandbox-oauth-")
    assert asked.query == {"installPortalId": "1234567"}


def test_the_token_is_the_apps_own_and_is_asked_for_once_in_its_lifetime(world, journal, bent):
    contact(world)
    page = journal.earliest()
    journal.after(page.offset)
    (asked,) = bent.asked("/oauth/")
    assert b"grant_type=client_credentials" in asked.body
    assert b"developer.webhooks_journal.read" in asked.body
    world.services.clock.advance(1800)
    journal.after(page.offset)
    assert len(bent.asked("/oauth/")) == 2


def test_events_of_other_portals_are_left_out_and_counted(world, journal, bent):
    mine = contact(world)
    theirs = {"type": "OBJECT", "action": "UPDATE", "portalId": 77, "objectTypeId": "0-1", "objectId": 9}
    ours = {**theirs, "portalId": 1234567, "objectId": mine}
    bent.answers["sandbox-files"] = Response(200, orjson.dumps({"journalEvents": [theirs, ours, theirs]}))
    page = journal.earliest()
    assert told(page) == [("UPDATE", mine)]
    assert page.foreign == 2


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"events": []}', b'{"journalEvents": 3}'])
def test_a_file_that_cannot_be_understood_does_not_stop_the_journal(world, journal, bent, body):
    contact(world)
    bent.answers["sandbox-files"] = Response(200, body)
    page = journal.earliest()
    assert not page.events
    assert page.unreadable
    assert page.offset


def test_a_file_that_never_ends_is_given_up(world, journal, bent, monkeypatch):
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 1024 * 1024)
    contact(world)
    bent.answers["sandbox-files"] = Response(200, b'{"journalEvents": [' + b" " * 2_000_000 + b"]}")
    assert "larger than" in journal.earliest().unreadable


def test_an_address_that_has_aged_is_asked_for_again(world, journal, bent):
    one = contact(world)
    refusals = [Response(403, b"")]
    bent.answers["sandbox-files"] = lambda request: refusals.pop() if refusals else world.door("hubspot")(request)
    assert ("CREATE", one) in told(journal.earliest())
    assert len(bent.asked("journal-local")) == 2


def test_a_file_that_leads_elsewhere_is_not_followed(world, journal, bent):
    contact(world)
    bent.answers["sandbox-files"] = Response(302, b"", {"Location": "http://127.0.0.1:1/stolen"})
    with pytest.raises(Transient, match="302"):
        journal.earliest()


def test_an_offset_that_is_not_known_any_more_has_nothing_behind_it(world, journal):
    contact(world)
    page = journal.earliest()
    contact(world, "b@x.test")
    world.services.clock.advance(3 * DAY_S + 1)
    contact(world, "c@x.test")
    assert journal.after(page.offset) is None
    assert journal.earliest() is not None


def test_a_404_of_a_proxy_is_not_taken_for_the_end(world, journal, bent):
    contact(world)
    bent.answers["journal-local"] = Response(404, b"<html>", {"Content-Type": "text/html"})
    with pytest.raises(Refused, match="404"):
        journal.earliest()


def test_what_is_no_offset_is_refused_in_words(journal):
    with pytest.raises(Refused, match="not an offset"):
        journal.after("nonsense")


@pytest.mark.parametrize(
    "body", [{"currentOffset": "x"}, {"url": "https://a.test/x"}, {"url": 7, "currentOffset": 8}, [1]]
)
def test_an_answer_without_file_or_offset_is_asked_for_again_and_then_a_fault(world, journal, bent, body):
    contact(world)
    bent.answers["journal-local"] = Response(200, orjson.dumps(body), {"Content-Type": "application/json"})
    with pytest.raises(Transient, match="no file or no offset"):
        journal.earliest()
    assert len(bent.asked("journal-local")) == 3


def test_a_file_at_an_address_that_is_none_of_hubspots_is_left_out_and_not_called(world, journal, bent):
    contact(world)
    page = {"url": "https://169.254.169.254/latest/meta-data", "currentOffset": "o-1"}
    bent.answers["journal-local"] = Response(200, orjson.dumps(page), {"Content-Type": "application/json"})
    found = journal.earliest()
    assert found.offset == "o-1"
    assert "none of HubSpot's" in found.unreadable


def test_a_file_that_breaks_off_is_asked_for_again(world, journal, bent):
    one = contact(world)
    broken = [Response(200, b"", {}, Wire.RESET)]
    bent.answers["sandbox-files"] = lambda request: broken.pop() if broken else world.door("hubspot")(request)
    assert ("CREATE", one) in told(journal.earliest())
    bent.answers["sandbox-files"] = Response(200, b"", {}, Wire.RESET)
    with pytest.raises(Transient, match="did not come whole"):
        journal.earliest()


def test_a_wrong_secret_is_for_a_person(server, world):
    app = App("sandbox-hubspot-client", "wrong", "1234567")
    journal = Journal(server.url, app, (WorldClock(world.services.clock), EvenDice()))
    with pytest.raises(Unauthorised, match="client id and secret"):
        journal.earliest()


def test_a_missing_scope_is_named(world, journal, bent):
    refusal = {"status": "error", "message": "no", "category": "MISSING_SCOPES"}
    bent.answers["journal-local"] = Response(403, orjson.dumps(refusal), {"Content-Type": "application/json"})
    with pytest.raises(Unauthorised, match=r"developer\.webhooks_journal\.read"):
        journal.earliest()


def test_a_fault_that_passes_is_tried_again(world, journal):
    one = contact(world)
    world.services.faults.add(
        Fault(side="hubspot", kind="status", path="journal-local", times=1, params={"status": 502})
    )
    assert ("CREATE", one) in told(journal.earliest())


def test_what_is_read_counts_against_no_budget_of_the_account(world, journal):
    contact(world)
    journal.earliest()
    assert journal._wire.traffic.budget.limit_per_day is None


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://files.hubspotusercontent-na1.net/a?b=c", True),
        ("https://bucket.s3.amazonaws.com/a", True),
        ("http://bucket.s3.amazonaws.com/a", False),
        ("https://bucket.s3.amazonaws.com:8443/a", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1]/a", False),
        ("https://localhost/a", False),
        ("https://printer.local/a", False),
        ("https://vault.internal/a", False),
        ("https://me:secret@bucket.s3.amazonaws.com/a", False),
        ("file:///etc/passwd", False),
        ("https:///a", False),
        ("https://a.com:port/x", False),
        ("http://127.0.0.1:8900/a", True),  # the host we talk to anyway
        ("http://127.0.0.1:8901/a", False),
    ],
)
def test_a_file_is_only_fetched_where_hubspot_may_keep_one(url, good):
    assert fetchable(url, "http://127.0.0.1:8900") is good
