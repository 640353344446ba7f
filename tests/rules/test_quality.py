"""The gates themselves: floors that may only rise, excuses that are few and say why."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from tests.rules.test_house import ROOT, imported, modules, tracked

EXCUSES_MAX = 5  # lines of the product that no test need cover
EQUIVALENT_MAX = 60  # mutants of the core that no test could notice
FLOORS = {"connector/core": 100, "connector and webhooks": 95}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
PRODUCT = ("connector/", "webhooks/", "mappings/")
THIS = Path(__file__).resolve()


def lines_with(pattern: str) -> list[str]:
    """Every line of the project's Python that a pattern is found in, this file aside."""
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked(".py")
        if path != THIS
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if found.search(line)
    ]


def test_lines_excused_from_coverage_are_few_and_say_why():
    excused = lines_with(r"#\s*pragma:\s*no (cover|branch)\b")
    assert len(excused) <= EXCUSES_MAX, "test them instead"
    assert not lines_with(r"#\s*pragma:\s*no (cover|branch)\b(?!\s*[-#:]\s*\S.{3,})"), (
        "write the reason on the same line"
    )


def test_nothing_is_excused_from_coverage_by_a_setting():
    """What a pattern or a list of files leaves out is nowhere to be seen in the code."""
    run, report = SETTINGS["coverage"]["run"], SETTINGS["coverage"]["report"]
    assert run["branch"]
    assert run["source"] == ["connector", "webhooks"]
    hiding = {"omit", "include", "exclude_lines", "exclude_also", "partial_branches", "partial_also", "ignore_errors"}
    assert not hiding & (run.keys() | report.keys())


def test_nothing_is_excused_from_mutation_in_the_code():
    assert not lines_with(r"#\s*pragma:\s*no mutate"), "put it into tests/core/equivalent_mutants.toml, with its reason"
    assert not {"do_not_mutate", "do_not_mutate_patterns"} & SETTINGS["mutmut"].keys()
    assert SETTINGS["mutmut"]["only_mutate"] == ["connector/core/*"]


def test_equivalent_mutants_are_few_name_a_function_and_say_why():
    groups = tomllib.loads((ROOT / "tests" / "core" / "equivalent_mutants.toml").read_text())["equivalent"]
    known = {
        f"{Path(name).stem}.{node.name}"
        for name, tree in modules().items()
        if name.startswith("connector/core/")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert sum(len(group["becomes"]) for group in groups) <= EQUIVALENT_MAX
    named = {f"{(parts := group['function'].split('.'))[0]}.{parts[-1]}" for group in groups}
    assert named <= known
    assert [group["function"] for group in groups if len(group["reason"].split()) < 4] == []


def test_the_test_command_holds_the_floors():
    script = (ROOT / "scripts" / "test").read_text()
    gates = re.findall(r'^gate (\d+) "([^",]+)', script, re.MULTILINE)
    assert {what: int(least) for least, what in gates} == FLOORS


def test_what_runs_in_greenlets_is_not_measured():
    """Coverage watches threads; what a greenlet runs would be counted wrong without anybody noticing."""
    unmeasured = re.search(r'^unmeasured="(.+)"$', (ROOT / "scripts" / "test").read_text(), re.MULTILINE)
    assert unmeasured
    folders = tuple(f"{folder}/" for folder in unmeasured[1].split())
    assert all((ROOT / folder).is_dir() for folder in folders)
    green = [name for name, tree in modules().items() if "greenlet" in imported(tree)]
    assert [name for name in green if not name.startswith(folders)] == []


def test_continuous_integration_runs_the_checks_and_the_tests():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("scripts/")] == ["scripts/check", "scripts/test"]
    assert "set -euo pipefail" in lines


def test_continuous_integration_fails_where_no_browser_looked():
    """The last word is a count of the tests that opened a page with a real browser."""
    script = (ROOT / ".ci" / "run").read_text().partition("scripts/test\n")[2]
    for looked, code in (("x\n" * 19, 1), ("x\n" * 20, 0)):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
            names.write(looked)
            names.flush()
            done = subprocess.run(["bash", "-euc", script], env={**os.environ, "LOOKED": names.name}, check=False)
        assert done.returncode == code
