"""The rules of the house that no linter knows. Each message says what to do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("connector", "webhooks", "mappings")
LINES_MAX, LINES_MAX_IN_TESTS, FUNCTION_LINES_MAX, PARAMETERS_MAX = 300, 450, 40, 5
# Functions with more parameters, by package. The numbers may only fall.
MORE_PARAMETERS = {"connector/sandbox": 9, "connector/storage": 3}
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {
        "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "sleep",
        "gmtime", "localtime", "ctime", "strftime",
    },
    "os": {"urandom", "getrandom", "times"},
    "uuid": {"uuid1", "uuid4"},
    "random": {"random", "randint", "choice", "choices", "shuffle", "randrange", "sample", "uniform", "SystemRandom"},
}  # fmt: skip
MAKES_A_KEY = {"connector/bootstrap.py", "connector/admin/keys.py"}  # once an installation; for those who come in
NO_SQL = {"Connection", "make_url", "URL", "ArgumentError", "SQLAlchemyError"}  # handed on, addressed, at fault
ASKS_THE_SYSTEM = {
    "connector/clock.py",
    "connector/sandbox/__main__.py",
    "connector/sandbox/server.py",
    "connector/sandbox/salesforce/pubsub.py",
}


def tracked(*suffixes: str) -> list[Path]:
    """The project's files, as git knows them; all of them where there is no git."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listing.stdout.split("\n") if listing.returncode == 0 else map(str, ROOT.rglob("*"))
    return [ROOT / name for name in names if name.endswith(suffixes) and (ROOT / name).is_file()]


@lru_cache(maxsize=1)
def modules() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in tracked(".py")}


def product() -> dict[str, ast.Module]:
    return {name: tree for name, tree in modules().items() if name.startswith(PRODUCT)}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def test_files_are_short():
    long = {
        name: lines
        for name in modules()
        if (lines := len((ROOT / name).read_text().splitlines()))
        > (LINES_MAX_IN_TESTS if name.startswith("tests/") else LINES_MAX)
    }
    assert not long, "split them by what they are about"


def test_functions_are_short():
    long = {
        f"{name}:{one.name}" for name, one in functions() if (one.end_lineno or 0) - one.lineno >= FUNCTION_LINES_MAX
    }
    assert not long, "each is two decisions, or a loop around one"


def test_functions_take_few_parameters():
    many = Counter(
        "/".join(name.split("/")[:2])
        for name, one in functions()
        if name.startswith((*PRODUCT, "scripts")) and parameters(one) > PARAMETERS_MAX
    )
    grown = {package: number for package, number in many.items() if number > MORE_PARAMETERS.get(package, 0)}
    assert not grown, "gather what belongs together into a value"


def parameters(one: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [arg.arg for arg in (*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def test_nothing_is_called_by_what_it_is_not():
    empty = re.compile(r"(utils?|helpers?|managers?|misc|common|base)$", re.IGNORECASE)
    named = [name for name in modules() if empty.fullmatch(Path(name).stem) or empty.fullmatch(Path(name).parent.name)]
    named += [
        f"{name}:{node.name}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and re.search(r"(Utils?|Helpers?|Managers?)$", node.name)
    ]
    assert not named, "name them for what they do"


def test_every_module_opens_with_its_theory():
    silent = [name for name, tree in product().items() if not ast.get_docstring(tree)]
    assert not silent, "say in the docstring what comes in, what goes out and what always holds"


def test_only_the_clock_asks_the_system_for_time_or_chance():
    """The sandbox knows none of us, so its process has a clock of its own, and its servers wait where they are slow."""
    asking = [
        f"{name}:{node.lineno}"
        for name, tree in product().items()
        if name not in ASKS_THE_SYSTEM
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCKS.get(ast.unparse(node.value).removeprefix("datetime."), ())
    ]
    asking += [
        f"{name}:{node.lineno}"
        for name, tree in product().items()
        if name not in ASKS_THE_SYSTEM
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in CLOCKS
        and {alias.name for alias in node.names} & CLOCKS[node.module]
    ]
    assert not asking, "take `now`, a Clock or Dice as an argument"


def test_only_the_installation_makes_a_key():
    making = {name for name, tree in product().items() if "secrets" in imported(tree)}
    assert making == MAKES_A_KEY, "what decides anything rolls the Dice it is handed"


def imported(tree: ast.Module) -> set[str]:
    """The modules of others that a module names, by their first part."""
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in named}


def test_every_public_name_says_what_it_is():
    """Each public class, function and method of a public class; a private one speaks through its name."""
    silent = [
        f"{name}:{one.lineno} {one.name}"
        for name, tree in product().items()
        for one in published(tree)
        if not ast.get_docstring(one) and not any("setter" in ast.unparse(each) for each in one.decorator_list)
    ]
    assert not silent, "give types, units, errors and the source of the fact where the name does not"


def published(parent: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in parent.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from published(node)


def test_sql_is_written_in_storage_only():
    strange = [
        f"{name}:{node.lineno}"
        for name, tree in product().items()
        if not name.startswith("connector/storage/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("sqlalchemy")
        and {alias.name for alias in node.names} - NO_SQL
    ]
    strange += [
        f"{name}:{node.lineno}"
        for name, tree in product().items()
        if not name.startswith("connector/storage/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(alias.name.startswith("sqlalchemy") for alias in node.names)
    ]
    assert not strange, "add a function to the table's module in connector/storage"


def test_every_excuse_has_its_reason():
    noqa = re.compile(r"#\s*noqa\b(?!:\s*[A-Z0-9, ]+(#|-)\s*\S.{3,})")
    ignore = re.compile(r"#\s*type:\s*ignore\b(?!\[[\w, -]+\]\s*(#|-)\s*\S.{3,})")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if noqa.search(line) or (path.relative_to(ROOT).parts[0] in PRODUCT and ignore.search(line))
    ]
    assert not bare, "write the reason on the same line"


def test_no_test_is_skipped_or_expected_to_fail():
    skip = re.compile(r"\b(mark\.(skip|skipif|xfail)|pytest\.(skip|xfail|importorskip)|unittest\.skip)\b")
    skipped = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if skip.search(line)
    ]
    assert not skipped


def test_no_file_names_a_machine_or_a_registry():
    """What the repository says must be true on every machine."""
    places = re.compile(
        r"(?<![\w.])/(root|home|Users|work)/\w|\.pyenv\b|" + "|".join(("py" + r"pi\.org", "npm" + r"js\.(org|com)"))
    )
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py", ".md", ".yaml", ".toml", ".txt", ".html", "demo", "test", "check", "docs", "run")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if places.search(line)
    ]
    assert not named


def test_every_room_has_its_place_in_the_layers():
    """A package that no contract names could import anything. The sandbox has a contract of its own; the clock none."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = set(re.findall(r"connector\.(\w+)", " ".join(layers))) | {"sandbox", "clock", "__init__"}
    rooms = {Path(name).relative_to("connector").parts[0] for name in modules() if name.startswith("connector/")}
    assert {room.removesuffix(".py") for room in rooms} - named == set(), "add it to the layers in pyproject.toml"


def test_the_import_contracts_hold():
    """The layers, the purity of the core, the sandbox's independence, and each client library behind its adapter."""
    linter = Path(sys.executable).parent / "lint-imports"
    said = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix)
)
def test_scripts_can_be_run_from_anywhere(name: str):
    script = ROOT / "scripts" / name
    assert script.stat().st_mode & 0o111, f"chmod +x scripts/{name}"
    assert 'cd "$(dirname "$0")/.."' in script.read_text()
