"""lifecycle.yaml as checked values: what both teams may agree on, before it is compiled for the core.

Short forms are unfolded here, so that nothing else needs to know which one was used: a spelling for every Salesforce
object or for each, one way to tell a stage or several, moves `from` one stage, a list or `any`. A row of `moves` that
names its stages counts before one that says `any`, and `kind: never` says that a way was thought of and is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from connector.config.calendars import Zone
from connector.config.mappings import Cel, Names
from connector.config.problems import Fault, Faults, did_you_mean
from connector.config.terms import Count, Strict, Text
from connector.config.yaml import KeyPath
from connector.core.definition import OnUnlawful
from connector.core.lifecycle import Band, Mover, Need
from connector.core.refs import Side
from connector.core.values import Kind as FieldKind

ANY = "any"
_SCALAR = {"type": ["string", "number", "boolean"]}
_VALUES = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}
_GROUP = {"type": "object", "additionalProperties": _VALUES}
_SPELLING_FORM = {"anyOf": [_GROUP, {"type": "array", "items": _GROUP, "minItems": 1}]}
_BY_OBJECT_FORM = {
    "anyOf": [*_SPELLING_FORM["anyOf"], {"type": "object", "additionalProperties": _SPELLING_FORM}],
    "description": "{FIELD: value or list of values}, a list of such groups, or {OBJECT: one of both}",
}


def as_list(found: Any) -> Any:
    """One word where a list may stand."""
    return [found] if isinstance(found, str) else found


Needs = Annotated[list[Need], BeforeValidator(as_list, json_schema_input_type=Need | list[Need])]
Id = Annotated[Text, StringConstraints(pattern="^[a-z][a-z0-9_]*$")]
SideFields = dict[Side, Text]  # the field of each side; a side that is left out has none
Group = dict[Text, Names]  # field: values that it may hold


def _subject(found: str) -> str:
    strange = [name for name in re.findall(r"\{(.*?)\}", found) if name != "name"]
    if strange:
        raise ValueError(f"{{{strange[0]}}} is not known here; only {{name}}, the person's name, is filled in")
    return found


Subject = Annotated[str, AfterValidator(_subject)]  # of a Task, {name} is filled in


def _as_groups(found: Any) -> Any:
    return [found] if isinstance(found, Mapping) else found


def _by_object(found: Any) -> Any:
    """`{Lead: ..., Contact: ...}` as it is; what is meant for every object under `*`."""
    if isinstance(found, Mapping) and found:
        deep = [isinstance(value, Mapping) or _holds_groups(value) for value in found.values()]
        return dict(found) if all(deep) else {"*": found}
    return {"*": found}


def _holds_groups(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


Spellings = Annotated[
    list[Annotated[Group, Field(min_length=1)]],
    BeforeValidator(_as_groups),
    Field(min_length=1),
    WithJsonSchema(_SPELLING_FORM),
]
SpellingsByObject = Annotated[dict[Text, Spellings], BeforeValidator(_by_object), WithJsonSchema(_BY_OBJECT_FORM)]


class StageWritten(Strict):
    """A stage as both teams read it, and how each side tells it."""

    name: Text
    definition: Text
    band: Band
    team: Text
    criteria: Cel | None = None
    deal: Cel | None = None
    hubspot: Spellings | None = None
    salesforce: SpellingsByObject | None = None

    def groups(self, side: Side, obj: str) -> tuple[KeyPath, list[Group]]:
        """How an object tells this stage, and where that stands below the stage."""
        if side is Side.HUBSPOT:
            return (side.value,), self.hubspot or []
        by_object = self.salesforce or {}
        if obj in by_object:
            return (side.value, obj), by_object[obj]
        return (side.value,), by_object.get("*", [])


class MoveKind(StrEnum):
    """What a row of `moves` says."""

    FORWARD = "forward"
    BACKWARD = "backward"
    RECYCLE = "recycle"
    DISQUALIFY = "disqualify"
    RE_ENTER = "re_enter"
    NEVER = "never"


class MoveWritten(Strict):
    """A row of `moves`."""

    start: Annotated[Names, Field(alias="from")]
    to: Names
    kind: MoveKind
    by: Annotated[list[Mover], BeforeValidator(as_list, json_schema_input_type=Mover | list[Mover])] = Field(
        default_factory=list
    )
    needs: Needs = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> MoveWritten:
        faults: list[Fault] = []
        if self.kind is MoveKind.NEVER:
            unused = [key for key in ("by", "needs") if getattr(self, key)]
            faults += [((key,), "means nothing in a way that is closed (kind: never); remove it") for key in unused]
        elif not self.by:
            faults.append((("by",), f"is missing: who may move people so? ({', '.join(Mover)})"))
        if faults:
            raise Faults(faults)
        return self

    @property
    def vagueness(self) -> int:
        """How much of it is `any`: the least vague row counts."""
        return (ANY in self.start) + (ANY in self.to)


class PoolWritten(Strict):
    """Reps who take turns."""

    owners: Names
    per_day: Count | None = None
    zone: Zone = "UTC"


class OwnerRuleWritten(Strict):
    """The first rule that holds names the pool, or keeps the rep there is."""

    when: Cel = "true"
    pool: Text | None = None
    keep: bool = False

    @model_validator(mode="after")
    def _leads_somewhere(self) -> OwnerRuleWritten:
        if self.pool is None and not self.keep:
            raise Faults([(("pool",), "is missing; name a pool, or say keep: true to leave people with their rep")])
        return self


class ReasonLine(Strict):
    """A line of "why this lead": told when the condition holds, or with the value of a field."""

    say: Text
    when: Cel | None = None
    field: Annotated[Text, StringConstraints(pattern=r"^(hubspot|salesforce)\.\w+$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ReasonLine:
        if (self.when is None) == (self.field is None):
            raise Faults([((), "needs either `when` (told if that holds) or `field` (told with its value)")])
        return self


class HandoffWritten(Strict):
    """When and to whom people are handed over, and what the rep is told."""

    stages: Names
    rules: dict[Id, OwnerRuleWritten] = Field(default_factory=dict)
    pools: dict[Id, PoolWritten] = Field(default_factory=dict)
    fallback: Text | None = None
    never: list[Text] = Field(default_factory=list)
    why: list[ReasonLine] = Field(default_factory=list)
    why_field: Text | None = None
    touches_field: Text | None = None
    touches: Annotated[int, Field(ge=0, le=50)] = 5
    task: Subject = ""


class LifecycleWritten(Strict):
    """What stands under `lifecycle:`."""

    enabled: bool = True
    mapping: Text = "contacts"
    on_unlawful: OnUnlawful = OnUnlawful.PUT_BACK
    stages: Annotated[dict[Id, StageWritten], Field(min_length=1)]
    first: Names = Field(default_factory=lambda: [ANY])
    moves: list[MoveWritten] = Field(default_factory=list)
    converted: Text | None = None
    handoff: HandoffWritten | None = None
    source: SideFields = Field(default_factory=dict)
    also_read: dict[Side, dict[Text, FieldKind]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_stages(self) -> LifecycleWritten:
        faults = [*self._strange_stages(), *self._twice(), *self._pools()]
        if faults:
            raise Faults(faults)
        return self

    def _strange_stages(self) -> Iterator[Fault]:
        named: list[tuple[KeyPath, Iterable[str]]] = [(("first",), self.first)]
        for number, row in enumerate(self.moves):
            named += [(("moves", number, "from"), row.start), (("moves", number, "to"), row.to)]
        if self.handoff:
            named.append((("handoff", "stages"), self.handoff.stages))
        if self.converted:
            named.append((("converted",), [self.converted]))
        for path, stages in named:
            may_be = set(self.stages) | ({ANY} if path[0] in ("first", "moves") else set())
            for stage in stages:
                if stage not in may_be:
                    yield path, f"there is no stage {stage!r}{did_you_mean(stage, may_be)}"

    def _twice(self) -> Iterator[Fault]:
        """Two rows, neither vaguer than the other, that decide one cell."""
        decided: dict[tuple[str, str, int], int] = {}
        for number, row in enumerate(self.moves):
            for start, end in self.cells(row):
                first = decided.setdefault((start, end, row.vagueness), number)
                if first != number:
                    yield ("moves", number), f"decides {start} to {end} a second time (first in row {first + 1})"

    def _pools(self) -> Iterator[Fault]:
        handoff = self.handoff
        for name, rule in (handoff.rules if handoff else {}).items():
            if handoff and rule.pool is not None and rule.pool not in handoff.pools:
                near = did_you_mean(rule.pool, handoff.pools) or "; write it under pools"
                yield ("handoff", "rules", name, "pool"), f"there is no pool {rule.pool!r}{near}"

    def cells(self, row: MoveWritten) -> Iterator[tuple[str, str]]:
        """The pairs of stages that a row speaks of."""
        starts = list(self.stages) if ANY in row.start else row.start
        ends = list(self.stages) if ANY in row.to else row.to
        return ((start, end) for start in starts for end in ends if start != end)

    def decided(self) -> dict[tuple[str, str], int]:
        """By pair of stages, the row that decides about it."""
        found: dict[tuple[str, str], int] = {}
        for number in sorted(range(len(self.moves)), key=lambda one: -self.moves[one].vagueness):
            found.update(dict.fromkeys(self.cells(self.moves[number]), number))
        return found


class LifecycleFile(Strict):
    """mappings/lifecycle.yaml."""

    extends: Literal["default"] | None = None
    lifecycle: LifecycleWritten
