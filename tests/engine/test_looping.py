"""The loop breaker: what goes back and forth without a person is parked, and who else writes is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.core.looping import LOOP, OVERRULED, Limit
from connector.core.mapping import Direction, Policy
from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.engine import commands
from connector.engine.authors import SAVED_BY
from connector.engine.doing import DUTIES
from connector.engine.duties import HOUSEKEEPING, Work
from connector.engine.facts import Asked, learn
from connector.engine.stretch import Stretch
from connector.errors import Transient
from connector.ports import Owner
from connector.storage import issues, rewrites
from tests.engine.agreeing import agree, both, hand_over
from tests.engine.agreeing import in_hubspot as in_the_crm
from tests.engine.town import CROSS, RULES, Town, pair, rule

WORKFLOW, PERSON, APP = "AUTOMATION_PLATFORM enrollmentId:7", "CRM_UI userId:864", "INTEGRATION 1234567"
OURS, ADA, RIVAL = "005000000000001AAA", "005000000000002AAA", "005000000000003AAA"
MIRRORED = replace(rule("title", "jobtitle", "Title"), direction=Direction.TO_HUBSPOT, mirror=True)
NEWEST = rule("title", "jobtitle", "Title", policy=Policy.NEWEST)
TIMES = 3


def looping_town(title=MIRRORED) -> Town:
    """Ada is linked; both sides call her CTO. Salesforce says who saved a record."""
    rules = (*(one for one in RULES if one.name != "title"), title)
    town = Town(pairs=(pair("Lead", rules=rules),))
    town.bridge = replace(town.bridge, loops=Limit(TIMES, timedelta(minutes=60)))
    town.salesforce.schemas["Lead"] = {**town.salesforce.schemas["Lead"], SAVED_BY: Kind.TEXT}
    town.salesforce.people = [
        Owner(OURS, "bridge@acme.example", "Bridge", ours=True),
        Owner(ADA, "ada@acme.example", "Ada Rep"),
        Owner(RIVAL, "sync@acme.example", "Other Sync"),
    ]
    learn(town.database, town.bridge.crms, Asked(dict.fromkeys(Side, ()), ""), town.clock.now())
    town.person = town.contact(email="ada@acme.example", lastname="L", jobtitle="CTO")
    town.record = town.lead(Email="ada@acme.example", LastName="L", Title="CTO")
    town.full()
    assert town.links() == [(town.person, town.record)]
    return town


def in_hubspot(town: Town, value: str | None, source: str = WORKFLOW) -> None:
    """Something changes the job title in HubSpot."""
    town.hubspot._put(town.hubspot.rows[town.person], {"jobtitle": value}, source)


def in_salesforce(town: Town, value: str | None, user: str = ADA) -> None:
    """Something changes the title in Salesforce."""
    town.clock.sleep(10)
    town.salesforce._put(town.salesforce.rows[town.record], {"Title": value, SAVED_BY: user}, "user")


def titles(town: Town) -> tuple[str | None, str | None]:
    return town.hubspot.values(town.person).get("jobtitle"), town.salesforce.values(town.record).get("Title")


def loops(town: Town):
    return [one for one in town.issues() if one.issue.kind is IssueKind.PARKED]


def kept(town: Town, ref: Ref, field: str):
    with town.database.read() as conn:
        return rewrites.of(conn, [(ref, field)]).get((ref, field))


def fight(town: Town, rounds: int, source: str = WORKFLOW) -> None:
    """A workflow says B whenever the bridge says CTO."""
    for _ in range(rounds):
        in_hubspot(town, "B", source)
        town.once()


def test_a_workflow_that_undoes_a_mirrored_field_is_let_alone_after_so_many_writes_and_named():
    town = looping_town()
    fight(town, TIMES)
    assert titles(town) == ("CTO", "CTO")
    assert not loops(town)
    fight(town, 2)
    assert titles(town) == ("B", "CTO")
    (stored,) = loops(town)
    issue = stored.issue
    assert (issue.code, issue.side, issue.field, issue.value, issue.other_value) == (
        OVERRULED,
        Side.HUBSPOT,
        "jobtitle",
        "CTO",
        "B",
    )
    assert issue.refs == (town.person, town.record)
    assert f"written {TIMES} times in 1 min" in issue.reason
    assert "a HubSpot workflow (AUTOMATION_PLATFORM enrollmentId:7) (3 times)" in issue.reason
    assert "'B' -> 'CTO'" in issue.reason
    assert "smarketing unpark --field jobtitle" in issue.hint
    assert sum("jobtitle" in values for _, _, values in town.hubspot.log) == TIMES


def test_a_mirror_rule_and_a_person_who_edits_often_is_no_loop():
    town = looping_town()
    fight(town, 3 * TIMES, PERSON)
    assert titles(town) == ("CTO", "CTO")
    assert not loops(town)
    assert len(kept(town, town.person, "jobtitle").rounds) == 1


def test_a_person_between_two_rounds_of_a_workflow_lets_the_count_begin_anew():
    town = looping_town()
    for _ in range(3):
        fight(town, TIMES - 1)
        fight(town, 1, PERSON)
    assert not loops(town)
    assert titles(town) == ("CTO", "CTO")


def answer(town: Town, number: int, user: str, source: str) -> None:
    """Either side's automation rewrites what the bridge has just written there."""
    for crm, name, react in (
        (town.hubspot, "jobtitle", lambda: in_hubspot(town, f"h{number}", source)),
        (town.salesforce, "Title", lambda: in_salesforce(town, f"s{number}", user)),
    ):
        if any(name in values for _, _, values in crm.log[crm.seen :]):
            react()
        crm.seen = len(crm.log)


