"""The audit: what differs without a reason is found, marked, and told when it does not heal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector.core.mapping import Direction, Policy
from connector.core.plan import IssueKind
from connector.core.policy import ActionKind
from connector.core.refs import Ref, Side
from connector.engine import commands
from connector.engine.audit import Asked, Audited, audit
from connector.engine.doing import DUTIES
from connector.engine.duties import AUDIT, Turned, Work
from connector.engine.pacing import Pace
from connector.engine.stretch import Stretch
from connector.storage import cursors, dirty, drift, effects, links
from tests.engine.town import RULES, Town, pair, rule


def peopled(number: int = 1, **rules: object) -> Town:
    """So many people, linked; both sides call them CTO."""
    town = Town(pairs=(pair("Lead", rules=(*RULES[:3], rules.get("title", rule("title", "jobtitle", "Title")))),))
    town.people = []
    for each in range(number):
        email = f"p{each}@acme.example"
        town.people.append(town.contact(email=email, lastname="L", jobtitle="CTO"))
        town.lead(Email=email, LastName="L", Title="CTO")
    town.full()
    town.once()
    assert len(town.links()) == number
    return town


def audited(town: Town, sample: int | None = None, **asked: object) -> Audited:
    return audit(town.bridge, Asked(sample, **asked), town.clock.now())


def lost_edit(town: Town, ref: Ref, **values: str) -> None:
    """An edit of which the bridge never hears: its sequence number stays behind the cursor."""
    crm = town.hubspot if ref.side is Side.HUBSPOT else town.salesforce
    row = crm.rows[ref]
    seq, modified = row.seq, row.modified_at
    crm.edit(ref, **values)
    row.seq, row.modified_at = seq, modified - timedelta(hours=1)


def other(town: Town, ref: Ref) -> Ref:
    return next(two for one in town.links() if ref in one for two in one if two != ref)


def unmark(town: Town) -> None:
    """Something takes the marks away and mends nothing."""
    refs = [ref for both in town.links() for ref in both]
    with town.database.begin() as conn:
        dirty.forget(conn, refs)


def shown(town: Town):
    return [one.issue for one in town.issues() if one.issue.kind is IssueKind.DRIFT]


def test_two_sides_in_step_have_no_drift():
    town = peopled(3)
    done = audited(town)
    assert (done.tally.links, done.tally.fields, done.tally.differing, done.tally.percent) == (3, 12, 0, 0.0)
    assert not done.alarm
    assert town.dirty() == 0


def test_an_edit_that_was_lost_is_found_and_mended():
    town = peopled(4)
    lost_edit(town, town.people[2], jobtitle="CFO")
    town.once()
    assert town.salesforce.values(other(town, town.people[2]))["Title"] == "CTO"
    done = audited(town)
    assert (done.tally.links, done.tally.differing, done.tally.percent) == (4, 1, 25.0)
    assert done.tally.by_rule == {"contacts/Lead title": 1}
    assert done.tally.by_side == {"salesforce": 1}
    assert done.tally.drifted == {(town.people[2], other(town, town.people[2])): ("title",)}
    assert not done.lasting
    town.once()
    assert town.salesforce.values(other(town, town.people[2]))["Title"] == "CFO"
    assert audited(town).tally.differing == 0


def test_a_mark_explains_a_difference():
    town = peopled()
    lost_edit(town, town.people[0], jobtitle="CFO")
    commands.resync(town.bridge, town.people, "Ada")
    done = audited(town)
    assert done.tally.differing == 0
    assert done.tally.explained == {"waits to be looked at": 1}


def test_an_edit_that_nobody_can_have_heard_of_is_no_drift():
    town = peopled()
    town.hubspot.edit(town.people[0], jobtitle="CFO")
    done = audited(town)
    assert done.tally.explained == {"edited just now": 1}
    assert town.dirty() == 0
    town.clock.sleep(120)
    with town.database.begin() as conn:  # a poll that saw nothing of it
        for side in Side:
            cursors.put(conn, side, cursors.get(conn, side), town.clock.now())
    assert audited(town).tally.differing == 1


def test_what_a_person_is_asked_about_is_explained():
    town = peopled(2)
    town.hubspot.edit(town.people[0], jobtitle="CFO")
    town.salesforce.edit(other(town, town.people[0]), Title="CEO")
    town.salesforce.refuse("Lead", "Title", "Narnian")
    town.hubspot.edit(town.people[1], jobtitle="Narnian")
    town.once()
    town.clock.sleep(600)
    done = audited(town)
    assert done.tally.explained == {"a person is asked which is right": 1, "a value is parked": 1}
    assert done.tally.differing == 0


def test_what_the_rule_never_carries_is_said_separately():
    title = replace(rule("title", "jobtitle", "Title", policy=Policy.HUBSPOT), direction=Direction.TO_SALESFORCE)
    town = peopled(title=title)
    town.salesforce.edit(other(town, town.people[0]), Title="CEO")
    town.once()
    done = audited(town)
    assert done.tally.explained == {"the rule does not carry it that way": 1}
    assert done.tally.standing == {"contacts/Lead title": 1}


def test_a_record_that_is_gone_unheard_is_counted_and_looked_at():
    town = peopled(2)
    lead = other(town, town.people[0])
    row = town.salesforce.rows[lead]
    seq = row.seq
    town.salesforce.archive(lead)
    row.seq = seq
    done = audited(town)
    assert done.tally.missing == {"salesforce": 1}
    assert done.tally.differing == 0
    town.once()
    assert len(town.links()) == 1


def test_what_does_not_heal_is_told_by_name_until_it_does():
    town = peopled()
    lead = other(town, town.people[0])
    lost_edit(town, town.people[0], jobtitle="CFO")
    assert not audited(town).lasting
    unmark(town)
    done = audited(town)
    assert done.lasting == ((town.people[0], lead),)
    told = {issue.code: issue for issue in shown(town)}
    assert told["DOES_NOT_HEAL"].refs == (town.people[0], lead)
    assert "title differ" in told["DOES_NOT_HEAL"].reason
    assert f"smarketing resync {town.people[0]}" in told["DOES_NOT_HEAL"].hint
    town.once()
    audited(town)
    assert not shown(town)


def test_a_pair_that_was_parted_is_no_question_of_drift_any_more():
    town = peopled()
    lead = other(town, town.people[0])
    lost_edit(town, town.people[0], jobtitle="CFO")
    audited(town)
    unmark(town)
    audited(town)
    assert len(shown(town)) == 2
    town.salesforce.archive(lead)
    town.hubspot.archive(town.people[0])
    town.once()
    assert not town.links()
    audited(town)
    assert not shown(town)


def test_drift_above_the_alarm_is_shown_and_told_once_a_day():
    town = peopled(10)
    lost_edit(town, town.people[0], jobtitle="CFO")
    assert audited(town, alarm_percent=10.0, channels=["revops"]).alarm is False
    assert not shown(town)
    for _ in range(2):
        unmark(town)
        assert audited(town, alarm_percent=9.0, channels=["revops"]).alarm is True
    alarm = next(issue for issue in shown(town) if issue.code == "DRIFT")
    assert alarm.reason == "1 of 10 linked pairs (10.0 %) differ without a reason; mostly contacts/Lead title (1)"
    with town.database.begin() as conn:
        (told,) = effects.claim(conn, ActionKind.NOTIFY, town.clock.now(), 10, "revops")
    assert told.effect.subject == "Drift: 10.0 % of the pairs compared"
    assert told.effect.facts == {"percent": "10.00", "compared": "10", "differing": "1"}


def test_everybody_has_their_turn_and_some_are_drawn():
    town = peopled(9)
    seen: list[int] = []
    for _ in range(3):
        done = audited(town, sample=4)  # three in turn, one at random: the even dice draw the fifth
        seen.append(done.tally.links)
    assert seen == [4, 3, 4]
    lost_edit(town, town.people[0], jobtitle="CFO")
    assert audited(town, sample=4).tally.differing == 1


def test_those_that_differed_are_compared_again_whoevers_turn_it_is():
    town = peopled(30)
    lost_edit(town, town.people[0], jobtitle="CFO")
    assert audited(town, sample=4).tally.differing == 1
    town.once()
    lost_edit(town, town.people[0], jobtitle="COO")
    done = audited(town, sample=4)
    assert done.tally.differing == 1
    assert done.lasting


def test_the_calls_are_few():
    town = peopled(30)
    town.hubspot.calls.clear()
    town.salesforce.calls.clear()
    audited(town, sample=20)
    assert town.hubspot.calls == {"read": 1}
    assert town.salesforce.calls == {"read": 1}


def test_an_audit_is_kept_without_a_value_and_forgets_who_is_erased():
    town = peopled(2)
    lost_edit(town, town.people[0], jobtitle="Countess")
    done = audited(town)
    with town.database.read() as conn:
        (row,) = drift.latest(conn, 5)
    assert (row.at, row.compared, row.differing) == (done.at, 2, 1)
    assert row.body["by_rule"] == {"contacts/Lead title": 1}
    assert row.body["drifted"] == [[str(town.people[0]), str(other(town, town.people[0])), "title"]]
    assert "Countess" not in str(row.body)
    commands.forget(town.bridge, town.people[0])
    with town.database.read() as conn:
        (row,) = drift.latest(conn, 5)
    assert row.body["drifted"] == []
    assert row.differing == 1


def test_who_is_kept_apart_or_out_of_scope_is_not_compared():
    town = peopled(3)
    commands.unlink(town.bridge, town.people[0], "Ada")
    town.once()
    scoped = pair("Lead", rules=RULES, in_scope=lambda left, _: left is None or left.ref != town.people[1])
    town.remapped(scoped)
    done = audited(town)
    assert (done.tally.links, done.tally.apart) == (1, 1)


def test_a_link_that_moved_on_while_it_was_read_is_left_to_the_next_audit():
    town = peopled(2)
    lost_edit(town, town.people[0], jobtitle="CFO")
    read = town.hubspot.read_many

    def meanwhile(asked):
        found = read(asked)
        with town.database.begin() as conn:
            link = links.by_refs(conn, [town.people[0]])[town.people[0]]
            links.save(conn, [(link.id, link.version, link.memory)])
        return found

    town.hubspot.read_many = meanwhile
    assert audited(town).tally.links == 1


def test_nobody_linked_is_no_drift():
    town = peopled(0)
    assert audited(town).tally.percent == 0.0
    assert audited(town, sample=10).tally.links == 0


def duty(town: Town, **pace: object) -> Turned:
    """One turn of the worker's duty."""
    act = next(one.act for one in DUTIES if one.name == AUDIT)
    work = Work(town.bridge, Stretch(town.bridge, "a test"), Pace(**pace), channels=["revops"])
    return act(work, town.clock.now(), {})


def test_a_worker_audits_every_so_often_and_tells_its_channels():
    town = peopled(4)
    town.sync("full")  # under this mapping
    lost_edit(town, town.people[0], jobtitle="CFO")
    now = town.clock.now()
    turned = duty(town, audit_every=timedelta(minutes=30), audit_sample=3, alarm_share=0.2)
    assert turned.did == 3
    assert timedelta(minutes=30) < turned.due_at - now <= timedelta(minutes=33, seconds=1)
    with town.database.read() as conn:
        assert effects.counts(conn) == {effects.State.WAITING: 1}


def test_nothing_is_audited_where_nothing_shall_be_or_a_full_pass_is_owed():
    town = peopled(2)
    town.sync("full")
    assert duty(town, audit_sample=0).did == 0
    town.remapped(*town.bridge.mapping.pairs)
    assert duty(town).did == 0
    with town.database.read() as conn:
        assert drift.latest(conn, 1) == []
