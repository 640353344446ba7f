"""A moment of a journey, as the clocks look at it: what it may bear on, and what it shows was done.

Every policy of everybody asks each entry whether it concerns it, so that is answered by what changed (words, fields)
and not by asking conditions. What somebody did is told in words with its time: that is the evidence of a kept promise.
"""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.core.journey import Answered, Entry, Handed, Ruled, Seen, Touched
from connector.core.policy import Policy, PolicyKind
from connector.core.refs import Side
from connector.core.situation import Situation

_TOUCHES = frozenset({PolicyKind.FIRST_TOUCH, PolicyKind.ATTEMPTS})  # only a touch is evidence for these
_TO_THE_MINUTE = len("2026-11-02 09:30")
_NEVER = datetime.min.replace(tzinfo=UTC)

Touch = tuple[datetime, Touched]  # a touch, and when it was


@dataclass(slots=True, eq=False)
class Moment:
    """An entry of a journey as a track looks at it; one object for a whole walk, moved on.

    Attributes:
        at: when it was so.
        situation: the situation after it.
        entry: what it is; None where an edition comes into force.
        passing: it is one of a touch, an answer or a deal.
        starts: it may start a clock; history may not.
        side, fields: the fields of a side that an entry tells.
        words: which words of conditions mean something else now (stage, owner, ...); None: everything may.
        touched: the last touch of a human who reached out, up to now.
        unmet: reasons by which no disposition is kept.
    """

    situation: Situation
    unmet: frozenset[str] = frozenset()
    at: datetime = _NEVER
    entry: Entry | None = None
    passing: bool = False
    starts: bool = False
    side: Side = Side.HUBSPOT
    fields: KeysView[str] | frozenset[str] = frozenset()
    words: frozenset[str] | None = None
    touched: Touch | None = None

    def concerns(self, policy: Policy | None) -> bool:
        """Whether it may bear on the clock of a policy."""
        if policy is None:
            return False
        changed, words = self.words, policy.words
        if changed is None or words is None or not changed.isdisjoint(words):
            return True
        return bool(self.fields) and not self.fields.isdisjoint(policy.fields[self.side])

    @property
    def is_touch(self) -> bool:
        """Whether it is a touch that is evidence."""
        return self.entry is not None and self.touched is not None and self.touched[1] is self.entry.what

    @property
    def is_handoff(self) -> bool:
        """Whether marketing hands the person over; a policy that gives them to another rep does not."""
        what = self.entry.what if self.entry else None
        return isinstance(what, Handed) and not what.policy

    @property
    def keeps(self) -> bool:
        """Whether a disposition is kept by it; there are reasons by which none is."""
        what = self.entry.what if self.entry else None
        return not isinstance(what, (Answered, Ruled)) or what.reason not in self.unmet

    def evidence(self, kind: PolicyKind, since: datetime | None) -> str:
        """What was done, in words, as far as it is evidence for a promise of a kind that began then; "" for nothing."""
        done = "" if kind in _TOUCHES or self.is_touch or self.entry is None else _act(self.entry, kind)
        if done:
            return done
        if self.touched is not None and (self.is_touch or (since is not None and self.touched[0] >= since)):
            at, touch = self.touched
            return f"{touch.channel.value} out{f' by {touch.by}' if touch.by else ''} at {_minute(at)}"
        return ""


def _minute(moment: datetime) -> str:
    return f"{moment.isoformat(' ')[:_TO_THE_MINUTE]} UTC"


def _act(entry: Entry, kind: PolicyKind) -> str:
    what, at = entry.what, f"at {_minute(entry.at)}"
    if isinstance(what, Answered):
        return f"{what.verdict.value}{f' by {what.by}' if what.by else ''} {at}"
    if isinstance(what, Ruled):
        return f"moved to {what.stage} by {what.by.value} {at}"
    if isinstance(what, Seen) and kind is PolicyKind.FEEDBACK_REPLY:  # marketing replies by filling in a field
        return f"told in {entry.ref.side.value} {at}"
    return ""
