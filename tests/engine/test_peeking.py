"""Looking at one record on a page: as far as the sides answer; and what a link would do before it is made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.core.plan import Raise, Update
from connector.core.refs import Ref, Side, salesforce
from connector.engine import commands
from connector.engine.peeking import if_linked, peek
from connector.errors import Refused, Transient, Unauthorised
from connector.storage import events
from tests.engine.town import Town


@pytest.fixture
def linked(town: Town) -> tuple[Ref, Ref]:
    contact, lead = town.contact(email="a@x.test", jobtitle="CEO"), town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.sync()
    return contact, lead


def test_both_sides_are_read_and_planned_and_nothing_is_written(town: Town, linked: tuple[Ref, Ref]) -> None:
    contact, lead = linked
    town.hubspot.edit(contact, jobtitle="CTO")
    writes = town.writes()
    seen = peek(town.bridge, linked)
    assert {side: one.ref for side, one in seen.readings.items()} == {Side.HUBSPOT: contact, Side.SALESFORCE: lead}
    assert seen.silent == {}
    assert seen.case is not None
    (step,) = seen.case.plan.steps
    assert isinstance(step, Update)
    assert (step.ref, step.changes[0].before, step.changes[0].after) == (lead, "CEO", "CTO")
    assert town.writes() == writes


@pytest.mark.parametrize("fault", [Transient("Salesforce is being maintained"), Unauthorised("no such user")])
def test_a_side_that_is_away_is_named_and_the_other_is_shown(
    town: Town, linked: tuple[Ref, Ref], fault: Exception
) -> None:
    town.salesforce.fail("read", fault, times=5)
    seen = peek(town.bridge, linked)
    assert seen.case is None
    assert [*seen.readings] == [Side.HUBSPOT]
    assert seen.readings[Side.HUBSPOT].values["jobtitle"] == "CEO"
    assert {side: str(error) for side, error in seen.silent.items()} == {Side.SALESFORCE: str(fault)}


def test_what_a_link_would_do_is_told_before_it_is_made(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO", firstname="Ada")
    lead = town.lead(Email="other@x.test", LastName="A", Title="CFO")
    case = if_linked(town.bridge, lead, contact)
    assert case.refs == (contact, lead)
    writes = {(str(step.ref), change.field): change.after
              for step in case.plan.steps if isinstance(step, Update) for change in step.changes}  # fmt: skip
    asked = {step.issue.rule for step in case.plan.steps if isinstance(step, Raise)}
    assert writes[str(lead), "FirstName"] == "Ada"
    assert "title" in asked
    assert town.links() == []
    commands.link(town.bridge, lead, contact, "ann")
    town.sync()
    assert town.salesforce.values(lead)["FirstName"] == "Ada"


def test_a_link_that_would_be_refused_is_refused_before_it_is_shown(town: Town, linked: tuple[Ref, Ref]) -> None:
    contact, lead = linked
    other = town.contact(email="o@x.test")
    gone = town.lead(Email="g@x.test", LastName="G")
    town.salesforce.archive(gone)
    for one, another, words in (
        (contact, other, "one HubSpot record and one Salesforce"),
        (other, gone, "cannot be read"),
        (other, lead, "unlink them first"),
        (other, salesforce("Account", "001000000000001"), "no mapping"),
    ):
        with pytest.raises(Refused, match=words):
            if_linked(town.bridge, one, another)


def test_who_was_kept_apart_may_be_looked_at_as_linked_again(town: Town, linked: tuple[Ref, Ref]) -> None:
    contact, lead = linked
    commands.unlink(town.bridge, contact, "ann")
    town.hubspot.edit(contact, jobtitle="CTO")
    case = if_linked(town.bridge, contact, lead)
    assert [step.issue.rule for step in case.plan.steps if isinstance(step, Raise)] == ["title"]


def test_that_somebody_was_forgotten_is_on_record_and_who_it_was_is_not(town: Town, linked: tuple[Ref, Ref]) -> None:
    contact, lead = linked
    commands.forget(town.bridge, contact, "ann")
    with town.bridge.database.read() as conn:
        told = events.since(conn, datetime(2000, 1, 1, tzinfo=UTC), 100)
    acts = [event for event in told if event.kind == "act"]
    assert [event.payload for event in acts] == [{"act": "forget", "by": "ann"}]
    assert {acts[0].hubspot, acts[0].salesforce} == {None}
    assert town.story(contact) == town.story(lead) == []
