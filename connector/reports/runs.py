"""What a run did, in words: what it wrote on which side, what became of the rest, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from connector.core.mapping import MappingSet
from connector.core.refs import Ref, Side
from connector.reports import annals
from connector.reports.annals import Line
from connector.reports.names import Names
from connector.reports.queue import called_as
from connector.storage import alike, events, runs
from connector.storage.events import Wanted
from connector.storage.issues import StoredIssue
from connector.storage.runs import RunRow

KINDS: Final[Mapping[str, str]] = {
    "worker": "Worker",
    "once": "Sync of what changed",
    "full": "Full comparison",
    "plan": "Plan (writes nothing)",
    "apply": "Saved plan carried out",
    "undo": "Undo",
}
OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {  # in words, and how it looks
    "done": ("done", "good"),
    "held": ("held by a guard", "warn"),
    "cut short": ("cut short", "bad"),
    "": ("not ended", "quiet"),
}
_ACTS: Final = ("created", "updated", "archived")
_OTHERS: Final[Mapping[str, str]] = {
    "considered": "records looked at",
    "linked": "linked as the same record",
    "relinked": "links that moved on (merged or converted)",
    "unlinked": "links undone",
    "unchanged": "already in step",
    "left_alone": "left alone (out of scope, or no rule creates them)",
    "left_alone_fields": "fields that differ and were left alone",
    "conflict": "conflicts",
    "parked": "refused values",
    "ambiguous": "that could be the same as another",
    "edit_beats_deletion": "deleted on one side only",
    "schema": "fields that do not fit",
    "unsent": "messages not sent, or nobody knows",
    "nobody_to_hand_over_to": "with nobody to hand over to",
    "refused_undoing": "that could not be taken back",
    "notify_sent": "notices sent",
    "webhook_sent": "webhooks sent",
    "tasks_made": "tasks made",
    "waiting": "that waited for a pause, or for the guards",
}


@dataclass(frozen=True, slots=True)
class Wrote:
    """Records made, changed or archived, or fields written, by side."""

    words: str
    hubspot: int
    salesforce: int


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing a run did to one record or pair; at: the id of its event."""

    at: int
    refs: tuple[Ref, ...]
    called: str
    line: Line


@dataclass(frozen=True, slots=True)
class RunShown:
    """One run with a page of what it did.

    Attributes:
        issues: what it was the last to raise, the first of them.
        after: what asks for the next page of deeds; 0 where there is none.
    """

    run: RunRow
    wrote: Sequence[Wrote]
    others: Sequence[tuple[str, int]]
    deeds: Sequence[Deed]
    after: int
    issues: Sequence[StoredIssue]


def wrote(counts: Mapping[str, Any]) -> list[Wrote]:
    """What was written, by side; nothing where nothing was."""
    told = [Wrote(f"records {act}", *(int(counts.get(f"{act}_{side.value}", 0)) for side in Side)) for act in _ACTS]
    fields = [sum(int(counts.get(f"{act}_{side.value}_fields", 0)) for act in _ACTS) for side in Side]
    return [one for one in (*told, Wrote("fields written", *fields)) if one.hubspot or one.salesforce]


def others(counts: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Whatever else was counted, in words as far as there are any."""
    spoken_for = {f"{act}_{side.value}{end}" for act in _ACTS for side in Side for end in ("", "_fields")}
    left = {name: number for name, number in counts.items() if name not in spoken_for and isinstance(number, int)}
    known = [(words, left[name]) for name, words in _OTHERS.items() if left.get(name)]
    return known + [(name.replace("_", " "), left[name]) for name in sorted(left.keys() - _OTHERS.keys()) if left[name]]


def records_written(counts: Mapping[str, Any]) -> int:
    """Records made, changed and archived, on both sides."""
    return sum(int(counts.get(f"{act}_{side.value}", 0)) for act in _ACTS for side in Side)


def shown(conn: Connection, mapping: MappingSet, names: Names, run_id: int, page: tuple[int, int]) -> RunShown | None:
    """One run, and the page of its deeds (after which event, how many); None where there is no such run."""
    run = runs.by_id(conn, run_id)
    if run is None:
        return None
    after, limit = page
    told = events.wanted(conn, Wanted(run_id), after, limit + 1)
    refs = [tuple(ref for ref in (event.hubspot, event.salesforce) if ref) for event in told[:limit]]
    called = called_as(conn, mapping, [ref for some in refs for ref in some])
    deeds = [
        Deed(event.id or 0, some, next((called[ref] for ref in some if ref in called), ""), line)
        for event, some in zip(told, refs, strict=False)
        for line in annals.lines([event], (), names)
    ]
    more = deeds[-1].at if len(told) > limit else 0
    return RunShown(run, wrote(run.counts), others(run.counts), deeds, more, alike.of_run(conn, run_id, limit))
