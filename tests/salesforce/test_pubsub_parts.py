"""The parts of the listener by themselves: headers, faults, the line."""

import io
import ipaddress
from datetime import UTC, datetime, timedelta

import fastavro
import grpc
import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connector.errors import RateLimited, Refused, Transient, Unauthorised
from connector.salesforce.pubsub import line, messages
from connector.salesforce.pubsub.faults import DayFull, ReplayLost, SessionOver, fault
from connector.salesforce.pubsub.headers import Headers, Unreadable
from connector.sandbox.salesforce import Org, pubsub
from connector.sandbox.salesforce.pubsub_schema import schema_of
from connector.sandbox.salesforce.pubsub_wire import FETCH_REQUEST, FETCH_RESPONSE, TOPIC_INFO, read, written
from connector.sandbox.services import Services
from tests.salesforce.bus import Tokens, Watch

NOW = datetime(2026, 11, 2, tzinfo=UTC)
CODES = "sfdc.platform.eventbus.grpc."


class Ended(grpc.RpcError):
    """The end of a call."""

    def __init__(self, status, code="", details="", *, trailers=True):
        super().__init__()
        self._status, self._code, self._details, self._trailers = status, code, details, trailers

    def code(self):
        return self._status

    def details(self):
        return self._details

    def trailing_metadata(self):
        return (("error-code", CODES + self._code),) if self._code and self._trailers else None


@pytest.fixture
def org():
    return Org(Services.of(7, lambda: NOW))


@pytest.mark.parametrize("status", list(grpc.StatusCode))
def test_every_status_means_something_and_an_unknown_one_passes(status):
    meant = fault(Ended(status), NOW)
    for_people = {
        grpc.StatusCode.PERMISSION_DENIED: Unauthorised,
        grpc.StatusCode.UNAUTHENTICATED: SessionOver,
        grpc.StatusCode.NOT_FOUND: Refused,
        grpc.StatusCode.INVALID_ARGUMENT: Refused,
        grpc.StatusCode.UNIMPLEMENTED: Refused,
        grpc.StatusCode.FAILED_PRECONDITION: Refused,
    }
    assert type(meant) is for_people.get(status, Transient)


def test_the_day_of_deliveries_is_told_by_its_code_not_by_a_status_that_means_other_things():
    full = fault(Ended(grpc.StatusCode.RESOURCE_EXHAUSTED, "subscription.limit.exceeded"), NOW)
    assert isinstance(full, DayFull)
    assert isinstance(full, RateLimited)
    assert full.until == NOW + timedelta(hours=1)
    assert type(fault(Ended(grpc.StatusCode.RESOURCE_EXHAUSTED), NOW)) is Transient


@pytest.mark.parametrize(
    "error",
    [
        Ended(grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.corrupted"),
        Ended(grpc.StatusCode.INVALID_ARGUMENT, "subscription.fetch.replayid.validation.failed"),
        Ended(grpc.StatusCode.INVALID_ARGUMENT, details="The Replay ID validation failed."),
    ],
)
def test_a_lost_place_is_known_by_its_code_or_by_its_words_where_a_proxy_dropped_the_trailer(error):
    assert isinstance(fault(error, NOW), ReplayLost)


def test_the_words_of_a_fault_hold_nothing_of_the_details():
    meant = fault(Ended(grpc.StatusCode.INTERNAL, "service.unavailable", "rpcId: 45b0 of secret@acme.test"), NOW)
    assert "INTERNAL service.unavailable" in str(meant)
    assert "secret" not in str(meant)


def payload(schema, event):
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(schema), event)
    return written.getvalue()


HEADER = {
    "entityName": "Lead",
    "recordIds": ["00Q000000000001AAA"],
    "changeType": "UPDATE",
    "changeOrigin": "",
    "transactionKey": "k",
    "sequenceNumber": 1,
    "commitTimestamp": 5,
    "commitNumber": 6,
    "commitUser": "005",
    "nulledFields": [],
    "diffFields": [],
    "changedFields": ["0x2"],
}


def test_a_header_is_read_without_the_values_behind_it_and_its_schema_asked_for_once(org):
    schema, asked = schema_of(org.catalogue["Lead"].kind), []
    raw = payload(schema, {"ChangeEventHeader": HEADER, **{f["name"]: None for f in schema["fields"][1:]}})
    headers = Headers(lambda schema_id: asked.append(schema_id) or orjson.dumps(schema).decode())
    for _ in range(3):
        told = headers.read("s1", raw[: len(raw) - 20] + b"\xff" * 20)  # whatever the values are
    assert told == {name: HEADER[name] for name in told}
    assert asked == ["s1"]


