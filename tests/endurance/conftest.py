"""Fixtures of the endurance tests: how long they last, and a PostgreSQL server that may be pulled away under them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endurance.lengths import Length, length
from tests.endurance.postgres import Postgres, new_database, postgres
from tests.endurance.spread import Spread
from tests.endurance.stage import Stage, stage

CALL_S = 0.3  # of every call to a CRM, as in life; long enough to strike in the middle of one


@pytest.fixture(scope="session")
def long() -> Length:
    """How long misfortunes last."""
    return length()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """PostgreSQL, of this file's own."""
    with postgres() as one:
        yield one


@pytest.fixture
def on_postgres(server: Postgres, tmp_path: Path, long: Length) -> Iterator[Stage]:
    """A world and an installation on a database of its own; nothing of the bridge runs yet."""
    with stage(tmp_path, new_database(server, tmp_path.name[-60:]), people=long.people) as one:
        one.world.services.settings.latency_s = CALL_S
        yield one


@pytest.fixture
def on_sqlite(tmp_path: Path, long: Length) -> Iterator[Stage]:
    """Likewise, on a file."""
    with stage(tmp_path, f"sqlite:///{tmp_path / 'store.db'}", people=long.people) as one:
        one.world.services.settings.latency_s = CALL_S
        yield one


@pytest.fixture
def spread(on_postgres: Stage, request: pytest.FixtureRequest) -> Spread:
    """All of it, running; the seed is the test's own."""
    return Spread(on_postgres, seed=len(request.node.name))
