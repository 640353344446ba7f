"""Post becomes marks: in order, at most ten requests a transaction, nothing lost and nothing dropped in silence."""

import pytest
from structlog.testing import capture_logs

from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from connector.engine.duties import FOLD, POLL
from connector.engine.folding import REQUESTS
from connector.engine.hot import HOT, ORDINARY
from connector.storage import dirty, duties, inbox, tallies, timers
from connector.storage.inbox import Post
from tests.engine.agreeing import agree, both
from tests.engine.working import Crew

STRANGER = Ref(Side.HUBSPOT, "tickets", "77")


@pytest.fixture(params=["memory", "file", "postgres"])
def kind(request):
    return request.param


@pytest.fixture
def crew(town):
    """A worker in a town that is in step."""
    town.contact(email="ada@x.com", lastname="Lovelace")
    town.full()
    town.once()
    return Crew(town)


def contact_of(town):
    (ref,) = town.hubspot.rows
    return ref


def waiting(town):
    with town.database.read() as conn:
        return dirty.sample(conn, 1000)


def left(town):
    """Requests unread, and the problems of those that are kept."""
    with town.database.read() as conn:
        return inbox.count(conn), [one.problem for one in inbox.kept(conn)]


def test_what_was_told_of_is_marked_with_why_and_by_which_request(crew):
    crew.told(contact_of(crew.town))
    crew.turn(FOLD)
    (marked,) = waiting(crew.town)
    assert (marked.ref, marked.lane) == (contact_of(crew.town), ORDINARY)
    assert marked.reason == "contact.propertyChange (request request-1)"
    assert (marked.due_at - marked.marked_at) == crew.work.pace.quiet
    assert left(crew.town) == (0, [])


def test_each_request_is_one_line_of_the_log_with_its_id_and_its_refs(crew):
    contact = contact_of(crew.town)
    crew.told(contact, STRANGER)
    with capture_logs() as said:
        crew.turn(FOLD)
    (line,) = [one for one in said if one["event"] == "folded"]
    assert (line["request_id"], line["source"], line["refs"], line["records"]) == ("request-1", "test", [contact], 1)


def test_records_of_objects_that_nobody_mapped_are_counted_and_passed_over(crew):
    crew.told(STRANGER, contact_of(crew.town))
    crew.turn(FOLD)
    assert [one.ref for one in waiting(crew.town)] == [contact_of(crew.town)]
    with crew.town.database.read() as conn:
        counted = tallies.all(conn)
    assert {name: counted[name] for name in ("folded.requests", "folded.refs", "folded.unmapped")} == {
        "folded.requests": 1,
        "folded.refs": 1,
        "folded.unmapped": 1,
    }


def test_what_is_not_understood_is_kept_with_the_reason_and_the_rest_of_it_is_done(crew):
    crew.told(contact_of(crew.town), unknown=["a kind of event the bridge does not know", "an event without an id"])
    crew.told()
    crew.turn(FOLD)
    assert left(crew.town) == (0, ["a kind of event the bridge does not know; an event without an id"])
    assert len(waiting(crew.town)) == 1
    crew.turn(FOLD)
    assert left(crew.town) == (0, ["a kind of event the bridge does not know; an event without an id"])


def test_a_request_that_breaks_its_reader_is_kept_and_holds_nobody_up(crew):
    def breaks(*_):
        raise KeyError("ada@x.com")

    crew.work.readers = {**crew.work.readers, "broken": breaks}
    crew.told(source="broken")
    crew.told(contact_of(crew.town))
    crew.turn(FOLD)
    assert left(crew.town) == (0, ["it cannot be read (KeyError); this is a fault of the bridge"])
    assert len(waiting(crew.town)) == 1


def test_what_comes_by_a_way_that_nobody_reads_is_kept(crew):
    crew.told(source="pigeon")
    crew.turn(FOLD)
    assert left(crew.town) == (0, ["nobody here reads what comes by 'pigeon'"])


def test_an_inbox_that_is_full_is_folded_in_bites(crew):
    for _ in range(REQUESTS * 2 + 3):
        crew.told(contact_of(crew.town))
    turned = crew.turn(FOLD)
    assert (turned.did, left(crew.town)) == (23, (0, []))
    assert crew.turn(FOLD).did == 0


