"""Policies as written become policies of the core, on the ground of all that they lean on.

What a policy leaves out follows from its kind and from the lifecycle: a first touch starts where people are handed over
and ends with a human's outbound touch, a disposition ends when they leave that stage, and so on (`usual`). Deadlines
are tried here, in every calendar that may count, so that none is told of that never comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.config.business_time import Counting, business_times, sole_calendar, years_around
from connector.config.calendars import CalendarsWritten
from connector.config.handing import owner_id
from connector.config.lifecycle import PoolWritten
from connector.config.owners import Owners
from connector.config.problems import did_you_mean
from connector.config.promises import ActionWritten, PolicyWritten, SlaWritten
from connector.config.vocabulary import Asking, Vocabulary
from connector.config.yaml import Document, KeyPath
from connector.core.calendars import NeverOpens
from connector.core.definition import Pool
from connector.core.policy import Action, ActionKind, Policy, PolicyKind, Span, Target
from connector.core.refs import Side
from connector.core.situation import Question
from connector.core.terms import later, running_in
from connector.core.values import Kind
from connector.errors import Problem

OWNER = "owner"  # of a task: the rep's
_ASKED = ("start", "stop", "cancel", "pause", "resume", "reset")


@dataclass
class Ground:
    """All that policies are made of.

    Attributes:
        handoff: the stages in which people are handed over.
        rejected_to: the stage that a rejection leads to.
        pools: as written, by name.
        watched: the fields that conditions ask for, once the policies are made.
    """

    sla: SlaWritten
    document: Document
    calendars: CalendarsWritten | None
    calendars_document: Document
    words: Vocabulary
    handoff: list[str]
    rejected_to: str
    pools: Mapping[str, PoolWritten]
    owners: Owners | None
    problems: list[Problem] = field(default_factory=list)
    watched: dict[Side, dict[str, Kind]] = field(default_factory=dict)

    def policies(self, now: datetime) -> dict[str, Policy]:
        """Every policy that is enabled; those that are not are checked all the same."""
        counting = self._counting(now)
        made = {name: _Policy(self, name, one, counting, now).made() for name, one in self.sla.policies.items()}
        return {name: policy for name, policy in made.items() if policy and self.sla.policies[name].enabled}

    def ask(self, document: Document, path: KeyPath, text: str, *, moments: bool = True) -> Question:
        """A question, its fields watched from now on."""
        found = Asking(document, self.words, self.problems).question(path, text, moments=moments)
        for side, fields in found.fields.items():
            self.watched.setdefault(side, {}).update(fields)
        return found

    def pool(self, name: str) -> Pool:
        """A pool of the handoff's."""
        written = self.pools[name]
        return Pool(name, self.ids(written.owners), written.per_day, written.zone)

    def ids(self, names: list[str]) -> tuple[str, ...]:
        """Those of them who can own records now."""
        found = (owner_id(name, self.owners) for name in names)
        return tuple(dict.fromkeys(one for one in found if one))

    def _counting(self, now: datetime) -> Counting:
        written = self.calendars_document.data.get("calendars", {}).get("named", {})
        times = business_times(written, years_around(now))
        if self.calendars is None:
            return Counting(times)
        whose = self.calendars.whose
        owned = ((owner_id(name, self.owners), calendar) for name, calendar in whose.owners.items())
        territories = []
        for at, one in enumerate(whose.territories):
            path = ("calendars", "whose", "territories", at, "when")
            territories.append((self.ask(self.calendars_document, path, one.when, moments=False), one.calendar))
        by_owner = {owner: calendar for owner, calendar in owned if owner}
        return Counting(times, whose.order, territories, by_owner, whose.teams)


