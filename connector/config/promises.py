"""sla.yaml as checked values: what is promised, to whom, how fast, and what follows when it is late.

People write amounts of time as they say them (`4 business_hours`), and a bare day is refused, because nobody knows
whether it is a working day. What a policy leaves out follows from its kind; that is said once, in the shipped file, and
made in `sla`. Names of channels, stages, reasons, pools and calendars are looked up there, where all files are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from connector.config.lifecycle import Id, SideFields
from connector.config.mappings import Cel, Names
from connector.config.problems import Fault, Faults, did_you_mean
from connector.config.terms import Count, Strict, Text
from connector.core.policy import ActionKind, PolicyKind, Span, Unit
from connector.core.policy import Warning as Warned
from connector.core.sla import OnReassign, ReEntry

PLACEHOLDERS = ("policy", "name", "due", "late", "owner", "stage")
AMOUNT_MAX = 100_000
_SPAN = re.compile(r"(\d+)\s+([A-Za-z_ ]+?)")
_AHEAD = re.compile(r"(.+?)\s+before")
_PERCENT = re.compile(r"(\d{1,3})\s*%")
_BARE = re.compile(r"(working|week|work)?_?(day|week|month|quarter|year)s?")


def span(found: Any) -> Span:
    """An amount of time. Raises ValueError with what would be right."""
    if isinstance(found, Mapping) and len(found) == 1:
        ((unit, amount),) = found.items()
        found = f"{amount} {unit}"
    parts = _SPAN.fullmatch(found.strip()) if isinstance(found, str) else None
    if parts is None:
        raise ValueError(f"{found!r} is no amount of time; write it like 4 business_hours or {{business_hours: 4}}")
    amount, unit = int(parts[1]), _unit(parts[2].strip().replace(" ", "_").lower())
    if not 1 <= amount <= AMOUNT_MAX:
        raise ValueError(f"{found!r} promises nothing; the least is 1, the most {AMOUNT_MAX}")
    return Span(amount, unit)


def _unit(written: str) -> Unit:
    name = written if written.endswith("s") else f"{written}s"
    if name in tuple(Unit):
        return Unit(name)
    if _BARE.fullmatch(written):
        raise ValueError(f"{written!r} may mean working days or any days; say business_days or calendar_days")
    raise ValueError(f"{written!r} is not one of {', '.join(Unit)}{did_you_mean(name, Unit)}")


def warning(found: Any) -> Warned:
    """When somebody is warned. Raises ValueError with what would be right."""
    share = _PERCENT.fullmatch(found.strip()) if isinstance(found, str) else None
    if share:
        if not 1 <= int(share[1]) <= 99:  # noqa: PLR2004  # percent, without the start and the deadline themselves
            raise ValueError(f"{found!r} is at the start or after the deadline; write 1% to 99%")
        return Warned(percent=int(share[1]))
    ahead = _AHEAD.fullmatch(found.strip()) if isinstance(found, str) else None
    if ahead is None:
        raise ValueError(f"{found!r} is no time of a warning; write 75%, or 1 business_hours before")
    return Warned(before=span(ahead[1]))


def _listed(found: Any) -> Any:
    return found if isinstance(found, list) else [found]


def _reassigned(found: Any) -> Any:
    """`restart` and `{restart: 2}` are one form; `per_owner` is what `keep` measures anyway."""
    if isinstance(found, Mapping) and set(found) == {"restart"}:
        return {"does": "restart", "times": found["restart"]}
    if isinstance(found, str):
        return {"does": "keep" if found == "per_owner" else found}
    raise ValueError("must be keep, per_owner, restart or {restart: NUMBER}")


def _text(found: str) -> str:
    for name in re.findall(r"\{([^{}]*)\}", found):
        if name not in PLACEHOLDERS:
            near = did_you_mean(name, PLACEHOLDERS) or f"; there are {', '.join(PLACEHOLDERS)}"
            raise ValueError(f"nothing is known as {{{name}}}{near}")
    return found


_SPAN_FORM: dict[str, Any] = {
    "type": ["string", "object"],
    "description": "like 4 business_hours, or {business_hours: 4}",
}
_WARNING_FORM: dict[str, Any] = {
    "type": ["string", "array"],
    "items": {"type": "string"},
    "description": "like 75%, or 1 business_hours before; one or a list",
}
_REASSIGN_FORM: dict[str, Any] = {
    "anyOf": [
        {"enum": ["keep", "per_owner", "restart"]},
        {"type": "object", "properties": {"restart": {"type": "integer", "minimum": 1}}, "required": ["restart"]},
    ]
}
Amount = Annotated[Span, PlainValidator(span), WithJsonSchema(_SPAN_FORM)]
Warnings = Annotated[
    list[Annotated[Warned, PlainValidator(warning)]], BeforeValidator(_listed), WithJsonSchema(_WARNING_FORM)
]
Line = Annotated[Text, AfterValidator(_text)]


class ActionWritten(Strict):
    """Something that follows; one of notify, task, reassign, return_to_marketing and webhook says what."""

    notify: Text | None = None
    task: Text | None = None
    reassign: Names | None = None
    return_to_marketing: Text | None = None
    webhook: Text | None = None
    text: Line | None = None
    cap: Count | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> ActionWritten:
        said = [kind.value for kind in ActionKind if getattr(self, kind.value) is not None]
        if len(said) != 1:
            message = (
                f"says {' and '.join(said)}; make each an action of its own"
                if said
                else (f"says nothing to do; write one of {', '.join(ActionKind)}")
            )
            raise Faults([((), message)])
        faults: list[Fault] = []
        for key, kinds in _GOES_WITH.items():
            if getattr(self, key) is not None and self.kind not in kinds:
                faults.append(((key,), f"means nothing beside {self.kind.value}; it belongs to {' and '.join(kinds)}"))
        if faults:
            raise Faults(faults)
        return self

    @property
    def kind(self) -> ActionKind:
        """What is to be done."""
        return next(kind for kind in ActionKind if getattr(self, kind.value) is not None)


_GOES_WITH = {
    "text": (ActionKind.NOTIFY, ActionKind.TASK, ActionKind.WEBHOOK),
    "cap": (ActionKind.REASSIGN,),
    "reason": (ActionKind.RETURN,),
}


class TargetWritten(Strict):
    """How long it may take for those for whom a condition holds."""

    when: Cel
    target: Amount


class ReassignWritten(Strict):
    """What another owner means for an open clock."""

    does: OnReassign = OnReassign.KEEP
    times: Count = 1


class PolicyWritten(Strict):
    """One promise."""

    name: Text | None = None
    kind: PolicyKind
    enabled: bool = True
    team: Text | None = None
    stages: Names | None = None
    start: Cel | None = None
    stop: Cel | None = None
    cancel: Cel | None = None
    pause: Cel | None = None
    resume: Cel | None = None
    reset: Cel | None = None
    target: Amount
    targets: list[TargetWritten] = Field(default_factory=list)
    calendar: Text | None = None
    warnings: Warnings = Field(default_factory=list)
    attempts: Count | None = None
    evidence: bool = True
    re_entry: ReEntry = ReEntry.NEW_CYCLE
    on_reassign: Annotated[ReassignWritten, BeforeValidator(_reassigned), WithJsonSchema(_REASSIGN_FORM)] = "keep"  # type: ignore[assignment]  # validated like input
    on_warning: list[ActionWritten] = Field(default_factory=list)
    on_breach: list[ActionWritten] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> PolicyWritten:
        faults = list(self._faults())
        if faults:
            raise Faults(faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        several = self.kind is PolicyKind.ATTEMPTS
        if several and self.attempts is None:
            yield ("attempts",), "is missing: how many touches are promised?"
        if self.attempts is not None and not several:
            yield ("attempts",), f"is for policies of kind attempts; this one is of kind {self.kind.value}"
        if self.start is not None and self.stages is not None:
            yield ("stages",), "stands beside start; keep one of the two"
        if self.kind is PolicyKind.NEXT_STEP and self.stages is None and (self.start is None or self.stop is None):
            yield ("stages",), "is missing: in which stages may nobody stay longer than the target?"
        if self.resume is not None and self.pause is None:
            yield ("resume",), "means nothing without pause"
        if self.warnings == [] and self.on_warning:
            yield ("on_warning",), "never happens: there are no warnings; add warnings: [75%]"


class SlaFieldsWritten(Strict):
    """Where the most pressing promise is told, on each side."""

    policy: SideFields = Field(default_factory=dict)
    state: SideFields = Field(default_factory=dict)
    due_at: SideFields = Field(default_factory=dict)
    breached_since: SideFields = Field(default_factory=dict)
    lateness: SideFields = Field(default_factory=dict)


class SlaWritten(Strict):
    """What stands under `sla:`."""

    calendar: Text | None = None
    edits: Literal["new", "open_too"] = "new"
    fields: SlaFieldsWritten = SlaFieldsWritten()
    policies: dict[Id, PolicyWritten] = Field(default_factory=dict)


class SlaFile(Strict):
    """mappings/sla.yaml."""

    extends: Literal["default"] | None = None
    sla: SlaWritten
