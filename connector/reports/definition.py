"""The shared definition as rows and words: what both teams read, printed, exported, and drawn from the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.definition import Definition, OnUnlawful
from connector.core.lifecycle import Band, Kind

BANDS: Mapping[Band, str] = {
    Band.TOFU: "Top of the funnel: marketing's",
    Band.MOFU: "Middle of the funnel: both teams'",
    Band.BOFU: "Bottom of the funnel: sales'",
    Band.AFTER: "After the sale",
    Band.BESIDE: "Beside the path",
}
_MEANING = {
    Kind.FORWARD: "forward",
    Kind.BACKWARD: "backward",
    Kind.RECYCLE: "ends the pass, for later",
    Kind.DISQUALIFY: "ends the pass",
    Kind.RE_ENTER: "begins the next pass",
}


def definition_row(definition: Definition) -> dict[str, Any]:
    """The whole definition as JSON."""
    handoff, feedback, personas = definition.handoff, definition.feedback, definition.personas
    return {
        "version": definition.version,
        "mapping": definition.mapping,
        "on_unlawful": definition.on_unlawful.value,
        "converted": definition.converted,
        "stages": stage_rows(definition),
        "moves": move_rows(definition),
        "handoff": sorted(handoff.stages) if handoff else [],
        "personas": dict(personas.names) if personas else {},
        "reasons": {
            name: {"label": reason.label, "class": reason.group.value, "verdicts": sorted(reason.verdicts)}
            for name, reason in (feedback.reasons.items() if feedback else ())
        },
    }


def stage_rows(definition: Definition) -> list[dict[str, Any]]:
    """Every stage in its order, with what moves people there and how each side spells it."""
    handoff = definition.handoff.stages if definition.handoff else frozenset()
    return [
        {
            "id": stage.id,
            "name": stage.name,
            "definition": stage.definition,
            "band": stage.band.value,
            "team": stage.team,
            "handoff": stage.id in handoff,
            "first": stage.id in definition.lifecycle.first,
            "criteria": definition.criteria[stage.id].text if stage.id in definition.criteria else "",
            "deal": definition.deals[stage.id].text if stage.id in definition.deals else "",
            "conversion": stage.id == definition.converted,
            "spelling": spellings(definition, stage.id),
        }
        for stage in definition.lifecycle.stages.values()
    ]


def spellings(definition: Definition, stage: str) -> dict[str, list[dict[str, list[str]]]]:
    """How a stage is told, by place (`salesforce:Lead`): any of these groups, in which all fields must hold."""
    return {
        f"{side.value}:{obj}": [
            {name: list(values) for name, values in one.fields.items()} for one in told if one.stage == stage
        ]
        for (side, obj), told in definition.spellings.items()
    }


def move_rows(definition: Definition) -> list[dict[str, Any]]:
    """Every lawful move, in the order of the stages."""
    order = {stage: place for place, stage in enumerate(definition.lifecycle.stages)}
    moves = sorted(definition.lifecycle.moves.items(), key=lambda item: (order[item[0][0]], order[item[0][1]]))
    return [
        {
            "from": start,
            "to": end,
            "kind": move.kind.value,
            "meaning": _MEANING[move.kind],
            "by": sorted(move.by),
            "needs": sorted(move.needs),
        }
        for (start, end), move in moves
    ]


def unlawful_words(definition: Definition) -> str:
    """What becomes of a side that shows a stage nobody may be in."""
    if definition.on_unlawful is OnUnlawful.FLAG:
        return "Any other change of stage is refused, shown as an issue, and left where it was made."
    return "Any other change of stage is refused, shown as an issue, and put back."
