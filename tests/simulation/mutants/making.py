"""Bugs in how counterparts are found and made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.engine import making
from connector.hubspot import batch_writing
from connector.salesforce import sending
from connector.salesforce.api import Call
from connector.salesforce.sending import Action
from tests.simulation.mutants.planting import caught_by, replaced

LOSSES = {"trouble": {"bad line": 2.0, "good line": 0.3, "kill": 0.8}, "lost": "answers", "burst": 4}
MAKES = {  # new people are edited at once, again and again, while the answer to their making gets lost
    **LOSSES,
    "acts": {"arrives": 4.0, "arrives filled": 4.0, "edits": 12.0},
    "alone": True,
    "trouble": {"act": 5.0, "turn": 12.0, "kill": 0.3, "bad line": 0.8, "good line": 0.6, "time": 0.5},
    "burst": 8,
    "closeness": 0.95,
    "meddling": 0.5,
}


@caught_by("doubles", "in step", "vanished", "fields", acts={"arrives": 12.0, "mass updates": 2.0}, first=3)
def answers_are_told_apart_by_their_place() -> Iterator[None]:
    """Results of a batch are taken in the order of its inputs; HubSpot answers in any order."""
    recogniser = batch_writing._recogniser

    def by_place(operation: Any, items: Mapping[str, Any]) -> Any:
        left = iter(items)
        return (lambda _: next(left, "")) if operation.creating else recogniser(operation, items)

    with replaced(recogniser, by_place):
        yield


@caught_by("doubles", acts={"arrives": 12.0}, **LOSSES)
def salesforce_records_are_made_without_a_key() -> Iterator[None]:
    """A create is a plain insert, sent again when its answer is lost: the second one makes a second record."""

    def called(sort: Any, rows: Sequence[Any], records: Sequence[Mapping[str, Any]]) -> Call:
        if sort.action is not Action.UPSERT:
            return call(sort, rows, records)
        kind = {"attributes": {"type": sort.object}}
        body = {"allOrNone": False, "records": [{**kind, **record} for record in records]}
        return Call("POST", "composite/sobjects", "create", body, expects=list)

    call = sending._call
    with replaced(call, called):
        yield


@caught_by("vanished", "story", "in step", "questions", variant="a person decides", **MAKES)
def what_is_being_made_is_not_remembered() -> Iterator[None]:
    """Nothing is written ahead of a create: after a crash the new record is met as a stranger."""
    with replaced(making.write_ahead, lambda *_: None):
        yield


@caught_by(
    "vanished",
    "story",
    "in step",
    "questions",
    variant="a person decides",
    **{**MAKES, "trouble": {"act": 5.0, "turn": 12.0, "bad line": 1.5, "good line": 1.0}},
    within=100,
)
def what_may_have_been_made_is_forgotten() -> Iterator[None]:
    """What was written ahead of a create is dropped when its batch ends, even where nobody knows what came of it."""
    concluded = making.concluded

    def forgotten(conn: Any, batch: str, jobs: Sequence[Any], now: Any) -> None:
        concluded(conn, batch, jobs, now)
        making.state.delete(conn, [making._PREFIX + batch])

    with replaced(concluded, forgotten):
        yield
