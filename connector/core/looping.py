"""Does a field go back and forth between us and another program?

We write a value, a workflow changes it, we carry the change over, and so on without end. A write *answers* when
something has changed our earlier one: we insist on the same value, or the other side was written in between. A stream
of new values in one direction answers nothing, however fast it is. Of answers in a row, with no person's edit between,
only so many are made within a window; then the field is parked and who else writes it is named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from connector.core.plan import Because, Change, Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.core.values import Value

LOOP, OVERRULED = "LOOP", "LOOP_OVERRULED"  # codes of parked fields: whatever they should say, or this value of theirs
REFLEX = timedelta(seconds=3)  # nobody reads, thinks and saves faster than that after us
_SHOWN_ROUNDS, _SHOWN_CHARS = 6, 60
_INSISTING = (Because.MIRRORS, Because.FOLLOWS, Because.CROSS_ID)
_BY_A_PERSON = (Because.SETTLED, Because.UNDONE)
_BY_HAND = re.compile(r"CRM_UI|MOBILE|FORM|IMPORT|CONTACTS_WEB|SALES$|CONVERSATIONS|MEETINGS")
_BY_PROGRAMS = re.compile(r"AUTOMATION|WORKFLOW|INTEGRATION|API|SALESFORCE|CALCULATED|SYNC|BATCH_UPDATE|AI_")
_PROGRAMS_NAMES = re.compile(r"\b(integration|automated|automation|api|bot|sync|connector)\b", re.IGNORECASE)

Differ = Callable[[Value, Value], bool]


class Hand(StrEnum):
    """Who changed a value."""

    PERSON = "person"
    PROGRAM = "program"
    UNKNOWN = "unknown"


class Author(NamedTuple):
    """Who changed a value, in a word and in words for people; and when, as far as it is told."""

    hand: Hand
    words: str = ""
    at: datetime | None = None


class Written(NamedTuple):
    """One value that we have written, as the story tells it."""

    at: datetime
    side: Side
    field: str
    rule: str
    before: Value
    after: Value


class Rewrite(NamedTuple):
    """One write of a field: what stood there, what we wrote over it, and who had brought that about."""

    at: datetime
    before: Value
    after: Value
    by: Author = Author(Hand.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many writes of one field within so long, with no person between; the next one is not made."""

    times: int = 5
    within: timedelta = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Loop:
    """A field that goes back and forth.

    Attributes:
        rounds: our writes, the last of them the one that is not made any more.
        elsewhere: our writes of the same rule on the other side meanwhile.
    """

    rounds: tuple[Rewrite, ...]
    elsewhere: tuple[Rewrite, ...] = ()

    @property
    def times(self) -> int:
        """How often we have written it."""
        return len(self.rounds) - 1

    @property
    def lasted(self) -> timedelta:
        """From the first write to the one that is not made."""
        return self.rounds[-1].at - self.rounds[0].at

    @property
    def culprits(self) -> list[str]:
        """Who else has written it, the most frequent first."""
        named = Counter(one.by.words for one in (*self.rounds, *self.elsewhere) if one.by.words)
        return [f"{words} ({times} times)" if times > 1 else words for words, times in named.most_common()]


class Answer(NamedTuple):
    """A change that answers somebody's change of what we wrote before.

    Attributes:
        change: what is to be written.
        key: record and field it is counted under.
        rounds: all rounds with this one.
        counterpart: record and field of the other side whose count begins anew, as a person has come between.
        parked: the write is not made.
    """

    change: Change
    key: tuple[Ref, str]
    rounds: tuple[Rewrite, ...]
    counterpart: tuple[Ref, str] | None = None
    parked: bool = False


def judge(history: Sequence[Rewrite], now: datetime, limit: Limit) -> Loop | None:
    """Whether the last of these writes of one field, which is about to be made, would be one too many.

    Args:
        history: our writes of the field, oldest first; the last one is only planned.
        now: the moment of judging.
        limit: how many are borne, and within how long.
    """
    rounds = since_a_person([one for one in history if now - one.at < limit.within])
    return Loop(rounds) if len(rounds) > limit.times else None


def since_a_person(history: Sequence[Rewrite]) -> tuple[Rewrite, ...]:
    """The writes from the last one on that a person has brought about; all, where none has."""
    theirs = [place for place, one in enumerate(history) if one.by.hand is Hand.PERSON]
    return tuple(history[theirs[-1] :] if theirs else history)


