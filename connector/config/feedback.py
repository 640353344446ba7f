"""feedback.yaml as checked values: what reps may answer, why leads come back, and where marketing reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from connector.config.lifecycle import Id, Needs, SideFields, Subject, as_list
from connector.config.problems import Fault, Faults, did_you_mean
from connector.config.terms import Count, Strict, Text
from connector.core.definition import ReasonClass
from connector.core.journey import Verdict
from connector.core.refs import Side

LABEL = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}
Verdicts = Annotated[list[Verdict], BeforeValidator(as_list, json_schema_input_type=Verdict | list[Verdict])]


class AnswerWritten(Strict):
    """The fields in which people answer, on each side."""

    verdict: SideFields
    reason: SideFields = Field(default_factory=dict)
    comment: SideFields = Field(default_factory=dict)
    revisit: SideFields = Field(default_factory=dict)


class ToldWritten(Strict):
    """The fields in which is told what became of a handoff, on each side."""

    status: SideFields = Field(default_factory=dict)
    reason_class: SideFields = Field(default_factory=dict)
    by: SideFields = Field(default_factory=dict)
    at: SideFields = Field(default_factory=dict)
    asked_for: SideFields = Field(default_factory=dict)
    loops: SideFields = Field(default_factory=dict)
    recycle_on: SideFields = Field(default_factory=dict)
    track: SideFields = Field(default_factory=dict)


class VerdictWritten(Strict):
    """What one answer means: how each side spells it, the stage it leads to, what must be given along with it."""

    hubspot: Text | None = None
    salesforce: Text | None = None
    leads_to: Text
    needs: Needs = Field(default_factory=list)

    def spelling(self, side: Side, verdict: Verdict) -> str:
        """How a side spells it: its own word where none is written."""
        return (self.hubspot if side is Side.HUBSPOT else self.salesforce) or verdict.value


class ReasonWritten(Strict):
    """Why a lead comes back, and what follows from that."""

    label: Text
    verdicts: Annotated[Verdicts, Field(min_length=1)]
    group: Annotated[ReasonClass, Field(alias="class")]
    hubspot: Text | None = None
    salesforce: Text | None = None
    details: list[Id] = Field(default_factory=list)
    track: str = ""
    cool_down_days: Annotated[int, Field(ge=0, le=3650)] = 0
    re_enter: Text | None = None
    loops_max: Count | None = None
    counts_against_marketing: bool = True
    meets_sla: bool = True
    needs: Needs = Field(default_factory=list)
    after_attempts: Annotated[int, Field(ge=0, le=100)] = 0

    def spelling(self, side: Side, reason: str) -> str:
        """How a side spells it: HubSpot by id, Salesforce by label, unless written otherwise."""
        return (self.hubspot or reason) if side is Side.HUBSPOT else (self.salesforce or self.label)


class Spelled(NamedTuple):
    """A reason that people can pick: one that is written, or one of its details."""

    id: str
    label: str
    values: Mapping[Side, str]  # how each side spells it
    written: ReasonWritten
    of: str  # the reason it is a detail of, or is

    @property
    def detail(self) -> bool:
        """Whether it is a finer choice."""
        return self.of != self.id


class FeedbackWritten(Strict):
    """What stands under `feedback:`."""

    answer: AnswerWritten
    told: ToldWritten = ToldWritten()
    verdicts: Annotated[dict[Verdict, VerdictWritten], Field(min_length=1)]
    reasons: dict[Id, ReasonWritten] = Field(default_factory=dict)
    task_when_asked: Subject = ""

    @model_validator(mode="after")
    def _whole(self) -> FeedbackWritten:
        faults = [*self._unspoken(), *self._twice()]
        if faults:
            raise Faults(faults)
        return self

    def choices(self) -> Iterator[Spelled]:
        """Every reason that people can pick, details after the reason they belong to."""
        for name, reason in self.reasons.items():
            values = {side: reason.spelling(side, name) for side in Side}
            yield Spelled(name, reason.label, values, reason, name)
            for detail in reason.details:
                words = detail.replace("_", " ")
                finer = {
                    Side.HUBSPOT: f"{values[Side.HUBSPOT]}_{detail}",
                    Side.SALESFORCE: f"{values[Side.SALESFORCE]}: {words}",
                }
                yield Spelled(f"{name}_{detail}", f"{reason.label}: {words}", finer, reason, name)

    def _unspoken(self) -> Iterator[Fault]:
        for name, reason in self.reasons.items():
            for verdict in reason.verdicts:
                if verdict not in self.verdicts:
                    near = did_you_mean(verdict, self.verdicts)
                    yield ("reasons", name, "verdicts"), f"{verdict.value!r} is none of the verdicts above{near}"

    def _twice(self) -> Iterator[Fault]:
        """Two verdicts, or two reasons, with one spelling."""
        for side in Side:
            verdicts = [(verdict.value, one.spelling(side, verdict)) for verdict, one in self.verdicts.items()]
            reasons = [(one.of, one.values[side]) for one in self.choices()]
            for group, spellings in (("verdicts", verdicts), ("reasons", reasons)):
                yield from _shared(group, side, spellings)


def _shared(group: str, side: Side, spellings: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    claimed: dict[str, str] = {}
    for name, value in spellings:
        first = claimed.get(value.lower())
        claimed.setdefault(value.lower(), name)
        if first is not None:
            message = f"{value!r} already stands for {first!r} in {LABEL[side]}; nobody could tell the two apart there"
            yield (group, name), message


class FeedbackFile(Strict):
    """mappings/feedback.yaml."""

    extends: Literal["default"] | None = None
    feedback: FeedbackWritten
