"""A poll of what changed and what people did in one call; and that it tells what both parts tell alone."""

import json
from datetime import timedelta
from random import Random

import pytest

from connector.errors import Transient
from connector.ports import Poll
from connector.sandbox.faults import with_faults
from connector.sandbox.salesforce import actions, dealings
from connector.sandbox.services import Fault
from tests.salesforce.sandbox import CONTACT, LEAD, Scene, calls_of

PEOPLE = ("Lead", "Contact")


class Polling(Scene):
    """An org that is polled from its beginning; what was told of changes and of people's doings is kept."""

    def __init__(self):
        super().__init__()
        self.wire.handle = with_faults("salesforce", self.org.handle, self.services)
        self.seen, self.told = {}, {}
        self.ada = self.contact("Ada")
        self.changed = self.crm.changes([LEAD, CONTACT], None, self.known).cursor
        self.heard = self.crm.evidence(PEOPLE, None, self.now()).cursor
        self.sleep(60)
        self.poll()

    def known(self, obj, begin, before):
        return sum(ref.object == obj and begin <= each.modified_at < before for ref, each in self.seen.items())

    def ask(self, views=(LEAD, CONTACT), objects=PEOPLE):
        stored = [json.loads(json.dumps(cursor)) for cursor in (self.changed, self.heard)]
        return self.crm.poll(Poll(views, stored[0], self.known, objects, stored[1], self.now()))

    def poll(self, **asked):
        """As the engine does; what is new of either part."""
        changes, evidence = self.ask(**asked)
        news = self._take_changes(changes), self._take_evidence(evidence)
        while changes.more:
            changes = self.crm.changes([LEAD, CONTACT], self.changed, self.known)
            news[0].extend(self._take_changes(changes))
        while evidence.more:
            evidence = self.crm.evidence(PEOPLE, self.heard, self.now())
            news[1].extend(self._take_evidence(evidence))
        return news

    def _take_changes(self, changes):
        self.changed = changes.cursor
        new = [each for each in changes.readings if self.seen.get(each.ref) != each]
        self.seen |= {reading.ref: reading for reading in changes.readings}
        return new

    def _take_evidence(self, evidence):
        self.heard = evidence.cursor
        new = [entry for entry in evidence.entries if (entry.ref, entry.key) not in self.told]
        self.told |= {(entry.ref, entry.key): entry for entry in evidence.entries}
        return new


@pytest.fixture
def org():
    return Polling()


def test_an_idle_poll_of_two_objects_and_all_that_people_do_is_one_call(org):
    for seconds in (0, 30, 300, 300, 3_600):
        org.sleep(seconds)
        assert calls_of(org, org.poll) == 1


def test_a_poll_with_news_of_every_sort_is_one_call_and_tells_them(org):
    lead = org.lead("Lea")
    call = dealings.log_call(org.org, org.ada.id)["id"]
    org.sleep(30)
    news = []
    assert calls_of(org, lambda: news.extend(org.poll())) <= 2  # who we are is asked once
    assert [each.ref for each in news[0]] == [lead]
    assert [entry.key for entry in news[1]] == [f"activity:{call}"]


def test_deals_and_who_takes_part_in_them_take_turns_and_are_told_a_poll_later_at_most(org):
    deal = dealings.open_deal(org.org, org.ada.id, name="Ten seats", amount=100)["id"]
    told = []
    for _ in range(2):
        org.sleep(300)
        told += org.poll()[1]
    assert {entry.what.deal for entry in told} == {deal}
    bob = org.contact("Bob")
    org.sleep(3_600)
    org.poll()
    actions.create(org.org, "OpportunityContactRole", {"OpportunityId": deal, "ContactId": bob.id})
    told = []
    for _ in range(2):
        org.sleep(300)
        told += org.poll()[1]
    assert [(entry.ref, entry.what.deal) for entry in told] == [(bob, deal)]


def test_a_meeting_that_was_planned_is_told_when_it_begins(org):
    dealings.hold_meeting(org.org, org.ada.id, starts_at="2026-11-02T10:00:00Z")
    org.sleep(60)
    assert org.poll()[1] == []
    org.sleep(2 * 3_600)
    assert len(org.poll()[1]) == 1
    org.sleep(300)
    assert org.poll()[1] == []


