"""What both teams agreed on, as it is written, and the oracle's own idea of what follows from it.

Nothing here calls the bridge's reading of these files, its spelling of stages, its moves or its calendars: a mistake
there would excuse itself. All agreements of the simulation share stages, moves, reasons and calendars with the shipped
files; they differ in who takes turns, what is promised, and what becomes of an unlawful stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.core.refs import Side
from tests.simulation.agreements import chosen
from tests.simulation.oracle.rules import blank

SHIPPED = Path(__file__).parents[3] / "mappings"
OPENS, CLOSES = timedelta(hours=9), timedelta(hours=17)  # of the shipped office, Monday to Friday, UTC
DAY, SUNDAYS = timedelta(days=1), 5
ANY = "any"
UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "business_minutes": timedelta(minutes=1),
    "business_hours": timedelta(hours=1),
    "business_days": timedelta(hours=8),
}


@dataclass(frozen=True)
class Target:
    """How long something may take. office: only while the office is open."""

    span: timedelta
    office: bool

    def passed(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time that counts lies between two moments."""
        return _open_between(start, end) if self.office else end - start


@dataclass(frozen=True)
class Way:
    """A way from stage to stage: who may take it, and what it takes."""

    kind: str
    by: frozenset[str]
    needs: frozenset[str]


@cache
def read(name: str) -> Mapping[str, Any]:
    """A shipped file."""
    return YAML(typ="safe").load((SHIPPED / f"{name}.yaml").read_text())[name]


@cache
def ways() -> Mapping[tuple[str, str], Way]:
    """Every way there is; a row that names its stages counts before one that says any."""
    rows, stages = read("lifecycle")["moves"], list(read("lifecycle")["stages"])
    found: dict[tuple[str, str], Way] = {}
    for row in sorted(rows, key=lambda row: (row["from"] == ANY) + (row["to"] == ANY)):
        way = Way(row["kind"], frozenset(_several(row.get("by"))), frozenset(_several(row.get("needs"))))
        for start in stages if row["from"] == ANY else _several(row["from"]):
            for end in stages if row["to"] == ANY else _several(row["to"]):
                found.setdefault((start, end), way)
    return {pair: way for pair, way in found.items() if way.kind != "never" and pair[0] != pair[1]}


def told(side: Side, values: Mapping[str, Any]) -> str | None:
    """The stage that a record tells: of the spellings that hold, the one that names most fields."""
    fits = [(len(spelling), stage) for stage, spelling in _spellings(side) if _holds(spelling, values)]
    most = max((size for size, _ in fits), default=0)
    return next((stage for size, stage in fits if size == most), None)


def stage_fields(side: Side) -> frozenset[str]:
    """The fields in which a side tells stages."""
    return frozenset(name for _, spelling in _spellings(side) for name in spelling)


def rank(stage: str | None) -> int:
    """How far along a stage is; 0 beside the path, and for none."""
    stages = read("lifecycle")["stages"]
    along = [name for name, said in stages.items() if said["band"] != "beside"]
    return along.index(stage) + 1 if stage in along else 0


def flags(variant: str) -> bool:
    """Whether an unlawful stage is left where it is, and only shown."""
    return (chosen(variant).agreed or {}).get("lifecycle", {}).get("on_unlawful") == "flag"


def pool(variant: str) -> frozenset[str]:
    """By e-mail, who may be handed people; a queue by its name."""
    handoff = (chosen(variant).agreed or {}).get("lifecycle", {}).get("handoff", {})
    names = {one for those in handoff.get("pools", {}).values() for one in those["owners"]}
    return frozenset(names | ({handoff["fallback"]} - set(handoff.get("pools", {}))))


def target(variant: str, policy: str) -> Target:
    """What a policy promises under a variant."""
    amount, unit = _policy(variant, policy)["target"].split()
    count = int(amount) - (unit == "business_days")  # the first day may be almost over
    return Target(count * UNITS[unit], unit.startswith("business"))


def follows(variant: str, policy: str, what: str) -> list[Mapping[str, Any]]:
    """What a policy sets off: on_warning, on_breach."""
    return list(_policy(variant, policy).get(what, ()))


def answers() -> Mapping[str, Any]:
    """What reps may answer: by verdict, as feedback.yaml says."""
    return read("feedback")["verdicts"]


def fits(verdict: str, reason: str) -> bool:
    """Whether a reason may be given with a verdict, and needs nothing but itself."""
    said = read("feedback")["reasons"].get(reason)
    return bool(said) and verdict in _several(said["verdicts"]) and not {"needs", "after_attempts"} & said.keys()


def _policy(variant: str, policy: str) -> Mapping[str, Any]:
    own = (chosen(variant).agreed or {}).get("sla", {}).get("policies", {}).get(policy, {})
    return {**read("sla")["policies"].get(policy, {}), **own}


def _spellings(side: Side) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
    for stage, said in read("lifecycle")["stages"].items():
        for one in said[side.value] if isinstance(said[side.value], list) else [said[side.value]]:
            yield stage, {name: _several(value) for name, value in one.items()}


def _holds(spelling: Mapping[str, list[str]], values: Mapping[str, Any]) -> bool:
    return all(not blank(values.get(name)) and values[name] in among for name, among in spelling.items())


def _several(said: Any) -> list[str]:
    return [] if said is None else list(said) if isinstance(said, Iterable) and not isinstance(said, str) else [said]


def _open_between(start: datetime, end: datetime) -> timedelta:
    total, day = timedelta(), datetime.combine(start.astimezone(UTC).date(), datetime.min.time(), UTC)
    while day < end:
        if day.weekday() < SUNDAYS:
            total += max(timedelta(), min(end, day + CLOSES) - max(start, day + OPENS))
        day += DAY
    return total
