"""Undo: what the bridge wrote is taken back, what others wrote since stays, and no later pass does it again."""

from __future__ import annotations

import pytest

from connector.core.mapping import OnArchive
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine import commands, sync, undo
from connector.engine.deeds import Asked
from connector.engine.undo import Undone
from connector.errors import Refused
from connector.storage import links, state
from tests.engine.agreeing import AGREED, agree, decisions, sights
from tests.engine.town import BACK, CROSS, Town
from tests.engine.town import pair as mapped


def undone(town: Town, **what: object) -> Undone:
    """What `smarketing undo` does."""
    asked = undo.asked_for(town.bridge, Asked(**what))
    with sync.recorded(town.bridge, undo.KIND, "a test", approved=True) as run:
        return undo.undo(town.bridge, run, asked)


def surveyed(town: Town, **what: object) -> Undone:
    return undo.survey(town.bridge, undo.asked_for(town.bridge, Asked(**what)))


def last(town: Town) -> int:
    return town.runs()[0].id


def quiet(town: Town) -> None:
    """Neither a pass over what changed nor one over everything writes anything."""
    before = town.writes()
    town.once()
    town.full()
    assert town.writes() == before


def pair(town: Town) -> tuple[Ref, Ref]:
    """Two people who know each other by e-mail; HubSpot knows a title."""
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King", jobtitle="Analyst")
    return ada, town.lead(Email="ada@acme.example", FirstName="Ada", LastName="King")


def pair_of_bob(town: Town) -> tuple[Ref, Ref]:
    bob = town.contact(email="bob@acme.example", firstname="Bob", lastname="Baron", jobtitle="Analyst")
    return bob, town.lead(Email="bob@acme.example", FirstName="Bob", LastName="Baron")


def test_a_value_that_filled_a_blank_is_taken_out_again_and_not_written_anew(town: Town):
    _, lead = pair(town)
    town.full()
    run = last(town)
    assert town.salesforce.values(lead)["Title"] == "Analyst"
    done = undone(town, run=run)
    assert "Title" not in town.salesforce.values(lead)
    assert done.refused == []
    assert done.links == 1
    quiet(town)


def test_a_standing_difference_ends_with_the_next_edit(town: Town):
    ada, lead = pair(town)
    town.full()
    undone(town, run=last(town))
    town.hubspot.edit(ada, jobtitle="Countess")
    town.once()
    assert town.salesforce.values(lead)["Title"] == "Countess"


def test_a_field_edited_since_stays_and_is_listed(town: Town):
    ada, lead = pair(town)
    town.full()
    run = last(town)
    town.salesforce.edit(lead, Title="Duchess")
    done = undone(town, run=run)
    assert town.salesforce.values(lead)["Title"] == "Duchess"
    [refusal] = done.refused
    assert (refusal.ref, refusal.field, refusal.now, refusal.wrote) == (lead, "Title", "Duchess", "Analyst")
    assert "somebody else" in refusal.why
    town.once()
    assert town.hubspot.values(ada)["jobtitle"] == "Duchess"


