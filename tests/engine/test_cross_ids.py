"""What somebody writes where an id belongs never stops the others, and never passes in silence."""

import pytest

from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.errors import Refused
from tests.engine.town import BACK, CROSS, Town

NONSENSE = ("not an id", "0015g00000AbcdeAAB", "abc")


def _asked(town: Town) -> list[str]:
    """Every id that Salesforce is asked for from now on."""
    told: list[str] = []
    inner = town.salesforce.find_many

    def find_many(asked):
        told.extend(each for _, sought in asked for each in sought.get("Id", ()))
        return inner(asked)

    town.salesforce.find_many = find_many  # type: ignore[method-assign]
    return told


@pytest.mark.parametrize("mode", ["once", "full"])
@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_shown_and_the_others_go_on(town: Town, mode: str, text: str) -> None:
    town.full()
    asked = _asked(town)
    odd = town.contact(email="odd@x.test", **{CROSS: text})
    town.contact(email="even@x.test")
    run = town.sync(mode)
    assert run.needs_a_person
    assert [town.salesforce.values(lead)["Email"] for _, lead in town.links()] == ["even@x.test"]
    (issue,) = [one.issue for one in town.issues()]
    assert (issue.kind, issue.code, issue.refs, issue.field, issue.value) == (
        IssueKind.AMBIGUOUS,
        "CROSS_ID",
        (odd,),
        CROSS,
        text,
    )
    assert not {"not an id", "abc"} & set(asked)


@pytest.mark.parametrize("mode", ["once", "full"])
def test_nonsense_in_salesforce_is_shown_until_it_is_cleared(town: Town, mode: str) -> None:
    town.full()
    lead = town.lead(Email="odd@x.test", LastName="Odd", **{BACK: "abc"})
    town.sync(mode)
    assert [(one.issue.refs, one.issue.side, one.issue.value) for one in town.issues()] == [
        ((lead,), Side.SALESFORCE, "abc")
    ]
    assert town.links() == []
    town.salesforce.edit(lead, **{BACK: None})
    town.sync(mode)
    assert [other for _, other in town.links()] == [lead]
    assert town.issues() == []


def test_who_shares_an_address_with_nonsense_is_neither_linked_nor_doubled(town: Town) -> None:
    town.full()
    contact, lead = town.contact(email="a@x.test", **{CROSS: "not an id"}), town.lead(Email="a@x.test", LastName="A")
    town.once()
    assert (town.links(), town.writes()) == ([], 0)
    assert all("'not an id' in salesforce_record_id" in one.issue.reason for one in town.issues())
    town.hubspot.edit(contact, **{CROSS: lead.id.lower()})
    town.once()
    assert town.links() == [(contact, lead)]
    assert town.hubspot.values(contact)[CROSS] == lead.id
    assert town.issues() == []


@pytest.mark.parametrize("text", ["00D5g00000AbcdeAAB", "00Q999999999999", "00q5g00000abcde"])
def test_an_id_of_another_org_or_that_lost_its_case_is_looked_for_and_makes_no_double(town: Town, text: str) -> None:
    town.full()
    contact = town.contact(email="a@x.test", **{CROSS: text})
    town.once()
    assert (town.links(), town.writes(), town.hubspot.values(contact)[CROSS]) == ([], 0, text)


def _declines(town: Town, *bad: str) -> list[int]:
    """Salesforce refuses every question that holds one of these addresses; counts them."""
    refused: list[int] = []
    inner = town.salesforce.find_many

    def find_many(asked):
        if any({*bad} & {*values} for _, sought in asked for values in sought.values()):
            refused.append(1)
            raise Refused("Salesforce declines find")
        return inner(asked)

    town.salesforce.find_many = find_many  # type: ignore[method-assign]
    return refused


def test_a_question_that_is_refused_for_one_record_s_sake_stops_nobody_else(town: Town) -> None:
    town.full()
    contacts = [town.contact(email=f"p{number}@x.test") for number in range(9)]
    _declines(town, "p3@x.test", "p7@x.test")
    town.once()
    assert len(town.links()) == 7
    (one, other) = sorted(stored.issue.refs for stored in town.issues())
    assert [*one, *other] == sorted([contacts[3], contacts[7]])
    assert all("Salesforce declines find" in stored.issue.reason for stored in town.issues())
    assert town.dirty() == 0


def test_a_question_that_is_refused_for_one_record_alone_names_it(town: Town) -> None:
    town.full()
    contact = town.contact(email="p3@x.test")
    _declines(town, "p3@x.test")
    with pytest.raises(Refused, match=f"declines find .the counterpart of {contact} was looked for"):
        town.once()
    assert town.dirty() == 1


def test_a_question_that_is_refused_whoever_is_asked_for_ends_the_run_soon(town: Town) -> None:
    town.full()
    people = [f"p{number}@x.test" for number in range(40)]
    for person in people:
        town.contact(email=person)
    refused = _declines(town, *people)
    with pytest.raises(Refused, match="declines find"):
        town.once()
    assert 3 < len(refused) < 12
    assert town.dirty() == 40


def test_a_question_refused_for_all_of_one_object_is_no_single_record_s_fault(town: Town) -> None:
    town.full()
    contact = town.contact(email="p3@x.test")
    town.lead(Email="other@x.test", LastName="Other")
    _declines(town, "p3@x.test")
    with pytest.raises(Refused, match=f"the counterpart of {contact} was looked for"):
        town.once()
    assert (town.dirty(), town.links()) == (2, [])
