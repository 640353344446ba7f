"""The adapter over real sockets: compressed bodies, broken wires, lost answers, many threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.clock import SystemClock
from connector.core.readings import Presence
from connector.ports import Done, Unsure, Write
from connector.salesforce.api import Traffic
from connector.salesforce.crm import Salesforce
from connector.salesforce.login import JwtBearer, Password, RefreshToken
from connector.salesforce.session import Line
from connector.sandbox.process import Plan, serve_in_thread
from connector.sandbox.salesforce import actions
from connector.sandbox.services import Fault
from connector.transport.pool import Timeout
from connector.transport.throttle import Throttle
from tests.salesforce.sandbox import CREDENTIALS, KEY, LEAD
from tests.salesforce.wire import Even

MY_DOMAIN = "https://acme.my.salesforce.com"


class Hasty(SystemClock):
    """Real time, without waiting."""

    def sleep(self, seconds):
        self.slept = seconds


@pytest.fixture(scope="module")
def running():
    with serve_in_thread(lambda: datetime.now(UTC), Plan(deliver=False)) as sandbox:
        yield sandbox


@pytest.fixture
def org(running):
    yield running.world.salesforce
    running.world.services.faults.clear()


def crm_at(running, credentials=CREDENTIALS, executor=None):
    clock = Hasty()
    line = Line(base_url=running.salesforce_url, timeout=Timeout(2.0, 0.5))
    return Salesforce(credentials, Traffic(clock, Even(), Throttle(clock)), line, executor)


@pytest.fixture
def crm(running):
    adapter = crm_at(running)
    yield adapter
    adapter.close()


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 420}),
        ("status", {"status": 406}),
        ("status", {"status": 502, "body": "html"}),
        ("status", {"status": 401}),
        ("reset", {}),
        ("truncated", {}),
        ("truncated_gzip", {}),
        ("html_200", {}),
        ("hang", {"seconds": 1.5}),
    ],
    ids=str,
)
@pytest.mark.parametrize("after_commit", [False, True], ids=["before", "after"])
def test_a_fault_of_the_wire_that_passes_is_not_noticed(running, org, crm, kind, params, *, after_commit):
    key = f"{kind}{params}{after_commit}"
    crm.schema("Lead")
    running.world.services.faults.add(
        Fault(kind, "salesforce", path="/services/data/", times=1, after_commit=after_commit, params=params)
    )
    (outcome,) = crm.write(LEAD, [Write(None, {"LastName": "Ada", "Company": "Acme"}, key=(KEY, key))])
    assert isinstance(outcome, Done)
    running.world.services.faults.add(Fault(kind, "salesforce", path="/services/data/", times=1, params=params))
    assert crm.read(LEAD, [outcome.ref.id])[0].presence is Presence.PRESENT
    assert len(crm.find(LEAD, KEY, [key])) == 1


def test_an_answer_that_is_lost_every_time_leaves_the_row_unsure_and_a_repeat_makes_no_second(running, org, crm):
    crm.schema("Lead")
    create = Write(None, {"LastName": "Ada", "Company": "Acme"}, key=(KEY, "lost"))
    running.world.services.faults.add(Fault("reset", "salesforce", method="PATCH", after_commit=True))
    (outcome,) = crm.write(LEAD, [create])
    assert isinstance(outcome, Unsure)
    running.world.services.faults.clear()
    (outcome,) = crm.write(LEAD, [create])
    assert (type(outcome), outcome.created) == (Done, False)
    assert len(crm.find(LEAD, KEY, ["lost"])) == 1


def test_threads_that_meet_an_expired_session_sign_in_once(running, org):
    with ThreadPoolExecutor(8) as executor:
        crm = crm_at(running, executor=executor)
        writes = [Write(None, {"LastName": f"P{n}", "Company": "Acme"}, key=(KEY, f"thread{n}")) for n in range(1_600)]
        assert all(isinstance(outcome, Done) for outcome in crm.write(LEAD, writes))
        actions.expire_sessions(org)
        outcomes = crm.write(LEAD, writes)
        assert all(isinstance(outcome, Done) and not outcome.created for outcome in outcomes)
        assert actions.expire_sessions(org) == {"expired": 1}
        crm.close()


def test_a_refresh_token_rotates_and_each_is_used_once(running, org):
    kept = ["sandbox-refresh-token"]
    org.settings.rotate_refresh_tokens = True
    credentials = RefreshToken(MY_DOMAIN, CREDENTIALS.consumer_key, lambda: kept[-1], kept.append)
    crm = crm_at(running, credentials)
    for _ in range(3):
        assert crm.account().name == "Acme Test"
        actions.expire_sessions(org)
    org.settings.rotate_refresh_tokens = False
    assert len(kept) == 4
    assert len(set(kept)) == 4
    crm.close()


def test_an_assertion_and_a_password_open_the_org_too(running, org):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, public = (
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )
    org.settings.jwt_public_key_pem = public
    user = "bridge@example.test"
    consumer = CREDENTIALS.consumer_key
    for credentials in (
        JwtBearer("https://login.salesforce.com", consumer, user, pem, MY_DOMAIN),
        Password(MY_DOMAIN, consumer, user, CREDENTIALS.consumer_secret, "sandbox-password"),
    ):
        crm = crm_at(running, credentials)
        assert crm.account().id == org.id
        crm.close()
