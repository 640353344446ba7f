"""How long to wait: between polls, after a fault, before a refused sign-in is tried again. Pure; chance is handed in.

A poll that brought news is followed by another after the least pause; each that brought none doubles the pause, up to
the most. Pauses are stretched by up to a tenth, never shortened, so that many installations that start together drift
apart and a day's calls stay within what the most allows; where few calls of the day are left, they grow. After a fault
the wait grows with each failure in a row; a side that says until when is waited for until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.core.backoff import Backoff, delay
from connector.errors import RateLimited
from connector.ports import Usage

_STRETCH = 0.1
_FOR_POLLS = 0.5  # of the calls left of a day
_DOUBLINGS_MAX = 30
_LEAST_WAIT = timedelta(seconds=1)  # nobody spins, whatever the dice say
_REFUSED = Backoff(first=timedelta(minutes=1), longest=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Pace:
    """What config.yaml says of `worker:`, as spans.

    Attributes:
        least, most: between two polls of a side.
        quiet, longest_wait: a record rests so long after its last change, but no longer than the second in all.
        audit_sample, audit_every, alarm_share: pairs compared afresh, how often, and the share that alarms.
    """

    least: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(seconds=300)
    quiet: timedelta = timedelta(seconds=2)
    longest_wait: timedelta = timedelta(seconds=30)
    audit_sample: int = 200
    audit_every: timedelta = timedelta(minutes=240)
    alarm_share: float = 0.01


def pause(last: timedelta | None, pace: Pace, *, news: bool) -> timedelta:
    """How long to rest after a poll; `last`: the rest before it, None of the first."""
    if news or last is None:
        return pace.least
    return max(pace.least, min(pace.most, last * 2))


def thrifty(rest: timedelta, usage: Usage, calls: int, now: datetime) -> timedelta:
    """A rest so long that polls of so many calls use no more than half of what is left of the day; never shorter."""
    if usage.left is None or usage.renewed_at is None:
        return rest
    polls = usage.left * _FOR_POLLS / max(1, calls)
    lasts = max(timedelta(), usage.renewed_at - now)
    return max(rest, lasts / polls if polls >= 1 else lasts)


def stretched(rest: timedelta, roll: float) -> timedelta:
    """A rest, a little longer by chance."""
    return rest * (1 + _STRETCH * roll)


def after_fault(fault: Exception, failures: int, longest: timedelta, now: datetime, roll: float) -> datetime:
    """When to try again after a fault; `failures`: in a row before this one."""
    if isinstance(fault, RateLimited):
        return max(fault.until, now) + stretched(_LEAST_WAIT, roll)
    return now + max(_LEAST_WAIT, delay(failures, Backoff(longest=longest), roll))


def after_refusal(tries: int, now: datetime) -> datetime:
    """When to try a side again that refuses us; `tries`: how often in a row it did before. Nobody else waits with us,
    so there is nothing to scatter.
    """
    wait = _REFUSED.first * 2.0 ** min(tries, _DOUBLINGS_MAX) if tries < _DOUBLINGS_MAX else _REFUSED.longest
    return now + min(_REFUSED.longest, wait)
