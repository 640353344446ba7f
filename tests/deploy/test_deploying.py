"""What ships for running it names commands, settings, files and variables that exist."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

from connector.cli import main
from connector.service.embedded import STOP_S
from connector.service.server import GRACE_S
from webhooks.app import _PATHS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
LASTING = [unit for unit in UNITS if "backup" not in unit.name]
BINARY = "/opt/smarketing/bin/smarketing"
PAGES = "".join(page.read_text() for page in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "config.example.yaml"])
SECRETIVE = re.compile(r"TOKEN|SECRET|PASSWORD|_URL$")


def unit(path: Path) -> configparser.ConfigParser:
    """A unit file; of a key that stands twice the last one counts here."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the module's own way to keep capitals
    parser.read_string(path.read_text())
    return parser


def accepts(words: list[str]) -> None:
    """Fail unless the command line takes these words; nothing is run."""
    name, *arguments = words
    command = main.get_command(click.Context(main), name)
    assert command is not None, f"there is no command {name!r}"
    command.make_context(name, list(arguments))


def started(text: str) -> list[str]:
    """The words after the program, in whatever shell they stand."""
    words = shlex.split(text)
    if words[0] == "/bin/sh":
        words = shlex.split(words[2].removeprefix("exec ").replace("%%", "%"))
    assert words[0] == BINARY
    return words[1:]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_every_unit_starts_a_command_that_there_is(path: Path):
    accepts(started(unit(path)["Service"]["ExecStart"]))


def test_the_units_run_all_that_has_to_run():
    commands = {started(unit(path)["Service"]["ExecStart"])[0] for path in UNITS}
    assert commands == {"run", "web", "worker", "backup"}


@pytest.mark.parametrize("path", LASTING, ids=lambda path: path.name)
def test_a_unit_is_shut_in_and_given_the_time_to_end(path: Path):
    service = unit(path)["Service"]
    shut = {name: service.get(name) for name in ("NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp")}
    assert shut == {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes"}
    assert service["User"] == "smarketing"
    assert service["CapabilityBoundingSet"] == ""
    assert service["UMask"] == "0077"
    assert int(service["TimeoutStopSec"]) > GRACE_S + STOP_S
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert unit(path)["Install"]["WantedBy"] == "multi-user.target"


def test_systemd_itself_finds_nothing_wrong_where_it_is_there(tmp_path: Path):
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text().replace(BINARY, "/bin/true")
        assert path.suffix == ".timer" or "/bin/true" in text
        (tmp_path / path.name).write_text(text)
    if tool := shutil.which("systemd-analyze"):
        units = [str(path) for path in sorted(tmp_path.iterdir())]
        said = subprocess.run([tool, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
        ours = [line for line in said.stderr.splitlines() if "smarketing" in line]
        assert ours == []


def test_the_timer_starts_a_unit_of_its_name():
    for timer in (DEPLOY / "systemd").glob("*.timer"):
        assert timer.with_suffix(".service") in UNITS


def variables() -> dict[str, str]:
    """The variables of the sample, those that are not in use included."""
    text = (DEPLOY / "smarketing.env.example").read_text()
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def test_every_variable_of_the_sample_is_explained_somewhere():
    assert len(variables()) > 12
    assert [name for name in variables() if not re.search(rf"\b(env:)?{name}\b", PAGES)] == []


def test_every_secret_that_the_example_configuration_names_is_in_the_sample():
    named = set(re.findall(r"env:([A-Z][A-Z0-9_]+)", (ROOT / "config.example.yaml").read_text())) - {"NAME"}
    assert named - variables().keys() == set()


def test_the_sample_holds_no_secret():
    filled = {name: value for name, value in variables().items() if value and SECRETIVE.search(name)}
    assert set(filled) <= {"DATABASE_URL"}
    assert "PASSWORD@" in filled.get("DATABASE_URL", "PASSWORD@")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())
    return found


def ours(compose: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, one) for name, one in compose["services"].items() if one["image"] == "smarketing")


def test_compose_runs_commands_that_there_are(compose: dict[str, Any]):
    commands = {}
    for name, service in ours(compose):
        accepts(service["command"])
        commands[name] = service["command"][0]
    assert commands == {"migrate": "migrate", "web": "web", "worker": "worker"}
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2


def test_compose_names_services_volumes_and_files_that_there_are(compose: dict[str, Any]):
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", []):
            source, _, rest = volume.partition(":")
            assert rest
            if source.startswith("./") and source != "./config":  # which `smarketing init` writes
                assert (DEPLOY / source).exists(), source
            elif not source.startswith("."):
                assert source in compose["volumes"]
    for _, service in ours(compose):
        build = service["build"]
        assert ((DEPLOY / build["context"]).resolve() / build["dockerfile"]).is_file()
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert int(service["stop_grace_period"].removesuffix("s")) > GRACE_S + STOP_S


def test_compose_asks_for_variables_that_the_docs_tell_of(compose: dict[str, Any]):
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    page = (ROOT / "docs" / "operations.md").read_text()
    assert {name for name in asked if f"`{name}`" not in page} == set()
    assert asked == {"POSTGRES_PASSWORD", "DOMAIN"}


def dockerfile() -> list[list[str]]:
    text = (DEPLOY / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_built_from_files_that_there_are_and_that_docker_may_see():
    ignored = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text().split()
    copied = [name for verb, *rest in dockerfile() if verb == "COPY" for name in rest[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert [one for one in packages if not any(fnmatch(name, one) for name in copied)] == []


def test_the_image_runs_on_a_python_that_we_support_and_not_as_root():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bases = [rest[0] for verb, *rest in dockerfile() if verb == "FROM"]
    for base in bases:
        assert SpecifierSet(project["requires-python"]).contains(base.removeprefix("python:").removesuffix("-slim"))
    users = [rest[0] for verb, *rest in dockerfile() if verb == "USER"]
    assert users == ["10001:10001"]
    extras = re.findall(r"\[([\w,]+)\]", (DEPLOY / "docker" / "Dockerfile").read_text())
    for named in extras:
        assert set(named.split(",")) <= set(project["optional-dependencies"])


def test_the_image_starts_a_command_that_there_is():
    (start,) = [" ".join(rest) for verb, *rest in dockerfile() if verb == "CMD"]
    accepts(YAML(typ="safe").load(start))


def test_proxies_let_in_webhooks_and_health_and_nothing_else(compose: dict[str, Any]):
    doors = {path.split("<")[0] for path in _PATHS.values()}
    assert all(path.startswith("/webhooks/") for path in doors)
    caddy, nginx = ((DEPLOY / "proxy" / name).read_text() for name in ("Caddyfile", "nginx.conf"))
    assert re.findall(r"path (.*)", caddy) == ["/webhooks/* /health"]
    assert re.findall(r"location (.*) \{", nginx) == ["/webhooks/", "= /health", "/"]
    port = compose["services"]["web"]["expose"][0]
    assert re.findall(r"reverse_proxy (\S+)", caddy) == [f"web:{port}"]
    assert "access_log off" in nginx, "the address of an outbound message holds a secret"
    assert "\n\tlog" not in caddy


def test_the_docs_say_what_was_run_and_what_was_not():
    page = (ROOT / "docs" / "operations.md").read_text()
    part = page[page.index("### What has been run, and what has not") :]
    assert "Docker" in part
    assert "systemd" in part
