"""worker: do the work, beside any number of other workers on PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path

from connector.cli.frame import DONE, command, config_option, count, err, say, store
from connector.clock import SystemClock
from connector.errors import Misconfigured, Problem


@command("worker", "smarketing worker", "smarketing worker --config /etc/smarketing/config.yaml")
@config_option
def worker(config: Path) -> int:
    """Do the work, beside any number of other workers on PostgreSQL.

    Takes in what webhooks told, polls both sides, brings changes to the other side and sends what follows. Start as
    many as you like, on any hosts: they share the work, and take over from one that dies. SIGTERM ends what is under
    way within some seconds, or gives it back. On SQLite there is one worker only: smarketing run.
    """
    from connector.service import logs  # noqa: PLC0415  # the help needs none of these
    from connector.service.scrubbing import secrets_of  # noqa: PLC0415  # likewise

    with store(config) as (loaded, database):
        if database.dialect != "postgresql":
            hint = "workers need PostgreSQL; on SQLite one process does everything: smarketing run"
            raise Misconfigured([Problem(config.name, 0, "database.url", hint)])
        from connector.service.spread import take_part  # noqa: PLC0415  # its queue comes with [postgres] only

        logs.configure("worker", SystemClock(), secrets_of(loaded.settings))
        take_part(config, os.environ, (loaded, database), lambda: _tell(loaded.settings.worker.parallel))
    say(err, "Stopped; nothing was left half done.")
    return DONE


def _tell(groups: int) -> None:
    say(err, f"At work, {count(groups, 'group')} of shards side by side. SIGTERM or Ctrl-C stops it.")


COMMANDS = (worker,)
