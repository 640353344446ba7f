"""The story of a value survives a lost answer and a death: what may have been written is told, with what gave way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connector import ports
from connector.core.mapping import Policy
from connector.core.plan import IssueKind
from connector.core.refs import Ref
from connector.engine import apply
from connector.errors import Transient
from connector.storage import state
from tests.engine.town import RULES, Town, pair

NEWEST = tuple(replace(rule, policy=Policy.NEWEST) for rule in RULES)


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def couple(town: Town) -> tuple[Ref, Ref]:
    contact, lead = town.contact(email="a@x.test", jobtitle="CEO"), town.lead(Email="a@x.test", LastName="A")
    town.bridge = town.bridged((pair("Lead", rules=NEWEST),), town.bridge.limits)
    town.sync()
    town.sync()
    return contact, lead


def _die_after_writing(town: Town) -> None:
    """The next write to Salesforce takes effect, and the process dies before it hears of it."""
    written = town.salesforce.write

    def write(view: ports.View, writes: Sequence[ports.Write]) -> list[ports.Outcome]:
        written(view, writes)
        town.salesforce.write = written
        raise Killed

    town.salesforce.write = write
    with pytest.raises(Killed):
        town.sync()


def _told(town: Town, lead: Ref) -> list[tuple[str, str, str, str]]:
    return [
        (event.kind, row["before"], row["after"], row["because"])
        for event in town.story(lead)
        for row in event.payload.get("changes", ())
        if row["field"] == "Title"
    ][1:]


def _both_edit(town: Town, contact: Ref, lead: Ref) -> None:
    town.salesforce.edit(lead, Title="CFO")
    town.clock.sleep(5)
    town.hubspot.edit(contact, jobtitle="CTO")


def test_a_value_that_a_lost_answer_wrote_over_is_in_the_story(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    _both_edit(town, contact, lead)
    town.salesforce.fail("write", Transient("reset"), after_commit=True)
    town.sync()
    assert town.salesforce.values(lead)["Title"] == "CTO"
    assert _told(town, lead) == [("unanswered", "CFO", "CTO", "newest")]
    assert town.story(lead)[-1].payload["reason"] == "the answer was lost: it may have arrived"


def test_a_value_that_a_dead_worker_wrote_over_is_told_by_a_later_run(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    _both_edit(town, contact, lead)
    _die_after_writing(town)
    town.sync()
    assert _told(town, lead) == []  # another worker might still be at it
    town.clock.sleep(timedelta(minutes=7).total_seconds())
    town.sync()
    assert _told(town, lead) == [("unanswered", "CFO", "CTO", "newest")]
    with town.database.read() as conn:
        assert state.named(conn, "underway:") == {}
    town.sync()
    assert len(_told(town, lead)) == 1


def test_nothing_stays_of_a_batch_that_was_answered(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    _both_edit(town, contact, lead)
    town.sync()
    assert _told(town, lead) == [("updated", "CFO", "CTO", "newest")]
    with town.database.read() as conn:
        assert state.named(conn, "underway:") == {}


def test_an_erased_person_leaves_nothing_that_was_under_way(town: Town, couple: tuple[Ref, Ref]) -> None:
    contact, lead = couple
    _both_edit(town, contact, lead)
    _die_after_writing(town)
    town.hubspot.erase(contact)
    town.clock.sleep(timedelta(minutes=5).total_seconds())
    town.sync()
    town.clock.sleep(timedelta(minutes=5).total_seconds())
    town.sync()
    with town.database.read() as conn:
        assert [row for kept in state.named(conn, "underway:").values() for row in kept["rows"]] == []
    assert town.story(lead) == []


def test_a_link_that_was_undone_just_before_a_death_is_told_and_shown(
    town: Town, couple: tuple[Ref, Ref], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the simulation: the link was gone without a word, and the contact's edits went nowhere."""
    contact, lead = couple
    town.hubspot.edit(contact, jobtitle="CTO")
    town.salesforce.archive(lead)

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(apply, "_conclude", die)
    with pytest.raises(Killed):
        town.sync()
    monkeypatch.undo()
    assert town.links() == []
    assert [event.kind for event in town.story(contact)][-1] == "unlinked"
    assert [stored.issue.kind for stored in town.issues()] == [IssueKind.EDIT_BEATS_DELETION]
    town.clock.sleep(timedelta(minutes=7).total_seconds())
    town.sync()
    assert [event.kind for event in town.story(contact)].count("unlinked") == 1
    assert [stored.issue.kind for stored in town.issues()] == [IssueKind.EDIT_BEATS_DELETION]
