"""init, check, schema, sandbox, help; and every error on the way, with its exit code and what to do next."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from sqlalchemy import create_engine, text

from connector.cli import frame, main
from connector.config.extends import AGREED
from tests.cli.desk import SECRETS, Desk

PROGRAM = Path(sys.executable).parent / "smarketing"
COMMANDS = list(main.list_commands(None))


def test_init_writes_what_is_missing_and_touches_nothing_else(office: Desk, folder: Path):
    said = office.run("init", str(folder / "new"))
    assert said.code == 0
    assert (folder / "new" / "config.yaml").exists()
    assert (folder / "new" / "mappings" / "contacts.yaml").exists()
    assert "then: smarketing check" in said.err
    (folder / "new" / "config.yaml").write_text("mine")
    assert "nothing was written" in office.run("init", str(folder / "new")).err
    assert (folder / "new" / "config.yaml").read_text() == "mine"


def test_check_connects_and_says_what_is_next(office: Desk):
    said = office.run("check")
    assert said.code == 0
    assert re.search(r"connected HubSpot +HubSpot portal .* API calls left today", said.out)
    assert re.search(r"connected Salesforce +Acme Test .* API calls left today", said.out)
    assert "Ready. Next: smarketing plan" in said.out


def test_check_as_json_is_what_the_docs_say(office: Desk):
    data = office.run("check", "--json").data
    assert set(data) == {"accounts", "findings", "budgets", "lifecycle", "setup"}
    assert data["setup"]["hubspot"] == []  # the ids of contacts are there, and these files ask for nothing more
    assert data["lifecycle"] is None  # these files agree on nothing
    assert data["accounts"]["hubspot"]["id"]
    assert data["budgets"]["salesforce"]["limit"] > 0


def test_check_tells_every_mistake_at_once_with_its_place(office: Desk, folder: Path):
    (folder / "mappings").mkdir()
    mapping = (office.folder / "mappings" / "contacts.yaml").read_text()
    (folder / "mappings" / "contacts.yaml").write_text(mapping.replace("kind: email\n", "kind: emial\n", 1))
    config = folder / "config.yaml"
    config.write_text(office.config.read_text().replace("search_per_s: 5", "search_per_s: quick"))
    said = office.run("check", config=config)
    assert said.code == 2
    assert "The configuration has 2 problems:" in said.err
    assert re.search(r"config\.yaml:\d+ hubspot\.search_per_s: ", said.err)
    assert re.search(
        r"mappings/contacts\.yaml:\d+ match\.email\.kind: 'emial' is not one of .*did you mean 'email'", said.err
    )


def test_a_mapped_field_that_a_side_lacks_stops_check_with_its_line(office: Desk, folder: Path):
    (folder / "mappings").mkdir()
    mapping = (office.folder / "mappings" / "contacts.yaml").read_text()
    (folder / "mappings" / "contacts.yaml").write_text(mapping.replace("salesforce: Title", "salesforce: Titel"))
    config = folder / "config.yaml"
    config.write_text(office.config.read_text())
    said = office.run("check", config=config)
    assert said.code == 2
    assert re.search(r"error mappings/contacts\.yaml:\d+ fields\.job_title", said.out)
    assert "must be mended before syncing" in said.out


@pytest.mark.parametrize("name", ["config", "mapping", "owners"])
def test_the_schemas_accept_what_ships(office: Desk, name: str):
    schema = office.run("schema", name).data
    file = {"config": "config.yaml", "mapping": "mappings/contacts.yaml", "owners": "mappings/owners.yaml"}[name]
    plain = json.loads(json.dumps(YAML(typ="safe").load(office.folder / file), default=str))
    jsonschema.validate(plain, schema)


def test_all_schemas_come_together_and_an_unknown_one_is_named(office: Desk):
    assert set(office.run("schema").data) == {"config", "mapping", "owners", *AGREED}
    said = office.run("schema", "maping")
    assert said.code == 2
    assert f"there are: {', '.join(sorted(['config', 'mapping', 'owners', *AGREED]))}" in " ".join(said.err.split())


def test_secrets_that_are_not_set_are_named(office: Desk):
    said = office.run("status", env={"HUBSPOT_TOKEN": None})
    assert said.code == 2
    assert "hubspot.access_token: names the environment variable 'HUBSPOT_TOKEN', which is not set" in said.err


@pytest.mark.parametrize(
    ("secret", "words"),
    [("HUBSPOT_TOKEN", "HubSpot does not know this access token"), ("SALESFORCE_CLIENT_SECRET", "invalid_client")],
)
def test_wrong_credentials_are_told_with_what_to_do(office: Desk, secret: str, words: str):
    said = office.run("check", env={secret: "wrong-and-secret"})
    assert said.code == 1
    assert "Not allowed:" in said.err
    assert words in said.err
    assert "wrong-and-secret" not in said.err + said.out


def test_a_missing_configuration_names_the_way_to_one(office: Desk, folder: Path):
    said = office.run("sync", config=folder / "none.yaml")
    assert said.code == 2
    assert "does not exist; `smarketing init` writes one to edit" in said.err


def test_a_crm_that_does_not_answer_loses_nothing(office: Desk, folder: Path):
    config = elsewhere(office, folder, r"base_url: http://127\.0\.0\.1:\d+", "base_url: http://127.0.0.1:1")
    said = office.run("plan", config=config)
    assert said.code == 1
    assert "no whole answer from" in said.err
    assert "Nothing is lost" in said.err


def test_another_account_behind_the_credentials_is_refused(office: Desk, folder: Path):
    config = elsewhere(office, folder)
    assert office.run("check", config=config).code == 0
    engine = create_engine(f"sqlite:///{folder / 'smarketing.db'}")
    with engine.begin() as conn:
        [table] = [name for name in ("bindings",) if conn.dialect.has_table(conn, name)]
        columns = [row[1] for row in conn.execute(text(f"PRAGMA table_info({table})"))]
        conn.execute(text(f"UPDATE {table} SET {columns[1]} = '7654321'"))
    engine.dispose()
    said = office.run("check", config=config)
    assert said.code == 2
    assert "but the store belongs to 7654321" in said.err
    assert "use another database.url for another account" in said.err


def test_a_store_of_a_newer_version_is_left_alone(office: Desk, folder: Path):
    config = elsewhere(office, folder)
    assert office.run("status", config=config).code == 0
    engine = create_engine(f"sqlite:///{folder / 'smarketing.db'}")
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    said = office.run("status", config=config)
    assert said.code == 2
    assert "install the version that wrote it, or a later one" in said.err


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("sqlite:////nowhere/at/all.db", 2, "does its folder exist, and may we write there?"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", 1, "is the server running, and database.url right?"),
        ("mysql://host/name", 2, "database.url"),
    ],
    ids=["a folder that is not there", "a server that does not answer", "another database"],
)
def test_a_store_that_cannot_be_opened_is_told(office: Desk, folder: Path, url: str, code: int, words: str):
    config = elsewhere(office, folder, "url: sqlite:///smarketing.db", f"url: {url}")
    said = office.run("status", config=config)
    assert said.code == code
    assert words in said.err


def elsewhere(office: Desk, folder: Path, old: str = "", new: str = "") -> Path:
    """The office's configuration in another folder, with something else in it."""
    (folder / "mappings").symlink_to(office.folder / "mappings")
    config = folder / "config.yaml"
    config.write_text(re.sub(old, new, office.config.read_text()) if old else office.config.read_text())
    return config


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("apply", "nowhere.jsonl"), "nowhere.jsonl is no file; make a plan with: smarketing plan --out nowhere.jsonl"),
        (("plan", "--since", "yesterday"), "'yesterday' is no time; write 2026-11-02"),
        (("plan", "--object", "Leads"), "no mapping has an object 'Leads'; there are: contacts, Lead, Contact"),
        (("show", "hubspot:contacts:404404"), "is not there: archived, deleted, or never made"),
        (("show", "404404"), "nobody answers to '404404' on either side"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_is_not_there_is_exit_code_1(office: Desk, arguments: tuple[str, ...], words: str):
    said = office.run(*arguments)
    assert said.code == 1
    assert words in said.err


def test_a_file_that_is_no_plan_is_refused(office: Desk):
    said = office.run("apply", str(office.config))
    assert said.code == 1
    assert "make a new plan with: smarketing plan" in said.err


def test_a_mistyped_command_is_told_with_the_nearest(office: Desk):
    said = office.run("plam")
    assert said.code == 2
    assert "did you mean 'plan'?" in said.err


def test_an_unexpected_error_is_a_sentence_and_a_traceback_only_on_request(
    office: Desk, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(frame, "SystemClock", broken)
    said = office.run("check")
    assert said.code == 1
    assert "Failed unexpectedly: ZeroDivisionError: of all things" in said.err
    assert "SMARKETING_DEBUG=1" in said.err
    with pytest.raises(ZeroDivisionError):
        office.run("check", env={"SMARKETING_DEBUG": "1"})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(office: Desk, name: str):
    said = subprocess_of(name, "--help")
    assert said.returncode == 0
    assert "Usage: smarketing" in said.stdout


def test_help_loads_neither_clients_nor_database():
    listed = subprocess.run(
        [sys.executable, "-c", "import sys, connector.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    heavy = {
        "sqlalchemy",
        "alembic",
        "pydantic",
        "hubspot",
        "simple_salesforce",
        "cel",
        "phonenumbers",
        "connector.sandbox",
    }
    assert not heavy & set(listed)


def test_status_on_a_store_that_is_set_up_loads_no_client_of_a_crm(office: Desk):
    assert office.run("status").code in (0, 3)  # a new store is brought to its schema first
    code = f"""
import sys
from connector.cli import main
try:
    main(["status", "--config", {str(office.config)!r}, "--json"])
except SystemExit as end:
    assert end.code in (0, 3), end.code
print(*sys.modules, file=sys.stderr)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **SECRETS}
    )
    heavy = {"alembic", "hubspot", "simple_salesforce", "cel", "connector.sandbox"}
    assert not heavy & set(said.stderr.split())


def test_the_sandbox_serves_both_sides_until_it_is_told_to_stop():
    arguments = ["sandbox", "--people", "10", "--hubspot-port", "0", "--salesforce-port", "0", "--json"]
    with subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        assert said["hubspot"].startswith("http://127.0.0.1:")
        assert said["salesforce"].startswith("http://127.0.0.1:")
        assert said["population"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_the_sandbox_serves_the_event_bus_where_it_is_asked_to():
    ports = ["--hubspot-port", "0", "--salesforce-port", "0", "--pubsub-port", "0"]
    with subprocess.Popen([PROGRAM, "sandbox", "--people", "0", *ports, "--json"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        host, _, port = json.loads(process.stdout.readline())["pubsub"].partition(":")
        with socket.create_connection((host, int(port)), timeout=5):
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_the_event_bus_of_the_sandbox_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr("connector.cli.sandbox.find_spec", lambda _: None)
    with pytest.raises(SystemExit) as end:
        main(["sandbox", "--pubsub-port", "0"])
    assert end.value.code == 2
    assert "smarketing-connector[pubsub]" in capsys.readouterr().err


def subprocess_of(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
