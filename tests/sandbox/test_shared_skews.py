"""Each side's own clock: what it shows and judges by time goes by it, and the witness says both times."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import orjson
import pytest
import urllib3

from connector.sandbox.acts import act
from connector.sandbox.delivery import Delivery
from connector.sandbox.exchange import Request
from connector.sandbox.parcels import DeliverySettings
from connector.sandbox.population import populate
from connector.sandbox.process import Plan, serve_in_thread
from connector.sandbox.world import World

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
AHEAD, BEHIND = timedelta(minutes=7), timedelta(minutes=-3)
BEARER = {"authorization": "Bearer sandbox-hubspot-token"}
LOGIN = b"grant_type=client_credentials&client_id=sandbox-consumer-key&client_secret=sandbox-consumer-secret"


@pytest.fixture
def world():
    made = World(1, lambda: START, {"hubspot": AHEAD, "salesforce": BEHIND})
    made.services.clock.freeze(START)
    return made


def login(world):
    return orjson.loads(world.door("salesforce")(Request("POST", "/services/oauth2/token", body=LOGIN)).body)


def read_lead(world, record_id, token):
    headers = {"authorization": f"Bearer {token}"}
    return world.door("salesforce")(
        Request("GET", f"/services/data/v68.0/sobjects/Lead/{record_id}", "", headers),
    )


def test_records_carry_the_time_of_their_own_side(world):
    contact = act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": "a@x.test"}})
    lead = act(world, "salesforce", "create", {"sobject": "Lead", "values": {"LastName": "A", "Company": "B"}})["id"]
    assert contact["createdAt"] == "2026-11-02T09:07:00Z"
    found = orjson.loads(read_lead(world, lead, login(world)["access_token"]).body)
    assert found["SystemModstamp"] == "2026-11-02T08:57:00.000+0000"


def test_the_log_says_the_common_time_and_the_sides_own(world):
    act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": "a@x.test"}})
    world.skew("hubspot", timedelta())
    act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": "b@x.test"}})
    first, second = world.services.log.entries()
    assert (first["at"], first["side_at"]) == ("2026-11-02T09:00:00.000Z", "2026-11-02T09:07:00.000Z")
    assert second["at"] == "2026-11-02T09:00:00.000Z"
    assert "side_at" not in second


@pytest.mark.parametrize(("side", "minutes"), [("hubspot", 7), ("salesforce", -3)])
def test_answers_in_process_carry_the_date_of_the_side(world, side, minutes):
    world.services.clock.advance(60)
    answer = world.door(side)(Request("GET", "/nowhere"))
    assert parsedate_to_datetime(answer.headers["Date"]) == START + timedelta(minutes=1 + minutes)


def test_answers_over_http_carry_the_same_date_once():
    with serve_in_thread(lambda: START, Plan(deliver=False, skews={"salesforce": AHEAD})) as running:
        for url, expected in ((running.hubspot_url, START), (running.salesforce_url, START + AHEAD)):
            answer = urllib3.request("GET", f"{url}/services/data")
            assert [parsedate_to_datetime(each) for each in answer.headers.getlist("Date")] == [expected]


def test_a_session_lives_by_the_clock_of_salesforce(world):
    world.salesforce.settings.session_lifetime_s = 600.0
    lead = act(world, "salesforce", "create", {"sobject": "Lead", "values": {"LastName": "A", "Company": "B"}})["id"]
    told = login(world)
    assert told["issued_at"] == str(int((START + BEHIND).timestamp() * 1000))
    world.skew("salesforce", AHEAD)  # ten minutes on at once, and to the second not beyond
    assert read_lead(world, lead, told["access_token"]).status == 200
    world.skew("salesforce", AHEAD + timedelta(seconds=601))
    assert read_lead(world, lead, told["access_token"]).status == 401


def test_events_and_signatures_go_by_the_clock_of_hubspot(world):
    sent = []

    def post(_url, body, headers, _timeout_s):
        sent.append((orjson.loads(body), headers["X-HubSpot-Request-Timestamp"]))
        return 204, b""

    delivery = Delivery(world, DeliverySettings(hubspot_url="https://bridge.test/hubspot", hubspot_group_s=0.0), post)
    act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": "a@x.test"}})
    world.services.clock.advance(5)
    delivery.deliver(world.services.clock.now())
    ((events, signed_at),) = sent
    stamp = int((START + AHEAD).timestamp() * 1000)
    assert {event["occurredAt"] for event in events} == {stamp}
    assert int(signed_at) == stamp + 5000


def test_search_lag_runs_by_the_clock_of_hubspot(world):
    act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": "a@x.test"}})
    body = orjson.dumps({"filterGroups": []})
    search = Request("POST", "/crm/v3/objects/contacts/search", "", BEARER, body)
    assert orjson.loads(world.door("hubspot")(search).body)["total"] == 0
    world.skew("hubspot", AHEAD + timedelta(seconds=3))
    assert orjson.loads(world.door("hubspot")(search).body)["total"] == 1


def test_nobody_of_a_population_is_of_tomorrow_by_either_clock(world):
    populate(world, 40)
    with world.entered():
        table = world.hubspot.state.tables["contacts"]
        assert max(record.created_ms for record in table.records.values()) <= world.now("hubspot").timestamp() * 1000
        leads = world.salesforce.catalogue["Lead"]
        newest = max(leads.rows[each][leads.kind.slot("CreatedDate")] for each in leads.ids)
    assert newest <= "2026-11-02T08:57:00.000+0000"


def test_a_side_that_is_none_is_named_and_refused():
    with pytest.raises(KeyError, match="zoho"):
        World(1, lambda: START, {"zoho": AHEAD})


def test_skewed_worlds_of_one_seed_are_equal():
    digests = set()
    for _ in range(2):
        world = World(4, lambda: START, {"hubspot": AHEAD})
        act(world, "hubspot", "create", {"object": "contacts", "properties": {"email": "a@x.test"}})
        digests.add(world.digest())
    assert len(digests) == 1
