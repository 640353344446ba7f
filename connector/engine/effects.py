"""Set off what follows: send notices and webhooks, make tasks. When and to whom was decided by the core.

A row is claimed before it is sent and settled afterwards, each in a transaction of its own, so that whatever dies
between leaves a trace. A notice or webhook is claimed one at a time and sent once at most: after a clear failure it is
tried again a few times, and where nobody knows what became of it people are told (`unsent`). One channel gets
`NOTICES_MAX` messages in ten minutes of a run at most; the last of them says how many more there were. An address that
fails is left alone for the rest of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from connector.core.policy import ActionKind
from connector.delivery import Delivered, Delivery, Notifier, Undelivered, Unheard
from connector.engine.bridge import Bridge
from connector.engine.pace import look
from connector.engine.reminding import remind
from connector.engine.run import Run
from connector.engine.unsent import LOOK, failed, settle, tell_of_the_dead
from connector.storage import effects, links
from connector.storage.effects import Settled, State, Stored

NOTICES_MAX, _WITHIN = 20, timedelta(minutes=10)
_WEBHOOKS_MAX = 500  # to one address in one run
_DIGEST_MAX, _DIGEST_LINES = 10_000, 10


def set_off(bridge: Bridge, run: Run) -> None:
    """Send what is due. Nothing that the other end does fails a run: what is not sent waits, or is shown."""
    look(bridge)
    with bridge.database.read() as conn:
        if not effects.pending(conn, bridge.clock.now()):
            return
    tell_of_the_dead(bridge, run)
    if not run.held:  # a task is written to a CRM
        remind(bridge, run)
    if bridge.notifier is None:
        return
    for to, number in _due(bridge, ActionKind.NOTIFY):
        _notify(bridge, run, to, number, bridge.notifier)
    for to, number in _due(bridge, ActionKind.WEBHOOK):
        _call(bridge, run, to, min(number, _WEBHOOKS_MAX), bridge.notifier)


def digest(claims: Sequence[Stored]) -> tuple[str, str]:
    """Subject and body of one message in place of many."""
    lines = [claim.effect.subject for claim in claims[:_DIGEST_LINES]]
    beyond = len(claims) - len(lines)
    more = [f"... and {beyond} more"] if beyond else []
    return f"and {len(claims)} more", "\n".join([*lines, *more, "", "all of them: smarketing sla list"])


def _due(bridge: Bridge, kind: ActionKind) -> list[tuple[str, int]]:
    with bridge.database.read() as conn:
        return sorted(effects.due(conn, kind, bridge.clock.now()).items())


def _notify(bridge: Bridge, run: Run, to: str, number: int, notifier: Notifier) -> None:
    """Notices to one channel: singly as far as there is room, the rest as one."""
    told = run.told.setdefault(to, [])
    told[:] = [at for at in told if bridge.clock.now() - at < _WITHIN]
    room = NOTICES_MAX - len(told)
    for _ in range(number if number <= room else room - 1):
        claims = _claimed(bridge, ActionKind.NOTIFY, to)
        if not claims:
            return
        told.append(bridge.clock.now())
        effect = claims[0].effect
        if not _settled(bridge, run, claims, notifier.notify(to, effect.subject, effect.body)):
            return
    rest = _claimed(bridge, ActionKind.NOTIFY, to, _DIGEST_MAX) if number > room > 0 else []
    if rest:
        told.append(bridge.clock.now())
        _settled(bridge, run, rest, notifier.notify(to, *digest(rest)))


def _call(bridge: Bridge, run: Run, to: str, number: int, notifier: Notifier) -> None:
    """Webhooks to one address, one after the other until one fails."""
    for _ in range(number):
        claims = _claimed(bridge, ActionKind.WEBHOOK, to)
        if not claims:
            return
        if not _settled(bridge, run, claims, notifier.call(to, claims[0].key, _payload(bridge, claims[0]))):
            return


def _payload(bridge: Bridge, claim: Stored) -> dict[str, Any]:
    """What a program is told: the facts of the core, and what they are about."""
    effect = claim.effect
    with bridge.database.read() as conn:
        link = links.by_refs(conn, [effect.about]).get(effect.about)
    refs = (link.hubspot, link.salesforce) if link else (effect.about,)
    told = {"key": claim.key, "bridge": bridge.name, "subject": effect.subject, "body": effect.body}
    records = {ref.side.value: str(ref) for ref in refs}
    return {**effect.facts, **told, "about": str(effect.about), "records": records}


def _claimed(bridge: Bridge, kind: ActionKind, to: str, limit: int = 1) -> list[Stored]:
    with bridge.database.begin() as conn:
        return effects.claim(conn, kind, bridge.clock.now(), limit, to)


def _settled(bridge: Bridge, run: Run, claims: Sequence[Stored], delivery: Delivery) -> bool:
    """Settle what one message stood for; whether it arrived."""
    settle(bridge, run, [_meant(bridge, claim, delivery) for claim in claims])
    arrived = isinstance(delivery, Delivered)
    run.count(f"{claims[0].effect.kind.value}_sent", len(claims) if arrived else 0)
    return arrived


def _meant(bridge: Bridge, claim: Stored, delivery: Delivery) -> Settled:
    match delivery:
        case Delivered():
            return Settled(claim, State.DONE)
        case Unheard(reason):
            return Settled(claim, State.UNKNOWN, reason, LOOK)
        case Undelivered(reason, hint, lasting):
            return failed(bridge, claim, reason, hint, lasting=lasting)
