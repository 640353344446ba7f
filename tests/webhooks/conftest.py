"""What the tests of webhooks share: a store, its writer, and an application at which every webhook is received."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from connector.config.service import Web
from connector.core.refs import Side
from connector.storage import bindings
from connector.storage.database import Database, migrate, open_database
from tests.webhooks.doorstep import ORG_18, Doorstep, all_webhooks, knock
from webhooks.inbox import Writer


@pytest.fixture(autouse=True)
def plain_lines() -> Iterator[None]:
    """Log lines in plain text: the usual rendering of a traceback for people takes seconds."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture
def store() -> Iterator[Database]:
    """A store that is bound to an org, in memory."""
    database = open_database("sqlite://")
    migrate(database)
    with database.begin() as conn:
        bindings.bind(conn, Side.SALESFORCE, ORG_18)
    yield database
    database.close()


@pytest.fixture
def writer(store: Database) -> Iterator[Writer]:
    with Writer(store, counts_wait_s=0.02) as writer:
        yield writer


@pytest.fixture
def doorstep(store: Database, writer: Writer) -> Doorstep:
    """Every webhook is configured."""
    return knock(Web(), all_webhooks(), store, writer)
