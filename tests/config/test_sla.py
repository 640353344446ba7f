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


NOTHING = "is missing, and nothing in the lifecycle and feedback files says what is usual"
STAGES = "subscriber, lead, mql, sal, sql, opportunity, customer, evangelist, recycled, disqualified"
LINE = "sla.yaml:7 sla.policies.call"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("kindd: x", "kindd: is not known here; did you mean 'kind'?"),
        ("warnings: 75", "warnings: 75 is no time of a warning; write 75%, or 1 business_hours before"),
        ("warnings: 100%", "warnings: '100%' is at the start or after the deadline; write 1% to 99%"),
        (
            "warnings: 1 day before",
            "warnings: 'day' may mean working days or any days; say business_days or calendar_days",
        ),
        ("attempts: 3", "attempts: is for policies of kind attempts; this one is of kind first_touch"),
        ("resume: loops > 1", "resume: means nothing without pause"),
        ("on_warning: [{task: owner}]", "on_warning: never happens: there are no warnings; add warnings: [75%]"),
        (
            "re_entry: restrat",
            "re_entry: 'restrat' is not one of ignore, restart, resume, new_cycle; did you mean 'restart'?",
        ),
        ("on_reassign: rest", "on_reassign: 'rest' is not one of keep, restart; did you mean 'restart'?"),
        ("on_reassign: 3", "on_reassign: must be keep, per_owner, restart or {restart: NUMBER}"),
        ("calendar: offic", "calendar: there is no calendar 'offic'; did you mean 'office'?"),
        ("stages: mqll", "stages: there is no stage 'mqll'; did you mean 'mql'?"),
        (
            "start: stage == 'mlq'",
            "start: \"stage == 'mlq'\" at character 10: stage is never 'mlq'; did you mean 'mql'?",
        ),
        ("cancel: stage", "cancel: 'stage' at character 1: does not ask a question; its answer must be true or false"),
        (
            "targets: [{when: touch != null, target: 1 hours}]",
            (
                "targets[0].when: asks about a touch, an answer or a deal, but is asked when there is none; ask for"
                " what stays"
            ),
        ),
        ("targets: [{target: 1 hours}]", "targets[0].when: is missing"),
        ("on_breach: [{notify: sale}]", "on_breach[0].notify: there is no channel 'sale'; did you mean 'sales'?"),
        ("on_breach: [{webhook: zz}]", "on_breach[0].webhook: there is no webhook 'zz'; there are crm"),
        (
            "on_breach: [{return_to_marketing: recycle}]",
            "on_breach[0].return_to_marketing: there is no stage 'recycle'; did you mean 'recycled'?",
        ),
        (
            "on_breach: [{return_to_marketing: recycled, reason: unreachabl}]",
            "on_breach[0].reason: there is no reason 'unreachabl'; did you mean 'unreachable'?",
        ),
        (
            "on_breach: [{reassign: night}]",
            "on_breach[0].reassign: there is no pool 'night'; name a pool of the handoff's, or owners by e-mail",
        ),
        (
            "on_breach: [{}]",
            "on_breach[0]: says nothing to do; write one of notify, task, reassign, return_to_marketing, webhook",
        ),
        (
            "on_breach: [{notify: sales, task: owner}]",
            "on_breach[0]: says notify and task; make each an action of its own",
        ),
        (
            "on_breach: [{notify: sales, cap: 2}]",
            "on_breach[0].cap: means nothing beside notify; it belongs to reassign",
        ),
        (
            "on_breach: [{notify: sales, text: 'Hi {nam}'}]",
            "on_breach[0].text: nothing is known as {nam}; did you mean 'name'?",
        ),
        (
            "on_breach: [{notify: sales, text: '{x}'}]",
            "on_breach[0].text: nothing is known as {x}; there are policy, name, due, late, owner, stage",
        ),
    ],
)
def test_a_mistake_names_file_line_key_and_what_would_be_right(agreed, more, problem):
    assert problems(agreed, FIRST_TOUCH + f"      {more}\n") == [f"{LINE}.{problem}"]


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("2 days", "'days' may mean working days or any days; say business_days or calendar_days"),
        ("1 day", "'day' may mean working days or any days; say business_days or calendar_days"),
        ("{days: 2}", "'days' may mean working days or any days; say business_days or calendar_days"),
        ("2 weeks", "'weeks' may mean working days or any days; say business_days or calendar_days"),
        ("4", "4 is no amount of time; write it like 4 business_hours or {business_hours: 4}"),
        ("soon", "'soon' is no amount of time; write it like 4 business_hours or {business_hours: 4}"),
        ("0 hours", "'0 hours' promises nothing; the least is 1, the most 100000"),
        (
            "4 busines_hours",
            (
                "'busines_hours' is not one of business_days, business_hours, business_minutes, calendar_days, hours,"
                " minutes; did you mean 'business_hours'?"
            ),
        ),
        ("90000 business_days", "90000 business_days are more than the calendar 'office' is open in ten years"),
    ],
)  # fmt: skip
def test_an_amount_of_time_is_plain_or_refused(agreed, target, problem):
    text = FIRST_TOUCH.replace("4 business_hours", target)
    assert problems(agreed, text) == [f"sla.yaml:6 sla.policies.call.target: {problem}"]


