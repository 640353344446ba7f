"""The wheel is complete: in an environment of its own it sets up an installation and a store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import venv
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from connector.config.extends import AGREED, SHIPPED
from connector.storage import migration

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connector", "webhooks", "mappings")
FILES = ("pyproject.toml", "README.md", "LICENSE")
SECRETS = {"HUBSPOT_TOKEN": "pat-na1-token", "SALESFORCE_CLIENT_SECRET": "secret-of-salesforce"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree, built from a copy so that nothing is left in it."""
    source, into = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    ran([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", f"--wheel-dir={into}", str(source)])
    (built,) = into.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; what it depends on is looked up where the tests have it."""
    folder = tmp_path_factory.mktemp("home")
    venv.create(folder, with_pip=False)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    python = str(folder / "bin" / "python")
    ran([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", str(wheel)])
    (site / "tests_have_it.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def ran(words: list[str], folder: Path | None = None, **env: str) -> str:
    """What a program said; it must have succeeded."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))} | env
    done = subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path):
    wanted = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == wanted


def test_nothing_is_imported_from_where_it_was_developed(home: Path, tmp_path: Path):
    said = ran([str(home / "bin" / "python"), "-c", "import connector, webhooks; print(connector.__file__)"], tmp_path)
    assert said.strip().startswith(str(home))


def test_it_sets_up_an_installation_and_a_store(home: Path, tmp_path: Path):
    smarketing = str(home / "bin" / "smarketing")
    assert "smarketing init" in ran([smarketing, "--help"], tmp_path)
    ran([smarketing, "init", "bridge"], tmp_path)
    written = sorted(path.relative_to(tmp_path / "bridge").as_posix() for path in (tmp_path / "bridge").rglob("*.yaml"))
    named = sorted({f"mappings/{name}.yaml" for name in (*SHIPPED, "owners", *AGREED)} | {"config.yaml"})
    assert written == named
    ran([smarketing, "migrate"], tmp_path / "bridge", **SECRETS)
    with closing(sqlite3.connect(tmp_path / "bridge" / "smarketing.db")) as store:
        assert store.execute("SELECT version_num FROM alembic_version").fetchone() == (migration._newest(),)
    assert '"links": 0' in ran([smarketing, "status", "--json"], tmp_path / "bridge", **SECRETS)
    assert "$schema" in ran([smarketing, "schema", "mapping"], tmp_path)


def test_its_extras_name_what_the_service_needs(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        told = archive.read(name).decode()
    assert {line.split(": ")[1] for line in told.splitlines() if line.startswith("Provides-Extra")} == {
        "postgres",
        "pubsub",
        "dev",
    }
    assert "Requires-Dist: procrastinate" in told
    assert "License-Expression: Apache-2.0" in told
