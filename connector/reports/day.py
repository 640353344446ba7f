"""What a day of the running service costs in API calls, worked out before it is lived.

A side is polled the more seldom the longer nothing happened: after news comes the least pause, then twice as long each
time, up to the most. With changes spread over the day that is a chain whose states are the pauses; how often each is
passed, and how often a poll brings news, follows from it exactly. What a poll brought is read and written in one batch:
a call reads it on either side, a call an object writes it on the other. A side that tells of changes by itself is
polled as if idle, and each change is a batch. The rest is regular: audits, and once a day what the accounts are like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, exp

from connector.core.refs import Side

DAY_S = 86_400.0
STRETCH = 1.05  # pauses are stretched by up to a tenth, by chance (engine.pacing)
QUIET_S = 2.0
READS_MAX = 5  # queries of one composite call (Salesforce fact sheet 1.5)
COUNTED = 200  # records observed in a quarter of an hour from which on an object takes two queries (salesforce.changes)
QUARTER_S = 900.0
BATCH, COLLECTION = 100, 2_000  # records a reading call takes (HubSpot fact sheet 2.1, Salesforce fact sheet 1.4)
KINDS = 4  # calls, e-mails, meetings, deals: HubSpot searches each for itself
TOUCHES = 2  # queries about touches, which Salesforce is asked with every poll
DESCRIBED_S = 600.0  # so long a description is believed that writing needs (salesforce.shapes)
ASKED_ONCE = {Side.HUBSPOT: 3, Side.SALESFORCE: 4}  # calls a day for account and owners; and one an object


@dataclass(frozen=True, slots=True)
class Setup:
    """What is set up.

    Attributes:
        objects: mapped objects of a side, with the share of the people that each holds.
        evidence: whether anything wants to know what people did.
        least_s, most_s: seconds between two polls.
        audit: pairs compared, and audits a day.
        telling: sides that tell of changes by themselves.
    """

    objects: Mapping[Side, Mapping[str, float]]
    evidence: bool = True
    least_s: float = 30.0
    most_s: float = 300.0
    audit: tuple[int, float] = (200, 6.0)
    telling: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True)
class Habits:
    """How much happens: changes a day by side; how often the definition answers one with writes of its own."""

    changes: Mapping[Side, float]
    answered: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """API calls of a day by side, by what they are for."""

    parts: Mapping[Side, Mapping[str, float]]

    def total(self, side: Side) -> int:
        """All calls of a side."""
        return ceil(sum(self.parts[side].values()))


@dataclass(frozen=True, slots=True)
class Polls:
    """A day's polls of one side: how many; with any news; with news of any of some of the changes, as a share."""

    rests: Sequence[float]
    passed: Sequence[float]  # how often a poll comes after each of the rests
    rate: float  # changes a second
    number: float = field(default=0.0)

    def with_news(self, share: float = 1.0) -> float:
        """Polls that bring a change of these."""
        found = sum(
            times * (1 - exp(-self.rate * share * rest)) for times, rest in zip(self.passed, self.rests, strict=True)
        )
        return self.number * found / sum(self.passed)


def polls(setup: Setup, changes: float) -> Polls:
    """How often a side is polled on which so much changes in a day."""
    rate, rests = changes / DAY_S, [setup.least_s * STRETCH]
    while rests[-1] < setup.most_s * STRETCH:
        rests.append(min(rests[-1] * 2, setup.most_s * STRETCH))
    passed = [1.0]
    for rest in rests[:-1]:
        passed.append(passed[-1] * exp(-rate * rest))
    news = 1 - exp(-rate * rests[-1])
    passed = [0.0] * (len(rests) - 1) + [1.0] if news == 0 else [*passed[:-1], passed[-1] / news]
    number = DAY_S * sum(passed) / sum(times * rest for times, rest in zip(passed, rests, strict=True))
    return Polls(rests, passed, rate, number)


def day(setup: Setup, habits: Habits) -> Day:
    """The calls of a day on which so much changes, spread over all of it; changes that come together cost less."""
    asked = {side: polls(setup, 0 if side in setup.telling else habits.changes[side]) for side in Side}
    batches = {side: _batches(setup, habits, asked[side], side) for side in Side}
    passes = sum(batches.values()) * (1 + habits.answered)
    parts: dict[Side, dict[str, float]] = {}
    for side in Side:
        per_batch = habits.changes[side.other] / max(1.0, batches[side.other])
        parts[side] = {
            "polls": asked[side].number * _a_poll(setup, habits, side),
            "reading": passes * (ceil(per_batch / BATCH) if side is Side.HUBSPOT else ceil(per_batch / COLLECTION)),
            "writing": _writes(setup, habits, asked, side)
            + habits.answered * _writes(setup, habits, asked, side.other),
            "audit": setup.audit[1] * ceil(setup.audit[0] / (BATCH if side is Side.HUBSPOT else COLLECTION)),
            "accounts": ASKED_ONCE[side] + len(setup.objects[side]),
        }
    parts[Side.SALESFORCE]["accounts"] += _descriptions(setup, habits, asked[Side.HUBSPOT])
    return Day(parts)


def _batches(setup: Setup, habits: Habits, asked: Polls, side: Side) -> float:
    """How often something that changed on a side is looked at."""
    changes = habits.changes[side]
    if side not in setup.telling:
        return asked.with_news()
    return changes * exp(-changes / DAY_S * QUIET_S)


def _writes(setup: Setup, habits: Habits, asked: Mapping[Side, Polls], side: Side) -> float:
    """Calls that write to a side what changed on the other: one an object of a batch."""
    other = side.other
    if other in setup.telling:
        return _batches(setup, habits, asked[other], other)
    shares = setup.objects[side].values()
    return sum(asked[other].with_news(share) for share in shares)


def _a_poll(setup: Setup, habits: Habits, side: Side) -> float:
    """Calls of one poll."""
    objects = len(setup.objects[side])
    if side is Side.HUBSPOT:
        return 2 * objects + KINDS * setup.evidence
    seen = sum(habits.changes.values()) * (1 + habits.answered) * QUARTER_S / DAY_S  # our own writes come back
    queries = sum(1 + (seen * share > COUNTED) for share in setup.objects[side].values())
    queries += TOUCHES * setup.evidence
    waits = setup.evidence and queries % READS_MAX == 0  # for a call of its own, once in a quarter of an hour
    return ceil(queries / READS_MAX) + (setup.most_s / QUARTER_S if waits else 0)


def _descriptions(setup: Setup, habits: Habits, asked: Polls) -> float:
    """How often Salesforce's objects are described: at the first write after the last description has grown old."""
    changes = habits.changes[Side.HUBSPOT]
    shares = setup.objects[Side.SALESFORCE].values()
    telling = Side.HUBSPOT in setup.telling
    writes = [changes * share if telling else asked.with_news(share) for share in shares]
    return sum(DAY_S / (DESCRIBED_S + DAY_S / number) for number in writes if number)
