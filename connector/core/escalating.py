"""What is set off once: what the SLA asks for, and the rep's Tasks.

Each is marked by a `Fired` entry with its key before it is done, so it is never done again, whatever crashes or runs
twice. A Task waits until there is a record it can hang on and a rep it can be given to. Who is given another rep by a
policy is handed over again; who goes back to marketing is moved like anybody else, and only where that is lawful.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connector.core import handoff
from connector.core.journey import Entry, Fired, Handed, Seen
from connector.core.ledger import Ledger
from connector.core.lifecycle import ENDS, Mover, Sighting
from connector.core.policies import Scope, due_actions, judge_all
from connector.core.policy import Action, ActionKind
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.sla import Cycle
from connector.core.steered import Agreement, Choose, Effect
from connector.core.stirring import may_start
from connector.core.verdicts import DueAction, lasting, when
from connector.core.walking import walk

_NEWS_LASTS = timedelta(days=1)  # what marketing knew longer ago is no news for a rep
_NAMES = (("FirstName", "LastName"), ("firstname", "lastname"))


@dataclass(frozen=True, slots=True)
class Escalation:
    """How every promise stands, and what was set off. unowned: nobody was free to be given the lead."""

    cycles: Mapping[str, tuple[Cycle, ...]] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    unowned: bool = False

    def with_effects(self, effects: Iterable[Effect]) -> Escalation:
        """The same, with all that was set off on the way."""
        return replace(self, effects=tuple(effects))


class _Setting:
    """What it takes to set something off: the journey, the record it hangs on, the person's name."""

    def __init__(self, agreement: Agreement, ledger: Ledger, there: Mapping[Side, Reading], choose: Choose) -> None:
        self.agreement, self.ledger, self.choose = agreement, ledger, choose
        self.record = there[Side.SALESFORCE].ref if Side.SALESFORCE in there else None
        self.name = next(filter(None, (_name(reading) for reading in there.values())), "this lead")
        self.effects: list[Effect] = []
        self.unowned = False

    @property
    def about(self) -> Ref:
        """The record that it concerns."""
        return self.record or self.ledger.ref

    def fire(self, effect: Effect) -> None:
        """Set it off."""
        self.mark(effect.key)
        self.effects.append(effect)

    def mark(self, key: str) -> None:
        """Remember that it was set off."""
        self.ledger.say(Fired(key), self.ledger.now, f"fired:{key}")

    def task(self, key: str, subject: str, body: str) -> None:
        """A Task for the rep, once there is one and a record to hang it on."""
        owner = self.ledger.course.situation.owner
        if self.record and owner and key not in self.ledger.course.fired:
            text = subject.replace("{name}", self.name)
            self.fire(Effect(key, ActionKind.TASK, owner, self.record, text, body))


def escalate(agreement: Agreement, ledger: Ledger, there: Mapping[Side, Reading], choose: Choose) -> Escalation:
    """Judge every promise as it stands now, and set off what is due.

    Args:
        agreement: with the book of policies.
        ledger: to which `Fired` and all that follows is added.
        there: the records that are there, by side.
        choose: who of a pool is next.
    """
    setting = _Setting(agreement, ledger, there, choose)
    _tell_rep(setting)
    if not agreement.book or not may_start(agreement, ledger.entries):
        return Escalation({}, tuple(setting.effects))
    steps = walk(ledger.definition, ledger.entries)
    cycles = judge_all(agreement.book, steps, ledger.now, Scope.of(agreement))
    for due in due_actions(agreement.book, cycles, ledger.course.fired, ledger.now):
        _carry_out(setting, due)
    return Escalation(cycles, tuple(setting.effects), setting.unowned)


def _carry_out(setting: _Setting, due: DueAction) -> None:
    action, ledger = due.action, setting.ledger
    if action.kind is ActionKind.REASSIGN:
        _reassign(setting, due)
    elif action.kind is ActionKind.RETURN:
        found = Sighting(ledger.now, action.stage, Mover.AUTOMATIC, due.words, action.reason)
        if action.stage != ledger.course.situation.stage:
            ledger.rule(found, ledger.judge(found))
        setting.mark(due.key)
    elif action.kind is ActionKind.TASK and action.to in ("", "owner"):
        setting.task(due.key, _said(setting, due, action), due.words)
    else:
        text, body = _said(setting, due, action), _about(setting, due, action)
        setting.fire(Effect(due.key, action.kind, action.to, setting.about, text, body, _facts(setting, due)))


