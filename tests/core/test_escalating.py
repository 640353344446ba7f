"""What promises set off: once, by key; other reps, the way back to marketing, and what both sides read of the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.core.journey import Channel, Fired, Handed, Ruled, Touched
from connector.core.lifecycle import Kind, Move, Mover
from connector.core.plan import IssueKind
from connector.core.policy import Action, ActionKind, Edition, Policy, SlaFields
from connector.core.policy import Warning as Warned
from connector.core.sla import State
from tests.core.courses import (
    ANNE,
    BEGAN,
    BOB,
    CONTACT,
    HS,
    LEAD,
    LIFECYCLE,
    MOVES,
    POOL,
    SF,
    A,
    Person,
    handed_over,
)
from tests.core.promises import policy

CALL = Touched(Channel.CALL, outbound=True, human=True, by=ANNE)
FIELDS = SlaFields(
    policy={HS: "sla", SF: "Sla"},
    state={HS: "sla_state", SF: "SlaState"},
    due_at={SF: "Due"},
    breached_since={SF: "Since"},
    lateness={SF: "Late"},
)


def promised(*on_breach: Action, on_warning: tuple[Action, ...] = (), **changes) -> Person:
    """Somebody handed over at 09:03 on a Monday, with four hours of office time for a first touch."""
    person = handed_over(**changes)
    first_touch: Policy = policy(warnings=(Warned(percent=50),), on_warning=on_warning, on_breach=on_breach)
    book = (Edition("e1", BEGAN, {"touch": first_touch}),)
    person.agreed = replace(person.agreed, book=book, sla_fields=FIELDS)
    return person.go()


def told(person: Person) -> tuple:
    return person.says(SF, "Sla", "SlaState", "Due", "Since", "Late")


def notify(**changes) -> Action:
    return replace(Action(ActionKind.NOTIFY, to="sales"), **changes)


def test_both_sides_read_how_the_promise_stands_and_nothing_ticks():
    person = promised()
    assert told(person) == ("First touch", "running", "2026-11-02T13:03:00.000Z", None, None)
    assert person.last.look_at == datetime(2026, 11, 2, 11, 3, tzinfo=UTC)
    person.later(60).go()
    assert "Sla" in person.last.wishes[SF]
    assert [entry.what for entry in person.last.entries] == []
    person.later(5 * 60).go()
    assert told(person) == ("First touch", "breached", "2026-11-02T13:03:00.000Z", "2026-11-02T13:03:00.000Z", None)
    person.learn(LEAD, CALL, "1").go()
    assert told(person)[1:] == ("breached", "2026-11-02T13:03:00.000Z", "2026-11-02T13:03:00.000Z", "121")
    assert person.says(HS, "sla", "sla_state") == ("First touch", "breached")


def test_a_promise_that_was_kept_says_so():
    person = promised().learn(LEAD, CALL, "1").later(5).go()
    assert told(person) == ("First touch", "met", None, None, "0")
    assert person.last.cycles["touch"][0].state is State.MET


def test_a_notice_is_set_off_once_in_the_action_s_own_words():
    text = "{policy}: {name} ({stage}) of {owner} was due {due}, {late} late"
    person = promised(notify(text=text)).later(5 * 60).go()
    (effect,) = person.last.effects
    assert (effect.kind, effect.to, effect.about) == (ActionKind.NOTIFY, "sales", LEAD)
    assert effect.subject == f"First touch: Ada L (MQL) of {ANNE} was due 2026-11-02 13:03 (UTC), 1 h 1 min late"
    assert effect.facts == {
        "policy": "touch",
        "state": "breached",
        "started": "2026-11-02T09:03:00+00:00",
        "due": "2026-11-02T13:03:00+00:00",
        "late_minutes": "61",
        "owner": ANNE,
        "stage": "mql",
        "record": str(LEAD),
    }
    assert Fired(effect.key) in person.of(Fired)
    assert person.later(60).go().last.effects == ()


def test_a_notice_names_the_person_their_stage_their_rep_and_their_record():
    person = promised(notify(text="Hurry")).later(5 * 60).go()
    (effect,) = person.last.effects
    assert effect.body.splitlines() == [
        "First touch: was due 2026-11-02 13:03 (UTC), 1 h 1 min late", f"Ada L, MQL, with {ANNE}", str(LEAD)
    ]  # fmt: skip


def test_a_notice_without_words_of_its_own_says_what_has_happened_to_whom():
    person = promised(notify()).later(5 * 60).go()
    (effect,) = person.last.effects
    assert effect.subject == "First touch: was due 2026-11-02 13:03 (UTC), 1 h 1 min late: Ada L"
    assert effect.body.splitlines() == [f"Ada L, MQL, with {ANNE}", str(LEAD)]


def test_a_warning_without_words_of_its_own_says_what_has_happened():
    person = promised(on_warning=(notify(kind=ActionKind.WEBHOOK, to="crm"),)).later(3 * 60).go()
    (effect,) = person.last.effects
    assert effect.subject == "First touch: due 2026-11-02 13:03 (UTC), 59 min left"


def test_a_task_for_the_rep_waits_for_the_record_it_hangs_on():
    person = promised(
        Action(ActionKind.TASK, to="owner", text="Call {name} now"), Action(ActionKind.TASK, to="005BOSS")
    )
    lead = person.values.pop(LEAD)
    person.later(5 * 60).go()
    assert [(effect.to, effect.about) for effect in person.last.effects] == [("005BOSS", CONTACT)]
    person.values[LEAD] = lead
    person.later(1).go()
    assert [(effect.to, effect.subject, effect.about) for effect in person.last.effects] == [
        (ANNE, "Call Ada L now", LEAD)
    ]


def test_a_late_lead_is_given_to_the_next_rep_and_never_back():
    person = promised(Action(ActionKind.REASSIGN, pool=POOL, cap=3)).later(5 * 60).go()
    assert [(one.owner, one.policy) for one in person.of(Handed)] == [(ANNE, ""), (BOB, "touch")]
    assert person.says(SF, "OwnerId") == (BOB,)
    assert len(person.later(60).go().of(Handed)) == 2


def test_a_late_lead_that_nobody_can_take_stays_and_is_shown():
    person = promised(Action(ActionKind.REASSIGN, pool=replace(POOL, owners=(ANNE,)))).later(5 * 60).go()
    assert (len(person.of(Handed)), person.last.issues[0].kind) == (1, IssueKind.UNOWNED)
    assert person.last.look_at == person.now + timedelta(hours=1)
    nowhere = promised(Action(ActionKind.REASSIGN)).later(5 * 60).go()
    assert len(nowhere.of(Handed)) == 1


def test_a_lead_of_a_bridge_without_a_handoff_can_still_be_given_on():
    person = promised(Action(ActionKind.REASSIGN, pool=POOL), handoff=None)
    assert person.of(Handed) == []
    person.later(5 * 60).go()
    assert person.of(Handed) == [Handed(ANNE, "pool reps", (), "touch")]
    assert person.last.wishes[HS]["fb_status"].value == "waiting"


def test_a_late_lead_goes_back_to_marketing_where_that_is_lawful():
    person = promised(Action(ActionKind.RETURN, stage="recycled", reason="no_need")).later(5 * 60).go()
    assert person.ruled()[-1] == ("recycled", "automatic", "recycle")
    assert person.says(HS, "life", "status", "fb_status", "recycle_on") == (
        "lead",
        "BAD_TIMING",
        "expired",
        "2026-12-02",
    )
    assert person.of(Fired)[-1].effect.endswith("return_to_marketing:")


def test_where_it_is_not_lawful_that_is_shown_once_it_was_tried():
    person = promised(Action(ActionKind.RETURN, stage="out")).later(5 * 60).go()
    assert person.ruled()[-1][2] == "from MQL to OUT only sales may move people, not automatic"
    assert person.last.issues[0].rule == "lifecycle"
    assert len(person.later(60).go().ruled()) == 3


def test_who_is_there_already_is_not_returned_once_more():
    ways = {**MOVES, ("mql", "lead"): Move(Kind.BACKWARD, frozenset({A, Mover.MARKETING}))}
    person = promised(
        Action(ActionKind.RETURN, stage="lead"), Action(ActionKind.RETURN, stage="lead", to="x"),
        lifecycle=replace(LIFECYCLE, moves=ways), criteria={"mql": handed_over().agreed.definition.criteria["mql"]},
    )  # fmt: skip
    person.later(5 * 60).go()
    assert [one.stage for one in person.of(Ruled)] == ["lead", "mql", "lead"]
    assert sum(key.effect.startswith("touch|") for key in person.of(Fired)) == 2


def test_the_name_of_a_person_is_told_as_either_side_has_it():
    person = promised(notify(text="{name}"))
    person.values[CONTACT].update(firstname=None, lastname=None)
    person.values[LEAD].update(FirstName="Ada", LastName="Lovelace")
    assert person.later(5 * 60).go().last.effects[0].subject == "Ada Lovelace"
    other = promised(notify(text="{name}"))
    other.values[CONTACT].update(firstname=None, lastname=None)
    assert other.later(5 * 60).go().last.effects[0].subject == "this lead"
