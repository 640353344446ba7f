"""sla.yaml: what may be written, what is usual, how every mistake reads, and that the core judges by what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from connector.config.extends import shipped_text
from connector.config.sla import Promises, body_of, policies_from, policies_of
from connector.core.journey import Answered, Channel, Touched, Verdict
from connector.core.policy import Action, ActionKind, Policy, PolicyKind, Span, Unit
from connector.core.policy import Warning as Warned
from connector.core.refs import Side
from connector.core.situation import Situation
from connector.core.sla import OnReassign, ReEntry
from connector.core.values import Kind
from connector.errors import Misconfigured
from tests.config.agreed import ADA, BEN, OFFICE, OWNERS, Agreed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
FIRST_TOUCH = (
    "sla:\n  calendar: office\n  policies:\n    call:\n      kind: first_touch\n      target: 4 business_hours\n"
)


@pytest.fixture
def agreed(folder) -> Agreed:
    return Agreed(folder)


def promises(agreed: Agreed, sla: str, owners=OWNERS, **others: str) -> Promises:
    found = policies_of(agreed.load(sla, **others), owners, NOW)
    assert found is not None
    return found


def call(agreed: Agreed, more: str = "", **others: str) -> Policy:
    """The policy `call` with more lines."""
    return promises(agreed, FIRST_TOUCH + more, **others).policies["call"]


def problems(agreed: Agreed, sla: str, **others: str) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        policies_of(agreed.load(sla, **others), OWNERS, NOW)
    return [str(problem).removeprefix("mappings/") for problem in raised.value.problems]


def asks(question, **said) -> bool:
    return question.holds(Situation(**said))


def test_without_a_lifecycle_or_sla_yaml_nothing_is_promised(agreed):
    assert policies_of(agreed.load(), OWNERS, NOW) is None
    assert body_of(agreed.load()) == ""
    agreed.load(FIRST_TOUCH)
    (agreed.folder.path / "mappings" / "lifecycle.yaml").unlink()
    assert policies_of(agreed.load(), OWNERS, NOW) is None


def test_the_shipped_policies_promise_what_they_say(agreed):
    found = promises(agreed, shipped_text("sla.yaml"), calendars=shipped_text("calendars.yaml"))
    told = {name: (one.kind, one.team, one.targets[0].span, one.attempts) for name, one in found.policies.items()}
    assert told == {
        "first_touch": (PolicyKind.FIRST_TOUCH, "sales", Span(4, Unit.BUSINESS_HOURS), 1),
        "attempts": (PolicyKind.ATTEMPTS, "sales", Span(10, Unit.BUSINESS_DAYS), 5),
        "disposition": (PolicyKind.DISPOSITION, "sales", Span(2, Unit.BUSINESS_DAYS), 1),
        "next_step": (PolicyKind.NEXT_STEP, "sales", Span(5, Unit.BUSINESS_DAYS), 1),
        "feedback_reply": (PolicyKind.FEEDBACK_REPLY, "marketing", Span(5, Unit.BUSINESS_DAYS), 1),
    }
    assert found.policies["first_touch"].warnings == (Warned(percent=75),)
    assert all(not one.on_warning and not one.on_breach for one in found.policies.values())  # no channel, no noise
    assert not found.open_too
    assert found.fields.due_at == {Side.HUBSPOT: "smarketing_sla_due", Side.SALESFORCE: "Smarketing_SLA_Due__c"}


def test_a_small_policy_gets_every_default(agreed):
    policy = call(agreed)
    assert (policy.id, policy.name, policy.team) == ("call", "Call", "sales")
    assert (policy.evidence, policy.re_entry, policy.on_reassign) == (True, ReEntry.NEW_CYCLE, OnReassign.KEEP)
    assert policy.time(Situation()).name == "office"


def test_a_first_touch_starts_at_the_handoff_and_ends_with_a_humans_outbound_touch(agreed):
    policy = call(agreed)
    assert asks(policy.start, stage="mql")
    assert not asks(policy.start, stage="lead")
    assert asks(policy.stop, touch=Touched(Channel.CALL, outbound=True, human=True))
    assert not asks(policy.stop, touch=Touched(Channel.EMAIL, outbound=True, human=False))
    assert not asks(policy.stop, touch=Touched(Channel.CALL, outbound=False, human=True))
    assert asks(policy.cancel, stage="customer", band="after")
    assert asks(policy.cancel, stage="recycled", band="beside")
    assert not asks(policy.cancel, stage="sal", band="mofu")


def test_a_disposition_ends_when_they_leave_the_handoff_and_is_void_when_marketing_takes_them_back(agreed):
    policy = promises(agreed, FIRST_TOUCH.replace("first_touch", "disposition")).policies["call"]
    assert not asks(policy.stop, stage="mql", band="mofu")
    assert asks(policy.stop, stage="sal", band="mofu")
    assert asks(policy.stop, stage="recycled", band="beside")
    assert not asks(policy.cancel, stage="recycled", band="beside")
    assert asks(policy.cancel, stage="lead", band="tofu")


def test_a_next_step_and_a_reply_end_when_the_stage_is_left(agreed):
    text = FIRST_TOUCH.replace("first_touch", "next_step") + "      stages: [sal, sql]\n"
    step = promises(agreed, text).policies["call"]
    assert [asks(step.start, stage="sql"), asks(step.stop, stage="sal"), asks(step.stop, stage="mql")] == [
        True,
        False,
        True,
    ]
    reply = promises(agreed, FIRST_TOUCH.replace("first_touch", "feedback_reply")).policies["call"]
    assert asks(reply.start, answer=Answered(Verdict.REJECT, "bad_data"))
    assert not asks(reply.start, answer=Answered(Verdict.ACCEPT))
    assert [asks(reply.stop, stage="recycled"), asks(reply.stop, stage="lead")] == [False, True]
    assert (reply.team, reply.start.momentary, reply.stop.momentary) == ("marketing", True, False)


def test_attempts_are_void_once_they_leave_the_stages(agreed):
    policy = promises(agreed, FIRST_TOUCH.replace("first_touch", "attempts\n      attempts: 5")).policies["call"]
    assert policy.attempts == 5
    assert [asks(policy.cancel, stage="mql"), asks(policy.cancel, stage="sal")] == [False, True]


def test_everything_that_may_be_written_arrives(agreed):
    policy = call(
        agreed,
        "      name: Ring them\n      team: inside\n      start: stage == 'lead' && hubspot.hubspotscore > 10\n"
        "      stop: touch.channel == 'call'\n      cancel: salesforce.Email == null\n      pause: loops > 2\n"
        "      resume: loops > 3\n      reset: persona == null\n      evidence: false\n      re_entry: resume\n"
        "      on_reassign: {restart: 2}\n      warnings: [50%, 30 business_minutes before]\n"
        "      targets: [{when: band == 'tofu', target: {calendar_days: 1}}]\n",
    )
    assert (policy.name, policy.team, policy.evidence) == ("Ring them", "inside", False)
    assert policy.start.text == "stage == 'lead' && hubspot.hubspotscore > 10"
    assert policy.stop.momentary
    assert [question.text for question in (policy.cancel, policy.pause, policy.resume, policy.reset)] == [
        "salesforce.Email == null",
        "loops > 2",
        "loops > 3",
        "persona == null",
    ]
    assert (policy.re_entry, policy.on_reassign, policy.restarts) == (ReEntry.RESUME, OnReassign.RESTART, 2)
    assert policy.warnings == (Warned(percent=50), Warned(before=Span(30, Unit.BUSINESS_MINUTES)))
    special, usual = policy.targets
    assert (special.span, special.when.text) == (Span(1, Unit.CALENDAR_DAYS), "band == 'tofu'")
    assert (usual.span, usual.when) == (Span(4, Unit.BUSINESS_HOURS), None)


def test_actions_arrive_with_pools_of_owners_who_are_there(agreed):
    lifecycle = shipped_text("lifecycle.yaml").replace(
        "    pools: {}\n", "    pools: {night: {owners: [ben@acme.example], per_day: 3, zone: Asia/Tokyo}}\n"
    )
    policy = call(
        agreed,
        "      warnings: 75%\n      on_warning: [{notify: sales, text: '{policy}: {due}'}, {task: owner}]\n"
        "      on_breach:\n        - reassign: [ada@acme.example, gone@acme.example]\n          cap: 2\n"
        "        - reassign: night\n        - return_to_marketing: recycled\n          reason: unreachable\n"
        "        - webhook: crm\n        - task: ben@acme.example\n          text: Ring {name}\n",
        lifecycle=lifecycle,
    )
    assert policy.on_warning == (
        Action(ActionKind.NOTIFY, to="sales", text="{policy}: {due}"),
        Action(ActionKind.TASK, to="owner"),
    )
    chosen, night, back, hook, task = policy.on_breach
    assert (chosen.pool.name, chosen.pool.owners, chosen.cap) == ("call", (ADA.id,), 2)
    assert (night.pool.name, night.pool.owners, night.pool.per_day, night.pool.zone) == (
        "night",
        (BEN.id,),
        3,
        "Asia/Tokyo",
    )
    assert (back.stage, back.reason) == ("recycled", "unreachable")
    assert (hook.kind, hook.to) == (ActionKind.WEBHOOK, "crm")
    assert (task.to, task.text) == (BEN.id, "Ring {name}")


def test_a_policy_that_is_off_is_checked_and_not_judged(agreed):
    assert promises(agreed, FIRST_TOUCH + "      enabled: false\n").policies == {}
    found = problems(agreed, FIRST_TOUCH + "      enabled: false\n      stop: nonsense\n")
    assert found[0].startswith("sla.yaml:8 sla.policies.call.stop: 'nonsense' at character 1")


def test_fields_that_conditions_ask_for_are_watched(agreed):
    calendars = OFFICE + "  whose:\n    territories: [{when: salesforce.Phone != null, calendar: always}]\n"
    found = promises(agreed, FIRST_TOUCH + "      pause: hubspot.hubspotscore > 3\n", calendars=calendars)
    assert found.watched == {Side.HUBSPOT: {"hubspotscore": Kind.NUMBER}, Side.SALESFORCE: {"Phone": Kind.PHONE}}


def test_whose_calendar_counts_follows_the_situation(agreed):
    calendars = OFFICE + (
        "    night: {week: {mon-fri: 18:00-24:00}}\n    day: {week: {mon-fri: 08:00-12:00}}\n  whose:\n"
        "    order: [lead, owner, team, policy]\n    territories: [{when: persona == 'x', calendar: always}]\n"
        "    owners: {ada@acme.example: night, gone@acme.example: day}\n"
    )
    text = shipped_text("personas.yaml")
    time = call(agreed, calendars=calendars.replace("persona == 'x'", "band == 'tofu'"), personas=text).time
    assert time(Situation(band="tofu", owner=ADA.id)).name == "always"
    assert time(Situation(band="mofu", owner=ADA.id)).name == "night"
    assert time(Situation(band="mofu", owner=BEN.id)).name == "office"


def test_one_business_time_serves_every_policy_and_edition(agreed):
    loaded = agreed.load(FIRST_TOUCH + "    again:\n      kind: disposition\n      target: 1 business_days\n")
    first = policies_of(loaded, OWNERS, NOW).policies
    second = policies_from(body_of(loaded), loaded, OWNERS, NOW)
    times = {id(policy.time(Situation())) for policies in (first, second) for policy in policies.values()}
    assert len(times) == 1


def test_an_edition_that_was_kept_means_what_it_meant_whatever_the_files_say_now(agreed):
    lifecycle = shipped_text("lifecycle.yaml").replace(
        "    pools: {}\n", "    pools: {day: {owners: [ada@acme.example]}}\n"
    )
    text = FIRST_TOUCH + "      pause: hubspot.hubspotscore > 3\n      on_breach: [{reassign: day}, {notify: sales}]\n"
    before = promises(agreed, text, lifecycle=lifecycle)
    other = shipped_text("contacts.yaml").replace("hubspot: hubspotscore", "hubspot: another_score")
    stages = (
        shipped_text("lifecycle.yaml")
        .replace("    stages: [mql]", "    stages: [sal]")
        .replace("hubspot.hubspotscore", "hubspot.another_score")
    )
    today = agreed.load(
        FIRST_TOUCH.replace("4 b", "9 b"), contacts=other, lifecycle=stages, calendars=OFFICE.replace("17:00", "12:00")
    )
    agreed.folder.write("config.yaml", (agreed.folder.path / "config.yaml").read_text().replace("{sales:", "{others:"))
    policy = policies_from(before.body, today, OWNERS, NOW)["call"]
    assert policy.targets[0].span == Span(4, Unit.BUSINESS_HOURS)
    assert asks(policy.start, stage="mql")
    assert asks(policy.pause, fields={Side.HUBSPOT: {"hubspotscore": "4"}})
    assert policy.on_breach[0].pool.owners == (ADA.id,)
    start = datetime(2026, 11, 23, 10, tzinfo=UTC)  # 11 o'clock in Berlin
    assert policy.time(Situation()).add(start, timedelta(hours=4)) == start + timedelta(hours=4)


def test_the_version_is_another_when_anything_that_counts_is(agreed):
    first = promises(agreed, FIRST_TOUCH)
    same = promises(
        agreed,
        "# a comment\n"
        + FIRST_TOUCH.replace(
            "kind: first_touch\n      target: 4 business_hours", "target: 4 business_hours\n      kind: first_touch"
        ),
    )
    assert same.version == first.version
    assert promises(agreed, FIRST_TOUCH.replace("4 b", "5 b")).version != first.version
    assert promises(agreed, FIRST_TOUCH, calendars=OFFICE.replace("17:00", "18:00")).version != first.version


def test_what_is_kept_holds_no_secret_and_is_what_the_files_say(agreed):
    loaded = agreed.load(FIRST_TOUCH + "      on_breach: [{webhook: crm}]\n")
    body = body_of(loaded)
    assert body == policies_of(loaded, OWNERS, NOW).body
    assert "s3cret" not in body
    assert "a.test" not in body
    assert orjson.loads(body)["sla"]["policies"]["call"]["target"] == "4 business_hours"


def test_an_edit_says_whether_open_clocks_follow_it(agreed):
    assert promises(agreed, FIRST_TOUCH.replace("sla:\n", "sla:\n  edits: open_too\n")).open_too
    assert not promises(agreed, FIRST_TOUCH).open_too


def test_a_file_that_extends_the_default_says_only_what_differs(agreed):
    calendars = "extends: default\ncalendars: {named: {office: {zone: Asia/Tokyo, week: {mon: 10:00-12:00}}}}\n"
    text = "extends: default\nsla: {policies: {attempts: null, first_touch: {target: 1 hours}}}\n"
    found = promises(agreed, text, calendars=calendars).policies
    assert list(found) == ["first_touch", "disposition", "next_step", "feedback_reply"]
    assert found["first_touch"].targets[0].span == Span(1, Unit.HOURS)
    (calendar,) = found["first_touch"].time(Situation()).calendars
    assert (calendar.zone, [len(day) for day in calendar.weeks[0].days]) == ("Asia/Tokyo", [1, 0, 0, 0, 0, 0, 0])
