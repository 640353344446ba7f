"""Does what is promised make sense? What sla.yaml and its sisters may say, and nobody can have meant.

`policies_of` and `objectives_of` refuse what cannot work at all; here stands what works and leads nowhere: clocks that
never run, warnings that come too early, a return that would be refused, calendars nobody asks for (`calendar_lint`).
Nothing here stops a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.config.calendar_lint import calendar_findings
from connector.config.findings import Finding, Severity
from connector.config.handing import owner_id
from connector.config.lifecycle import LifecycleWritten
from connector.config.load import AgreedSource, Loaded
from connector.config.objectives import objectives_of
from connector.config.owners import Owners
from connector.config.policies import OWNER, names_an_owner
from connector.config.promises import ActionWritten, PolicyWritten, SlaWritten
from connector.config.sla import policies_of
from connector.config.yaml import KeyPath
from connector.core.lifecycle import Mover, Need
from connector.core.policy import Policy, Target
from connector.core.situation import Situation
from connector.core.terms import promised

_KINDS = ("sla", "calendars", "objectives")
_AT = ("sla", "policies")


def lint(loaded: Loaded, now: datetime, owners: Owners | None = None) -> list[Finding]:
    """What is odd about the SLA, the calendars and the objectives, in that order.

    Args:
        loaded: what `load` gave.
        now: dates that are over are so by then.
        owners: everyone who can own records, where there is a connection.

    Raises:
        Misconfigured: when the files do not compile; with every problem of the first that does not.
    """
    if loaded.lifecycle is None:
        return list(_idle(loaded))
    promises = policies_of(loaded, owners, now)
    objectives_of(loaded, now)
    found: list[Finding] = []
    if promises is not None and loaded.sla is not None:
        look = _Look(loaded.sla, loaded.lifecycle.written, owners, found)
        for name, policy in promises.policies.items():
            look.clock(name, policy)
            look.warnings(name, policy, now)
        look.silent()
        look.actions()
    return list(dict.fromkeys([*found, *calendar_findings(loaded, now, owners)]))


def _idle(loaded: Loaded) -> Iterator[Finding]:
    """Files that do nothing, because there is no lifecycle."""
    for name in _KINDS:
        source: AgreedSource[SlaWritten] | None = getattr(loaded, name)
        if source is not None:
            problem = source.document.problem((name,), "does nothing without a lifecycle.yaml beside it")
            yield Finding(Severity.INFO, problem.file, problem.line, problem.key, problem.message)


@dataclass
class _Look:
    """sla.yaml under scrutiny."""

    source: AgreedSource[SlaWritten]
    lifecycle: LifecycleWritten
    owners: Owners | None
    findings: list[Finding] = field(default_factory=list)

    def clock(self, name: str, policy: Policy) -> None:
        """Clocks that never run, or never stop."""
        if policy.start.text == policy.stop.text:
            message = "is the same as stop, so the promise is kept as it begins; the clock never runs"
            self.say(Severity.ERROR, (*_AT, name, "start"), message)
        elif policy.start.text == "false":
            self.say(Severity.WARNING, (*_AT, name, "start"), "never holds, so nothing is ever promised")
        if policy.stop.text == "false":
            self.say(Severity.WARNING, (*_AT, name, "stop"), "never holds, so every promise ends up late")
        if policy.cancel is not None and policy.cancel.text == "true":
            self.say(Severity.WARNING, (*_AT, name, "cancel"), "always holds, so nothing is ever promised")

    def warnings(self, name: str, policy: Policy, now: datetime) -> None:
        """Warnings that come when the clock starts, because they are as far ahead as the target or farther."""
        for at, warning in enumerate(policy.warnings):
            for target in policy.targets:
                alone = replace(policy, warnings=(warning,), targets=(Target(target.span),))
                terms = promised(alone, "", Situation(), now)
                if warning.before and terms.warnings[0] >= terms.target:
                    path = (*_AT, name, "warnings", *((at,) if len(policy.warnings) > 1 else ()))
                    ahead, whole = warning.before, target.span
                    message = (
                        f"{ahead.amount} {ahead.unit} before the deadline is when the clock starts, or earlier: the "
                        f"target is {whole.amount} {whole.unit}; warn later, or at a share like 75%"
                    )
                    self.say(Severity.WARNING, path, message)

    def silent(self) -> None:
        """Policies of which nobody hears."""
        policies = self.source.written.policies
        silent = [name for name, one in policies.items() if one.enabled and not one.on_breach]
        if silent:
            names = ", ".join(silent)
            self.say(
                Severity.INFO, _AT, f"nobody is told when these are late, only fields show it: {names} (on_breach)"
            )

    def actions(self) -> None:
        """Actions that would be refused, or concern nobody."""
        for name, policy in self.source.written.policies.items():
            for key in ("on_warning", "on_breach"):
                written: list[ActionWritten] = getattr(policy, key)
                for at, action in enumerate(written):
                    path = (*_AT, name, key, at)
                    self.returned(path, policy, action)
                    self.people(path, action)

    def returned(self, path: KeyPath, policy: PolicyWritten, action: ActionWritten) -> None:
        """A return for which there is no automatic way, or that lacks what the way needs."""
        end = action.return_to_marketing
        handoff = self.lifecycle.handoff
        if end is None or policy.start is not None:
            return
        decided = self.lifecycle.decided()
        for start in policy.stages or (handoff.stages if handoff else ()):
            row = decided.get((start, end))
            move = self.lifecycle.moves[row] if row is not None else None
            if move is None or Mover.AUTOMATIC not in move.by:
                message = f"would be refused: `moves` has no automatic way from {start} to {end}"
                self.say(Severity.WARNING, (*path, "return_to_marketing"), message)
            elif missing := set(move.needs) - ({Need.REASON} if action.reason else set()):
                message = f"would be refused: the way from {start} to {end} needs a {' and a '.join(sorted(missing))}"
                self.say(Severity.WARNING, (*path, "return_to_marketing"), message)

    def people(self, path: KeyPath, action: ActionWritten) -> None:
        """Who is named and cannot own anything."""
        if self.owners is None:
            return
        named = [("reassign", name) for name in action.reassign or () if names_an_owner(name)]
        named += [("task", action.task)] if action.task and action.task != OWNER else []
        for key, name in named:
            if owner_id(name, self.owners) is None:
                message = f"Salesforce has no active user or queue {name!r}; name one by e-mail or id"
                self.say(Severity.WARNING, (*path, key), message)

    def say(self, severity: Severity, path: KeyPath, message: str) -> None:
        problem = self.source.document.problem(path, message)
        self.findings.append(Finding(severity, problem.file, problem.line, problem.key, message))
