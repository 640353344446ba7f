"""What a new record on the other side is made of.

Every rule that goes that way gives its translated value; a required field without a counterpart gets its default; the
cross id makes the create repeat-safe. What the sides will agree on when it succeeds is said beside it, so that a
default never travels back and a blank is not taken for a first meeting.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.core.mapping import Pair, Refusal, Rule
from connector.core.merge import refused, translated, unreadable
from connector.core.plan import Agreed, Because, Change, Create, Issue
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Value

Parked = frozenset[tuple[Side, str, Value]]
ANY = "\0"  # in the place of a value, which no side can say: the field is not written whatever it should say


@dataclass(slots=True)
class Creation:
    """A record to be made, as far as it can be: the step, what was refused, and rules left out as parked."""

    side: Side
    changes: list[Change] = field(default_factory=list)
    agreed: dict[str, Agreed] = field(default_factory=dict)
    refusals: list[Issue] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)

    def step(self, pair: Pair, source: Reading) -> Create | None:
        """The create step, or None when nothing but an id could be said of the record."""
        if not any(change.origin is not None for change in self.changes):
            return None
        name = pair.key_on(self.side)
        changes = list(self.changes)
        if name:
            changes.append(cross_change(self.side, name, None, source.ref.id))
        key = (name, source.ref.id) if name else None
        return Create(self.side, pair.object_on(self.side), tuple(changes), key, self.agreed)


def creation(pair: Pair, source: Reading, parked: Parked) -> Creation:
    """Collect what the counterpart of `source` is made of."""
    made = Creation(source.ref.side.other)
    for rule in pair.rules:
        _add(made, rule, source, parked)
    return made


def cross_change(side: Side, name: str, before: Value, after: str) -> Change:
    """Let one side remember the other's id."""
    return Change(side, name, "", before, after, Because.CROSS_ID, after, "each side remembers the other's id")


def _add(made: Creation, rule: Rule, source: Reading, parked: Parked) -> None:
    name = rule.field_on(source.ref.side)
    origin = source.values.get(name)
    travels = rule.direction.allows(made.side)
    after: Value = None
    if name in source.unreadable:
        made.refusals.append(unreadable(rule, source, name))
    elif travels and origin is not None:
        found = translated(rule, made.side, origin)
        if isinstance(found, Refusal):
            made.refusals.append(refused(rule, source, made.side, found))
        elif (made.side, rule.field_on(made.side), found) in parked:
            made.parked.append(rule.name)
        else:
            after = found
    because = Because.CREATES
    if after is None:
        origin, after, because = None, rule.on_create.get(made.side), Because.DEFAULT
    if after is not None:
        change = Change(made.side, rule.field_on(made.side), rule.name, None, after, because, origin)
        made.changes.append(change)
    if name in source.values and source.values[name] == origin:
        made.agreed[rule.name] = _agreed(made.side, origin, after)


def _agreed(side: Side, origin: Value, after: Value) -> Agreed:
    return Agreed(origin, after) if side is Side.SALESFORCE else Agreed(after, origin)
