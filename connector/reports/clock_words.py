"""A promise told to people: how it stands, in which amounts of time, what bore on it, which edition judges it.

Amounts are business time unless they say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from connector.core.policy import Book
from connector.core.sla import Cycle
from connector.core.verdicts import verdict, when
from connector.reports.promises import Told, minutes, span_words, turn_words

_ID = re.compile(r"\b(005\w{15}|\d{5,})\b")  # of a Salesforce user, of a HubSpot owner


def stands(cycle: Cycle, names: Mapping[str, str]) -> str:
    """How it stands, with people's names."""
    return named(verdict(cycle), names)


def amounts(cycle: Cycle, now: datetime) -> list[str]:
    """How much time was used, passed on the wall, was paused, is late, is left; and attempts, where several count."""
    wall = (cycle.ended_at or now) - cycle.started_at
    parts = (
        f"{span_words(cycle.elapsed)} of {span_words(cycle.terms.target)} used",
        f"{span_words(wall)} on the wall",
        f"{span_words(cycle.paused)} paused" if cycle.paused else "",
        f"{span_words(cycle.lateness)} late" if cycle.lateness else "",
        f"{span_words(cycle.remaining)} left" if cycle.ended_at is None and not cycle.lateness else "",
        f"{cycle.attempts} of {cycle.terms.attempts} attempts" if cycle.terms.attempts > 1 else "",
        f"{cycle.unproven} without any activity" if cycle.unproven else "",
    )
    return [part for part in parts if part]


def turns(told: Told, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What bore on it: (when, on the clock of those who promised; what happened)."""
    return [(when(told.cycle, turn.at), named(turn_words(turn), names)) for turn in told.turns]


def shares(cycle: Cycle, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each owner's share of the time, where several had it: (name, amount)."""
    held = [(names.get(owner, owner) or "nobody", spent) for owner, spent in cycle.held if minutes(spent)]
    return [(owner, span_words(spent)) for owner, spent in held] if len(held) > 1 else []


def edition(cycle: Cycle, book: Book) -> str:
    """The edition of sla.yaml it is judged by, and since when that is in force."""
    version = cycle.terms.version
    since = next((one.since for one in book if one.version == version), None)
    return f"{version}, in force since {since:%Y-%m-%d %H:%M} UTC" if since else version


def named(words: str, names: Mapping[str, str]) -> str:
    """Words with people's names in place of their ids."""
    return _ID.sub(lambda found: names.get(found[0], found[0]), words)
