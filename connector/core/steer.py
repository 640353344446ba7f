"""All that follows for one person from the agreement, their journey and two fresh readings.

Pure; the engine carries it out. First what the readings say that the journey does not (`observing`), then what follows
from it, again and again until nothing new does: answers and stages (`answering`, `sighting`), what moves by itself
(`automatic`), the handoff, and what the SLA sets off (`escalating`). At last what each side shall say (`wishes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connector.core import handoff, personas
from connector.core.answering import answer
from connector.core.automatic import move, returning
from connector.core.escalating import Escalation, escalate
from connector.core.history import only_history
from connector.core.journey import Entry, Named, Seen
from connector.core.ledger import Ledger
from connector.core.lifecycle import ENDS
from connector.core.observing import News, observe
from connector.core.policies import next_look
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.shown import issues, unowned
from connector.core.sighting import sight
from connector.core.steered import Agreement, Choose, Effect, Now, Steered
from connector.core.wishes import wishes

_ROUNDS = 8  # more moves in one pass than any definition needs; the next pass goes on
_ASK_AGAIN = timedelta(hours=1)  # when nobody was free to be given a lead
_CHANGED_BY = {Side.HUBSPOT: "hs_updated_by_user_id", Side.SALESFORCE: "LastModifiedById"}


def steer(agreement: Agreement, journey: Sequence[Entry], readings: Now, choose: Choose) -> Steered:
    """What follows now.

    Args:
        agreement: in force now.
        journey: the entries of all records the person has and had, in order (`course.in_order`).
        readings: the two records as they are.
        choose: who of a pool is next.
    """
    there = _there(readings)
    if not there:
        return Steered()
    short = None if journey else only_history(agreement, there, readings)
    return short or at_length(agreement, journey, readings, choose)


def at_length(agreement: Agreement, journey: Sequence[Entry], readings: Now, choose: Choose) -> Steered:
    """As `steer`, by the way that is right for everybody; one record at least must be there."""
    there = _there(readings)
    lead = next(iter(there.values()))
    ledger = Ledger(agreement.definition, journey, lead.ref, readings.at)
    _decide(ledger, there, _observe(agreement, ledger, there))
    found = _settle(agreement, ledger, there, choose)
    return _steered(agreement, ledger, readings, there, found)


def _there(readings: Now) -> dict[Side, Reading]:
    """The records that are there, the one that leads first."""
    return {
        reading.ref.side: reading for reading in (readings.hubspot, readings.salesforce) if reading and reading.present
    }


def _observe(agreement: Agreement, ledger: Ledger, there: dict[Side, Reading]) -> list[News]:
    """Append what the readings tell; the news, in the order of the sources' time."""
    seen: list[Entry] = []
    for reading in there.values():
        seen += observe(agreement, ledger.hearing, reading, ledger.now)
    news = [ledger.add(entry) for entry in sorted(seen, key=lambda entry: entry.at)]
    return [one for one in news if one is not None]


def _decide(ledger: Ledger, there: dict[Side, Reading], news: Iterable[News]) -> None:
    """Judge what people have said, in the order in which they said it.

    Who answers and moves somebody at once answers first, unless it is by the move that sales takes them up.
    """
    said: list[tuple[datetime, int, Side, News | None]] = [(one.entry.at, 1, one.entry.ref.side, one) for one in news]
    said += [(seen.at, 0, side, None) for side, seen in ledger.hearing.pending.items()]
    for _, _, side, one in sorted(said, key=lambda each: each[:2]):
        by = _by(ledger, there.get(side))
        if one is not None:
            _name(ledger, one)
            sight(ledger, one, by)
        elif ledger.with_sales_since is not None:
            answer(ledger, side, by)
    _look_at_answers(ledger, there)


def _look_at_answers(ledger: Ledger, there: dict[Side, Reading]) -> None:
    """What is open may have become complete, or void, by what happened since."""
    for side in list(ledger.hearing.pending):
        answer(ledger, side, _by(ledger, there.get(side)))


def _name(ledger: Ledger, news: News) -> None:
    """A persona that somebody chose by hand, or whose choice they took back."""
    defined, side, what = ledger.definition.personas, news.entry.ref.side, news.entry.what
    field = defined.held_in.get(side) if defined else None
    if defined is None or field is None or field not in news.fields or not isinstance(what, Seen):
        return
    persona = personas.chosen(defined, side, what.fields[field])
    if (persona and persona != ledger.course.situation.persona) or (persona == "" and ledger.course.named):
        ledger.say(Named(persona), news.entry.at, f"named:{ledger.course.names}")


def _by(ledger: Ledger, reading: Reading | None) -> str:
    """Who wrote an answer, as far as the side tells."""
    feedback = ledger.definition.feedback
    if reading is None or feedback is None:
        return ""
    field = feedback.answers.verdict.get(reading.ref.side)
    stamp = reading.stamps.get(field) if field else None
    return (stamp.source if stamp else "") or reading.values.get(_CHANGED_BY[reading.ref.side]) or ""


def _settle(agreement: Agreement, ledger: Ledger, there: dict[Side, Reading], choose: Choose) -> Escalation:
    """What follows by itself, until nothing new does."""
    effects: list[Effect] = []
    for _ in range(_ROUNDS):
        before = len(ledger.new)
        while move(ledger, agreement.since) and len(ledger.new) - before < _ROUNDS:
            pass
        _hand(ledger, choose)
        _look_at_answers(ledger, there)
        found = escalate(agreement, ledger, there, choose)
        effects += found.effects
        if len(ledger.new) == before:
            break
    return found.with_effects(effects)


def _hand(ledger: Ledger, choose: Choose) -> None:
    defined = ledger.definition.handoff
    if defined is not None and handoff.is_due(defined, ledger.course):
        handed = handoff.handed(defined, ledger.course, choose)
        if handed is not None:
            ledger.say(handed, ledger.now, f"handed:{len(ledger.course.handoffs)}")


def _steered(
    agreement: Agreement, ledger: Ledger, readings: Now, there: dict[Side, Reading], found: Escalation
) -> Steered:
    course = ledger.course
    both = {Side.HUBSPOT: readings.hubspot, Side.SALESFORCE: readings.salesforce}
    told = {
        side: wishes(ledger, side, reading, agreement.sla_fields, found.cycles)
        for side, reading in both.items()
        if reading is None or reading.present
    }
    waits = _waits(ledger) or found.unowned
    refs = tuple(reading.ref for reading in there.values())
    back = returning(ledger)
    looks = [
        next_look(found.cycles, ledger.now),
        back[0] if back and back[0] > ledger.now else None,
        ledger.now + _ASK_AGAIN if waits else None,
    ]
    ended = course.stay is not None and course.stay[1].kind in ENDS
    return Steered(
        entries=tuple(ledger.new),
        wishes=told,
        effects=found.effects,
        issues=(*issues(ledger, there), *([unowned(refs)] if waits else [])),
        look_at=min((look for look in looks if look is not None), default=None),
        wanted=bool(course.handoffs)
        and not ended
        and both[Side.SALESFORCE] is None
        and Side.SALESFORCE not in course.refs,
        cycles=found.cycles,
    )


def _waits(ledger: Ledger) -> bool:
    """Whether somebody is still to be handed over."""
    defined = ledger.definition.handoff
    return defined is not None and handoff.is_due(defined, ledger.course)