def _reassign(setting: _Setting, due: DueAction) -> None:
    """Give them to somebody else of the pool: to nobody who has had them in this pass."""
    ledger, pool, defined = setting.ledger, due.action.pool, setting.agreement.definition.handoff
    since, owner = ledger.handed_at, ledger.course.situation.owner
    had = {
        one.what.owner
        for one in ledger.course.handoffs
        if isinstance(one.what, Handed) and (since is None or one.at >= since)
    }
    never = defined.never if defined else frozenset()
    chosen = setting.choose(pool, (never | had | {owner}) - {""}) if pool else None
    if chosen is None:
        setting.unowned = True
        return
    lines = tuple(handoff.why(defined, ledger.course)) if defined else ()
    handed = Handed(chosen, f"pool {pool.name}" if pool else "", lines, due.policy.id)
    ledger.say(handed, ledger.now, f"handed:{len(ledger.course.handoffs)}")
    setting.mark(due.key)


def _tell_rep(setting: _Setting) -> None:
    """The Tasks of the handoff: that there is a lead, what marketing has learnt since, what an answer lacks."""
    ledger, defined = setting.ledger, setting.agreement.definition.handoff
    course, feedback = ledger.course, setting.agreement.definition.feedback
    if course.asked and feedback and feedback.task_when_asked:
        missing = ", ".join(course.asked.missing)
        setting.task(f"asked:{course.asks - 1}", feedback.task_when_asked, f"Still missing: {missing}")
    if (
        defined is None
        or not defined.task
        or ledger.handed_at is None
        or (course.stay is not None and course.stay[1].kind in ENDS)
    ):
        return
    number, last = len(course.handoffs) - 1, course.handoffs[-1]
    lines = "\n".join(handoff.why(defined, course))
    if course.answer is None:
        setting.task(f"handoff:{number}", defined.task, lines)
    news = _latest_news(ledger, handoff.context_fields(defined), last)
    if news is not None:
        setting.task(f"context:{number}:{news.at:%Y-%m-%d}", "New from marketing: {name}", lines)


def _latest_news(ledger: Ledger, fields: frozenset[str], since: Entry) -> Entry | None:
    """The last time marketing's side said something new of what the rep was told at the handoff."""
    for entry in reversed(ledger.entries):
        if entry.seen_at <= since.seen_at or ledger.now - entry.seen_at > _NEWS_LASTS:
            continue
        if isinstance(entry.what, Seen) and entry.ref.side is Side.HUBSPOT and fields & entry.what.fields.keys():
            return entry
    return None


def _facts(setting: _Setting, due: DueAction) -> Mapping[str, str]:
    """What has happened, for machines."""
    cycle = due.cycle
    facts = {
        "policy": due.policy.id,
        "state": cycle.state.value,
        "started": cycle.started_at.isoformat(),
        "due": cycle.due_at.isoformat() if cycle.due_at else "",
        "late_minutes": str(int(cycle.lateness.total_seconds() // 60)),
        "owner": setting.ledger.course.situation.owner,
        "stage": setting.ledger.course.situation.stage,
        "record": str(setting.about),
    }
    return {name: value for name, value in facts.items() if value}


def _said(setting: _Setting, due: DueAction, action: Action) -> str:
    """The action's words, or what has happened where it has none of its own."""
    ledger, cycle = setting.ledger, due.cycle
    filled = {
        "policy": due.policy.name,
        "name": setting.name,
        "due": when(cycle, cycle.due_at) if cycle.due_at else "",
        "late": lasting(cycle.lateness),
        "owner": ledger.definition.person(ledger.course.situation.owner),
        "stage": ledger.name(ledger.course.situation.stage),
    }
    text = action.text or (f"{due.words}: {{name}}" if action.kind is ActionKind.NOTIFY else due.words)
    for name, value in filled.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _about(setting: _Setting, due: DueAction, action: Action) -> str:
    """What a notice says below its first line: what has happened, to whom, who has to act, and where they stand."""
    if action.kind is not ActionKind.NOTIFY:
        return due.words
    ledger = setting.ledger
    situation = ledger.course.situation
    owner = f", with {ledger.definition.person(situation.owner)}" if situation.owner else ", with nobody"
    who = f"{setting.name}, {ledger.name(situation.stage)}{owner}"
    return "\n".join([due.words, who, str(setting.about)] if action.text else [who, str(setting.about)])


def _name(reading: Reading) -> str:
    return next(
        (name for pair in _NAMES if (name := " ".join(filter(None, (reading.values.get(part) for part in pair))))), ""
    )
