"""A person's course: a fold of their journey, at rest once everything is told, and the same whoever is asked again.

People edit both records at random, at any time and in any order, and writes get lost for a while.
"""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as some

from connector.core.course import in_order, replayed, standing, walk
from connector.core.definition import OnUnlawful
from connector.core.journey import Channel, Dealt, Ruled, Seen, Touched
from connector.core.policy import Action, ActionKind, Edition, SlaFields
from connector.core.policy import Warning as Warned
from connector.core.spelling import stage_of
from connector.core.walking import Course
from tests.core.courses import (
    ANNE,
    BEGAN,
    BOB,
    CONTACT,
    DEFINITION,
    HS,
    LEAD,
    POOL,
    SF,
    SF_CONTACT,
    Person,
    agreement,
)
from tests.core.promises import policy

IN_HUBSPOT = {
    "life": ["lead", "mql", "sql", "customer", "other", "strange", None],
    "status": ["BAD_TIMING", "OPEN", "UNQUALIFIED", None],
    "score": ["10", "60", None],
    "title": ["CFO", "CTO", None],
    "persona": ["buyer", "user", "wizard", None],
    "answer": ["accepted", "recycled", "rejected", "maybe", None],
    "reason": ["timing", "no_need", "junk", None],
    "comment": ["hm", None],
    "revisit_on": ["2026-11-04", "2020-01-01", None],
}
IN_SALESFORCE = {
    "Stage": ["LEAD", "MQL", "SAL", "SQL", "RECYCLED", "OUT", "?", None],
    "Answer": ["Accepted", "Recycled", "Disqualified", None],
    "Reason": ["Timing", "No Need", "Unreachable", "Junk", None],
    "Comment": ["late", None],
    "Revisit": ["2026-11-05", None],
    "OwnerId": [ANNE, BOB],
}


def edits(ref, pool):
    fields = some.sampled_from(sorted(pool)).flatmap(
        lambda name: some.tuples(some.just(name), some.sampled_from(pool[name]))
    )
    return some.tuples(some.just(ref), some.lists(fields, min_size=1, max_size=3).map(dict))


CALLS = some.builds(Touched, some.just(Channel.CALL), some.booleans(), some.booleans())
DEALS = some.builds(Dealt, some.sampled_from("12"), some.just("x"), some.booleans(), some.booleans())
STEPS = some.one_of(
    edits(CONTACT, IN_HUBSPOT),
    edits(CONTACT, IN_HUBSPOT),
    edits(LEAD, IN_SALESFORCE),
    edits(LEAD, IN_SALESFORCE),
    CALLS,
    DEALS,
    some.sampled_from(["pass", "pass", "day", "deaf", "hears", "convert"]),
)
PROGRAMS = some.lists(STEPS, min_size=1, max_size=14)
LATE = (
    Action(ActionKind.REASSIGN, pool=POOL),
    Action(ActionKind.RETURN, stage="recycled", reason="no_need"),
    Action(ActionKind.TASK, to="owner"),
    Action(ActionKind.NOTIFY, to="sales"),
)
SPELT = {of: {HS: f"sla_{of}", SF: f"Sla_{of}"} for of in ("policy", "state", "due_at", "breached_since", "lateness")}
BOOK = (Edition("e1", BEGAN, {"touch": policy(on_breach=LATE, warnings=(Warned(percent=50),))}),)
AGREEMENTS = {
    "promises": agreement(book=BOOK, sla_fields=SlaFields(**SPELT)),
    "put back": agreement(),
    "flag": agreement(on_unlawful=OnUnlawful.FLAG),
    "no handoff": agreement(handoff=None),
}
AGREED = some.sampled_from(sorted(AGREEMENTS))


