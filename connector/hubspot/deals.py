"""Deals as entries of the journeys of those who have a part in them.

When a deal entered its stage is told by the history of `dealstage`, which only reading by id gives; whether a stage is
closed, and won, by its pipeline: a probability of 1.0 is won (HubSpot fact sheet 2.3, 7). Pipelines are asked once, and
anew when a deal stands in a stage that they did not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connector.core.journey import Dealt, Entry
from connector.core.refs import Ref
from connector.core.values import Kind, Unreadable, Value, canonical
from connector.hubspot.batches import BATCH_WITH_HISTORY, chunks
from connector.hubspot.faults import Denied
from connector.hubspot.shapes import moment
from connector.hubspot.wire import RESULTS, Wire, results

STAGE: Final = "dealstage"
PROPERTIES: Final = (STAGE, "pipeline", "amount", "hs_is_closed", "hs_is_closed_won")
Ends = tuple[bool, bool]  # closed, won


class Dealer:
    """Tells what became of deals."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._stages: dict[tuple[str, str], Ends] = {}

    def entries(self, parts: Mapping[str, Sequence[Ref]], now: datetime) -> list[Entry]:
        """By deal those who have a part in it; each deal as it stands now. Raises as `Wire.call`."""
        records = [record for ids in chunks(list(parts), BATCH_WITH_HISTORY) for record in self._read(ids)]
        self._learn(records)
        return [self._entry(ref, record, now) for record in records for ref in parts.get(str(record["id"]), ())]

    def _read(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        body = {
            "properties": PROPERTIES,
            "propertiesWithHistory": [STAGE],
            "inputs": [{"id": each} for each in ids],
        }
        return results(self._wire.post("batch read", self._wire.objects("deals", "batch", "read"), body, RESULTS))

    def _learn(self, records: Sequence[Mapping[str, Any]]) -> None:
        if {_place(record) for record in records} <= self._stages.keys():
            return
        try:
            pipelines = results(self._wire.get("pipelines", self._wire.paths.of("pipelines", "deals"), None, RESULTS))
        except Denied:
            return  # hidden from us: the deal's own properties tell
        self._stages = {
            (str(pipeline["id"]), str(stage["id"])): _ends(stage.get("metadata") or {})
            for pipeline in pipelines
            for stage in pipeline.get("stages") or ()
        }

    def _entry(self, ref: Ref, record: Mapping[str, Any], now: datetime) -> Entry:
        properties, deal = record.get("properties") or {}, str(record["id"])
        stage, amount = str(properties.get(STAGE) or ""), _amount(properties.get("amount"))
        entered = _entered(record) or moment(record.get("createdAt")) or now
        told = properties.get("hs_is_closed") == "true", properties.get("hs_is_closed_won") == "true"
        closed, won = self._stages.get(_place(record), told)
        key = f"deal:{deal}:{stage}:{int(entered.timestamp() * 1000)}:{amount or ''}"
        return Entry(ref, min(entered, now), now, Dealt(deal, stage, closed, won, amount), key)


def _place(record: Mapping[str, Any]) -> tuple[str, str]:
    properties = record.get("properties") or {}
    return str(properties.get("pipeline") or ""), str(properties.get(STAGE) or "")


def _ends(metadata: Mapping[str, Any]) -> Ends:
    probability = str(metadata.get("probability") or "")
    closed = str(metadata.get("isClosed")).lower() == "true" or probability in {"1.0", "0.0"}
    return closed, closed and probability in {"1.0", "1"}


def _entered(record: Mapping[str, Any]) -> datetime | None:
    history = (record.get("propertiesWithHistory") or {}).get(STAGE) or ()
    return moment(history[0].get("timestamp")) if history else None


def _amount(raw: Any) -> Value:
    try:
        return canonical(Kind.MONEY, raw)
    except Unreadable:
        return None
