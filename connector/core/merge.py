"""What each side must be told so that both agree: the table of architecture section 5, as a function. Writes nothing.

Comes in: the rules, what is remembered of the link, and one reading of each side (`left` is HubSpot's, `right` is
Salesforce's). Goes out: changes for each side, new agreements, conflicts, refusals. A field neither side touched costs
three look-ups, because almost every field of almost every pass is one.

Invariants: every value written is the other side's, translated. With `blank: keep` nothing is ever erased. A one-way
rule has a source, so its direction decides and policy is not asked. A field that a reading lacks is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.core.changes import ABSENT, NOTHING, Standing, echoes, standing
from connector.core.conflict import verdict
from connector.core.mapping import Blank, Direction, Refusal, Rule
from connector.core.plan import Agreed, Because, Change, Issue, IssueKind, Memory
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.values import Kind, Value

NOBODY: Mapping[str, Side] = {}


@dataclass(frozen=True, slots=True)
class Merge:
    """The outcome for all rules of one pair of records.

    Attributes:
        to_hubspot, to_salesforce: what to write on that side, in the order of the rules.
        agreed: by rule, agreement found standing, to be remembered without writing.
        conflicts: edits on both sides that no policy settled; nothing is written for them.
        refusals: values that must not or cannot be written, and raw values nobody understands.
        left_alone: rules with a standing difference that is nobody's edit, or an edit the rule does not carry.
        wants_history: HubSpot fields whose exact time may turn a verdict.
    """

    to_hubspot: list[Change] = field(default_factory=list)
    to_salesforce: list[Change] = field(default_factory=list)
    agreed: dict[str, Agreed] = field(default_factory=dict)
    conflicts: list[Issue] = field(default_factory=list)
    refusals: list[Issue] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    wants_history: list[str] = field(default_factory=list)


def merge(
    rules: Iterable[Rule], memory: Memory, left: Reading, right: Reading, settled: Mapping[str, Side] = NOBODY
) -> Merge:
    """Decide every rule. `settled` holds the sides a person chose, by rule name.

    A rule that was never agreed on is a first meeting: a blank gives way to a value, two values go to policy.
    """
    result = Merge()
    if left.unreadable or right.unreadable:
        rules = [rule for rule in rules if not _unreadable(rule, left, right, result)]
    lefts, rights, base = left.values, right.values, memory.base
    for rule in rules:
        ours, theirs = lefts.get(rule.hubspot, ABSENT), rights.get(rule.salesforce, ABSENT)
        agreed = base.get(rule.name)
        if agreed is not None and ours == agreed.hubspot and theirs == agreed.salesforce:
            continue
        if ours is not ABSENT and theirs is not ABSENT:
            _Field(rule, left, right, memory, settled.get(rule.name), result).decide(agreed)
    return result


def same(rule: Rule, left: Value, right: Value) -> bool:
    """Whether two values are one and the same: either of them, translated as the rule allows, is the other."""
    if left is None and right is None:
        return True
    comparison = rule.comparison
    if rule.direction is not Direction.TO_HUBSPOT:
        there = left if left is None else rule.to_salesforce(left)
        if there == right or (not isinstance(there, Refusal) and comparison(there) == comparison(right)):
            return True
    if rule.direction is not Direction.TO_SALESFORCE:
        here = right if right is None else rule.to_hubspot(right)
        return here == left or (not isinstance(here, Refusal) and comparison(here) == comparison(left))
    return False


def _unreadable(rule: Rule, left: Reading, right: Reading, result: Merge) -> bool:
    """Whether either side's raw value of a rule is beyond its kind; raised, and touched on neither side."""
    for reading in (left, right):
        name = rule.field_on(reading.ref.side)
        if name in reading.unreadable:
            result.refusals.append(unreadable(rule, reading, name))
            return True
    return False