def answered(change: Change, story: Sequence[Written], differ: Differ) -> Written | None:
    """Our earlier write that something has changed, which is why this change is to be made; None if it is no answer.

    Args:
        change: what is to be written.
        story: what was written to both records before, within the window, oldest first.
        differ: whether two values of the field mean different things.
    """
    mine = [place for place, one in enumerate(story) if (one.side, one.field) == (change.side, change.field)]
    if not mine:
        return None
    earlier, since = story[mine[-1]], story[mine[-1] + 1 :]
    if change.because not in _INSISTING:
        crossed = any(one.rule == change.rule and one.side is not change.side for one in since)
        return earlier if crossed else None
    again = change.because is Because.MIRRORS or any(story[place].after == change.after for place in mine)
    return earlier if again and differ(change.before, earlier.after) else None


def provoked_on(change: Change) -> Side | None:
    """The side whose change brought this one about; None where a person has asked the bridge for it."""
    if change.because in _BY_A_PERSON:
        return None
    return change.side if change.because in _INSISTING else change.side.other


def by_history(source: str, at: datetime | None) -> Author:
    """Who changed a HubSpot property, by its history: type and id of the source (HubSpot fact sheet 2.3).

    The list of types is open; one that nobody knows counts as a person's if the id names a user.
    """
    kind, _, source_id = source.partition(" ")
    program = bool(_BY_PROGRAMS.search(kind))
    if not program and (_BY_HAND.search(kind) or source_id.startswith("userId:")):
        return Author(Hand.PERSON, f"a person in HubSpot ({source})", at)
    if "AUTOMATION" in kind or "WORKFLOW" in kind:
        return Author(Hand.PROGRAM, f"a HubSpot workflow ({source})", at)
    if program:
        return Author(Hand.PROGRAM, f"another program in HubSpot ({source})", at)
    return Author(Hand.UNKNOWN, f"HubSpot ({source})" if source else "", at)


def by_user(name: str, at: datetime | None, ours: datetime | None) -> Author:
    """Who changed a Salesforce record last, by the user it names: all that Salesforce tells (no history of fields).

    Args:
        name: the user's; "" for one nobody knows.
        at: when the record was changed.
        ours: when we had written it before. Who answers faster than a person can is taken for a program.
    """
    reflex = at is not None and ours is not None and at - ours < REFLEX
    if not name or _PROGRAMS_NAMES.search(name) or reflex:
        return Author(
            Hand.PROGRAM, f"Salesforce user {name or 'unknown'}{', within seconds of us' if reflex else ''}", at
        )
    return Author(Hand.PERSON, f"Salesforce user {name}", at)


def by_ourselves(at: datetime | None) -> Author:
    """Who changed a Salesforce record in our own name: what the org does by itself when we write."""
    return Author(Hand.PROGRAM, "a flow, trigger or rule in Salesforce that runs when the bridge writes", at)


def parked(loop: Loop, change: Change, refs: tuple[Ref, ...]) -> Issue:
    """What a person is told: who else writes the field, and what went back and forth. `refs`: the written one first."""
    side = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}[change.side]
    minutes = max(1, round(loop.lasted / timedelta(minutes=1)))
    culprits = ", ".join(loop.culprits) or "nobody knows who"
    trail = "; ".join(map(_told, loop.rounds[-_SHOWN_ROUNDS:]))
    return Issue(
        IssueKind.PARKED,
        refs,
        rule=change.rule,
        side=change.side,
        field=change.field,
        code=OVERRULED if change.because in _INSISTING else LOOP,
        value=change.after,
        other_value=change.before,
        reason=f"written {loop.times} times in {minutes} min with no person between, and changed again each time by: "
        f"{culprits}. Back and forth (UTC): {trail}",
        hint=f"let only one of them have the say over {side} {change.field}: stop the others, or map it one way; then: "
        f"smarketing unpark --field {change.field}. It is tried again by itself once the window has passed",
    )


def _told(one: Rewrite) -> str:
    return f"{one.at:%H:%M:%S} {_short(one.before)} -> {_short(one.after)}"


def _short(value: Value) -> str:
    if value is None:
        return "blank"
    return repr(value if len(value) <= _SHOWN_CHARS else f"{value[:_SHOWN_CHARS]}...")
