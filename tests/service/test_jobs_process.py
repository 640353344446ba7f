"""`smarketing worker` as processes beside `smarketing web`, on PostgreSQL, with both CRMs over real HTTP."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from connector.core.refs import Side
from connector.sandbox.acts import act
from tests.endurance.processes import PROGRAM, Process, until
from tests.endurance.stage import SECRETS, Stage, configured, stage

SOON_S = 20.0  # on a machine that is busy with other tests; three seconds otherwise


@pytest.fixture
def town(tmp_path: Path, new_database_url: Callable[[str], str]) -> Iterator[Stage]:
    with stage(tmp_path, new_database_url("postgres"), people=20) as opened:
        yield opened


@pytest.fixture
def workers(town: Stage) -> tuple[Process, Process]:
    """Two of them, and a web."""
    ada, bob = town.process("worker", "ada"), town.process("worker", "bob")
    town.start(town.process("web"), ada, bob)
    return ada, bob


def edited(town: Stage, number: int, title: str) -> float:
    """A marketer gives somebody another title; how long it takes until it is in Salesforce."""
    contact, other = town.pairs()[number]
    act(town.world, "hubspot", "edit", {"object": "contacts", "id": contact, "properties": {"jobtitle": title}})
    return until(lambda: town.people(Side.SALESFORCE)[other].get("Title") == title, f"{title} arrives", SOON_S)


def stopped(worker: Process) -> int:
    """Asked to end, as systemd does; its exit code."""
    worker.ask_to_end()
    return worker.ended(within_s=15.0)


def test_an_edit_arrives_within_seconds_and_whoever_is_stopped_leaves_the_work_to_the_other(
    town: Stage, workers: tuple[Process, Process]
) -> None:
    ada, bob = workers
    words = "At work, 2 groups of shards side by side."
    until(lambda: words in ada.said(200), "it says that it is at work", SOON_S)
    edited(town, 0, "Countess")
    assert stopped(ada) == 0
    assert "Stopped; nothing was left half done." in ada.said(5)
    edited(town, 1, "Enchantress of Numbers")
    assert stopped(bob) == 0
    assert (
        town.counted("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND :at > 0", town.clock.now())
        == 0
    )
    assert town.counted("SELECT count(*) FROM runs WHERE finished_at IS NULL AND :at > 0", town.clock.now()) == 0
    assert town.leased() == 0


def test_an_edited_configuration_is_in_force_without_a_restart(town: Stage, workers: tuple[Process, Process]) -> None:
    edited(town, 0, "Countess")
    yaml = YAML()
    told = yaml.load(town.config.read_text())
    told["worker"]["quiet_s"] = 1
    yaml.dump(told, town.config)
    for one in workers:
        until(lambda one=one: "the configuration is in force" in one.said(200), f"{one.name} reads it", SOON_S)
    edited(town, 1, "Enchantress of Numbers")
    assert [re.findall(r'"level":"error"', one.said(500)) for one in workers] == [[], []]


def test_on_sqlite_a_worker_names_the_command_that_works_there(tmp_path: Path) -> None:
    urls = {side.value: "http://127.0.0.1:1" for side in Side}
    config = configured(tmp_path, urls, f"sqlite:///{tmp_path}/store.db", {})
    done = subprocess.run([PROGRAM, "worker", "--config", config], env=SECRETS, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"smarketing run" in done.stderr
    assert b"Traceback" not in done.stderr
