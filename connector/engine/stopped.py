"""A side that refuses us is stopped: nobody works with it until a person has mended its credentials or permissions.

A stop is remembered by side and by whoever was refused (a poll, or the writing of what was planned): it ends when that
one succeeds, for a side may well let itself be read and not be written. It is shown as an issue, told once through
every channel, and told again when it is over. It is tried again with growing pauses, and at once after a restart.
Meanwhile the other side is polled and webhooks are recorded; bringing in step needs both sides and waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.core.plan import Issue, IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.core.steered import Effect
from connector.engine.pacing import after_refusal
from connector.storage import effects, issues, state

_STATE = "stopped"  # in storage.state
_NAMES = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}
_HINT = "mend its credentials, scopes or permissions, then: smarketing check; it is tried again by itself"


@dataclass(frozen=True, slots=True)
class Stop:
    """A side that refuses us: since when, by whom it was asked (a duty's name), why, and when it is tried again."""

    side: Side
    by: str
    since: datetime
    why: str
    tries: int
    next_at: datetime

    @property
    def words(self) -> str:
        """For people: which side, and what it said."""
        return f"{_NAMES[self.side]} refuses us: {self.why}"


def standing(conn: Connection) -> list[Stop]:
    """Every stop there is."""
    return [_stop(key, row) for key, row in sorted((state.get(conn, _STATE) or {}).items())]


def of(conn: Connection, by: str) -> list[Stop]:
    """The stops of one duty."""
    return [one for one in standing(conn) if one.by == by]


def stop(conn: Connection, refused: tuple[Side, str, str], channels: Sequence[str], now: datetime) -> Stop:
    """A side has refused whoever asked: (side, duty, why). People are told once a side, whoever is refused after."""
    side, by, why = refused
    before = [one for one in standing(conn) if one.side is side]
    known = next((one for one in before if one.by == by), None)
    tries = known.tries + 1 if known else 0
    stopped = Stop(side, by, known.since if known else now, why, tries, after_refusal(tries, now))
    _put(conn, {**_rows(conn), _key(stopped): _row(stopped)})
    issues.raise_issues(conn, [_issue(stopped)], now, None)
    if not before:
        body = f"{why}\n\n{_HINT}"
        effects.add(conn, [_effect(stopped, to, "refuses us", body) for to in channels], now)
    return stopped


def lift(conn: Connection, by: str, channels: Sequence[str], now: datetime) -> list[Stop]:
    """A duty has succeeded: its stops are over, and people are told. Which they were."""
    over = of(conn, by)
    if over:
        _put(conn, {key: row for key, row in _rows(conn).items() if key not in {_key(one) for one in over}})
        left = {one.side for one in standing(conn)}
        ended = [one for one in over if one.side not in left]
        issues.close_for(conn, [_place(one.side) for one in ended], [IssueKind.STOPPED], now, "it lets us in again")
        told = [(one, to, f"It refused us since {one.since:%Y-%m-%d %H:%M} UTC.") for one in ended for to in channels]
        effects.add(conn, [_effect(one, to, "lets us in again", body) for one, to, body in told], now)
    return over


def retry_now(conn: Connection, now: datetime) -> None:
    """Try every stopped side at once: the process, or its credentials, are new."""
    stops = standing(conn)
    if stops:
        _put(conn, {_key(one): _row(replace(one, next_at=now)) for one in stops})


def _issue(stopped: Stop) -> Issue:
    return Issue(
        IssueKind.STOPPED,
        (_place(stopped.side),),
        side=stopped.side,
        code="REFUSED",
        reason=f"{stopped.words} (since {stopped.since:%Y-%m-%d %H:%M} UTC)",
        hint=_HINT,
    )


def _place(side: Side) -> Ref:
    return Ref(side, "account", "stopped")


def _effect(stopped: Stop, to: str, what: str, body: str) -> Effect:
    subject = f"{_NAMES[stopped.side]} {what}"
    key = f"{what} {stopped.by} {stopped.since.isoformat()} {to}"
    facts = {"side": stopped.side.value, "since": stopped.since.isoformat()}
    return Effect(key, ActionKind.NOTIFY, to, _place(stopped.side), subject, body, facts)


def _rows(conn: Connection) -> dict[str, Any]:
    return dict(state.get(conn, _STATE) or {})


def _put(conn: Connection, rows: Mapping[str, Any]) -> None:
    state.put(conn, _STATE, dict(rows))


def _key(stopped: Stop) -> str:
    return f"{stopped.side.value} {stopped.by}"


def _row(stopped: Stop) -> dict[str, Any]:
    return {
        "since": stopped.since.isoformat(),
        "why": stopped.why,
        "tries": stopped.tries,
        "next_at": stopped.next_at.isoformat(),
    }


def _stop(key: str, row: Mapping[str, Any]) -> Stop:
    side, by = key.split(" ", 1)
    since, next_at = (datetime.fromisoformat(row[name]) for name in ("since", "next_at"))
    return Stop(Side(side), by, since, row["why"], row["tries"], next_at)
