"""Pipelines and their stages (HubSpot fact sheet 7).

A deal stage carries the probability of winning: 1.0 is won, 0.0 is lost, both are closed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.hubspot.catalogue import DEAL_STAGES, LIFECYCLE
from connector.sandbox.hubspot.moments import iso


@dataclass(slots=True)
class Stage:
    """One stage of a pipeline."""

    id: str
    label: str
    display_order: int
    metadata: dict[str, str]
    created_ms: int
    updated_ms: int
    archived: bool = False

    @property
    def closed(self) -> bool:
        """Won or lost."""
        return self.metadata.get("isClosed") == "true"

    @property
    def won(self) -> bool:
        """Won."""
        return self.closed and float(self.metadata.get("probability", "0")) == 1.0

    def shown(self) -> dict[str, Any]:
        """As the Pipelines API prints it."""
        return {
            "label": self.label,
            "displayOrder": self.display_order,
            "metadata": self.metadata,
            "id": self.id,
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "archived": self.archived,
        }


@dataclass(slots=True)
class Pipeline:
    """A sequence of stages."""

    id: str
    label: str
    display_order: int
    created_ms: int
    updated_ms: int
    stages: dict[str, Stage] = field(default_factory=dict)
    archived: bool = False

    def live_stages(self) -> list[Stage]:
        """Stages in display order, without archived ones."""
        live = [stage for stage in self.stages.values() if not stage.archived]
        return sorted(live, key=lambda stage: stage.display_order)

    def add_stage(self, stage_id: str, label: str, place: int, metadata: dict[str, Any], now_ms: int) -> Stage:
        """A new stage; `isClosed` follows from the probability when it is not given."""
        details = {name: _text(value) for name, value in metadata.items()}
        probability = details.get("probability")
        if probability is not None:
            details.setdefault("isClosed", "true" if float(probability) in {0.0, 1.0} else "false")
        self.stages[stage_id] = Stage(stage_id, label, place, details, now_ms, now_ms)
        return self.stages[stage_id]

    def shown(self) -> dict[str, Any]:
        """As the Pipelines API prints it."""
        return {
            "label": self.label,
            "displayOrder": self.display_order,
            "id": self.id,
            "stages": [stage.shown() for stage in self.live_stages()],
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(self.updated_ms),
            "archived": self.archived,
        }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Pipelines:
    """Every pipeline by object type."""

    def __init__(self, now_ms: int) -> None:
        self._next_id = 51_439_524  # new pipelines and stages have numeric ids (fact sheet 6.1)
        sales = Pipeline("default", "Sales Pipeline", 0, now_ms, now_ms)
        for place, (stage, label, probability) in enumerate(DEAL_STAGES):
            sales.add_stage(stage, label, place, {"probability": probability}, now_ms)
        people = Pipeline("contacts-lifecycle-pipeline", "Lifecycle Stage Pipeline", 0, now_ms, now_ms)
        for place, stage in enumerate(LIFECYCLE):
            people.add_stage(stage, stage.capitalize(), place, {"state": "OPEN"}, now_ms)
        self.by_object: dict[str, dict[str, Pipeline]] = {"deals": {sales.id: sales}, "contacts": {people.id: people}}

    def take_id(self) -> str:
        """A fresh id for a pipeline or stage."""
        self._next_id += 1
        return str(self._next_id - 1)

    def live(self, object_name: str) -> list[Pipeline]:
        """Pipelines of a type in display order, without archived ones."""
        live = [each for each in self.by_object.get(object_name, {}).values() if not each.archived]
        return sorted(live, key=lambda pipeline: pipeline.display_order)

    def default(self, object_name: str) -> Pipeline:
        """The first pipeline of a type."""
        return self.live(object_name)[0]

    def stage(self, object_name: str, pipeline: str, stage: str) -> Stage | None:
        """One stage, if it is there."""
        found = self.by_object.get(object_name, {}).get(pipeline)
        return found.stages.get(stage) if found is not None else None
