"""A bridge at work with its pages open: two sandbox CRMs behind real HTTP, a synced installation, the web beside it.

Time stands still (the world's clock) unless something waits. `House.client` is a Flask client that is signed in by a
session in the store, `House.url` is where browsers find the same application.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from connector.admin import keys
from connector.admin.roles import Role
from connector.clock import SystemDice
from connector.config.load import load
from connector.core.refs import Ref, Side, hubspot
from connector.sandbox.server import Server
from connector.service.web import application
from connector.storage import sessions, users
from connector.storage.database import Database, open_database
from connector.storage.sessions import Session
from connector.storage.users import User
from tests.admin.past import Past, configure, live_through, new_world

COOKIE = "smarketing_session"
NAMES = {Role.VIEWER: "vera", Role.OPERATOR: "otto", Role.ADMIN: "anna"}


@dataclass
class House:
    """What a test may look at and act on.

    Attributes:
        past: the world, and who is who in it.
        url: where the pages are, without /admin/.
    """

    past: Past
    app: Flask
    database: Database
    url: str

    def sign_in(self, role: Role) -> str:
        """A new session; what the cookie of its browser holds."""
        key, now = keys.fresh(), self.past.now()
        with self.database.begin() as conn:
            sessions.begin(conn, Session(keys.digest(key), NAMES[role], now, now))
        return key

    def client(self, role: Role | None) -> Client:
        """Somebody with that role, without a browser; None: a stranger."""
        client = Client(self.app, use_cookies=True)
        if role is not None:
            client.key = self.sign_in(role)
            client.set_cookie(COOKIE, client.key)
        return client

    def contact(self, name: str) -> Ref:
        """The HubSpot record of somebody in the story."""
        return hubspot("contacts", self.past.contacts[name])

    def record(self, side: Side, name: str) -> dict[str, Any]:
        """What a side holds of somebody in the story."""
        known = (self.past.contacts if side is Side.HUBSPOT else self.past.leads)[name]
        return next(each.values for each in self.past.world.people(side.value) if each.id == known)


class Client(FlaskClient):
    """A signed-in client that brings the token of its forms."""

    key = ""

    def act(self, path: str, **form: Any) -> TestResponse:
        """Send a form of ours; lists are several values of one name."""
        token = keys.Secret(self.application.extensions["smarketing_door"].desk.database).signed("csrf", self.key)
        return self.post(path, data={"csrf_token": token, **form})


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Build it all, and keep it open until the block ends."""
    world = new_world()
    now = world.services.clock.now
    with Server(world.door("hubspot"), now) as one, Server(world.door("salesforce"), now) as other:
        configure(folder, {"hubspot": one.url, "salesforce": other.url})
        past = Past(world, folder)
        live_through(past)
        with opened(past) as found:
            yield found


@contextmanager
def opened(past: Past) -> Iterator[House]:
    """The web application of an installation, served until the block ends, with a user of each role."""
    settings = load(past.config, past.around.env).settings
    database = open_database(settings.database.url.reveal())
    try:
        around = replace(past.around, dice=SystemDice())
        with application(past.config, settings, database, around) as app, serving(app) as url:
            found = House(past, app, database, url)
            _let_in(found)
            yield found
    finally:
        database.close()


def _let_in(found: House) -> None:
    with found.database.begin() as conn:
        for role, name in NAMES.items():
            users.add(
                conn, User(name, f"{name.title()} Example", role.word, "none", active=True, added_at=found.past.now())
            )


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application over HTTP; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
