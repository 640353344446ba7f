"""What each duty does in one turn, and the table of them all in the order in which they are done.

Everything here is short of what it calls: it decides when the duty is due again, and leaves the work to the functions
that `smarketing sync` uses, too. A turn is one bite: what is left is done by the next one, so that nothing waits long
for anything else, and a process that shall stop does so soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.core.refs import Side
from connector.engine import erase, pace, promised, reshelving, sync
from connector.engine.audit import Asked, audit
from connector.engine.deadlines import ring
from connector.engine.duties import (
    AUDIT,
    CLOCKS,
    DRAIN,
    EFFECTS,
    FOLD,
    FULL,
    HOUSEKEEPING,
    JOURNAL,
    OBJECTIVES,
    POLL,
    SHELF,
    Act,
    Duty,
    Turned,
    Work,
)
from connector.engine.effects import set_off
from connector.engine.evidence import asks_for_evidence, take_in_side
from connector.engine.folding import REQUESTS, fold
from connector.engine.looping import let_go, next_free
from connector.engine.pacing import after_fault, pause, stretched, thrifty
from connector.engine.polling import poll_side
from connector.engine.reconcile import reconcile_due
from connector.engine.standing import owes_full, stands
from connector.engine.unsent import tell_of_the_dead
from connector.errors import RateLimited
from connector.storage import attempts, cursors, dirty, effects, inbox, previews, pulses, sessions, timers
from connector.storage.dirty import Quiet

PORTIONS = 20  # of the inbox in one turn
AGAIN = timedelta(seconds=60)  # what only a person, or time, can let go on is looked at so often
SOON = timedelta(seconds=1)
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)
KEEP_UNREAD = timedelta(days=30)  # requests that nobody understood
SIGNED_IN_LONGEST = timedelta(days=30)  # the most that web.admin.session_hours may be: older sessions let nobody in
_FAULTS_LONGEST = timedelta(seconds=30)
_LOG = structlog.get_logger(__name__)

Body = Mapping[str, Any]


def _fold(work: Work, now: datetime, _body: Body) -> Turned:
    """Post becomes marks."""
    quiet, did = Quiet(work.pace.quiet, work.pace.longest_wait), 0
    for _ in range(PORTIONS):
        requests = fold(work.bridge, work.readers, quiet, POLL)
        did += requests
        if requests < REQUESTS:
            break
    return Turned(now, did)


def _full(work: Work, now: datetime, _body: Body) -> Turned:
    """Compare everything, where only that can know what there is to do: at first, and after an edit of the mapping."""
    if not owes_full(work.bridge):
        return Turned(now + DAILY)
    if stands(work.bridge):
        return Turned(now + AGAIN)
    with work.stretch.own("full") as run:
        sync.compare_all(work.bridge, run)
    return Turned(now + AGAIN, run.counts["considered"])


def _polling(side: Side) -> Act:
    def poll(work: Work, now: datetime, body: Body) -> Turned:
        """Ask a side what changed and what people did; the more seldom the longer nothing did."""
        with work.bridge.database.read() as conn:
            if cursors.get(conn, side) is None:  # it is a first comparison that says from where on
                return Turned(now + work.pace.least, 0, body)
        crm = work.bridge.crms[side]
        before = crm.usage().calls
        polled = poll_side(work.bridge, side)
        usage = crm.usage()
        work.stretch.withhold(side, polled.withheld)
        last = timedelta(seconds=body["rest_s"]) if "rest_s" in body else None
        rest = pause(last, work.pace, news=bool(polled.news))
        if polled.news:
            _LOG.info("polled", side=side.value, marked=polled.marked, entries=polled.entries)
        due_at = now + stretched(thrifty(rest, usage, usage.calls - before, now), work.bridge.dice.roll())
        return Turned(due_at, polled.news, {"rest_s": rest.total_seconds()})

    return poll


def _clocks(work: Work, now: datetime, body: Body) -> Turned:
    """Have everybody looked at whose time has come, but not before both sides were asked what people did until then.

    Who called in time is not late; and a clock is never more than the least pause between two polls behind.
    """
    agreement = work.bridge.agreement
    if agreement is None:
        return Turned(now + HOURLY)
    if not asks_for_evidence(agreement):
        return Turned(now, ring(work.bridge, now))
    asked = datetime.fromisoformat(body["asked_at"]) if "asked_at" in body else None
    with work.bridge.database.read() as conn:
        first = timers.next_due(conn)
    if first is None or first > now:
        return Turned(now, 0, body)
    if asked is None or first > asked:
        if asked is not None and now < asked + work.pace.least:
            return Turned(asked + work.pace.least, 0, body)
        for side, taken in work.bridge.together(lambda side: take_in_side(work.bridge.urgent, side)).items():
            work.stretch.withhold(side, taken.withheld)
        asked = now
    return Turned(now, ring(work.bridge, asked), {"asked_at": asked.isoformat()})


def _drain(work: Work, now: datetime, body: Body) -> Turned:
    """Reconcile one batch of what is dirty and due."""
    if stands(work.bridge):
        return Turned(now + AGAIN)
    run = work.stretch.run()
    done = reconcile_due(work.bridge, run, work.shards)
    if done.claimed:
        _LOG.info("reconciled", run=run.id, records=done.claimed, waiting=done.waiting, refs=done.refs)
    if done.fault is None or isinstance(done.fault, RateLimited):  # whose refs wait until the side's moment
        return Turned(now if done.claimed else now + SOON, done.claimed)
    faults = int(body.get("faults", 0))
    due_at = after_fault(done.fault, faults, _FAULTS_LONGEST, now, work.bridge.dice.roll())
    _LOG.warning("a side does not answer as it should", reason=str(done.fault), again_at=due_at.isoformat())
    return Turned(due_at, done.claimed, {"faults": faults + 1})


def _effects(work: Work, now: datetime, _body: Body) -> Turned:
    """Set off what follows: notices, webhooks, tasks."""
    run = work.stretch.run()
    before = sum(run.counts[name] for name in _SENT)
    set_off(work.bridge, run)
    with work.bridge.database.read() as conn:
        left = effects.pending(conn, work.bridge.clock.now())  # under a hold, or more than one channel takes at a time
    return Turned(now + AGAIN if left else now, sum(run.counts[name] for name in _SENT) - before)


def _objectives(work: Work, now: datetime, _body: Body) -> Turned:
    """Have told who falls behind with an objective, once a day; count open promises for monitors."""
    promised.count_beside(work.bridge)
    return Turned(now + HOURLY, pace.look(work.bridge))


def _audit(work: Work, now: datetime, _body: Body) -> Turned:
    """Compare a sample of linked pairs afresh; nothing is sampled before everything was compared once."""
    bridge, pace = work.bridge, work.pace
    if not pace.audit_sample or owes_full(bridge):
        return Turned(now + pace.audit_every)
    asked = Asked(pace.audit_sample, 100 * pace.alarm_share, pace.longest_wait, work.channels)
    tally = audit(bridge, asked, now).tally
    _LOG.info("audited", compared=tally.links, differing=tally.differing, percent=round(tally.percent, 2))
    return Turned(now + stretched(pace.audit_every, bridge.dice.roll()), tally.links)


def _keep_house(work: Work, now: datetime, _body: Body) -> Turned:
    """Put away what is over: dead processes, requests nobody understood for a month, what an erasure left in files,
    sessions that nobody can use any more, and yesterday's failed sign-ins.

    Fields that were parked because they went round are tried again when their time has come.
    """
    bridge = work.bridge
    freed = let_go(bridge)
    with bridge.database.begin() as conn:
        did = pulses.forget(conn, now - DAILY) + inbox.expire(conn, now - KEEP_UNREAD)
        did += sessions.forget(conn, now - SIGNED_IN_LONGEST, now - SIGNED_IN_LONGEST)
        did += attempts.forget(conn, now - DAILY)
        previews.expire(conn, now)
    with bridge.database.read() as conn:
        left = effects.left(conn, now)
    if left:
        tell_of_the_dead(bridge, work.stretch.run())
    erase.scrub(bridge)
    return Turned(min(now + HOURLY, next_free(bridge) or now + HOURLY), did + left + freed)


def _shelf(work: Work, now: datetime, _body: Body) -> Turned:
    """Tell the reading copy anew: after an upgrade, and after an edit of what tells people."""
    more = reshelving.tell_anew(work.bridge, PORTIONS)
    return Turned(now + (SOON if more else AGAIN), int(more))


def _journal(work: Work, now: datetime, body: Body) -> Turned:
    """Read what HubSpot's journal has that is new, where config.yaml asks for it."""
    return work.journal(work, now, body) if work.journal else Turned(now + DAILY)


_SENT = ("notify_sent", "webhook_sent", "tasks_made")

DUTIES: tuple[Duty, ...] = (
    Duty(FULL, _full, lease=timedelta(hours=6), needs_both=True, apart=True),
    Duty(FOLD, _fold, feed=inbox.oldest),
    Duty(DRAIN, _drain, feed=dirty.next_due, needs_both=True),
    Duty(EFFECTS, _effects, feed=effects.next_due),
    Duty(POLL[Side.HUBSPOT], _polling(Side.HUBSPOT)),
    Duty(POLL[Side.SALESFORCE], _polling(Side.SALESFORCE)),
    Duty(JOURNAL, _journal),
    Duty(CLOCKS, _clocks, feed=timers.next_due, needs_both=True),
    Duty(OBJECTIVES, _objectives, lease=timedelta(minutes=30)),
    Duty(AUDIT, _audit, lease=timedelta(minutes=30), needs_both=True),
    Duty(SHELF, _shelf),
    Duty(HOUSEKEEPING, _keep_house),
)
"""In this order within one round of the loop."""
