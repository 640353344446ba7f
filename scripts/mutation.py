"""The mutation score of connector/core: how many small breakages of the core its tests notice.

mutmut makes the mutants and runs, for each, the tests in tests/core that reach it, in a copy of the project that is
thrown away. What survives is tried once more in a process of its own: with the laws, which take a thousand times as
long, and with the mutant in force while modules are imported, because tables are built then. Survivors that no test
could notice stand with their reasons in tests/core/equivalent_mutants.toml; they count neither for nor against, and an
entry that fits nothing any more is an error.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from dataclasses import asdict, dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from rich.console import Console
from rich.progress import track
from rich.table import Column, Table

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = ROOT / "tests" / "core" / "equivalent_mutants.toml"
NEEDED = ("connector", "webhooks", "mappings", "tests/core", "tests/laws", "tests/conftest.py", "pyproject.toml")
CORE = "connector.core."
TRIAL = ("--hypothesis-seed=0", "tests/core", "tests/laws")  # a seed, so that a score is the same twice
NOTICED = {"killed", "timeout", "segfault"}
FLOOR = 95.0
_OUT = Console(highlight=False, soft_wrap=True)

Entry = tuple[str, str]  # a function of the core, and what one of its lines became


@dataclass(frozen=True)
class Mutant:
    """One breakage. `status` is noticed, survived or equivalent; line and change are known of the latter two."""

    name: str
    status: str
    line: int = 0
    was: str = ""
    becomes: str = ""

    @property
    def module(self) -> str:
        """The module of the core, `merge`."""
        return self.name.removeprefix(CORE).split(".")[0]

    @property
    def function(self) -> str:
        """Where it is: `merge._settle`, `merge._Field.decide`."""
        mangled = self.name.removeprefix(f"{CORE}{self.module}.").rpartition("__mutmut_")[0]
        name = mangled.removeprefix("x_") if mangled.startswith("x_") else ".".join(mangled.split("ǁ")[1:])
        return f"{self.module}.{name}"


def main() -> None:
    """Run, print, and exit by the floor."""
    asked = _arguments()
    known = equivalents()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        _copy(Path(folder), asked.module)
        with chdir(folder):
            _run(asked.workers)
            mutants = list(_judged(known, asked.workers))
    stale = [] if asked.module else sorted(known.keys() - {(one.function, one.becomes) for one in mutants})
    _print(mutants)
    if asked.json:
        asked.json.write_text(json.dumps(summary(mutants), indent=1) + "\n")
    for function, becomes in stale:
        _OUT.print(f"No such survivor any more, take it from {EQUIVALENT.name}: {function}: {becomes}", markup=False)
    sys.exit(1 if stale or score(mutants) < asked.floor else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The mutation score of connector/core.")
    parser.add_argument("--module", action="append", default=[], help="only this module of the core, e.g. merge")
    parser.add_argument("--floor", type=float, default=FLOOR, help=f"least score in percent (default {FLOOR})")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="mutants tried at the same time")
    parser.add_argument("--json", type=Path, help="write the score and every survivor to this file")
    return parser.parse_args()


def equivalents() -> dict[Entry, str]:
    """The mutants no test could notice, with the reason of each."""
    groups = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    return {(group["function"], becomes): group["reason"] for group in groups for becomes in group["becomes"]}


def score(mutants: Sequence[Mutant]) -> float:
    """Percent of the mutants that could be noticed and were."""
    count = Counter(one.status for one in mutants)
    able = count["noticed"] + count["survived"]
    return 100.0 * count["noticed"] / able if able else 100.0


def summary(mutants: Sequence[Mutant]) -> dict[str, object]:
    """Everything for machines: overall, by module, and each survivor."""
    modules = sorted({one.module for one in mutants})
    return {
        "score": round(score(mutants), 2),
        "mutants": Counter(one.status for one in mutants),
        "modules": {name: round(score([one for one in mutants if one.module == name]), 2) for name in modules},
        "survivors": [asdict(one) | {"function": one.function} for one in mutants if one.status == "survived"],
    }


def _copy(folder: Path, modules: Sequence[str]) -> None:
    """What mutmut needs, set to mutate these modules; all of the core where none is named."""
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    settings = (ROOT / "pyproject.toml").read_text()
    only = json.dumps([f"connector/core/{name}.py" for name in modules or ["*"]])
    (folder / "pyproject.toml").write_text(re.sub(r"(?m)^only_mutate = .*$", f"only_mutate = {only}", settings))


def _run(workers: int) -> None:
    """Let mutmut make and try the mutants in the current folder; it shows its own progress."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers)]
    done = subprocess.run(command, check=False)  # noqa: S603 - ours
    if done.returncode:
        sys.exit("The tests of the core must pass before they can be judged; see above.")


