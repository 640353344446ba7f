"""Compare everything: stream both sides into the spool, join them there, and hand out cases in batches.

A sweep reads every record once (list pages and query pages, the cheapest reads there are) and never holds more than a
few batches in memory; the join is the database's. First sync, `sync --full` and `plan` are this one stream. Readings
grow old while a long sweep works, so a case that would overwrite a value is read again when its reading is older than
`Bridge.freshest`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import datetime

from connector.core.matching import cross_id, keys
from connector.core.plan import Archive, Because, Relink, Unlink, Update
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine.bridge import Bridge
from connector.engine.candidates import Candidates, linked_elsewhere, partners
from connector.engine.case import Case
from connector.engine.cases import (
    cases_of,
    is_mapped,
    loose_cases,
    plan_link,
    read_refs,
    with_history,
)
from connector.engine.decisions import decisions_for
from connector.engine.facts import blind
from connector.engine.steering import steered
from connector.storage import dirty, links, spool
from connector.storage.links import Link
from connector.storage.spool import SpoolRow

_Arrivals = queue.Queue[Sequence[Reading] | BaseException | None]
_AHEAD = 3  # portions read ahead of the spool: bounds memory while calls overlap
_LOOK_S = 0.05  # how often a cut-off sweep looks whether its streams have ended


@contextmanager
def swept(bridge: Bridge, run_id: int) -> Iterator[None]:
    """Fill the spool for one run, and empty it afterwards whatever happens."""
    fill(bridge, run_id)
    try:
        yield
    finally:
        with bridge.database.begin() as conn:
            spool.clear(conn, run_id)


def fill(bridge: Bridge, run_id: int) -> None:
    """Read every live record of both sides into the spool.

    Raises:
        Unauthorised: where Salesforce no longer shows the field that tells who has a counterpart; what reading raises.
    """
    with bridge.database.begin() as conn:
        spool.clear_ended(conn, bridge.clock.now())
        spool.clear(conn, run_id)
    done = 0
    for readings in _portions(bridge):
        _refuse_blind(bridge, readings)
        with bridge.database.begin() as conn:
            spool.add(conn, run_id, [_row(bridge, reading) for reading in readings])
        done += len(readings)
        bridge.progress("reading both sides", done, None)
    with bridge.database.begin() as conn:
        spool.seal(conn, run_id)


def _refuse_blind(bridge: Bridge, readings: Sequence[Reading]) -> None:
    """A field that is hidden is missing from all readings of a portion alike, so the first one tells."""
    first = next((one for one in readings if one.present and one.ref.side is Side.SALESFORCE), None)
    for pair in bridge.mapping.pairs_of(first.ref.side, first.ref.object) if first else ():
        if first and pair.salesforce_key not in first.values and pair.salesforce_key not in first.unreadable:
            raise blind(pair.salesforce, pair.salesforce_key)


def _row(bridge: Bridge, reading: Reading) -> SpoolRow:
    pair = bridge.mapping.pairs_of(reading.ref.side, reading.ref.object)[0]
    return SpoolRow(reading, cross_id(pair, reading), keys(pair, reading) if reading.present else ())


def _portions(bridge: Bridge) -> Iterator[Sequence[Reading]]:
    """Portions of all scans, those of different sides interleaved as they arrive."""
    if bridge.executor is None:
        for side in Side:
            yield from _scans(bridge, side)
        return
    arrived: _Arrivals = queue.Queue(_AHEAD)
    enough = threading.Event()
    streams = [bridge.executor.submit(_stream, _scans(bridge, side), arrived, enough) for side in Side]
    streaming = len(streams)
    try:
        while streaming:
            item = arrived.get()
            if item is None:
                streaming -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        enough.set()
        _let_end(streams, arrived)


def _let_end(streams: Sequence[Future[None]], arrived: _Arrivals) -> None:
    """Wait for streams that nobody listens to any more; one that has a portion to hand over must not wait for ever."""
    for stream in streams:
        stream.cancel()
    while not all(stream.done() for stream in streams):
        with suppress(queue.Empty):
            arrived.get(timeout=_LOOK_S)


def _scans(bridge: Bridge, side: Side) -> Iterator[Sequence[Reading]]:
    for view in bridge.views_of(side):
        yield from bridge.crms[side].scan(view)


def _stream(portions: Iterator[Sequence[Reading]], arrived: _Arrivals, enough: threading.Event) -> None:
    """Hand one side's portions to the consuming thread, and at last None, or the fault that ended it."""
    try:
        for portion in portions:
            if enough.is_set():
                return
            arrived.put(portion)
        arrived.put(None)
    except BaseException as error:  # noqa: BLE001  # raised again by the consuming thread
        arrived.put(error)


def batches(bridge: Bridge, run_id: int, since: datetime | None = None) -> Iterator[list[Case]]:
    """All cases of a filled spool, in batches: linked pairs first, then HubSpot's loose records, then Salesforce's."""
    for cases in _linked(bridge, run_id):
        yield _recent(cases, since)
    for side in (Side.HUBSPOT, Side.SALESFORCE):
        for view in bridge.views_of(side):
            for cases in _loose(bridge, run_id, side, view.object):
                yield _recent(cases, since)


def _recent(cases: list[Case], since: datetime | None) -> list[Case]:
    if since is None:
        return cases
    return [
        case
        for case in cases
        for reading in [[case.subject.hubspot, case.subject.salesforce]]
        if any(one and one.modified_at and one.modified_at >= since for one in reading)
    ]


