"""The trouble is over: a few passes, and nothing is left to do, nothing half done, and nothing more is written.

Draining takes no more than so many passes until nothing is dirty and a pass writes nothing. Then one full pass may
still find what only comparing everything finds, which is counted, and two more carry it on. After that neither an
incremental nor a full pass writes to a CRM, and what it costs to look is bounded. A day later, when dead runs are known
for dead, the store holds no claim, no spooled reading and no create half made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any, TypeVar

from connector.bootstrap import Installation
from connector.core.refs import Side
from connector.engine.audit import Asked, audit
from connector.errors import RateLimited
from connector.storage import dirty, effects, timers
from tests.simulation.agreements import AGREEMENTS
from tests.simulation.oracle.evidence import Evidence
from tests.simulation.oracle.rules import written
from tests.simulation.oracle.shelves import misshelved
from tests.simulation.oracle.traffic import QUIET_CALLS
from tests.simulation.oracle.wrong import Broken
from tests.simulation.stage import Alone, Stage
from tests.simulation.watched import BRIDGE

T = TypeVar("T")
PAUSE_S = 120
# Passes that carry on what the full pass began: a CRM gives what is made values of its own. Where there are journeys,
# whoever lost theirs by it is met by the next one that compares everything.
FOLLOWING = ("once", "once")
A_DAY_S = 25 * 3600  # after which a run that never ended is taken for dead, and its spool is cleared
HALF = {"making:": "records in the making", "underway:": "changes under way"}
DAYS_MAX = 5
MIDNIGHT_S = 400  # no host's clock is farther off
MOMENTS_MAX, RUNS_MAX = 400, 6  # of all clocks of a handful of people; passes until nobody is dirty after one
ASKED = 4  # quiet moments one after the other, after which only leaps can tell
LEAPS_S = tuple(days * 86_400.0 for days in (1, 10, 40, 120, 200))  # no way back takes longer than 180 days
EMPTY = ("dirty", "spool", "spool_claims", "spool_marks")


def drain(stage: Stage, passes: int) -> None:
    """Run until nothing is dirty and a pass writes nothing; then a full pass, after which neither kind writes.

    Raises:
        Broken: when it does not settle.
    """
    with ExitStack() as ending:
        opened = _patiently(stage, lambda: ending.enter_context(stage.installation("calm", Alone(stage.clock))))
        for _ in range(passes):
            before = len(_ours(stage))
            _sync(stage, opened, "once")
            _pause(stage)
            if len(_ours(stage)) == before and not _dirty(stage):
                break
        else:
            raise Broken(f"{_dirty(stage)} refs are dirty after {passes} passes, or every pass writes")
        if stage.variant in AGREEMENTS:
            _run_out(stage, opened)
        stage.misshelved += misshelved(opened.bridge)
        stage.clock.advance(A_DAY_S)
        ending.close()  # what is known of the accounts is asked anew when somebody opens, and a day has passed
        opened = _patiently(stage, lambda: ending.enter_context(stage.installation("calm", Alone(stage.clock))))
        before, calls, place = _done(stage), _calls(stage), len(stage.world.services.log)
        _sync(stage, opened, "full")
        stage.witness.compared = place, len(stage.world.services.log)
        stage.clock.advance(PAUSE_S)
        found = _done(stage) - before
        if not found and not _dirty(stage):  # then no later pass would write either: all it goes by is as it was
            _bounded("full", _calls(stage) - calls)
        else:
            stage.excused["writes that only comparing everything led to"] += found
            _comes_to_rest(stage, opened)


def compared(stage: Stage) -> None:
    """Let the bridge compare all linked pairs itself; what it finds is judged with everything else."""
    with ExitStack() as ending:
        opened = _patiently(stage, lambda: ending.enter_context(stage.installation("calm", Alone(stage.clock))))
        now, asked = opened.bridge.clock.now(), Asked(sample=None, alarm_percent=100)
        found = _patiently(stage, lambda: audit(opened.bridge, asked, now)).tally
        stage.misshelved += misshelved(opened.bridge)
    stage.drifted = [f"{ours} - {theirs}: {', '.join(rules)}" for (ours, theirs), rules in found.drifted.items()]
    stage.excused.update({f"audited, and explained: {why}": times for why, times in found.explained.items()})


def _comes_to_rest(stage: Stage, opened: Installation) -> None:
    """What comparing everything led to is followed up, and then nothing is written any more."""
    for mode in FOLLOWING if stage.variant not in AGREEMENTS else (*FOLLOWING, "full", *FOLLOWING):
        _sync(stage, opened, mode)
        stage.clock.advance(PAUSE_S)
    for mode, later_s in (("once", 0), ("full", A_DAY_S)):
        stage.clock.advance(later_s)
        before, calls, place = _done(stage), _calls(stage), len(_ours(stage))
        _sync(stage, opened, mode)
        stage.clock.advance(PAUSE_S)
        if _at_odds(stage, _ours(stage)[place:]):
            stage.excused["a mirroring rule and the software of that side undo each other without end"] += 1
        elif _done(stage) != before:
            told = _ours(stage)[place:][:3] or "a journey goes on, or a message is sent"
            raise Broken(f"a settled world is written to ({mode}): {told}")
        _bounded(mode, _calls(stage) - calls)


def _at_odds(stage: Stage, ours: list[dict[str, Any]]) -> bool:
    """Whether all that was written undoes what other software makes of a field whose rule mirrors."""
    mirrored = {
        (side, obj, name)
        for side, obj, name in stage.rewritten
        for rule in written(stage.variant).rules
        if rule.said.get("mirror") and rule.on(side, obj) == name and not rule.goes(side.other)
    }
    places = [(Side(one["side"]), one["object"], name) for one in ours for name in one["changes"]]
    return bool(places) and all(place in mirrored for place in places)


def _run_out(stage: Stage, opened: Installation) -> None:
    """Let clocks run out and days to come back come, one after the other, until nothing more follows from time alone.

    Somebody for whom no rep is free is asked for every hour, for ever; so once a few such moments were quiet, time
    passes in leaps.
    """
    quiet = 0
    for _ in range(MOMENTS_MAX):
        due = _due(stage)
        if due is None or quiet > ASKED + len(LEAPS_S):
            return
        wait = (due - opened.bridge.clock.now()).total_seconds() + 1
        stage.clock.advance(max(wait, 1, LEAPS_S[quiet - ASKED - 1] if quiet > ASKED else 0))
        before = _done(stage)
        for _ in range(RUNS_MAX):
            _sync(stage, opened, "once")
            _pause(stage)
            if not _dirty(stage):
                break
        quiet = quiet + 1 if _done(stage) == before else 0
    raise Broken(f"clocks set something off {MOMENTS_MAX} times, and there is no end of it")


def _due(stage: Stage) -> datetime | None:
    """When a clock is due, or a message that waits."""
    with stage.store.read() as conn:
        moments = (timers.next_due(conn), effects.next_due(conn))
    return min((moment for moment in moments if moment is not None), default=None)


def _done(stage: Stage) -> int:
    """How much the bridge has done: lines written, entries appended, messages sent."""
    with stage.store.read() as conn:
        entries = conn.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'journeys'").scalar()
    return len(_ours(stage)) + int(entries or 0) + len(stage.messages)


def _sync(stage: Stage, opened: Installation, mode: str) -> None:
    """A run, to its end."""
    _patiently(stage, lambda: opened.sync(mode, by="calm", approved=True))


def _patiently(stage: Stage, doing: Callable[[], T]) -> T:
    """What comes of it; where a day's calls are spent, the next day."""
    for _ in range(DAYS_MAX):
        try:
            return doing()
        except RateLimited as told:
            stage.excused["waited in the calm for the next day's calls"] += 1
            stage.clock.advance(max(0.0, (told.until - stage.clock.now()).total_seconds()) + MIDNIGHT_S)
    raise Broken(f"the calls of {DAYS_MAX} days are not enough")


