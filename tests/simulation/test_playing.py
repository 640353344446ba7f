"""What plays seeds can be trusted: failures are seen, told apart and in full; made shorter they stay what they were."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from connector.sandbox.exchange import Request, Response
from connector.sandbox.services import SandboxClock, WriteLog
from tests.simulation import playing, turns
from tests.simulation.oracle import Broken
from tests.simulation.play import Play
from tests.simulation.playing import Ended, Script, failures, kind, played, played_on, scripts_from
from tests.simulation.report import Session, tell_failures, tell_summary
from tests.simulation.shrink import shrunk
from tests.simulation.trace import Trace

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LOST = "vanished: hubspot 505 jobtitle: 't86' was written over: the story does not say so"
DIFFER = "in step: hubspot:contacts:501 - salesforce:Lead:00Q5f0000000005EAA differ in city: 't4', None"


def _breaks(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(_: Play) -> None:
        raise error

    monkeypatch.setattr(Play, "run", run)


def test_kinds_of_failures_are_told_apart_without_records_and_values() -> None:
    assert kind(LOST) == "vanished: hubspot .. jobtitle: .. was written over: the story does not say so"
    assert kind(LOST.replace("505", "77").replace("t86", "t2")) == kind(LOST)
    assert kind(DIFFER) == "in step: .. - .. differ in city: .., .."
    assert kind("annual_revenue is 32000.5 by the bridge") == "annual_revenue is .. by the bridge"


def test_what_the_oracle_finds_is_a_failure_with_the_command_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _breaks(monkeypatch, Broken(f"{LOST}\n{DIFFER}"))
    ended = played(Script(7, 20))
    assert (ended.wrong, ended.kinds) == ((LOST, DIFFER), (kind(LOST), kind(DIFFER)))
    assert failures([Script(7, 20)]) == [f"scripts/simulate --seed 7 --steps 20 --trace: {LOST}; {DIFFER}"]


@pytest.mark.parametrize("error", [KeyError("gone"), turns.Endless("for ever"), playing.Stuck("not done")])
def test_whatever_else_ends_a_play_is_a_failure_too(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    _breaks(monkeypatch, error)
    ended = played(Script(7, 20))
    assert ended.wrong[0].startswith(f"{type(error).__name__}: {error} (tests/simulation/test_playing.py:")
    assert ended.kinds == (f"{type(error).__name__} in tests/simulation/test_playing.py",)


def test_a_person_who_stops_the_plays_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    _breaks(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        played(Script(7, 20))


def test_a_worker_that_goes_on_for_ever_is_stopped() -> None:
    clock = SandboxClock(lambda: NOON)
    worker = turns.Turns(clock)
    worker.moments = turns.MOMENTS_MAX
    with pytest.raises(turns.Endless):
        worker.count()


def test_a_script_prints_as_the_command_that_plays_it() -> None:
    script = Script(4711, 57, ("kill", "merges"), (12, 40))
    assert script.replay == 'scripts/simulate --seed 4711 --steps 57 --without "kill,merges" --only 12,40 --trace'


def test_steps_left_out_leave_the_dice_of_all_others_alone() -> None:
    def drawn(script: Script) -> dict[int, float]:
        play, seen = script.play(), {}
        for name in play.choices:
            play.choices[name] = lambda: seen.setdefault(play.stage.trace.step, play.dice.random()) and None
        play._drain = lambda: None  # type: ignore[method-assign]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.simulation.oracle.look", lambda _: None)
            play.run()
        return seen

    whole, some = drawn(Script(5, 30)), drawn(Script(5, 30, only=(4, 9, 30)))
    assert len(whole) == 30
    assert some == {step: whole[step] for step in (4, 9, 30)}


def test_what_does_not_happen_is_neither_done_nor_counted() -> None:
    assert played(Script(5, 60)).counts["act: edits"] > 0
    assert played(Script(5, 60, ("edits",))).counts["act: edits"] == 0
    assert played(Script(5, 60, ("act",))).counts["act"] == 0


def test_a_play_is_made_as_short_as_its_failure_allows() -> None:
    """The failure needs steps 13 and 41 and no others."""
    tried: list[Script] = []

    def player(script: Script) -> Ended:
        tried.append(script)
        steps = set(range(1, script.steps + 1)) & set(script.only if script.only is not None else range(1000))
        return Ended(script, ("wrong",), ("it",)) if {13, 41} <= steps else Ended(script, ("other",), ("other",))

    short = shrunk(player(Script(7, 200)), lambda: False, player)
    assert short == Script(7, 41, (), (13, 41))
    assert len(tried) < 150


def test_looking_for_a_shorter_play_ends_when_time_is_up() -> None:
    found = Ended(Script(7, 200), ("wrong",), ("it",))
    assert shrunk(found, lambda: True, lambda _: found) == Script(7, 200)


def _traced() -> Trace:
    """A marketer's title is carried over to Salesforce by a call whose answer a fault spoils."""
    clock = SandboxClock(lambda: NOON)
    log = WriteLog(clock)

    def written(side: str, one: str, actor: str, **changes: str) -> None:
        log.append(side=side, actor=actor, operation="update", object="people", id=one, changes=changes)

    trace = Trace(clock, log)
    written("hubspot", "505", "user:1", jobtitle="t81", salesforce_record_id="00Q5")
    written("hubspot", "506", "user:1", jobtitle="t1")
    trace.tell("two people arrive")
    trace.step = 3
    written("hubspot", "505", "user:1", jobtitle="t86")
    trace.tell("hubspot 505 edited")
    trace.tell("two is killed", "fate")
    written("salesforce", "00Q5", "api:bridge", Title="t86")
    asked = Request("PATCH", "/services/data/v67.0/composite/sobjects", body=b'{"id":"00Q5","Title":"t86"}')
    trace.called("one", "salesforce", (asked, Response(500, b'{"told":"505"}')), "status 500 after it took effect")
    trace.called("one", "hubspot", (Request("GET", "/crm/objects/2026-09/contacts/506"), Response(200)))
    return trace


