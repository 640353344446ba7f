"""Where people stand: lawfully, by somebody's word, and the same on both sides.

- Every move that was made is one of the ways that both teams agreed on, by somebody who may take it.
- Every stage that marketing or sales are said to have set stood on their side by somebody's hand: the bridge does not
  take its own word for theirs, nor a stage from nowhere.
- Both sides tell the stage that stands.

Lawful: a record without its counterpart, which is gone, and with it the journey, or which is asked about; a word of the
bridge's own after the journey was erased; a stage that was refused and is flagged, where that was agreed on; a stage
that a side refuses to hold, shown; a field that an admin took away; history, which is what it is. A CRM makes whoever
has no stage a lead by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connector.core.journey import Answered, Entry, Ruled, Told
from connector.core.lifecycle import Mover
from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from tests.simulation.oracle import agreed
from tests.simulation.oracle.courses import Person
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import Record

SIDES = {Mover.MARKETING: Side.HUBSPOT, Mover.SALES: Side.SALESFORCE}
UNDECIDED = (IssueKind.AMBIGUOUS, IssueKind.EDIT_BEATS_DELETION)  # whose counterpart is whose is being asked
GIVEN = "lead"  # by HubSpot, to whoever is made without a stage
ECHOES = timedelta(days=1)  # for so long the bridge waits to see what it has told
SKEW_MAX = timedelta(seconds=900)  # no two clocks of a play are farther apart


def misplaced(evidence: Evidence) -> Iterator[str]:
    """Stages that should not be."""
    courses = evidence.courses
    if courses is None:
        return
    for entry in courses.entries:
        if isinstance(entry.what, Ruled) and not entry.what.refused and not entry.what.first:
            yield from _unlawful(entry, entry.what)
            yield from _from_nowhere(evidence, entry, entry.what)
    for person in courses.people:
        for ref in person.refs:
            yield from _told(evidence, person, ref)


def _unlawful(entry: Entry, ruled: Ruled) -> Iterator[str]:
    if not ruled.start:
        return
    way = agreed.ways().get((ruled.start, ruled.stage))
    name = f"{entry.ref} was moved from {ruled.start} to {ruled.stage} by {ruled.by.value}"
    if way is None or ruled.by.value not in way.by:
        yield f"{name}, which nobody agreed on"
    elif "reason" in way.needs and not ruled.reason:
        yield f"{name} without a reason"


def _from_nowhere(evidence: Evidence, entry: Entry, ruled: Ruled) -> Iterator[str]:
    side, record = SIDES.get(ruled.by), evidence.history.records.get(key_of(entry.ref))
    if side is None or record is None or evidence.courses is None:
        return
    people = [*evidence.family(record), *evidence.partners_of(record)]
    if any(ruled.stage in _set_by_others(one) for one in people if one.side is side):
        return
    if ruled.by is Mover.SALES and ruled.evidence.startswith("answered"):
        return  # an answer is judged by `replies`
    if any(one.gone and one.gone.how == "erase" for one in people) or evidence.kept_apart & {one.key for one in people}:
        evidence.excuse("the bridge's own word taken for somebody's: the journey was erased with the person")
        return
    if any(_told_ahead(one, entry, ruled.stage) for one in evidence.courses.entries if one.ref.side is side):
        evidence.excuse(
            "the bridge's own word taken for somebody's: told by a host whose clock was ahead, or a day ago"
        )
        return
    if ruled.stage == GIVEN and ruled.by is Mover.MARKETING:
        evidence.excuse("HubSpot made somebody a lead by itself")
        return
    yield f"{entry.ref} was moved to {ruled.stage} by {ruled.by.value}, and nobody has set that in {side.value}"


def _told_ahead(one: Entry, entry: Entry, stage: str) -> bool:
    """Whether a stage was told before it was seen, and is said to have been told after that, or more than a day ago."""
    return (
        isinstance(one.what, Told)
        and one.id < entry.id
        and (one.at > entry.at or entry.at - one.at > ECHOES)
        and agreed.told(one.ref.side, one.what.fields) == stage
    )


def _set_by_others(record: Record) -> set[str | None]:
    """Every stage that a record told right after somebody else than the bridge wrote it."""
    names = agreed.stage_fields(record.side)
    places = {version.seq for name in names for version in record.cells.get(name, ()) if not version.ours}
    return {agreed.told(record.side, {name: record.at(name, place + 1) for name in names}) for place in places}


def _told(evidence: Evidence, person: Person, ref: Ref) -> Iterator[str]:
    """A side that tells another stage than the one that stands."""
    found = evidence.live.get(key_of(ref))
    values = found[1] if found else {}
    names = agreed.stage_fields(ref.side)
    told = agreed.told(ref.side, values)
    if found is None or told == person.stage:
        return
    why = _excused(evidence, ref, [name for name in names if name not in values])
    if why:
        evidence.excuse(why)
    else:
        shown = {name: values.get(name) for name in sorted(names)}
        yield f"{ref} tells the stage {told} ({shown}), and {person.stage} is where they stand"


def _excused(evidence: Evidence, ref: Ref, missing: list[str]) -> str:
    assert evidence.courses is not None
    if missing:
        return "a stage is not told: its field is gone"
    if any(name in agreed.stage_fields(side) for side, _, name in evidence.choices_changed):
        return "a stage is not told: an admin changed the choices"
    record = evidence.history.records[key_of(ref)]
    keys = [one.key for one in evidence.family(record)]
    for stored in [one for key in keys for one in evidence.shown.get(key, ())]:
        issue = stored.issue
        whole = issue.kind is IssueKind.PARKED and not issue.rule and not issue.field
        if whole or (issue.kind is IssueKind.PARKED and issue.field in agreed.stage_fields(ref.side)):
            return "a stage is not told: its side refuses it, shown"
        flagged = issue.kind is IssueKind.UNLAWFUL and issue.rule == "lifecycle" and issue.side is ref.side
        if flagged and agreed.flags(evidence.courses.variant):
            return "an unlawful stage stands, flagged"
        if issue.kind in UNDECIDED:
            return f"a stage is not told: shown as {issue.kind.value}"
    if record.key in evidence.kept_apart:
        return "a stage is not told: kept apart by a person"
    if record.key not in evidence.linked and any(one.gone for one in evidence.partners_of(record)):
        return "a stage is not told: the journey is with a counterpart that is gone"
    return ""


def answered_from_nowhere(evidence: Evidence, entry: Entry, given: Answered) -> bool:
    """Whether nobody gave an answer: wrote its verdict on either side, or made the move that means it."""
    record = evidence.history.records.get(key_of(entry.ref))
    if record is None:
        return False
    spelt = agreed.answers()[given.verdict.value]
    people = [*evidence.family(record), *evidence.partners_of(record)]
    for one in people:
        name = "smarketing_answer" if one.side is Side.HUBSPOT else "Smarketing_Answer__c"
        comment = name.replace("Answer", "Comment").replace("answer", "comment")
        if given.comment and any(not v.ours and v.value == given.comment for v in one.cells.get(comment, ())):
            return False  # somebody put an answer that stood right
        if any(not v.ours and v.value == spelt[one.side.value] for v in one.cells.get(name, ())):
            return False
    assert evidence.courses is not None
    return not any(
        isinstance(one.what, Ruled)
        and not one.what.refused
        and one.what.by is not Mover.MARKETING
        and abs(one.at - entry.at) <= SKEW_MAX
        for one in evidence.courses.entries
        if key_of(one.ref) in {person.key for person in people}
    )