def unreadable(rule: Rule, reading: Reading, name: str) -> Issue:
    """The issue for a raw value its kind cannot understand."""
    return Issue(
        IssueKind.PARKED,
        (reading.ref,),
        rule=rule.name,
        side=reading.ref.side,
        field=name,
        code="UNREADABLE",
        value=reading.unreadable[name],
        reason=f"the value is not a {rule.kind.value}",
        hint=f"correct {name} on {reading.ref}, or change the kind of rule {rule.name} ({rule.source or 'mapping'})",
    )


def translated(rule: Rule, towards: Side, origin: Value) -> Value | Refusal:
    """A value of the other side in the form of `towards`. Blank stays blank, but a Salesforce checkbox has none."""
    if origin is None:
        return "false" if rule.kind is Kind.BOOLEAN and towards is Side.SALESFORCE else None
    return rule.to_salesforce(origin) if towards is Side.SALESFORCE else rule.to_hubspot(origin)


def refused(rule: Rule, origin_side: Reading, towards: Side, refusal: Refusal) -> Issue:
    """The issue for a value the mapping will not let travel."""
    value = origin_side.values[rule.field_on(origin_side.ref.side)]
    return Issue(
        IssueKind.PARKED,
        (origin_side.ref,),
        rule=rule.name,
        side=towards,
        field=rule.field_on(towards),
        code=refusal.code,
        value=value,
        reason=refusal.reason,
        hint=refusal.hint,
    )


