"""What a person must know of somebody's course: unlawful stages, answers that lack something, nobody to hand over to.

Shown in every pass for as long as it is so: what a side was put back to, what was asked for and given, no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from connector.core import personas
from connector.core.answering import opened, refusal
from connector.core.definition import OnUnlawful
from connector.core.feedback import asked_for
from connector.core.ledger import Ledger
from connector.core.lifecycle import Mover
from connector.core.plan import Issue, IssueKind
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.sighting import refused


def issues(ledger: Ledger, there: Mapping[Side, Reading]) -> Iterator[Issue]:
    """All that is so now."""
    refs = tuple(reading.ref for reading in there.values())
    for side, reading in there.items():
        yield from _stage(ledger, side, reading, refs)
        yield from _answer(ledger, side, reading, refs)
        yield from _persona(ledger, side, reading, refs)
    yield from _returned(ledger, refs)


def unowned(refs: tuple[Ref, ...]) -> Issue:
    """That nobody was free to be given somebody."""
    return Issue(
        IssueKind.UNOWNED,
        refs,
        rule="handoff",
        reason="every rep who may get this lead has as many as they may have today, or had it before",
        hint="add reps to the pools in lifecycle.yaml or sla.yaml, raise per_day, or name a fallback queue",
    )


def _stage(ledger: Ledger, side: Side, reading: Reading, refs: tuple[Ref, ...]) -> Iterator[Issue]:
    place = (side, reading.ref.object)
    told_in = sorted(ledger.definition.stage_fields.get(place, ()))
    ruled = refused(ledger, reading) if told_in else None
    if ruled is None:
        return
    back = ledger.definition.on_unlawful is OnUnlawful.PUT_BACK
    yield Issue(
        IssueKind.UNLAWFUL,
        refs,
        rule="lifecycle",
        side=side,
        field=told_in[0],
        value=reading.values.get(told_in[0]),
        reason=ruled.refused,
        hint="it is put back" if back else "put it right there, or allow the move in lifecycle.yaml",
    )


def _answer(ledger: Ledger, side: Side, reading: Reading, refs: tuple[Ref, ...]) -> Iterator[Issue]:
    made, feedback, course = opened(ledger, side), ledger.definition.feedback, ledger.course
    field = feedback.answers.verdict.get(side) if feedback else None
    if made is None or feedback is None or field is None:
        return
    held = reading.values.get(field)
    incomplete = Issue(IssueKind.ASKED, refs, rule="feedback", side=side, field=field, value=held)
    if made.strange:
        known = ", ".join(feedback.answers.spelling.get(side, {}).values())
        yield replace(incomplete, reason="that is no answer", hint=f"choose one of {known}")
    elif course.asked is not None:
        lacks = asked_for(feedback, course.asked, made)
        yield replace(incomplete, reason=f"the answer lacks {lacks}", hint="the rep was asked for it")
    elif why := refusal(ledger):
        hint = "hand them over, or choose an answer that leads where they may go"
        yield replace(incomplete, kind=IssueKind.UNLAWFUL, reason=why, hint=hint)


def _persona(ledger: Ledger, side: Side, reading: Reading, refs: tuple[Ref, ...]) -> Iterator[Issue]:
    defined = ledger.definition.personas
    field = defined.held_in.get(side) if defined else None
    held = reading.values.get(field) if field else None
    if defined is not None and personas.chosen(defined, side, held) is None:
        yield Issue(
            IssueKind.UNLAWFUL,
            refs,
            rule="persona",
            side=side,
            field=field or "",
            value=held,
            reason="there is no such persona",
            hint=f"choose one of {', '.join(defined.names)}, or add it to personas.yaml",
        )


def _returned(ledger: Ledger, refs: tuple[Ref, ...]) -> Iterator[Issue]:
    """A policy or a conversion that wants to move somebody on a way that is closed."""
    course = ledger.course
    last = course.refused[-1][1] if course.refused else None
    if last is not None and last.by is Mover.AUTOMATIC and last.start == course.situation.stage:
        yield Issue(
            IssueKind.UNLAWFUL,
            refs,
            rule="lifecycle",
            reason=last.refused,
            hint="allow automatic moves there in lifecycle.yaml, or change what asks for it (converted, sla.yaml)",
        )
