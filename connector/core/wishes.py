"""What each side shall say, so that both tell what is so.

Every wish is a value in canonical form with its reason; one that a side fulfils already is dropped by whoever writes.
What a person is just writing is left alone: an answer that is open, an owner somebody has chosen since the handoff, and
a stage that was refused where the agreement says that it is only flagged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from connector.core import feedback as answers
from connector.core import handoff, personas
from connector.core.answering import opened, same
from connector.core.automatic import returning
from connector.core.definition import FieldOf, Handoff, OnUnlawful, Place
from connector.core.feedback import STATUS, Attempt, asked_for, complete
from connector.core.journey import Answered, Handed
from connector.core.ledger import Ledger
from connector.core.lifecycle import ENDS, Kind, Mover
from connector.core.policies import pressing
from connector.core.policy import SlaFields
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.sighting import refused
from connector.core.sla import Cycle, State
from connector.core.spelling import spelt
from connector.core.steered import Wish
from connector.core.values import Value
from connector.core.walking import OWNER

_MINUTE_S = 60
_TO_THE_MINUTE = 16  # 2026-11-02 08:15
Wanted = Iterator[tuple[str, Wish]]


def wishes(
    ledger: Ledger, side: Side, reading: Reading | None, sla: SlaFields, cycles: Mapping[str, tuple[Cycle, ...]]
) -> Mapping[str, Wish]:
    """By field, what a side shall say.

    Args:
        ledger: the journey, with all that was decided.
        side: whose wishes these are.
        reading: its record; None where it is still to be made.
        sla: where verdicts are told.
        cycles: by policy, how every promise stands.
    """
    told = placed(ledger, side, reading)
    if _speaks(ledger):  # history that nobody has answered is not written about
        told.update(_handoff(ledger, side))
        told.update(_answer(ledger, side))
        told.update(_feedback(ledger, side))
    told.update(promised(sla, side, pressing(cycles)))
    return told


def placed(ledger: Ledger, side: Side, reading: Reading | None) -> dict[str, Wish]:
    """What a side shall say of where somebody stands, and who they are to us."""
    found: dict[str, Wish] = {}
    _stage(found, ledger, side, reading)
    _persona(found, ledger, side, reading)
    return found


def place_of(ledger: Ledger, side: Side, reading: Reading | None) -> Place:
    """Where a side tells this person's stage; of a record that is still to be made, where people come in first."""
    if reading is not None:
        return side, reading.ref.object
    places = [place for place in ledger.definition.spellings if place[0] is side]
    return next((place for place in places if place[1] == "Lead"), places[0] if places else (side, ""))