def ping_pong(town: Town, rounds: int, user: str = OURS, source: str = WORKFLOW) -> None:
    """Each side answers each write of ours, beginning with a change by HubSpot's."""
    town.hubspot.seen, town.salesforce.seen = len(town.hubspot.log), len(town.salesforce.log)
    in_hubspot(town, "h", source)
    for number in range(2 * rounds):
        town.once()
        answer(town, number, user, source)


def written(town: Town) -> tuple[int, int]:
    """How often the bridge has updated either side's field."""
    logs = ((town.hubspot.log, "jobtitle"), (town.salesforce.log, "Title"))
    return tuple(sum(act == "update" and name in values for act, _, values in log) for log, name in logs)


def test_two_automations_of_two_sides_are_stopped_whatever_values_they_make():
    town = looping_town(NEWEST)
    ping_pong(town, 10)
    (stored,) = loops(town)
    assert stored.issue.code == LOOP
    assert stored.issue.side is Side.SALESFORCE
    assert "a HubSpot workflow (AUTOMATION_PLATFORM enrollmentId:7) (3 times)" in stored.issue.reason
    assert "a flow, trigger or rule in Salesforce that runs when the bridge writes (2 times)" in stored.issue.reason
    assert written(town) == (TIMES, TIMES)


@pytest.mark.parametrize(
    ("user", "source", "named"),
    [
        (OURS, WORKFLOW, "a HubSpot workflow"),
        (RIVAL, APP, "another program in HubSpot (INTEGRATION 1234567)"),
        ("005000000000009AAA", APP, "another program in HubSpot"),
    ],
    ids=["a flow that answers us", "another bridge", "a user nobody knows"],
)
def test_whoever_is_no_person_counts(user: str, source: str, named: str):
    town = looping_town(NEWEST)
    ping_pong(town, 2 * TIMES, user, source)
    (stored,) = loops(town)
    assert named in stored.issue.reason


def test_a_rep_who_keeps_answering_a_workflow_is_no_loop():
    town = looping_town(NEWEST)
    ping_pong(town, 3 * TIMES, ADA)
    assert not loops(town)
    assert min(written(town)) > TIMES


def test_a_stream_of_values_in_one_direction_is_no_loop_however_fast_it_is():
    town = looping_town(NEWEST)
    for number in range(4 * TIMES):
        in_hubspot(town, f"score {number}")
        town.once()
    assert not loops(town)
    assert titles(town) == (f"score {4 * TIMES - 1}",) * 2
    assert kept(town, town.record, "Title") is None
    assert town.hubspot.calls["read"] == town.salesforce.calls["read"]


def test_a_field_that_is_let_go_by_a_person_is_tried_so_many_times_again():
    town = looping_town()
    fight(town, TIMES + 1)
    (stored,) = loops(town)
    commands.unpark(town.bridge, [stored.id], "Ada")
    town.once()
    assert titles(town) == ("CTO", "CTO")
    assert not loops(town)
    fight(town, TIMES)
    assert len(loops(town)) == 1


def test_another_value_from_a_person_is_written_though_the_field_is_parked():
    town = looping_town(NEWEST)
    ping_pong(town, 2 * TIMES)
    (stored,) = loops(town)
    in_hubspot(town, "still the workflow")
    town.once()
    assert [one.id for one in loops(town)] == [stored.id]
    town.clock.sleep(60)
    in_hubspot(town, "Countess", PERSON)
    town.once()
    assert titles(town) == ("Countess", "Countess")
    assert not loops(town)


def test_a_person_on_the_parked_side_frees_the_field_as_well():
    town = looping_town(NEWEST)
    ping_pong(town, 2 * TIMES)
    (stored,) = loops(town)
    assert stored.issue.side is Side.SALESFORCE
    town.clock.sleep(60)
    in_salesforce(town, "Countess", ADA)
    town.once()
    assert titles(town) == ("Countess", "Countess")
    assert not loops(town)


def test_a_new_value_of_the_source_passes_a_parked_mirror():
    town = looping_town()
    fight(town, TIMES + 1)
    assert loops(town)
    in_salesforce(town, "CFO")
    town.once()
    assert titles(town) == ("CFO", "CFO")
    assert not loops(town)


def test_after_the_window_a_parked_field_is_tried_again_by_itself():
    town = looping_town()
    fight(town, TIMES + 1)
    town.clock.sleep(59 * 60)
    town.once()
    assert len(loops(town)) == 1
    town.clock.sleep(2 * 60)
    town.once()
    assert not loops(town)
    assert titles(town) == ("CTO", "CTO")


