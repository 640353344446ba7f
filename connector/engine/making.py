"""Records in the making: remembered ahead, so that a lost answer costs neither a second record nor an edit.

A link has two refs, and until a create is answered there is only one. What a batch is about to make, and what both
sides will have agreed on then, is therefore written ahead as one row a batch, and dropped by the transaction that
concludes it, but for creates whose outcome nobody knows. After a crash or a lost answer those are looked for by the id
they carry; the link then starts from what was sent. Without that, an edit of the source made meanwhile would meet the
new record as a stranger's value, and could lose to its own earlier self. Where several workers were about to make one
and the same, the record itself tells whose values were sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.core.changes import said
from connector.core.mapping import Pair
from connector.core.matching import cross_id
from connector.core.plan import Agreed, Because, Change, Create, Memory
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.engine.bridge import Bridge
from connector.engine.job import Job
from connector.engine.overtaken import late_over, owned_up
from connector.engine.story import LOST, UNANSWERED, change_row
from connector.storage import dirty, events, links, state
from connector.storage.events import Event
from connector.storage.links import Link, NewLink

_PREFIX = "making:"  # of names in storage.state
UNDER_WAY_FOR = timedelta(minutes=6)  # longer than a claim is leased: whoever is at it later has died

_Row = tuple[str, str, dict[str, tuple[Any, Any]]]  # origin, pair, what both sides have agreed on then, by rule


@dataclass(frozen=True, slots=True)
class _Made:
    """One record that was perhaps made: for whom, under which pair, what both say if it was, and by which run."""

    origin: Ref
    pair: Pair
    base: Mapping[str, Sequence[Any]]
    run_id: int | None = None

    @property
    def agreed(self) -> dict[str, Agreed]:
        """By rule, what both sides say if it was made."""
        return {rule: Agreed(*values) for rule, values in self.base.items()}

    def sent(self, rule: str, side: Side) -> Value:
        """What a side was sent under a rule."""
        return said(Agreed(*self.base[rule]), side) if rule in self.base else None

    def memory(self, reading: Reading) -> Memory:
        """What was agreed. A blank field may have been refused: it is met anew, not taken for cleared."""
        side = reading.ref.side
        there = {rule.name: reading.values.get(rule.field_on(side)) for rule in self.pair.rules}
        agreed = self.agreed.items()
        return Memory({rule: both for rule, both in agreed if said(both, side) is None or there.get(rule) is not None})


def write_ahead(conn: Connection, batch: str, jobs: Iterable[Job], now: datetime) -> None:
    """Remember what a batch is about to make; `batch` is `run id:number`."""
    rows = [row for job in jobs for row in _rows(job)]
    if rows:
        state.put(conn, _PREFIX + batch, {"at": now.isoformat(), "rows": rows})


def concluded(conn: Connection, batch: str, jobs: Sequence[Job], now: datetime) -> None:
    """Forget what was made or surely was not; what nobody knows stays."""
    unknown = [row for job in jobs if job.made and job.made.unsure for row in _rows(job)]
    if unknown:
        left = {"at": (now - UNDER_WAY_FOR).isoformat(), "rows": unknown, "marked": True}
        state.put(conn, _PREFIX + batch, left)
    elif any(job.made for job in jobs):
        state.delete(conn, [_PREFIX + batch])


def agreed_on(conn: Connection, met: Sequence[tuple[Pair, Reading, Reading]]) -> list[Memory | None]:
    """What each two that meet had agreed on when one of them was made of the other, if that is still under way.

    Asked for after both were read: what is concluded since is linked. A side that keeps no cross ids does not say that
    the record is the one that was made; there only what it holds as it was sent counts.
    """
    bases: dict[tuple[str, str], list[dict[str, tuple[Any, Any]]]] = {}
    for kept in state.named(conn, _PREFIX).values():
        for origin, name, base in kept["rows"]:
            bases.setdefault((origin, name), []).append(base)
    return [_agreed_between(bases, *two) or _agreed_between(bases, two[0], two[2], two[1]) for two in met]


def _agreed_between(
    bases: Mapping[tuple[str, str], Sequence[Mapping[str, Sequence[Any]]]], pair: Pair, origin: Reading, there: Reading
) -> Memory | None:
    rivals = [_Made(origin.ref, pair, base) for base in bases.get((str(origin.ref), pair.name), ())]
    if not rivals:
        return None
    if pair.key_on(there.ref.side) is None:
        return _held(rivals, there).memory(there)
    return _as_held(rivals, there).memory(there) if cross_id(pair, there) == origin.ref.id else None


def of_run(conn: Connection, run_id: int) -> bool:
    """Whether a run was to make records of which nobody knows yet whether they are there."""
    return bool(state.named(conn, f"{_PREFIX}{run_id}:"))


def names(conn: Connection, ref: Ref) -> bool:
    """Whether a record is in the making for this one."""
    return any(row[0] == str(ref) for kept in state.named(conn, _PREFIX).values() for row in kept["rows"])


def forget(conn: Connection, refs: Collection[Ref]) -> None:
    """Remove what was written ahead for these records, for it holds values of people."""
    gone = {str(ref) for ref in refs}
    for name, kept in state.named(conn, _PREFIX).items():
        rows = [row for row in kept["rows"] if row[0] not in gone]
        if len(rows) < len(kept["rows"]):
            state.put(conn, name, {**kept, "rows": rows})


def _rows(job: Job) -> Iterator[_Row]:
    for step in job.case.plan.steps if job.made else ():
        if isinstance(step, Create):
            base = {rule: (agreed.hubspot, agreed.salesforce) for rule, agreed in step.agreed.items()}
            yield str(job.case.origin(step.side)), job.case.pair.name, base


def adopt(bridge: Bridge) -> None:
    """Link what earlier batches made without hearing of it, and have it looked at.

    What is not there (yet), or was made by others, is kept in mind while whoever was to make it may still be at it: a
    create that comes late writes over what is there, and is owned up to. Who was left dirty, with a pause,
    by a batch that heard no answer is not marked again: that would end the pause, and a side that is down be asked
    without end.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    with bridge.database.read() as conn:
        left = state.named(conn, _PREFIX)
        rows = [(_run(name), *row) for name, batch in left.items() for row in batch["rows"]]
        before = links.by_refs(conn, [Ref.parse(origin) for _, origin, _, _ in rows]) if rows else {}
    if not left:
        return
    pairs = {pair.name: pair for pair in bridge.mapping.pairs}
    made = [_Made(Ref.parse(origin), pairs[name], base, run) for run, origin, name, base in rows if name in pairs]
    found = _believed((one, reading) for one, reading in _found(bridge, made) if reading.present)
    with bridge.database.begin() as conn:
        now = bridge.clock.now()
        new = [_link(one, reading) for one, reading in found]
        ids = links.insert(conn, new, now)
        met = [place for place, link_id in enumerate(ids) if link_id is not None]
        there = {str(one.origin) for one, _ in found}
        marked = {row[0] for batch in left.values() if batch.get("marked") for row in batch["rows"]} - there
        late = [found[place] for place, link_id in enumerate(ids) if link_id is None]
        owned = _own_up(conn, late, before, now)
        known = {str(found[place][0].origin) for place in met} | set(owned)
        waiting = _settle(conn, left, known, now) | marked
        events.append(conn, [_linked(new[place], *found[place], now) for place in met] + list(owned.values()))
        settled = [one.origin for one in made if str(one.origin) not in waiting]
        dirty.mark(conn, settled, now, reason="made before an interruption")


