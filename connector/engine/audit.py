"""The drift audit: a sample of linked pairs is read afresh on both sides, all the time, and compared rule by rule.

Everybody's turn comes (a cursor goes round over the links), some are drawn at random, and those that differed last time
are looked at again. What differs without a reason is marked dirty, so that the ordinary pass mends it; what it does not
mend is shown by name. Marks, versions of links and issues are asked for after the records were read: whatever moved
meanwhile is explained by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector.core.drifting import Compared, Known, Tally, compare
from connector.core.plan import Issue, IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.core.steered import Effect
from connector.engine.bridge import Bridge
from connector.engine.cases import is_mapped, pair_of, read_refs
from connector.storage import cursors, dirty, drift, effects, issues, links, state
from connector.storage.links import Link
from connector.storage.upsert import chunks

SAMPLE = 200  # pairs, where nothing else is said
ALARM, LASTING = "DRIFT", "DOES_NOT_HEAL"  # codes of issues
_CURSOR = "audit"  # in storage.state: the id of the link up to which everybody had their turn
_ALL = Ref(Side.HUBSPOT, "audit", "drift")  # what the alarm is about
_PORTION = 1_000  # pairs read at a time
_AT_RANDOM = 4  # one of so many is drawn
_AGAIN_MAX, _KEPT_MAX = 200, 200  # pairs that differed last time: looked at again, and kept for that
_ISSUES_MAX = 100_000
_TOLD = 10  # refs in words


Pairs = set[tuple[Ref, Ref]]


@dataclass(frozen=True, slots=True)
class Asked:
    """How an audit is made.

    Attributes:
        sample: so many pairs; None: all of them.
        alarm_percent: drift above it is shown and told.
        young: what changed less than this before a side was last polled may not have been heard of.
        channels: where an alarm is told.
    """

    sample: int | None = SAMPLE
    alarm_percent: float = 1.0
    young: timedelta = timedelta(seconds=60)
    channels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit came to; `lasting`: pairs that differed in the audit before, too."""

    at: datetime
    tally: Tally
    lasting: tuple[tuple[Ref, Ref], ...]
    alarm: bool


def audit(bridge: Bridge, asked: Asked, now: datetime) -> Audited:
    """Compare a sample, mark what drifted, show what does not heal; one row is kept.

    Raises:
        Transient, RateLimited, Unauthorised: what reading raises; nothing is kept then.
    """
    tally, before = Tally(), _before(bridge)
    looked_at: Pairs = set()
    chosen, upto = (_everybody(bridge), None) if asked.sample is None else _drawn(bridge, asked.sample, before)
    for portion in chosen:
        for link, found in _compared(bridge, portion, asked):
            tally.add(pair_of(bridge, link.hubspot, link.salesforce), found)
            looked_at.update({(link.hubspot, link.salesforce)} & before)
        bridge.progress("comparing both sides", tally.links, None)
    lasting = tuple(refs for refs in tally.drifted if refs in before)
    done = Audited(now, tally, lasting, tally.percent > asked.alarm_percent)
    with bridge.database.begin() as conn:
        _keep(conn, done, upto)
        _show(conn, done, looked_at)
        if done.alarm:
            effects.add(conn, [_notice(done, to) for to in asked.channels], now)
        dirty.mark(conn, [ref for both in tally.drifted for ref in both], now, reason="the audit found a difference")
    return done


def _before(bridge: Bridge) -> Pairs:
    """The pairs that drifted when they were last compared."""
    with bridge.database.read() as conn:
        last = drift.latest(conn, 1)
        shown = issues.open_issues(conn, kinds=[IssueKind.DRIFT], limit=_AGAIN_MAX)
    rows = last[0].body.get("drifted", ()) if last else ()
    found = {(Ref.parse(hubspot), Ref.parse(salesforce)) for hubspot, salesforce, *_ in rows[:_AGAIN_MAX]}
    return found | {(one.issue.refs[0], one.issue.refs[1]) for one in shown if one.issue.code == LASTING}


def _everybody(bridge: Bridge) -> Iterator[Sequence[Link]]:
    after = 0
    while portion := _page(bridge, after, _PORTION):
        after = portion[-1].id
        yield portion


def _drawn(bridge: Bridge, sample: int, before: Pairs) -> tuple[Iterator[Sequence[Link]], int]:
    """Those whose turn it is, some at random, and those that drifted before; and up to which id it was whose turn."""
    with bridge.database.read() as conn:
        after, last = int(state.get(conn, _CURSOR) or 0), drift.last_link(conn)
    drawn = sample // _AT_RANDOM
    turn = _page(bridge, after, sample - drawn)
    if after and len(turn) < sample - drawn:
        turn += _page(bridge, 0, sample - drawn - len(turn))
    chosen = {link.id: link for link in turn}
    for _ in range(drawn):
        chosen.update((link.id, link) for link in _page(bridge, int(bridge.dice.roll() * last), 1))
    with bridge.database.read() as conn:
        chosen.update((link.id, link) for link in links.by_refs(conn, [hubspot for hubspot, _ in before]).values())
    found = [chosen[link_id] for link_id in sorted(chosen)]
    return chunks(found, _PORTION), turn[-1].id if turn else 0


def _page(bridge: Bridge, after: int, limit: int) -> list[Link]:
    with bridge.database.read() as conn:
        return links.page(conn, after, limit)