def test_what_was_written_long_ago_does_not_count():
    town = looping_town()
    for _ in range(2 * TIMES):
        fight(town, 1)
        town.clock.sleep(61 * 60)
    assert not loops(town)
    town.once()
    assert kept(town, town.person, "jobtitle") is None


def test_a_loop_that_has_come_to_rest_is_no_question_any_more():
    town = looping_town()
    fight(town, TIMES + 1)
    town.hubspot._put(town.hubspot.rows[town.person], {"jobtitle": "CTO", "lastname": "Lovelace"}, WORKFLOW)
    town.once()
    assert not loops(town)


def test_the_neighbours_of_a_parked_field_are_written():
    town = looping_town()
    fight(town, TIMES)
    town.hubspot._put(town.hubspot.rows[town.person], {"jobtitle": "B", "lastname": "Lovelace"}, WORKFLOW)
    town.once()
    assert town.salesforce.values(town.record)["LastName"] == "Lovelace"
    assert titles(town) == ("B", "CTO")


def test_nobody_can_be_asked_and_the_field_is_parked_all_the_same():
    town = looping_town()
    for _ in range(TIMES + 1):
        town.hubspot._put(town.hubspot.rows[town.person], {"jobtitle": "B"}, WORKFLOW)
        reads = town.hubspot.read

        def read(view, ids, history=(), reads=reads):
            if history:
                raise Transient("the line broke")
            return reads(view, ids, history)

        town.hubspot.read = read
        town.once()
        town.hubspot.read = reads
    (stored,) = loops(town)
    assert "nobody knows who" in stored.issue.reason


def test_nothing_of_a_loop_is_kept_of_somebody_erased():
    town = looping_town()
    fight(town, TIMES + 1)
    assert kept(town, town.person, "jobtitle").parked
    commands.forget(town.bridge, town.person)
    assert kept(town, town.person, "jobtitle") is None
    assert not loops(town)


def test_a_conflict_settled_by_a_person_begins_the_count_anew():
    town = looping_town(rule("title", "jobtitle", "Title"))
    ping_pong(town, TIMES - 1)
    in_hubspot(town, "mine")
    in_salesforce(town, "yours", OURS)
    town.once()
    (stored,) = [one for one in town.issues() if one.issue.kind is IssueKind.CONFLICT]
    commands.settle(town.bridge, stored.id, Side.HUBSPOT, "Ada")
    town.once()
    assert titles(town) == ("mine", "mine")
    assert len(kept(town, town.record, "Title").rounds) == 1


def test_a_cross_id_that_something_clears_again_and_again_is_let_alone():
    town = looping_town()
    for _ in range(TIMES + 2):
        town.hubspot._put(town.hubspot.rows[town.person], {CROSS: None}, WORKFLOW)
        town.once()
    (stored,) = loops(town)
    assert (stored.issue.field, stored.issue.code) == (CROSS, OVERRULED)
    assert town.hubspot.values(town.person).get(CROSS) is None


def test_unparking_closes_it_in_the_store():
    town = looping_town()
    fight(town, TIMES + 1)
    (stored,) = loops(town)
    commands.unpark(town.bridge, [stored.id], "Ada")
    assert kept(town, town.person, "jobtitle").rounds == ()
    with town.database.read() as conn:
        assert issues.by_id(conn, stored.id) is None


def test_a_worker_tries_a_parked_field_again_when_its_time_has_come():
    town = looping_town()
    fight(town, TIMES + 1)
    keep_house = next(one.act for one in DUTIES if one.name == HOUSEKEEPING)
    town.clock.sleep(30 * 60)
    work = Work(town.bridge, Stretch(town.bridge, "a test"))
    turned = keep_house(work, town.clock.now(), {})
    assert len(loops(town)) == 1
    assert timedelta(minutes=29) < turned.due_at - town.clock.now() < timedelta(minutes=31)
    town.clock.sleep(31 * 60)
    assert keep_house(work, town.clock.now(), {}).did == 1
    assert not loops(town)
    assert town.dirty() == 1


def test_what_both_teams_agreed_on_is_not_insisted_on_for_ever(town: Town):
    """A workflow that writes its own words into a feedback field is let alone, and named."""
    agree(town)
    town.bridge = replace(town.bridge, loops=Limit(TIMES, timedelta(minutes=60)))
    contact, _ = both(town)
    hand_over(town, contact)
    assert in_the_crm(town, contact)["fb_status"] == "waiting"
    for _ in range(TIMES + 2):
        town.hubspot._put(town.hubspot.rows[contact], {"fb_status": "mine"}, WORKFLOW)
        town.once()
    (stored,) = loops(town)
    assert (stored.issue.field, stored.issue.rule, stored.issue.code) == ("fb_status", "feedback", OVERRULED)
    assert "a HubSpot workflow (AUTOMATION_PLATFORM enrollmentId:7) (3 times)" in stored.issue.reason
    assert in_the_crm(town, contact)["fb_status"] == "mine"
    town.once()
    assert len(loops(town)) == 1
    commands.unpark(town.bridge, [stored.id], "Ada")
    town.once()
    assert in_the_crm(town, contact)["fb_status"] == "waiting"
