"""One policy along one journey: which of its conditions come true, and what turn of the clock each of them is.

A track knows two policies of one id: the one in force, which may start a clock, and the one the cycle follows, which
bears on it; they differ only after an edit. What holds already when a clock starts is heeded: a promise that is void or
kept does not begin, one that is paused begins paused. What somebody does at the very instant of the start, told after
it, keeps the promise at once; whom they are given to then is who has to act. A stop that only a status tells waits for
evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.core.clocks import judge
from connector.core.moments import Moment
from connector.core.policy import Policy, PolicyKind
from connector.core.situation import Question, Situation
from connector.core.sla import ReEntry, Sort, Terms, Turn
from connector.core.terms import promised

_BEGINS = frozenset({Sort.START, Sort.RESET, Sort.REASSIGN})
_MARKETING = "marketing"


@dataclass(slots=True, eq=False)
class Track:
    """One policy's way along a journey."""

    turns: list[Turn] = field(default_factory=list)
    _in_force: Policy | None = None
    _version_in_force: str = ""
    _starting: bool = False  # whether the start condition held last
    _rule: Policy | None = None  # what the cycle follows
    _version: str = ""
    _held: list[bool] = field(default_factory=list)  # which conditions of the rule held last
    _paused: bool = False
    _unproven: bool = False  # a status says it is done, and nothing shows it
    _is_over: bool = True  # surely nothing is open, so nothing bears on it
    _left: int = 0  # attempts until then, at least
    _since: datetime | None = None  # since when evidence counts
    _owner: str = ""

    def offer(self, policy: Policy | None, version: str, situation: Situation | None) -> None:
        """From now on a start means this policy; that its condition holds already starts nothing."""
        self._in_force, self._version_in_force = policy, version
        self._starting = policy is not None and situation is not None and _holds(policy.start, situation)

    def amend(self, policy: Policy | None, version: str, moment: Moment) -> None:
        """Let an open cycle follow this policy from now on; one that is no longer there is void."""
        if self._rule is None or not self._is_open(moment.at):
            return
        if policy is None:
            self._add(Sort.CANCEL, moment.at)
            return
        self.turns.append(Turn(Sort.AMEND, moment.at, promised(policy, version, moment.situation, moment.at)))
        self._rule, self._version, self._held = policy, version, _levels(policy, moment.situation)
        self._left = policy.attempts
        if self._held[Sort.CANCEL]:
            self._add(Sort.CANCEL, moment.at)
        elif self._held[Sort.STOP]:
            self._stop(policy, moment)
        pauses = _pauses(self._held)
        if pauses is not self._paused:
            self._shift(Sort.PAUSE if pauses else Sort.RESUME, moment.at)

    def step(self, moment: Moment) -> None:
        """Take in an entry."""
        rule, in_force = self._rule, self._in_force
        concerns = moment.concerns(in_force)
        if rule is not None and not self._is_over:
            if concerns if rule is in_force else moment.concerns(rule):
                self._bear(rule, moment)
            if moment.situation.owner != self._owner and rule.team != _MARKETING:
                self._own(rule, moment)
        if concerns and in_force is not None and self._begins(in_force, moment) and moment.starts:
            self._start(in_force, moment)

    def _begins(self, policy: Policy, moment: Moment) -> bool:
        if moment.passing:
            return policy.start.momentary and policy.start.holds(moment.situation)
        was, self._starting = self._starting, policy.start.holds(moment.situation)
        return self._starting and not was

    def _start(self, policy: Policy, moment: Moment) -> None:
        changes = self._is_over or self._version != self._version_in_force
        held = _levels(policy, moment.situation) if changes else self._held
        if held[Sort.CANCEL] or (held[Sort.STOP] and not policy.evidence):
            return  # void or kept as it begins
        owner = "" if policy.team == _MARKETING else moment.situation.owner
        paused = _pauses(held) if changes else self._paused
        terms = promised(policy, self._version_in_force, moment.situation, moment.at)
        self.turns.append(Turn(Sort.START, moment.at, terms, owner, paused=paused))
        if changes:
            self._follow(policy, held, moment)
            self._paused = _pauses(self._held)
            if self._paused is not paused:  # an older policy goes on, which rests where this one would not, or not
                self.turns[-1] = replace(self.turns[-1], paused=self._paused)
        self._owner, self._left = owner, policy.attempts
        if self._is_over:
            self._since, self._is_over, self._unproven = moment.at, False, held[Sort.STOP]

    def _follow(self, policy: Policy, held: list[bool], moment: Moment) -> None:
        """After a start: the cycle there is now follows the policy in force, unless it is an older one that goes on."""
        version = self._version_in_force
        if self._rule is None or self._version == version or judge(self.turns, moment.at)[-1].terms.version == version:
            self._rule, self._version, self._held = policy, version, held
        else:
            self._held = _levels(self._rule, moment.situation)

    def _is_open(self, at: datetime) -> bool:
        cycles = judge(self.turns, at)
        return bool(cycles) and cycles[-1].ended_at is None

    def _bear(self, rule: Policy, moment: Moment) -> None:
        if rule.cancel is not None and self._counts(Sort.CANCEL, rule.cancel, moment):
            self._void(moment.at)
            self._add(Sort.CANCEL, moment.at)
        shows_at_last = self._unproven and moment.is_touch
        if self._counts(Sort.STOP, rule.stop, moment) or (shows_at_last and self._held[Sort.STOP]):
            self._stop(rule, moment)
        if rule.reset is not None and self._counts(Sort.RESET, rule.reset, moment):
            self.turns.append(Turn(Sort.RESET, moment.at, paused=self._paused))
            self._left = rule.attempts
        if rule.pause is not None or rule.resume is not None or self._paused:
            self._rest(rule, moment)

    def _rest(self, rule: Policy, moment: Moment) -> None:
        """Pause and resume."""
        if rule.pause is not None and self._counts(Sort.PAUSE, rule.pause, moment):
            self._shift(Sort.PAUSE, moment.at)
        if rule.resume is not None:
            resumes = self._counts(Sort.RESUME, rule.resume, moment)
        else:
            resumes = self._paused and not self._held[Sort.PAUSE] and not moment.passing
        if resumes:
            self._shift(Sort.RESUME, moment.at)

    def _counts(self, sort: Sort, question: Question, moment: Moment) -> bool:
        """Whether a condition comes true: at a touch, an answer or a deal each time, otherwise when it did not hold."""
        if moment.passing:
            return question.momentary and question.holds(moment.situation)
        held = self._held
        was = held[sort]
        holds = held[sort] = question.holds(moment.situation)
        return holds and not was

    def _stop(self, rule: Policy, moment: Moment) -> None:
        if rule.kind is PolicyKind.DISPOSITION and not moment.keeps:
            return
        evidence = moment.evidence(rule.kind, self._since)
        self._unproven = rule.evidence and not evidence
        if self._unproven or not self._comes_with_the_start(moment, evidence):
            if not self._unproven and rule.attempts == 1:
                self._void(moment.at)
            self.turns.append(Turn(Sort.STOP, moment.at, evidence=evidence))
        self._left -= not self._unproven
        self._is_over = self._left <= 0

    def _comes_with_the_start(self, moment: Moment, evidence: str) -> bool:
        """Note an act at the instant at which a cycle begins, or begins again; another that runs is stopped as ever."""
        place = self._begun(moment.at)
        if place is None or not moment.passing:
            return False
        start = self.turns.pop(place)
        goes_on = _terms(start).re_entry is not ReEntry.RESTART and self._is_open(moment.at)
        self.turns.insert(place, start if goes_on else replace(start, stops=start.stops + 1, evidence=evidence))
        return not goes_on

    def _begun(self, at: datetime) -> int | None:
        """Where the start of an instant is among the turns."""
        starts = (place for place, turn in enumerate(self.turns) if turn.at == at and turn.sort is Sort.START)
        return next(starts, None)

    def _own(self, rule: Policy, moment: Moment) -> None:
        owner, handoff = moment.situation.owner, moment.is_handoff
        place = self._begun(moment.at)
        if place is not None:  # the start counts after everything else of its instant
            self.turns[place] = replace(self.turns[place], owner=owner)
        self.turns.append(Turn(Sort.REASSIGN, moment.at, owner=owner, paused=self._paused, handoff=handoff))
        self._owner, self._left = owner, rule.attempts

    def _shift(self, sort: Sort, at: datetime) -> None:
        """Pause or resume; what begins from nothing at this instant does so paused, or not."""
        self._paused = sort is Sort.PAUSE
        for place, turn in enumerate(self.turns):
            if turn.at == at and turn.sort in _BEGINS:
                self.turns[place] = replace(turn, paused=self._paused)
        self._add(sort, at)

    def _void(self, at: datetime) -> None:
        """What is void or kept at the instant it begins does not begin."""
        self.turns = [turn for turn in self.turns if not (turn.at == at and turn.sort is Sort.START)]

    def _add(self, sort: Sort, at: datetime) -> None:
        self.turns.append(Turn(sort, at))
        self._is_over = self._is_over or sort is Sort.CANCEL


def _terms(start: Turn) -> Terms:
    assert start.terms is not None, "a start names its terms"
    return start.terms


def _levels(policy: Policy, situation: Situation) -> list[bool]:
    """Which conditions hold in a situation, by sort, apart from what only a touch, an answer or a deal answers."""
    held = [False] * len(Sort)
    held[Sort.CANCEL] = _holds(policy.cancel, situation)
    held[Sort.STOP] = _holds(policy.stop, situation)
    held[Sort.PAUSE] = _holds(policy.pause, situation)
    held[Sort.RESUME] = _holds(policy.resume, situation)
    held[Sort.RESET] = _holds(policy.reset, situation)
    return held


def _pauses(held: list[bool]) -> bool:
    return held[Sort.PAUSE] and not held[Sort.RESUME]


def _holds(question: Question | None, situation: Situation) -> bool:
    return question is not None and not question.momentary and question.holds(situation)
