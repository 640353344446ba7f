"""Does the shared definition make sense? What its files are allowed to say, and nobody can have meant.

`definition_of` refuses what cannot work at all; here stands what works and leads nowhere: stages nobody gets to, ways
nobody decided about, answers that are refused, conditions that move nobody. Given the live schemas, also what the CRMs
lack (`fitting`). Nothing here stops a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from connector.config.definition import definition_of
from connector.config.findings import Finding, Severity
from connector.config.fitting import LABEL, Schemas, live_findings
from connector.config.handing import owner_id
from connector.config.lifecycle import LifecycleWritten
from connector.config.load import Loaded
from connector.config.owners import Owners
from connector.config.vocabulary import Vocabulary, owned_fields, resting, vocabulary
from connector.config.yaml import Document, KeyPath
from connector.core.definition import Definition, Place, Spelling
from connector.core.journey import Verdict
from connector.core.lifecycle import Mover, Need, cells
from connector.core.refs import Side

_COME_BACK_WITH = frozenset({Need.REASON, Need.REVISIT})  # what is known of who comes back by themselves
_AUTOMATIC_MOVES = "automatic way that needs nothing"


def lint(loaded: Loaded, schemas: Schemas | None = None, owners: Owners | None = None) -> list[Finding]:
    """What is odd about lifecycle, personas and feedback, in the order of the files.

    Args:
        loaded: what `load` gave.
        schemas: the live schemas, where there is a connection.
        owners: everyone who can own records, likewise.

    Raises:
        Misconfigured: when the files do not compile; with every problem.
    """
    definition, words = definition_of(loaded, owners), vocabulary(loaded)
    if definition is None or words is None or loaded.lifecycle is None:
        return list(_idle(loaded))
    lint = _Lint(loaded, loaded.lifecycle.written, loaded.lifecycle.document, definition, words)
    for look in (lint.stages, lint.ways, lint.spellings, lint.conditions, lint.handoff, lint.answers, lint.rests):
        look()
    if owners is not None:
        lint.people(owners)
    live = live_findings(loaded, definition, words, schemas) if schemas is not None else ()
    return list(dict.fromkeys((*lint.findings, *live)))


def _idle(loaded: Loaded) -> Iterator[Finding]:
    """Files that do nothing, because there is no lifecycle."""
    if loaded.lifecycle is not None:
        return
    for name in ("personas", "feedback"):
        source = getattr(loaded, name)
        if source is not None:
            problem = source.document.problem((name,), "does nothing without a lifecycle.yaml beside it")
            yield Finding(Severity.INFO, problem.file, problem.line, problem.key, problem.message)


@dataclass
class _Lint:
    """The definition under scrutiny."""

    loaded: Loaded
    written: LifecycleWritten
    document: Document
    definition: Definition
    words: Vocabulary
    findings: list[Finding] = field(default_factory=list)

    def stages(self) -> None:
        """Stages nobody gets to."""
        lifecycle = self.definition.lifecycle
        reachable, entered = lifecycle.reachable(), {end for _, end in lifecycle.moves}
        for stage in lifecycle.stages:
            path = ("lifecycle", "stages", stage)
            if stage not in reachable:
                self.warn(path, "nobody can get here: `first` does not list it, and no way leads to it from there")
            elif stage not in entered:
                self.inform(path, "no way leads here, so only those are in it who were first seen in it")

    def ways(self) -> None:
        """Pairs of stages that nobody has thought of."""
        decided = self.written.decided()
        open_ends: dict[str, list[str]] = {}
        for start, end, _ in cells(self.definition.lifecycle):
            if (start, end) not in decided:
                open_ends.setdefault(start, []).append(end)
        for start, ends in open_ends.items():
            message = f"nothing is decided from {start} to {', '.join(ends)}, so nobody may go there; "
            self.inform(("lifecycle", "moves"), f"{message}add a row, or one with kind: never to say that you mean it")

    def spellings(self) -> None:
        """Places where a stage cannot be told, or not from another."""
        for side in Side:
            for obj in self.words.objects(side):
                spelled = self.definition.spellings.get((side, obj), ())
                self.untold((side, obj), spelled)
                self.twins((side, obj), spelled)

    def untold(self, place: Place, spelled: tuple[Spelling, ...]) -> None:
        where = f"{LABEL[place[0]]} {place[1]}"
        silent = [stage for stage in self.written.stages if stage not in {one.stage for one in spelled}]
        if len(silent) == len(self.written.stages):
            self.inform(("lifecycle", "stages"), f"{where} tells no stage at all, so nobody can move people there")
            return
        for stage in silent:
            self.warn(
                ("lifecycle", "stages", stage), f"{where} cannot tell this stage; who is in it, shows another there"
            )

    def twins(self, place: Place, spelled: tuple[Spelling, ...]) -> None:
        for number, one in enumerate(spelled):
            for other in spelled[:number]:
                if one.stage != other.stage and _alike(one, other):
                    below, _ = self.written.stages[one.stage].groups(*place)
                    path = ("lifecycle", "stages", one.stage, *below)
                    message = f"{LABEL[place[0]]} {place[1]} tells {one.stage} just as it tells {other.stage}; "
                    self.say(Severity.ERROR, path, f"{message}give one of them another value, or one property more")

    def conditions(self) -> None:
        """What moves people by itself, and cannot."""
        for key, questions in (("criteria", self.definition.criteria), ("deal", self.definition.deals)):
            for stage in questions:
                if not self.leads(stage):
                    self.warn(
                        ("lifecycle", "stages", stage, key), f"moves nobody: `moves` has no {_AUTOMATIC_MOVES} here"
                    )
        if self.definition.converted and not self.leads(self.definition.converted):
            self.warn(("lifecycle", "converted"), f"moves nobody: `moves` has no {_AUTOMATIC_MOVES} to that stage")

    def leads(self, end: str, start: str | None = None, brings: frozenset[Need] = frozenset()) -> bool:
        """Whether people may come to a stage by themselves (from anywhere, unless a start is named)."""
        moves = self.definition.lifecycle.moves.items()
        fitting = (move for (one, two), move in moves if two == end and start in (None, one))
        return any(Mover.AUTOMATIC in move.by and move.needs <= brings for move in fitting)

    def handoff(self) -> None:
        """Who is handed over to nobody."""
        handoff = self.definition.handoff
        if handoff is None:
            self.inform(("lifecycle",), "there is no `handoff`, so nobody is given to a rep")
            return
        path = ("lifecycle", "handoff")
        certain = any(rule.when.text == "true" and rule.pool for rule in handoff.rules)
        if not handoff.rules and self.written_fallback is None:
            self.warn(path, "has neither rules nor a fallback, so nobody gets anybody; name a queue or a pool")
        elif self.written_fallback is None and not certain:
            self.inform(path, "has no fallback: whom no rule gives to a rep, waits for a person")
        for stage in sorted(handoff.stages):
            if not any(end == stage for _, end in self.definition.lifecycle.moves):
                self.warn((*path, "stages"), f"no way leads to {stage}, so nobody is ever handed over there")

    @property
    def written_fallback(self) -> str | None:
        return self.written.handoff.fallback if self.written.handoff else None

    def people(self, owners: Owners) -> None:
        """Who is named in the handoff and cannot own anything."""
        handoff = self.written.handoff
        if handoff is None:
            return
        path: KeyPath = ("lifecycle", "handoff")
        named = [((*path, "pools", name, "owners"), one) for name, pool in handoff.pools.items() for one in pool.owners]
        named += [((*path, "never"), one) for one in handoff.never]
        if handoff.fallback and handoff.fallback not in handoff.pools:
            named.append(((*path, "fallback"), handoff.fallback))
        for at, name in named:
            if owner_id(name, owners) is None:
                self.warn(
                    at,
                    f"Salesforce has no active user or queue {name!r}; name one by e-mail or id, a queue by its name",
                )

    def answers(self) -> None:
        """Answers that are refused, and reasons that lead nowhere."""
        source, feedback = self.loaded.feedback, self.definition.feedback
        if source is None or feedback is None:
            return
        say = _at(self, source.document)
        for verdict, stage in feedback.leads_to.items():
            path = ("feedback", "verdicts", verdict.value)
            given = feedback.needs.get(verdict, frozenset())
            for start in sorted(self.definition.handoff.stages) if self.definition.handoff else ():
                fault = self.refused(start, stage, given)
                if fault:
                    say(path, fault)
            if Need.REASON in given and not any(verdict in reason.verdicts for reason in feedback.reasons.values()):
                say(path, f"needs a reason, but no reason may be given with it; add {verdict} to the verdicts of some")
        for name in source.written.reasons:
            reason = feedback.reasons[name]
            if reason.re_enter:
                for fault in self.stuck(
                    reason.re_enter, {feedback.leads_to[one] for one in reason.verdicts - {Verdict.ACCEPT}}
                ):
                    say(("feedback", "reasons", name, "re_enter"), fault)
                if not reason.cool_down and Need.REVISIT not in reason.needs:
                    say(("feedback", "reasons", name, "re_enter"), "comes back at once; give it cool_down_days")

    def refused(self, start: str, end: str, given: frozenset[Need]) -> str:
        """Why sales' answer would be refused; "" where it is not."""
        move = self.definition.lifecycle.moves.get((start, end))
        if move is None:
            return f"leads from {start} to {end}, where `moves` has no way"
        if Mover.SALES not in move.by:
            return f"leads from {start} to {end}, where `moves` does not let sales go"
        missing = move.needs - given
        return (
            f"does not need {' and '.join(sorted(missing))}, but the way from {start} to {end} does" if missing else ""
        )

    def stuck(self, end: str, starts: Iterable[str]) -> Iterator[str]:
        """Stages from which a cool-down leads nowhere."""
        for start in sorted(starts):
            if start != end and not self.leads(end, start, _COME_BACK_WITH):
                yield f"moves nobody: `moves` has no automatic way from {start} to {end}"

    def rests(self) -> None:
        """Mapping rules that leave their fields to the lifecycle."""
        mapping = self.words.mapping
        owned = owned_fields(self.loaded, mapping)
        for name, rule in mapping.file.fields.items():
            objects = [obj for obj in mapping.file.salesforce if resting(rule, mapping.file.hubspot, obj, owned)]
            if objects:
                message = f"rests on {' and '.join(objects)}: the lifecycle keeps these fields while it is on"
                problem = mapping.document.problem(("fields", name), message)
                self.findings.append(Finding(Severity.INFO, problem.file, problem.line, problem.key, message))

    def warn(self, path: KeyPath, message: str) -> None:
        self.say(Severity.WARNING, path, message)

    def inform(self, path: KeyPath, message: str) -> None:
        self.say(Severity.INFO, path, message)

    def say(self, severity: Severity, path: KeyPath, message: str, document: Document | None = None) -> None:
        problem = (document or self.document).problem(path, message)
        self.findings.append(Finding(severity, problem.file, problem.line, problem.key, message))


def _at(lint: _Lint, document: Document) -> Callable[[KeyPath, str], None]:
    """Warnings about another file."""
    return lambda path, message: lint.say(Severity.WARNING, path, message, document)


def _alike(one: Spelling, other: Spelling) -> bool:
    """Whether a record can tell both, neither more than the other."""
    if set(one.fields) != set(other.fields):
        return False
    return all(set(values) & set(other.fields[name]) for name, values in one.fields.items())
