"""Promises and what follows them: nothing too early, nothing twice, nothing left out.

Times are those of the sides' own clocks, as both teams see them; the oracle counts them by its own calendar. A touch
counts as known once everybody could see it when the bridge asked (`watched.LATEST`).

- No breach or warning is told before its time, nor of somebody a person of ours has been in touch with in time.
- Everything is set off once: one entry, one row, one task, one message that was taken.
- What was decided is sent: a row that waits for nothing, or people are told that it was not sent.
- Who waits for a first touch in the end has been told of.

Lawful: a task made twice by workers of whom one slept over its lease between looking and making.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from connector.core.journey import Entry, Fired, Touched
from connector.core.plan import IssueKind
from tests.simulation.agreements import HOOK, ROOM
from tests.simulation.oracle import agreed
from tests.simulation.oracle.courses import Courses, Effect, Person
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.watched import BRIDGE

MARK = "Smarketing reference: "
TASKS = {"Task": "Description", "tasks": "hs_task_body"}
SENT = ("notify", "webhook", "task")
HALF, SECOND, NAP = 0.5, timedelta(seconds=1), timedelta(minutes=5)  # as long as the lease of an effect
ASKED = 4  # calls between taking a task and having made it
FIRST = "first_touch"


class Due(NamedTuple):
    """What the key of something set off by a policy says."""

    policy: str
    started: datetime
    what: str
    kind: str
    to: str


def due(key: str) -> Due | None:
    """The parts of a key; None for what no policy set off (tasks of the handoff, of an answer)."""
    policy, _, rest = key.partition("|")
    if not rest:
        return None
    started, *_, what, action = rest.split("|")
    kind, _, to = action.partition(":")
    return Due(policy, datetime.fromisoformat(started), what, kind, to)


def broken_promises(evidence: Evidence) -> Iterator[str]:
    """All that is wrong with promises."""
    courses = evidence.courses
    if courses is None:
        return
    for entry in courses.entries:
        told = due(entry.what.effect) if isinstance(entry.what, Fired) else None
        if told is not None:
            yield from _early(courses, entry, told)
            yield from _in_time(evidence, courses, entry, told)
    yield from _twice(evidence, courses)
    yield from _unsent(evidence, courses)
    for person in courses.people:
        yield from _missed(evidence, courses, person)


def _early(courses: Courses, entry: Entry, told: Due) -> Iterator[str]:
    share = HALF if told.what.startswith("warn") else 1.0
    times = [agreed.target(variant, told.policy) for variant in courses.variants]
    if not any(time.passed(told.started, entry.at) >= share * time.span for time in times):
        yield f"{told.policy} of {entry.ref}, begun {told.started}, {told.what} told at {entry.at}, too early"


def _in_time(evidence: Evidence, courses: Courses, entry: Entry, told: Due) -> Iterator[str]:
    """A breach of the first touch that was told though somebody had been in touch, which the teller knew or could."""
    writer = courses.writer.get(entry.id)
    record = evidence.history.records.get(key_of(entry.ref))
    if told.policy != FIRST or told.what != "breach" or writer is None or record is None:
        return
    people = {one.key for one in (*evidence.family(record), *evidence.partners_of(record))}
    if len(people) > 1 + len(evidence.partners_of(record)):
        return  # merged or converted: who was touched then was perhaps somebody else
    times = [agreed.target(variant, FIRST) for variant in courses.variants]
    for number, touch in enumerate(courses.touches):
        known = number < writer.asked_at.get(touch.side, 0)
        if not (known and touch.keeps and (touch.side, touch.id) in people and touch.said > told.started + SECOND):
            continue
        if not any(isinstance(one.what, Touched) and abs(one.at - touch.said) < SECOND for one in courses.entries):
            evidence.excuse("a touch was learnt of before its side's clock said so, and counts as of then")
        elif all(time.passed(told.started, touch.said) < time.span for time in times):
            yield f"{FIRST} of {entry.ref} is told late, and {touch.id} was touched in time, at {touch.said}"


def _twice(evidence: Evidence, courses: Courses) -> Iterator[str]:
    """Tasks and messages of one key."""
    made: dict[str, list[int]] = defaultdict(list)
    for line in evidence.entries:
        if line["actor"] in BRIDGE and line["object"] in TASKS and line["operation"] in ("create", "created"):
            made[str(line["changes"].get(TASKS[line["object"]])).rpartition(MARK)[2]].append(line["seq"])
    for key, seqs in made.items():
        if len(seqs) > 1 and not _slept(evidence, seqs):
            yield f"the task {key!r} was made {len(seqs)} times"
    taken = Counter(message.key for message in courses.messages if message.taken and message.to == HOOK)
    yield from (f"{HOOK} was told {times} times of {key!r}" for key, times in taken.items() if times > 1)
    if any(" more" in message.words for message in courses.messages):
        return
    told = Counter(message.words for message in courses.messages if message.taken and message.to == ROOM)
    fired = sum(isinstance(one.what, Fired) and one.what.effect.endswith(f"|notify:{ROOM}") for one in courses.entries)
    if told.total() > fired and not _forgot(evidence):
        most = told.most_common(1)[0]
        yield f"{ROOM} was told {told.total()} times, and {fired} are decided; oftenest {most}"


def _slept(evidence: Evidence, seqs: list[int]) -> bool:
    """Whether all but one maker of a task slept since they took it upon them, so long that others took over."""
    late = 0
    for seq in seqs:
        life, at = evidence.writes[seq].life, datetime.fromisoformat(evidence.entries[seq - 1]["at"])
        calls = [call.at for call in evidence.calls if call.life is life and call.at <= at + SECOND][-ASKED:]
        late += any(later - earlier >= NAP for earlier, later in pairwise(calls))
    if late >= len(seqs) - 1:
        evidence.excuse("a task was made twice: a maker slept over its lease")
        return True
    return False


def _unsent(evidence: Evidence, courses: Courses) -> Iterator[str]:
    rows = {effect.key: effect for effect in courses.effects}
    for entry in () if _forgot(evidence) else courses.entries:
        fired = entry.what.effect if isinstance(entry.what, Fired) else ""
        if fired and _is_sent(fired) and not any(key.endswith(f" {fired}") for key in rows):
            yield f"{fired!r} of {entry.ref} is decided, and nothing is to be sent"
    taken = {message.key for message in courses.messages if message.taken}
    for effect in rows.values():
        if effect.state in ("waiting", "sending"):
            yield f"{effect.key!r} is still {effect.state}"
        elif effect.state in ("failed", "unknown") and not _shown(evidence, effect):
            yield f"{effect.key!r} is {effect.state}, and nobody is told"
        elif effect.state == "done" and effect.kind == "webhook" and effect.key not in taken:
            yield f"{effect.key!r} is done, and was never sent"


def _is_sent(key: str) -> bool:
    told = due(key)
    return told is None or told.kind in SENT


def _shown(evidence: Evidence, effect: Effect) -> bool:
    return any(
        stored.issue.kind is IssueKind.UNSENT and stored.issue.refs[0].id == (effect.to or "nobody")
        for stored in evidence.issues
    )


def _forgot(evidence: Evidence) -> bool:
    """Whether anybody's journey may be gone: erased, or forgotten."""
    return bool(evidence.kept_apart) or any(
        one.gone is not None and one.gone.how == "erase" for one in evidence.history.records.values()
    )


