"""Faults of the line and of both CRMs, as rules for the sandbox's doors; they come and go while the play lasts.

A fault strikes everywhere, or only where it hurts most: writes alone, reads alone, one object, signing in. The worst
is an answer lost after the call took effect, so those are drawn more often than their number would have it.
"""

from __future__ import annotations

from typing import Any

from connector.sandbox.services import Fault
from tests.misbehaviour.storms import ALL, status, wire
from tests.simulation.stage import Stage

LATE: dict[str, dict[str, Any]] = {
    f"{side} {name}": wire(side, kind, params={"seconds": seconds})
    for side in ("hubspot", "salesforce")
    for name, kind, seconds in (("slow-answer", "slow", 5), ("too-late", "slow", 200), ("hang", "hang", 3600))
}
DENIED = {
    "hubspot 401": status("hubspot", 401),
    "hubspot 403": status("hubspot", 403),
    "salesforce 401": status("salesforce", 401),
}
STRUCK = {f"{side} {name}": rule for side, kinds in ALL.items() for name, rule in kinds.items()}
KINDS: dict[str, dict[str, Any]] = {**STRUCK, **LATE, **DENIED}
LOST = sorted(name for name, rule in KINDS.items() if rule.get("after_commit"))
PLACES: dict[str, dict[str, str]] = {  # by side, paths a fault may be confined to
    "hubspot": {
        "on writes": "/batch/(create|update|upsert|archive)",
        "on reads": "/batch/read|/search|/contacts$",
        "on searches": "/search",
        "on what it asks of the account": "/(properties|owners|account-info)",
    },
    "salesforce": {
        "on writes": "/composite/sobjects",
        "on reads": "/query|/composite$",
        "on Leads": "Lead",
        "on Contacts": "Contact",
        "on signing in": "/oauth2/",
    },
}
STORM = 6  # kinds at a time
LOST_SHARE, STORM_RATE, LASTING_RATE = 0.3, 0.12, 0.25


def turns_bad(stage: Stage) -> str:
    """Some kind of fault strikes for a while: every fourth call, or the next one or two."""
    name = stage.dice.choice(LOST if stage.dice.random() < LOST_SHARE else sorted(KINDS))
    times = stage.dice.choice((1, 1, 2, None))
    where = _strikes(stage, name, 1.0 if times else LASTING_RATE, times)
    return f"the line turns bad: {name} {where}, {times or 'for a while'}"


def storms(stage: Stage) -> str:
    """Several kinds strike at once, every eighth call or so each."""
    names = stage.dice.sample(sorted(KINDS), STORM)
    for name in names:
        _strikes(stage, name, STORM_RATE, None)
    return f"a storm: {', '.join(names)}"


def clears_up(stage: Stage) -> str:
    """All calls are answered again as they should be."""
    stage.world.services.faults.clear()
    return "the line is good again"


def _strikes(stage: Stage, name: str, rate: float, times: int | None) -> str:
    rule = KINDS[name]
    places = PLACES[rule["side"]]
    where = stage.dice.choice(("everywhere", "everywhere", *places))
    stage.world.services.faults.add(Fault(**rule, rate=rate, times=times, path=places.get(where, "")))
    return where
