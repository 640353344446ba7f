"""smarketing doctor: each mistake planted in a real installation is found, with how to mend it; else nothing is."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.clock import SystemClock
from connector.service import examining
from connector.storage import duties, pulses, state, tallies
from connector.storage.database import Database, open_database
from connector.storage.pulses import Pulse
from tests.cli.desk import SECRETS, Desk, desk

Planted = Callable[..., list[str]]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation that has synced, of a user that is nobody's rep."""
    with desk(tmp_path_factory.mktemp("office")) as opened:
        opened.config.write_text(opened.config.read_text().replace("port: 8080", "port: 0"))
        opened.marketer_adds(email="ada@acme.example", lastname="Lovelace")
        assert opened.run("sync").code in (0, 3)
        yield opened


@pytest.fixture
def store(office: Desk) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{office.folder / 'smarketing.db'}")
    yield opened
    opened.close()


@pytest.fixture
def wrong(office: Desk, tmp_path: Path) -> Planted:
    """What the doctor says is wrong, with config.yaml edited so: (found, instead)."""

    def say(*edits: tuple[str, str], code: int = 3, **env: str) -> list[str]:
        text = office.config.read_text().replace("mappings: mappings", f"mappings: {office.folder / 'mappings'}")
        text = text.replace("sqlite:///smarketing.db", f"sqlite:///{office.folder / 'smarketing.db'}")
        for found, instead in edits:
            assert found in text, found
            text = text.replace(found, instead, 1)
        config = tmp_path / "config.yaml"
        config.write_text(text)
        said = office.run("doctor", "--json", config=config, env=env or None)
        assert said.code == code, said
        for one in said.data:
            assert all(one[part] for part in ("area", "wrong", "known_by", "do")), one
        return [one["wrong"] for one in said.data]

    return say


def test_a_healthy_installation_has_nothing_wrong(office: Desk):
    said = office.run("doctor")
    assert (said.code, said.out) == (0, "Nothing is wrong.\n")


def test_a_finding_says_what_is_wrong_how_that_is_known_and_what_to_do(office: Desk):
    said = office.run("doctor", env={"HUBSPOT_TOKEN": "pat-na1-of-nobody"})
    assert said.code == 3
    head, known, mend, *_ = said.out.splitlines()
    assert head == "credentials  HubSpot does not let us in"
    assert known.startswith("    known by: it says: ")
    assert mend.startswith("    mend it: mend the credentials")


def test_what_config_yaml_itself_gets_wrong_is_told_as_everywhere(office: Desk):
    said = office.run("doctor", env={"HUBSPOT_TOKEN": None})
    assert said.code == 2
    assert "HUBSPOT_TOKEN" in said.err


def test_credentials_that_are_refused(wrong: Planted):
    assert wrong(SALESFORCE_CLIENT_SECRET="stale-" * 4) == ["Salesforce does not let us in"]


def test_a_side_that_does_not_answer(wrong: Planted, office: Desk):
    url = office.running.hubspot_url
    with taken_port() as port:
        assert wrong((f"base_url: {url}", f"base_url: http://127.0.0.1:{port}")) == ["HubSpot does not answer"]


@contextmanager
def taken_port(*, listens: bool = False) -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        yield other.getsockname()[1]


def test_a_port_that_another_program_has(wrong: Planted):
    with taken_port(listens=True) as port:
        assert wrong(("port: 0", f"port: {port}")) == ["another program listens where we would"]


def test_a_port_that_is_ours_already_is_no_mistake(wrong: Planted, store: Database):
    with taken_port(listens=True) as port, alive(store, "run"):
        assert wrong(("port: 0", f"port: {port}"), code=0) == []


@contextmanager
def alive(store: Database, *kinds: str, **body: Any) -> Iterator[None]:
    now = SystemClock().now()
    names = [f"{kind}@host:{number}" for number, kind in enumerate(kinds)]
    with store.begin() as conn:
        for name, kind in zip(names, kinds, strict=True):
            pulses.beat(conn, Pulse(name, kind, now - timedelta(hours=2), now, body), now)
    try:
        yield
    finally:
        with store.begin() as conn:
            for name in names:
                pulses.gone(conn, name)


def test_several_workers_on_one_file(wrong: Planted, store: Database):
    with alive(store, "run", "run"):
        assert wrong() == ["2 processes work on one SQLite file"]