def _missed(evidence: Evidence, courses: Courses, person: Person) -> Iterator[str]:
    """Somebody who stands where a first touch is promised, was never touched since, and nobody is told."""
    last = person.made[-1] if person.made else None
    if last is None or person.stage != "mql" or last.what.first or len(set(courses.variants)) > 1:  # type: ignore[union-attr]  # a ruling
        return
    if not agreed.follows(courses.variant, FIRST, "on_breach") or _touched(evidence, courses, person):
        return
    if courses.since is not None and last.at < courses.since:
        evidence.excuse("no clock: handed over before the lifecycle began, by the clock of another host")
        return
    told = [one for entry in person.told(Fired) if (one := due(entry.what.effect))]  # type: ignore[union-attr]  # of that kind
    if any(one.policy == FIRST and one.what == "breach" and one.started >= last.at for one in told):
        return
    yield f"{person.refs[0]} is an MQL since {last.at}, nobody was in touch, and nobody is told"


def _touched(evidence: Evidence, courses: Courses, person: Person) -> bool:
    """Whether anybody was ever in touch with them, under whatever record."""
    records = [evidence.history.records[key_of(ref)] for ref in person.refs]
    keys = {one.key for record in records for one in (*evidence.family(record), *evidence.partners_of(record))}
    return any(touch.keeps and (touch.side, touch.id) in keys for touch in courses.touches)