@dataclass
class _Policy:
    """One policy on its way."""

    ground: Ground
    id: str
    written: PolicyWritten
    counting: Counting
    now: datetime

    def made(self) -> Policy | None:
        """None where something is wrong with it; what, is among the problems."""
        written, asked, targets = self.written, self.asked(), self.targets()
        calendar = self.calendar()
        on_warning, on_breach = self.actions("on_warning"), self.actions("on_breach")
        start, stop = asked["start"], asked["stop"]
        if calendar is None or start is None or stop is None:
            return None
        self.try_deadlines(calendar)
        team = team_of(written)
        return Policy(
            id=self.id,
            name=name_of(self.id, written),
            kind=written.kind,
            team=team,
            start=start,
            stop=stop,
            targets=targets,
            time=self.counting.time_for(team, calendar),
            cancel=asked["cancel"],
            pause=asked["pause"],
            resume=asked["resume"],
            reset=asked["reset"],
            warnings=tuple(written.warnings),
            attempts=written.attempts or 1,
            evidence=written.evidence,
            re_entry=written.re_entry,
            on_reassign=written.on_reassign.does,
            restarts=written.on_reassign.times,
            on_warning=on_warning,
            on_breach=on_breach,
        )

    def asked(self) -> dict[str, Question | None]:
        """Its conditions: what is written, else what is usual."""
        implied = usual(self.written.kind, self.written.stages or self.ground.handoff, self.ground.rejected_to)
        found: dict[str, Question | None] = {}
        for key in _ASKED:
            text = getattr(self.written, key)
            if text:
                found[key] = self.ground.ask(self.ground.document, self.path(key), text)
            else:
                found[key] = self.implied(key, implied.get(key, ""))
        for key in ("start", "stop"):
            if found[key] is None:
                self.report((key,), "is missing, and nothing in the lifecycle and feedback files says what is usual")
        return found

    def implied(self, key: str, text: str) -> Question | None:
        """What is usual; stages that are not there are told where they are named."""
        words = replace(self.ground.words, scales={})
        return (
            Asking(self.ground.document, words, self.ground.problems).question(self.path(key), text) if text else None
        )

    def targets(self) -> tuple[Target, ...]:
        document, special = self.ground.document, []
        for at, one in enumerate(self.written.targets):
            when = self.ground.ask(document, self.path("targets", at, "when"), one.when, moments=False)
            special.append(Target(one.target, when))
        return (*special, Target(self.written.target))

    def calendar(self) -> str | None:
        """The policy's own calendar, the files' common one, or the only one there is."""
        known = list(self.counting.times)
        own = [(self.path("calendar"), self.written.calendar), (("sla", "calendar"), self.ground.sla.calendar)]
        path, name = next(((path, name) for path, name in own if name), (self.path("calendar"), None))
        if name in known:
            return name
        sole = sole_calendar(self.counting.times) if name is None else None
        if sole is not None:
            return sole
        near = did_you_mean(name or "", known) or f"; there are {', '.join(known)}"
        message = f"there is no calendar {name!r}{near}" if name else f"is missing{near}"
        self.ground.problems.append(self.ground.document.problem(path, message))
        return None

    def try_deadlines(self, calendar: str) -> None:
        """Refuse what no deadline can be told for, in whichever calendar may count."""
        whose = self.ground.calendars.whose if self.ground.calendars else None
        names = dict.fromkeys([calendar, *(name for _, name in (whose.named() if whose else ()))])
        spans: list[tuple[KeyPath, Span]] = [(("target",), self.written.target)]
        spans += [(("targets", at, "target"), one.target) for at, one in enumerate(self.written.targets)]
        for path, span in spans:
            for name in names:
                time = running_in(span.unit, self.counting.times[name])
                try:
                    time.add(self.now, later(span, time, self.now))
                except (NeverOpens, OverflowError):
                    message = f"{span.amount} {span.unit} are more than the calendar {name!r} is open in ten years"
                    self.report(path, message)

    def actions(self, key: str) -> tuple[Action, ...]:
        written: list[ActionWritten] = getattr(self.written, key)
        return tuple(self.action((key, at), one) for at, one in enumerate(written))

    def action(self, path: KeyPath, written: ActionWritten) -> Action:
        kind, text = written.kind, written.text or ""
        match kind:
            case ActionKind.REASSIGN:
                return Action(kind, pool=self.reassigned(path, written.reassign or []), cap=written.cap or 1)
            case ActionKind.RETURN:
                return Action(kind, stage=written.return_to_marketing or "", reason=written.reason or "")
            case ActionKind.TASK:
                return Action(kind, to=self.told(written.task or OWNER), text=text)
            case _:
                return Action(kind, to=written.notify or written.webhook or "", text=text)

    def told(self, name: str) -> str:
        """Whose task it is; the owner's where nobody active goes by the name."""
        return name if name == OWNER else owner_id(name, self.ground.owners) or OWNER

    def reassigned(self, path: KeyPath, names: list[str]) -> Pool:
        """A pool of the handoff by its name, or one of owners by theirs; it is named for the policy then."""
        pools = self.ground.pools
        if len(names) == 1 and names[0] in pools:
            return self.ground.pool(names[0])
        for name in names:
            if not names_an_owner(name):
                near = did_you_mean(name, pools) or "; name a pool of the handoff's, or owners by e-mail"
                self.report((*path, "reassign"), f"there is no pool {name!r}{near}")
        return Pool(self.id, self.ground.ids(names))

    def path(self, *below: str | int) -> KeyPath:
        return ("sla", "policies", self.id, *below)

    def report(self, below: KeyPath, message: str) -> None:
        self.ground.problems.append(self.ground.document.problem(self.path(*below), message))


def names_an_owner(name: str) -> bool:
    """Whether a name is that of somebody who owns records, by e-mail or id; otherwise it is that of a pool."""
    return "@" in name or (name.startswith(("005", "00G")) and len(name) in (15, 18))


def name_of(policy: str, written: PolicyWritten) -> str:
    """How people call it."""
    return written.name or policy.replace("_", " ").capitalize()


def team_of(written: PolicyWritten) -> str:
    """Whose promise it is."""
    return written.team or ("marketing" if written.kind is PolicyKind.FEEDBACK_REPLY else "sales")


def usual(kind: PolicyKind, stages: list[str], rejected_to: str) -> dict[str, str]:
    """The conditions of a policy that says nothing of its own, by its kind."""
    within = f"stage in [{', '.join(repr(stage) for stage in stages)}]" if stages else ""
    left = f"!({within})" if within else ""
    touch = "touch.outbound && touch.human"
    match kind:
        case PolicyKind.FIRST_TOUCH:
            return {"start": within, "stop": touch, "cancel": left and f"!(band in ['mofu', 'bofu']) && {left}"}
        case PolicyKind.ATTEMPTS:
            return {"start": within, "stop": touch, "cancel": left}
        case PolicyKind.DISPOSITION:
            return {"start": within, "stop": left, "cancel": left and f"band == 'tofu' && {left}"}
        case PolicyKind.NEXT_STEP:
            return {"start": within, "stop": left}
        case PolicyKind.FEEDBACK_REPLY:
            return {"start": "answer.verdict == 'reject'", "stop": f"stage != {rejected_to!r}" if rejected_to else ""}
