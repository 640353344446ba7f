"""migrate, what `run` refuses to begin, and how a stopped side is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from connector.cli import main
from connector.config.init import write_starter
from connector.core.refs import Side
from connector.engine import stopped
from connector.storage import pulses
from connector.storage.database import open_database
from connector.storage.pulses import Pulse
from tests.cli.desk import SECRETS, Said

NOW = datetime.now(UTC)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_starter(tmp_path, agreed=False)
    return tmp_path / "config.yaml"


def smarketing(config: Path, *arguments: str) -> Said:
    result = CliRunner().invoke(main, [*arguments, "--config", str(config)], env=SECRETS, catch_exceptions=False)
    return Said(result.exit_code, result.stdout, result.stderr)


def opened(config: Path):
    return open_database(f"sqlite:///{config.parent}/smarketing.db")


def test_an_empty_store_is_made_and_one_that_is_up_to_date_is_left_alone(config):
    said = smarketing(config, "migrate")
    assert said.code == 0
    assert said.out.startswith("The store was empty; its tables are made, at revision 0")
    assert "nothing was to be done" in smarketing(config, "migrate").out


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(config):
    smarketing(config, "migrate")
    database = opened(config)
    with database.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    said = smarketing(config, "migrate")
    assert (said.code, "9999" in said.err) == (2, True)
    assert database.revision() == "9999"
    database.close()


def test_run_tells_every_mistake_of_the_configuration_before_it_begins(config):
    config.write_text(config.read_text().replace("requests_per_10s: 190", "requests_per_10s: many"))
    said = smarketing(config, "run")
    assert said.code == 2
    assert "requests_per_10s" in said.err


def test_a_second_run_on_one_file_is_refused_while_the_first_may_be_alive(config):
    smarketing(config, "migrate")
    database = opened(config)
    with database.begin() as conn:  # on another host, heard of just now: nobody here can know that it is dead
        pulses.beat(conn, Pulse("run@elsewhere:7", "run", NOW, NOW, {"host": "elsewhere", "pid": 7}), datetime.now(UTC))
    database.close()
    said = smarketing(config, "run")
    assert said.code == 1
    assert "another smarketing run is at work on this store (process 7 on elsewhere" in said.err


def test_a_side_that_refuses_us_is_what_status_tells_with_what_to_do(config):
    smarketing(config, "migrate")
    database = opened(config)
    with database.begin() as conn:
        stopped.stop(conn, (Side.SALESFORCE, "poll.salesforce", "the token was revoked"), (), NOW)
    said = smarketing(config, "status")
    assert said.code == 3
    assert "Salesforce refuses us: the token was revoked" in said.out
    assert "mend its credentials, scopes or permissions" in said.out
    with database.begin() as conn:
        stopped.lift(conn, "poll.salesforce", (), NOW)
    database.close()
    assert smarketing(config, "status").code == 0
