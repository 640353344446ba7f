"""What scripts may read by the API of people, runs and what waits: over the store alone; no CRM is called."""

from __future__ import annotations

from typing import Any, Final

from connector.admin.api import shapes
from connector.admin.api.operations import Absent, Call, Nothing, Operation
from connector.admin.api.questions import Latest, Next, WhichDeeds, WhichField, WhichIssues, WhichPeople
from connector.admin.roles import Role
from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from connector.engine import facts
from connector.engine import undo as undoing
from connector.reports import acts, shelf, status, story
from connector.reports.definition import definition_row
from connector.storage import events, issues, runs
from connector.storage.events import Event, Wanted


def health(call: Call[Nothing]) -> shapes.Health:
    """How the installation is."""
    desk = call.desk
    known = facts.recall(desk.database)
    with desk.database.read() as conn:
        found = status.status(conn, desk.clock.now(), {side: facts.zone(known, side) for side in Side})
    row = found.row()
    return shapes.Health(**{name: row[name] for name in shapes.Health.model_fields})


def people(call: Call[WhichPeople]) -> shapes.People:
    """People by name and standing."""
    with call.desk.database.read() as conn:
        found = shelf.search(conn, shelf.Asked(**call.asked.model_dump()))
    return shapes.People(people=[shapes.Person.model_validate(one) for one in found.rows], after=found.after)


def person(call: Call[Nothing]) -> shapes.Person:
    """One person."""
    with call.desk.database.read() as conn:
        found = shelf.face(conn, call.ref)
    if found is None:
        raise Absent(f"nobody is known by {call.ref}")
    return shapes.Person.model_validate(found)


def told(call: Call[Next]) -> shapes.Story:
    """What happened to a record and its counterpart."""
    refs = undoing.both(call.desk.office.bridge(), call.ref)
    return _story(call, Wanted(refs=refs), call.asked)


def why(call: Call[WhichField]) -> shapes.Why:
    """Why a field says what it says."""
    bridge = call.desk.office.bridge()
    refs, field = undoing.both(bridge, call.ref), call.asked.field
    objects = {_place(ref) for ref in refs}
    names = {field}
    for pair in bridge.mapping.pairs:
        if objects & {(side, pair.object_on(side)) for side in Side}:
            names |= {one.name for one in pair.rules if field in (one.name, one.hubspot, one.salesforce)}
    with call.desk.database.read() as conn:
        found = story.changes(story.story(conn, sorted(refs)), names)
    return shapes.Why(changes=[shapes.Change(**one.row()) for one in found])


def queue(call: Call[WhichIssues]) -> shapes.Queue:
    """What waits for a person."""
    asked = call.asked
    if asked.kind and asked.kind not in {kind.value for kind in IssueKind}:
        kinds = ", ".join(kind.value for kind in IssueKind)
        raise Absent(f"there is no kind {asked.kind!r}; there are: {kinds}")
    kinds_asked = [IssueKind(asked.kind)] if asked.kind else None
    with call.desk.database.read() as conn:
        found = issues.open_issues(conn, kinds=kinds_asked, limit=asked.limit, after=asked.after)
    more = len(found) == asked.limit
    rows = [shapes.Issue(**status.issue_row(one)) for one in found]
    return shapes.Queue(issues=rows, after=found[-1].id if more else 0)


def latest_runs(call: Call[Latest]) -> shapes.Runs:
    """The latest runs."""
    with call.desk.database.read() as conn:
        found = runs.recent(conn, call.asked.limit)
    return shapes.Runs(runs=[shapes.RunTold(**status.run_row(one)) for one in found])


def run(call: Call[Nothing]) -> shapes.RunTold:
    """One run."""
    with call.desk.database.read() as conn:
        found = runs.by_id(conn, call.place["run"])
    if found is None:
        raise Absent(f"there is no run {call.place['run']}")
    return shapes.RunTold(**status.run_row(found))


def run_story(call: Call[Next]) -> shapes.Story:
    """What a run did."""
    return _story(call, Wanted(run_id=call.place["run"]), call.asked)


def definition(call: Call[Nothing]) -> shapes.Definition:
    """The shared lifecycle."""
    agreement = call.desk.office.bridge().agreement
    return shapes.Definition(definition=definition_row(agreement.definition) if agreement else None)


def audit(call: Call[WhichDeeds]) -> shapes.Audit:
    """What people did."""
    asked = call.asked
    which = acts.Asked(asked.by, asked.act, asked.since, asked.until, asked.after)
    with call.desk.database.read() as conn:
        found = acts.page(conn, which, asked.limit)
    told = [
        shapes.Deed(
            at=one.at, by=one.by, act=one.act, words=one.words, refs=[str(ref) for ref in one.refs], run=one.run
        )
        for one in found.deeds
    ]
    return shapes.Audit(deeds=told, after=found.after)


def _story(call: Call[Any], which: Wanted, asked: Next) -> shapes.Story:
    with call.desk.database.read() as conn:
        found = events.wanted(conn, which, asked.after, asked.limit)
    more = len(found) == asked.limit
    return shapes.Story(story=[_happening(one) for one in found], after=found[-1].id or 0 if more else 0)


def _happening(event: Event) -> shapes.Happening:
    hubspot, salesforce = (None if ref is None else str(ref) for ref in (event.hubspot, event.salesforce))
    return shapes.Happening(
        id=event.id,
        at=event.at,
        kind=event.kind,
        hubspot=hubspot,
        salesforce=salesforce,
        run=event.run_id,
        payload=event.payload,
    )


def _place(ref: Ref) -> tuple[Side, str]:
    return ref.side, ref.object


_V: Final = Role.VIEWER
OPERATIONS: Final = (
    Operation("audit", "GET", "/audit", _V, "Audit", "What people did, newest first.", WhichDeeds, shapes.Audit, audit),
    Operation(
        "health", "GET", "/health", _V, "Health", "What waits, and what needs a person.", Nothing, shapes.Health, health
    ),
    Operation(
        "people", "GET", "/people", _V, "People", "People by name and standing.", WhichPeople, shapes.People, people
    ),
    Operation(
        "person", "GET", "/people/<ref>", _V, "People", "One person at a glance.", Nothing, shapes.Person, person
    ),
    Operation("story", "GET", "/people/<ref>/story", _V, "People", "What happened to them.", Next, shapes.Story, told),
    Operation(
        "why", "GET", "/people/<ref>/why", _V, "People", "Why a field says what it says.", WhichField, shapes.Why, why
    ),
    Operation(
        "issues",
        "GET",
        "/issues",
        _V,
        "Queue",
        "What waits for a person, one by one.",
        WhichIssues,
        shapes.Queue,
        queue,
    ),
    Operation("runs", "GET", "/runs", _V, "Runs", "The latest runs.", Latest, shapes.Runs, latest_runs),
    Operation("run", "GET", "/runs/<int:run>", _V, "Runs", "One run.", Nothing, shapes.RunTold, run),
    Operation(
        "runStory",
        "GET",
        "/runs/<int:run>/story",
        _V,
        "Runs",
        "What a run did, record by record.",
        Next,
        shapes.Story,
        run_story,
    ),
    Operation(
        "definition",
        "GET",
        "/definition",
        _V,
        "Lifecycle",
        "The shared lifecycle.",
        Nothing,
        shapes.Definition,
        definition,
    ),
)
