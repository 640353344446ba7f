"""What sla.yaml and calendars.yaml say, judged by the core: deadlines, warnings, and the shipped policies at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.config.extends import shipped_text
from connector.config.sla import Promises, policies_of
from connector.core.journey import Answered, Channel, Entry, Ruled, Touched, Verdict
from connector.core.lifecycle import Kind, Mover
from connector.core.policies import EVER, judge_all
from connector.core.policy import Edition
from connector.core.refs import Ref, Side
from connector.core.situation import Situation
from connector.core.sla import State
from tests.config.agreed import ADA, OWNERS, Agreed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
FIRST_TOUCH = "sla:\n  policies:\n    call:\n      kind: first_touch\n      target: 4 business_hours\n"


@pytest.fixture
def agreed(folder) -> Agreed:
    return Agreed(folder)


def promises(agreed: Agreed, sla: str, **others: str) -> Promises:
    found = policies_of(agreed.load(sla, **others), OWNERS, NOW)
    assert found is not None
    return found


WORDS = {"mql": "mofu", "sal": "mofu", "lead": "tofu", "recycled": "beside"}


def entry(at: datetime, what) -> Entry:
    return Entry(Ref(Side.HUBSPOT, "contacts", "1"), at, at, what)


def moved(at: datetime, stage: str, mover: Mover = Mover.MARKETING):
    """Somebody comes to a stage, as a step of a journey."""
    return entry(at, Ruled(stage, mover, Kind.FORWARD)), Situation(stage=stage, band=WORDS[stage], owner=ADA.id)


def touched(at: datetime, *, human: bool = True):
    touch = Touched(Channel.CALL, outbound=True, human=human, by="Ada")
    return entry(at, touch), Situation(stage="mql", band="mofu", owner=ADA.id, touch=touch)


def judged(found: Promises, steps, now: datetime):
    """Every cycle of a journey that begins in `lead`, by policy."""
    edition = Edition(found.version, EVER, found.policies)
    began = moved(datetime(2026, 11, 1, tzinfo=UTC), "lead")
    return judge_all((edition,), [began, *steps], now)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "target", "start", "due"),
    [
        ("mon-fri: 09:00-17:00", "1 business_hours", utc(20, 16, 30), utc(23, 9, 30)),
        ("mon-fri: 08:00-18:00", "4 business_hours", utc(23, 17), utc(24, 11)),
        ("mon-sun: 10:00-18:00", "10 business_hours", utc(25, 15), utc(26, 17)),
        ("mon-sun: 10:00-18:00", "10 business_hours", utc(25, 20), utc(27, 12)),
        ("mon-fri: 09:00-17:00", "8 business_hours", utc(20, 16), utc(23, 16)),
        ("mon-fri: 09:00-17:00", "2 business_hours", utc(20, 16), utc(23, 10)),
    ],
)
def test_the_deadlines_of_the_product_description_are_met_by_what_is_written(agreed, hours, target, start, due):
    calendars = f"calendars:\n  named:\n    office:\n      week: {{{hours}}}\n"
    found = promises(agreed, FIRST_TOUCH.replace("4 business_hours", target), calendars=calendars)
    (cycle,) = judged(found, [moved(start, "mql")], start)["call"]
    assert (cycle.state, cycle.due_at) == (State.RUNNING, due)
    (cycle,) = judged(found, [moved(start, "mql"), touched(due)], due + timedelta(days=3))["call"]
    assert (cycle.state, cycle.ended_at) == (State.MET, due)
    late = touched(due + timedelta(minutes=10))
    (cycle,) = judged(found, [moved(start, "mql"), late], due + timedelta(days=3))["call"]
    assert (cycle.state, cycle.lateness) == (State.BREACHED, timedelta(minutes=10))


def test_a_warning_is_found_by_walking_business_time_backward(agreed):
    calendars = "calendars:\n  named:\n    office:\n      week: {mon-fri: 08:00-18:00}\n"
    text = FIRST_TOUCH + "      warnings: 1 business_hours before\n      on_warning: [{notify: sales}]\n"
    found = promises(agreed, text, calendars=calendars)
    steps = [moved(utc(23, 17), "mql")]
    assert judged(found, steps, utc(24, 9, 59))["call"][0].state is State.RUNNING
    (cycle,) = judged(found, steps, utc(24, 10))["call"]
    assert (cycle.state, cycle.due_at) == (State.WARNED, utc(24, 11))


def test_an_automatic_mail_and_a_bare_status_keep_no_promise_of_a_first_touch(agreed):
    found = promises(agreed, FIRST_TOUCH)
    steps = [moved(utc(23, 9), "mql"), touched(utc(23, 10), human=False), moved(utc(23, 11), "sal", Mover.SALES)]
    (cycle,) = judged(found, steps, utc(24, 17))["call"]
    assert cycle.state is State.BREACHED


def test_the_shipped_policies_follow_a_lead_to_its_rejection_and_the_reply(agreed):
    found = promises(agreed, shipped_text("sla.yaml"), calendars=shipped_text("calendars.yaml"))
    answer = Answered(Verdict.REJECT, "bad_data", by="Ada")
    rejected = entry(utc(24, 10), answer), Situation(stage="mql", band="mofu", owner=ADA.id, answer=answer)
    back = entry(utc(24, 10), Ruled("recycled", Mover.SALES, Kind.RECYCLE, reason="bad_data"))
    steps = [
        moved(utc(23, 9), "mql"),
        touched(utc(23, 12)),
        rejected,
        (back, Situation(stage="recycled", band="beside", owner=ADA.id)),
        moved(utc(26, 12), "lead"),
    ]
    states = {name: [cycle.state for cycle in cycles] for name, cycles in judged(found, steps, utc(30, 9)).items()}
    assert states == {
        "first_touch": [State.MET],
        "attempts": [State.CANCELLED],
        "disposition": [State.MET],
        "feedback_reply": [State.MET],
    }
