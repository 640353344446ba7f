"""worker: do the work, beside any number of other workers on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from connector.cli.frame import command, config_option, count, err, say, store
from connector.clock import SystemClock, SystemDice
from connector.errors import Misconfigured, Problem

if TYPE_CHECKING:
    from connector.config.load import Loaded
    from connector.storage.database import Database


@command("worker", "smarketing worker", "smarketing worker --config /etc/smarketing/config.yaml")
@config_option
def worker(config: Path) -> int:
    """Do the work, beside any number of other workers on PostgreSQL.

    Takes in what webhooks told, polls both sides, brings changes to the other side and sends what follows. Start as
    many as you like, on any hosts: they share the work, and take over from one that dies. SIGTERM ends what is under
    way within some seconds, or gives it back. On SQLite there is one worker only: smarketing run.
    """
    with store(config) as (loaded, database):
        if database.dialect != "postgresql":
            hint = "workers need PostgreSQL; on SQLite one process does everything: smarketing run"
            raise Misconfigured([Problem(config.name, 0, "database.url", hint)])
        _work(config, loaded, database)
    say(err, "Stopped; nothing was left half done.")
    return 0


def _work(config: Path, loaded: Loaded, database: Database) -> None:
    from connector.bootstrap import Surroundings  # noqa: PLC0415  # the help needs none of these
    from connector.service import logs  # noqa: PLC0415  # likewise
    from connector.service.beating import beating  # noqa: PLC0415  # likewise
    from connector.service.keeping import Keeping  # noqa: PLC0415  # likewise
    from connector.service.listeners import companions  # noqa: PLC0415  # likewise
    from connector.service.procrastination import prepare  # noqa: PLC0415  # likewise
    from connector.service.scrubbing import secrets_of  # noqa: PLC0415  # likewise
    from connector.service.spread import Crew  # noqa: PLC0415  # likewise
    from connector.service.worker import work_of  # noqa: PLC0415  # likewise

    clock, stopping, groups = SystemClock(), Event(), loaded.settings.worker.parallel
    logs.configure("worker", clock, secrets_of(loaded.settings))
    prepare(database)
    around = Surroundings(os.environ, clock, SystemDice())
    keeping = Keeping(
        config, around, lambda opened: work_of(opened, "smarketing worker", stopping.is_set), companions, alone=False
    )
    crew = Crew(database, loaded.settings.database.url.reveal(), clock, keeping.work, groups, f"worker:{os.getpid()}")
    crew.stopping = stopping
    crew.ready = lambda: say(err, f"Working in {count(groups, 'group')} of shards. SIGTERM or Ctrl-C stops it.")
    with ExitStack() as closing:
        closing.callback(keeping.close)
        closing.enter_context(beating(database, "worker", clock))
        asyncio.run(crew.run())


COMMANDS = (worker,)
