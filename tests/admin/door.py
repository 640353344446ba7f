"""A web application with its pages over a store of its own: no CRM, no browser; and a clock that tests set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.test import TestResponse

from connector.admin import passwords
from connector.admin.accounts import Accounts
from connector.admin.app import install
from connector.admin.desk import Desk
from connector.admin.doorkeeper import doorkeeper
from connector.admin.roles import Role
from connector.config.service import Web, Webhooks
from connector.engine.story import ACT
from connector.errors import Misconfigured
from connector.storage import events
from connector.storage.database import Database, migrate, open_database
from webhooks.app import House, create_app
from webhooks.inbox import Writer

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


class Watch:
    """A clock that stands until it is set on."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def on(self, **span: float) -> None:
        self.at += timedelta(**span)


class Even:
    """Dice that always show the same."""

    def roll(self) -> float:
        return 0.5


class Closed:
    """An office without files: no page that is tested here reads any."""

    def loaded(self) -> Any:
        raise Misconfigured([])

    bridge = live = loaded


@dataclass
class Front:
    """The application, and what tests look at."""

    app: Any
    database: Database
    watch: Watch

    def client(self) -> FlaskClient:
        """A browser that has never been here."""
        return self.app.test_client()

    def user(self, name: str, role: Role = Role.VIEWER) -> None:
        """Somebody who may sign in with PASSWORD."""
        self.accounts().add(name, role, PASSWORD)

    def accounts(self, by: str = "grace") -> Accounts:
        return Accounts(self.database, self.watch, by)

    def signed_in(self, name: str) -> FlaskClient:
        """A browser in which somebody is signed in."""
        client = self.client()
        assert sign_in(client, name).status_code == 303
        return client

    def acts(self) -> list[dict[str, Any]]:
        """Every act that was recorded, oldest first."""
        with self.database.read() as conn:
            return [dict(one.payload) for one in events.since(conn, NOON, 1000) if one.kind == ACT]


def token_of(client: FlaskClient, path: str = "/admin/sign-in") -> str:
    """The token of the forms on a page."""
    found = _TOKEN.search(client.get(path).text)
    assert found, "a form with a token"
    return found[1]


def post(
    client: FlaskClient, path: str, form: dict[str, str] | None = None, page: str = "/admin/sign-in", **more: Any
) -> TestResponse:
    """Send a form of a page, with its token."""
    return client.post(path, data={**(form or {}), "csrf_token": token_of(client, page)}, **more)


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, onward: str = "", **more: Any) -> TestResponse:
    """Fill the sign-in form in and send it."""
    return post(client, "/admin/sign-in", {"name": name, "password": password, "next": onward}, **more)


@cache
def empty_store() -> bytes:
    """The file of a store of today's schema."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        database = open_database(f"sqlite:///{path}")
        migrate(database)
        database.close()
        return path.read_bytes()


class Compiled(BytecodeCache):
    """Templates, compiled once for all applications."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@contextmanager
def front(folder: Path, web: Web | dict[str, Any] | None = None) -> Iterator[Front]:
    """The application over an empty store, or over the one that another has in that folder."""
    settings, store = Web.model_validate(web or {}), folder / "front.db"
    if not store.exists():
        store.write_bytes(empty_store())
    database = open_database(f"sqlite:///{store}")
    watch, dice = Watch(), Even()
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # the real ones take an eighth of a second
    with Writer(database) as writer, patch.object(passwords, "_HASHER", quick):
        app = create_app(settings, Webhooks(), House(database, writer, watch, dice))
        install(app, Desk(folder / "config.yaml", {}, settings, database, watch, dice, Closed()), doorkeeper)
        app.jinja_env.bytecode_cache = COMPILED
        yield Front(app, database, watch)
    database.close()
