"""The sandbox's Pub/Sub API, spoken to with protobuf's own messages: flow control, places, errors, change events."""

import io
import time
from contextlib import suppress
from queue import SimpleQueue

import fastavro
import grpc
import orjson
import pytest

from connector.salesforce.pubsub import messages
from connector.sandbox.salesforce import actions, administration, pubsub_acts
from connector.sandbox.salesforce.pubsub import PubSubServer
from connector.sandbox.salesforce.pubsub_wire import FETCH_RESPONSE, read, written

PREFIX = "sfdc.platform.eventbus.grpc."
PATH = "/eventbus.v1.PubSub/"


class Caller:
    """Speaks to the server as a subscriber does."""

    def __init__(self, address, org, token):
        self.channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.told = {"accesstoken": token, "instanceurl": org.settings.instance_url, "tenantid": org.id}
        self.schemas = {}

    def unary(self, method, request, answer):
        call = self.channel.unary_unary(
            PATH + method,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return call(request, metadata=tuple(self.told.items()), timeout=5)

    def topic(self, name):
        return self.unary("GetTopic", messages.TopicRequest(topic_name=name), messages.TopicInfo)

    def schema(self, schema_id):
        request = messages.SchemaRequest(schema_id=schema_id)
        return orjson.loads(self.unary("GetSchema", request, messages.SchemaInfo).schema_json)

    def read(self, event):
        schema = self.schema(event.event.schema_id)
        return fastavro.schemaless_reader(io.BytesIO(event.event.payload), fastavro.parse_schema(schema), None)


class Talk:
    """One stream."""

    def __init__(self, caller, topic="/data/ChangeEvents", number=100, **first):
        self._asked = SimpleQueue()
        self.ask(number, topic_name=topic, **first)
        call = caller.channel.stream_stream(
            PATH + "Subscribe",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=messages.FetchResponse.FromString,
        )
        self.call = call(iter(self._asked.get, None), metadata=tuple(caller.told.items()), timeout=10)

    def ask(self, number, **more):
        self._asked.put(messages.FetchRequest(num_requested=number, **more))

    def hear(self):
        """The next answer that carries events."""
        return next(answer for answer in self.call if answer.events)

    def refusal(self):
        with pytest.raises(grpc.RpcError) as caught:
            list(self.call)
        return refused(caught.value)


def refused(error):
    codes = dict(error.trailing_metadata())
    return error.code(), codes["error-code"].removeprefix(PREFIX)


@pytest.fixture
def server(org):
    org.settings.change_keepalive_s = 0.05
    with PubSubServer(org) as server:
        yield server


@pytest.fixture
def caller(server, org, api):
    return Caller(server.address, org, api.token)


def begun(caller, **given):
    """A stream that is surely subscribed."""
    talk = Talk(caller, **given)
    next(talk.call)
    return talk


def lead(org, **values):
    return actions.create(org, "Lead", {"LastName": "Doe", "Company": "Acme", **values})["id"]


def test_a_topic_says_whether_one_may_subscribe(caller, org):
    topic = caller.topic("/data/LeadChangeEvent")
    assert topic.can_subscribe
    assert topic.tenant_guid == org.id
    assert caller.schema(topic.schema_id)["name"] == "LeadChangeEvent"


@pytest.mark.parametrize("name", ["/data/leadChangeEvent", "/data/Nothing__chn", "/data/UserChangeEvent"])
def test_a_topic_that_is_none_is_not_found(caller, name):
    with pytest.raises(grpc.RpcError) as caught:
        caller.topic(name)
    assert refused(caught.value)[0] is grpc.StatusCode.NOT_FOUND


def test_a_new_record_is_told_with_its_values(caller, org):
    talk = begun(caller)
    made = lead(org, Email="doe@acme.test", NumberOfEmployees=12)
    (event,) = talk.hear().events
    told = caller.read(event)
    header = told["ChangeEventHeader"]
    assert (header["entityName"], header["recordIds"], header["changeType"]) == ("Lead", [made], "CREATE")
    assert (told["Email"], told["NumberOfEmployees"], told["Company"]) == ("doe@acme.test", 12, "Acme")
    assert header["changeOrigin"] == ""
    assert header["commitTimestamp"] == int(org.now().timestamp() * 1000)


def named(schema, bitmaps):
    """The fields that bitmaps speak of."""
    found = []
    for text in bitmaps:
        parent, _, digits = text.rpartition("-")
        fields = schema["fields"] if not parent else schema["fields"][int(parent)]["type"][1]["fields"]
        bits = int(digits, 16)
        found += [field["name"] for place, field in enumerate(fields) if bits >> place & 1]
    return set(found)


def test_an_edit_tells_only_what_changed_and_which_fields_that_are(caller, org):
    made = lead(org, Email="doe@acme.test", City="Bern", Title="CEO")
    talk = begun(caller)
    actions.edit(org, made, {"City": "Basel", "Title": None})
    (event,) = talk.hear().events
    told, schema = caller.read(event), caller.schema(event.event.schema_id)
    assert told["Email"] is None
    assert told["Address"]["City"] == "Basel"
    header = told["ChangeEventHeader"]
    assert named(schema, header["changedFields"]) == {"Address", "City", "Title", "LastModifiedDate"}
    assert named(schema, header["nulledFields"]) == {"Title"}


def test_one_change_of_several_records_is_one_event(caller, org):
    several = {lead(org), lead(org), lead(org)}
    talk = begun(caller)
    actions.mass_update(org, "Lead", "Company = 'Acme'", {"Title": "CEO"})
    (event,) = talk.hear().events
    assert set(caller.read(event)["ChangeEventHeader"]["recordIds"]) == several


def test_several_steps_of_one_transaction_are_one_event_with_the_final_state(caller, org):
    made = lead(org)
    talk = begun(caller)
    with org.lock, org.journal.transaction():
        actions.edit(org, made, {"Title": "CTO"})
        actions.edit(org, made, {"Title": "CEO", "City": "Bern"})
    (event,) = talk.hear().events
    told = caller.read(event)
    assert (told["Title"], told["Address"]["City"]) == ("CEO", "Bern")


def test_what_is_rolled_back_is_not_told(caller, org):
    made = lead(org)
    talk = begun(caller)
    with suppress(RuntimeError), org.lock, org.journal.transaction():
        actions.edit(org, made, {"Title": "CTO"})
        raise RuntimeError
    actions.edit(org, made, {"Title": "CEO"})
    (event,) = talk.hear().events
    assert caller.read(event)["Title"] == "CEO"


def test_deleting_and_restoring_are_told_and_emptying_the_bin_is_not(caller, org):
    one, other = lead(org), lead(org)
    talk = begun(caller)
    actions.delete(org, id=one)
    actions.undelete(org, id=one)
    actions.delete(org, id=one)
    administration.empty_bin(org, ids=[one])
    actions.edit(org, other, {"Title": "CEO"})
    heard = []
    while len(heard) < 4:
        heard += [caller.read(event)["ChangeEventHeader"] for event in talk.hear().events]
    assert [(each["changeType"], each["recordIds"]) for each in heard] == [
        ("DELETE", [one]),
        ("UNDELETE", [one]),
        ("DELETE", [one]),
        ("UPDATE", [other]),
    ]


def test_a_change_through_the_api_names_its_client(caller, org, api):
    talk = begun(caller)
    status, _ = api.call(
        "POST", "sobjects/Lead/", {"LastName": "Doe", "Company": "Acme"}, **{"sforce-call-options": "client=somebody"}
    )
    assert status == 201
    (event,) = talk.hear().events
    assert caller.read(event)["ChangeEventHeader"]["changeOrigin"] == "com/salesforce/api/rest/67.0;client=somebody"


def test_objects_that_were_not_chosen_are_not_told(caller, org):
    org.settings.change_objects = ("Contact",)
    talk = begun(caller)
    lead(org)
    person = actions.create(org, "Contact", {"LastName": "Roe"})["id"]
    (event,) = talk.hear().events
    assert caller.read(event)["ChangeEventHeader"]["recordIds"] == [person]


def test_a_custom_channel_carries_its_objects_only(caller, org):
    org.settings.change_channels = {"/data/Bridge__chn": ["Contact"]}
    talk = begun(caller, topic="/data/Bridge__chn")
    lead(org)
    person = actions.create(org, "Contact", {"LastName": "Roe"})["id"]
    (event,) = talk.hear().events
    assert caller.read(event)["ChangeEventHeader"]["recordIds"] == [person]


def test_fields_hidden_from_our_user_are_left_out_in_silence(caller, org):
    org.access.assign(org.bridge_user, "Lead", "Title", "none")
    talk = begun(caller)
    lead(org, Title="CEO")
    (event,) = talk.hear().events
    told = caller.read(event)
    assert told["Title"] is None
    assert "Title" not in named(caller.schema(event.event.schema_id), told["ChangeEventHeader"]["changedFields"])


def test_another_field_is_another_schema(caller, org):
    before = caller.topic("/data/LeadChangeEvent").schema_id
    actions.add_field(org, "Lead", "Shoe__c", {"type": "Text", "length": 20, "label": "Shoe"})
    after = caller.topic("/data/LeadChangeEvent").schema_id
    assert before != after
    assert "Shoe__c" in {field["name"] for field in caller.schema(after)["fields"]}
    assert "Shoe__c" not in {field["name"] for field in caller.schema(before)["fields"]}


def test_a_change_that_others_do_not_see_yet_is_told_when_they_do(caller, org):
    made = lead(org)
    talk = begun(caller)
    org.settings.commit_delay_s = 5.0
    actions.edit(org, made, {"Title": "CEO"})
    with org.lock:
        org.bus.gather()
        place = org.bus.newest()
    time.sleep(0.1)
    with org.lock:
        assert org.bus.after(place, ["Lead"], 10) == []
    org.services.clock.advance(6)
    (event,) = talk.hear().events
    assert caller.read(event)["ChangeEventHeader"]["recordIds"] == [made]


def test_no_more_is_sent_than_was_asked_for(caller, org):
    talk = begun(caller, number=2)
    made = [lead(org) for _ in range(5)]
    heard = []
    while len(heard) < 2:
        answer = talk.hear()
        heard += [caller.read(event)["ChangeEventHeader"]["recordIds"][0] for event in answer.events]
    assert answer.pending_num_requested == 0
    assert not next(talk.call).events
    talk.ask(3)
    while len(heard) < 5:
        heard += [caller.read(event)["ChangeEventHeader"]["recordIds"][0] for event in talk.hear().events]
    assert heard == made


def test_at_most_a_hundred_events_are_outstanding(caller):
    talk = begun(caller, number=70)
    talk.ask(70)
    time.sleep(0.1)
    answer = next(answer for answer in talk.call if answer.pending_num_requested != 70)
    assert answer.pending_num_requested == 100


def test_a_stream_of_which_nothing_is_asked_is_closed(caller, org):
    org.settings.change_starve_s = 0.2
    talk = begun(caller, number=1)
    lead(org)
    talk.hear()
    began = time.monotonic()
    assert all(not answer.events for answer in talk.call)
    assert time.monotonic() - began < 3


def test_a_stream_that_is_fed_stays_open_however_quiet_it_is(caller, org):
    org.settings.change_starve_s = 0.2
    talk = begun(caller)
    time.sleep(0.5)
    lead(org)
    assert talk.hear().events


def test_keep_alives_tell_a_place_that_is_good_to_go_on_from(caller, org):
    talk = begun(caller)
    lead(org)
    seen = talk.hear()
    quiet = next(talk.call)
    assert quiet.latest_replay_id > seen.latest_replay_id
    talk.call.cancel()
    missed = lead(org)
    again = Talk(caller, replay_preset=2, replay_id=quiet.latest_replay_id)
    (event,) = again.hear().events
    assert caller.read(event)["ChangeEventHeader"]["recordIds"] == [missed]


def test_a_place_is_gone_on_from_and_the_earliest_is_all_that_is_kept(caller, org):
    talk = begun(caller)
    first = lead(org)
    place = talk.hear().events[0].replay_id
    second = lead(org)
    talk.hear()
    later = Talk(caller, replay_preset=2, replay_id=place).hear()
    assert [caller.read(each)["ChangeEventHeader"]["recordIds"] for each in later.events] == [[second]]
    everything = Talk(caller, replay_preset=1).hear()
    assert [caller.read(each)["ChangeEventHeader"]["recordIds"] for each in everything.events] == [[first], [second]]


CORRUPTED = (grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted")


@pytest.mark.parametrize("place", [b"nonsense", b"\x00" * 8, b"x"])
def test_a_place_that_was_never_given_is_refused(caller, place):
    assert Talk(caller, replay_preset=2, replay_id=place).refusal() == CORRUPTED


def test_a_place_older_than_three_days_is_refused(caller, org, api):
    talk = begun(caller)
    lead(org)
    place = talk.hear().events[0].replay_id
    org.services.clock.advance(72 * 3600 + 1)
    caller.told["accesstoken"] = api.login()
    assert Talk(caller, replay_preset=2, replay_id=place).refusal() == CORRUPTED


def test_a_bus_that_is_set_up_anew_knows_no_place_of_before(caller, org):
    talk = begun(caller)
    lead(org)
    place = talk.hear().events[0].replay_id
    pubsub_acts.lose_change_events(org)
    assert Talk(caller, replay_preset=2, replay_id=place).refusal() == CORRUPTED


def test_what_was_asked_wrongly_is_said(caller):
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert Talk(caller, number=0).refusal() == (invalid, "subscription.fetch.requested.events.invalid")
    missing = Talk(caller, replay_preset=2).refusal()
    assert missing == (invalid, "subscription.fetch.replayid.validation.failed")


@pytest.mark.parametrize("name", ["accesstoken", "instanceurl", "tenantid"])
def test_metadata_that_is_not_right_is_no_session(caller, name):
    caller.told[name] = "wrong"
    assert Talk(caller).refusal() == (grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")
    with pytest.raises(grpc.RpcError) as caught:
        caller.topic("/data/ChangeEvents")
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_session_that_ends_ends_the_stream_when_it_asks_for_more(caller, org):
    talk = begun(caller)
    org.sessions.expire()
    talk.ask(10)
    assert talk.refusal() == (grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")


def test_a_days_deliveries_are_counted_over_all_streams(caller, org):
    org.settings.change_delivered_max = 2
    talk = begun(caller)
    lead(org)
    talk.hear()
    pubsub_acts.set_delivered_events(org, 2)
    lead(org)
    assert talk.refusal() == (grpc.StatusCode.RESOURCE_EXHAUSTED, "subscription.limit.exceeded")


def test_gaps_overflows_and_wildcards_carry_no_data(caller, org):
    made = lead(org)
    talk = begun(caller)
    pubsub_acts.change_event_gap(org, "Lead", [made])
    pubsub_acts.change_event_overflow(org, "Lead")
    pubsub_acts.change_event_wildcard(org, "Lead")
    heard = []
    while len(heard) < 3:
        heard += [caller.read(event) for event in talk.hear().events]
    headers = [each["ChangeEventHeader"] for each in heard]
    assert [(each["changeType"], each["recordIds"]) for each in headers] == [
        ("GAP_UPDATE", [made]),
        ("GAP_OVERFLOW", ["000000000000000AAA"]),
        ("UPDATE", ["00Q*"]),
    ]
    assert all(value is None for each in heard for name, value in each.items() if name != "ChangeEventHeader")


def test_a_server_that_is_stopped_loses_no_event(caller, org, server, api):
    talk = begun(caller)
    place = next(talk.call).latest_replay_id
    server.stop()
    missed = lead(org)
    with PubSubServer(org) as other:
        again = Caller(other.address, org, api.token)
        (event,) = Talk(again, replay_preset=2, replay_id=place).hear().events
        assert again.read(event)["ChangeEventHeader"]["recordIds"] == [missed]


def test_a_merge_tells_of_the_loser_as_deleted(caller, org):
    one, other = lead(org), lead(org)
    talk = begun(caller)
    actions.merge(org, [one, other])
    kinds = {}
    while len(kinds) < 2:
        for event in talk.hear().events:
            header = caller.read(event)["ChangeEventHeader"]
            kinds |= dict.fromkeys(header["recordIds"], header["changeType"])
    assert kinds == {one: "UPDATE", other: "DELETE"}


def test_bytes_nobody_knows_are_passed_over_and_cut_ones_refused():
    raw = written(FETCH_RESPONSE, {"latest_replay_id": b"12345678", "pending_num_requested": -3})
    unknown = b"\xa8\x06\x05" + b"\xb1\x06" + b"\x00" * 8 + b"\xba\x06\x02hi" + b"\xbd\x06" + b"\x00" * 4
    found = read(FETCH_RESPONSE, raw + unknown)
    assert found["latest_replay_id"] == b"12345678"
    assert found["pending_num_requested"] == -3
    assert messages.FetchResponse.FromString(raw).pending_num_requested == -3
    for cut in (raw[:-1], raw[:5], b"\x0a", b"\x0a\xff"):
        with pytest.raises(ValueError, match="cut off"):
            read(FETCH_RESPONSE, cut)
    with pytest.raises(ValueError, match="no kind"):
        read(FETCH_RESPONSE, b"\x0b")
