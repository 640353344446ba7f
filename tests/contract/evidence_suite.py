"""`EvidenceContract`: what the engine relies on of `Crm.evidence` and `Crm.remind`, over the fake and both adapters.

A subclass gives a `rig` fixture: `crm`, `object`; `add()` makes a person; `touch(ref, outbound=, human=)` lets somebody
call (by hand) or send a mail (not by hand), `deal(ref, amount)` and `moved(deal, won=)` act on deals, `leave(ref)`
archives, `pass_time`, `now`; `tasks(ref)` tells (subject, body, due, owner) of the tasks that hang on a record;
`somebody` and `nobody` are owners who can, and cannot, be given a task; `lose_answers`, `mend`, `refuse_all`.
"""

from datetime import date

import pytest

from connector.core.journey import Channel, Dealt, Touched
from connector.errors import Transient
from connector.ports import Absent, Done, Lane, Poll, Rejected, Todo, Unsure, View


def todo(rig, about, key="sla:1", **more):
    return Todo(
        about,
        **{
            "owner": rig.somebody,
            "subject": "Call Ada",
            "body": "It is late.",
            "due": date(2026, 11, 9),
            "key": key,
            **more,
        },
    )


def nothing_known(*_):
    return 0


class Listener:
    """Somebody who goes on from the cursor, and keeps what was told."""

    def __init__(self, rig):
        self.rig, self.told = rig, []
        self.cursor = self.ask(None).cursor

    def ask(self, cursor):
        return self.rig.crm.evidence([self.rig.object], cursor, self.rig.now())

    def hear(self):
        """What is new, until there is no more."""
        news, more = [], True
        while more:
            portion = self.ask(self.cursor)
            news += portion.entries
            self.cursor, more = portion.cursor, portion.more
        self.told += news
        return news