def _own_up(
    conn: Connection, late: Sequence[tuple[_Made, Reading]], before: Mapping[Ref, Link], now: datetime
) -> dict[str, Event]:
    """Own up to what a worker wrote over a record that others had made and linked; `before`: their links by then.

    A link that has changed since the record was read is left alone: whoever is at it knows better. Returns what is to
    be told, by the origin of what was to be made.
    """
    rows: dict[str, tuple[int, int, Memory]] = {}
    told: dict[str, Event] = {}
    for one, reading in late:
        link = before.get(one.origin)
        if link is None or reading.ref not in (link.hubspot, link.salesforce):
            continue
        changes = late_over(one.pair, one.agreed, link.memory, reading)
        if changes:
            rules = {change.rule for change in changes}
            rows[str(one.origin)] = (link.id, link.version, owned_up(link.memory, one.agreed, rules))
            payload = {"reason": LOST, "changes": [change_row(change) for change in changes]}
            told[str(one.origin)] = Event(now, UNANSWERED, link.hubspot, link.salesforce, None, payload)
    saved = links.save(conn, list(rows.values())) if rows else set()
    return {origin: event for origin, event in told.items() if rows[origin][0] in saved}


def _settle(conn: Connection, left: Mapping[str, Any], found: Collection[str], now: datetime) -> set[str]:
    """Forget what is linked now, and what nobody can be at any more; the origins of the rest, which is kept."""
    kept: set[str] = set()
    done: list[str] = []
    for name in sorted(left):
        young = now - datetime.fromisoformat(left[name]["at"]) < UNDER_WAY_FOR
        rows = [row for row in left[name]["rows"] if row[0] not in found] if young else []
        kept |= {row[0] for row in rows}
        if not rows:
            done.append(name)
    state.delete(conn, done)  # before marking, as whoever concludes does: two workers take turns
    return kept


