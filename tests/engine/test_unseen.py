"""A field that a side stops showing is told, once, for as long as it is so."""

from dataclasses import replace

from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot
from connector.engine import sync
from connector.engine.run import Run
from connector.engine.unseen import tell
from connector.ports import View
from tests.engine.town import RULES, Town, pair


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


def test_a_hidden_field_stays_told_while_nothing_of_its_object_is_read(town: Town) -> None:
    contact = town.contact(email="a@x.test", firstname="A")
    town.lead(Email="a@x.test", LastName="A")
    town.full()
    _hide(town, "Title")
    town.hubspot.edit(contact, firstname="Ada")
    _once(town)
    _once(town)
    assert [one.issue.code for one in town.issues()] == ["HIDDEN"]


def test_a_hidden_field_that_is_asked_for_no_more_is_no_issue(town: Town) -> None:
    contact = town.contact(email="a@x.test", firstname="A")
    town.lead(Email="a@x.test", LastName="A")
    town.full()
    _hide(town, "Title")
    town.hubspot.edit(contact, firstname="Ada")
    _once(town)
    town.remapped(*(pair(obj, rules=RULES[:3]) for obj in ("Lead", "Contact")))
    _once(town)
    assert town.issues() == []


def test_what_does_not_fit_is_told_and_closed_when_it_fits(town: Town) -> None:
    misfit = Issue(IssueKind.SCHEMA, (hubspot("mapping", "contacts.yaml:4"),), field="x", code="MISFIT")
    run = sync.start(town.bridge, "once", "a test")
    tell(town.bridge, run, [misfit])
    assert [one.issue.code for one in town.issues()] == ["MISFIT"]
    tell(town.bridge, run, [])
    assert town.issues() == []
