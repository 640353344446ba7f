"""What becomes of a rep's answer: kept when it is complete, asked for when it is not, refused when there is no handoff.

An answer is open from the moment somebody changed one of its fields until it is kept, and is looked at in every pass: a
lead may become unreachable by one more call. Who is asked for something is asked once. A rep who moves a lead without
answering has answered by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from connector.core.definition import Feedback
from connector.core.feedback import ATTEMPTS, Attempt, attempt, complete, missing
from connector.core.journey import Answered, Asked, Entry, Seen, Verdict
from connector.core.ledger import Ledger
from connector.core.lifecycle import Mover, Sighting
from connector.core.refs import Side

_BY_MOVING = (Verdict.RECYCLE, Verdict.DISQUALIFY, Verdict.REJECT)
_NOT_HANDED = "sales was not given them, so there is nothing to answer"
_ANSWERED = "answered"


def answer(ledger: Ledger, side: Side, by: str) -> None:
    """Look at what stands open in a side's answer fields; by: who wrote it, as far as the side tells."""
    feedback, made = ledger.definition.feedback, opened(ledger, side)
    if feedback is None or made is None:
        return
    seen, since = ledger.hearing.pending[side], ledger.with_sales_since
    if made.verdict is None:
        _take_back(ledger, made, seen)
        return
    kept = complete(feedback, made.verdict, made, by)
    found = _found(feedback, seen, kept, since or seen.at)
    if since is None:
        _refuse(ledger, found, _NOT_HANDED)
        return
    lacks = lacking(ledger, made.verdict, made, found)
    if same(ledger.course.answer, kept):
        _take_back(ledger, made, seen)
    elif lacks and side is _last_to_write(ledger):
        ask(ledger, made.verdict, lacks, found.at)
    elif not lacks:
        _give(ledger, kept, replace(found, at=max(found.at, _enough_since(ledger) or found.at)))


def opened(ledger: Ledger, side: Side) -> Attempt | None:
    """What stands open in a side's answer fields; None: nothing. Who was asked need not repeat the verdict."""
    feedback, seen = ledger.definition.feedback, ledger.hearing.pending.get(side)
    if feedback is None or seen is None:
        return None
    made, course = attempt(feedback.answers, side, ledger.course.known[seen.ref]), ledger.course
    if course.asked is None or made.strange or _spoken(feedback, side, seen):
        return made
    given = course.answer.what if course.answer else None
    stands = given.verdict if isinstance(given, Answered) else None
    return made.meaning(course.asked.verdict) if made.verdict is stands else made


def lacking(ledger: Ledger, verdict: Verdict, made: Attempt, found: Sighting) -> tuple[str, ...]:
    """What an answer lacks for where it leads."""
    feedback = ledger.definition.feedback
    assert feedback is not None, "who answers has agreed on what may be answered"
    return missing(feedback, verdict, made, ledger.needs(found.stage), (found.at.date(), ledger.attempts()))


def implied(ledger: Ledger, found: Sighting, given: Verdict | None = None) -> Verdict | None:
    """The answer that a rep gives by moving somebody whom sales has; None: none, or another one is given."""
    feedback = ledger.definition.feedback
    if feedback is None or found.by is Mover.MARKETING or ledger.with_sales_since is None:
        return None
    if given is not None:
        return given if feedback.leads_to.get(given) == found.stage else None
    accepted = feedback.leads_to.get(Verdict.ACCEPT)
    if accepted and ledger.rank(found.stage) >= max(ledger.rank(accepted), 1):
        return Verdict.ACCEPT if ledger.course.answer is None else None
    return next((verdict for verdict in _BY_MOVING if feedback.leads_to.get(verdict) == found.stage), None)


def refusal(ledger: Ledger) -> str:
    """Why the last answer was refused; "" where it was not, or somebody was moved since."""
    course = ledger.course
    since = course.made[-1][0].at if course.made else None
    refused = [(entry.at, one) for entry, one, _ in course.refused if one.evidence.startswith(_ANSWERED)]
    return refused[-1][1].refused if refused and (since is None or refused[-1][0] >= since) else ""


