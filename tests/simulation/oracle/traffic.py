"""The bridge asks and writes no more than what others do gives it reason to.

A field of a record is written at most once for every change that somebody else made to it or to its counterpart, plus
one for every death of a worker, merge and conversion, plus a few for the first meeting: two remotes that rewrite each
other's values would show at once. A settled world costs a handful of calls to look at. Asking for too much is the
bridge's own fault unless a fault was raining, or others used the quota up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.simulation.oracle.evidence import Call, Evidence
from tests.simulation.oracle.history import Record
from tests.simulation.oracle.rules import Rule

FIRST = 3  # a first meeting, a default given on create, and a mapping edited
SIGN_IN = "/oauth2/"  # which no side counts
SKEW_MAX = timedelta(seconds=400)  # no host's clock is farther off
WINDOW = timedelta(seconds=10)  # in which HubSpot counts
ZONES = {"hubspot": ZoneInfo("US/Eastern"), "salesforce": ZoneInfo("Europe/Berlin")}  # of both accounts
QUIET_CALLS = 60  # of a pass over a settled world of a handful of people, signing in and learning the schema included


def ping_pong(evidence: Evidence) -> Iterator[str]:
    """Fields that the bridge wrote more often than anybody gave it reason to."""
    deaths = sum(life.ended not in ("closed", "") for life in evidence.lives)
    remaps = len(evidence.variants) - 1
    for record in evidence.history.records.values():
        for rule, name in evidence.rules_of(record):
            written = sum(version.ours for version in record.cells.get(name, ()))
            if written > FIRST and written > _reasons(evidence, rule, record) + deaths + remaps + FIRST:
                yield f"the bridge wrote {name} of {record.side.value} {record.id} {written} times"


def too_many_calls(evidence: Evidence) -> Iterator[str]:
    """Days on which the bridge called oftener than its settings allow, and limits that it ran into by itself."""
    yield from _days(evidence)
    yield from _limits(evidence)


def _days(evidence: Evidence) -> Iterator[str]:
    """Calls a day of the account, but for those so near midnight that a host may have taken them for another day's."""
    for side, most in evidence.allowed.items():
        days: Counter[str] = Counter()
        for call in evidence.calls:
            if call.side == side and SIGN_IN not in call.path:
                early, late = ((call.at + shift).astimezone(ZONES[side]).date() for shift in (-SKEW_MAX, SKEW_MAX))
                days[early.isoformat()] += early == late
        yield from (
            f"{calls} calls to {side} on {day}; {most} are allowed" for day, calls in days.items() if calls > most
        )


def _limits(evidence: Evidence) -> Iterator[str]:
    """Answers that the bridge asked for too much, though one opening of it was alone and no fault struck."""
    for number, call in enumerate(evidence.calls):
        if not _is_limit(call) or call.struck:
            continue
        lately = [one for one in evidence.calls[:number] if one.side == call.side and one.at + WINDOW >= call.at]
        if evidence.acts["spends quota"] or evidence.acts["crowds window"]:
            evidence.excuse("told to call less: others had used it up")
        elif any(one.life is not call.life for one in lately):
            evidence.excuse("told to call less: several workers called at a time")
        else:
            yield f"{call.side} said {call.answer.status} to {call.path} after {len(lately)} calls of {call.life.name}"


def _is_limit(call: Call) -> bool:
    return call.answer.status == 429 or b"REQUEST_LIMIT_EXCEEDED" in call.answer.body


def _reasons(evidence: Evidence, rule: Rule, record: Record) -> int:
    """How often others changed a field on either side; who merges or converts changes all of them."""
    others = [*evidence.family(record), *evidence.partners_of(record)]
    changed = sum(
        not version.ours
        for one in others
        if (name := rule.on(one.side, one.object))
        for version in one.cells.get(name, ())
    )
    return changed + sum(one.gone is not None for one in others)
