"""An installation that the service cannot open: shown and told, for nothing is brought in step until it can be.

It is remembered in the store, with since when and why, so that `smarketing status` says it and a restart does not tell
it anew; it is over when the service has opened the installation. Nobody works meanwhile who could send notices, so
people are told here and now: once through each channel, at once where only a person can mend it, and after some minutes
where a side does not answer, which mostly passes. Without a configuration and a store that can be read there is only
the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from connector.config.load import Loaded
from connector.core.plan import Issue, IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.core.steered import Effect
from connector.delivery import Notifier, Undelivered
from connector.errors import BridgeError, Misconfigured, Transient, Unauthorised
from connector.notify.outgoing import notifier
from connector.ports import Clock
from connector.service.scrubbing import Scrubber, secrets_of
from connector.storage import effects, issues, state
from connector.storage.database import Database, migrate, open_database

PATIENCE: Final = timedelta(minutes=5)  # for a side that does not answer, before people are told
_STATE = "unopened"  # in storage.state
_PLACE = Ref(Side.HUBSPOT, "installation", "opening")
_TRIED = "it is tried again by itself, every five minutes at the least"
_LOG = structlog.get_logger(__name__)


def show(loaded: Loaded, clock: Clock, error: BridgeError) -> None:
    """Say that the installation cannot be opened, and why.

    Args:
        loaded: the configuration as it was last read.
        clock: for since when, and for what is sent.
        error: what stands in the way; secrets and addresses are taken out of its words.
    """
    settings = loaded.settings
    why = Scrubber(secrets_of(settings)).text(_first(error))
    try:
        with closing(open_database(settings.database.url.reveal())) as database:
            migrate(database)
            with database.begin() as conn:
                row = _noted(conn, (why, _hint(error)), clock.now())
            lasts = clock.now() - datetime.fromisoformat(row["since"])
            if not isinstance(error, Transient) or lasts >= PATIENCE:
                telling = notifier(settings.notifications, settings.webhooks_out, clock)
                _tell(database, telling, sorted(settings.notifications), (settings.bridge.name, _hint(error)))
    except (BridgeError, SQLAlchemyError) as fault:
        _LOG.warning("that cannot be shown, as the store cannot be used", kind=type(fault).__name__)


def over(conn: Connection, now: datetime) -> None:
    """Say that it was opened; whoever was told that it could not be is told that, too."""
    row = state.get(conn, _STATE)
    if row is None:
        return
    state.delete(conn, [_STATE])
    issues.close_for(conn, [_PLACE], [IssueKind.STOPPED], now, "it was opened")
    since = datetime.fromisoformat(row["since"])
    body = f"It could not be opened since {since:%Y-%m-%d %H:%M} UTC."
    effects.add(conn, [_effect(to, since, body) for to in row["told"]], now)


def _noted(conn: Connection, words: tuple[str, str], now: datetime) -> Mapping[str, Any]:
    why, hint = words
    before = state.get(conn, _STATE) or {"since": now.isoformat(), "told": []}
    row = {**before, "why": why}
    state.put(conn, _STATE, row)
    since = datetime.fromisoformat(row["since"])
    reason = f"the service cannot work since {since:%Y-%m-%d %H:%M} UTC, nothing is brought in step: {why}"
    issues.raise_issues(
        conn, [Issue(IssueKind.STOPPED, (_PLACE,), code="OPENING", reason=reason, hint=hint)], now, None
    )
    return row


def _tell(database: Database, telling: Notifier, channels: Sequence[str], said: tuple[str, str]) -> None:
    """Tell whom nobody has told yet. It is noted before it is sent, so that nobody is told twice."""
    name, hint = said
    for to in channels:
        with database.begin() as conn:
            row = state.get(conn, _STATE)
            if row is None or to in row["told"]:
                continue
            state.put(conn, _STATE, {**row, "told": [*row["told"], to]})
        delivery = telling.notify(to, f"{name} cannot work", f"{row['why']}\n\n{hint}")
        if isinstance(delivery, Undelivered):
            _LOG.warning("people could not be told", reason=delivery.reason)
            if not delivery.lasting:
                _untold(database, to)


def _untold(database: Database, to: str) -> None:
    """It surely did not get there: it is sent with the next try to open."""
    with database.begin() as conn:
        row = state.get(conn, _STATE)
        if row is not None:
            state.put(conn, _STATE, {**row, "told": [one for one in row["told"] if one != to]})


def _effect(to: str, since: datetime, body: str) -> Effect:
    key = f"opened {since.isoformat()} {to}"
    return Effect(key, ActionKind.NOTIFY, to, _PLACE, "The bridge works again", body, {"since": since.isoformat()})


def _first(error: BridgeError) -> str:
    if isinstance(error, Misconfigured):
        more = len(error.problems) - 1
        return f"{error.problems[0]}" + (f" (and {more} more)" if more else "")
    return str(error)


def _hint(error: BridgeError) -> str:
    match error:
        case Unauthorised():
            what = "mend the credentials, their scopes or permissions, then: smarketing check"
        case Transient():
            what = "see the side's address in config.yaml and the network: smarketing check"
        case _:
            what = "mend the configuration; all that is wrong with it: smarketing check"
    return f"{what}; {_TRIED}, environment variables are read by a restart"
