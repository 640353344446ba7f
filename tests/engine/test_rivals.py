"""Two who cannot be told apart wait for a person; once one of them is gone, the other need not."""

from connector.core.plan import IssueKind
from tests.engine.town import Town


def test_when_one_of_two_leads_is_deleted_the_other_meets_the_contact(town: Town) -> None:
    contact = town.contact(email="office@x.test")
    one = town.lead(Email="office@x.test", LastName="One")
    two = town.lead(Email="office@x.test", LastName="Two")
    town.full()
    assert {stored.issue.kind for stored in town.issues()} == {IssueKind.AMBIGUOUS}
    town.salesforce.archive(one)
    town.once()
    assert town.links() == [(contact, two)]
    assert town.issues() == []


def test_two_contacts_merged_first_and_their_leads_later_leave_no_question(town: Town) -> None:
    first, second = town.contact(email="a@x.test"), town.contact(email="b@x.test")
    town.full()
    leads = dict(town.links())
    town.hubspot.merge(first, second)
    town.once()
    assert [stored.issue.code for stored in town.issues()] == ["MERGED_ON_ONE_SIDE"]
    town.salesforce.merge(leads[first], leads[second])
    town.once()
    assert town.issues() == []
    assert [lead for _, lead in town.links()] == [leads[first]]
