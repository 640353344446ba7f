"""Two that seem strangers, or long agreed, to one worker, and of whom another knows more: nobody's edit is lost.

Found by the simulation: at a first comparison by two workers an edit lost to what the other worker had just made.
"""

from collections.abc import Callable, Iterator

import pytest

from connector import ports
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref
from tests.engine.town import Town, pair


class Killed(BaseException):
    """The process is gone."""


def _made_meanwhile(town: Town, origin: Ref, **edit: str) -> Callable[[], None]:
    """Another worker makes the counterpart of a record and dies before it is linked; the record is edited then."""
    side = town.salesforce if origin.side.value == "hubspot" else town.hubspot
    create = side.write

    def write(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        side.write = create
        create(view, writes)
        raise Killed

    def act() -> None:
        side.write = write
        with pytest.raises(Killed):
            town.full()
        (town.hubspot if side is town.salesforce else town.salesforce).edit(origin, **edit)

    return act


def _before(town: Town, side: str, operation: str, act: Callable[[], None]) -> None:
    """Others act right before the next call of an operation."""
    crm = getattr(town, side)
    call = getattr(crm, operation)

    def called(*args: object, **kwargs: object) -> object:
        setattr(crm, operation, call)
        act()
        return call(*args, **kwargs)

    setattr(crm, operation, called)


@pytest.mark.parametrize(("mode", "operation"), [("once", "read_many"), ("full", "scan")])
def test_who_meets_what_another_worker_is_just_making_takes_nothing_it_sent_for_an_edit(
    town: Town, mode: str, operation: str
) -> None:
    town.sync()
    contact = town.contact(email="a@x.test", jobtitle="CEO")
    _before(town, "hubspot", operation, _made_meanwhile(town, contact, jobtitle="CTO"))
    town.sync(mode)
    ((_, lead),) = town.links()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
    assert (town.issues(), town.dirty()) == ([], 0)


def test_without_a_cross_id_what_it_holds_as_it_was_sent_tells_who_was_just_made(town: Town) -> None:
    town.remapped(pair("Lead", hubspot_key=None))
    town.sync()
    lead = town.lead(Email="a@x.test", LastName="A", Title="CEO")
    _before(town, "salesforce", "read_many", _made_meanwhile(town, lead, Title="CTO"))
    town.sync()
    ((contact, _),) = town.links()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
    assert (town.issues(), town.dirty()) == ([], 0)


def test_an_old_listing_in_which_both_were_alike_forgets_nothing_that_was_agreed_on_since(town: Town) -> None:
    """Found by the simulation: an edit of one side then met an edit of the other that nobody had made."""
    contact, lead = town.contact(email="a@x.test", jobtitle="CEO"), town.lead(Email="a@x.test", Title="CEO")
    town.sync()
    listed = town.salesforce.scan

    def scan_then_others_sync(view: ports.View) -> Iterator[object]:
        yield from listed(view)
        if view.object == "Lead":
            town.hubspot.edit(contact, jobtitle="CTO")
            town.once()

    town.salesforce.scan = scan_then_others_sync
    town.sync("full")
    town.salesforce.edit(lead, Title="CFO")
    town.sync()
    assert town.hubspot.values(contact)["jobtitle"] == town.salesforce.values(lead)["Title"] == "CFO"
    assert town.issues() == []


def test_who_finds_its_place_held_by_a_lead_that_became_somebody_elses_is_shown_and_not_tried_for_ever(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"create_in_hubspot": lambda *_: False}
    town.remapped(pair("Lead", **kept), pair("Contact", **kept))
    lead = town.lead(LastName="A")
    person = town.salesforce.convert(lead, "Contact", Email="b@x.test", LastName="B")
    other = town.contact(email="b@x.test")
    town.sync()
    assert town.links() == [(other, person)]
    tries: list[object] = []
    gone = ports.Absent(Reading(lead, Presence.MOVED, moved_to=person, converted=True))
    monkeypatch.setattr(town.salesforce, "_create", lambda *write: tries.append(write) or gone)
    contact = town.contact(email="a@x.test")
    town.sync()
    (issue,) = [one.issue for one in town.issues()]
    assert (issue.refs, issue.code) == ((contact, person), "EXISTS")
    assert (len(tries), town.dirty()) == (1, 0)
