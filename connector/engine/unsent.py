"""What could not be sent, or may not have been: shown to people, and decided by them.

One issue stands for all that failed at one address, and one for all that nobody knows of, however many they are: an
address that is down for a night must not bury everything else. They are closed by a person, who has them sent again or
lets them rest; the bridge itself never sends anew what may have arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.backoff import delay
from connector.core.plan import Issue, IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.engine.story import ACT
from connector.errors import Refused
from connector.storage import effects, events, issues
from connector.storage.effects import Settled, State, Stored
from connector.storage.events import Event

TRIES = 8  # before a person is told, and as many again each time a person has it sent again
LOOK = "look there whether it arrived, then have it sent again or let it rest: smarketing notices"
_AGAIN = "; then have it sent again: smarketing notices"
_FIRST = timedelta(minutes=1)  # tries shall outlast a restart at the other end
_DIED = "the process ended while it was being sent"
_PAGE = 1_000
_NEED = (State.FAILED, State.UNKNOWN)
_WORDS = {State.FAILED: "was not sent", State.UNKNOWN: "may not have been sent"}


def settle(bridge: Bridge, run: Run, settled: Sequence[Settled]) -> None:
    """Settle claims, and tell people of those that need one."""
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        if effects.settle(conn, settled):
            _tell(conn, run, settled, now)
            _untell(conn, [one.claim for one in settled if one.claim.leased_until <= now], now)


def tell_of_the_dead(bridge: Bridge, run: Run) -> None:
    """End the claims of workers that died while sending: people are told what may not have been sent."""
    with bridge.database.read() as conn:
        if not effects.left(conn, bridge.clock.now()):
            return
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        left = effects.expire(conn, now, _DIED, LOOK)
        _tell(conn, run, [Settled(one, one.state, one.reason, one.hint) for one in left], now)


def failed(bridge: Bridge, claim: Stored, reason: str, hint: str, *, lasting: bool = False) -> Settled:
    """It surely was not sent: tried again after a pause, or, tried often enough, shown to people."""
    if lasting or claim.attempts % TRIES == 0:
        return Settled(claim, State.FAILED, reason, hint + _AGAIN)
    return Settled(claim, State.WAITING, reason, hint, paused(bridge, claim))


def paused(bridge: Bridge, claim: Stored) -> datetime:
    """When it may be tried again."""
    longer = replace(bridge.backoff, first=max(bridge.backoff.first, _FIRST))
    return bridge.clock.now() + delay(claim.attempts - 1, longer, bridge.dice.roll())


def shown(bridge: Bridge, state: State, to: str = "", limit: int = 100) -> list[Stored]:
    """The first effects in a state by key, to one address or any, for people."""
    with bridge.database.read() as conn:
        return effects.listed(conn, state, limit, to=to or None)


def decide(bridge: Bridge, state: State, by: str, to: str | None = None, *, again: bool) -> int:
    """What a person says of all that failed, or may not have been sent, to one address or any; how many there were.

    Args:
        bridge: the installation.
        state: of those that are meant, failed or unknown.
        by: who says so.
        to: the channel, webhook or owner.
        again: they are sent again by the next run; else they rest.

    Raises:
        Refused: for any other state.
    """
    if state not in _NEED:
        raise Refused(f"what is {state.value} needs nobody; only what is {' or '.join(_NEED)} does")
    decided, page = 0, list[Stored]()
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        while page := effects.listed(conn, state, _PAGE, page[-1].key if page else "", to):
            decided += effects.decide(conn, [one.key for one in page], state, now, again=again)
        issues.close(conn, _asked(conn, state, to), now, f"{'sent again' if again else 'let rest'} by {by}")
        said = {"act": "send again" if again else "let rest", "state": state.value, "to": to or "", "number": decided}
        events.append(conn, [Event(now, ACT, payload={**said, "by": by})])
    return decided


def _asked(conn: Connection, state: State, to: str | None) -> list[int]:
    """The issues that ask for such a decision."""
    found: list[int] = []
    page: list[issues.StoredIssue] = []
    while page := issues.open_issues(conn, [IssueKind.UNSENT], after=page[-1].id if page else 0):
        found += [one.id for one in page if one.issue.field == state.value and to in (None, one.issue.refs[0].id)]
    return found


def _tell(conn: Connection, run: Run, settled: Sequence[Settled], now: datetime) -> None:
    needy = [one for one in settled if one.state in _NEED]
    if needy:
        run.count("unsent", len(needy))
        issues.raise_issues(conn, [_issue(one) for one in needy], now, run.id)


def _untell(conn: Connection, late: Sequence[Stored], now: datetime) -> None:
    """Take back what was told of a worker that was only slow: it says now what became of its messages."""
    for to in sorted({claim.effect.to for claim in late}):
        if not effects.listed(conn, State.UNKNOWN, 1, to=to):
            issues.close(conn, _asked(conn, State.UNKNOWN, to), now, "its sender was only slow")


def _issue(one: Settled) -> Issue:
    effect = one.claim.effect
    side = effect.about.side if effect.kind is ActionKind.TASK else Side.HUBSPOT
    return Issue(
        IssueKind.UNSENT,
        (Ref(side, effect.kind.value, effect.to or "nobody"),),
        field=one.state.value,
        code=one.state.upper(),
        reason=f"{_WORDS[one.state]} to {effect.to or 'nobody'}: {one.reason}",
        hint=one.hint,
    )