@dataclass(slots=True)
class _Field:
    """One rule that somebody may have touched; its decision is added to `result`."""

    rule: Rule
    left: Reading
    right: Reading
    memory: Memory
    chosen: Side | None
    result: Merge
    ours: Value = None
    theirs: Value = None

    def decide(self, agreed: Agreed | None) -> None:
        rule = self.rule
        self.ours, self.theirs = self.left.values[rule.hubspot], self.right.values[rule.salesforce]
        if agreed is None:
            self._meet()
            return
        sent = self.memory.sent
        ours = standing(rule, self.ours, agreed.hubspot, sent.get(Side.HUBSPOT, NOTHING).get(rule.name, ()))
        theirs = standing(rule, self.theirs, agreed.salesforce, sent.get(Side.SALESFORCE, NOTHING).get(rule.name, ()))
        self._table(ours, theirs)

    def _table(self, ours: Standing, theirs: Standing) -> None:
        """The field decision. An echo facing anything but an edit means the writer has moved on: it speaks."""
        if same(self.rule, self.ours, self.theirs):
            if ours is not Standing.AT_BASE or theirs is not Standing.AT_BASE:
                self._agree()
            return
        match ours, theirs:
            case (Standing.AT_BASE, Standing.AT_BASE):
                self.result.left_alone.append(self.rule.name)
            case (Standing.EDITED, Standing.EDITED) if self.rule.blank is Blank.KEEP:
                self._weigh(Because.EDITED, "{} was edited; {}'s value counts as blank")
            case (Standing.EDITED, Standing.EDITED) | (Standing.ECHO, Standing.ECHO):
                self._settle()
            case (Standing.EDITED, _) | (_, Standing.ECHO):
                self._carry(Side.SALESFORCE, Because.EDITED, "HubSpot was edited")
            case _:
                self._carry(Side.HUBSPOT, Because.EDITED, "Salesforce was edited")

    def _weigh(self, because: Because, words: str) -> None:
        """Two values: one that counts as blank, as some owners and what is given on create do, beats no real one."""
        ours, theirs = (self._says_nothing(side) for side in Side)
        if ours and theirs:
            self.result.left_alone.append(self.rule.name)
        elif theirs:
            self._carry(Side.SALESFORCE, because, words.format("HubSpot", "Salesforce"))
        elif ours:
            self._carry(Side.HUBSPOT, because, words.format("Salesforce", "HubSpot"))
        else:
            self._settle()

    def _says_nothing(self, side: Side) -> bool:
        value, rule = self._now(side), self.rule
        given = value == rule.on_create.get(side) and rule.direction.allows(side)
        return given or translated(rule, side.other, value) is None

    def _meet(self) -> None:
        """First meeting. A default given on create is a blank in disguise, and does not travel back."""
        default = self.rule.on_create
        if same(self.rule, self.ours, self.theirs):
            self._agree()
        elif self.theirs is None and self.ours != default.get(Side.HUBSPOT):
            self._write(Side.SALESFORCE, Because.FILLS_BLANK, "first meeting: Salesforce is blank")
        elif self.ours is None and self.theirs != default.get(Side.SALESFORCE):
            self._write(Side.HUBSPOT, Because.FILLS_BLANK, "first meeting: HubSpot is blank")
        elif self.ours is None or self.theirs is None:
            self._agree()
        else:
            self._meet_values()

    def _meet_values(self) -> None:
        """Two values meet. What was sent before a crash still counts, so that a repeat does not quarrel with itself."""
        match self._echo(Side.HUBSPOT), self._echo(Side.SALESFORCE):
            case (True, False):
                self._carry(Side.HUBSPOT, Because.EDITED, "HubSpot holds what was sent before")
            case (False, True):
                self._carry(Side.SALESFORCE, Because.EDITED, "Salesforce holds what was sent before")
            case _:
                self._weigh(Because.FILLS_BLANK, "first meeting: {1}'s value counts as blank")

    def _echo(self, side: Side) -> bool:
        sent = self.memory.sent.get(side, NOTHING).get(self.rule.name, ())
        return bool(sent) and echoes(self.rule, self.rule.comparison(self._now(side)), sent)

    def _settle(self) -> None:
        """Both spoke and differ."""
        match self.rule.direction:
            case Direction.TO_SALESFORCE:
                self._write(Side.SALESFORCE, Because.WINS_BY_POLICY, "the rule goes to Salesforce only")
                return
            case Direction.TO_HUBSPOT:
                self._write(Side.HUBSPOT, Because.WINS_BY_POLICY, "the rule goes to HubSpot only")
                return
        found = verdict(self.rule, self.left, self.right, self.chosen)
        if found.wants_history:
            self.result.wants_history.append(self.rule.hubspot)
        if found.winner is not None:
            self._write(found.winner.other, found.because, found.evidence)
            return
        self.result.conflicts.append(
            Issue(
                IssueKind.CONFLICT,
                (self.left.ref, self.right.ref),
                rule=self.rule.name,
                value=self.ours,
                other_value=self.theirs,
                reason=found.evidence,
                hint="choose the side that is right for this record, or give the rule a policy that names one",
            )
        )

    def _carry(self, towards: Side, because: Because, evidence: str) -> None:
        """One side spoke: its value travels if the rule goes that way; else it is undone or left alone."""
        if self.rule.direction.allows(towards):
            self._write(towards, because, evidence)
        elif self.rule.mirror:
            self._write(towards.other, Because.MIRRORS, f"{evidence}, but the rule does not go that way")
        else:
            self.result.left_alone.append(self.rule.name)

    def _write(self, towards: Side, because: Because, evidence: str) -> None:
        rule, before, origin = self.rule, self._now(towards), self._now(towards.other)
        if not rule.direction.allows(towards):
            self.result.left_alone.append(rule.name)
            return
        after = translated(rule, towards, origin)
        if isinstance(after, Refusal):
            source = self.left if towards is Side.SALESFORCE else self.right
            self.result.refusals.append(refused(rule, source, towards, after))
        elif rule.blank is Blank.KEEP and (after is None or origin is None):
            self.result.left_alone.append(rule.name)
        else:
            change = Change(towards, rule.field_on(towards), rule.name, before, after, because, origin, evidence)
            (self.result.to_salesforce if towards is Side.SALESFORCE else self.result.to_hubspot).append(change)

    def _agree(self) -> None:
        self.result.agreed[self.rule.name] = Agreed(self.ours, self.theirs)

    def _now(self, side: Side) -> Value:
        return self.ours if side is Side.HUBSPOT else self.theirs
