"""A field that a side stops showing is told, once, for as long as it is so."""

from dataclasses import replace

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import sync
from connector.engine.run import Run
from connector.engine.unseen import tell
from connector.ports import View
from tests.engine.town import Town


def _hide(town: Town, name: str) -> None:
    """Let the side leave a field out of its answers, as Salesforce does when field-level security hides it."""
    inner = town.salesforce.read

    def read(view: View, ids: list[str], history: tuple[str, ...] = ()) -> list[object]:
        found = inner(view, ids, history)
        return [replace(one, values={key: value for key, value in one.values.items() if key != name}) for one in found]

    town.salesforce.read = read  # type: ignore[method-assign, assignment]


def _once(town: Town) -> Run:
    run = sync.start(town.bridge, "once", "a test", approved=True)
    sync.once(town.bridge, run)
    tell(town.bridge, run, ())
    return run


def test_a_hidden_field_is_told_with_its_rule_and_the_rest_goes_on(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test", firstname="A"), town.lead(Email="a@x.test", LastName="A")
    town.full()
    shown = town.salesforce.read
    _hide(town, "Title")
    town.hubspot.edit(contact, jobtitle="CTO", firstname="Ada")
    assert _once(town).needs_a_person
    (issue,) = [one.issue for one in town.issues()]
    assert (issue.kind, issue.side, issue.field, issue.rule) == (IssueKind.SCHEMA, Side.SALESFORCE, "Title", "title")
    assert town.salesforce.values(lead)["FirstName"] == "Ada"
    town.salesforce.read = shown  # type: ignore[method-assign]
    town.hubspot.edit(contact, firstname="Ada B")
    assert not _once(town).needs_a_person
    assert town.issues() == []
    assert town.salesforce.values(lead)["Title"] == "CTO"
