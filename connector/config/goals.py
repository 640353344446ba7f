"""objectives.yaml as checked values: what is promised for every month or quarter, by which lines of worth.

A goal is a sum: lines say what counts and for how much, a target what they shall come to. Minimum counts and the accept
rate keep it honest. Stages, personas, calendars and channels are looked up in `objectives`, where all files are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from connector.config.lifecycle import Id
from connector.config.problems import Fault, Faults
from connector.config.terms import Count, Strict, Text
from connector.core.goals import Happened, PeriodKind

AMOUNT = "amount"
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,6})?")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*%")
_HUNDRED = Decimal(100)


def _number(found: Any) -> Decimal:
    written = str(found).strip()
    if isinstance(found, bool) or not _NUMBER.fullmatch(written):
        raise ValueError(f"{found!r} is no number; write it like 250 or 99.50")
    return Decimal(written)


def _worth(found: Any) -> Decimal | None:
    """None: the amount of the deal."""
    return None if found == AMOUNT else _number(found)


def _share(found: Any) -> Decimal:
    share = _SHARE.fullmatch(found.strip()) if isinstance(found, str) else None
    if share is None or Decimal(share[1]) > _HUNDRED:
        raise ValueError(f"{found!r} is no share; write it like 70%")
    return Decimal(share[1]) / _HUNDRED


def _at_least(found: Any) -> Any:
    return found if isinstance(found, dict) else {"at_least": found}


_NUMBER_FORM: dict[str, Any] = {"type": ["number", "string"], "description": "a number"}
_SHARE_FORM: dict[str, Any] = {"type": "string", "description": "a share like 70%"}
_WORTH_FORM: dict[str, Any] = {"type": ["number", "string"], "description": "a number, or amount: that of the deal"}
Number = Annotated[Decimal, PlainValidator(_number), WithJsonSchema(_NUMBER_FORM)]
Worth = Annotated[Decimal | None, PlainValidator(_worth), WithJsonSchema(_WORTH_FORM)]
Share = Annotated[Decimal, PlainValidator(_share), WithJsonSchema(_SHARE_FORM)]


class CountWritten(Strict):
    """A line of a goal: what counts, and for how much."""

    what: Happened = Happened.ENTERED
    stage: Text | None = None
    persona: Text | None = None
    source: Text | None = None
    value: Worth = 1  # type: ignore[assignment]  # validated like input
    at_least: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _fitting(self) -> CountWritten:
        faults: list[Fault] = []
        if self.what is Happened.ENTERED and self.stage is None:
            faults.append((("stage",), "is missing: entering which stage counts?"))
        if self.what is Happened.WON and self.stage is not None:
            faults.append((("stage",), "means nothing for a deal that is won; remove it"))
        if self.what is not Happened.WON and self.value is None:
            faults.append((("value",), "is the amount of a deal, so it belongs to what: won"))
        if faults:
            raise Faults(faults)
        return self


class AcceptRateWritten(Strict):
    """The least share of what was handed over that sales must accept."""

    at_least: Share
    stage: Text | None = None
    enough: Count = 10


class GoalWritten(Strict):
    """What one team, or both, promise for every period."""

    name: Text | None = None
    enabled: bool = True
    team: Text
    period: PeriodKind
    calendar: Text | None = None
    target: Number | None = None
    unit: str = ""
    counts: list[CountWritten] = Field(default_factory=list)
    accept_rate: (
        Annotated[
            AcceptRateWritten,
            BeforeValidator(_at_least, json_schema_input_type=str | AcceptRateWritten),
        ]
        | None
    ) = None
    notify: Text | None = None
    alert_below: Share = "100%"  # type: ignore[assignment]  # validated like input
    quiet_days: Annotated[int, Field(ge=0, le=60)] = 2

    @model_validator(mode="after")
    def _promises_something(self) -> GoalWritten:
        faults = list(self._faults())
        if faults:
            raise Faults(faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        minimum = any(line.at_least for line in self.counts)
        if self.target is None and self.accept_rate is None and not minimum:
            yield (), "promises nothing; give it a target, counts with at_least, or an accept_rate"
        if self.target is not None and not self.counts:
            yield ("counts",), "is missing: what counts towards the target?"


class ObjectivesWritten(Strict):
    """What stands under `objectives:`."""

    calendar: Text | None = None
    goals: dict[Id, GoalWritten] = Field(default_factory=dict)


class ObjectivesFile(Strict):
    """mappings/objectives.yaml."""

    extends: Literal["default"] | None = None
    objectives: ObjectivesWritten