def lived(program, agreed="put back") -> Person:
    """Somebody to whom all this happened; the rig holds that no key is given twice."""
    person = Person(AGREEMENTS[agreed]).edit(CONTACT, life="lead").go()
    theirs = LEAD
    for number, step in enumerate(program):
        if step == "day":
            person.later(days=1).go()
        elif step == "deaf":
            person.deaf.update((HS, SF))
        elif step == "hears":
            person.deaf.clear()
        elif step == "pass":
            person.go()
        elif step == "convert":
            if theirs in person.values:
                person.edit(SF_CONTACT, **person.values.pop(theirs))
                theirs = SF_CONTACT
        elif isinstance(step, tuple):
            person.edit(theirs if step[0] is LEAD else step[0], **step[1])
        else:
            person.later(1).learn(CONTACT, step, f"learnt {number}").go()
    person.deaf.clear()
    return person.go()


def unfulfilled(person: Person) -> list[tuple]:
    return [
        (side, name, wish.value)
        for side, wishes in person.look().wishes.items()
        if (reading := person.reading(side)) is not None
        for name, wish in wishes.items()
        if reading.values.get(name) != wish.value
    ]


@settings(max_examples=60)
@given(AGREED, PROGRAMS)
def test_once_everything_is_told_nothing_follows_any_more(agreed, program):
    person = lived(program, agreed)
    person.go()
    assert all(isinstance(entry.what, Seen) for entry in person.last.entries), person.last.entries
    assert unfulfilled(person) == []
    assert person.look().entries == ()
    assert person.look().effects == ()


@settings(max_examples=60)
@given(AGREED, PROGRAMS)
def test_both_sides_tell_where_somebody_stands_or_it_is_shown_that_they_do_not(agreed, program):
    person = lived(program, agreed)
    stands = standing(person.agreed.definition, person.journey).stage
    shown = {issue.side for issue in person.look().issues}
    for side in (HS, SF):
        reading = person.reading(side)
        if reading is not None:
            spellings = person.agreed.definition.spellings[side, reading.ref.object]
            assert stage_of(spellings, reading.values) == stands or side in shown


@settings(max_examples=60)
@given(PROGRAMS, some.integers(0, 60))
def test_a_journey_told_in_two_parts_is_the_journey(program, cut):
    journey = lived(program).journey
    course = Course(DEFINITION)
    for entry in journey[:cut]:
        course.take(entry)
    course.standing()
    for entry in journey[cut:]:
        course.take(entry)
    assert course.standing() == standing(DEFINITION, journey)
    *_, (_, situation) = walk(DEFINITION, journey)
    assert (situation.stage or None, situation.loops) == (course.standing().stage, course.standing().loops)


@settings(max_examples=60)
@given(PROGRAMS)
def test_what_was_refused_changes_nothing_but_the_refusals(program):
    journey = lived(program).journey
    kept = [entry for entry in journey if not (isinstance(entry.what, Ruled) and entry.what.refused)]
    whole, without = standing(DEFINITION, journey), standing(DEFINITION, kept)
    assert whole.passes == without.passes
    assert (len(whole.refused), without.refused) == (len(journey) - len(kept), ())


@settings(max_examples=40)
@given(PROGRAMS, PROGRAMS)
def test_two_journeys_that_became_one_lead_to_one_stage_that_one_of_them_knew(one, other):
    first, second = lived(one).journey, lived(other).journey
    twin = CONTACT._replace(id="7")
    moved = [replace(entry, ref=twin if entry.ref == CONTACT else entry.ref._replace(id="L7")) for entry in second]
    found = standing(DEFINITION, in_order([*first, *moved]))
    stages = [
        entry.what.stage for entry in (*first, *second) if isinstance(entry.what, Ruled) and not entry.what.refused
    ]
    assert found.stage in stages
    still = [stay for passed in found.passes for stay in passed.stays if stay.left_at is None]
    assert still == [found.stay]


@settings(max_examples=40)
@given(PROGRAMS)
def test_what_if_nothing_had_been_different_is_what_was(program):
    person = lived(program)
    if any(entry.seen_at - entry.at > timedelta() for entry in person.journey):
        return  # what was learnt late was judged by what was known then
    found = replayed(DEFINITION, person.journey)
    assert [stay.stage for one in found.passes for stay in one.stays] == [
        stay.stage for one in standing(DEFINITION, person.journey).passes for stay in one.stays
    ]
