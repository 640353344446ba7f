"""`smarketing run` as a process, with both CRMs over real HTTP that tell it of every change."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from connector.core.plan import Issue
from connector.core.refs import Side
from connector.sandbox.acts import act
from connector.sandbox.services import Fault
from connector.storage import issues
from tests.endurance.processes import Process, until
from tests.endurance.stage import Stage, stage

SLOW_S = 6.0  # a page; people stand in two objects, listed one after the other
SOON_S = 20.0  # on a machine that is busy with other tests; three seconds otherwise


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("run")
    with stage(folder, f"sqlite:///{folder}/store.db", people=30) as opened:
        yield opened


@pytest.fixture
def run(town: Stage) -> Iterator[Process]:
    """The bridge at work; stopped as systemd stops it."""
    process = town.process("run", f"run-{len(town.processes)}")
    town.start(process)
    yield process
    if process.alive:
        assert stopped(process) == 0, process.said()


def stopped(process: Process) -> int:
    """Ask it to end, as systemd does, and wait; its exit code."""
    os.kill(process.pid, signal.SIGTERM)
    until(lambda: not process.alive, f"{process.name} has ended", 60.0)
    assert process._popen is not None
    return int(process._popen.returncode)


def edit(town: Stage, number: int, title: str) -> str:
    """A marketer gives somebody another title; the id of their counterpart."""
    contact, other = town.pairs()[number]
    act(town.world, "hubspot", "edit", {"object": "contacts", "id": contact, "properties": {"jobtitle": title}})
    return other


def arrives(town: Stage, other: str, title: str, within_s: float = SOON_S) -> float:
    """How long it takes until a title is in Salesforce."""
    return until(lambda: town.people(Side.SALESFORCE)[other].get("Title") == title, f"{title} arrives", within_s)


def test_an_edit_is_on_the_other_side_within_seconds_and_its_request_is_followed_in_the_log(town, run):
    arrives(town, edit(town, 0, "Countess"), "Countess")
    for event in ("folded", "reconciled"):
        until(lambda event=event: f'"event":"{event}"' in run.said(200), f"{event} is told", SOON_S)


def test_it_is_alive_and_ready_and_a_second_one_is_refused(town, run):
    assert urllib3.request("GET", f"{town.web_url}/ready", retries=False).status == 200
    second = town.process("run", "second")
    second.start()
    until(lambda: not second.alive, "the second one has ended", SOON_S)
    assert "another smarketing run is at work on this store" in second.said()
    assert run.alive


def test_told_to_stop_it_ends_within_seconds_and_goes_on_where_it_was(town, run):
    other = edit(town, 1, "Duchess")  # most likely under way when it stops
    began = time.monotonic()
    assert stopped(run) == 0, run.said()
    assert time.monotonic() - began < SOON_S
    assert town.leased() == 0
    again = town.process("run", "again")
    town.start(again)
    arrives(town, other, "Duchess")
    assert stopped(again) == 0


def test_a_mistake_in_an_edited_file_is_shown_and_the_old_one_goes_on_until_it_is_mended(town, run):
    arrives(town, edit(town, 3, "Dame"), "Dame")  # it is at work
    mapping = next(Path(town.config.parent, "mappings").glob("contact*.yaml"))
    good = mapping.read_text()
    mapping.write_text(good + "\nnonsense: true\n")
    until(lambda: shown(town), "the mistake is shown", SOON_S)
    (issue,) = shown(town)
    assert "nonsense" in issue.reason
    arrives(town, edit(town, 3, "Viscountess"), "Viscountess")
    mapping.write_text(good + "\n# mended\n")
    until(lambda: not shown(town), "the mistake is gone", SOON_S)
    assert run.alive


def test_a_valid_edit_is_in_force_without_a_restart_and_has_everything_compared(town, run):
    arrives(town, edit(town, 4, "Dame"), "Dame")  # it is at work
    before = compared(town)
    mapping = next(Path(town.config.parent, "mappings").glob("contact*.yaml"))
    text = mapping.read_text()
    assert "on_archive: unlink" in text
    mapping.write_text(text.replace("on_archive: unlink", "on_archive: archive", 1))
    until(lambda: compared(town) > before, "everything is compared again", SOON_S)
    assert run.alive


@pytest.fixture
def slow(town: Stage) -> Iterator[None]:
    """Salesforce takes its time to list people; nothing else waits."""
    faults = town.world.services.faults
    faults.add(
        Fault(kind="slow", side="salesforce", method="GET", path=r"/queryAll|/query/?", params={"seconds": SLOW_S})
    )
    yield
    faults.clear()


def remap(town: Stage) -> None:
    """Have everything compared again."""
    mapping = next(Path(town.config.parent, "mappings").glob("contact*.yaml"))
    text, other = mapping.read_text(), {"unlink": "archive", "archive": "unlink"}
    mapping.write_text(re.sub(r"(?<=on_archive: )(unlink|archive)", lambda found: other[found[0]], text, count=1))


def listing(town: Stage) -> bool:
    """Whether a full pass waits for the list of people."""
    return any(hits for _, _, hits in town.world.services.faults.active()) and under_way(town) == 1


def under_way(town: Stage) -> int:
    """How many full passes have begun and not ended."""
    return town.counted("SELECT count(*) FROM runs WHERE kind = 'full' AND finished_at IS NULL", datetime.now(UTC))


def test_while_everything_is_compared_edits_travel_and_nothing_is_made_twice(town, slow, run):
    arrives(town, edit(town, 5, "Dame"), "Dame")  # it is at work
    people, before = len(town.people(Side.SALESFORCE)), compared(town)
    remap(town)
    until(lambda: listing(town), "everything is compared again", SOON_S)
    took = arrives(town, edit(town, 5, "Baroness"), "Baroness")
    assert under_way(town) == 1, f"the edit arrived after {took:.1f} s, when all was compared"
    until(lambda: compared(town) > before, "all is compared", 2 * SLOW_S + SOON_S)
    town.world.services.faults.clear()
    town.drained()
    assert len(town.people(Side.SALESFORCE)) == people
    written = town.writes_of_the_bridge()
    town.first_sync()  # everything, once more
    assert town.writes_of_the_bridge() == written


def test_told_to_stop_while_everything_is_compared_it_ends_in_time_and_owes_it(town, slow, run):
    arrives(town, edit(town, 6, "Dame"), "Dame")  # it is at work
    remap(town)
    until(lambda: listing(town), "everything is compared again", SOON_S)
    began = time.monotonic()
    assert stopped(run) == 0, run.said()
    assert time.monotonic() - began < 2 * SOON_S
    assert under_way(town) == 0
    town.world.services.faults.clear()
    before = compared(town)
    again = town.process("run", "goes-on")
    town.start(again)
    until(lambda: compared(town) > before, "the next one compares everything", SOON_S)
    assert stopped(again) == 0


def compared(town: Stage) -> int:
    """How many full passes have come to their end."""
    return town.counted(
        "SELECT count(*) FROM runs WHERE kind = 'full' AND outcome = 'done' AND started_at < :at", datetime.now(UTC)
    )


def shown(town: Stage) -> list[Issue]:
    """The mistakes of an edited configuration that are shown."""
    town.backlog()  # opens the store
    assert town._store is not None
    with town._store.read() as conn:
        return [one.issue for one in issues.open_issues(conn) if one.issue.code == "CONFIG"]
