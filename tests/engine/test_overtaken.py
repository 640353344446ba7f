"""A worker makes somebody whom another has made while it slept: its older values never stand as somebody's edit.

Found by the simulation: a keyed create updates the record that is there; what a rep had changed since was carried away.
"""

from collections.abc import Callable

import pytest

from connector import ports
from connector.core.refs import Ref
from connector.engine import reconcile
from connector.engine.overtaken import MADE_LATE
from connector.engine.story import LOST, THERE
from tests.engine.town import BACK, Town


class Killed(BaseException):
    """The process is gone."""


def _sleeps_while(town: Town, act: Callable[[], None], *, dies: bool = False) -> None:
    """The next create in Salesforce comes late: others act right before it; perhaps nobody hears of it."""
    create = town.salesforce.write

    def write(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        town.salesforce.write = create
        act()
        outcomes = create(view, writes)
        if dies:
            raise Killed
        return outcomes

    town.salesforce.write = write


def _made_and_edited(town: Town, contact: Ref, **edit: str) -> Callable[[], None]:
    """Another worker makes the Lead of a contact; a rep then edits the Lead, and the edit is carried over."""

    def act() -> None:
        town.full()
        lead = dict(town.links())[contact]
        town.salesforce.edit(lead, **edit)
        town.once()

    return act


def test_a_create_that_came_late_does_not_carry_its_older_values_over_newer_ones(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _sleeps_while(town, _made_and_edited(town, contact, Title="CTO"))
    town.full()
    town.once()
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
    assert (town.issues(), town.dirty()) == ([], 0)


def test_a_default_given_by_a_create_that_came_late_gives_way_again(town: Town) -> None:
    contact = town.contact(email="a@x.test")
    _sleeps_while(town, _made_and_edited(town, contact, LastName="Adams"))
    town.full()
    town.once()
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["LastName"] == town.hubspot.values(contact)["lastname"] == "Adams"


def test_the_story_of_a_create_that_came_late_tells_what_gave_way(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _sleeps_while(town, _made_and_edited(town, contact, Title="CTO"))
    town.full()
    ((_, lead),) = town.links()
    kinds = [event.kind for event in town.story(lead)]
    assert kinds.count("created") == 1
    late = next(event for event in town.story(lead) if event.payload.get("reason") == THERE)
    assert late.kind == "updated"
    (title,) = [row for row in late.payload["changes"] if row["field"] == "Title"]
    assert (title["before"], title["after"], title["evidence"]) == ("CTO", "CEO", MADE_LATE)
    assert [row["before"] for row in late.payload["changes"] if row["field"] == BACK] == [None]


def test_a_create_that_came_late_and_was_never_answered_is_owned_up_to_by_the_next_run(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _sleeps_while(town, _made_and_edited(town, contact, Title="CTO"), dies=True)
    with pytest.raises(Killed):
        town.full()
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["Title"] == "CEO"
    town.once()
    town.once()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
    (told,) = [event for event in town.story(lead) if event.payload.get("reason") == LOST]
    assert [(row["field"], row["before"], row["after"]) for row in told.payload["changes"]] == [("Title", "CTO", "CEO")]


def test_an_edit_of_a_record_that_a_dead_worker_had_made_is_not_taken_for_its_late_write(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _sleeps_while(town, _made_and_edited(town, contact, Title="CTO"), dies=True)
    with pytest.raises(Killed):
        town.full()
    ((_, lead),) = town.links()
    town.salesforce.edit(lead, Title="CFO")
    town.once()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CFO"


def test_a_create_that_meets_an_unlinked_record_with_its_key_says_that_it_was_there(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _sleeps_while(town, lambda: town.salesforce.add("Lead", Email="b@x.test", **{BACK: contact.id}))
    town.full()
    ((_, lead),) = town.links()
    told = town.story(lead)[-1]
    assert (told.kind, told.payload["reason"]) == ("updated", THERE)
    assert town.salesforce.values(lead)["Title"] == "CEO"


def test_who_was_made_between_the_plan_and_the_create_is_not_written_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the simulation: a rep's edit that nobody had carried yet was lost to the same create sent once more."""
    town.sync()
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    planned = reconcile.cases_of

    def cases_of(*args: object) -> object:
        cases = planned(*args)
        monkeypatch.undo()
        town.full()
        town.salesforce.edit(dict(town.links())[contact], Title="CTO")
        return cases

    monkeypatch.setattr(reconcile, "cases_of", cases_of)
    assert town.sync().counts["raced"] == 1
    town.sync()
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
