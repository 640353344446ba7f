"""A worker that woke too late owns up to what it has written over.

What others have agreed on meanwhile is newer than the reading it planned from, and nobody knows whether its write came
before or after theirs. So the side it wrote to may hold either value, and neither is anybody's edit; unless it owned
up, its own would be taken for one and carried back over the newer ones. A keyed create is the same: where another
worker was faster, the side updates what that one made, and with the base it was planned from the newer values win
again. What stood there nobody knows then; the story tells what the sides had last agreed on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from connector.core.agreement import SENT_MAX
from connector.core.changes import NOTHING, echoes, said
from connector.core.mapping import Pair
from connector.core.plan import Agreed, Because, Change, Memory
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Value
from connector.engine.job import Job, created_memory
from connector.storage import links

MADE_LATE = "it had been made meanwhile, and this was written over what it held; before: what was last agreed on"


def owned_up(memory: Memory, base: Mapping[str, Agreed], rules: Collection[str]) -> Memory:
    """What is remembered of a link, with the base from which these rules were planned and written too late."""
    return replace(memory, base={**memory.base, **{rule: base[rule] for rule in rules if rule in base}})


def written_over(memory: Memory, before: Memory, planned: Mapping[str, Agreed], written: Iterable[Change]) -> Memory:
    """What is remembered of a link that others have changed since these updates of it were planned.

    Both what was written and what was agreed on since count as sent to that side, which has its old base again; the
    other side stands where it was last agreed on. So a late value gives way, an edit of either side is one, and the
    next look brings them to an agreement that forgets all this.

    Args:
        memory: what is remembered now.
        before: what the updates were planned from.
        planned: by rule, what both sides were to agree on.
        written: the updates that arrived.
    """
    base, sent = dict(memory.base), {side: dict(values) for side, values in memory.sent.items()}
    for change in written:
        rule, side = change.rule, change.side
        last, first = memory.base.get(rule), before.base.get(rule)
        if rule not in planned:
            continue
        if last is None or first is None:
            base[rule] = planned[rule]
            continue
        base[rule] = _agreed(side, said(first, side), said(last, side.other))
        told = sent.setdefault(side, {})
        told[rule] = (*told.get(rule, ()), said(last, side), said(planned[rule], side))[-SENT_MAX:]
    return replace(memory, base=base, sent=sent)


def _agreed(side: Side, here: Value, there: Value) -> Agreed:
    return Agreed(here, there) if side is Side.HUBSPOT else Agreed(there, here)


def made_over(conn: Connection, jobs: Sequence[Job]) -> None:
    """Own up to creates that found their record made, and linked, by somebody else; its two are looked at again."""
    late = [(job, job.made, job.made.ref) for job in jobs if job.made and job.made.done and not job.made.created]
    held = links.by_refs(conn, [ref for _, _, ref in late if ref]) if late else {}
    for job, made, ref in late:
        link = held.get(ref) if ref else None
        if link is not None:
            rules = {change.rule for change in made.written}
            made.written = [_last_agreed(change, link.memory) for change in made.written]
            links.save(conn, [(link.id, link.version, owned_up(link.memory, created_memory(job).base, rules))])
            job.again += (link.hubspot, link.salesforce)


def late_over(pair: Pair, base: Mapping[str, Agreed], memory: Memory, reading: Reading) -> list[Change]:
    """What a worker that died had, it seems, written over a record as if making it.

    Args:
        pair: what the link is of.
        base: by rule, what both sides were to agree on then.
        memory: what is remembered of the link that somebody else has made.
        reading: of the record that was written over. It tells by a value that it neither agreed on nor was sent, but
            which that worker was about to send.
    """
    side, found = reading.ref.side, []
    sent = memory.sent.get(side, NOTHING)
    for rule in pair.rules:
        agreed, planned, value = (
            memory.base.get(rule.name),
            base.get(rule.name),
            reading.values.get(rule.field_on(side)),
        )
        if agreed is None or planned is None or value is None:
            continue
        form = rule.comparison(value)
        last = (said(agreed, side), *sent.get(rule.name, ()))
        if form == rule.comparison(said(planned, side)) and not echoes(rule, form, last):
            origin = said(planned, side.other)
            because = Because.DEFAULT if origin is None else Because.CREATES
            change = Change(side, rule.field_on(side), rule.name, last[0], value, because, origin, MADE_LATE)
            found.append(change)
    return found


def _last_agreed(change: Change, memory: Memory) -> Change:
    """A change with what gave way, as far as can be known: what was agreed on, unless that is this very value."""
    agreed = memory.base.get(change.rule)
    before = said(agreed, change.side) if agreed else None
    known = before not in (None, change.after)
    return change._replace(before=before, evidence=MADE_LATE) if change.rule and known else change
