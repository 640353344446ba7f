"""A record cannot be made because the other side says that it is there: nobody is passed over in silence."""

import pytest

from connector import ports
from connector.core.plan import IssueKind
from connector.core.readings import Presence, Reading
from connector.core.refs import Side
from connector.storage import cursors
from tests.engine.town import BACK, Town, pair


def test_a_counterpart_that_search_does_not_show_yet_is_met_by_its_id(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.full()
    contact, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    with town.database.begin() as conn:
        cursors.put(conn, Side.HUBSPOT, {"seq": town.hubspot._seq}, town.clock.now())  # the poll has passed it by
    with monkeypatch.context() as lag:
        lag.setattr(town.hubspot, "find", lambda *_: [])
        town.once()
    assert town.links() == [(contact, lead)]
    assert town.salesforce.values(lead)[BACK] == contact.id
    assert town.issues() == []


def test_a_stranger_in_the_place_is_named_to_a_person(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.lead(Email="b@x.test", LastName="B")
    town.full()
    stranger = town.links()[0][0]
    town.hubspot.edit(stranger, email="ada@x.test")
    ada = town.lead(Email="ada@x.test", LastName="A")
    monkeypatch.setattr(town.hubspot, "find", lambda *_: [])
    monkeypatch.setattr(town.salesforce, "find", lambda *_: [])
    town.once()
    (issue,) = [one.issue for one in town.issues() if one.issue.code == "EXISTS"]
    assert issue.kind is IssueKind.AMBIGUOUS
    assert issue.refs == (ada, stranger)
    assert str(stranger) in issue.reason
    assert f"smarketing link {ada} {stranger}" in issue.hint


def test_a_place_that_leads_to_who_is_linked_and_gone_has_nobody_looked_at_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found by the simulation: the loose contact and the deleted counterpart of another marked each other dirty."""
    town = Town(pairs=(pair("Lead", hubspot_key=None), pair("Contact", hubspot_key=None)))
    owner, lead = town.contact(email="a@x.test"), town.lead(Email="a@x.test", LastName="A")
    town.full()
    person = town.salesforce.convert(lead, "Contact", Email="a@x.test", LastName="A")
    town.once()
    assert town.links() == [(owner, person)]
    place = ports.Absent(Reading(lead, Presence.MOVED, moved_to=person, converted=True))
    monkeypatch.setattr(town.salesforce, "_create", lambda *_: place)
    loose = town.contact(email="b@x.test")
    town.salesforce.archive(person)
    for look in (town.once, town.once, town.full):
        assert look().counts["considered"] < 10
        assert town.dirty() == 0
        (asked,) = [one.issue.refs for one in town.issues() if one.issue.code == "EXISTS"]
        assert asked == (loose, person)
