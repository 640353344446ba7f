"""Terms: what a policy promises somebody in a situation at a moment, in business time, pinned for the whole cycle.

People agree on working days, hours or minutes, and on calendar days and hours around the clock. Each becomes business
time of one calendar at the start, warnings too, by walking backward from the first deadline: later pauses then move
deadline and warnings together, and a calendar edited tomorrow does not bend what was promised today.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connector.core.calendars import BusinessTime, around_the_clock
from connector.core.policy import Policy, Span, Target, Unit
from connector.core.policy import Warning as Warned
from connector.core.situation import Situation
from connector.core.sla import Terms

_PERCENT = 100
_PINNED_MAX = 1_000  # terms kept of one policy; made anew beyond
_ONE = {
    Unit.BUSINESS_HOURS: timedelta(hours=1),
    Unit.BUSINESS_MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.MINUTES: timedelta(minutes=1),
}
_AROUND_THE_CLOCK = frozenset({Unit.CALENDAR_DAYS, Unit.HOURS, Unit.MINUTES})


def promised(policy: Policy, version: str, situation: Situation, at: datetime) -> Terms:
    """What the policy, as its edition `version` has it, promises somebody in this situation from `at` on.

    Raises:
        NeverOpens: when its calendar is not open for so long within the horizon; config refuses such a calendar.
    """
    span = target(policy, situation).span
    business = policy.time(situation)
    time = running_in(span.unit, business)
    allowed = later(span, time, at)
    key = (version, allowed, time)
    known = policy.pinned.get(key)
    if known is not None:
        return known
    terms = Terms(
        policy=policy.id,
        version=version,
        target=allowed,
        time=time,
        warnings=_warnings(policy.warnings, allowed, time, business, at),
        attempts=policy.attempts,
        evidence=policy.evidence,
        re_entry=policy.re_entry,
        on_reassign=policy.on_reassign,
        restarts=policy.restarts,
        name=policy.name,
    )
    if all(_is_steady(one, span.unit) for one in policy.warnings) and len(policy.pinned) < _PINNED_MAX:
        policy.pinned[key] = terms
    return terms


def _is_steady(warning: Warned, unit: Unit) -> bool:
    """Whether it lies as long before every deadline of a target in a unit."""
    before = warning.before
    same_clock = before is not None and (before.unit in _AROUND_THE_CLOCK) == (unit in _AROUND_THE_CLOCK)
    return before is None or (same_clock and before.unit in _ONE)


def target(policy: Policy, situation: Situation) -> Target:
    """The first target that fits; the last has no condition, so there is one."""
    *conditional, last = policy.targets
    for one in conditional:
        if one.when is None or one.when.holds(situation):
            return one
    return last


def running_in(unit: Unit, business: BusinessTime) -> BusinessTime:
    """The time an amount is counted in: business time, or the clock on the wall of the same zone."""
    return around_the_clock(business.calendars[0].zone) if unit in _AROUND_THE_CLOCK else business


def later(span: Span, time: BusinessTime, start: datetime) -> timedelta:
    """How much of `time` an amount is when it begins at `start`."""
    one = _ONE.get(span.unit)
    return one * span.amount if one else time.days_later(start, span.amount)


def _warnings(
    warnings: tuple[Warned, ...], allowed: timedelta, time: BusinessTime, business: BusinessTime, at: datetime
) -> tuple[timedelta, ...]:
    """Business time before the deadline of every warning, the earliest first."""
    if not warnings:
        return ()
    due = time.add(at, allowed)
    ahead = (
        allowed * (_PERCENT - (one.percent or 0)) / _PERCENT
        if one.before is None
        else time.measure(_before(one.before, business, due), due)
        for one in warnings
    )
    return tuple(sorted(ahead, reverse=True))


def _before(span: Span, business: BusinessTime, due: datetime) -> datetime:
    """The moment that lies an amount before the deadline, whatever the target itself is counted in."""
    time, one = running_in(span.unit, business), _ONE.get(span.unit)
    return time.subtract(due, one * span.amount if one else time.days_earlier(due, span.amount))
