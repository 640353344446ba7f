"""What somebody did is told again under the record a person goes on as: it was done once."""

from dataclasses import replace
from datetime import timedelta

from connector.core import refs
from connector.core.journey import Channel, Dealt, Entry, Touched
from connector.core.policy import PolicyKind
from connector.core.refs import Ref
from connector.core.sla import State
from connector.core.walking import Course, in_order, walk
from tests.core.promises import CONTACT, DEFINITION, LEAD, MQL, asks, at, call, judged, only, policy, to

PERSON = refs.salesforce("Contact", "0035g00000AbcdeEAB")


def keyed(entry: Entry, key: str, ref: Ref = LEAD) -> Entry:
    return replace(entry, ref=ref, key=key)


def told_again(entry: Entry, ref: Ref = PERSON) -> Entry:
    return replace(entry, ref=ref, seen_at=entry.seen_at + timedelta(hours=1))


def test_a_task_that_moved_to_the_contact_with_its_lead_is_one_attempt():
    promise = policy(kind=PolicyKind.ATTEMPTS, attempts=3)
    one, other = keyed(call(at(2, 10)), "touch:00T1"), keyed(call(at(2, 11)), "touch:00T2")
    journey = [to(MQL, at(2, 9)), one, other, told_again(one), told_again(other)]
    cycle = only(promise, journey, at(2, 12))
    assert (cycle.state, cycle.attempts) == (State.RUNNING, 2)
    third = keyed(call(at(2, 12)), "touch:00T3", PERSON)
    assert only(promise, [*journey, third], at(2, 13)).ended_at == at(2, 12)


def test_what_is_told_again_is_no_step_and_no_touch():
    touch = keyed(call(at(2, 10)), "touch:00T1")
    journey = in_order([to(MQL, at(2, 9)), touch, told_again(touch), call(at(2, 11)), call(at(2, 11))])
    steps = [(entry.at, situation.touch is not None) for entry, situation in walk(DEFINITION, journey)]
    assert steps == [(at(2, 9), False), (at(2, 10), True), (at(2, 11), True), (at(2, 11), True)]
    course = Course(DEFINITION)
    for entry in journey:
        course.take(entry)
        course.rest()
    assert [when for when, _ in course.touches] == [at(2, 10), at(2, 11), at(2, 11)]


def test_both_sides_number_what_was_done_for_themselves():
    touch = Touched(Channel.CALL, outbound=True, human=True)
    both = [Entry(ref, at(2, 10), at(2, 10), touch, "touch:7") for ref in (CONTACT, LEAD)]
    cycle = only(policy(attempts=2), [to(MQL, at(2, 9)), *both], at(2, 11))
    assert (cycle.state, cycle.attempts) == (State.MET, 2)


def test_a_deal_that_moved_to_another_record_is_one_moment():
    won = asks("s.deal is not None and s.deal.won")
    promise = policy(stop=won, attempts=2, evidence=False)
    deal = Entry(LEAD, at(2, 10), at(2, 10), Dealt("006A", "Closed Won", closed=True, won=True), "deal:006A:Won")
    journey = [to(MQL, at(2, 9)), deal, told_again(deal)]
    assert only(promise, journey, at(2, 11)).attempts == 1
    other = replace(deal, key="deal:006B:Won", what=replace(deal.what, deal="006B"))
    assert judged(promise, [*journey, other], at(2, 11))["touch"][0].state is State.MET
