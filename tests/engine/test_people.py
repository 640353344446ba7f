"""What people may do: each act does what it says, for exactly what it was said about."""

import pytest

from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side, salesforce
from connector.engine import commands
from connector.errors import Refused, Transient
from tests.engine.town import Town


@pytest.fixture
def quarrel(town: Town) -> tuple[Ref, Ref]:
    contact, lead = town.contact(email="a@x.test", jobtitle="CEO"), town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.sync()
    town.hubspot.edit(contact, jobtitle="CTO")
    town.salesforce.edit(lead, Title="CFO")
    town.sync()
    return contact, lead


def _conflict(town: Town):
    (stored,) = town.issues()
    assert stored.issue.kind is IssueKind.CONFLICT
    return stored


def test_a_decision_holds_only_for_the_values_it_was_taken_on(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, lead = quarrel
    commands.settle(town.bridge, _conflict(town).id, Side.SALESFORCE, "ann")
    town.hubspot.edit(contact, jobtitle="Founder")
    town.sync()
    assert town.hubspot.values(contact)["jobtitle"] == "Founder"
    again = _conflict(town)
    assert (again.issue.value, again.issue.other_value, again.decision) == ("Founder", "CFO", None)
    commands.settle(town.bridge, again.id, Side.HUBSPOT, "ann")
    town.sync("full")
    assert town.salesforce.values(lead)["Title"] == "Founder"
    assert town.issues() == []


def test_a_decision_is_kept_until_its_write_is_known_to_have_arrived(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, _ = quarrel
    commands.settle(town.bridge, _conflict(town).id, Side.SALESFORCE, "ann")
    town.hubspot.fail("write", Transient("reset"), times=2)
    town.sync()
    assert town.hubspot.values(contact)["jobtitle"] == "CFO"
    assert town.issues() == []


def test_a_conflict_that_recurs_with_other_values_is_asked_anew(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, lead = quarrel
    commands.settle(town.bridge, _conflict(town).id, Side.SALESFORCE, "ann")
    town.sync()
    town.hubspot.edit(contact, jobtitle="A")
    town.salesforce.edit(lead, Title="B")
    town.sync()
    assert _conflict(town).decision is None


def test_everything_parked_can_be_tried_again_at_once(town: Town) -> None:
    for number in range(130):
        town.contact(email=f"p{number}@x.test", jobtitle="Boss")
    town.salesforce.refuse("Lead", "Title", "Boss")
    town.sync()
    assert len(commands.parked_ids(town.bridge)) == 130
    town.salesforce.refusals.clear()
    assert commands.unpark(town.bridge, commands.parked_ids(town.bridge), "ann") == 130
    town.sync()
    assert {town.salesforce.values(lead)["Title"] for lead in town.salesforce.live("Lead")} == {"Boss"}
    assert commands.parked_ids(town.bridge) == []


def test_what_cannot_be_done_is_refused_with_a_reason(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, lead = quarrel
    conflict = _conflict(town)
    other = town.contact(email="o@x.test")
    gone = town.lead(Email="g@x.test", LastName="G")
    town.salesforce.archive(gone)
    for act, words in (
        (lambda: commands.settle(town.bridge, 999, Side.HUBSPOT, "ann"), "no open issue 999"),
        (lambda: commands.unpark(town.bridge, [conflict.id], "ann"), "not parked"),
        (lambda: commands.link(town.bridge, contact, other, "ann"), "one HubSpot record and one Salesforce"),
        (lambda: commands.link(town.bridge, other, gone, "ann"), "cannot be read"),
        (lambda: commands.link(town.bridge, other, lead, "ann"), "unlink them first"),
        (lambda: commands.link(town.bridge, other, salesforce("Account", "001000000000001"), "ann"), "no mapping"),
        (lambda: commands.unlink(town.bridge, other, "ann"), "not linked"),
    ):
        with pytest.raises(Refused, match=words):
            act()
    town.salesforce.refuse("Lead", "LastName", None)
    town.hubspot.edit(contact, lastname="Byron")
    town.sync()
    parked = next(one for one in town.issues() if one.issue.kind is not IssueKind.CONFLICT)
    with pytest.raises(Refused, match="not a conflict"):
        commands.settle(town.bridge, parked.id, Side.HUBSPOT, "ann")


def test_resync_and_look_read_one_record_without_waiting_for_a_change(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, lead = quarrel
    looked = commands.look(town.bridge, lead)
    assert looked.case is not None
    assert looked.link is not None
    assert (looked.case.refs, looked.link.hubspot) == ((contact, lead), contact)
    assert [one.issue.kind for one in looked.issues] == [IssueKind.CONFLICT]
    commands.resync(town.bridge, [contact], "ann")
    assert town.dirty() == 1
    assert town.sync().counts["considered"] == 1
    assert town.story(contact)[-1].payload == {"act": "resync", "by": "ann"}


def test_retry_does_now_what_waits_for_its_pause(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, lead = quarrel
    town.hubspot.edit(contact, firstname="Ada")
    town.salesforce.fail("write", Transient("reset"), times=1000)
    with pytest.raises(Transient):
        town.sync()
    town.salesforce.faults.clear()
    assert commands.retry(town.bridge, "ann") == 1
    town.sync()
    assert town.salesforce.values(lead)["FirstName"] == "Ada"


def test_forgetting_leaves_nothing_and_makes_nobody_again(town: Town, quarrel: tuple[Ref, Ref]) -> None:
    contact, lead = quarrel
    commands.forget(town.bridge, contact)
    assert town.links() == []
    assert town.story(contact) == town.story(lead) == []
    assert town.issues() == []


def test_somebody_without_a_link_can_be_forgotten_too(town: Town) -> None:
    one, other = town.lead(Email="i@x.test", LastName="A"), town.lead(Email="i@x.test", LastName="B")
    town.sync()
    assert [stored.issue.kind for stored in town.issues()] == [IssueKind.AMBIGUOUS] * len(town.issues())
    commands.forget(town.bridge, one)
    town.salesforce.archive(other)
    town.salesforce.edit(one, Title="CTO")
    town.sync("full")
    assert town.hubspot.live("contacts") == []
