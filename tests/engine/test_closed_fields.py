"""An admin hides, deletes or archives a field between two runs: the bridge looks anew, by itself and at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import commands, facts
from connector.errors import Unauthorised
from connector.storage import issues
from connector.storage.issues import StoredIssue
from tests.scenarios.stage import Stage, stage

KEY = "HubSpot_Contact_Id__c"


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Stage]:
    """Ada is on both sides and linked."""
    with stage(tmp_path, f"sqlite:///{tmp_path / 'store.db'}", {}) as played:
        _contact(played, "ada@x.test")
        played.sync("full")
        played.pass_time()
        yield played


def _contact(played: Stage, email: str, **properties: str) -> str:
    properties = {"email": email, "firstname": "Ada", "lastname": "A", **properties}
    return str(played.act(Side.HUBSPOT, "create", object="contacts", properties=properties)["id"])


def _permit(played: Stage, obj: str, name: str, level: str) -> None:
    played.act(Side.SALESFORCE, "set_field_permission", sobject=obj, field=name, level=level)


def _people(played: Stage) -> list[str]:
    return sorted(row["Email"] for _, _, row in played.everybody(Side.SALESFORCE))


def _issues(played: Stage) -> list[StoredIssue]:
    with played.installation() as opened, opened.bridge.database.read() as conn:
        return issues.open_issues(conn)


def test_a_hidden_match_field_does_not_even_fail_one_run(played: Stage) -> None:
    """Salesforce refuses the query that compares with it; asked anew, the records go by their ids alone."""
    _permit(played, "Contact", "Email", "none")
    _contact(played, "bob@x.test")
    played.pass_time()
    played.sync()
    assert _people(played) == ["ada@x.test", "bob@x.test"]
    assert any("Contact.Email" in one.issue.reason for one in _issues(played) if one.issue.kind is IssueKind.SCHEMA)


@pytest.mark.parametrize("mode", ["once", "full"])
@pytest.mark.parametrize("obj", ["Lead", "Contact"])
def test_a_hidden_cross_id_stops_the_run_before_anything_is_doubled(played: Stage, obj: str, mode: str) -> None:
    values = {"LastName": "C", "Company": "C"} if obj == "Lead" else {"LastName": "C"}
    played.act(Side.SALESFORCE, "create", sobject=obj, values={**values, "Email": "bob@x.test"})
    _permit(played, obj, KEY, "none")
    _contact(played, "bob@x.test")
    played.pass_time()
    for _ in range(2):
        with pytest.raises(Unauthorised, match=rf"does not show {obj}\.{KEY}.* see and edit {obj}\.{KEY}"):
            played.sync(mode)
        assert _people(played) == ["ada@x.test", "bob@x.test"]
    _permit(played, obj, KEY, "edit")
    played.sync(mode)
    assert _people(played) == ["ada@x.test", "bob@x.test"]
    assert len(played.links()) == 2


def test_a_cross_id_hidden_unnoticed_is_noticed_by_the_first_page_that_lacks_it(played: Stage) -> None:
    played.act(Side.SALESFORCE, "create", sobject="Contact", values={"LastName": "C", "Email": "c@x.test"})
    played.sync("full")
    before = len(played.links())
    _permit(played, "Contact", KEY, "none")
    with played.installation() as opened:
        known = facts.recall(opened.bridge.database)
        assert known is not None
        assert KEY in known.schemas[Side.SALESFORCE]["Contact"].fields
    with pytest.raises(Unauthorised, match=f"Contact.{KEY}"):
        played.sync("full")
    assert len(played.links()) == before


def test_an_archived_property_is_not_taken_for_blank_and_is_told_of(played: Stage) -> None:
    ((_, lead, _),) = played.everybody(Side.SALESFORCE)
    played.act(Side.HUBSPOT, "remove_property", object="contacts", name="jobtitle")
    played.act(Side.SALESFORCE, "edit", id=lead, values={"Title": "CTO"})
    played.pass_time()
    played.sync()
    played.sync()
    assert [one.issue.code for one in _issues(played) if one.issue.kind is IssueKind.PARKED] == []
    told = [one.issue.reason for one in _issues(played) if one.issue.kind is IssueKind.SCHEMA]
    assert any("contacts.jobtitle" in reason for reason in told)


def test_an_archived_cross_id_in_hubspot_is_refused_once_and_then_done_without(played: Stage) -> None:
    played.act(Side.HUBSPOT, "remove_property", object="contacts", name="salesforce_record_id")
    played.act(Side.SALESFORCE, "create", sobject="Contact", values={"LastName": "C", "Email": "c@x.test"})
    played.pass_time()
    played.sync()
    assert {one.issue.code for one in _issues(played)} == {"PROPERTY_DOESNT_EXIST"}
    with played.installation() as opened:
        commands.unpark(opened.bridge, commands.parked_ids(opened.bridge), "a test")
    played.sync()
    assert len(played.links()) == 2
    assert [row["email"] for _, _, row in played.everybody(Side.HUBSPOT)] == ["ada@x.test", "c@x.test"]