class EvidenceContract:
    @pytest.fixture
    def ada(self, rig):
        return rig.add()

    @pytest.fixture
    def listener(self, rig, ada):
        return Listener(rig)

    # What people did.

    def test_it_begins_now_and_tells_nothing_from_before(self, rig, ada):
        rig.touch(ada)
        rig.deal(ada, "100")
        rig.pass_time(30)
        listener = Listener(rig)
        assert listener.hear() == []
        rig.pass_time(30)
        assert listener.hear() == []

    def test_a_call_is_told_once_with_who_made_it_and_when(self, rig, ada, listener):
        rig.pass_time(30)
        at = rig.touch(ada)
        rig.pass_time(30)
        (entry,) = listener.hear()
        assert (entry.ref, entry.at, entry.seen_at) == (ada, at, rig.now())
        assert entry.what == Touched(Channel.CALL, outbound=True, human=True, by=rig.somebody)
        assert entry.key
        rig.pass_time(30)
        assert listener.hear() == []

    def test_what_comes_in_is_not_outbound_and_what_a_machine_sends_is_no_human_s(self, rig, ada, listener):
        rig.touch(ada, outbound=False)
        rig.touch(ada, human=False)
        rig.pass_time(30)
        told = {(entry.what.outbound, entry.what.human) for entry in listener.hear()}
        assert told == {(False, True), (True, False)}

    def test_many_of_one_moment_are_each_told_once(self, rig, listener):
        people = [rig.add() for _ in range(3)]
        for number in range(450):
            rig.touch(people[number % 3])
        rig.pass_time(30)
        told = listener.hear()
        assert [sum(entry.ref == each for entry in told) for each in people] == [150, 150, 150]
        assert len({(entry.ref, entry.key) for entry in told}) == 450
        rig.pass_time(30)
        assert listener.hear() == []

    def test_a_deal_is_told_stage_by_stage_also_when_it_goes_back(self, rig, ada, listener):
        deal = rig.deal(ada, "100")
        rig.pass_time(30)
        (opened,) = listener.hear()
        assert (opened.ref, opened.what.deal, opened.what.amount) == (ada, deal, "100")
        assert (opened.what.closed, opened.what.won) == (False, False)
        rig.moved(deal, won=True)
        rig.pass_time(30)
        (closed,) = listener.hear()
        assert (closed.what.closed, closed.what.won) == (True, True)
        assert opened.at < closed.at <= rig.now()
        rig.moved(deal, won=None)
        rig.pass_time(30)
        (again,) = listener.hear()
        assert again.what == opened.what
        assert len({entry.key for entry in (opened, closed, again)}) == 3
        rig.moved(deal, won=False)
        rig.pass_time(30)
        (lost,) = listener.hear()
        assert (lost.what.closed, lost.what.won) == (True, False)
        assert all(isinstance(entry.what, Dealt) for entry in listener.told)

    def test_objects_that_nobody_asked_for_are_not_told(self, rig, ada):
        other = Listener(rig)
        rig.touch(ada)
        rig.pass_time(30)
        assert rig.crm.evidence(["Nothing"], other.cursor, rig.now()).entries in ([], ())

    def test_a_fault_loses_nothing(self, rig, ada, listener):
        rig.touch(rig.add())
        rig.deal(ada, "5")
        rig.pass_time(30)
        rig.refuse_all()
        with pytest.raises(Transient):
            listener.hear()
        rig.mend()
        assert {type(entry.what) for entry in listener.hear()} == {Touched, Dealt}

    def test_nothing_new_costs_one_call_a_kind(self, rig, ada, listener):
        rig.touch(rig.add())
        rig.deal(ada, "5")
        rig.pass_time(5)
        assert len(listener.hear()) == 2
        for seconds in (0, 5, 60, 3_600):
            rig.pass_time(seconds)
            before = rig.crm.usage().calls
            assert listener.hear() == []
            assert rig.crm.usage().calls - before <= rig.idle_calls

    # A poll of both parts.

    def test_a_poll_tells_what_changed_and_what_people_did_each_from_its_cursor(self, rig, ada, listener):
        view = View(rig.object, {})
        cursor = rig.crm.changes([view], None, nothing_known).cursor
        new = rig.add()
        at = rig.touch(ada)
        rig.pass_time(60)
        changes, evidence = rig.crm.poll(Poll([view], cursor, nothing_known, [rig.object], listener.cursor, rig.now()))
        assert new in {reading.ref for reading in changes.readings}
        assert [(entry.ref, entry.at) for entry in evidence.entries] == [(ada, at)]
        rig.pass_time(3_600)
        again = Poll([view], changes.cursor, nothing_known, [rig.object], evidence.cursor, rig.now())
        assert list(rig.crm.poll(again)[1].entries) == []

    def test_a_poll_that_asks_of_nobody_s_doings_tells_of_none(self, rig, ada):
        view = View(rig.object, {})
        rig.touch(ada)
        changes, evidence = rig.crm.poll(Poll([view], None, nothing_known, (), None, rig.now()))
        assert changes.cursor
        assert (list(evidence.entries), evidence.more) == ([], False)

    def test_a_poll_in_the_hot_lane_tells_the_same(self, rig, ada, listener):
        view, hot = View(rig.object, {}), rig.crm.in_lane(Lane.HOT)
        cursor = rig.crm.changes([view], None, nothing_known).cursor
        rig.touch(ada)
        rig.pass_time(60)
        before = rig.crm.usage().calls
        _, evidence = hot.poll(Poll([view], cursor, nothing_known, [rig.object], listener.cursor, rig.now()))
        assert [entry.ref for entry in evidence.entries] == [ada]
        assert rig.crm.usage().calls > before  # lanes are counted together

    # Tasks.

    def test_a_task_is_made_once_however_often_it_is_asked_for(self, rig, ada):
        (first,) = rig.crm.remind([todo(rig, ada)])
        assert first.created
        for _ in range(2):
            assert rig.crm.remind([todo(rig, ada)]) == [Done(first.ref)]
        ((subject, body, due, owner),) = rig.tasks(ada)
        assert (subject, body.startswith("It is late."), due, owner) == (
            "Call Ada",
            True,
            date(2026, 11, 9),
            rig.somebody,
        )

    def test_another_key_is_another_task(self, rig, ada):
        outcomes = rig.crm.remind([todo(rig, ada, "sla:1"), todo(rig, ada, "sla:2"), todo(rig, ada, "sla:1")])
        assert len({outcome.ref for outcome in outcomes}) == 2
        assert outcomes[0].ref == outcomes[2].ref
        assert len(rig.tasks(ada)) == 2

    def test_more_tasks_than_one_call_may_carry_are_made_in_order(self, rig):
        people = [rig.add() for _ in range(5)]
        wanted = [todo(rig, people[number % 5], f"sla:{number}") for number in range(230)]
        outcomes = rig.crm.remind(wanted)
        assert all(isinstance(outcome, Done) and outcome.created for outcome in outcomes)
        assert [len(rig.tasks(each)) for each in people] == [46] * 5
        again = rig.crm.remind(list(reversed(wanted)))
        assert [outcome.ref for outcome in again] == [outcome.ref for outcome in reversed(outcomes)]

    def test_a_lost_answer_makes_no_second_task(self, rig, ada):
        rig.lose_answers()
        (outcome,) = rig.crm.remind([todo(rig, ada)])
        assert isinstance(outcome, Unsure) or outcome.created
        rig.mend()
        assert isinstance(rig.crm.remind([todo(rig, ada)])[0], Done)
        assert len(rig.tasks(ada)) == 1

    def test_a_side_that_does_not_answer_leaves_all_unsure_and_nothing_made(self, rig, ada):
        rig.refuse_all()
        outcomes = rig.crm.remind([todo(rig, ada), todo(rig, ada, "sla:2")])
        assert [type(outcome) for outcome in outcomes] == [Unsure, Unsure]
        rig.mend()
        assert rig.tasks(ada) == []

    def test_nothing_is_hung_on_a_record_that_is_gone(self, rig, ada):
        gone = rig.add()
        rig.leave(gone)
        made, absent = rig.crm.remind([todo(rig, ada), todo(rig, gone)])
        assert (type(made), type(absent)) == (Done, Absent)
        assert absent.reading.ref == gone

    def test_an_owner_who_can_have_no_task_spoils_no_other_and_a_task_may_be_nobody_s(self, rig, ada):
        outcomes = rig.crm.remind(
            [todo(rig, ada, "a"), todo(rig, ada, "b", owner=rig.nobody), todo(rig, ada, "c", owner="")]
        )
        assert [type(outcome) for outcome in outcomes] == [Done, Rejected, Done]
        assert len(rig.tasks(ada)) == 2
