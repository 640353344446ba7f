"""Journeys that are walked: the situation at every step, where somebody stands, two that became one, what if."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from connector.core import refs
from connector.core.course import in_order, replayed, standing, walk
from connector.core.journey import (
    Answered,
    Asked,
    Channel,
    Dealt,
    Entry,
    Fired,
    Handed,
    Named,
    Ruled,
    Seen,
    Told,
    Touched,
    Verdict,
)
from connector.core.lifecycle import Kind, Need, Sighting
from connector.core.personas import chosen, persona_of, told
from connector.core.situation import Situation
from connector.core.walking import Course
from tests.core.courses import (
    ANNE,
    BEGAN,
    BOB,
    CONTACT,
    DEFINITION,
    HS,
    LEAD,
    LIFECYCLE,
    MOVES,
    PERSONAS,
    ROBOT,
    SF,
    SF_CONTACT,
    A,
    M,
    S,
    agreement,
    handed_over,
    score,
)

OTHER = refs.hubspot("contacts", "7")


def entry(hour: int, what, ref=CONTACT, **more) -> Entry:
    return Entry(ref, BEGAN + timedelta(hours=hour), BEGAN + timedelta(hours=hour), what, **more)


def ruled(stage: str, kind: Kind | None = Kind.FORWARD, start: str | None = None, **more) -> Ruled:
    return Ruled(stage, more.pop("by", M), kind, start=start, **more)


def stages(*entries: Entry) -> list[list[str]]:
    return [[stay.stage for stay in one.stays] for one in standing(DEFINITION, in_order(entries)).passes]


def test_a_journey_is_in_the_order_of_its_sources_and_then_as_it_was_learnt():
    first, second = entry(1, Named("a"), id=9), entry(1, Named("b"))
    late = replace(entry(1, Named("c")), seen_at=BEGAN + timedelta(hours=3), id=4)
    assert in_order([late, second, first, entry(0, Named(""))])[1:] == [first, second, late]


CALL = Touched(Channel.CALL, outbound=True, human=True)
LIFE = [
    entry(0, Seen({"life": "lead", "title": "CTO"})),
    entry(1, ruled("lead", None)),
    entry(2, Told({"Stage": "LEAD", "OwnerId": ROBOT}), LEAD),
    entry(3, ruled("mql")),
    entry(3, Handed(ANNE, "reps")),
    entry(4, CALL),
    entry(5, Seen({"OwnerId": BOB}), LEAD),
    entry(6, Answered(Verdict.RECYCLE, "no_need")),
    entry(6, Asked(Verdict.RECYCLE, ("comment",))),
    entry(6, ruled("recycled", Kind.RECYCLE)),
    entry(7, Named("buyer")),
    entry(7, Seen({"title": "x"})),
    entry(8, Named("")),
    entry(9, Dealt("1", "won", closed=True, won=True)),
    entry(9, Fired("x")),
    entry(9, Seen({"OwnerId": None}), SF_CONTACT),
]


def test_the_situation_moves_on_with_every_entry():
    steps = [
        (one.stage, one.band, one.persona, one.owner, one.loops, one.handed_at is not None)
        for _, one in walk(DEFINITION, LIFE)
    ]
    assert steps[0] == ("", "", "user", "", 0, False)
    assert steps[1:4] == [
        ("lead", "tofu", "user", "", 0, False),
        ("lead", "tofu", "user", ROBOT, 0, False),
        ("mql", "mofu", "user", ROBOT, 0, False),
    ]
    assert steps[4] == ("mql", "mofu", "user", ANNE, 0, True)
    assert steps[6][3] == BOB
    assert steps[9] == ("recycled", "beside", "user", BOB, 1, True)
    assert [step[2] for step in steps[10:13]] == ["buyer", "buyer", "user"]


def test_what_is_so_at_a_moment_is_so_at_no_other_and_a_contact_takes_the_leads_place():
    moments = [(one.touch, one.answer, one.deal) for _, one in walk(DEFINITION, LIFE)]
    assert moments[5] == (CALL, None, None)
    assert moments[7] == (None, Answered(Verdict.RECYCLE, "no_need"), None)
    assert moments[13] == (None, None, Dealt("1", "won", closed=True, won=True))
    assert sum(any(one) for one in moments) == 3
    *_, (_, last) = walk(DEFINITION, LIFE)
    assert (last.object, last.fields[SF], last.owner) == ({HS: "contacts", SF: "Contact"}, {"OwnerId": None}, "")
    assert last.fields[HS] == {"life": "lead", "title": "x"}


def test_without_personas_nobody_has_one():
    assert persona_of(None, Situation()) == ""
    assert [one.persona for _, one in walk(agreement(personas=None).definition, [entry(0, Seen({"title": "x"}))])] == [
        ""
    ]


@pytest.mark.parametrize(
    ("side", "value", "persona"),
    [
        (HS, "buyer", "buyer"),
        (SF, "The Buyer", "buyer"),
        (SF, "The Wizard", None),
        (HS, "wizard", None),
        (HS, None, ""),
    ],
)
def test_a_persona_is_known_by_the_value_of_each_side(side, value, persona):
    assert chosen(PERSONAS, side, value) == persona
    if persona is not None:
        assert told(PERSONAS, side, persona) == value


def test_where_somebody_stands_is_as_it_was_ruled_and_never_judged_again():
    journey = [
        entry(0, ruled("lead", None, evidence="seen")),
        entry(1, ruled("customer", by=S)),
        entry(2, ruled("mql", None, refused="no way")),
        entry(3, ruled("recycled", Kind.RECYCLE, by=S, reason="timing", revisit=date(2026, 12, 1), comment="later")),
        entry(4, ruled("lead", Kind.RE_ENTER, by=A)),
    ]
    found = standing(DEFINITION, journey)
    assert [(one.ended, [(stay.stage, stay.left_at) for stay in one.stays]) for one in found.passes] == [
        (
            Kind.RECYCLE,
            [
                ("lead", BEGAN + timedelta(hours=1)),
                ("customer", BEGAN + timedelta(hours=3)),
                ("recycled", BEGAN + timedelta(hours=4)),
            ],
        ),
        (None, [("lead", None)]),
    ]
    assert (found.loops, found.refused[0].stands, found.refused[0].why) == (1, "customer", "no way")
    assert found.passes[0].stays[2].entered == Sighting(
        BEGAN + timedelta(hours=3), "recycled", S, "", "timing", date(2026, 12, 1), "later"
    )
    assert standing(DEFINITION, []).stage is None


def test_a_refusal_before_any_stage_stands_on_nothing():
    (refusal,) = standing(DEFINITION, [entry(0, ruled("sql", None, refused="no"))]).refused
    assert refusal.stands is None


def test_of_two_journeys_that_became_one_a_move_that_knew_nothing_of_the_other_counts_if_it_leads_further():
    one = [entry(0, ruled("lead", None, "")), entry(4, ruled("mql", start="lead")), entry(6, ruled("sal", start="mql"))]
    two = [
        entry(1, ruled("mql", None, ""), OTHER),
        entry(2, ruled("lead", Kind.BACKWARD, "mql"), OTHER),
        entry(3, ruled("sal", start="lead"), OTHER),
    ]
    assert stages(*one, *two) == [["lead", "mql", "lead", "sal"]]
    assert standing(DEFINITION, in_order([*one, *two])).stage == "sal"


def test_who_is_recycled_in_one_journey_and_worked_in_the_other_is_worked():
    one = [entry(0, ruled("mql", None, "")), entry(2, ruled("recycled", Kind.RECYCLE, "mql"))]
    two = [entry(1, ruled("mql", None, ""), OTHER), entry(3, ruled("sal", start="mql"), OTHER)]
    assert stages(*one, *two) == [["mql", "recycled"], ["sal"]]


def test_a_stage_that_is_no_more_is_neither_far_nor_near():
    assert stages(entry(0, ruled("gone", None, "")), entry(1, ruled("older", start="x"), OTHER)) == [["gone"]]


def test_the_second_word_of_a_stage_somebody_is_in_says_nothing_new():
    assert stages(entry(0, ruled("mql", None)), entry(1, ruled("mql"))) == [["mql"]]


def test_a_policy_that_gives_them_to_somebody_else_takes_no_answer_back():
    course = Course(DEFINITION)
    for one in (
        entry(0, Handed(ANNE, "reps")),
        entry(1, Answered(Verdict.ACCEPT)),
        entry(2, Handed(BOB, "p", (), "sla")),
    ):
        course.take(one)
    assert (course.answer.what, course.situation.owner) == (Answered(Verdict.ACCEPT), BOB)
    course.take(entry(3, Handed(ANNE, "reps")))
    assert course.answer is None


def test_an_owner_arrives_in_a_definition_without_handoff_too():
    course = Course(agreement(handoff=None).definition)
    course.take(entry(0, Seen({"OwnerId": ROBOT}), LEAD))
    assert (course.owner_seen, course.stay) == (True, None)


def replayed_stages(definition, journey, **more):
    return [(stay.stage, stay.entered.by) for one in replayed(definition, journey, **more).passes for stay in one.stays]


def test_what_was_decided_follows_again_from_what_was_seen():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="Timing", Revisit="2026-11-05").go().later(1).go()
    person.later(days=4).go().later(1).go().edit(LEAD, Answer="Accepted").go().edit(LEAD, Stage="SQL").go()
    person.learn(CONTACT, Dealt("1", "won", closed=True, won=True)).go()
    found = replayed(DEFINITION, person.journey)
    assert [[stay.stage for stay in one.stays] for one in found.passes] == [
        ["lead", "mql", "recycled"],
        ["mql", "sal", "sql", "customer"],
    ]
    assert [one.ended for one in found.passes] == [Kind.RECYCLE, None]
    assert [
        (stay.stage, stay.entered.by) for one in standing(DEFINITION, person.journey).passes for stay in one.stays
    ] == replayed_stages(DEFINITION, person.journey)


def test_another_definition_would_have_made_others():
    person = handed_over().edit(LEAD, Stage="SAL").go()
    assert replayed_stages(agreement(criteria={"mql": score(90)}).definition, person.journey) == [
        ("lead", M),
        ("sal", S),
    ]
    closed = {way: move for way, move in MOVES.items() if way != ("lead", "sal")}
    stricter = agreement(criteria={"mql": score(90)}, lifecycle=replace(LIFECYCLE, moves=closed)).definition
    found = replayed(stricter, person.journey)
    assert (found.stage, found.refused[-1].why) == ("lead", "there is no way from LEAD to SAL")


def test_who_came_back_in_between_would_have_come_back():
    person = handed_over().edit(LEAD, Answer="Recycled", Reason="No Need").go().later(1).go()
    journey = person.journey
    assert replayed(DEFINITION, journey).stage == "recycled"
    assert replayed(DEFINITION, journey, until=BEGAN + timedelta(days=20)).stage == "recycled"
    assert replayed_stages(DEFINITION, journey, until=BEGAN + timedelta(days=40))[-2:] == [("lead", A), ("mql", A)]


def test_an_answer_and_a_move_that_came_at_once_or_later_count_again_as_they_did():
    call = Touched(Channel.CALL, outbound=True, human=True)
    person = handed_over().edit(LEAD, Answer="Accepted", Stage="SQL").go().later(1).go()
    assert replayed_stages(DEFINITION, person.journey)[-2:] == [("sal", S), ("sql", S)]
    moved = handed_over().edit(LEAD, Stage="SAL").go().later(1).go()
    assert replayed_stages(DEFINITION, moved.journey)[-1] == ("sal", S)
    tried = handed_over().edit(LEAD, Answer="Recycled", Reason="Unreachable").go()
    tried.later(30).learn(LEAD, call, "1").learn(LEAD, call, "2").go()
    assert replayed_stages(DEFINITION, tried.journey)[-1] == ("recycled", S)
    taken_up = [
        entry(0, Seen({"life": "lead"})),
        entry(1, Seen({"Stage": "SAL", "Answer": "Accepted"}), LEAD),
        entry(1, Answered(Verdict.ACCEPT)),
    ]
    assert replayed_stages(DEFINITION, taken_up) == [("lead", M), ("sal", S)]


def test_nobody_of_whom_nothing_is_known_stands_anywhere():
    assert replayed(DEFINITION, []).stage is None
    assert replayed(DEFINITION, [entry(0, ruled("lead", None))]).stage is None
    assert replayed(agreement(feedback=None).definition, [entry(0, Answered(Verdict.ACCEPT))]).stage is None


def test_history_is_history_under_any_definition():
    journey = [
        entry(0, Seen({"life": "lead", "score": "80"}, first=True)),
        entry(1, Dealt("1", "x", closed=True, won=True)),
    ]
    assert replayed_stages(DEFINITION, journey, since=datetime(2026, 11, 3, tzinfo=UTC)) == [("lead", M)]


def test_replaying_criteria_that_chase_each_other_ends():
    ways = {("lead", "mql"): replace(MOVES["lead", "mql"]), ("mql", "lead"): replace(MOVES["lead", "mql"])}
    always = replace(score(0))
    definition = agreement(
        lifecycle=replace(LIFECYCLE, moves=ways), criteria={"lead": always, "mql": always}
    ).definition
    assert len(replayed_stages(definition, [entry(0, Seen({"score": "1"}))])) == 16


def test_a_way_back_that_leads_nowhere_new_ends_too():
    ways = {**MOVES, ("recycled", "mql"): replace(MOVES["mql", "recycled"], by=frozenset({A}), needs=frozenset())}
    reasons = {"timing": replace(DEFINITION.feedback.reasons["timing"], re_enter="mql", loops_max=None)}
    definition = agreement(
        lifecycle=replace(LIFECYCLE, moves=ways), feedback=replace(DEFINITION.feedback, reasons=reasons), criteria={}
    ).definition
    journey = [
        entry(0, Seen({"life": "mql"})),
        entry(1, Handed(ANNE, "reps")),
        entry(2, Answered(Verdict.RECYCLE, "timing", revisit=date(2026, 11, 3))),
        entry(100, Seen({"title": "x"})),
    ]
    assert replayed_stages(definition, journey)[-1] == ("mql", A)
    assert Need.REASON in MOVES["mql", "recycled"].needs


def walked(*entries: Entry, definition=DEFINITION) -> Course:
    course = Course(definition)
    for one in entries:
        course.take(one)
        course.rest()
    return course


def test_nobody_is_to_be_handed_over_before_anything_was_ruled():
    course = Course(DEFINITION)
    assert (course.to_hand, course.owner_seen, course.began_at, course.answer, course.asked) == (
        False,
        False,
        None,
        None,
        None,
    )


def test_everything_of_a_kind_is_counted():
    kinds = (Named("buyer"), Answered(Verdict.ACCEPT), Asked(Verdict.REJECT, ("reason",)), ruled("mql", None))
    course = walked(*(entry(hour, what) for hour in range(3) for what in kinds))
    assert (course.names, course.answers, course.asks, course.rulings) == (3, 3, 3, 3)


def test_a_stage_that_is_in_the_definition_no_more_has_no_band_and_leads_nowhere():
    gone = walked(entry(0, ruled("prospect", None)))
    assert (gone.situation.stage, gone.situation.band) == ("prospect", "")
    onward = walked(entry(0, ruled("prospect", None)), entry(1, ruled("lead", start="mql")))
    assert onward.situation.stage == "lead"
    assert walked(entry(0, ruled("lead", None)), entry(1, ruled("prospect", start="mql"))).situation.stage == "lead"


def test_a_pass_begins_with_whoever_comes_back_whatever_the_move_was_called():
    ended = entry(1, ruled("recycled", Kind.RECYCLE))
    course = walked(entry(0, ruled("mql", None)), ended, entry(2, ruled("lead", Kind.FORWARD)))
    assert course.began_at == BEGAN + timedelta(hours=2)
    again = walked(entry(0, ruled("mql", None)), entry(2, ruled("lead", Kind.RE_ENTER)))
    assert again.began_at == BEGAN + timedelta(hours=2)


def test_every_pass_is_kept_with_when_it_was_left():
    journey = [
        entry(0, ruled("mql", None)),
        *(
            entry(hour, ruled(stage, kind))
            for hour, stage, kind in (
                (1, "recycled", Kind.RECYCLE),
                (2, "lead", Kind.RE_ENTER),
                (3, "recycled", Kind.RECYCLE),
                (4, "mql", Kind.RE_ENTER),
            )
        ),
    ]
    passes = standing(DEFINITION, journey).passes
    assert [[stay.stage for stay in one.stays] for one in passes] == [
        ["mql", "recycled"],
        ["lead", "recycled"],
        ["mql"],
    ]
    left = [stay.left_at for one in passes for stay in one.stays]
    assert left == [*(BEGAN + timedelta(hours=hour) for hour in range(1, 5)), None]


def test_what_was_refused_is_kept_with_what_was_seen():
    refused = entry(1, ruled("sql", None, refused="there is no way", evidence="Salesforce shows SQL"))
    (one,) = standing(DEFINITION, [entry(0, ruled("mql", None)), refused]).refused
    assert (one.sighting.stage, one.sighting.evidence, one.why) == ("sql", "Salesforce shows SQL", "there is no way")