def _linked(bridge: Bridge, run_id: int) -> Iterator[list[Case]]:
    after = 0
    while True:
        with bridge.database.read() as conn:
            rows = spool.linked(conn, run_id, after, bridge.batch_records)
        if not rows:
            return
        after = rows[-1][0].id
        cases = _linked_cases(bridge, rows)
        heirs = [step.new for case in cases for step in case.plan.steps if isinstance(step, Relink)]
        if heirs:  # they are about to be linked, and no longer loose
            with bridge.database.begin() as conn:
                spool.claim(conn, run_id, heirs)
        yield steered(bridge, with_history(bridge, cases))


def _linked_cases(bridge: Bridge, rows: Sequence[tuple[Link, Reading | None, Reading | None]]) -> list[Case]:
    """Plan linked pairs; records the scan did not list are read singly, to learn what became of them."""
    rows = [row for row in rows if is_mapped(bridge, row[0])]
    decisions = decisions_for(bridge, [ref for link, _, _ in rows for ref in (link.hubspot, link.salesforce)])
    unlisted = [
        ref
        for link, hubspot, salesforce in rows
        for ref, reading in ((link.hubspot, hubspot), (link.salesforce, salesforce))
        if reading is None
    ]
    found = read_refs(bridge, unlisted) if unlisted else {}
    moving = [ref for ref, reading in found.items() if reading.moved_to]
    apart = cases_of(bridge, moving) if moving else []
    settled = {case.link.id for case in apart if case.link}
    return apart + [
        plan_link(bridge, link, hubspot or found[link.hubspot], salesforce or found[link.salesforce], decisions)
        for link, hubspot, salesforce in rows
        if link.id not in settled
    ]


def _loose(bridge: Bridge, run_id: int, side: Side, obj: str) -> Iterator[list[Case]]:
    after = ""
    while True:
        with bridge.database.read() as conn:
            readings = spool.unlinked(conn, run_id, side, obj, after, bridge.batch_records)
        if not readings:
            return
        after = readings[-1].ref.id
        present = [reading for reading in readings if reading.present]
        candidates = _candidates(bridge, run_id, present)
        cases = loose_cases(bridge, present, candidates, decisions_for(bridge, [one.ref for one in present]))
        with bridge.database.begin() as conn:
            spool.claim(conn, run_id, [ref for case in cases for ref in _concerned(case)])
        yield steered(bridge, with_history(bridge, cases))


def _concerned(case: Case) -> Sequence[Ref]:
    issue = case.subject.issue
    return issue.refs if issue else case.refs


def _candidates(bridge: Bridge, run_id: int, readings: Sequence[Reading]) -> Candidates:
    """Counterparts and rivals of loose readings, from the spool."""
    candidates = Candidates()
    rows = [_row(bridge, reading) for reading in readings]
    with bridge.database.read() as conn:
        near = spool.related(conn, run_id, rows)
        linked = links.by_refs(conn, [reading.ref for reading, _ in near])
    for reading in (*readings, *(one for one, _ in near)):
        if reading.present:
            for pair in bridge.mapping.pairs_of(reading.ref.side, reading.ref.object):
                candidates.add(pair, reading)
    candidates.taken = {reading.ref: "met another record in this run" for reading, claimed in near if claimed}
    candidates.taken |= linked_elsewhere(linked)
    candidates.partners = partners(linked)
    return candidates


def refreshed(bridge: Bridge, cases: list[Case], read_at: datetime) -> list[Case]:
    """Cases fit to be carried out: what would overwrite or archive something on an old word is read again first."""
    aged = bridge.clock.now() - read_at > bridge.freshest
    old = [case for case in cases if _overtaken(case) or (aged and any(_overwrites(step) for step in case.plan.steps))]
    if not old:
        return cases
    rereading = {id(case) for case in old}
    return [case for case in cases if id(case) not in rereading] + cases_of(bridge, [case.refs[0] for case in old])


def set_aside(bridge: Bridge, run_id: int, cases: Sequence[Case]) -> None:
    """Have those whose links are about to end or move looked at afresh, once the sweep is through.

    They were listed while they were linked. Taken for strangers now, on that old word, one that has gone since would
    have its counterpart made once more, over what that says by now.
    """
    parting = [case for case in cases if any(isinstance(step, Unlink | Relink) for step in case.plan.steps)]
    refs = [ref for case in parting for ref in case.refs]
    if refs:
        with bridge.database.begin() as conn:
            spool.claim(conn, run_id, refs)
            dirty.mark(conn, refs, bridge.clock.now(), reason="parted")


def _overtaken(case: Case) -> bool:
    """Whether a listed reading, however young, must not be taken at its word.

    What is remembered of a link may be younger than the listing, if another worker has brought the two in step since:
    then the listed value looks like an edit, and carrying it over would undo the real one; and where both were listed
    alike, what is agreed on since would be forgotten for what was before. An edit found by a sweep of linked records is
    rare, so reading it again costs next to nothing. Archiving is never done on an old word.
    """
    steps = case.plan.steps
    edits = [change for step in steps if isinstance(step, Update) for change in step.changes]
    if case.following and case.following.begun and any(change.because is Because.FOLLOWS for change in edits):
        return True  # likewise: the journey may be younger than the listing
    if case.link is None:
        return case.subject.made is not None
    met = case.link.memory.base
    told = any(change.rule in met for change in edits) or any(rule in met for rule in case.plan.agreed)
    return told or any(isinstance(step, Archive) for step in steps)


def _overwrites(step: object) -> bool:
    return isinstance(step, Update) and any(change.because is not Because.CROSS_ID for change in step.changes)