def test_a_record_that_was_made_is_archived_and_never_made_again(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.full()
    [(_, lead)] = town.links()
    assert town.hubspot.values(ada)[CROSS] == lead.id
    done = undone(town, run=last(town))
    assert town.salesforce.live("Lead") == []
    assert town.hubspot.values(ada) == {"email": "ada@acme.example", "firstname": "Ada", "lastname": "King"}
    assert done.refused == []
    quiet(town)
    town.hubspot.edit(ada, jobtitle="Countess")
    town.once()
    assert town.salesforce.live("Lead") == []


def test_what_an_undo_archived_may_be_purged_and_nobody_is_forgotten_or_made_again(town: Town):
    lead = town.lead(Email="ada@acme.example", FirstName="Ada", LastName="King")
    town.full()
    [(contact, _)] = town.links()
    undone(town, run=last(town))
    assert town.hubspot.live("contacts") == []
    assert BACK not in town.salesforce.values(lead)
    town.hubspot.erase(contact)
    quiet(town)
    assert town.issues() == []
    assert town.story(lead) != []


def test_a_record_that_was_made_and_edited_since_stays(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.full()
    run = last(town)
    [(_, lead)] = town.links()
    town.salesforce.edit(lead, FirstName="Augusta")
    done = undone(town, run=run)
    assert town.salesforce.live("Lead") == [lead]
    assert [(refusal.ref, refusal.field) for refusal in done.refused] == [(lead, "FirstName")]
    assert town.hubspot.values(ada)[CROSS] == lead.id
    town.once()
    assert town.hubspot.values(ada)["firstname"] == "Augusta"


def test_a_record_that_was_made_and_filled_in_by_a_person_stays(town: Town):
    town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.full()
    run = last(town)
    [(_, lead)] = town.links()
    town.clock.sleep(3600)
    town.salesforce.edit(lead, Title="Duchess")
    assert [refusal.ref for refusal in undone(town, run=run).refused] == [lead]
    assert town.salesforce.live("Lead") == [lead]


def test_surveying_writes_nothing_and_shows_what_would_be_done(town: Town):
    _, lead = pair(town)
    bob = town.contact(email="bob@acme.example", firstname="Bob")
    town.full()
    before = town.writes()
    found = surveyed(town, run=last(town))
    assert town.writes() == before
    assert (found.tally.archives, found.tally.changes) == (1, 2)
    assert {person.case.refs[0] for person in found.people} == {bob, town.links()[0][0]}
    assert town.salesforce.values(lead)["Title"] == "Analyst"


def test_an_undo_is_undone_like_any_run(town: Town):
    _, lead = pair(town)
    town.full()
    first = last(town)
    undone(town, run=first)
    undone(town, run=last(town))
    assert town.salesforce.values(lead)["Title"] == "Analyst"
    quiet(town)
    undone(town, run=first)
    assert "Title" not in town.salesforce.values(lead)
    quiet(town)


def test_undoing_twice_does_nothing_the_second_time(town: Town):
    pair(town)
    town.contact(email="bob@acme.example", firstname="Bob")
    town.full()
    run = last(town)
    undone(town, run=run)
    before = town.writes()
    done = undone(town, run=run)
    assert (town.writes(), done.refused) == (before, [])


def test_one_field_is_undone_over_a_window_and_other_fields_stay(town: Town):
    ada, lead = pair(town)
    town.full()
    start = town.clock.now()
    town.hubspot.edit(ada, jobtitle="Baroness", firstname="Augusta")
    town.once()
    town.hubspot.edit(ada, jobtitle="Countess")
    town.once()
    undone(town, field="title", since=start)
    assert town.salesforce.values(lead)["Title"] == "Analyst"
    assert town.salesforce.values(lead)["FirstName"] == "Augusta"
    quiet(town)


def test_a_later_run_that_wrote_the_field_stands(town: Town):
    ada, lead = pair(town)
    town.full()
    first = last(town)
    town.hubspot.edit(ada, jobtitle="Countess")
    town.once()
    [refusal] = undone(town, run=first).refused
    assert f"run {last(town) - 1} wrote it again" in refusal.why
    assert town.salesforce.values(lead)["Title"] == "Countess"


def test_an_edit_of_the_other_side_under_way_is_carried_over_after_the_undo(town: Town):
    ada, lead = pair(town)
    town.full()
    run = last(town)
    town.hubspot.edit(ada, jobtitle="Countess")
    undone(town, run=run)
    assert "Title" not in town.salesforce.values(lead)
    town.once()
    assert town.salesforce.values(lead)["Title"] == "Countess"


def test_a_lost_answer_costs_neither_the_undo_nor_its_end(town: Town):
    _, lead = pair(town)
    town.full()
    run = last(town)
    town.salesforce.fail("write", after_commit=True)
    done = undone(town, run=run)
    assert "Title" not in town.salesforce.values(lead)
    assert done.refused == []
    quiet(town)


def test_what_a_side_refuses_is_told_and_the_rest_is_done(town: Town):
    ada, lead = pair(town)
    town.salesforce.edit(lead, FirstName=None)
    town.full()
    town.salesforce.refuse("Lead", "Title", None)
    done = undone(town, run=last(town))
    assert town.salesforce.values(lead)["Title"] == "Analyst"
    assert "FirstName" not in town.salesforce.values(lead)
    assert [refusal.ref for refusal in done.refused] == [ada]
    quiet(town)


def test_a_record_the_bridge_archived_is_listed_with_what_a_person_can_do(town: Town):
    town.remapped(mapped("Lead", on_archive=OnArchive.ARCHIVE))
    ada, lead = pair(town)
    town.full()
    town.hubspot.archive(ada)
    town.once()
    assert town.salesforce.live("Lead") == []
    listed = {refusal.ref: refusal.hint for refusal in undone(town, run=last(town)).refused}
    assert "Recycle Bin" in listed[lead]
    assert f"smarketing link {ada} {lead}" in listed[lead]


def test_a_record_whose_making_nobody_heard_of_is_undone_with_the_run_that_made_it(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.salesforce.fail("write", after_commit=True)
    town.full()
    run = last(town)
    done = undone(town, run=run)
    assert (town.salesforce.live("Lead"), done.refused) == ([], [])
    assert CROSS not in town.hubspot.values(ada)
    quiet(town)


def test_a_run_that_is_still_writing_is_not_undone(town: Town):
    pair(town)
    town.full()
    run = last(town)
    with town.database.begin() as conn:
        state.put(conn, f"underway:{run}:1", {"at": town.clock.now().isoformat(), "rows": []})
    with pytest.raises(Refused, match="still writing"):
        surveyed(town, run=run)


def test_what_became_another_record_is_named_and_left_alone(town: Town):
    town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    _, lead = pair_of_bob(town)
    town.full()
    run = last(town)
    made = next(ref for _, ref in town.links() if ref != lead)
    became = town.salesforce.convert(made, "Contact", Email="ada@acme.example", LastName="King")
    also = town.salesforce.convert(lead, "Contact", Email="bob@acme.example", LastName="Baron", Title="Analyst")
    town.once()
    before = town.writes()
    refused = {refusal.ref: refusal.why for refusal in undone(town, run=run).refused}
    assert str(became) in refused[made]
    assert str(also) in refused[lead]
    assert town.writes() == before


def test_who_was_there_when_it_should_have_been_made_keeps_what_it_holds(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.salesforce.fail("write", after_commit=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(town.salesforce, "find", lambda *_: [])
        town.full()
        town.clock.sleep(3600)
        town.once()
    [told] = [event for event in town.story(ada) if "was there already" in event.payload.get("reason", "")]
    refused = undone(town, run=told.run_id).refused
    assert {refusal.field for refusal in refused} == {"Email", "FirstName", "LastName"}
    assert {refusal.why for refusal in refused} == {"what stood there before is not known"}
    assert len(town.salesforce.live("Lead")) == 1


def test_the_story_tells_of_the_undo(town: Town):
    _, lead = pair(town)
    town.full()
    undone(town, run=last(town))
    event = town.story(lead)[-1]
    [change] = [row for row in event.payload["changes"] if row["field"] == "Title"]
    assert (change["because"], change["before"], change["after"]) == ("undone", "Analyst", None)
    assert town.runs()[0].kind == "undo"
    assert event.run_id == town.runs()[0].id


def test_journeys_are_told_what_was_taken_back_and_do_not_take_it_for_somebodys_word(town: Town):
    lead_fields = {**AGREED.watched[Side.SALESFORCE, "Lead"], "Title": Kind.TEXT}
    agree(town, watched={**AGREED.watched, (Side.SALESFORCE, "Lead"): lead_fields})
    ada, lead = pair(town)
    town.full()
    town.hubspot.edit(ada, jobtitle="Countess")
    town.once()
    run = next(event.run_id for event in reversed(town.story(lead)) if event.kind == "updated")
    undone(town, run=run)
    before = sights(town, lead)
    assert before[-1] == ("Told", {"Title": "Analyst"})
    decided = decisions(town, ada, lead)
    quiet(town)
    assert sights(town, lead)[len(before) :] in ([], [("Seen", {"Title": "Analyst"})])  # the echo of what was told
    assert decisions(town, ada, lead) == decided


def test_what_follows_from_the_definition_is_counted_and_left_alone(agreed: Town):
    ada = agreed.contact(email="ada@acme.example", lastname="King", life="lead")
    agreed.full()
    agreed.hubspot.edit(ada, life="mql")
    agreed.once()
    told = [
        event for event in agreed.story(ada) for row in event.payload.get("changes", ()) if row["because"] == "follows"
    ]
    values = dict(agreed.hubspot.values(ada))
    found = surveyed(agreed, run=told[-1].run_id, refs=frozenset({ada}))
    assert found.follows > 0
    undone(agreed, run=told[-1].run_id, refs=frozenset({ada}))
    assert agreed.hubspot.values(ada)["life"] == values["life"]


def test_undoing_an_undo_that_archived_lists_what_only_a_person_can_bring_back(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.full()
    [(_, lead)] = town.links()
    undone(town, run=last(town))
    [refusal] = undone(town, run=last(town)).refused
    assert (refusal.ref, refusal.why) == (lead, "the bridge archived it")
    assert f"smarketing link {ada} {lead}" in refusal.hint
    town.salesforce.restore(lead)
    commands.link(town.bridge, ada, lead, "a test")
    town.once()
    assert town.hubspot.values(ada)[CROSS] == lead.id


def test_one_field_of_a_record_that_was_made_is_blank_again_and_the_record_stays(town: Town):
    town.contact(email="ada@acme.example", lastname="King", jobtitle="Analyst")
    town.full()
    [(_, lead)] = town.links()
    done = undone(town, field="Title", refs=frozenset({lead}))
    assert "Title" not in town.salesforce.values(lead)
    assert (done.refused, done.tally.archives) == ([], 0)
    quiet(town)


def test_undoing_to_and_fro_is_a_persons_will_and_parks_nothing(town: Town):
    _, lead = pair(town)
    town.full()
    for _ in range(8):
        assert undone(town, run=last(town)).refused == []
    assert town.salesforce.values(lead)["Title"] == "Analyst"
    assert town.issues() == []
    quiet(town)


def test_who_was_kept_apart_by_a_person_is_undone_all_the_same_and_stays_apart(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.full()
    run = last(town)
    commands.unlink(town.bridge, ada, "a test")
    assert undone(town, run=run).refused == []
    assert town.salesforce.live("Lead") == []
    quiet(town)


def test_a_record_whose_link_is_gone_is_archived_and_not_made_again(town: Town):
    ada = town.contact(email="ada@acme.example", firstname="Ada", lastname="King")
    town.full()
    run = last(town)
    with town.database.begin() as conn:
        [link] = links.page(conn, 0, 10)
        links.delete(conn, link.id, link.version)
    assert undone(town, run=run).refused == []
    assert town.salesforce.live("Lead") == []
    assert CROSS not in town.hubspot.values(ada)
    quiet(town)
