"""A record cannot be made because the other side says that it is there: nobody is passed over in silence."""

import pytest

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.storage import cursors
from tests.engine.town import BACK, Town


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
