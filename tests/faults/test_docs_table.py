"""docs/faults.md says of every fault what a person sees: here each is tried by the command itself and compared.

In the table `…` stands for what differs from one time to the next: moments and correlation ids.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli import frame, main
from connector.core.refs import Side
from tests.faults.gate import on
from tests.faults.kinds import KINDS
from tests.faults.paths import Fate
from tests.faults.scenes import SCENES
from tests.faults.trial import trial
from tests.misbehaviour.rig import EvenDice, WorldClock

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
ROW = re.compile(
    r"^\| `(?P<kind>(?:hubspot|salesforce) [^`]+)` \| `(?P<words>[^`]+)` \| (?P<code>\d) \|$", re.MULTILINE
)
ASKED = {Side.HUBSPOT: "hubspot search", Side.SALESFORCE: "salesforce composite"}
DESCRIBED = "salesforce describe"  # a poll that is declined is made in another way


@cache
def printed() -> dict[str, tuple[int, str]]:
    """Exit code and first line of `smarketing sync` under each kind of fault."""
    said: dict[str, tuple[int, str]] = {}
    with trial(SCENES[0], 1) as played, pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "SystemClock", lambda: WorldClock(played.stage.clock))
        patch.setattr(frame, "SystemDice", EvenDice)
        for name, kind in KINDS.items():
            declined = kind.fate is Fate.DECLINED and kind.side is Side.SALESFORCE
            played.gate.begin(on(DESCRIBED if declined else ASKED[kind.side], [kind.fault]))
            result = CliRunner().invoke(main, ["sync", "--config", str(played.stage.config)], env=played.stage.secrets)
            assert played.gate.struck, name
            said[name] = (result.exit_code, result.stderr.strip().splitlines()[0])
            played.lift()
    return said


def rows() -> dict[str, tuple[int, str]]:
    found = {row["kind"]: (int(row["code"]), row["words"]) for row in ROW.finditer(PAGE.read_text())}
    assert found
    return found


def test_each_fault_tried_has_a_row_and_each_row_is_tried() -> None:
    assert rows().keys() == KINDS.keys()


def test_each_row_says_what_the_command_prints() -> None:
    differing = []
    for name, (code, words) in printed().items():
        told_code, told = rows()[name]
        pattern = re.escape(" ".join(told.replace("\\|", "|").split())).replace("…", ".*")
        if code != told_code or not re.fullmatch(pattern, " ".join(words.split())):
            differing.append((name, code, words, told))
    assert not differing
