"""A web application with its pages over a store of its own: no CRM, no browser; and a clock that tests set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from argon2 import PasswordHasher
from flask.testing import FlaskClient
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


@contextmanager
def front(folder: Path, web: Web | dict[str, Any] | None = None, url: str = "") -> Iterator[Front]:
    """The application over an empty store."""
    settings = Web.model_validate(web or {})
    database = open_database(url or f"sqlite:///{folder / 'front.db'}")
    migrate(database)
    watch, dice = Watch(), Even()
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # the real ones take an eighth of a second
    with Writer(database) as writer, patch.object(passwords, "_HASHER", quick):
        app = create_app(settings, Webhooks(), House(database, writer, watch, dice))
        install(app, Desk(folder / "config.yaml", {}, settings, database, watch, dice, Closed()), doorkeeper)
        yield Front(app, database, watch)
    database.close()
