"""Two workers, or a worker and a person, at the same link: the slower one changes nothing and looks again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from connector import ports
from connector.core.mapping import Policy
from connector.core.plan import Memory
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine import apply, reconcile, sync
from connector.engine.bridge import Bridge
from connector.errors import RateLimited, Transient
from connector.ports import Exists, Rejected, Rejection
from connector.storage import dirty, links
from connector.storage.links import NewLink
from tests.engine.town import RULES, Town, pair

NEWEST = tuple(replace(rule, policy=Policy.NEWEST) for rule in RULES)


@pytest.fixture(params=["memory", "file", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def couple(town: Town) -> tuple[Ref, Ref]:
    contact, lead = town.contact(email="a@x.test", jobtitle="CEO"), town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.sync()
    return contact, lead


def _meanwhile(town: Town, operation: str, act: Callable[[], None], side: str = "salesforce") -> None:
    """Somebody acts right after the next call of an operation was answered."""
    crm = getattr(town, side)
    call = getattr(crm, operation)

    def called(*args: object, **kwargs: object) -> object:
        answer = call(*args, **kwargs)
        setattr(crm, operation, call)
        act()
        return answer

    setattr(crm, operation, called)


def _touch(town: Town, ref: Ref) -> None:
    """Another worker stores what it learned of a link."""
    with town.database.begin() as conn:
        link = links.by_refs(conn, [ref])[ref]
        assert links.save(conn, [(link.id, link.version, link.memory)])


@pytest.mark.parametrize("operation", ["read_many", "write"])
def test_a_link_that_another_worker_changed_is_looked_at_again(
    town: Town, couple: tuple[Ref, Ref], operation: str
) -> None:
    contact, lead = couple
    town.hubspot.edit(contact, jobtitle="CTO")
    _meanwhile(town, operation, lambda: _touch(town, contact))
    run = town.sync()
    assert run.counts["raced"] == (operation == "read_many")
    assert town.salesforce.values(lead)["Title"] == "CTO"
    assert town.dirty() == 0
    town.salesforce.edit(lead, Title="CFO")
    town.sync()
    assert town.hubspot.values(contact)["jobtitle"] == "CFO"


def _linked_by_somebody(town: Town, contact: Ref, lead: Ref) -> None:
    with town.database.begin() as conn:
        links.insert(conn, [NewLink("contacts/Lead", contact, lead, Memory())], town.clock.now())


def test_two_workers_that_link_the_same_two_make_one_link(town: Town) -> None:
    town.sync()
    contact, lead = town.contact(email="a@x.test", jobtitle="CTO"), town.lead(Email="a@x.test", LastName="A")
    _meanwhile(town, "find_many", lambda: _linked_by_somebody(town, contact, lead))
    town.sync()
    assert town.links() == [(contact, lead)]
    assert town.salesforce.values(lead)["Title"] == "CTO"
    assert [event.kind for event in town.story(contact)] == ["updated"]


def test_two_workers_that_link_at_the_last_moment_make_one_link(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.sync()
    contact, lead = town.contact(email="a@x.test", jobtitle="CTO"), town.lead(Email="a@x.test", LastName="A")
    planned = reconcile.cases_of

    def cases_of(*args: object) -> object:
        cases = planned(*args)
        monkeypatch.undo()
        _linked_by_somebody(town, contact, lead)
        return cases

    monkeypatch.setattr(reconcile, "cases_of", cases_of)
    assert town.sync().counts["raced"] == 1
    assert town.links() == [(contact, lead)]
    assert town.salesforce.values(lead)["Title"] == "CTO"


def test_two_workers_that_make_the_same_person_make_one(town: Town) -> None:
    town.sync()
    contact = town.contact(email="a@x.test")
    _meanwhile(town, "write", lambda: _linked_by_somebody(town, contact, town.salesforce.live("Lead")[0]))
    town.sync()
    assert len(town.links()) == len(town.salesforce.live("Lead")) == 1
    assert town.dirty() == 0


def test_a_link_that_another_worker_undid_first_is_not_undone_twice(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.salesforce.archive(lead)
    _meanwhile(town, "read_many", lambda: _touch(town, contact))
    town.sync()
    assert town.links() == []
    assert [event.kind for event in town.story(contact)].count("unlinked") == 1


def test_an_edit_between_our_read_and_our_write_of_the_source_still_counts(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.hubspot.edit(contact, jobtitle="CTO")
    _meanwhile(town, "write", lambda: town.hubspot.edit(contact, jobtitle="Founder"))
    town.sync()
    assert town.salesforce.values(lead)["Title"] == "CTO"
    town.sync()
    assert town.salesforce.values(lead)["Title"] == "Founder"


def test_an_old_listing_never_undoes_what_was_brought_in_step_since(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    listed = town.hubspot.scan

    def scan_then_others_sync(view: ports.View):
        yield from listed(view)
        town.hubspot.edit(contact, jobtitle="CTO")
        town.once()

    town.hubspot.scan = scan_then_others_sync
    town.sync("full")
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"


def test_who_is_parted_while_a_sweep_is_at_work_is_not_made_once_more_from_the_old_listing(town: Town) -> None:
    """Found by the simulation: the same create was sent again, over an edit that the very worker had read."""
    town.sync()
    contact = town.contact(email="a@x.test", lastname="A")
    listed, made = town.salesforce.scan, []

    def scan_then_part(view: ports.View):
        yield from listed(view)
        town.salesforce.scan = listed
        town.once()
        made.append(dict(town.links())[contact])
        town.hubspot.archive(contact)
        town.salesforce.edit(made[0], LastName="B")

    town.salesforce.scan = scan_then_part
    town.sync("full")
    assert town.salesforce.values(made[0])["LastName"] == "B"
    assert [event.kind for event in town.story(made[0])] == ["created", "unlinked"]
    assert town.dirty() == 0


def test_a_turn_of_the_loop_polls_and_works_off_one_batch(town: Town) -> None:
    town.sync()
    town.bridge = replace(town.bridge, batch_records=2)
    for number in range(3):
        town.contact(email=f"p{number}@x.test")
    run = sync.start(town.bridge, "tick", "a test", approved=True)
    town.salesforce.fail("write", Transient("reset"))
    assert sync.tick(town.bridge, run) == sync.Turn(marked=3, reconciled=2, later=1)
    assert sync.tick(town.bridge, run).reconciled == 1  # the third; the one that was lost waits for its pause to end
    assert sync.tick(town.bridge, run) == sync.Turn(0, 0, 0)
    town.clock.sleep(60)
    assert sync.tick(town.bridge, run).reconciled == 1
    assert len(town.links()) == 3
    run.held = "too much"
    assert reconcile.reconcile_due(town.bridge, run) == reconcile.Reconciled()


def test_work_that_waits_for_later_is_counted_not_waited_for(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, _ = couple
    town.hubspot.edit(contact, jobtitle="CTO")
    tomorrow = town.clock.now() + timedelta(days=1)
    town.salesforce.fail("write", RateLimited("the day's calls are spent", tomorrow))
    with pytest.raises(RateLimited):
        town.sync()
    run = town.sync()
    assert run.counts["waiting"] == 1


def test_a_first_sync_with_threads_is_the_same_first_sync(town: Town) -> None:
    for number in range(120):
        town.contact(email=f"p{number}@x.test", firstname="P")
        town.lead(Email=f"p{number + 60}@x.test", LastName="Q")
    with ThreadPoolExecutor(4) as pool:
        town.bridge = replace(town.bridge, executor=pool)
        town.sync()
        writes = town.writes()
        town.sync("full")
        town.sync()
    assert town.writes() == writes
    assert len(town.links()) == len(town.salesforce.live("Lead")) == len(town.hubspot.live("contacts")) == 180


def test_a_unique_value_that_another_holds_parks_its_field(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    other = town.contact(email="b@x.test")
    written = town.hubspot.write

    def write(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        taken = [Exists((other,), "email is taken") if "email" in one.values else None for one in writes]
        return [answer or written(view, [one])[0] for answer, one in zip(taken, writes, strict=True)]

    town.hubspot.write = write
    town.salesforce.edit(lead, Email="b2@x.test", Title="CFO")
    town.sync()
    assert town.hubspot.values(contact)["jobtitle"] == "CFO"
    (parked,) = [one.issue for one in town.issues() if one.issue.code == "DUPLICATE"]
    assert (parked.field, parked.side, str(other) in parked.hint) == ("email", Side.HUBSPOT, True)


def test_a_record_that_is_refused_again_and_again_is_given_up_and_shown(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, _ = couple
    rounds: list[int] = []

    def write(_: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        rounds.append(len(writes))
        return [Rejected((Rejection(min(one.values), "BAD", "refused", "mend it"),)) for one in writes]

    town.salesforce.write = write
    town.hubspot.edit(contact, firstname="F", lastname="L", jobtitle="T", email="e@x.test")
    town.sync()
    assert len(rounds) == 4
    assert {one.issue.field for one in town.issues()} == {"FirstName", "LastName", "Title", "Email"}
    assert town.dirty() == 0


def test_a_contact_that_is_deleted_just_before_it_meets_its_lead_is_made_anew_for_the_lead(town: Town) -> None:
    """Found by the simulation: the Lead was linked to the contact's own id, and no run came to an end any more."""
    contact = town.contact(email="a@x.test", jobtitle="CTO")
    lead = town.lead(Email="a@x.test", LastName="A", Title="CFO")
    town.bridge = town.bridged((pair("Lead", rules=NEWEST),), town.bridge.limits)
    read = town.hubspot.read

    def read_too_late(view: ports.View, ids: list[str], history: list[str] = ()) -> list[Reading]:
        if history and contact in town.hubspot.live("contacts"):
            town.hubspot.archive(contact)
        return read(view, ids, history)

    town.hubspot.read = read_too_late
    town.sync()
    ((made, there),) = town.links()
    assert (there, made in town.hubspot.live("contacts"), made != contact) == (lead, True, True)
    assert town.hubspot.values(made)["jobtitle"] == "CFO"
    assert town.issues() == []