def _compared(bridge: Bridge, portion: Sequence[Link], asked: Asked) -> Iterator[tuple[Link, Compared]]:
    """Read and compare; who is kept apart by a person, or of no mapping any more, takes no part."""
    there = [link for link in portion if not link.stopped and is_mapped(bridge, link)]
    readings = read_refs(bridge, [ref for link in there for ref in (link.hubspot, link.salesforce)])
    with bridge.database.read() as conn:
        current = links.by_ids(conn, [link.id for link in there])
        known = _Asking(conn, list(readings), asked)
        polled = {side: cursors.stored_at(conn, side) for side in Side}
    heard = {side: at - asked.young for side, at in polled.items() if at}
    for link in there:
        if link.id in current and current[link.id].version == link.version:
            left, right = readings[link.hubspot], readings[link.salesforce]
            told = replace(known.of(link), heard=heard)
            yield link, compare(pair_of(bridge, link.hubspot, link.salesforce), told, left, right)


class _Asking:
    """What people are asked about some records, and which of them are marked."""

    def __init__(self, conn: Connection, refs: Sequence[Ref], asked: Asked) -> None:
        kinds = (IssueKind.CONFLICT, IssueKind.PARKED)
        some = issues.counts(conn)
        wanted = None if asked.sample is None else refs
        shown = issues.open_issues(conn, kinds=kinds, refs=wanted, limit=_ISSUES_MAX) if some else []
        self._marked = drift.marked(conn, refs)
        self._shown: dict[Ref, list[Issue]] = {}
        for one in shown:
            for ref in one.issue.refs:
                self._shown.setdefault(ref, []).append(one.issue)

    def of(self, link: Link) -> Known:
        """What is known of one pair."""
        refs = (link.hubspot, link.salesforce)
        shown = [issue for ref in refs for issue in self._shown.get(ref, ())]
        return Known(
            link.memory,
            {issue.rule for issue in shown if issue.kind is IssueKind.CONFLICT},
            {(issue.rule, issue.side, issue.field) for issue in shown if issue.kind is IssueKind.PARKED},
            pending=not self._marked.isdisjoint(refs),
        )


def _keep(conn: Connection, done: Audited, upto: int | None) -> None:
    tally = done.tally
    body: dict[str, Any] = {
        "all": upto is None,
        "fields": tally.fields,
        "differing_fields": tally.differing_fields,
        "apart": tally.apart,
        "by_rule": dict(tally.by_rule.most_common()),
        "by_side": dict(tally.by_side),
        "explained": {why.value: number for why, number in tally.explained.most_common()},
        "standing": dict(tally.standing.most_common()),
        "missing": dict(tally.missing),
        "lasting": len(done.lasting),
        "alarm": done.alarm,
        "drifted": [
            (str(hubspot), str(salesforce), *rules)
            for (hubspot, salesforce), rules in list(tally.drifted.items())[:_KEPT_MAX]
        ],
    }
    drift.add(conn, drift.Row(done.at, tally.links, tally.differing, body))
    if upto is not None:
        state.put(conn, _CURSOR, upto)


def _show(conn: Connection, done: Audited, looked_at: Pairs) -> None:
    """Open and close what people are told."""
    shown = issues.open_issues(conn, kinds=[IssueKind.DRIFT], limit=_ISSUES_MAX)
    doubts = {one.id: (one.issue.refs[0], one.issue.refs[1]) for one in shown if one.issue.code == LASTING}
    linked = links.by_refs(conn, [hubspot for hubspot, _ in doubts.values()])
    still = {(link.hubspot, link.salesforce) for link in linked.values()}
    agreed = {refs for refs in looked_at if refs not in done.tally.drifted}
    healed = [number for number, refs in doubts.items() if refs in agreed or refs not in still]
    issues.close(conn, healed, done.at, "the two agree again")
    if not done.alarm:
        over = [one.id for one in shown if one.issue.code == ALARM]
        issues.close(conn, over, done.at, "less drift than the alarm asks for")
    raised = [_lasting(refs, done.tally.drifted[refs]) for refs in done.lasting]
    issues.raise_issues(conn, raised + ([_alarm(done)] if done.alarm else []), done.at, None)


def _lasting(refs: tuple[Ref, Ref], rules: Sequence[str]) -> Issue:
    gone = rules == ("",)
    what = "one of them is not there any more" if gone else f"{', '.join(rules)} differ"
    return Issue(
        IssueKind.DRIFT,
        refs,
        code=LASTING,
        reason=f"two audits in a row found that {what}, and bringing them in step in between has not helped",
        hint=f"smarketing show {refs[0]} says what the bridge makes of it; then: smarketing resync {refs[0]}",
    )


def _alarm(done: Audited) -> Issue:
    return Issue(
        IssueKind.DRIFT,
        (_ALL,),
        code=ALARM,
        reason=_words(done),
        hint="see `smarketing audit --latest` for the fields; what differs is looked at again by itself. "
        "docs/loops_and_drift.md tells what to look for",
    )


def _words(done: Audited) -> str:
    tally = done.tally
    most = ", ".join(f"{name} ({number})" for name, number in tally.by_rule.most_common(3))
    share = f"{tally.differing} of {tally.links} linked pairs ({tally.percent:.1f} %)"
    return f"{share} differ without a reason; mostly {most}"


def _notice(done: Audited, to: str) -> Effect:
    """Once a day a channel is told."""
    tally = done.tally
    facts = {"percent": f"{tally.percent:.2f}", "compared": str(tally.links), "differing": str(tally.differing)}
    subject = f"Drift: {tally.percent:.1f} % of the pairs compared"
    body = f"{_words(done)}.\n\nMore: smarketing audit --latest"
    return Effect(f"drift {done.at:%Y-%m-%d} {to}", ActionKind.NOTIFY, to, _ALL, subject, body, facts)