def test_what_does_not_fit_a_page_is_walked_to_its_end(org):
    second = (org.now() - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    row = {"WhoId": org.ada.id, "TaskSubtype": "Call", "Status": "Completed", "IsClosed": True}
    times = dict.fromkeys(("CreatedDate", "CompletedDateTime", "SystemModstamp"), second)
    org.org.load("Task", [{**row, **times, "OwnerId": org.org.catalogue["User"].ids[2]}] * 4_500)
    begins = {"WhoId": org.ada.id, "StartDateTime": second, **dict.fromkeys(("CreatedDate", "SystemModstamp"), second)}
    org.org.load("Event", [{**begins, "OwnerId": org.org.catalogue["User"].ids[2]}] * 2_500)
    told = org.poll()[1]
    assert len(told) == 7_000
    org.sleep(60)
    assert org.poll()[1] == []


def test_a_mapped_object_more_that_leaves_no_room_makes_deals_wait_a_quarter_of_an_hour_at_most(org):
    third = type(LEAD)("Account", {})
    org.changed = {**org.changed, "Account": org.changed["Lead"]}
    costs = []
    for _ in range(6):
        org.sleep(300)
        costs.append(calls_of(org, lambda: org.poll(views=(LEAD, CONTACT, third))))
    assert costs == [1, 1, 2, 1, 1, 2]


def test_where_nobody_asks_what_people_did_only_changes_are_asked(org):
    changes, evidence = org.ask(objects=())
    assert [each.ref for each in changes.readings] == [org.ada]
    assert (list(evidence.entries), evidence.more) == ([], False)


def test_a_refused_part_is_left_to_those_who_know_what_to_do(org):
    actions.set_field_permission(org.org, "Task", "CallType", "none")
    call = dealings.log_call(org.org, org.ada.id)["id"]
    org.sleep(60)
    assert [entry.key for entry in org.poll()[1]] == [f"activity:{call}"]
    org.sleep(60)
    assert calls_of(org, org.poll) == 1


def test_a_fault_moves_nothing_on(org):
    lead = org.lead("Lea")
    org.sleep(60)
    number = org.services.faults.add(Fault("status", "salesforce", "", ".", params={"status": 503}))
    with pytest.raises(Transient):
        org.poll()
    org.services.faults.clear(number)
    assert [each.ref for each in org.poll()[0]] == [lead]


def act(org, chance, leads, deals):
    """Somebody does something."""
    match chance.randrange(6):
        case 0:
            leads.append(org.lead(f"P{len(leads)}"))
        case 1 if leads:
            org.edit(chance.choice(leads), FirstName=str(chance.random()))
        case 2:
            dealings.log_call(org.org, chance.choice([org.ada, *leads]).id)
        case 3:
            deals.append(dealings.open_deal(org.org, org.ada.id, name="Seats", amount=chance.randrange(9))["id"])
        case 4 if deals:
            dealings.close_deal(org.org, chance.choice(deals), won=chance.random() < 0.5)
        case 5:
            starts = (org.now() + timedelta(seconds=chance.choice([-60, 60, 900]))).strftime("%Y-%m-%dT%H:%M:%SZ")
            dealings.hold_meeting(org.org, org.ada.id, starts_at=starts)


@pytest.mark.parametrize("seed", range(4))
def test_polls_tell_in_the_end_what_both_parts_tell_alone(seed):
    chance, org, leads, deals = Random(seed), Polling(), [], []
    alone = org.changed, org.heard
    for _ in range(40):
        act(org, chance, leads, deals)
        org.sleep(chance.choice([0, 1, 30, 300]))
        if chance.random() < 0.5:
            org.poll()
    for _ in range(4):
        org.sleep(600)
        org.poll()
    seen, _ = org.drain([LEAD, CONTACT], alone[0])
    assert {ref: reading.values for ref, reading in org.seen.items()} == {
        ref: reading.values for ref, reading in seen.items()
    }
    touches, cursor, more = set(), alone[1], True
    while more:
        portion = org.crm.evidence(PEOPLE, cursor, org.now())
        touches |= {(entry.ref, entry.key) for entry in portion.entries}
        cursor, more = portion.cursor, portion.more
    assert touches <= org.told.keys()  # asked once at the end, who came and went meanwhile is not told