def test_processes_that_were_not_restarted_after_an_update(wrong: Planted, store: Database):
    with alive(store, "run", version="0.0.9"):
        assert wrong() == ["processes of another version are at work"]


def test_nobody_works(office: Desk, wrong: Planted, store: Database):
    with store.begin() as conn:
        conn.exec_driver_sql("UPDATE cursors SET saved_at = saved_at - 7200000000")
    try:
        assert wrong() == ["nobody works"]
        with alive(store, "run"):
            assert wrong(code=0) == []
    finally:
        office.run("sync")


def test_a_store_that_is_not_there_yet(wrong: Planted, office: Desk, tmp_path: Path):
    here = f"sqlite:///{office.folder / 'smarketing.db'}"
    assert wrong((here, "sqlite:///new.db")) == ["the store cannot be used"]
    assert not (tmp_path / "new.db").exists(), "looking makes nothing"
    assert wrong((here, "sqlite:///nowhere/new.db")) == ["the store cannot be used"]


def test_a_store_of_an_older_version(wrong: Planted, office: Desk, tmp_path: Path):
    from tests.storage.older_stores import at_revision  # noqa: PLC0415  # how an old store is made

    at_revision(f"sqlite:///{tmp_path / 'old.db'}", "0001")
    (tmp_path / "old.db").chmod(0o600)
    here = f"sqlite:///{office.folder / 'smarketing.db'}"
    assert wrong((here, "sqlite:///old.db")) == ["the store cannot be used"]


def test_a_store_in_memory(wrong: Planted, office: Desk):
    assert "all is forgotten when the process ends" in wrong(
        (f"sqlite:///{office.folder / 'smarketing.db'}", "sqlite://")
    )


def test_a_store_that_everybody_can_read(wrong: Planted, office: Desk):
    file = office.folder / "smarketing.db"
    file.chmod(0o644)
    try:
        assert wrong() == ["everybody on this machine can read personal data"]
    finally:
        file.chmod(0o600)


WEBHOOKS = "#webhooks:\n#  hubspot:\n#    secrets: [env:HUBSPOT_CLIENT_SECRET]\n"
RECEIVING = "webhooks:\n  hubspot:\n    secrets: [env:HUBSPOT_CLIENT_SECRET]\n"
PUBLIC = ("#public_url: https://bridge.acme.example", "public_url: https://bridge.acme.example")
SECRET = {"HUBSPOT_CLIENT_SECRET": "hubspots-own-secret"}


def test_webhooks_without_the_address_that_is_signed(wrong: Planted):
    assert wrong((WEBHOOKS, RECEIVING), **SECRET) == ["behind a proxy every signature of HubSpot will look wrong"]


def test_a_public_address_that_nobody_outside_can_reach(wrong: Planted):
    here = ("#public_url: https://bridge.acme.example", "public_url: http://localhost:8080")
    assert wrong((WEBHOOKS, RECEIVING), here, **SECRET) == ["web.public_url is an address of this machine only"]


def test_webhooks_that_never_came(wrong: Planted, store: Database):
    with alive(store, "run"):
        assert wrong((WEBHOOKS, RECEIVING), PUBLIC, **SECRET) == ["HubSpot has never called"]


@contextmanager
def counted(store: Database, **numbers: int) -> Iterator[None]:
    with store.begin() as conn:
        tallies.add_all(conn, {name.replace("__", "."): one for name, one in numbers.items()})
    try:
        yield
    finally:
        with store.begin() as conn:
            conn.exec_driver_sql("DELETE FROM tallies")


def test_webhooks_with_another_secret(wrong: Planted, store: Database):
    with alive(store, "run"), counted(store, refused__hubspot__signature=9, taken__hubspot=3):
        assert wrong((WEBHOOKS, RECEIVING), PUBLIC, **SECRET) == ["webhooks of hubspot are not believed"]


def test_a_stranger_who_knocked_once_among_thousands_is_no_mistake(wrong: Planted, store: Database):
    with alive(store, "run"), counted(store, refused__hubspot__signature=2, taken__hubspot=3000):
        assert wrong((WEBHOOKS, RECEIVING), PUBLIC, code=0, **SECRET) == []


def test_requests_that_came_at_the_wrong_time(wrong: Planted, store: Database):
    with counted(store, refused__hubspot__stale=4, taken__hubspot=100):
        assert wrong() == ["webhook requests carry times far from ours"]


def test_a_clock_that_is_wrong_against_both_sides(wrong: Planted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examining, "_ahead", lambda *_: timedelta(minutes=7))
    assert wrong() == ["this machine's clock is wrong; signatures and what changed since are judged by it"]