def _judged(known: Mapping[Entry, str], workers: int) -> Iterator[Mutant]:
    """Every mutant with its status. Those that live on, and are not known as equivalent, get their second trial."""
    living: list[Mutant] = []
    for name, status in _results():
        if status in NOTICED:
            yield Mutant(name, "noticed")
            continue
        mutant = _changed(name, known)
        if mutant.status == "equivalent":
            yield mutant
        else:
            living.append(mutant)
    with ThreadPoolExecutor(workers) as pool:
        trials = pool.map(_survives, living)
        for mutant, survives in zip(living, track(trials, "Once more", total=len(living), console=_OUT), strict=True):
            yield mutant if survives else Mutant(mutant.name, "noticed")


def _results() -> Iterator[Entry]:
    """Name and status of every mutant, as mutmut reports them."""
    command = [sys.executable, "-m", "mutmut", "results", "--all", "true"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours
    for line in said.splitlines():
        name, _, status = line.strip().partition(": ")
        if name.startswith(CORE):
            yield name, status


def _changed(name: str, known: Mapping[Entry, str]) -> Mutant:
    """A mutant with its place and its change."""
    mutant = Mutant(name, "survived")
    path = Path(f"connector/core/{mutant.module}.py")
    diff = get_diff_for_mutant(name, path=path).splitlines()
    was, becomes = (
        [line[1:].strip() for line in diff if line.startswith(sign) and not line.startswith(sign * 3)] for sign in "-+"
    )
    status = "equivalent" if (mutant.function, " ".join(becomes)) in known else "survived"
    return Mutant(name, status, _line(path, mutant.function, was[0]), " ".join(was), " ".join(becomes))


def _line(path: Path, function: str, text: str) -> int:
    """Where a line of a function stands in its file; 0 when it cannot be told."""
    source = path.read_text()
    name = function.rpartition(".")[2]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                if source.splitlines()[number - 1].strip() == text:
                    return number
    return 0


def _survives(mutant: Mutant) -> bool:
    """Whether the tests pass with the mutant in force from the first import on."""
    command = [sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:cacheprovider", *TRIAL]
    environment = os.environ | {"MUTANT_UNDER_TEST": mutant.name, "PYTHONPATH": "."}
    done = subprocess.run(command, cwd="mutants", env=environment, capture_output=True, check=False)  # noqa: S603 - ours
    return done.returncode == 0


def _print(mutants: Sequence[Mutant]) -> None:
    for one in sorted(mutants, key=lambda one: (one.module, one.line)):
        if one.status == "survived":
            _OUT.print(f"connector/core/{one.module}.py:{one.line}  {one.function}\n  - {one.was}", markup=False)
            _OUT.print(f"  + {one.becomes}", markup=False)
    table = Table("module", *(Column(name, justify="right") for name in ("noticed", "survived", "equivalent", "score")))
    for module in [*sorted({one.module for one in mutants}), ""]:
        of_it = [one for one in mutants if one.module == module or not module]
        count = Counter(one.status for one in of_it)
        figures = (str(count[status]) for status in ("noticed", "survived", "equivalent"))
        table.add_row(module or "all", *figures, f"{score(of_it):.1f} %")
    _OUT.print(table)


if __name__ == "__main__":
    main()
