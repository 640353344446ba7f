"""Stores as earlier versions of the bridge left them: their schema, with the rows of a store of today."""

from __future__ import annotations

from datetime import UTC, datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, func, insert, select

from connector.core.plan import Agreed, Memory
from connector.core.refs import hubspot, salesforce
from connector.storage import links, migration
from connector.storage.database import Database, migrate, open_database
from connector.storage.links import NewLink

OLDER = tuple(reversed(migration._known()[1:]))
NOT_OURS = ("alembic_version", "sqlite_sequence")
DAY = datetime(2026, 11, 2, tzinfo=UTC)


def at_revision(url: str, revision: str, source: Database | None = None) -> None:
    """Make a store of that revision, with the rows of another as far as it knows their columns."""
    database = open_database(url)
    with database.begin() as conn:
        config = Config()
        config.set_main_option("script_location", "connector.storage:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    if source is None:
        source = open_database("sqlite://")
        migrate(source)
        with source.begin() as conn:
            memory = Memory({"name": Agreed("Ann", "ann")})
            pairs = [(hubspot("contacts", str(number)), salesforce("Lead", f"00Q{number:015}")) for number in (1, 2)]
            links.insert(conn, [NewLink("p", *pair, memory) for pair in pairs], DAY)
    with source.read() as told, database.begin() as conn:
        copy(told, conn)
    database.close()


def copy(source: Connection, target: Connection) -> None:
    schema = MetaData()
    schema.reflect(target)
    for table in schema.sorted_tables:
        if table.name in NOT_OURS:
            continue
        columns = [column for column in table.c if column.computed is None]
        found = [dict(row) for row in source.execute(select(*columns)).mappings()]
        if found:
            target.execute(insert(table), found)
            if target.dialect.name == "postgresql" and table.autoincrement_column is not None:
                last = max(row["id"] for row in found)
                target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
