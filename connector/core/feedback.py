"""What a rep's answer says, what it still lacks, and how it is told.

An answer is read from the fields of the side where somebody changed them. It counts when it is complete: what is
missing, or says something that cannot be meant (a reason that does not go with the verdict, a date that is past, a
lead called unreachable whom nobody tried to reach), is asked for, never guessed and never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TypeVar

from connector.core.definition import AnswerFields, Feedback, FieldOf, Reason
from connector.core.journey import Answered, Asked, Verdict
from connector.core.lifecycle import Need
from connector.core.refs import Side
from connector.core.values import Value

STATUS = {
    Verdict.ACCEPT: "accepted",
    Verdict.REJECT: "rejected",
    Verdict.RECYCLE: "recycled",
    Verdict.DISQUALIFY: "disqualified",
}
ATTEMPTS = "attempts"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An answer as it stands in the fields of one side.

    Attributes:
        verdict: None where there is none, or none that is known.
        reason: id; as the field has it, where that is no reason that is known.
        strange: what the verdict's field holds, where that is no verdict.
    """

    verdict: Verdict | None
    reason: str = ""
    comment: str = ""
    revisit: date | None = None
    strange: str = ""

    def meaning(self, verdict: Verdict) -> Attempt:
        """The same, of this verdict."""
        return replace(self, verdict=verdict)


def attempt(answers: AnswerFields, side: Side, values: Mapping[str, Value]) -> Attempt:
    """What the fields of a side say."""
    verdict = _value(answers.verdict, side, values)
    reason = _value(answers.reason, side, values)
    known = _meant(answers.spelling.get(side, {}), verdict)
    meant = _meant(answers.reasons.get(side, {}), reason)
    return Attempt(
        verdict=known,
        reason=meant or reason,
        comment=_value(answers.comment, side, values),
        revisit=_date(_value(answers.revisit, side, values)),
        strange="" if known else verdict,
    )


def missing(
    feedback: Feedback, verdict: Verdict, made: Attempt, needs: frozenset[Need], made_on: tuple[date, int]
) -> tuple[str, ...]:
    """What an answer lacks, in the order in which people are asked for it.

    Args:
        feedback: what answers need.
        verdict: that is meant.
        made: what was given.
        needs: of the move it leads to.
        made_on: the day it was given, in UTC, and how many touches by a human there were since the handoff.
    """
    today, attempts = made_on
    wanted = needs | feedback.needs.get(verdict, frozenset())
    reason = _fitting(feedback, verdict, made)
    if reason is not None:
        wanted |= reason.needs
    late = made.revisit is not None and made.revisit <= today and verdict is not Verdict.ACCEPT
    lacks = (
        (Need.REASON.value, Need.REASON in wanted and reason is None),
        (Need.REVISIT.value, late or (Need.REVISIT in wanted and made.revisit is None)),
        (Need.COMMENT.value, Need.COMMENT in wanted and not made.comment),
        (ATTEMPTS, reason is not None and attempts < reason.after_attempts),
    )
    return tuple(name for name, lacking in lacks if lacking)


def complete(feedback: Feedback, verdict: Verdict, made: Attempt, by: str) -> Answered:
    """A complete answer; a reason that does not go with the verdict, and was not needed, is left over from before."""
    reason = made.reason if _fitting(feedback, verdict, made) else ""
    return Answered(verdict, reason, made.comment, None if verdict is Verdict.ACCEPT else made.revisit, by)


def asked_for(feedback: Feedback, asked: Asked, made: Attempt) -> str:
    """What is asked for, in words."""
    return "; ".join(_asked_for(feedback, asked, made))


def returns_on(feedback: Feedback, reason: str, revisit: date | None, since: datetime) -> datetime | None:
    """When somebody who came back for a reason may come in again by themselves; None: never."""
    known = feedback.reasons.get(reason)
    if known is None or not known.re_enter:
        return None
    return datetime.combine(revisit, time(), UTC) if revisit else since + known.cool_down


def fields(answers: AnswerFields, side: Side, answer: Answered | None) -> Iterator[tuple[str, Value]]:
    """What the answer's fields of a side shall hold: the answer, or nothing before there is one."""
    spelling, reasons = answers.spelling.get(side, {}), answers.reasons.get(side, {})
    held: tuple[tuple[FieldOf, Value], ...] = (
        (answers.verdict, spelling.get(answer.verdict, answer.verdict.value) if answer else None),
        (answers.reason, reasons.get(answer.reason, answer.reason) or None if answer else None),
        (answers.comment, answer.comment or None if answer else None),
        (answers.revisit, answer.revisit.isoformat() if answer and answer.revisit else None),
    )
    return ((name, value) for of, value in held if (name := of.get(side)))


def _fitting(feedback: Feedback, verdict: Verdict, made: Attempt) -> Reason | None:
    reason = feedback.reasons.get(made.reason)
    return reason if reason is not None and verdict in reason.verdicts else None


def _asked_for(feedback: Feedback, asked: Asked, made: Attempt) -> Iterator[str]:
    reason = feedback.reasons.get(made.reason)
    label = reason.label if reason else made.reason
    for part in asked.missing:
        if part == Need.REASON.value:
            unfit = f", {label} does not go with {asked.verdict.value}" if label else ""
            yield f"a reason{unfit}"
        elif part == Need.REVISIT.value:
            yield "a date in the future on which to come back"
        elif part == Need.COMMENT.value:
            yield "a comment"
        else:
            yield f"{reason.after_attempts if reason else 0} attempts to reach them before {label}"


def _value(of: FieldOf, side: Side, values: Mapping[str, Value]) -> str:
    name = of.get(side)
    return (values.get(name) if name else None) or ""


def _meant(spelling: Mapping[T, str], value: str) -> T | None:
    return next((meant for meant, told in spelling.items() if told.casefold() == value.casefold()), None)


def _date(value: str) -> date | None:
    """A date field's value; a text in it that is no date counts as none."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
