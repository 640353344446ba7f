"""Acting on many issues at once, and seeing before what it leads to: the same as the next pass then does."""

from __future__ import annotations

import pytest

from connector.core.plan import IssueKind, Update
from connector.core.refs import Ref, Side
from connector.engine import commands, foreseeing, post, several
from connector.engine.foreseeing import Foreseen
from connector.engine.several import Acted
from connector.storage import alike, inbox
from connector.storage.inbox import Post
from connector.storage.issues import StoredIssue
from tests.engine.town import Town

PEOPLE = 3


@pytest.fixture
def quarrels(town: Town) -> list[tuple[Ref, Ref]]:
    """Three people whose job title both sides have edited."""
    pairs = [
        (town.contact(email=f"p{n}@x.test", jobtitle="CEO"), town.lead(Email=f"p{n}@x.test", LastName="A"))
        for n in range(PEOPLE)
    ]
    town.sync()
    town.sync()
    for contact, lead in pairs:
        town.hubspot.edit(contact, jobtitle="CTO")
        town.salesforce.edit(lead, Title="CFO")
    town.sync()
    return pairs


def stored(town: Town) -> list[StoredIssue]:
    with town.database.read() as conn:
        return [one for heap in alike.heaps(conn, 100) for one in alike.page(conn, heap.alike, 0, 100)]


def written(foreseen: list[Foreseen]) -> list[tuple[Ref, str, str | None, str | None]]:
    return [
        (step.ref, change.field, change.before, change.after)
        for one in foreseen
        if one.case
        for step in one.case.plan.steps
        if isinstance(step, Update)
        for change in step.changes
    ]


def test_what_a_decision_leads_to_is_what_the_next_pass_writes(town: Town, quarrels: list[tuple[Ref, Ref]]) -> None:
    chosen = stored(town)
    foreseen = foreseeing.if_settled(town.bridge, chosen, Side.SALESFORCE)
    assert sorted(written(foreseen)) == sorted((contact, "jobtitle", "CTO", "CFO") for contact, _ in quarrels)
    assert all(one.writes for one in foreseen)
    assert [one.decision for one in stored(town)] == [None] * PEOPLE, "nothing is decided yet"
    assert several.settle(town.bridge, [one.id for one in chosen], Side.SALESFORCE, "ann") == Acted(PEOPLE, 0)
    town.sync()
    assert {town.hubspot.values(contact)["jobtitle"] for contact, _ in quarrels} == {"CFO"}
    assert stored(town) == []
    assert town.story(quarrels[0][0])[-2].payload == {
        "act": "settle",
        "rule": "title",
        "winner": "salesforce",
        "by": "ann",
    }


def test_a_decision_on_values_that_have_changed_since_leads_to_nothing_and_that_is_seen(
    town: Town, quarrels: list[tuple[Ref, Ref]]
) -> None:
    chosen = stored(town)
    town.hubspot.edit(quarrels[0][0], jobtitle="Founder")
    foreseen = foreseeing.if_settled(town.bridge, chosen, Side.SALESFORCE)
    assert [one.writes for one in foreseen] == [False, True, True]


def test_what_was_closed_since_it_was_chosen_is_counted_and_the_rest_is_done(
    town: Town, quarrels: list[tuple[Ref, Ref]]
) -> None:
    chosen = [one.id for one in stored(town)]
    commands.settle(town.bridge, chosen[0], Side.HUBSPOT, "bob")
    town.sync()
    assert several.settle(town.bridge, [*chosen, 999], Side.SALESFORCE, "ann") == Acted(2, 2)
    assert several.unpark(town.bridge, chosen, "ann") == Acted(0, PEOPLE)
    town.sync()
    titles = [town.hubspot.values(contact)["jobtitle"] for contact, _ in quarrels]
    assert titles == ["CTO", "CFO", "CFO"]


def test_refused_values_are_tried_again_and_before_that_it_is_seen_what_would_be_sent(town: Town) -> None:
    contacts = [town.contact(email=f"p{n}@x.test", jobtitle="Boss") for n in range(PEOPLE)]
    town.salesforce.refuse("Lead", "Title", "Boss")
    town.sync()
    parked = stored(town)
    assert {one.issue.kind for one in parked} == {IssueKind.PARKED}
    town.salesforce.refusals.clear()
    assert written(foreseeing.if_looked_at(town.bridge, parked)) == []
    foreseen = foreseeing.if_unparked(town.bridge, parked)
    assert sorted(one[1:] for one in written(foreseen)) == [("Title", None, "Boss")] * PEOPLE
    assert several.unpark(town.bridge, [one.id for one in parked], "ann") == Acted(PEOPLE, 0)
    town.sync()
    leads = dict(town.links())
    assert {town.salesforce.values(leads[contact])["Title"] for contact in contacts} == {"Boss"}


def test_records_of_issues_are_looked_at_again(town: Town, quarrels: list[tuple[Ref, Ref]]) -> None:
    first = stored(town)[0]
    assert several.look_again(town.bridge, [first.id], "ann") == Acted(1, 0)
    assert town.dirty() == len(first.issue.refs)
    assert town.sync().counts["considered"] == 1
    assert several.look_again(town.bridge, [], "ann") == Acted(0, 0)
    assert len(quarrels) == PEOPLE


def test_post_that_was_not_understood_is_read_again_or_thrown_away_and_by_whom_is_on_record(town: Town) -> None:
    now = town.clock.now()
    with town.database.begin() as conn:
        inbox.put(conn, *(Post("hubspot", now, str(number), b"{}") for number in range(2)))
        first, second = inbox.unread(conn, 10)
        for one in (first, second):
            inbox.keep(conn, one.id, "no list of events")
    assert post.drop(town.database, [first.id], now, "ann") == 1
    assert post.read_again(town.database, now, "bob") == 1
    with town.database.read() as conn:
        assert [one.id for one in inbox.unread(conn, 10)] == [second.id]
