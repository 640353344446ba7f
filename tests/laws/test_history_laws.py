"""The short way of who is met for the first time leads where the long way does, whatever their records hold."""

from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as some

from connector.core.history import only_history
from connector.core.readings import Presence, Reading, Stamp
from connector.core.steer import at_length
from connector.core.steered import Now
from tests.core.courses import BEGAN, CONTACT, HS, LEAD, SF_CONTACT, in_turn
from tests.laws.test_course_laws import AGREED, AGREEMENTS, IN_HUBSPOT, IN_SALESFORCE

NOW = BEGAN + timedelta(hours=1)
PAST = some.sampled_from([BEGAN - timedelta(hours=hours) for hours in (900, 850, 800, 750, 700)])
MOMENTS = some.sampled_from([BEGAN + timedelta(hours=hours) for hours in (-900, -1, 0, 2)])
BLANK = ("persona", "answer", "reason", "comment", "revisit_on", "Answer", "Reason", "Comment", "Revisit")
USUAL = {
    **{name: [None] for name in BLANK},
    "life": ["lead", "mql", "sql", "customer", None],
    "score": ["10", None],
}


def values(pool):
    """Now and then anything; mostly what most people hold: no answers."""
    usual = {name: USUAL.get(name, held) for name, held in pool.items()}
    return some.one_of(
        *(
            some.fixed_dictionaries({}, optional={name: some.sampled_from(held) for name, held in of.items()})
            for of in (usual, usual, usual, usual, usual, pool)
        )
    )


@some.composite
def readings(draw, refs, pool):
    if draw(some.integers(0, 5)) == 0:
        return None
    ref, held = draw(some.sampled_from(refs)), draw(values(pool))
    created = draw(some.one_of(PAST, PAST, PAST, PAST, MOMENTS, some.none()))
    made = "createdate" if ref.side is HS else "CreatedDate"
    stamped = draw(some.sampled_from([*[()] * 12, *((name,) for name in sorted(pool))]))
    return Reading(
        ref,
        draw(some.sampled_from([Presence.PRESENT] * 5 + [Presence.ARCHIVED])),
        held if created is None else held | {made: created.isoformat()[:19] + ".000Z"},
        draw(some.none() | MOMENTS),
        {name: Stamp(draw(PAST | MOMENTS)) for name in stamped},
    )


@settings(max_examples=300)
@given(AGREED, readings([CONTACT], IN_HUBSPOT), readings([LEAD, SF_CONTACT], IN_SALESFORCE))
def test_who_is_met_first_comes_to_the_same_end_by_the_short_way(agreed, hubspot, salesforce):
    agreement, now = AGREEMENTS[agreed], Now(hubspot, salesforce, NOW)
    there = {one.ref.side: one for one in (hubspot, salesforce) if one is not None and one.present}
    short = only_history(agreement, there, now) if there else None
    event("short" if short is not None else "long")
    if short is not None:
        assert short == at_length(agreement, (), now, in_turn)