@pytest.mark.parametrize(
    ("target", "span"),
    [
        ("4 business_hours", Span(4, Unit.BUSINESS_HOURS)),
        ("{business_hours: 4}", Span(4, Unit.BUSINESS_HOURS)),
        ("1 business_day", Span(1, Unit.BUSINESS_DAYS)),
        ("30 Minutes", Span(30, Unit.MINUTES)),
        ("3 calendar days", Span(3, Unit.CALENDAR_DAYS)),
    ],
)
def test_an_amount_of_time_may_be_written_in_either_form(agreed, target, span):
    assert promises(agreed, FIRST_TOUCH.replace("4 business_hours", target)).policies["call"].targets[0].span == span


def test_what_nothing_says_is_asked_for(agreed):
    lifecycle = shipped_text("lifecycle.yaml")
    start = lifecycle.index("  # Handing people over to sales.")
    text = FIRST_TOUCH.replace("first_touch", "feedback_reply")
    (agreed.folder.path / "mappings" / "feedback.yaml").unlink()
    assert problems(agreed, text) == [f"sla.yaml:4 sla.policies.call.stop: {NOTHING}"]
    end = lifecycle.index("  # Where each side tells what first brought a person here")
    assert problems(agreed, FIRST_TOUCH, lifecycle=lifecycle[:start] + lifecycle[end:]) == [
        f"sla.yaml:4 sla.policies.call.start: {NOTHING}"
    ]
    assert problems(agreed, FIRST_TOUCH.replace("first_touch", "attempts"), lifecycle=lifecycle) == [
        "sla.yaml:4 sla.policies.call.attempts: is missing: how many touches are promised?"
    ]
    assert problems(agreed, FIRST_TOUCH.replace("first_touch", "next_step")) == [
        "sla.yaml:4 sla.policies.call.stages: is missing: in which stages may nobody stay longer than the target?"
    ]
    assert problems(agreed, FIRST_TOUCH + "      stages: mql\n      start: 'true'\n") == [
        "sla.yaml:7 sla.policies.call.stages: stands beside start; keep one of the two"
    ]


def test_several_calendars_need_a_name_and_a_single_one_does_not(agreed):
    bare = FIRST_TOUCH.replace("  calendar: office\n", "")
    assert promises(agreed, bare).policies["call"].time(Situation()).name == "office"
    two = OFFICE + "    night: {week: {mon: 18:00-24:00}}\n"
    assert problems(agreed, bare, calendars=two) == [
        "sla.yaml:3 sla.policies.call.calendar: is missing; there are always, night, office"
    ]
    (agreed.folder.path / "mappings" / "calendars.yaml").unlink()
    assert problems(agreed, FIRST_TOUCH) == ["sla.yaml:2 sla.calendar: there is no calendar 'office'; there are always"]
    assert promises(agreed, bare + "      calendar: always\n").policies["call"].time(Situation()).name == "always"


def test_every_problem_of_both_files_is_told_at_once(agreed):
    calendars = OFFICE + "  whose:\n    territories: [{when: stage == 'x', calendar: office}]\n"
    text = FIRST_TOUCH + "      pause: stage == 'y'\n      on_breach: [{notify: nobody}]\n"
    assert problems(agreed, text, calendars=calendars) == [
        (
            "calendars.yaml:5 calendars.whose.territories[0].when: \"stage == 'x'\" at character 10: stage is never"
            f" 'x'; there are {STAGES}"
        ),
        (
            "sla.yaml:7 sla.policies.call.pause: \"stage == 'y'\" at character 10: stage is never 'y'; there are"
            f" {STAGES}"
        ),
        "sla.yaml:8 sla.policies.call.on_breach[0].notify: there is no channel 'nobody'; there are sales",
    ]


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