def test_fields_before_the_header_are_passed_over():
    fields = [{"name": "Before", "type": "string"}]
    inner = {"name": "ChangeEventHeader", "type": {"type": "record", "name": "H", "fields": [
        {"name": "entityName", "type": "string"},
        {"name": "recordIds", "type": {"type": "array", "items": "string"}},
    ]}}  # fmt: skip
    schema = {"type": "record", "name": "LeadChangeEvent", "fields": [*fields, inner]}
    raw = payload(schema, {"Before": "x", "ChangeEventHeader": {"entityName": "Lead", "recordIds": ["1"]}})
    told = Headers(lambda _: orjson.dumps(schema).decode()).read("s", raw)
    assert (told["entityName"], told["recordIds"], told["changeType"]) == ("Lead", ["1"], None)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("nonsense", "cannot be read"),
        ('{"type": "record", "name": "X"}', "cannot be read"),
        ('{"type": "record", "name": "Order__e", "fields": [{"name": "A", "type": "string"}]}', "no change event"),
        ('{"type": "record", "name": "X", "fields": [{"name": "ChangeEventHeader", "type": "huh"}]}', "cannot be read"),
    ],
)
def test_a_schema_that_is_none_of_a_change_event_is_said_to_be(schema, words):
    with pytest.raises(Unreadable, match=words):
        Headers(lambda _: schema).read("s", b"")


def test_a_payload_that_is_cut_off_is_said_to_be_and_its_bytes_are_not_shown(org):
    schema = schema_of(org.catalogue["Lead"].kind)
    with pytest.raises(Unreadable) as caught:
        Headers(lambda _: orjson.dumps(schema).decode()).read("s", b"\x10secret")
    assert "secret" not in str(caught.value)


def test_messages_on_the_wire_are_what_the_sandbox_spells_by_hand():
    asked = messages.FetchRequest(topic_name="/data/X", replay_preset=2, replay_id=b"12345678", num_requested=100)
    assert read(FETCH_REQUEST, asked.SerializeToString()) == {
        "topic_name": "/data/X",
        "replay_preset": 2,
        "replay_id": b"12345678",
        "num_requested": 100,
        "auth_refresh": "",
    }
    event = {"event": {"id": "a", "schema_id": "s", "payload": b"\x00\x01"}, "replay_id": b"87654321"}
    raw = written(FETCH_RESPONSE, {"events": [event], "latest_replay_id": b"87654321", "pending_num_requested": 99})
    answer = messages.FetchResponse.FromString(raw)
    assert answer.events[0].event.payload == b"\x00\x01"
    assert (answer.events[0].replay_id, answer.pending_num_requested) == (b"87654321", 99)
    topic = messages.TopicInfo.FromString(written(TOPIC_INFO, {"topic_name": "t", "can_subscribe": True}))
    assert (topic.can_subscribe, topic.can_publish) == (True, False)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1:7443", True),
        ("127.3.2.1:1", True),
        ("[::1]:7443", True),
        ("localhost:7443", True),
        ("api.pubsub.salesforce.com:7443", False),
        ("10.0.0.1:7443", False),
        ("localhost.evil.test:7443", False),
    ],
)
def test_only_this_very_machine_is_spoken_to_in_plain_text(address, here):
    assert line.local(address) is here


def certificate():
    """A key and a certificate for this machine, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), made.public_bytes(pem)


def test_over_tls_only_a_certificate_that_is_trusted_is_spoken_to(org, monkeypatch):
    key, cert = certificate()
    credentials = grpc.ssl_server_credentials([(key, cert)])
    plain = grpc.server

    def secured(pool):
        server = plain(pool)
        server.add_insecure_port = lambda address: server.add_secure_port(address, credentials)
        return server

    monkeypatch.setattr(pubsub.grpc, "server", secured)
    with pubsub.PubSubServer(org) as server:
        trusting = line.Access(server.address, Tokens(org), org.id, roots=cert, tls=True)
        with line.Line(trusting, Watch()) as opened:
            assert opened.topic("/data/ChangeEvents").can_subscribe
        for access in (
            line.Access(server.address, Tokens(org), org.id, tls=True),  # the well-known ones do not know it
            line.Access(server.address, Tokens(org), org.id),  # plain text
        ):
            with line.Line(access, Watch()) as opened, pytest.raises(Transient):
                opened.topic("/data/ChangeEvents")
