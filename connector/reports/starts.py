"""What a clock that starts would get: by policy, how long is allowed and when that is due, under two editions.

A clock keeps the edition it began under, so an edit for new clocks changes nothing that runs. What it does change is
what the next start is promised. That is shown for somebody of whom nothing is known: conditions on people do not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.core.policy import Edition, Policy, Span
from connector.core.situation import Situation
from connector.core.terms import promised, target
from connector.core.verdicts import on_the_clock


@dataclass(frozen=True, slots=True)
class Promise:
    """What a start gets. allowed: as sla.yaml says it; due_at: if it were now; calendar: by whose time."""

    allowed: str
    due_at: datetime
    calendar: str
    words: str

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {"allowed": self.allowed, "due_at": self.due_at.isoformat(), "calendar": self.calendar}


@dataclass(frozen=True, slots=True)
class Start:
    """One policy. None: there is (would be) no such promise."""

    policy: str
    name: str
    now: Promise | None
    would: Promise | None

    def row(self) -> dict[str, Any]:
        """As JSON."""
        told = {"now": self.now.row() if self.now else None, "would_be": self.would.row() if self.would else None}
        return {"policy": self.policy, "name": self.name, **told}


def starts(was: Edition | None, other: Edition, now: datetime) -> Iterator[Start]:
    """Every policy of both editions, in the order of the one that is tried."""
    before = was.policies if was else {}
    for id_ in dict.fromkeys([*other.policies, *before]):
        old, new = before.get(id_), other.policies.get(id_)
        yield Start(id_, (new or old or other.policies[id_]).name, _promise(old, now), _promise(new, now))


def _promise(policy: Policy | None, now: datetime) -> Promise | None:
    if policy is None:
        return None
    nobody = Situation()
    terms = promised(policy, "", nobody, now)
    due = terms.time.add(now, terms.target)
    allowed = _words(target(policy, nobody).span)
    return Promise(allowed, due, terms.time.name, f"{allowed}, due {on_the_clock(terms.time, due)}")


def _words(span: Span) -> str:
    return f"{span.amount} {span.unit.value.replace('_', ' ')}"