def test_a_crash_in_the_midst_of_a_portion_leaves_it_whole(crew, monkeypatch):
    crew.told(contact_of(crew.town))

    def dies(*_args, **_keys):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dirty, "mark_all", dies)
        with pytest.raises(KeyboardInterrupt):
            crew.turn(FOLD)
    assert (left(crew.town), waiting(crew.town)) == ((1, []), [])
    crew.turn(FOLD)
    assert (left(crew.town), len(waiting(crew.town))) == ((0, []), 1)


def test_too_much_to_be_told_one_by_one_has_the_side_polled_now(crew):
    crew.passes(minutes=20)
    crew.turned.clear()
    crew.told(sweep=[("salesforce", "Lead")])
    crew.passes(seconds=1)
    assert crew.turned[POLL[Side.SALESFORCE]] == 1
    assert crew.turned[POLL[Side.HUBSPOT]] == 0


def test_whom_hubspot_has_erased_is_forgotten_at_once_and_never_made_again(crew):
    town, contact = crew.town, contact_of(crew.town)
    town.hubspot.erase(contact)
    calls = town.hubspot.calls.total() + town.salesforce.calls.total()
    crew.told(contact, erased=[str(contact)])
    crew.turn(FOLD)
    assert town.hubspot.calls.total() + town.salesforce.calls.total() == calls
    assert (town.links(), waiting(town)) == ([], [])
    assert town.story(contact) == []
    (shown,) = town.issues()
    assert (shown.issue.kind, shown.issue.code) == (IssueKind.EDIT_BEATS_DELETION, "ERASED")
    made = len(town.hubspot.rows)
    for _ in range(3):  # old post, told again and again
        crew.told(contact)
        crew.passes(minutes=6)
    town.full()
    assert len(town.hubspot.rows) == made
    assert not [one for one in town.hubspot.log if one[0] == "create"]


def test_erasing_somebody_unknown_leaves_only_what_keeps_them_out(crew):
    stranger = Ref(Side.HUBSPOT, "contacts", "999")
    crew.told(erased=[str(stranger), str(STRANGER)])
    crew.turn(FOLD)
    assert len(crew.town.links()) == 1
    assert left(crew.town) == (0, [])


def test_records_with_an_open_clock_go_first_and_do_not_wait_for_quiet(town):
    agree(town)
    contact, lead = both(town, life="lead")
    town.full()
    town.once()
    crew = Crew(town)
    with town.database.begin() as conn:
        timers.put(conn, {contact: town.clock.now() + crew.work.pace.most})
    crew.told(lead)  # the clock hangs on the counterpart
    crew.turn(FOLD)
    (marked,) = waiting(town)
    assert (marked.ref, marked.lane) == (lead, HOT)
    assert marked.due_at <= town.clock.now()


def test_somebody_who_rests_for_months_hurries_nobody(town):
    agree(town)
    contact, _ = both(town, life="lead")
    town.full()
    town.once()
    crew = Crew(town)
    with town.database.begin() as conn:
        timers.put(conn, {contact: town.clock.now() + crew.work.pace.audit_every * 180})
    crew.told(contact)
    crew.turn(FOLD)
    (marked,) = waiting(town)
    assert marked.lane == ORDINARY


def test_two_workers_that_fold_at_the_same_time_lose_nothing(crew):
    """What one has read and not put away yet is, to be sure, read by nobody else on PostgreSQL, and again on SQLite."""
    with crew.town.database.begin() as conn:
        inbox.put(conn, *[Post("test", crew.town.clock.now(), f"request-{n}", b"{}") for n in range(25)])
    first, second = Crew(crew.town), Crew(crew.town)
    assert first.turn(FOLD).did + second.turn(FOLD).did == 25
    assert left(crew.town) == (0, [])


def test_a_duty_that_was_put_off_by_a_fault_folds_again_when_its_time_has_come(crew):
    crew.told(contact_of(crew.town))
    with crew.town.database.begin() as conn:
        duties.put(conn, FOLD, crew.town.clock.now() + crew.work.pace.least, {"fault": "away", "failures": 1})
    crew.passes(seconds=20)
    assert left(crew.town)[0] == 1
    crew.passes(seconds=15)
    assert left(crew.town)[0] == 0
    assert "fault" not in crew.row(FOLD).body