def test_a_field_that_is_missing_in_salesforce(wrong: Planted, office: Desk, tmp_path: Path):
    mapping = (office.folder / "mappings" / "contacts.yaml").read_text()
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "contacts.yaml").write_text(mapping.replace("salesforce: Title", "salesforce: Tittle__c"))
    found = wrong((f"mappings: {office.folder / 'mappings'}", "mappings: mappings"))
    assert found == ["the mappings do not fit the CRMs as they are", "everything has still to be compared"]


def test_a_day_of_calls_that_polling_alone_spends(wrong: Planted):
    found = wrong(("#calls_per_day: 30000", "calls_per_day: 290"))
    assert found == ["the day's calls to Salesforce are too few"]


def test_a_day_whose_calls_are_spent(wrong: Planted):
    assert wrong(("#calls_per_day: 30000", "calls_per_day: 1")) == ["our calls of the day to Salesforce are spent"]


def test_extras_that_are_not_installed(wrong: Planted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examining, "_is_there", lambda package: package != "fastavro")
    pubsub = "#pubsub:\n  #  address: api.pubsub.salesforce.com:7443\n"
    assert wrong((pubsub, "pubsub:\n    address: api.pubsub.salesforce.com:7443\n")) == [
        "the extra 'pubsub' is not installed"
    ]


def test_postgresql_without_its_driver(wrong: Planted, office: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examining, "_is_there", lambda package: package != "psycopg")
    here = f"sqlite:///{office.folder / 'smarketing.db'}"
    assert wrong((here, "postgresql+psycopg://bridge@db.example/bridge")) == ["the extra 'postgres' is not installed"]


def test_a_store_on_postgresql_from_empty_to_healthy(
    wrong: Planted, office: Desk, tmp_path: Path, new_database_url: Callable[[str], str]
):
    here = f"sqlite:///{office.folder / 'smarketing.db'}"
    env = {"DATABASE_URL": new_database_url("postgres")}
    assert wrong((here, "env:DATABASE_URL"), **env) == ["the store cannot be used"]
    config = tmp_path / "config.yaml"
    assert office.run("migrate", config=config, env={**env}).code == 0
    assert wrong((here, "env:DATABASE_URL"), **env) == ["nobody works"]
    assert office.run("sync", config=config, env={**env}).code in (0, 3)
    assert wrong((here, "env:DATABASE_URL"), code=0, **env) == []


def test_a_database_server_that_is_away(wrong: Planted, office: Desk, tmp_path: Path):
    here = f"sqlite:///{office.folder / 'smarketing.db'}"
    with taken_port() as port:
        env = {"DATABASE_URL": f"postgresql+psycopg://bridge:secret-word@127.0.0.1:{port}/bridge"}
        assert wrong((here, "env:DATABASE_URL"), **env) == ["the store cannot be used"]
        said = office.run("doctor", config=tmp_path / "config.yaml", env={**env})
        assert "connection" in said.out
        assert "secret-word" not in said.out + said.err


def test_a_run_that_is_held(office: Desk, wrong: Planted):
    """A guard that lets nothing through, and somebody new."""
    guarded = office.config.read_text()
    office.config.write_text(guarded.replace("number: 1000", "number: 0"))
    try:
        office.marketer_adds(email="held@acme.example", lastname="Held")
        office.run("sync")
        assert wrong() == ["a run is held and nothing is written"]
    finally:
        office.config.write_text(guarded)
        office.run("sync", "--approve")


def test_a_side_that_is_left_alone(wrong: Planted, store: Database):
    row = {"since": "2026-11-02T08:00:00+00:00", "why": "revoked", "tries": 1, "next_at": "2026-11-02T09:00:00+00:00"}
    with store.begin() as conn:
        state.put(conn, "stopped", {"salesforce poll.salesforce": row})
    try:
        assert wrong() == ["Salesforce is left alone"]
    finally:
        with store.begin() as conn:
            state.delete(conn, ["stopped"])


def test_looking_changes_nothing(office: Desk, wrong: Planted, store: Database):
    written = office.writes()
    with store.read() as conn:
        before = state.named(conn, "doctor"), duties.all(conn)
    wrong(code=0)
    with store.read() as conn:
        assert (state.named(conn, "doctor"), duties.all(conn)) == before == ({}, [])
    assert office.writes() == written
    assert SECRETS
