"""From readings to plans: the presence table, creation, scope and cross ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core import refs
from connector.core.mapping import Direction, OnArchive, OnLeaving, Policy, Refusal
from connector.core.plan import (
    Agreed,
    Archive,
    Because,
    Change,
    Create,
    Issue,
    IssueKind,
    Link,
    Memory,
    Plan,
    Raise,
    Relink,
    Unlink,
    Update,
)
from connector.core.planning import Subject, plan
from connector.core.readings import Presence, Reading
from connector.core.refs import Side
from connector.core.transforms import LengthPolicy, Unmapped, identity, limit_length, value_map
from connector.core.values import Kind
from tests.core.builders import (
    CONTACT,
    CONTACT_ID,
    LEAD,
    LEAD_ID,
    always,
    contact,
    lead,
    linked,
    never,
    pair,
    remembers,
    rule,
    said,
)

NEW_CONTACT = refs.hubspot("contacts", "77777")
CONVERTED = refs.salesforce("Contact", "0035g00000AbcdeAAB")
GONE_LEAD, GONE_CONTACT = Reading(LEAD, Presence.MISSING), Reading(CONTACT, Presence.ARCHIVED)


# Unlinked and alone


def test_a_contact_alone_gets_a_lead_that_remembers_it() -> None:
    found = plan(pair(rule()), Subject(hubspot=contact(phone="1", salesforce_id=None)))
    (step,) = found.steps
    assert step == Create(
        Side.SALESFORCE,
        "Lead",
        (
            Change(Side.SALESFORCE, "Phone__c", "phone", None, "1", Because.CREATES, "1"),
            Change(
                Side.SALESFORCE, "HubSpot_Id__c", "", None, CONTACT_ID, Because.CROSS_ID, CONTACT_ID,
                "each side remembers the other's id",
            ),
        ),
        ("HubSpot_Id__c", CONTACT_ID),
        {"phone": Agreed("1", "1")},
    )  # fmt: skip
    assert found.writes


def test_a_lead_alone_gets_a_contact() -> None:
    found = plan(pair(rule()), Subject(salesforce=lead(Phone__c="1", HubSpot_Id__c=None)))
    assert said(found) == [("hubspot", "phone", "1", "creates"), ("hubspot", "salesforce_id", LEAD_ID, "cross id")]
    assert found.steps[0].key == ("salesforce_id", LEAD_ID)
    assert found.steps[0].agreed == {"phone": Agreed("1", "1")}


def test_without_a_hubspot_key_a_contact_is_created_without_one() -> None:
    found = plan(pair(rule(), hubspot_key=None), Subject(salesforce=lead(Phone__c="1", HubSpot_Id__c=None)))
    assert said(found) == [("hubspot", "phone", "1", "creates")]
    assert found.steps[0].key is None


def test_a_required_field_without_a_counterpart_gets_its_default() -> None:
    company = rule("company", on_create={Side.SALESFORCE: "Unknown"})
    found = plan(pair(rule(), company), Subject(hubspot=contact(phone="1", company=None, salesforce_id=None)))
    assert ("salesforce", "Company__c", "Unknown", "default on create") in said(found)
    assert found.steps[0].agreed["company"] == Agreed(None, "Unknown")


@pytest.mark.parametrize("policy", list(Policy))
def test_a_default_gives_way_to_a_value_whatever_the_policy(policy: Policy) -> None:
    """Found by the simulation: "(not provided)", given by a create that went unheard, won over a value as newest."""
    company = rule("company", on_create={Side.SALESFORCE: "Unknown", Side.HUBSPOT: "?"}, policy=policy)
    made = plan(pair(company), Subject(contact(company="Acme"), lead(Company__c="Unknown"), by="cross id"))
    assert said(made) == [("salesforce", "Company__c", "Acme", "fills a blank")]
    made = plan(pair(company), Subject(contact(company="?"), lead(Company__c="Acme"), by="cross id"))
    assert said(made) == [("hubspot", "company", "Acme", "fills a blank")]
    made = plan(pair(company), Subject(contact(company="?"), lead(Company__c="Unknown"), by="cross id"))
    assert (made.writes, made.left_alone) == (False, ("company",))


def test_a_default_of_the_source_of_a_one_way_rule_is_a_value() -> None:
    status = rule("status", direction=Direction.TO_HUBSPOT, on_create={Side.SALESFORCE: "Open"})
    made = plan(pair(status), Subject(contact(status="Done"), lead(Status__c="Open"), by="cross id"))
    assert said(made) == [("hubspot", "status", "Open", "wins by policy")]


def test_a_required_field_that_may_not_travel_gets_its_default_and_no_agreement() -> None:
    status = rule("status", direction=Direction.TO_HUBSPOT, on_create={Side.SALESFORCE: "Open"})
    found = plan(pair(rule(), status), Subject(hubspot=contact(phone="1", status="won", salesforce_id=None)))
    assert ("salesforce", "Status__c", "Open", "default on create") in said(found)
    assert "status" not in found.steps[0].agreed


def test_blanks_are_agreed_on_and_not_sent() -> None:
    found = plan(pair(rule(), rule("note")), Subject(hubspot=contact(phone="1", note=None, salesforce_id=None)))
    assert [name for _, name, _, _ in said(found)] == ["Phone__c", "HubSpot_Id__c"]
    assert found.steps[0].agreed["note"] == Agreed(None, None)


def test_a_field_that_was_not_read_is_not_agreed_on() -> None:
    found = plan(pair(rule(), rule("note")), Subject(hubspot=contact(phone="1", salesforce_id=None)))
    assert "note" not in found.steps[0].agreed


def test_a_refused_value_is_left_out_of_a_create_and_shown() -> None:
    note = rule("note", to_salesforce=limit_length(2, LengthPolicy.REJECT))
    found = plan(pair(rule(), note), Subject(hubspot=contact(phone="1", note="long", salesforce_id=None)))
    create, shown = found.steps
    assert [change.field for change in create.changes] == ["Phone__c", "HubSpot_Id__c"]
    assert "note" not in create.agreed
    assert (shown.issue.code, shown.issue.value) == ("TOO_LONG", "long")


def test_an_unreadable_value_is_left_out_of_a_create_and_shown() -> None:
    source = replace(contact(phone="1", score=None, salesforce_id=None), unreadable={"score": "many"})
    create, shown = plan(pair(rule(), rule("score", kind=Kind.NUMBER)), Subject(hubspot=source)).steps
    assert [change.field for change in create.changes] == ["Phone__c", "HubSpot_Id__c"]
    assert shown.issue.code == "UNREADABLE"


def test_a_value_refused_before_is_left_out_of_a_create() -> None:
    subject = Subject(
        hubspot=contact(phone="1", note="bad", salesforce_id=None),
        parked=frozenset({(Side.SALESFORCE, "Note__c", "bad")}),
    )
    found = plan(pair(rule(), rule("note")), subject)
    assert [name for _, name, _, _ in said(found)] == ["Phone__c", "HubSpot_Id__c"]
    assert found.parked == ("note",)


def test_a_value_that_maps_to_blank_is_not_sent() -> None:
    table = value_map({"a": "A"}, Unmapped.BLANK)
    status = rule("status", to_salesforce=table.there, to_hubspot=table.back)
    found = plan(pair(rule(), status), Subject(hubspot=contact(phone="1", status="odd", salesforce_id=None)))
    assert [name for _, name, _, _ in said(found)] == ["Phone__c", "HubSpot_Id__c"]


def test_a_record_of_which_nothing_is_known_is_not_created() -> None:
    found = plan(pair(rule()), Subject(hubspot=contact(phone=None, salesforce_id=None)))
    assert (found.steps, found.note) == ((), "there is nothing to make it of: every mapped field is blank or refused")


ALONE = contact(phone="1", salesforce_id=None)
NOT_CREATED = {
    "out of scope": (pair(rule(), in_scope=never), Subject(ALONE), "out of scope"),
    "not wanted": (
        pair(rule(), create_in_salesforce=never), Subject(ALONE), "the mapping does not create a Lead for it"),
    "not wanted in HubSpot": (
        pair(rule(), create_in_hubspot=never),
        Subject(salesforce=lead(Phone__c="1", HubSpot_Id__c=None)),
        "the mapping does not create a contacts for it",
    ),
    "barred": (pair(rule()), Subject(ALONE, barred="erased"), "erased"),
    "had a counterpart before": (
        pair(rule()),
        Subject(contact(phone="1")),
        f"it carries the id {LEAD_ID}, whose record is not there; clear that field to have a new one made",
    ),
    "archived": (pair(rule()), Subject(GONE_CONTACT), "there is no such record on either side"),
    "nothing at all": (pair(rule()), Subject(), "there is no such record on either side"),
}  # fmt: skip


@pytest.mark.parametrize(("mapping", "subject", "note"), NOT_CREATED.values(), ids=NOT_CREATED)
def test_it_is_said_why_no_counterpart_is_made(mapping, subject, note) -> None:
    found = plan(mapping, subject)
    assert (found.steps, found.note) == ((), note)
    assert not found.writes


def test_an_issue_of_the_matching_is_raised_and_nothing_else_happens() -> None:
    issue = Issue(IssueKind.AMBIGUOUS, (CONTACT,), reason="two")
    assert plan(pair(rule()), Subject(ALONE, issue=issue)).steps == (Raise(issue),)


# Unlinked and matched


def test_two_matched_records_are_linked_and_meet() -> None:
    subject = Subject(contact(phone="1", salesforce_id=None), lead(Phone__c=None, HubSpot_Id__c=None), by="email")
    found = plan(pair(rule()), subject)
    assert found.steps[0] == Link(CONTACT, LEAD, "email")
    assert [step.ref for step in found.steps[1:]] == [CONTACT, LEAD]
    assert said(found) == [
        ("hubspot", "salesforce_id", LEAD_ID, "cross id"),
        ("salesforce", "Phone__c", "1", "fills a blank"),
        ("salesforce", "HubSpot_Id__c", CONTACT_ID, "cross id"),
    ]


def test_matched_records_out_of_scope_are_not_linked() -> None:
    found = plan(pair(rule(), in_scope=never), Subject(contact(phone="1"), lead(Phone__c=None), by="email"))
    assert (found.steps, found.note) == ((), "out of scope")


def test_a_record_whose_match_is_gone_stands_alone() -> None:
    found = plan(pair(rule()), Subject(ALONE, GONE_LEAD, by="email"))
    assert isinstance(found.steps[0], Create)


# Linked, both present


def test_a_linked_pair_in_agreement_needs_nothing() -> None:
    subject = linked()
    assert plan(pair(rule()), subject) == Plan("contacts/Lead", subject.hubspot, subject.salesforce)


def test_all_changes_of_a_record_go_in_one_update() -> None:
    mapping = pair(rule(), rule("note"), rule("email"))
    subject = Subject(
        contact(phone="b", note="n", email="old", salesforce_id=None),
        lead(Phone__c="a", Note__c=None, Email__c="new"),
        remembers(phone=("a", "a"), note=(None, None), email=("old", "old")),
    )
    found = plan(mapping, subject)
    assert [(type(step), step.ref) for step in found.steps] == [(Update, CONTACT), (Update, LEAD)]
    assert [len(step.changes) for step in found.steps] == [2, 2]


def test_a_conflict_is_raised_beside_the_rest_and_asks_for_history() -> None:
    left = replace(contact(phone="b", note="n"), modified_at=None)
    subject = Subject(left, lead(Phone__c="c", Note__c="o"), remembers(phone=("a", "a"), note=("o", "o")))
    found = plan(pair(rule(), rule("note")), subject)
    assert said(found) == [("salesforce", "Note__c", "n", "edited")]
    assert [step.issue.rule for step in found.steps if isinstance(step, Raise)] == ["phone"]
    assert found.wants_history == ("phone",)


def test_a_change_a_side_refused_before_is_left_out_and_noted() -> None:
    subject = linked(hubspot=contact(phone="bad"), parked=frozenset({(Side.SALESFORCE, "Phone__c", "bad")}))
    found = plan(pair(rule()), subject)
    assert (found.steps, found.parked) == ((), ("phone",))
    assert found.note == "the other side refused these values before"


def test_a_new_value_is_tried_although_another_was_refused() -> None:
    subject = linked(hubspot=contact(phone="good"), parked=frozenset({(Side.SALESFORCE, "Phone__c", "bad")}))
    found = plan(pair(rule()), subject)
    assert said(found) == [("salesforce", "Phone__c", "good", "edited")]
    assert found.parked == ()


def test_a_persons_choice_settles_a_conflict() -> None:
    subject = linked(hubspot=contact(phone="b"), salesforce=lead(Phone__c="c"), settled={"phone": Side.HUBSPOT})
    assert said(plan(pair(rule()), subject)) == [("salesforce", "Phone__c", "b", "settled by a person")]


def test_agreement_found_standing_is_remembered_without_writing() -> None:
    found = plan(pair(rule()), linked(hubspot=contact(phone="b"), salesforce=lead(Phone__c="b")))
    assert (found.steps, found.agreed) == ((), {"phone": Agreed("b", "b")})


def test_a_standing_difference_is_counted() -> None:
    found = plan(pair(rule()), linked(hubspot=contact(phone=None)))
    assert (found.steps, found.left_alone) == ((), ("phone",))


# Linked, by presence


def test_an_archived_counterpart_undoes_the_link() -> None:
    found = plan(pair(rule()), linked(salesforce=GONE_LEAD))
    assert found.steps == (Unlink(CONTACT, LEAD, f"{LEAD} is missing"),)


def test_an_archived_contact_archives_the_lead_where_the_mapping_says_so() -> None:
    found = plan(pair(rule(), on_archive=OnArchive.ARCHIVE), linked(hubspot=GONE_CONTACT))
    reason = f"{CONTACT} is archived"
    assert found.steps == (Archive(LEAD, reason), Unlink(CONTACT, LEAD, reason))
    assert found.writes


@pytest.mark.parametrize("on_archive", OnArchive)
def test_an_edit_beats_a_deletion(on_archive: OnArchive) -> None:
    found = plan(pair(rule(), on_archive=on_archive), linked(hubspot=contact(phone="edited"), salesforce=GONE_LEAD))
    unlink, shown = found.steps
    assert unlink == Unlink(CONTACT, LEAD, f"{LEAD} is missing")
    assert (shown.issue.kind, shown.issue.refs) == (IssueKind.EDIT_BEATS_DELETION, (CONTACT, LEAD))
    assert not found.writes


def test_an_echo_is_no_edit_that_could_beat_a_deletion() -> None:
    memory = Memory({"phone": Agreed("a", "a")}, {Side.SALESFORCE: {"phone": ("b",)}})
    subject = linked(hubspot=GONE_CONTACT, salesforce=lead(Phone__c="b"), memory=memory)
    assert [type(step) for step in plan(pair(rule()), subject).steps] == [Unlink]


NEW_RULES = {
    "a value": (rule("note"), Raise),
    "a value on its only way": (rule("note", direction=Direction.TO_SALESFORCE), Raise),
    "a value that does not go that way": (rule("note", direction=Direction.TO_HUBSPOT), Archive),
    "a value that counts as blank there": (rule("note", to_salesforce=lambda _: None), Archive),
    "a value that its table refuses": (rule("note", to_salesforce=lambda _: Refusal("NO", "no", "no")), Archive),
    "a default of the other side": (rule("note", on_create={Side.SALESFORCE: "n"}), Raise),
    "a default": (rule("note", on_create={Side.HUBSPOT: "n"}), Archive),
    "a field that was not read": (rule("other"), Archive),
    "a blank": (rule("empty"), Archive),
    "an unticked box": (rule("box", kind=Kind.BOOLEAN), Archive),
    "what was sent": (rule("told"), Archive),
}


@pytest.mark.parametrize(("new", "last"), NEW_RULES.values(), ids=NEW_RULES)
def test_what_a_rule_that_never_met_would_carry_over_beats_a_deletion(new, last) -> None:
    """Nobody can tell whether it was edited: what only the survivor says is shown, not archived."""
    memory = Memory({"phone": Agreed("a", "a")}, {Side.HUBSPOT: {"told": ("t",)}})
    survivor = contact(phone="a", note="n", empty=None, box="false", told="t")
    subject = linked(hubspot=survivor, salesforce=GONE_LEAD, memory=memory)
    steps = plan(pair(rule(), new, on_archive=OnArchive.ARCHIVE), subject).steps
    assert {type(step) for step in steps} == {Unlink, last}


def test_a_field_that_was_not_read_hides_no_edit_of_another() -> None:
    subject = linked(hubspot=contact(phone="edited"), salesforce=GONE_LEAD)
    assert [type(step) for step in plan(pair(rule("other"), rule()), subject).steps] == [Unlink, Raise]


def test_on_salesforce_too_a_rule_that_never_met_counts_by_what_it_would_carry() -> None:
    survivor = lead(Phone__c="a", Note__c="n")
    for back, last in ((identity, Raise), (lambda _: None, Archive)):
        subject = linked(hubspot=GONE_CONTACT, salesforce=survivor)
        steps = plan(pair(rule(), rule("note", to_hubspot=back), on_archive=OnArchive.ARCHIVE), subject).steps
        assert {type(step) for step in steps} == {Unlink, last}


def test_two_gone_records_are_forgotten() -> None:
    found = plan(pair(rule()), linked(hubspot=GONE_CONTACT, salesforce=GONE_LEAD))
    assert found.steps == (Unlink(CONTACT, LEAD, "both records are gone"),)


def test_a_converted_lead_is_followed_before_anything_else() -> None:
    moved = Reading(LEAD, Presence.MOVED, moved_to=CONVERTED, converted=True)
    found = plan(pair(rule()), linked(hubspot=contact(phone="b"), salesforce=moved))
    assert found.steps == (Relink(LEAD, CONVERTED, "converted"),)


def test_two_moved_records_are_both_followed() -> None:
    left = Reading(CONTACT, Presence.MOVED, moved_to=NEW_CONTACT)
    right = Reading(LEAD, Presence.MOVED, moved_to=CONVERTED, converted=True)
    found = plan(pair(rule()), linked(hubspot=left, salesforce=right))
    assert found.steps == (Relink(CONTACT, NEW_CONTACT, "merged"), Relink(LEAD, CONVERTED, "converted"))


def test_a_record_moved_nowhere_is_gone() -> None:
    found = plan(pair(rule()), linked(salesforce=Reading(LEAD, Presence.MOVED)))
    assert [type(step) for step in found.steps] == [Unlink]


def test_nothing_is_decided_on_half_a_reading() -> None:
    found = plan(pair(rule()), linked(salesforce=None))
    assert (found.steps, found.note) == ((), "linked, but one side was not read")


# Leaving the scope


def hubspot_left(left, _right) -> bool:
    return left is None


def test_a_pair_out_of_scope_rests() -> None:
    found = plan(pair(rule(), in_scope=never), linked(hubspot=contact(phone="b")))
    assert (found.steps, found.note) == ((), "out of scope")


def test_a_pair_out_of_scope_may_be_kept_up() -> None:
    mapping = pair(rule(), in_scope=never, on_leaving=OnLeaving.KEEP_UPDATING)
    assert said(plan(mapping, linked(hubspot=contact(phone="b")))) == [("salesforce", "Phone__c", "b", "edited")]


def test_a_contact_that_leaves_the_scope_may_archive_its_lead() -> None:
    found = plan(pair(rule(), in_scope=hubspot_left, on_leaving=OnLeaving.ARCHIVE), linked())
    reason = f"{CONTACT} left the scope"
    assert found.steps == (Archive(LEAD, reason), Unlink(CONTACT, LEAD, reason))


def test_a_lead_that_leaves_the_scope_may_archive_its_contact() -> None:
    def lead_left(_left, right) -> bool:
        return right is None

    found = plan(pair(rule(), in_scope=lead_left, on_leaving=OnLeaving.ARCHIVE), linked())
    assert found.steps[0] == Archive(CONTACT, f"{LEAD} left the scope")


def test_a_pair_in_scope_is_merged_whatever_leaving_would_mean() -> None:
    mapping = pair(rule(), in_scope=always, on_leaving=OnLeaving.ARCHIVE)
    assert said(plan(mapping, linked(hubspot=contact(phone="b")))) == [("salesforce", "Phone__c", "b", "edited")]
