"""What a side refuses: shown to a person with its reason, tried again when something changes, never in a circle."""

from connector import ports
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.ports import Rejected, Rejection
from tests.engine.town import BACK, Town


def test_a_record_refused_as_a_whole_is_parked_until_it_changes(town: Town) -> None:
    contact = town.contact(email="a@x.test")
    written = town.salesforce.write
    answer = Rejected((Rejection("", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "needs a title", "mend the source"),))
    town.salesforce.write = lambda _, writes: [answer for _ in writes]
    town.sync()
    (parked,) = [one.issue for one in town.issues()]
    assert (parked.kind, parked.side, parked.field, parked.reason) == (
        IssueKind.PARKED,
        Side.SALESFORCE,
        "",
        "needs a title",
    )
    town.salesforce.write = written
    town.sync("full")
    assert town.salesforce.live("Lead") == []
    assert len(town.issues()) == 1
    town.hubspot.edit(contact, jobtitle="CTO")
    town.sync()
    assert len(town.salesforce.live("Lead")) == 1
    assert town.issues() == []


def test_a_create_goes_on_without_the_field_that_is_refused(town: Town) -> None:
    contact = town.contact(email="a@x.test", jobtitle="Boss", firstname="Ada")
    town.salesforce.refuse("Lead", "Title", "Boss")
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    assert town.salesforce.values(lead)["FirstName"] == "Ada"
    assert [one.issue.field for one in town.issues()] == ["Title"]
    town.hubspot.edit(contact, jobtitle="CTO")
    town.sync()
    assert town.salesforce.values(lead)["Title"] == "CTO"
    assert town.issues() == []


def test_a_refused_cross_id_is_shown_and_not_sent_again(town: Town) -> None:
    town.contact(email="a@x.test")
    lead = town.lead(Email="a@x.test", LastName="A")
    town.salesforce.refuse("Lead", BACK, None)
    town.sync()
    assert [one.issue.field for one in town.issues()] == [BACK]
    writes = town.salesforce.calls["write"]
    town.sync("full")
    assert town.salesforce.calls["write"] == writes
    assert len(town.issues()) == 1
    town.salesforce.refusals.clear()
    assert BACK not in town.salesforce.values(lead)


def test_a_side_that_finds_a_new_fault_each_time_is_given_up_after_some_rounds(town: Town) -> None:
    contact = town.contact(email="a@x.test")
    town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.hubspot.edit(contact, jobtitle="CTO")
    rounds: list[int] = []

    def write(_: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        rounds.append(1)
        return [Rejected((Rejection("Nowhere", "BAD", "refused", "mend it"),)) for _ in writes]

    town.salesforce.write = write
    town.sync()
    assert len(rounds) == 1
    assert [(one.issue.kind, one.issue.field) for one in town.issues()] == [(IssueKind.PARKED, "")]


def test_a_field_passed_over_in_silence_is_shown(town: Town) -> None:
    contact = town.contact(email="a@x.test")
    lead = town.lead(Email="a@x.test", LastName="A")
    town.sync()
    town.salesforce.edit(lead, Title="CTO", FirstName="Ada")
    written = town.hubspot.write

    def write(view: ports.View, writes: list[ports.Write]) -> list[ports.Outcome]:
        kept = [ports.Write(one.ref, {"firstname": "Ada"}) for one in writes]
        skipped = (Rejection("jobtitle", "NOT_TAKEN", "HubSpot did not take it", "set it by hand"),)
        return [ports.Done(done.ref, not_taken=skipped) for done in written(view, kept)]

    town.hubspot.write = write
    town.sync()
    assert town.hubspot.values(contact)["firstname"] == "Ada"
    (parked,) = [one.issue for one in town.issues()]
    assert (parked.field, parked.code, parked.value) == ("jobtitle", "NOT_TAKEN", "CTO")