def _bounded(mode: str, calls: int) -> None:
    if calls > QUIET_CALLS:
        raise Broken(f"looking at a settled world ({mode}) takes {calls} calls")


def unfinished(evidence: Evidence) -> Iterator[str]:
    """What the store still holds of unfinished work."""
    for table in EMPTY:
        if evidence.leftovers.get(table):
            yield f"the store still holds {evidence.leftovers[table]} rows of {table}"
    for half, words in HALF.items():
        if half in evidence.stored:
            yield f"the store still holds {words}"


def _pause(stage: Stage) -> None:
    """Let some time pass, or as much as a CRM asks to wait for (a day's calls are spent)."""
    with stage.store.read() as conn:
        due = dirty.next_due(conn)
    wait = (due - stage.clock.now()).total_seconds() if due else 0
    if wait > PAUSE_S:
        stage.excused["passes that a CRM put off for long"] += 1
    stage.clock.advance(max(PAUSE_S, wait))


def _ours(stage: Stage) -> list[dict[str, object]]:
    entries = stage.world.services.log.entries()
    return [{**entry, "at": ""} for entry in entries if entry["actor"] in BRIDGE]


def _dirty(stage: Stage) -> int:
    with stage.store.read() as conn:
        return dirty.count(conn)


def _calls(stage: Stage) -> int:
    life = stage.witness.lives[-1]
    return sum(times for (side, _), times in life.calls.items() if side in set(Side))
