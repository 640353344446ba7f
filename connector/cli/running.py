"""run, migrate: the whole bridge in one process, and a store brought up to this version."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from connector.cli.frame import DONE, command, config_option, err, out, say, store
from connector.cli.serving import tell_address, tell_doors, users_of
from connector.clock import SystemClock, SystemDice

if TYPE_CHECKING:
    from connector.config.settings import Settings


@command("run", "smarketing run", "smarketing run --config /etc/smarketing/config.yaml")
@config_option
def run(config: Path) -> int:
    """Keep both sides in step until stopped: webhooks, polling and all work in one process.

    What `smarketing sync` does, again and again, within seconds of a change. SIGTERM or Ctrl-C ends it once the batch
    under way is done; even a kill loses nothing. On SQLite there is one such process for a store.
    """
    from connector.service import logs  # noqa: PLC0415  # the help needs no web server
    from connector.service.embedded import at_work, refuse_second  # noqa: PLC0415  # likewise
    from connector.service.scrubbing import secrets_of  # noqa: PLC0415  # likewise
    from connector.service.server import serve  # noqa: PLC0415  # likewise
    from connector.service.web import opened  # noqa: PLC0415  # likewise

    clock = SystemClock()
    with store(config) as (loaded, database):
        settings = loaded.settings
        refuse_second(database, clock.now())
        dialect, known = database.dialect, users_of(database)
    logs.configure("run", clock, secrets_of(settings))
    _tell(settings, dialect, known)
    url = settings.database.url.reveal()

    def working() -> AbstractContextManager[Any]:
        return at_work(config, os.environ, url)

    return serve(
        lambda: opened(config, os.environ, (clock, SystemDice())),
        settings.web,
        companions=[working],
        listening=tell_address,
    )


def _tell(settings: Settings, dialect: str, known: int) -> None:
    """What is about to run, in plain words."""
    polling = settings.worker.polling
    say(err, f"[bold]{escape(settings.bridge.name)}[/]: HubSpot and Salesforce are kept in step until this is stopped.")
    say(err, f"[green]on[/]   polling both sides, every {polling.least_s:g} to {polling.most_s:g} s", 2)
    if settings.salesforce.pubsub:
        say(err, f"[green]on[/]   Salesforce's event bus, {escape(settings.salesforce.pubsub.channel)}", 2)
    if settings.hubspot.journal:
        say(err, "[green]on[/]   HubSpot's webhooks journal", 2)
    tell_doors(settings, known)
    if dialect != "sqlite":
        say(
            err,
            "[yellow]mind[/] on PostgreSQL `smarketing web` and `smarketing worker`, each as often as you like, go on "
            "when one of them fails; this is one process",
            2,
        )


@command("migrate", "smarketing migrate", "smarketing migrate --config /etc/smarketing/config.yaml")
@config_option
def migrate(config: Path) -> int:
    """Bring the store to this version of the bridge.

    Every command does so by itself; this one is for installations that do it before they start the new version. It is
    done wholly or not at all, and may be repeated. A store that a newer version wrote is refused and left as it is.
    """
    from connector.service.migrating import migrated  # noqa: PLC0415  # the help needs no database

    for line in migrated(config, os.environ):
        say(out, escape(line))
    return DONE


COMMANDS = (run, migrate)
