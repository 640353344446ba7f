"""Workers with different shards share the work, and no two of them ever carry out one link at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from connector.core.refs import Ref
from connector.engine import reconcile, sync
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.observe import observe
from connector.engine.reconcile import reconcile_due
from connector.engine.run import Run
from connector.storage import dirty
from connector.storage.sharding import group, shard_of
from tests.engine.town import Town

GROUPS = 4


@pytest.fixture
def town(new_database_url: Callable[[str], str]) -> Iterator[Town]:
    town = Town(new_database_url("postgres"))
    town.full()
    yield town
    town.database.close()


def group_of(ref: Ref) -> int:
    return shard_of(str(ref)) % GROUPS


def work(town: Town, number: int) -> Run:
    """One worker of a group, until nothing is left that it could do."""
    shards = group(number, GROUPS)
    with sync.recorded(town.bridge, "worker", f"worker {number}", approved=True) as run:
        while reconcile_due(town.bridge, run, shards).claimed:
            pass
    return run


def all_in_turn(town: Town) -> None:
    for _ in range(3):
        for number in range(GROUPS):
            work(town, number)
    assert town.dirty() == 0


def strangers_of_two_groups(town: Town) -> tuple[Ref, Ref]:
    """A contact and a lead with one address, whose own keys are of different groups."""
    for number in count():
        contact = town.contact(email=f"p{number}@x.test", lastname="P")
        lead = town.lead(Email=f"p{number}@x.test", LastName="P")
        if group_of(contact) != group_of(lead):
            return contact, lead
        town.hubspot.archive(contact)
        town.salesforce.archive(lead)
    raise AssertionError


def test_a_lead_that_meets_a_contact_of_another_shard_is_left_to_whoever_has_that(town: Town) -> None:
    contact, lead = strangers_of_two_groups(town)
    before = town.writes()
    with town.database.begin() as conn:
        dirty.mark(conn, [lead], town.clock.now())
    work(town, group_of(lead))
    assert (town.links(), town.writes()) == ([], before)
    work(town, group_of(contact))
    assert town.links() == [(contact, lead)]
    assert town.dirty() == 0


def test_a_lead_linked_after_it_was_marked_is_left_to_whoever_has_the_link(town: Town) -> None:
    contact, lead = strangers_of_two_groups(town)
    with town.database.begin() as conn:
        dirty.mark(conn, [lead, contact], town.clock.now())
    work(town, group_of(contact))
    assert town.links() == [(contact, lead)]
    town.salesforce.edit(lead, Title="CTO")
    work(town, group_of(lead))
    assert "jobtitle" not in town.hubspot.values(contact)
    work(town, group_of(contact))
    assert town.hubspot.values(contact)["jobtitle"] == "CTO"


def test_contacts_of_two_shards_merged_into_a_third_are_carried_out_side_by_side(town: Town) -> None:
    """Told apart, the first to come would take the survivor, whoever its heir is."""
    first, second = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    while group_of(first) == group_of(second):
        second = town.contact(email="b@x.test")
    town.once()
    leads = dict(town.links())
    survivor = town.hubspot.merge(first, second, new_id=True)
    with town.database.begin() as conn:
        dirty.mark(conn, [first, second], town.clock.now())
    work(town, group_of(second))
    all_in_turn(town)
    assert (survivor, leads[first]) in town.links()
    assert leads[second] not in {lead for _, lead in town.links()}
    assert {stored.issue.code for stored in town.issues()} == {"MERGED_ON_ONE_SIDE"}


def test_leads_of_two_shards_merged_into_one_come_to_the_same_end_as_with_one_worker(town: Town) -> None:
    first, second = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    while group_of(first) == group_of(second):
        second = town.contact(email="b@x.test")
    town.once()
    leads = dict(town.links())
    town.salesforce.merge(leads[first], leads[second])
    with town.database.begin() as conn:
        dirty.mark(conn, list(leads.values()), town.clock.now())
    all_in_turn(town)
    assert (first, leads[first]) in town.links()
    assert leads[second] not in {lead for _, lead in town.links()}


class Watch:
    """Who carries out what at the same time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lock, self.under_way, self.clashes, self.times = threading.Lock(), set[Ref](), list[Ref](), Counter[int]()
        self.apply = reconcile.apply
        monkeypatch.setattr(reconcile, "apply", self)

    def __call__(self, bridge: Bridge, cases: Sequence[Case], run: Run, **claimed: Any) -> Any:
        refs = {ref for case in cases for ref in case.refs}
        with self.lock:
            self.clashes += self.under_way & refs
            self.under_way |= refs
            self.times.update(case.link.id for case in cases if case.link)
        try:
            return self.apply(bridge, cases, run, **claimed)
        finally:
            with self.lock:
                self.under_way -= refs


def test_workers_at_the_same_time_plan_each_link_once_and_none_together(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = 160
    contacts = [town.contact(email=f"p{number}@x.test") for number in range(people)]
    town.once()
    leads = dict(town.links())
    watch = Watch(monkeypatch)
    with town.database.begin() as conn:
        for number, contact in enumerate(contacts):
            town.hubspot.edit(contact, jobtitle=f"Title {number}")
            town.salesforce.edit(leads[contact], LastName=f"Name {number}")
        dirty.mark(conn, [*leads, *leads.values()], town.clock.now())
    with ThreadPoolExecutor(GROUPS) as pool:
        runs = list(pool.map(lambda number: work(town, number), range(GROUPS)))
    assert town.dirty() == 0
    assert watch.clashes == []
    assert len(watch.times) == people
    assert all(run.counts["considered"] > 0 for run in runs)
    assert sum(run.counts["raced"] for run in runs) == 0
    for number, contact in enumerate(contacts):
        assert town.salesforce.values(leads[contact])["Title"] == f"Title {number}"
        assert town.hubspot.values(contact)["lastname"] == f"Name {number}"


def test_strangers_met_by_several_workers_at_once_are_linked_once_and_none_is_made_twice(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = 60
    pairs = {
        (town.contact(email=f"p{number}@x.test"), town.lead(Email=f"p{number}@x.test", LastName="P"))
        for number in range(people)
    }
    watch = Watch(monkeypatch)
    observe(town.bridge)
    with ThreadPoolExecutor(GROUPS) as pool:
        for _ in range(3):
            list(pool.map(lambda number: work(town, number), range(GROUPS)))
    assert town.dirty() == 0
    assert watch.clashes == []
    assert set(town.links()) == pairs
    made = [entry for side in (town.hubspot, town.salesforce) for entry in side.log if entry[0] == "create"]
    assert made == []
