"""Procrastinate in our store: its tables, and the connection its workers use.

Its tables (procrastinate_*) stand beside ours, in the schema that `database.url` leads to, and are made and upgraded as
ours are: by whoever comes first, while the others wait. Procrastinate itself remembers no version, so we remember the
last of its migrations that was applied. Tables that somebody else made are not ours to change, and a store that a newer
Procrastinate was at work in is refused. Jobs are worth nothing by themselves: a store restored without them is made new
tables, and what is due is found in ours.
"""

from __future__ import annotations

from importlib.resources import files

from procrastinate import App, PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from connector.errors import Misconfigured, Problem
from connector.storage import migration, queue, state
from connector.storage.addresses import watchful
from connector.storage.database import Database

APPLIED = "procrastinate schema"  # under this name the last migration applied is remembered
_FOREIGN = (
    "the tables of Procrastinate in this database were not made by the bridge; "
    "give the bridge a database, or a schema, of its own"
)
_CONNECTIONS_MAX = (
    4  # of Procrastinate's own, beside the store's: heartbeat, fetching, finishing; listening has one more
)


def prepare(database: Database) -> None:
    """Bring Procrastinate's tables to what the installed version needs; several callers take turns.

    Raises:
        Misconfigured: when the tables are not ours, or of a newer version than the installed one.
    """
    while not _one_step(database):
        pass


def app_for(url: str) -> App:
    """Procrastinate on the database of that URL; to be opened."""
    address = watchful(make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg"))
    _, told = address.get_dialect()().create_connect_args(address)  # libpq reads a URL's "+" otherwise than the store
    return App(connector=PsycopgConnector(conninfo=make_conninfo(**told), min_size=1, max_size=_CONNECTIONS_MAX))


def _one_step(database: Database) -> bool:
    """Make the tables, or apply the next migration; whether nothing is left to do.

    Each is a transaction of its own, for a value added to an enumeration can be used in the next one only.
    """
    with database.begin() as conn:
        migration.take_turns(conn)
        applied = state.get(conn, APPLIED)
        known = _migrations()
        if not queue.is_made(conn):
            queue.run_script(conn, SchemaManager.get_schema())
            state.put(conn, APPLIED, known[-1])
            return True
        if applied not in known:
            raise _misconfigured(_too_old(applied) if applied else _FOREIGN)
        later = [name for name in known if name > applied]
        if later:
            queue.run_script(
                conn, files("procrastinate.sql").joinpath("migrations", later[0]).read_text(encoding="utf-8")
            )
            state.put(conn, APPLIED, later[0])
        return len(later) <= 1


def _migrations() -> list[str]:
    """The names of all migrations of the installed version, oldest first."""
    names = (one.name for one in files("procrastinate.sql").joinpath("migrations").iterdir())
    return sorted(name for name in names if name.endswith(".sql"))


def _too_old(applied: str) -> str:
    return (
        f"Procrastinate's tables are at {applied}, which the installed version does not know; "
        "install the version of the bridge that was at work here, or a later one"
    )


def _misconfigured(message: str) -> Misconfigured:
    return Misconfigured([Problem("config.yaml", 0, "database.url", message)])
