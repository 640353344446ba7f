"""The duties of a worker, turned by hand on fakes and real SQL: nothing spins, nothing stops, nothing is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine.doing import DUTIES
from connector.engine.duties import CLOCKS, DRAIN, EFFECTS, FOLD, FULL, POLL, Stopping
from connector.engine.turning import survey, turn
from connector.errors import RateLimited, Transient, Unauthorised
from connector.storage import dirty, duties, timers
from tests.contract.fake_side import Fault
from tests.engine.agreeing import agree, both, called
from tests.engine.working import NAMED, Crew

POLLS = sorted(POLL.values())


@pytest.fixture
def crew(town):
    """A worker in a town that was compared once, and at rest."""
    town.contact(email="ada@x.com", lastname="Lovelace")
    town.full()
    town.once()
    found = Crew(town)
    found.passes(minutes=2)
    town.hubspot.calls.clear()
    town.salesforce.calls.clear()
    found.turned.clear()
    return found


def lead_of(town):
    (ref,) = [ref for ref in town.salesforce.rows if ref.object == "Lead"]
    return town.salesforce.rows[ref]


def contact_of(town):
    (ref,) = town.hubspot.rows
    return ref


def test_a_first_start_compares_everything_and_then_keeps_in_step(town):
    town.contact(email="ada@x.com", lastname="Lovelace")
    crew = Crew(town)
    crew.passes(seconds=5)
    assert lead_of(town).values["LastName"] == "Lovelace"
    assert [(run.kind, run.outcome) for run in town.runs()][-1] == ("full", "done")
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.passes(minutes=2)
    assert lead_of(town).values["Title"] == "Countess"


def test_what_came_in_is_on_the_other_side_after_its_quiet_time(crew):
    town = crew.town
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.told(contact_of(town))
    crew.passes(seconds=1.5)
    assert lead_of(town).values.get("Title") is None
    crew.passes(seconds=1.5)
    assert lead_of(town).values["Title"] == "Countess"


def test_edits_that_follow_each_other_travel_as_one_and_wait_no_longer_than_the_longest(crew):
    town, contact = crew.town, contact_of(crew.town)
    for number in range(25):
        town.hubspot.edit(contact, jobtitle=f"Draft {number}")
        crew.told(contact)
        crew.passes(seconds=1.5)
    titles = [values["Title"] for operation, _, values in town.salesforce.log if "Title" in values]
    assert len(titles) == 1
    assert lead_of(town).values["Title"] == titles[0] != "Draft 24"  # after 30 s it was written, unfinished or not
    crew.passes(seconds=3)
    assert lead_of(town).values["Title"] == "Draft 24"


def test_a_worker_at_rest_makes_no_call_between_two_polls_and_writes_no_run(crew):
    town, runs = crew.town, len(crew.town.runs())
    crew.passes(minutes=60)
    polls = crew.turned[POLL[Side.HUBSPOT]]
    assert 11 <= polls <= 16
    assert town.hubspot.calls.total() <= 2 * polls
    assert len(town.runs()) == runs
    assert crew.turned[DRAIN] == crew.turned[FOLD] == crew.turned[EFFECTS] == 0


def test_news_make_polls_frequent_and_quiet_makes_them_seldom(crew):
    crew.passes(minutes=30)
    rest = crew.row(POLL[Side.HUBSPOT]).body["kept"]["rest_s"]
    crew.town.hubspot.edit(contact_of(crew.town), jobtitle="Countess")
    crew.turned.clear()
    while not crew.turned[POLL[Side.HUBSPOT]]:
        crew.passes(seconds=5)
    assert (rest, crew.row(POLL[Side.HUBSPOT]).body["kept"]["rest_s"]) == (300.0, 30.0)


def test_webhooks_do_not_stop_the_polls(crew):
    for _ in range(60):
        crew.told(contact_of(crew.town))
        crew.passes(seconds=30)
    assert crew.turned[POLL[Side.HUBSPOT]] >= 6


def test_a_poll_that_is_asked_for_happens_now_even_while_one_is_under_way(crew):
    name = POLL[Side.HUBSPOT]
    now = crew.town.clock.now()
    with crew.town.database.begin() as conn:
        duties.ask(conn, name, now)
        held = duties.begin(conn, name, now, now + timedelta(minutes=5))
    with crew.town.database.begin() as conn:
        duties.ask(conn, name, now)  # by a listener that has lost its place
    with crew.town.database.begin() as conn:
        duties.end(conn, held, now + timedelta(minutes=5), {})
    assert name in crew.round()


def test_what_somebody_else_is_at_is_left_to_him_until_his_lease_is_over(crew):
    name, now = POLL[Side.HUBSPOT], crew.town.clock.now()
    with crew.town.database.begin() as conn:
        duties.ask(conn, name, now)
        duties.begin(conn, name, now, now + timedelta(minutes=5))
    assert crew.turn(name) is None
    crew.passes(minutes=4)
    assert crew.turned[name] == 0
    crew.passes(minutes=2)
    assert crew.turned[name] == 1


def test_who_ends_too_late_changes_nothing(crew):
    name, now = POLL[Side.HUBSPOT], crew.town.clock.now()
    with crew.town.database.begin() as conn:
        duties.ask(conn, name, now)
        late = duties.begin(conn, name, now, now + timedelta(minutes=5))
    crew.passes(minutes=6)
    before = crew.row(name)
    with crew.town.database.begin() as conn:
        assert not duties.end(conn, late, now + timedelta(days=9), {"mine": True})
    assert crew.row(name) == before


def test_a_side_that_refuses_us_is_stopped_shown_and_told_of_once(crew):
    town = crew.town
    town.salesforce.faults.append(Fault("changes", Unauthorised("the token was revoked"), times=8))
    crew.passes(minutes=60)
    assert [(stop.side, stop.by, stop.why) for stop in crew.stops()] == [
        (Side.SALESFORCE, POLL[Side.SALESFORCE], "the token was revoked")
    ]
    (shown,) = town.issues()
    assert (shown.issue.kind, shown.issue.side) == (IssueKind.STOPPED, Side.SALESFORCE)
    assert "the token was revoked" in shown.issue.reason
    assert crew.notices() == ["Salesforce refuses us"]
    assert crew.turned[POLL[Side.SALESFORCE]] <= 7  # after 1, 2, 4, 8, 16, 32 minutes


def test_while_one_side_refuses_us_the_other_is_polled_and_post_becomes_marks_but_nothing_is_written(crew):
    town = crew.town
    town.salesforce.faults.append(Fault("changes", Unauthorised("revoked"), times=5))
    crew.passes(minutes=6)
    crew.turned.clear()
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.told(contact_of(town))
    crew.passes(minutes=8)
    assert crew.turned[FOLD] == 1
    assert crew.turned[POLL[Side.HUBSPOT]] >= 1
    assert lead_of(town).values.get("Title") is None
    assert town.dirty() == 1


def test_once_a_side_lets_us_in_again_all_that_waited_is_done_and_people_hear_of_it(crew):
    town = crew.town
    town.salesforce.faults.append(Fault("changes", Unauthorised("revoked"), times=3))
    crew.passes(minutes=6)
    assert crew.stops()
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.told(contact_of(town))
    crew.passes(minutes=12)
    assert (crew.stops(), town.issues()) == ([], [])
    assert lead_of(town).values["Title"] == "Countess"
    assert sorted(crew.notices()) == ["Salesforce lets us in again", "Salesforce refuses us"]


def test_a_side_that_may_be_read_and_not_written_is_stopped_until_a_write_succeeds(crew):
    town = crew.town
    town.salesforce.faults.append(Fault("write", Unauthorised("no permission to edit"), times=3))
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.told(contact_of(town))
    crew.passes(seconds=30)
    assert [(stop.side, stop.by) for stop in crew.stops()] == [(Side.SALESFORCE, DRAIN)]
    crew.passes(minutes=20)
    assert lead_of(town).values["Title"] == "Countess"
    assert (crew.stops(), [one.issue.kind for one in town.issues()]) == ([], [])


def test_a_daily_limit_is_waited_for_without_spinning(crew):
    town = crew.town
    midnight = town.clock.at + timedelta(hours=6)
    limit = RateLimited("the day's calls are used up", midnight)
    town.salesforce.faults += [Fault(name, limit, times=100) for name in ("changes", "read")]
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.told(contact_of(town))
    crew.passes(minutes=5 * 60)
    assert crew.turned[POLL[Side.SALESFORCE]] == 1
    assert crew.turned[DRAIN] <= 3
    town.salesforce.faults.clear()
    crew.passes(minutes=61)
    assert lead_of(town).values["Title"] == "Countess"


def test_faults_that_pass_are_tried_again_after_pauses_that_grow(crew):
    name = POLL[Side.HUBSPOT]
    crew.town.hubspot.faults.append(Fault("changes", Transient("no answer"), times=6))
    with crew.town.database.begin() as conn:
        duties.ask(conn, name, crew.town.clock.at)
    crew.round()
    assert (crew.row(name).body["fault"], crew.row(name).body["failures"]) == ("no answer", 1)
    crew.passes(seconds=70)
    assert "fault" not in crew.row(name).body  # 1, 2, 4, 8, 16 and 32 seconds later, as these dice roll
    assert crew.turned[name] == 7


def test_a_fault_of_ours_is_counted_and_tried_again_and_its_words_are_not_kept(crew, monkeypatch):
    def broken(*_):
        raise ValueError("ada@x.com has no name")

    town = crew.town
    duty = replace(NAMED[FOLD], act=broken)
    turned = turn(crew.work, duty)
    assert turned.did == 0
    assert turned.due_at > town.clock.at
    assert crew.row(FOLD).body["fault"] == "ValueError"
    assert crew.row(FOLD).body["failures"] == 1
    turn(crew.work, duty)
    assert crew.row(FOLD).body["failures"] == 2
    crew.told(contact_of(town))
    crew.passes(minutes=1)
    assert "fault" not in crew.row(FOLD).body


def test_a_process_that_shall_stop_gives_its_duty_back_and_it_is_due_at_once(crew):
    def stopping(*_):
        raise Stopping

    name = POLL[Side.HUBSPOT]
    with crew.town.database.begin() as conn:
        duties.ask(conn, name, crew.town.clock.now())
    with pytest.raises(Stopping):
        turn(crew.work, replace(NAMED[name], act=stopping))
    assert crew.row(name).leased_until is None
    assert name in crew.round()


def test_a_full_pass_that_is_given_up_is_owed_still_and_leaves_nothing_claimed(town):
    def stopping(*_):
        raise Stopping

    town.contact(email="ada@x.com", lastname="Lovelace")
    crew = Crew(town)
    crew.work.bridge = crew.work.stretch.bridge = replace(town.bridge, progress=stopping)
    with pytest.raises(Stopping):
        crew.turn(FULL)
    assert [(run.kind, run.outcome) for run in town.runs()] == [("full", "cut short")]
    crew = Crew(town)
    crew.passes(seconds=5)
    assert lead_of(town).values["LastName"] == "Lovelace"


def test_a_hold_stands_and_nothing_is_written_until_a_person_lets_it_go(crew):
    town = crew.town
    town.limited(changes=0)
    crew.work.bridge = crew.work.stretch.bridge = town.bridge
    town.hubspot.edit(contact_of(town), jobtitle="Countess")
    crew.told(contact_of(town))
    crew.passes(minutes=30)
    held = [run for run in town.runs() if run.outcome == "held"]
    assert len(held) == 1
    assert lead_of(town).values.get("Title") is None
    assert [one.issue.kind for one in town.issues()] == [IssueKind.HELD]
    town.sync(approved=True)
    assert lead_of(town).values["Title"] == "Countess"


def test_a_run_is_a_stretch_of_work(crew):
    town, before = crew.town, len(crew.town.runs())
    for number in range(4):
        town.hubspot.edit(contact_of(town), jobtitle=f"Countess {number}")
        crew.told(contact_of(town))
        crew.passes(seconds=20)
    crew.passes(minutes=2)
    (run,) = town.runs()[: len(town.runs()) - before]
    assert (run.kind, run.outcome, run.by) == ("worker", "done", "a test")
    assert run.counts["updated_salesforce"] == 4


def test_a_long_stretch_is_closed_after_a_quarter_of_an_hour(crew):
    town, before = crew.town, len(crew.town.runs())
    for number in range(60):
        town.hubspot.edit(contact_of(town), jobtitle=f"Countess {number}")
        crew.told(contact_of(town))
        crew.passes(seconds=30)
    assert len(town.runs()) - before == 2


def test_an_edited_mapping_has_everything_compared_again(crew):
    town, before = crew.town, len(crew.town.runs())
    pairs = town.bridge.mapping.pairs
    town.remapped(*pairs, digest="edited")
    crew.work.bridge = crew.work.stretch.bridge = town.bridge
    with town.database.begin() as conn:
        duties.ask(conn, FULL, town.clock.now())
    crew.passes(seconds=5)
    assert "full" in {run.kind for run in town.runs()[: len(town.runs()) - before]}


def test_before_a_clock_is_judged_both_sides_are_asked_what_people_did(town):
    agree(town)
    contact, lead = both(town, life="lead")
    town.full()
    crew = Crew(town)
    crew.passes(minutes=10)
    town.salesforce.done.append(called(lead, town.clock.now(), "touch:00T1"))
    due = town.clock.now()
    with town.database.begin() as conn:
        timers.put(conn, {contact: due})
        for name in POLLS:
            duties.put(conn, name, due + timedelta(hours=1), {})  # the next poll is far
    asked = town.salesforce.calls["evidence"]
    crew.passes(seconds=2)
    assert town.salesforce.calls["evidence"] == asked + 1
    assert crew.turned[CLOCKS] >= 1
    with town.database.read() as conn:
        assert timers.due(conn, town.clock.now(), 10) == []


def test_clocks_that_are_due_one_after_the_other_are_asked_about_together(town):
    agree(town)
    contact, _ = both(town, life="lead")
    town.full()
    crew = Crew(town)
    crew.passes(minutes=10)
    asked = town.salesforce.calls["evidence"]
    for _ in range(60):
        with town.database.begin() as conn:
            timers.put(conn, {contact: town.clock.now()})
        crew.passes(seconds=1)
    assert town.salesforce.calls["evidence"] - asked <= 60 // 30 + 1
    assert crew.turned[CLOCKS] <= 60
    crew.passes(seconds=31)
    with town.database.read() as conn:
        assert (timers.next_due(conn), dirty.count(conn)) == (None, 0)


def test_nothing_is_asked_for_a_clock_when_nothing_depends_on_what_people_did(town):
    agree(town, deals={}, handoff=None, feedback=None)
    contact, _ = both(town, life="lead")
    town.full()
    crew = Crew(town)
    crew.passes(minutes=10)
    with town.database.begin() as conn:
        timers.put(conn, {contact: town.clock.now()})
    crew.passes(seconds=2)
    assert town.salesforce.calls["evidence"] == 0
    with town.database.read() as conn:
        assert timers.next_due(conn) is None


def test_a_look_says_what_is_due_and_when_the_next_thing_is(crew):
    with crew.town.database.read() as conn:
        seen = survey(conn, DUTIES, crew.town.clock.at)
    assert seen.due == []
    assert crew.town.clock.at < seen.next_at <= crew.town.clock.at + timedelta(seconds=330)