def _found(bridge: Bridge, made: Sequence[_Made]) -> Iterator[tuple[_Made, Reading]]:
    """What was made, as far as its side shows it, by the id of its origin that it carries."""
    groups: dict[tuple[str, Side], list[_Made]] = {}
    for one in made:
        groups.setdefault((one.pair.name, one.origin.side.other), []).append(one)
    for (_, side), group in groups.items():
        pair = group[0].pair
        name = pair.key_on(side)
        if name:
            view = bridge.views[side, pair.object_on(side)]
            readings = bridge.crms[side].find(view, name, [one.origin.id for one in group])
            carrying = {cross_id(pair, reading): reading for reading in readings}
            yield from ((one, carrying[one.origin.id]) for one in group if one.origin.id in carrying)


def _believed(found: Iterable[tuple[_Made, Reading]]) -> list[tuple[_Made, Reading]]:
    """Each record that was made once, however many were about to make it."""
    rivals: dict[tuple[Ref, Ref], list[tuple[_Made, Reading]]] = {}
    for one, reading in found:
        rivals.setdefault((one.origin, reading.ref), []).append((one, reading))
    return [(_as_held([one for one, _ in told], told[0][1]), told[0][1]) for told in rivals.values()]


def _as_held(rivals: Sequence[_Made], reading: Reading) -> _Made:
    """What one of several has made. Where they differ, who sent what the record holds is believed, or else nobody."""
    first, *others = rivals
    if all(other.base == first.base for other in others):
        return first
    alike = {
        rule: agreed
        for rule, agreed in first.base.items()
        if all(rule in other.base and other.base[rule] == agreed for other in others)
    }
    return replace(first, base={**_held(rivals, reading).base, **alike})


def _held(rivals: Sequence[_Made], reading: Reading) -> _Made:
    """What a record holds as one of several has sent it."""
    side, base = reading.ref.side, dict[str, Sequence[Any]]()
    for rule in rivals[0].pair.rules:
        there = rule.comparison(reading.values.get(rule.field_on(side)))
        for one in rivals:
            if rule.name in one.base and rule.comparison(one.sent(rule.name, side)) == there:
                base.setdefault(rule.name, one.base[rule.name])
    return replace(rivals[0], base=base)


def _link(one: _Made, reading: Reading) -> NewLink:
    ends = (reading.ref, one.origin) if reading.ref.side is Side.HUBSPOT else (one.origin, reading.ref)
    return NewLink(one.pair.name, *ends, one.memory(reading))


def _linked(link: NewLink, one: _Made, reading: Reading, now: datetime) -> Event:
    """A link of its own sort, with what was sent, so that the story says where each value came from."""
    side = reading.ref.side
    agreed = [(rule, Agreed(*one.base[rule.name])) for rule in one.pair.rules if rule.name in one.base]
    sent = [(rule, said(both, side)) for rule, both in agreed]
    changes = [
        Change(side, rule.field_on(side), rule.name, None, value, Because.CREATES) for rule, value in sent if value
    ]
    payload = {"by": "made before an interruption", "changes": [change_row(change) for change in changes]}
    return Event(now, "linked", link.hubspot, link.salesforce, one.run_id, payload)


def _run(batch: str) -> int:
    """The number of the run that was to make what is remembered under a name."""
    return int(batch.removeprefix(_PREFIX).split(":")[0])
