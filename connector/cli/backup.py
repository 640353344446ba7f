"""backup, restore: the store as one file, and back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.markup import escape

from connector.cli.frame import DONE, command, config_option, count, err, installation, say, store
from connector.clock import SystemClock
from connector.errors import Refused
from connector.storage import backup as copying
from connector.storage import links, pulses
from connector.storage.database import Database

ALIVE_FOR = timedelta(seconds=60)
_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@command("backup", "smarketing backup store-$(date +%F).db", "smarketing backup --force latest.db")
@_file
@config_option
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def backup(file: Path, config: Path, *, force: bool) -> int:
    """Write the whole store to one file, while it is in use.

    FILE becomes an SQLite file of one moment that only you may read, whatever database the store is in. It holds
    personal data, and the secrets that the store keeps. It can be restored into either database.
    """
    with store(config) as (_, database):
        copying.write(database, file, force=force)
        with database.read() as conn:
            linked = links.count(conn)
    say(err, f"wrote {escape(str(file))}: {count(linked, 'linked pair')}")
    return DONE


@command("restore", "smarketing restore store-2026-11-02.db", "smarketing restore --moving store.db")
@_file
@config_option
@click.option("--moving", is_flag=True, help="The store only moves: nothing has happened since the backup.")
def restore(file: Path, config: Path, *, moving: bool) -> int:
    """Put a backup in the place of the store.

    Stop every process of the bridge first. The store as it was is kept in a file beside it (of PostgreSQL: beside
    config.yaml). Who was erased since FILE was made stays erased, and no notice is sent again; the next sync compares
    everything.
    """
    with store(config) as (_, database), copying.opened(file) as source:
        _refuse_company(database)
        aside = (database.file or config).parent / f"before-restore-{SystemClock().now():%Y%m%d-%H%M%S}.db"
        copying.write(database, aside)
        with source.read() as old, database.begin() as conn:
            copying.replace(conn, old, moving=moving)
            linked = links.count(conn)
    again = 0 if moving else _settled(config)
    say(err, f"restored {escape(str(file))}: {count(linked, 'linked pair')}; what was there is in {escape(str(aside))}")
    if again:
        say(
            err,
            f"removed {count(again, 'record')} again of people who were erased since then",
        )
    say(err, "Next: smarketing check" if moving else "Next: smarketing plan, for the next sync compares everything")
    return DONE


def _refuse_company(database: Database) -> None:
    now: datetime = SystemClock().now()
    with database.read() as conn:
        alive = pulses.alive(conn, now, ALIVE_FOR)
    if alive:
        named = ", ".join(sorted(one.name for one in alive))
        raise Refused(f"the store is in use by {named}; stop it, wait a minute, then restore again")


def _settled(config: Path) -> int:
    from connector.engine.restoring import settle  # noqa: PLC0415  # the engine takes long to load

    with installation(config, connect=False) as opened:
        return settle(opened.bridge)


COMMANDS = (backup, restore)