def ask(ledger: Ledger, verdict: Verdict, lacks: tuple[str, ...], at: datetime) -> None:
    """Ask for what is missing, once; what was asked for later stands."""
    asked, last = Asked(verdict, lacks), ledger.course.asked_at
    if ledger.course.asked != asked and (last is None or last <= at):
        ledger.say(asked, at, f"asked:{ledger.course.asks}")


def keep(ledger: Ledger, kept: Answered, at: datetime) -> None:
    """Keep a complete answer."""
    ledger.say(kept, at, f"answered:{ledger.course.answers}")


def same(entry: Entry | None, kept: Answered) -> bool:
    """Whether this was answered already, whoever says so."""
    last = entry.what if entry else None
    return isinstance(last, Answered) and _said(last) == _said(kept)


def in_words(lacks: Sequence[str]) -> str:
    """What is missing."""
    return " and ".join(f"a {part}" if part != ATTEMPTS else "more attempts to reach them" for part in lacks)


def _last_to_write(ledger: Ledger) -> Side:
    """Where an answer was changed last: of two that are unfinished only that one is asked about."""
    return max(ledger.hearing.pending.items(), key=lambda one: (one[1].at, one[0]))[0]


def _said(kept: Answered) -> tuple[object, ...]:
    return kept.verdict, kept.reason, kept.comment, kept.revisit


def _spoken(feedback: Feedback, side: Side, seen: Entry) -> bool:
    """Whether the verdict itself was changed last."""
    return isinstance(seen.what, Seen) and feedback.answers.verdict.get(side) in seen.what.fields


def _found(feedback: Feedback, seen: Entry, kept: Answered, not_before: datetime) -> Sighting:
    reason = f" ({kept.reason})" if kept.reason else ""
    side = "HubSpot" if seen.ref.side is Side.HUBSPOT else "Salesforce"
    return Sighting(
        at=max(seen.at, not_before),
        stage=feedback.leads_to.get(kept.verdict, ""),
        by=Mover.SALES,
        evidence=f"{_ANSWERED} {kept.verdict.value}{reason} in {side}",
        reason=kept.reason,
        revisit=kept.revisit,
        comment=kept.comment,
    )


def _take_back(ledger: Ledger, made: Attempt, seen: Entry) -> None:
    """Who clears an unfinished answer, or goes back to the one that stands, is asked for nothing any more."""
    asked = ledger.course.asked
    if asked is not None and not made.strange and seen.ref.side is _last_to_write(ledger):
        ask(ledger, asked.verdict, (), max(seen.at, ledger.course.asked_at or seen.at))


def _enough_since(ledger: Ledger) -> datetime | None:
    """When they had been tried to reach often enough, where that was asked for."""
    course = ledger.course
    asked = course.asked is not None and ATTEMPTS in course.asked.missing
    return course.touches[-1][0] if asked and course.touches else None


def _give(ledger: Ledger, kept: Answered, found: Sighting) -> None:
    """An answer that is complete leads somewhere, or is refused."""
    why = ledger.judge(found) if leads_somewhere(ledger, kept.verdict, found.stage) else None
    if why:
        _refuse(ledger, found, why)
        return
    if why is not None:
        ledger.rule(found)
    keep(ledger, kept, found.at)


def leads_somewhere(ledger: Ledger, verdict: Verdict, stage: str) -> bool:
    """Whether an answer moves anybody; who accepts a lead they have taken further does not take it back."""
    standing = ledger.course.situation.stage
    if not stage or stage == standing:
        return False
    return verdict is not Verdict.ACCEPT or ledger.rank(standing) < ledger.rank(stage)


def _refuse(ledger: Ledger, found: Sighting, why: str) -> None:
    """Refuse an answer, once."""
    if not any((entry.at, one.evidence) == (found.at, found.evidence) for entry, one, _ in ledger.course.refused):
        ledger.rule(found, why)
