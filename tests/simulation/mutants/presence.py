"""Bugs in what becomes of records that go, merge, convert, or are erased."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from connector.core import planning
from connector.core.changes import edited
from connector.core.mapping import OnArchive, Pair
from connector.core.plan import Relink
from connector.core.readings import Presence, Reading
from connector.core.refs import Ref
from connector.engine import moves
from connector.engine.bridge import Bridge
from connector.engine.cases import read_refs
from connector.storage import events, issues, links, tombstones
from tests.simulation.mutants.planting import caught_by, replaced

GOES = {"acts": {"merges": 8.0, "doubles": 3.0, "converts": 8.0}, "burst": 8}


@caught_by("presence", "apart", **GOES)
def where_a_record_went_is_not_asked() -> Iterator[None]:
    """A merged contact and a converted Lead are taken for deleted ones."""

    def read(bridge: Bridge, refs: Iterable[Ref]) -> dict[Ref, Reading]:
        found = read_refs(bridge, refs)
        return {ref: _gone(one) if one.presence is Presence.MOVED else one for ref, one in found.items()}

    with replaced(read_refs, read):
        yield


def _gone(reading: Reading) -> Reading:
    return replace(reading, presence=Presence.ARCHIVED, moved_to=None, converted=False)


@caught_by("presence", acts={"archives an edited one": 6.0, "archives": 2.0}, variant="deletions travel")
def a_deletion_beats_an_edit() -> Iterator[None]:
    """A record is archived because its counterpart is gone, though somebody has just edited it."""
    with replaced(edited, lambda *_: False):
        yield


@caught_by("presence", acts={"archives": 6.0}, burst=8, first=5)
def deletions_always_travel() -> Iterator[None]:
    """What is deleted on one side is deleted on the other, whatever the mapping says."""
    survivor = planning._survivor

    def archived(pair: Pair, *more: Any) -> Any:
        return survivor(replace(pair, on_archive=OnArchive.ARCHIVE), *more)

    with replaced(survivor, archived):
        yield


@caught_by("presence", acts={"erases": 5.0}, burst=8, within=100)
def the_story_of_the_erased_is_kept() -> Iterator[None]:
    """An erased person's values stay in the store's events."""
    with replaced(events.forget, lambda *_: None):
        yield


@caught_by("presence", acts={"erases": 4.0, "mistypes": 6.0, "edits both": 8.0}, variant="a person decides")
def questions_about_the_erased_are_kept() -> Iterator[None]:
    """An erased person's values stay in the store's issues."""
    with replaced(issues.forget, lambda *_: None):
        yield


@caught_by("apart", "presence", "doubles", acts={"converts": 5.0, "converts the other": 3.0})
def a_converted_lead_stays_linked() -> Iterator[None]:
    """A converted Lead is still read as a live one, so that its Contact is a stranger."""
    moved = planning._linked

    def linked(pair: Pair, subject: Any, memory: Any) -> Any:
        theirs = subject.salesforce
        if theirs and theirs.converted:
            return planning.Plan(pair.name, subject.hubspot, theirs, note="a Lead is a Lead")
        return moved(pair, subject, memory)

    with replaced(moved, linked):
        yield


@caught_by(
    "presence",
    acts={"erases": 5.0, "clears cross id": 25.0},
    trouble={"turn": 12.0},
    burst=8,
    closeness=0.95,
    variant="as shipped",
    first=36,
)
def who_was_erased_is_made_again() -> Iterator[None]:
    """Nobody looks whether a person asked to be forgotten before a counterpart is made."""
    with replaced(tombstones.known, lambda *_: set()):
        yield


@caught_by("presence", "apart", "in step", "vanished", "drains", **GOES, within=100)
def a_merge_undoes_the_survivors_link() -> Iterator[None]:
    """When a linked record is merged into another linked one, it is the survivor's link that is dropped."""
    relink = moves._relink

    def relinked(conn: Any, bridge: Bridge, job: Any, step: Relink, now: Any) -> list[Ref]:
        holder = links.by_refs(conn, [step.new]).get(step.new)
        if holder is not None and job.case.link and holder.id != job.case.link.id:
            links.delete(conn, holder.id, holder.version)
        return relink(conn, bridge, job, step, now)

    with replaced(relink, relinked):
        yield