def test_a_trace_tells_what_each_write_replaced_and_marks_what_is_wrong() -> None:
    told = list(_traced().written([LOST]))
    assert [line[0] for line in told] == [" ", ">", " ", ">", ">", " ", ">", ">", " "]
    assert told[4].endswith("hubspot people 505 update  jobtitle: 't81' -> 't86'  by user:1")
    call = "salesforce PATCH /composite/sobjects 00Q5 -> 500 (STRUCK: status 500 after it took effect), tells of 505"
    assert told[6].endswith(call)
    assert told[7].endswith("salesforce people 00Q5 update  Title: 't86'")
    assert told[8].split() == ["0.000", "3", "one", "hubspot", "GET", "objects/contacts/506", "506", "->", "200"]


def test_of_a_failure_only_the_lines_are_shown_that_matter_and_what_befell_the_workers() -> None:
    told = list(_traced().written([LOST], marked_only=True))
    assert [line.split()[3:5] for line in told if not line.startswith(">")] == [["two", "people"], ["two", "is"]]
    assert len([line for line in told if line.startswith(">")]) == 5


def test_the_hash_covers_calls_answers_writes_and_states() -> None:
    plain = _traced().fingerprint("a state")
    assert plain == _traced().fingerprint("a state") != _traced().fingerprint("another")
    for number in (3, 4):
        other = _traced()
        line = other.lines[number]
        assert line.request is not None
        other.called(line.who, line.side, (line.request, Response(200, b"another answer")))
        assert other.fingerprint("a state") != plain
    other = _traced()
    other.log.append(side="hubspot", actor="user:1", operation="update", object="people", id="505", changes={})
    assert other.fingerprint("a state") != plain


def test_every_statement_of_the_store_is_told_to_whoever_wants_it() -> None:
    silent, told = played(Script(3, 25), "all"), played(Script(3, 25), "verbose")
    assert not any(" INSERT INTO " in line for line in silent.trace)
    assert any(" INSERT INTO " in line for line in told.trace)


def test_plays_end_when_time_is_up() -> None:
    ends = iter([False, False, True])
    assert len(list(played_on(scripts_from(40, 10, None), 1, lambda: next(ends)))) == 2


def test_a_session_groups_failures_and_adds_up_what_happened() -> None:
    session = Session()
    session.add(Ended(Script(9), (LOST, DIFFER), (kind(LOST), kind(DIFFER)), Counter({"act: edits": 2, "calls": 7})))
    session.add(
        Ended(Script(3), (LOST,), (kind(LOST),), Counter(calls=5), Counter({"open window": 1}), trace=("a line",))
    )
    session.add(Ended(Script(4), counts=Counter(calls=1)))
    assert {of: [each.script.seed for each in found] for of, found in session.by_kind.items()} == {
        kind(LOST): [3, 9],
        kind(DIFFER): [9],
    }
    told = session.as_json()
    assert (told["seeds"], told["counts"]["calls"], told["excused"]) == (3, 13, {"open window": 1})
    assert [each["replay"] for each in told["failures"]] == [Script(3).replay, Script(9).replay]
    console = Console(width=200, record=True, quiet=False)
    tell_failures(session, console)
    tell_summary(session, console)
    shown = console.export_text()
    for words in (
        "2 x vanished",
        Script(3).replay,
        "a line",
        "3  seeds, of which 2 failed",
        "2  edits",
        "1  open window",
    ):
        assert words in shown


def _simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_plays_seeds_on_several_processes_as_on_one() -> None:
    done = [_simulate("--seeds", "4", "--seed", "40", "--steps", "10", "--json", "--jobs", jobs) for jobs in "12"]
    one, two = (json.loads(each.stdout) for each in done)
    assert (one["seeds"], one["counts"]["steps"]) == (4, 40)
    assert (two["counts"], two["excused"], two["failures"]) == (one["counts"], one["excused"], one["failures"])
    assert {each.returncode for each in done} == {1 if one["failures"] else 0}


def test_the_command_wants_to_know_which_seed_to_tell_of() -> None:
    done = _simulate("--trace")
    assert (done.returncode, "name the seed" in done.stderr) == (2, True)
