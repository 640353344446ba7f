"""The stores that processes die on: of every kind, and cheap to begin anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.crashes.stage import Stage
from tests.crashes.stores import File, Memory, Postgres, Store
from tests.crashes.stories import Story

Staged = Callable[[type[Story], str], Stage]


@pytest.fixture(scope="module")
def postgres_store(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """One migrated schema on a server, for all the stories of a module."""
    url = make_url(request.getfixturevalue("postgres_url"))
    server, schema = create_engine(url, isolation_level="AUTOCOMMIT"), f"crashes_{os.getpid()}_{id(request)}"
    with server.connect() as conn:
        conn.execute(text(f"CREATE SCHEMA {schema}"))
    named = url.update_query_dict({"options": f"-csearch_path={schema}"})
    store = Postgres(named.render_as_string(hide_password=False))
    yield store
    store.close()
    with server.connect() as conn:
        conn.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    server.dispose()


@pytest.fixture
def staged(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Staged]:
    """A function that puts a story on a store of a kind ("memory", "file" or "postgres")."""
    opened: list[Store] = []

    def stage(kind: type[Story], store: str) -> Stage:
        if store == "postgres":
            shared: Postgres = request.getfixturevalue("postgres_store")
            shared.clear()
            return Stage(kind, shared, tmp_path)
        opened.append(Memory() if store == "memory" else File(tmp_path))
        return Stage(kind, opened[-1], tmp_path)

    yield stage
    for store in opened:
        store.close()
