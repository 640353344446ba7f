"""How memory moves: sent before the call, base by exactly what succeeded."""

from __future__ import annotations

from connector.core.agreement import SENT_MAX, sending, settle
from connector.core.mapping import Blank, Direction, Policy
from connector.core.plan import Agreed, Create, Memory, Raise, Update
from connector.core.planning import Subject, plan
from connector.core.refs import Side
from tests.core.builders import contact, lead, pair, remembers, rule

PHONE, NOTE = rule(), rule("note")


def planned(memory: Memory, left: str | None = "b", note: str | None = "n"):
    """HubSpot's phone and Salesforce's note were edited, as a rule."""
    return plan(pair(PHONE, NOTE), Subject(contact(phone=left, note="n"), lead(Phone__c="a", Note__c=note), memory))


BASE = remembers(phone=("a", "a"), note=("n", "n"))


def changes(made):
    return [change for step in made.steps if isinstance(step, Create | Update) for change in step.changes]


def test_planned_values_are_sent_before_the_call() -> None:
    made = planned(BASE, note="m")
    assert sending(BASE, made) == Memory(
        BASE.base, {Side.SALESFORCE: {"phone": ("b",)}, Side.HUBSPOT: {"note": ("m",)}}
    )


def test_sending_the_same_again_needs_no_storing() -> None:
    made = planned(BASE)
    once = sending(BASE, made)
    assert sending(once, made) is once
    assert sending(BASE, planned(BASE, left="a")) is BASE


def test_cross_ids_are_not_remembered_as_sent() -> None:
    made = plan(pair(PHONE), Subject(contact(phone="a"), lead(Phone__c="a", HubSpot_Id__c=None), BASE))
    assert made.writes
    assert sending(BASE, made) is BASE
    assert settle(BASE, made, changes(made)) is BASE


def test_a_conflict_sends_nothing() -> None:
    made = plan(pair(rule(policy=Policy.MANUAL)), Subject(contact(phone="b"), lead(Phone__c="c"), BASE))
    assert [type(step) for step in made.steps] == [Raise]
    assert sending(BASE, made) is BASE


def test_only_the_newest_of_many_sent_values_are_kept() -> None:
    memory = BASE
    for number in range(SENT_MAX + 3):
        memory = sending(memory, planned(memory, left=f"b{number}"))
    assert memory.sent[Side.SALESFORCE]["phone"] == tuple(f"b{number}" for number in range(3, SENT_MAX + 3))


def test_base_advances_by_what_succeeded_and_clears_what_was_sent() -> None:
    made = planned(BASE, note="m")
    memory = sending(BASE, made)
    to_hubspot, to_salesforce = changes(made)
    after = settle(memory, made, [to_salesforce])
    assert after.base == {"phone": Agreed("b", "b"), "note": Agreed("n", "n")}
    assert after.sent == {Side.HUBSPOT: {"note": ("m",)}}
    after = settle(after, made, [to_hubspot])
    assert after == remembers(phone=("b", "b"), note=("m", "m"))


def test_nothing_advances_when_nothing_succeeded() -> None:
    made = planned(BASE)
    memory = sending(BASE, made)
    assert settle(memory, made, []) is memory


def test_a_change_that_surely_failed_is_no_longer_sent() -> None:
    made = planned(BASE)
    memory = sending(Memory(BASE.base, {Side.SALESFORCE: {"phone": ("older",)}}), made)
    after = settle(memory, made, [], refused=changes(made))
    assert after == Memory(BASE.base, {Side.SALESFORCE: {"phone": ("older",)}})
    assert settle(sending(BASE, made), made, [], refused=changes(made)) == BASE


def test_a_side_that_tells_what_it_holds_is_believed() -> None:
    """HubSpot ignores a backward stage: it stays at base and is not taken for an edit of HubSpot."""
    made = planned(BASE, note="m", left="a")
    after = settle(sending(BASE, made), made, changes(made), told={(Side.HUBSPOT, "note"): "n"})
    assert after.base["note"] == Agreed("n", "m")
    again = planned(after, note="m", left="a")
    assert not again.writes


def test_agreement_found_standing_is_kept() -> None:
    made = planned(BASE, left="a", note="n")
    assert settle(BASE, made, []) is BASE
    found = plan(pair(PHONE), Subject(contact(phone="z"), lead(Phone__c="z"), BASE))
    assert settle(BASE, found, []).base["phone"] == Agreed("z", "z")


def test_a_cleared_field_advances_base_to_blank() -> None:
    memory = remembers(phone=("a", "a"))
    each = rule(blank=Blank.CLEAR)
    made = plan(pair(each), Subject(contact(phone=None), lead(Phone__c="a"), memory))
    after = settle(sending(memory, made), made, changes(made))
    assert after == remembers(phone=(None, None))


def test_a_mirrors_undoing_is_not_repeated_against_a_side_that_rewrites() -> None:
    """Salesforce keeps saying A for a; after one attempt that is how it is, until something else is said."""
    each = rule(direction=Direction.TO_SALESFORCE, mirror=True)
    memory = remembers(phone=("a", "a"))
    subject = Subject(contact(phone="a"), lead(Phone__c="A"), memory)
    made = plan(pair(each), subject)
    after = settle(sending(memory, made), made, changes(made))
    assert after == remembers(phone=("a", "A"))
    assert not plan(pair(each), Subject(contact(phone="a"), lead(Phone__c="A"), after)).writes
    taken = plan(pair(each), Subject(contact(phone="a"), lead(Phone__c="a"), after))
    assert taken.agreed == {"phone": Agreed("a", "a")}
    assert plan(pair(each), Subject(contact(phone="a"), lead(Phone__c="B"), after)).writes


def test_a_created_record_starts_in_agreement() -> None:
    company = rule("company", on_create={Side.SALESFORCE: "Unknown"})
    status = rule("status", direction=Direction.TO_HUBSPOT, on_create={Side.SALESFORCE: "Open"})
    left = contact(phone="1", note=None, company=None, status="won", salesforce_id=None)
    made = plan(pair(PHONE, NOTE, company, status), Subject(hubspot=left))
    after = settle(sending(Memory(), made), made, changes(made), told={(Side.SALESFORCE, "Phone__c"): "+1"})
    assert after.base == {
        "phone": Agreed("1", "+1"),
        "note": Agreed(None, None),
        "company": Agreed(None, "Unknown"),
    }
    assert after.sent == {}


def test_a_default_does_not_travel_back_after_a_crash() -> None:
    """The record was made, but nothing of it was recorded: the next pass finds it by its cross id, and meets it."""
    company = rule("company", on_create={Side.SALESFORCE: "Unknown", Side.HUBSPOT: "?"})
    made = plan(pair(company), Subject(contact(company=None), lead(Company__c="Unknown"), by="cross id"))
    assert (made.writes, made.agreed) == (False, {"company": Agreed(None, "Unknown")})
    made = plan(pair(company), Subject(contact(company="?"), lead(Company__c=None), by="cross id"))
    assert (made.writes, made.agreed) == (False, {"company": Agreed("?", None)})


def test_a_create_that_failed_agrees_on_nothing() -> None:
    made = plan(pair(PHONE), Subject(hubspot=contact(phone="1", salesforce_id=None)))
    memory = sending(Memory(), made)
    assert settle(memory, made, []) is memory
