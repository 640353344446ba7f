"""Records that go, come back, leave the scope or are erased."""

from dataclasses import replace

import pytest

from connector.core.mapping import OnArchive, OnLeaving
from connector.core.plan import IssueKind
from connector.core.refs import Ref
from connector.engine import commands
from connector.errors import Transient
from connector.ports import Rejected, Rejection
from tests.engine.town import BACK, CROSS, Town, pair


@pytest.fixture
def couple(town: Town) -> tuple[Ref, Ref]:
    contact, lead = town.contact(email="a@x.test", firstname="Ada"), town.lead(Email="a@x.test", LastName="A")
    town.remapped(pair("Lead", on_archive=OnArchive.ARCHIVE))
    town.sync()
    town.sync()
    return contact, lead


def test_an_archived_record_takes_its_counterpart_with_it_where_the_mapping_says_so(
    town: Town, couple: tuple[Ref, Ref]
) -> None:
    contact, lead = couple
    town.salesforce.archive(lead)
    town.sync()
    assert town.hubspot.live("contacts") == []
    assert town.links() == []
    assert [event.kind for event in town.story(contact)][-2:] == ["archived", "unlinked"]


def test_an_edit_beats_a_deletion(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.hubspot.edit(contact, firstname="Augusta")
    town.salesforce.archive(lead)
    town.sync()
    assert town.hubspot.live("contacts") == [contact]
    assert [one.issue.kind for one in town.issues()] == [IssueKind.EDIT_BEATS_DELETION]


@pytest.mark.parametrize(("said", "kept"), [("Countess", True), ("", False)])
def test_a_field_mapped_anew_beats_a_deletion_before_its_first_pass(
    town: Town, couple: tuple[Ref, Ref], said: str, *, kept: bool
) -> None:
    contact, lead = couple
    *others, title = pair("Lead").rules
    renamed = (*others, replace(title, name="job"))  # what was agreed on as `title` is not agreed on as `job`
    town.remapped(pair("Lead", rules=renamed, on_archive=OnArchive.ARCHIVE), digest="new")
    town.hubspot.edit(contact, jobtitle=said or None)
    town.salesforce.archive(lead)
    town.sync()
    assert town.hubspot.live("contacts") == [contact] * kept
    assert [one.issue.kind for one in town.issues()] == [IssueKind.EDIT_BEATS_DELETION] * kept


def test_an_archive_whose_answer_is_lost_is_asked_again(town: Town, couple: tuple[Ref, Ref]) -> None:
    _, lead = couple
    town.salesforce.archive(lead)
    town.hubspot.fail("write", Transient("reset"), times=2)
    town.sync()
    assert town.hubspot.live("contacts") == []
    assert town.links() == []
    assert town.dirty() == 0


def test_an_archive_that_is_refused_keeps_the_link_and_is_shown(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.salesforce.archive(lead)
    refused = Rejected((Rejection("", "DELETE_FAILED", "others depend on it", "mend that"),))
    written = town.hubspot.write
    town.hubspot.write = lambda view, writes: [refused for _ in writes]
    town.sync()
    assert town.links() == [(contact, lead)]
    (parked,) = town.issues()
    assert (parked.issue.kind, parked.issue.code) == (IssueKind.PARKED, "DELETE_FAILED")
    town.hubspot.write = written
    town.sync("full")
    assert town.hubspot.live("contacts") == [contact]
    assert [one.id for one in town.issues()] == [parked.id]
    commands.unpark(town.bridge, [parked.id], "ann")
    town.sync()
    assert town.links() == []
    assert town.hubspot.live("contacts") == []


def test_a_full_run_archives_only_what_stands_unedited_now(town: Town, couple: tuple[Ref, Ref]) -> None:
    """The listing is old by then: what would be archived is read again."""
    contact, lead = couple
    town.salesforce.archive(lead)
    listed = town.hubspot.scan

    def scan_then_edit(view):
        yield from listed(view)
        town.hubspot.edit(contact, firstname="Augusta")

    town.hubspot.scan = scan_then_edit
    town.sync("full")
    assert town.hubspot.live("contacts") == [contact]
    assert [one.issue.kind for one in town.issues()] == [IssueKind.EDIT_BEATS_DELETION]


def test_a_restored_record_is_linked_again(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.remapped(pair("Lead"))
    town.sync()
    town.salesforce.archive(lead)
    town.sync()
    assert town.links() == []
    town.hubspot.edit(contact, jobtitle="CTO")
    town.salesforce.restore(lead)
    town.sync()
    assert town.links() == [(contact, lead)]
    assert town.salesforce.values(lead)["Title"] == "CTO"


def test_without_a_hubspot_key_a_survivor_is_kept_apart_not_made_again(town: Town) -> None:
    town.remapped(pair("Lead", hubspot_key=None))
    contact = town.contact(email="a@x.test")
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    assert CROSS not in town.hubspot.values(contact)
    assert town.salesforce.values(lead)[BACK] == contact.id
    town.salesforce.archive(lead)
    town.sync()
    town.hubspot.edit(contact, jobtitle="CTO")
    town.sync("full")
    assert town.salesforce.live("Lead") == []


@pytest.mark.parametrize(
    ("leaving", "title", "live"),
    [(OnLeaving.STOP, None, 1), (OnLeaving.KEEP_UPDATING, "CTO", 1), (OnLeaving.ARCHIVE, None, 0)],
)
def test_leaving_the_scope_does_what_the_mapping_says(
    town: Town, leaving: OnLeaving, title: str | None, live: int
) -> None:
    def in_scope(hubspot, salesforce):
        return hubspot is None or hubspot.values.get("lastname") != "Out"

    town.remapped(pair("Lead", in_scope=in_scope, on_leaving=leaving))
    contact = town.contact(email="a@x.test", lastname="In")
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    town.hubspot.edit(contact, lastname="Out", jobtitle="CTO")
    town.sync()
    assert len(town.salesforce.live("Lead")) == live
    assert town.salesforce.values(lead).get("Title") == title
    town.hubspot.edit(contact, lastname="In again")
    town.sync()
    assert len(town.salesforce.live("Lead")) == live
    assert town.salesforce.values(lead).get("Title") == ("CTO" if live else None)


def test_a_person_kept_apart_is_forgotten_too_when_erased(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    commands.unlink(town.bridge, contact, "ann")
    town.sync()
    town.hubspot.erase(contact)
    town.sync()
    assert town.links() == []
    assert town.story(contact) == []
    assert town.salesforce.live("Lead") == [lead]
    assert [one.issue.code for one in town.issues()] == ["ERASED"]


def test_a_person_kept_apart_stays_apart_when_edited(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    commands.unlink(town.bridge, contact, "ann")
    town.salesforce.archive(lead)
    town.sync("full")
    assert town.hubspot.live("contacts") == [contact]
    assert len(town.links()) == 1


def test_both_gone_is_forgotten(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    town.hubspot.archive(contact)
    town.salesforce.archive(lead)
    town.sync()
    assert town.links() == []
    assert town.dirty() == 0
