"""The web application of an installation, opened over its store: the writer runs, and everything is closed at the end.

Whoever has the store open already (`smarketing run`) hands it in. The other way, `opened`, reads the configuration and
opens the store itself; it never waits for the store, so that a web process comes up while the database is away and says
503 until it is back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from flask import Flask

from connector.admin import app as admin
from connector.admin.desk import Desk
from connector.admin.doorkeeper import doorkeeper
from connector.bootstrap import Surroundings
from connector.config.load import load
from connector.config.settings import Settings
from connector.core.refs import Side
from connector.engine import facts
from connector.ports import Clock, Dice
from connector.reports.metrics import metrics_text
from connector.service.beating import beating
from connector.service.office import Office
from connector.storage.database import Database, open_database
from webhooks.app import House, create_app
from webhooks.inbox import Writer


@contextmanager
def application(path: Path, settings: Settings, database: Database, around: Surroundings) -> Iterator[Flask]:
    """The application over an open store, for as long as the block lasts."""
    clock, dice = around.clock, around.dice
    zones = Zones(database)

    def metrics() -> bytes:
        return metrics_text(database, settings, clock.now(), zones.told())

    with Writer(database) as writer, closing(Office(path, around)) as office:
        house = House(database, writer, clock, dice, settings.salesforce.org_id, metrics)
        app = create_app(settings.web, settings.webhooks, house)
        if settings.web.admin.enabled:
            desk = Desk(path, around.env, settings.web, database, clock, dice, office)
            admin.install(app, desk, doorkeeper)
        yield app


@contextmanager
def opened(path: Path, env: Mapping[str, str], chance: tuple[Clock, Dice]) -> Iterator[Flask]:
    """The application that a config.yaml describes, over a store of its own that was brought up to date before.

    Raises:
        Misconfigured: with every problem.
    """
    settings = load(path, env).settings
    database = open_database(settings.database.url.reveal())
    try:
        around = Surroundings(env, *chance)
        with application(path, settings, database, around) as app, beating(database, "web", chance[0]):
            yield app
    finally:
        database.close()


class Zones:
    """Time zones of the accounts, by whose days calls are counted; asked of the store until they are known."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[Side, str] = {}

    def told(self) -> Mapping[Side, str]:
        """Them, as far as they are known."""
        if not self._known:
            known = facts.recall(self._database)
            self._known = {side: account.time_zone for side, account in known.accounts.items()} if known else {}
        return self._known