def test_a_question_that_others_have_answered_meanwhile_is_not_asked(town: Town, couple: tuple[Ref, Ref]) -> None:
    """Found by the crash matrix: a worker that woke late asked about a conflict that was settled."""
    contact, lead = couple
    town.hubspot.edit(contact, jobtitle="CTO")
    town.salesforce.edit(lead, Title="CFO")

    def answer() -> None:
        town.salesforce.edit(lead, Title="CTO")
        _touch(town, contact)

    _meanwhile(town, "read_many", answer)
    town.sync()
    assert town.issues() == []
    assert town.dirty() == 0


def test_a_record_that_is_marked_again_and_again_does_not_keep_a_run_from_ending(
    town: Town, couple: tuple[Ref, Ref], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever marks it, a run ends: the record is left for later, and said to be."""
    contact, lead = couple
    other = town.contact(email="b@x.test", jobtitle="CEO")
    concluded = apply._conclude

    def marking(bridge: Bridge, *more: object) -> None:
        concluded(bridge, *more)
        with bridge.database.begin() as conn:
            dirty.mark(conn, [contact], bridge.clock.now(), reason="a test")

    monkeypatch.setattr(apply, "_conclude", marking)
    town.hubspot.edit(contact, jobtitle="CTO")
    run = town.sync()
    assert run.counts["spared"] == 1
    assert run.looks[contact] == 21
    assert town.salesforce.values(lead)["Title"] == "CTO"
    assert other in {one for one, _ in town.links()}
    assert town.dirty() == 1
    monkeypatch.undo()
    town.clock.sleep(timedelta(minutes=20).total_seconds())
    town.sync()
    assert town.dirty() == 0


def test_a_question_about_a_merge_ends_with_the_record_it_is_about(town: Town) -> None:
    """Found by the simulation: the two Leads of a deleted contact kept marking each other, and no run ended."""
    town.sync()
    one, other = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    town.sync()
    survivor = town.hubspot.merge(one, other)
    town.sync()
    assert [stored.issue.code for stored in town.issues()] == ["MERGED_ON_ONE_SIDE"]
    town.hubspot.archive(survivor)
    run = town.sync()
    assert (town.issues(), town.links(), town.dirty(), run.counts["spared"]) == ([], [], 0, 0)


def test_who_finds_a_link_moved_by_another_worker_closes_none_of_its_questions(town: Town) -> None:
    """Found by the simulation: a slower worker closed what the faster one had just asked about a merge."""
    one, other = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    town.full()
    leads = dict(town.links())
    town.salesforce.merge(leads[one], leads[other])
    with town.database.begin() as conn:
        dirty.mark(conn, [other], town.clock.now(), reason="changed")
    _meanwhile(town, "read_many", town.once)
    with sync.recorded(town.bridge, "once", "a slower one") as run:
        reconcile.reconcile_due(town.bridge, run)
    assert [stored.issue.code for stored in town.issues()] == ["MERGED_ON_ONE_SIDE"]
    town.once()
    assert [stored.issue.code for stored in town.issues()] == ["MERGED_ON_ONE_SIDE"]
    assert town.links() == [(one, leads[one])]