def moment(at: datetime) -> str:
    """A moment in canonical form."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def _stage(found: dict[str, Wish], ledger: Ledger, side: Side, reading: Reading | None) -> None:
    stay = ledger.course.stay
    keeps = ledger.definition.on_unlawful is OnUnlawful.FLAG and reading is not None and refused(ledger, reading)
    if stay is None or keeps:
        return
    entry, ruled, _ = stay
    spellings = ledger.definition.spellings.get(place_of(ledger, side, reading), ())
    told = spelt(spellings, ruled.stage, reading.values if reading else None)
    if told:
        since = f"{ledger.name(ruled.stage)} since {entry.at.isoformat(' ')[:_TO_THE_MINUTE]} UTC"
        evidence = f"{since} by {ruled.by}: {ruled.evidence}"
        for field, value in told.items():
            found[field] = Wish(value, "lifecycle", evidence)


@lru_cache(maxsize=1024)
def _persona_wish(told: Value, *, by_hand: bool) -> Wish:
    return Wish(told, "persona", "chosen by a person" if by_hand else "the first rule that holds")


def _persona(found: dict[str, Wish], ledger: Ledger, side: Side, reading: Reading | None) -> None:
    defined = ledger.definition.personas
    field = defined.held_in.get(side) if defined else None
    if defined is None or field is None:
        return
    held = reading.values.get(field) if reading else None
    if held is None or personas.chosen(defined, side, held) is not None:
        told = personas.told(defined, side, ledger.course.situation.persona)
        found[field] = _persona_wish(told, by_hand=bool(ledger.course.named))


def _handoff(ledger: Ledger, side: Side) -> Wanted:
    course, defined = ledger.course, ledger.definition.handoff
    if side is Side.HUBSPOT or defined is None or not course.handoffs:
        return
    last = course.handoffs[-1]
    assert isinstance(last.what, Handed)
    if not course.owner_seen:
        by = f"policy {last.what.policy}" if last.what.policy else f"rule {last.what.rule}"
        yield OWNER, Wish(last.what.owner, "handoff", f"handed over {last.at:%Y-%m-%d %H:%M} UTC by {by}")
    if ledger.handed_at is not None and not _over(ledger):
        yield from _context(ledger, defined)


def _context(ledger: Ledger, defined: Handoff) -> Wanted:
    """What marketing knows, told on while the lead is with sales."""
    lines = "\n".join(handoff.why(defined, ledger.course))
    if defined.why_field:
        yield defined.why_field, Wish(lines or None, "handoff", "why this lead")
    if defined.touches_field:
        yield (
            defined.touches_field,
            Wish(handoff.touches(defined, ledger.course) or None, "handoff", "the last touches"),
        )


def _answer(ledger: Ledger, side: Side) -> Wanted:
    defined, kept = ledger.definition.feedback, answered(ledger)
    if defined is None or _is_open(ledger, side, kept):
        return
    evidence = (
        f"answered {kept.verdict.value}{f' by {ledger.definition.person(kept.by)}' if kept.by else ''}"
        if kept
        else "not answered yet"
    )
    for field, value in answers.fields(defined.answers, side, kept):
        yield field, Wish(value, "feedback", evidence)


def answered(ledger: Ledger) -> Answered | None:
    """The answer since the last handoff."""
    kept = ledger.course.answer.what if ledger.course.answer else None
    return kept if isinstance(kept, Answered) else None


def _is_open(ledger: Ledger, side: Side, kept: Answered | None) -> bool:
    """Whether somebody is writing an answer there. Who only cleared one that was given gets it back."""
    made, defined = opened(ledger, side), ledger.definition.feedback
    if made is None or defined is None:
        return False
    if made.verdict is None:
        return bool(made.strange) or (kept is None and made != Attempt(None))
    return not same(ledger.course.answer, complete(defined, made.verdict, made, ""))


def _feedback(ledger: Ledger, side: Side) -> Wanted:
    defined, course = ledger.definition.feedback, ledger.course
    if defined is None:
        return
    kept, back, told = answered(ledger), returning(ledger), defined.told
    reason = defined.reasons.get(kept.reason if kept else _given_up(ledger))
    made = opened(ledger, Side.SALESFORCE) or opened(ledger, Side.HUBSPOT) or Attempt(None)
    values: tuple[tuple[FieldOf, Value], ...] = (
        (told.status, _status(ledger, kept)),
        (told.reason_class, reason.group.value if reason else None),
        (told.by, ledger.definition.person(kept.by) or None if kept else None),
        (told.at, moment(course.answer.at) if course.answer else None),
        (told.asked_for, asked_for(defined, course.asked, made) if course.asked else None),
        (told.loops, str(course.situation.loops)),
        (told.recycle_on, back[0].date().isoformat() if back else None),
        (told.track, (reason.track or None) if reason and _over(ledger) else None),
    )
    for of, value in values:
        if name := of.get(side):
            yield name, Wish(value, "feedback", f"feedback: {_status(ledger, kept) or 'none yet'}")


def _speaks(ledger: Ledger) -> bool:
    """Whether there is anything to tell of handoffs and answers."""
    course = ledger.course
    return bool(course.handoffs or course.answer or course.asks)


def _status(ledger: Ledger, kept: Answered | None) -> Value:
    course = ledger.course
    if course.asked is not None:
        return "asked"
    if kept is not None:
        return STATUS[kept.verdict]
    if _given_up(ledger):
        return "expired"
    if _over(ledger):
        return "recycled" if course.made[-1][1].kind is Kind.RECYCLE else "disqualified"
    return "waiting" if ledger.with_sales_since is not None else None


def _given_up(ledger: Ledger) -> str:
    """The reason for which a policy took somebody back whom no rep had answered for; "" where that is not so."""
    last = ledger.course.made[-1][1] if ledger.course.made else None
    return last.reason if last is not None and last.by is Mover.AUTOMATIC and _over(ledger) else ""


def _over(ledger: Ledger) -> bool:
    """Whether the pass has ended: the person is marketing's again, or nobody's."""
    stay = ledger.course.stay
    return stay is not None and stay[1].kind in ENDS


def promised(fields: SlaFields, side: Side, cycle: Cycle | None) -> Wanted:
    """What a side shall say of the most pressing promise."""
    if cycle is None:
        return
    late = cycle.state is State.BREACHED
    ended = int(cycle.lateness.total_seconds() // _MINUTE_S) if cycle.ended_at is not None else None
    values: tuple[tuple[FieldOf, Value], ...] = (
        (fields.policy, cycle.terms.called),
        (fields.state, cycle.state.value),
        (fields.due_at, moment(cycle.due_at) if cycle.due_at else None),
        (fields.breached_since, moment(cycle.due_at) if late and cycle.due_at else None),
        (fields.lateness, None if ended is None else str(ended)),
    )
    for of, value in values:
        if name := of.get(side):
            yield name, Wish(value, "sla", f"{cycle.terms.called}: {cycle.state.value}")
