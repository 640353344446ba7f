"""Too much at once is held, stays held, loses nothing, and goes on only when a person says so."""

from dataclasses import replace

import pytest

from connector.core.mapping import OnLeaving, Policy
from connector.core.plan import IssueKind
from tests.engine.town import RULES, Town, pair, rule


def _five_contacts(town: Town) -> None:
    for number in range(5):
        town.contact(email=f"p{number}@x.test")


def test_a_held_first_sync_goes_on_in_full_once_approved(town: Town) -> None:
    _five_contacts(town)
    town.limited(creates=2)
    run = town.sync()
    assert run.held == "would create 3 records; the limit is 2"
    assert run.needs_a_person
    assert len(town.salesforce.live("Lead")) == 2
    assert [one.issue.kind for one in town.issues()] == [IssueKind.HELD]
    town.sync(approved=True)
    assert len(town.salesforce.live("Lead")) == 5
    assert town.issues() == []


def test_a_held_run_is_not_continued_by_starting_another(town: Town) -> None:
    _five_contacts(town)
    town.limited(creates=2)
    town.sync()
    writes = town.writes()
    assert town.sync().held
    assert town.sync("full").held
    assert town.writes() == writes
    assert len(town.issues()) == 1


def test_what_a_hold_stopped_in_an_incremental_run_stays_dirty(town: Town) -> None:
    town.sync("full")
    town.limited(creates=2)
    _five_contacts(town)
    run = town.sync()
    assert (run.held != "", run.counts["waiting"], town.dirty()) == (True, 3, 3)
    town.sync(approved=True)
    assert len(town.salesforce.live("Lead")) == 5
    assert town.dirty() == 0


@pytest.mark.parametrize("mend", ["guards", "mapping"])
def test_a_hold_lapses_when_the_guards_or_the_mapping_change(town: Town, mend: str) -> None:
    _five_contacts(town)
    town.limited(creates=2)
    town.sync()
    if mend == "guards":
        town.limited(creates=9)
    else:
        town.remapped(pair("Lead", create_in_salesforce=lambda *_: False))
    assert town.sync().held == ""
    assert len(town.salesforce.live("Lead")) == (5 if mend == "guards" else 2)
    assert town.issues() == []


def test_archives_are_guarded_of_their_own(town: Town) -> None:
    town.contact(email="a@x.test")
    town.sync()
    town.limited(archives=0)
    town.remapped(pair("Lead", in_scope=lambda *_: False, on_leaving=OnLeaving.ARCHIVE))
    assert "archive" in town.sync().held
    assert len(town.salesforce.live("Lead")) == 1


def test_an_edited_mapping_reaches_existing_links_with_the_next_sync(town: Town) -> None:
    town.contact(email="a@x.test", jobtitle="CTO")
    town.remapped(pair("Lead", rules=RULES[:3]), digest="before")
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    assert "Title" not in town.salesforce.values(lead)
    town.remapped(pair("Lead"))
    town.sync()
    assert town.salesforce.values(lead)["Title"] == "CTO"
    scans = town.hubspot.calls["scan"]
    town.sync()
    assert town.hubspot.calls["scan"] == scans


def test_a_rule_that_wakes_up_is_compared_like_an_edited_mapping(town: Town) -> None:
    town.contact(email="a@x.test", jobtitle="CTO")
    town.remapped(pair("Lead", rules=RULES[:3]), digest="one")
    town.sync()
    town.remapped(pair("Lead"), digest="one")
    town.sync()
    (lead,) = town.salesforce.live("Lead")
    assert town.salesforce.values(lead)["Title"] == "CTO"


def test_a_full_pass_that_was_cut_short_is_owed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.sync("full")
    contact = town.contact(email="a@x.test")
    town.lead(Email="a@x.test", LastName="A")
    with monkeypatch.context() as broken:
        broken.setattr("connector.engine.apply.carry_out", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            town.sync("full")
    assert [row.outcome for row in town.runs()] == ["cut short", "done"]
    town.sync()
    ((linked, lead),) = town.links()
    assert (linked, town.salesforce.values(lead)["HubSpot_Contact_Id__c"]) == (contact, contact.id)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_pass_gives_its_claims_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.sync()
    town.contact(email="a@x.test")
    with monkeypatch.context() as broken:
        broken.setattr("connector.engine.apply.carry_out", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            town.sync()
    town.sync()
    assert len(town.links()) == 1


def test_a_new_policy_settles_what_stood_in_conflict(town: Town) -> None:
    contact, lead = town.contact(email="a@x.test", jobtitle="CTO"), town.lead(Email="a@x.test", LastName="A", Title="X")
    town.sync()
    assert [one.issue.kind for one in town.issues()] == [IssueKind.CONFLICT]
    title = replace(rule("title", "jobtitle", "Title"), policy=Policy.HUBSPOT)
    town.remapped(pair("Lead", rules=(*RULES[:3], title)))
    town.sync()
    assert town.salesforce.values(lead)["Title"] == town.hubspot.values(contact)["jobtitle"] == "CTO"
    assert town.issues() == []


def test_records_that_vanish_in_numbers_are_not_forgotten_without_a_person(town: Town) -> None:
    """An emptied CRM, or rights that were taken away, look like this."""
    _five_contacts(town)
    town.sync()
    town.limited(archives=2)
    for contact in town.hubspot.live("contacts"):
        town.hubspot.erase(contact)
    run = town.sync()
    assert "3" in run.held
    assert len(town.links()) == 3
    town.sync(approved=True)
    assert town.links() == []
