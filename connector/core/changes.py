"""Is a reading an edit?

A side has been edited when what it says now is neither what it said when the sides last agreed (`base`) nor anything
sent to it since (`sent`). Comparison is between comparison forms, so that a remote that trims, folds case or rounds is
not taken for an editor. An echo is a reading of what was sent while its success was never recorded: no edit, but the
other side may have moved on since, so it is told apart from standing at base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from connector.core.mapping import Blank, Rule
from connector.core.plan import Agreed, Memory
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Value

ABSENT = object()
NOTHING: Mapping[str, tuple[Value, ...]] = {}


class Standing(Enum):
    """What a side's value is, seen from the last agreement."""

    AT_BASE = "at base"
    ECHO = "echo"
    EDITED = "edited"


def standing(rule: Rule, now: Value, base: Value, sent: tuple[Value, ...]) -> Standing:
    """How one side's value stands to its base and to what was sent since."""
    if now == base or (now is None and rule.blank is Blank.KEEP):
        return Standing.AT_BASE
    form = rule.comparison(now)
    if form == rule.comparison(base):
        return Standing.AT_BASE
    return Standing.ECHO if echoes(rule, form, sent) else Standing.EDITED


def echoes(rule: Rule, form: Value, sent: tuple[Value, ...]) -> bool:
    """Whether a comparison form is that of a value sent."""
    return any(form == rule.comparison(value) for value in sent)


def said(agreed: Agreed, side: Side) -> Value:
    """What one side said when they agreed."""
    return agreed.hubspot if side is Side.HUBSPOT else agreed.salesforce


def edited(rules: Iterable[Rule], memory: Memory, reading: Reading) -> bool:
    """Whether a person or another program has changed any mapped field of a record since the sides agreed.

    Nobody can tell for a rule that never met (it came with a new mapping, say): a value that it would carry to the
    other side counts as changed, so that what only this record says is never lost unseen.
    """
    side = reading.ref.side
    sent = memory.sent.get(side, NOTHING)
    for rule in rules:
        name, agreed, told = rule.field_on(side), memory.base.get(rule.name), sent.get(rule.name, ())
        if name not in reading.values:
            continue
        value = reading.values[name]
        if agreed is None:
            if _unheard(rule, side, value, told):
                return True
        elif standing(rule, value, said(agreed, side), told) is Standing.EDITED:
            return True
    return False


def _unheard(rule: Rule, side: Side, value: Value, sent: tuple[Value, ...]) -> bool:
    """Whether a rule that never met would carry a side's value over.

    It carries no blank, no default given on create, nothing that was sent from the other side, nothing against its
    direction or past its filters. A value that its table refuses waits for a person already.
    """
    form = rule.comparison(value)
    if value in (None, rule.on_create.get(side)) or form == rule.comparison(None) or echoes(rule, form, sent):
        return False
    carry = rule.to_salesforce if side is Side.HUBSPOT else rule.to_hubspot
    return rule.direction.allows(side.other) and isinstance(carry(value), str)
