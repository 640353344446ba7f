"""A worker updates a record while another takes over and people go on editing: whatever came last stands on both sides.

Found by the endurance tests: a worker cut off from the database had written in time and was heard late. It took what
the other had brought to that side for an edit, and let it win over a person's newer one.
"""

from collections.abc import Callable, Iterator

import pytest

from connector import ports
from connector.core.refs import Ref
from tests.engine.town import Town

LEASE_S = 600  # longer than any lease


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    town.contact(email="a@x.test", jobtitle="before")
    town.full()
    yield town
    town.database.close()


def struck(town: Town, act: Callable[[], None], *, first: bool) -> None:
    """At the next update in HubSpot others act: first, or once it has arrived and nobody has heard of it."""
    write = town.hubspot.write

    def once(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        town.hubspot.write = write
        if first:
            act()
        outcomes = write(view, writes)
        if not first:
            act()
        return outcomes

    town.hubspot.write = once


def overtaken(town: Town, also: Callable[[Ref, Ref], None], *, first: bool) -> tuple[str | None, str | None]:
    """The titles on both sides in the end, after a rep's first edit was overtaken by the second, and by another."""
    ((contact, lead),) = town.links()

    def others() -> None:
        town.clock.sleep(LEASE_S)
        town.salesforce.edit(lead, Title="second")
        town.once()
        assert town.hubspot.values(contact)["jobtitle"] == "second"
        also(contact, lead)

    town.salesforce.edit(lead, Title="first")
    struck(town, others, first=first)
    town.once()
    for _ in range(2):
        town.clock.sleep(LEASE_S)
        town.once()
    assert (town.issues(), town.dirty()) == ([], 0)
    return town.hubspot.values(contact)["jobtitle"], town.salesforce.values(lead)["Title"]


@pytest.mark.parametrize("first", [True, False], ids=["written late", "heard late"])
def test_what_was_agreed_on_meanwhile_stands(town: Town, *, first: bool) -> None:
    assert overtaken(town, lambda *_: None, first=first) == ("second", "second")


@pytest.mark.parametrize("first", [True, False], ids=["written late", "heard late"])
def test_a_newer_edit_on_the_other_side_wins(town: Town, *, first: bool) -> None:
    edit = lambda _, lead: town.salesforce.edit(lead, Title="third")  # noqa: E731  # it is the argument
    assert overtaken(town, edit, first=first) == ("third", "third")


def test_a_newer_edit_on_the_side_that_was_written_wins_when_the_writer_is_only_heard_late(town: Town) -> None:
    edit = lambda contact, _: town.hubspot.edit(contact, jobtitle="third")  # noqa: E731  # likewise
    assert overtaken(town, edit, first=False) == ("third", "third")


@pytest.mark.parametrize("first", [True, False], ids=["written late", "heard late"])
def test_nothing_of_it_is_remembered_once_both_sides_were_looked_at(town: Town, *, first: bool) -> None:
    """Whoever types the overtaken value again has edited."""
    overtaken(town, lambda *_: None, first=first)
    ((contact, lead),) = town.links()
    town.hubspot.edit(contact, jobtitle="first")
    town.once()
    assert town.salesforce.values(lead)["Title"] == "first"
