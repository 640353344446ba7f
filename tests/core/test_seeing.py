"""What readings tell: news, echoes, history; and what becomes of the stages that are seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core import refs
from connector.core.definition import OnUnlawful
from connector.core.journey import Answered, Entry, Handed, Named, Ruled, Seen, Verdict
from connector.core.plan import IssueKind
from connector.core.readings import Presence, Reading, Stamp
from connector.core.steer import steer
from connector.core.steered import Now, Steered
from connector.core.values import Kind as FieldKind
from tests.core.courses import (
    ANNE,
    BEGAN,
    BOB,
    CONTACT,
    DEFINITION,
    HS,
    LEAD,
    LIFECYCLE,
    SF,
    SF_CONTACT,
    TEXT,
    A,
    Person,
    agreement,
    handed_over,
)

OLD = {"createdate": "2020-01-01T00:00:00.000Z"}
OLD_IN_SALESFORCE = {"CreatedDate": "2021-01-01T00:00:00.000Z"}


def marketed(**values) -> Person:
    return Person().edit(CONTACT, life="lead", **values).go()


def test_who_is_not_there_is_not_steered():
    gone = Reading(CONTACT, Presence.ARCHIVED)
    assert steer(agreement(), (), Now(gone, None, BEGAN), lambda *_: None) == Steered()


def test_what_is_seen_first_is_kept_with_the_stage_it_tells_and_the_same_again_is_nothing():
    person = marketed(score="10")
    assert [entry.what for entry in person.journey if isinstance(entry.what, Seen)] == [
        Seen({"life": "lead", "score": "10"})
    ]
    assert person.ruled() == [("lead", "marketing", "first")]
    assert person.go().last.entries == ()


def test_a_move_on_either_side_is_told_to_the_other():
    person = marketed().edit(LEAD, Stage=None).go()
    assert person.says(SF, "Stage") == ("LEAD",)
    person.edit(LEAD, Stage="SAL").go()
    assert person.says(HS, "life", "status") == ("sql", "OPEN")
    assert person.ruled()[-1] == ("sal", "sales", "forward")


def test_what_the_bridge_wrote_is_seen_but_is_nobodys_word():
    person = marketed().edit(LEAD, Stage=None).go().later(1).go()
    assert [entry.what.fields for entry in person.last.entries] == [{"Stage": "LEAD"}]
    assert len(person.ruled()) == 1


def test_a_write_that_never_arrived_is_not_taken_for_somebody_who_undid_it():
    person = handed_over()
    person.deaf.add(HS)
    person.edit(LEAD, Stage="SAL").go().later(1).go().later(1).go()
    assert person.ruled()[-1] == ("sal", "sales", "forward")
    assert person.last.entries == ()
    assert person.last.wishes[HS]["life"].value == "sql"


def test_what_is_set_back_after_our_write_is_somebodys_word():
    person = handed_over().edit(LEAD, Stage="SAL").go().later(1).go()
    person.edit(CONTACT, life="mql", status=None).go()
    assert person.ruled()[-1] == ("mql", "marketing", "there is no way from SAL to MQL")
    assert person.says(HS, "life", "status") == ("sql", "OPEN")
    assert person.last.issues[0].kind is IssueKind.UNLAWFUL
    assert person.later(1).go().last.issues == ()


def test_what_was_told_long_ago_is_no_echo_any_more():
    person = handed_over()
    person.deaf.add(HS)
    person.edit(LEAD, Stage="SAL").go().edit(LEAD, Stage="SQL").go()
    person.later(days=2).edit(CONTACT, life="sql", status="OPEN").go()
    assert person.ruled()[-1][:2] == ("sal", "marketing")


def test_where_the_agreement_says_flag_the_side_keeps_what_it_shows_until_they_are_moved():
    person = handed_over(on_unlawful=OnUnlawful.FLAG).edit(LEAD, Stage="CUSTOMER").go()
    assert person.ruled()[-1] == ("customer", "sales", "there is no way from MQL to CUSTOMER")
    assert person.says(SF, "Stage") == ("CUSTOMER",)
    (issue,) = person.later(1).go().last.issues
    assert (issue.kind, issue.side, issue.field, issue.value) == (IssueKind.UNLAWFUL, SF, "Stage", "CUSTOMER")
    person.edit(CONTACT, life="lead").go()
    assert (person.says(SF, "Stage"), person.last.issues) == (("LEAD",), ())


def test_both_sides_moved_and_the_order_of_the_sources_counts():
    person = marketed().edit(LEAD, Stage=None).go().later(1).go()
    person.edit(CONTACT, life="mql").edit(LEAD, Stage="SAL").go()
    assert [one[:2] for one in person.ruled()] == [("lead", "marketing"), ("mql", "marketing"), ("sal", "sales")]
    other = marketed().edit(LEAD, Stage=None).go().later(1).go()
    other.edit(LEAD, Stage="SAL").edit(CONTACT, life="mql").go()
    assert other.ruled()[1:] == [
        ("sal", "sales", "forward"),
        ("mql", "marketing", "there is no way from SAL to MQL"),
    ]


def test_who_was_moved_since_is_not_moved_by_older_news():
    person = marketed().edit(LEAD, Stage=None).go()
    person.edit(CONTACT, life="mql").edit(LEAD, 10, Stage="SAL")
    marketing = person.values.pop(CONTACT)
    person.go()
    person.values[CONTACT] = marketing
    person.later(1).go()
    assert ("mql", "marketing", "somebody has moved them to SAL since") in person.ruled()
    assert person.says(HS, "life") == ("sql",)


def test_a_record_whose_clock_is_behind_cannot_say_what_was_before_it_was_told_otherwise():
    person = handed_over().edit(LEAD, Stage="SAL")
    person.modified[LEAD] = BEGAN
    person.go()
    assert person.ruled()[-1] == ("sal", "sales", "forward")


def test_a_stage_that_nothing_spells_is_refused_and_put_right():
    person = marketed().edit(CONTACT, life="strange").go()
    assert person.ruled()[-1] == ("", "marketing", "that spells no stage")
    assert person.says(HS, "life") == ("lead",)
    assert person.last.issues[0].value == "strange"
    person.later(1).go().edit(CONTACT, life=None).go()
    assert person.says(HS, "life") == ("lead",)


def test_half_a_spelling_means_to_tell_nothing():
    person = Person().edit(CONTACT, status="OPEN").go()
    assert (person.ruled(), person.last.issues) == ([], ())


def test_a_record_that_tells_no_stage_at_all_is_nobody_yet():
    person = Person().edit(CONTACT, title="CTO").go()
    assert (person.ruled(), person.last.issues) == ([], ())
    assert person.edit(CONTACT, life="customer").go().ruled() == [
        ("customer", "marketing", "nobody is CUSTOMER at first")
    ]
    assert person.says(HS, "life") == ("customer",)
    assert person.last.issues[0].reason == "nobody is CUSTOMER at first"


def test_a_new_record_with_a_stage_that_nothing_spells_is_refused():
    assert Person().edit(CONTACT, life="strange").go().ruled() == [("", "marketing", "that spells no stage")]


def test_what_was_before_the_lifecycle_is_history_whatever_the_stage():
    person = Person().edit(CONTACT, life="mql", **OLD).go()
    (ruled,) = person.of(Ruled)
    assert (ruled.stage, ruled.first, person.of(Handed)) == ("mql", True, [])
    assert [entry.at.year for entry in person.journey] == [2020, 2020]
    other = Person().edit(CONTACT, life="customer", **OLD).go()
    assert other.ruled() == [("customer", "marketing", "first")]
    assert "fb_status" not in other.last.wishes[HS]


@pytest.mark.parametrize(
    ("in_hubspot", "in_salesforce", "stands"),
    [
        ({"life": "lead"}, "SQL", "sql"),
        ({"life": "sql"}, "LEAD", "sql"),
        ({"life": "lead"}, "OUT", "out"),
        ({"life": "lead", "status": "BAD_TIMING"}, "SQL", "recycled"),
        ({"life": "lead", "status": "BAD_TIMING"}, "OUT", "recycled"),
    ],
)
def test_of_two_histories_the_one_further_along_counts_or_what_took_them_off_the_path(
    in_hubspot, in_salesforce, stands
):
    person = Person().edit(CONTACT, **in_hubspot, **OLD).edit(LEAD, Stage=in_salesforce, **OLD_IN_SALESFORCE).go()
    assert person.of(Ruled)[-1].stage == stands
    assert all(ruled.first for ruled in person.of(Ruled))


def test_an_old_record_met_later_counts_only_where_it_leads_further():
    person = marketed().edit(CONTACT, life="mql").go()
    assert person.edit(LEAD, Stage="OUT", **OLD_IN_SALESFORCE).go().of(Ruled)[-1].stage == "mql"
    other = marketed().edit(CONTACT, life="mql").go().edit(LEAD, Stage="SQL", **OLD_IN_SALESFORCE).go()
    assert (other.of(Ruled)[-1].stage, other.of(Ruled)[-1].first) == ("sql", True)


def test_a_new_record_met_later_does_not_move_anybody_back():
    person = marketed().edit(CONTACT, life="mql").go().edit(LEAD, Stage="LEAD").go()
    assert (person.of(Ruled)[-1].stage, person.says(SF, "Stage")) == ("mql", ("MQL",))
    other = marketed().edit(LEAD, Stage="SAL").go()
    assert other.ruled()[-1] == ("sal", "sales", "forward")


def test_a_record_without_its_day_of_making_is_history_if_it_was_not_touched_since():
    person = Person().edit(CONTACT, life="mql", createdate=None)
    person.modified[CONTACT] = BEGAN - timedelta(days=1)
    assert person.go().of(Ruled)[0].first
    assert not Person().edit(CONTACT, life="mql", createdate=None).go().of(Ruled)[0].first


def read(person: Person, *stamped: tuple[str, int], **values) -> Steered:
    stamps = {name: Stamp(person.now + timedelta(minutes=minutes)) for name, minutes in stamped}
    reading = Reading(CONTACT, values={**OLD, **values}, modified_at=person.now, stamps=stamps)
    steered = steer(person.agreed, person.journey, Now(reading, None, person.now), person.choose)
    person.append(*steered.entries)
    return steered


def test_a_stage_that_was_surely_set_since_is_no_history_however_old_the_record():
    person = Person()
    read(person, ("life", -5), life="mql")
    assert [(entry.at, entry.what.first) for entry in person.journey if isinstance(entry.what, (Seen, Ruled))] == [
        (person.now - timedelta(minutes=5), False)
    ] * 2
    assert len(person.of(Handed)) == 1


def test_a_stage_known_to_be_older_is_history_of_that_day():
    person = Person()
    read(person, ("life", -60 * 24 * 30), life="mql")
    assert person.journey[0].at == person.now - timedelta(days=30)


def test_known_times_split_what_is_seen_and_a_stage_of_two_fields_stays_whole():
    person = Person(agreement(criteria={}))
    read(person, life="mql")
    person.later(60)
    read(person, ("life", -30), ("status", -20), ("score", -40), ("form", +40), ("comment", -30), life="lead",
         status="BAD_TIMING", score="9", form="demo", comment="hm", title="x")  # fmt: skip
    seen = [
        (int((entry.at - person.now).total_seconds() // 60), sorted(entry.what.fields))
        for entry in person.journey
        if isinstance(entry.what, Seen)
    ][1:]
    assert seen == [(-40, ["score"]), (-30, ["comment"]), (-20, ["life", "status"]), (0, ["form", "title"])]


def test_a_survivor_of_a_merge_is_seen_as_theirs_though_nothing_differs():
    loser = refs.hubspot("contacts", "7")
    person = marketed()
    person.values = {loser: {}, **person.values}
    person.edit(loser, life="mql").append(
        Entry(loser, person.now, person.now, Seen({"life": "mql"})),
        Entry(loser, person.now, person.now, Ruled("mql", A, None, start=""), "ruled:0"),
    )
    person.later(1).go()
    (seen,) = person.last.entries[:1]
    assert (seen.ref, seen.what) == (CONTACT, Seen({}))
    assert person.says(HS, "life") == ("mql",)
    stamped = Reading(CONTACT, values={"life": "lead"}, stamps={"life": Stamp(BEGAN)})
    person.append(Entry(loser, person.now, person.now, Seen({"score": "1"})))
    again = steer(person.agreed, person.journey, Now(stamped, None, person.now), person.choose)
    assert [entry.what for entry in again.entries] == [Seen({})]


def test_a_converted_lead_goes_on_as_a_contact():
    person = handed_over()
    person.values.pop(LEAD)
    person.edit(SF_CONTACT, Stage=None, OwnerId=ANNE).go()
    assert person.ruled()[-1] == ("sql", "automatic", "there is no way from MQL to SQL")
    assert person.last.issues[0].rule == "lifecycle"
    assert person.says(SF, "Stage") == ("MQL",)


def test_a_conversion_is_an_acceptance_where_it_is_lawful():
    moves = {**LIFECYCLE.moves, ("mql", "sql"): replace(LIFECYCLE.moves["sal", "sql"], by=frozenset({A}))}
    person = handed_over(lifecycle=replace(LIFECYCLE, moves=moves))
    person.values.pop(LEAD)
    person.edit(SF_CONTACT, Stage=None, OwnerId=ANNE).go()
    assert person.ruled()[-1] == ("sql", "automatic", "forward")
    assert person.of(Answered) == [Answered(Verdict.ACCEPT)]
    assert person.says(SF, "Stage", "Answer") == ("SQL", "Accepted")


def test_a_conversion_of_who_is_further_says_nothing_new_and_none_where_none_is_agreed():
    person = handed_over().edit(LEAD, Stage="SAL").go().edit(LEAD, Stage="SQL").go()
    person.values.pop(LEAD)
    assert person.edit(SF_CONTACT, Stage=None).go().ruled()[-1] == ("sql", "sales", "forward")
    other = handed_over(converted="")
    other.values.pop(LEAD)
    assert other.edit(SF_CONTACT, Stage=None).go().ruled()[-1] == ("mql", "automatic", "forward")


def test_a_conversion_before_anything_was_handed_over_is_no_answer():
    moves = {**LIFECYCLE.moves, ("lead", "sql"): replace(LIFECYCLE.moves["sal", "sql"], by=frozenset({A}))}
    person = Person(agreement(lifecycle=replace(LIFECYCLE, moves=moves))).edit(CONTACT, life="lead").go()
    person.edit(LEAD, Stage=None).go()
    person.values.pop(LEAD)
    person.edit(SF_CONTACT, Stage=None).go()
    assert (person.ruled()[-1], person.of(Answered)) == (("sql", "automatic", "forward"), [])


def test_a_source_whose_clock_is_ahead_is_not_believed():
    person = Person().edit(CONTACT, life="lead")
    person.modified[CONTACT] = person.now + timedelta(hours=2)
    assert person.go().journey[0].at == person.now


def test_who_stood_in_a_stage_that_is_no_more_is_seen_anew():
    person = marketed()
    fewer = {name: one for name, one in LIFECYCLE.stages.items() if name != "lead"}
    spellings = {
        place: tuple(one for one in spelt if one.stage != "lead") for place, spelt in DEFINITION.spellings.items()
    }
    person.agreed = agreement(lifecycle=replace(LIFECYCLE, stages=fewer), spellings=spellings)
    assert person.go().last.entries == ()
    assert person.edit(CONTACT, life="mql").go().ruled()[-1] == ("mql", "marketing", "forward")
    assert person.of(Handed)[0].owner == ANNE


def test_a_persona_follows_the_rules_until_a_person_chooses():
    person = marketed(title="CFO").edit(LEAD, Stage=None).go()
    assert (person.says(HS, "persona"), person.says(SF, "Persona")) == (("buyer",), ("The Buyer",))
    person.later(1).go().edit(LEAD, Persona="The User").go()
    assert (person.of(Named), person.says(HS, "persona")) == ([Named("user")], ("user",))
    person.later(1).go().edit(CONTACT, title="CFO of it all").go()
    assert person.says(HS, "persona") == ("user",)
    person.edit(CONTACT, persona=None).go()
    assert person.of(Named)[-1] == Named("")
    assert person.edit(CONTACT, title="CFO").go().says(SF, "Persona") == ("The Buyer",)


def test_a_persona_that_is_cleared_though_nobody_chose_it_or_chosen_as_it_is_is_no_choice():
    person = marketed(title="CFO").later(1).go().edit(CONTACT, persona=None).go()
    assert (person.of(Named), person.says(HS, "persona")) == ([], ("buyer",))
    other = marketed(title="CFO", persona="buyer")
    assert other.of(Named) == []


def test_a_persona_nobody_knows_is_kept_and_shown():
    person = marketed(title="CFO").later(1).go().edit(CONTACT, persona="wizard").go()
    assert (person.says(HS, "persona"), person.last.issues[0].value) == (("wizard",), "wizard")


def test_without_personas_handoff_and_feedback_stages_still_are_one():
    person = Person(agreement(personas=None, handoff=None, feedback=None)).edit(CONTACT, life="lead").go()
    person.edit(LEAD, Stage=None).go().edit(CONTACT, life="mql", persona="x").go()
    person.edit(LEAD, Stage="SAL", Answer="Rejected").go()
    assert (person.says(HS, "life"), person.last.issues) == (("sql",), ())
    assert person.edit(LEAD, Stage="RECYCLED").go().ruled()[-1] == (
        "recycled",
        "sales",
        "from SAL to RECYCLED takes a reason",
    )


def test_a_side_that_cannot_tell_stages_is_left_alone():
    person = Person(agreement(spellings={(HS, "contacts"): DEFINITION.spellings[HS, "contacts"]}))
    person.edit(CONTACT, life="lead").edit(LEAD, Stage="SQL").go()
    assert (person.ruled(), person.says(SF, "Stage")) == ([("lead", "marketing", "first")], ("SQL",))
    assert "Stage" not in person.last.wishes[SF]


def test_who_exists_in_salesforce_only_is_steered_by_that_record():
    person = Person().edit(LEAD, Stage="LEAD", OwnerId=BOB).go()
    assert (person.ruled(), person.journey[0].ref) == ([("lead", "sales", "first")], LEAD)
    assert person.last.wishes[HS]["life"].value == "lead"


def test_a_value_that_a_side_writes_in_its_own_way_is_the_same():
    watched = {(HS, "contacts"): {"life": TEXT, "seen_at": FieldKind.DATETIME}}
    person = Person(agreement(watched=watched)).edit(CONTACT, life="lead", seen_at="2026-11-02T08:15:30.123Z").go()
    assert person.edit(CONTACT, seen_at="2026-11-02T08:15:30.000Z").go().last.entries == ()


def test_what_only_the_bridge_writes_is_not_listened_to():
    told = {"fb_status", "fb_class", "fb_by", "fb_at", "asked_for", "loops", "recycle_on", "track"}
    watched = {(HS, "contacts"): dict.fromkeys(("life", *told), "text"), (SF, "Lead"): {"Why": "text", "Stage": "text"}}
    listened = agreement(watched=watched).listened
    assert listened == {(HS, "contacts"): {"life": "text"}, (SF, "Lead"): {"Stage": "text"}}
    bare = agreement(watched=watched, handoff=None, feedback=None).listened
    assert bare == watched
