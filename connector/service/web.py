"""The web application of an installation, opened over its store: the writer runs, and everything is closed at the end.

Whoever has the store open already (`smarketing run`) hands it in. The other way, `opened`, reads the configuration and
opens the store itself; it never waits for the store, so that a web process comes up while the database is away and says
503 until it is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from connector.config.load import load
from connector.config.settings import Settings
from connector.ports import Clock, Dice
from connector.storage.database import Database, open_database
from webhooks.app import House, create_app
from webhooks.inbox import Writer

Metrics = Callable[[], bytes]


@contextmanager
def application(
    settings: Settings, database: Database, chance: tuple[Clock, Dice], metrics: Metrics = bytes
) -> Iterator[Flask]:
    """The application over an open store, for as long as the block lasts.

    metrics: the installation's numbers in Prometheus' text format.
    """
    clock, dice = chance
    with Writer(database) as writer:
        yield create_app(
            settings.web,
            settings.webhooks,
            House(database, writer, clock, dice, settings.salesforce.org_id, metrics),
        )


@contextmanager
def opened(path: Path, env: Mapping[str, str], chance: tuple[Clock, Dice]) -> Iterator[Flask]:
    """The application that a config.yaml describes, over a store of its own that was brought up to date before.

    Raises:
        Misconfigured: with every problem.
    """
    settings = load(path, env).settings
    database = open_database(settings.database.url.reveal())
    try:
        with application(settings, database, chance) as app:
            yield app
    finally:
        database.close()
