"""What a story may claim at its end. Claims look at the CRMs past the bridge, and at the store past its commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import inspect, text

from connector.core.refs import Ref, Side
from connector.engine import planfile
from connector.storage import events, issues
from connector.storage.database import open_database
from tests.scenarios.acts import ref_of
from tests.scenarios.stage import Stage, as_text
from tests.scenarios.stories import Line
from tests.scenarios.vocabulary import Vocabulary, expect

claims = Vocabulary("then")
HUBSPOT, SALESFORCE = Side.HUBSPOT, Side.SALESFORCE
_PART = ("reason", "hint", "evidence")  # compared as parts of a text, not whole


@claims.phrase("SIDE has NAME", details=True)
def _has(stage: Stage, line: Line, side: str, name: str) -> None:
    found = stage.record(name, Side(side))
    expect(line, found is not None, f"{side} has no live record of {name}")
    assert found is not None
    wanted = stage.values(Side(side), line.details)
    if strange := [field for field in wanted if field not in found and side == "salesforce"]:
        raise line.problem(f"salesforce has no fields {strange}")
    told = {field: _text(found.get(field)) for field in wanted}
    expect(line, told == {field: _text(value) for field, value in wanted.items()}, f"it says {told}")


@claims.phrase("SIDE does not have NAME")
def _has_not(stage: Stage, line: Line, side: str, name: str) -> None:
    try:
        found = stage.record(name, Side(side))
    except LookupError:
        found = None
    expect(line, found is None, f"it says {found}")


@claims.phrase("NAME is a OBJECT")
def _is_a(stage: Stage, line: Line, name: str, obj: str) -> None:
    place = stage.place(name, SALESFORCE)
    expect(line, place[0] == obj.title(), f"it is {place}")


@claims.phrase("NAME is linked")
def _linked(stage: Stage, line: Line, name: str) -> None:
    wanted = [(side.value, *stage.place(name, side)) for side in Side]
    found = [[(ref.side.value, ref.object, ref.id) for ref in (one.hubspot, one.salesforce)] for one in stage.links()]
    expect(line, wanted in found, f"the links are {found}, not {wanted}")


@claims.phrase("NAME is not linked")
def _unlinked(stage: Stage, line: Line, name: str) -> None:
    known = {(side, *place) for side, place in stage.people[name].places.items()}
    found = [
        one for one in stage.links() for ref in (one.hubspot, one.salesforce) if (ref.side, ref.object, ref.id) in known
    ]
    expect(line, not found, f"it is: {found}")


@claims.phrase("SIDE has NUMBER people")
def _number(stage: Stage, line: Line, side: str, number: str) -> None:
    found = [values.get("email") or values.get("Email") for _, _, values in stage.everybody(Side(side))]
    expect(line, len(found) == int(number), f"it has {len(found)}: {found}")


@claims.phrase("there are no duplicates")
def _no_duplicates(stage: Stage, line: Line) -> None:
    for side in Side:
        emails = Counter(
            str(values.get("email") or values.get("Email")).lower() for _, _, values in stage.everybody(side)
        )
        twice = [email for email, times in emails.items() if times > 1 and email != "none"]
        expect(line, not twice, f"{side.value} has {twice} more than once")


@claims.phrase("nobody is lost")
def _nobody_lost(stage: Stage, line: Line) -> None:
    """Everyone has one counterpart, and the store has linked the two."""
    linked = {ref.id for one in stage.links() for ref in (one.hubspot, one.salesforce)}
    for name in stage.people:
        for side in Side:
            try:
                place = stage.place(name, side)
            except LookupError as error:
                raise AssertionError(f"{line.place}: {name} is lost: {error}") from error
            expect(line, place[1] in linked, f"{name} {place} is not linked")


@claims.phrase("the last pass wrote nothing")
def _wrote_nothing(stage: Stage, line: Line) -> None:
    expect(line, not stage.written(), f"it wrote {stage.written()}")


@claims.phrase("the last pass wrote", details=True)
def _wrote(stage: Stage, line: Line) -> None:
    found = Counter(entry["side"] for entry in stage.written())
    wanted = {side.value: line.details.get(side.value, 0) for side in Side}
    told = {side.value: found[side.value] for side in Side}
    expect(line, told == wanted, f"it wrote {told}: {stage.written()}")


@claims.phrase("the last pass was held", details=True)
def _held(stage: Stage, line: Line) -> None:
    assert stage.last_run is not None
    expect(line, str(line.details) in stage.last_run.held, f"it says {stage.last_run.held!r}")


@claims.phrase("the last pass skipped", details=True)
def _skipped(stage: Stage, line: Line) -> None:
    """Names and a part of the reason, in any order; nobody else."""
    assert stage.last_run is not None
    wanted = {name: {str(one) for one in _refs(stage, name)} for name in line.details}
    told = stage.last_run.skipped
    fits = all(any(ref in wanted[name] and why in reason for ref, reason in told) for name, why in line.details.items())
    expect(line, fits and len(told) == len(wanted), f"it skipped {told}")


def _refs(stage: Stage, name: str) -> list[str]:
    """The refs of a person, of the sides where they can be found."""
    found = []
    for side in Side:
        try:
            found.append(f"{side.value}:{':'.join(stage.place(name, side))}")
        except LookupError:
            continue
    return found


@claims.phrase("the plan holds", details=True)
def _plan_holds(stage: Stage, line: Line) -> None:
    """Steps of the saved plan by what they do: {create: 2, update: 1}."""
    rows = (stage.config.parent / "plan.jsonl").read_bytes().splitlines()[1:]
    found = Counter(step["do"] for row in rows for step in orjson.loads(row)["steps"])
    expect(line, dict(found) == line.details, f"it holds {dict(found)}")


@claims.phrase("the bridge never wrote FIELD on SIDE")
def _never_wrote(stage: Stage, line: Line, field: str, side: str) -> None:
    found = [entry for entry in stage.written(0) if entry["side"] == side and field in entry["changes"]]
    expect(line, not found, f"it wrote {found}")


@claims.phrase("no issues")
def _no_issues(stage: Stage, line: Line) -> None:
    found = open_issues(stage)
    expect(line, not found, f"there are {found}")


@claims.phrase("issues", details=True)
def _issues(stage: Stage, line: Line) -> None:
    """Exactly these, as the store keeps them for people; each claims what it names of an issue."""
    left = open_issues(stage)
    for wanted in line.details:
        expect(line, bool(wanted.get("hint", "x")) and "kind" in wanted, "an issue names at least its kind")
        fits = next((one for one in left if _fits(stage, wanted, one)), None)
        expect(line, fits is not None, f"no issue is {dict(wanted)}; left are {left}")
        left.remove(fits)
    expect(line, not left, f"there are more: {left}")


def _fits(stage: Stage, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    for key, value in wanted.items():
        if key == "about":
            known = set(_refs(stage, value))
            if not known & set(found["refs"]):
                return False
        elif key in _PART:
            if str(value) not in found.get(key, ""):
                return False
        elif _text(found.get(key)) != _text(value):
            return False
    return bool(found.get("reason") and found.get("hint"))


@claims.phrase("why NAME FIELD", details=True)
def _why(stage: Stage, line: Line, name: str, field: str) -> None:
    """The latest changes of a field in a person's story: wins, loses, on, because, rule, decided by."""
    found = changes_of(stage, ref_of(stage, name), field)
    wanted = list(line.details)
    expect(line, len(found) >= len(wanted), f"it says {found}")
    for claim, row in zip(wanted, found[len(found) - len(wanted) :], strict=True):
        said = {"wins": row["after"], "loses": row["before"], "on": row["side"]}
        said |= {"because": row["because"], "rule": row["rule"]}
        for key, value in claim.items():
            if key == "decided by":
                parts = value if isinstance(value, list) else [value]
                evidence = row.get("evidence", "")
                expect(line, all(part in evidence for part in parts), f"it was decided by {evidence!r}")
            elif key not in said:
                raise line.problem(f"{key!r} is none of {', '.join(said)}, decided by")
            else:
                expect(line, _text(said[key]) == _text(value), f"{key} is {said[key]!r} in {row}")


@claims.phrase("nothing personal is left", details=True)
def _nothing_left(stage: Stage, line: Line) -> None:
    """None of these texts is in any row of the store."""
    held = "\n".join(dump(stage)).casefold()
    found = [one for one in line.details if str(one).casefold() in held]
    expect(line, not found, f"the store still holds {found}")


@claims.phrase("the store remembers", details=True)
def _remembers(stage: Stage, line: Line) -> None:
    """All of these texts are in some row of the store."""
    held = "\n".join(dump(stage)).casefold()
    missing = [one for one in line.details if str(one).casefold() not in held]
    expect(line, not missing, f"the store does not hold {missing}")


def dump(stage: Stage) -> list[str]:
    """Every row of every table of the store, as text."""
    database = open_database(stage.database)
    try:
        with database.read() as conn:
            names = inspect(conn).get_table_names()
            rows = [row for name in names for row in conn.execute(text(f'SELECT * FROM "{name}"'))]
    finally:
        database.close()
    return [" ".join(_readable(value) for value in row) for row in rows]


def _readable(value: Any) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


def open_issues(stage: Stage) -> list[dict[str, Any]]:
    """Every open issue, in words and plain values."""
    database = open_database(stage.database)
    try:
        with database.read() as conn:
            return [planfile.issue_row(stored.issue) for stored in issues.open_issues(conn)]
    finally:
        database.close()


def changes_of(stage: Stage, ref: Ref, field: str) -> list[dict[str, Any]]:
    """Every change of a field, by its name on either side or its rule's, oldest first."""
    database = open_database(stage.database)
    try:
        with database.read() as conn:
            story = sorted(events.of_refs(conn, [ref], 10_000), key=lambda event: event.at)
    finally:
        database.close()
    rows = [row for event in story for row in event.payload.get("changes", ())]
    return [row for row in rows if field in (row["field"], row["rule"])]


def settled(stage: Stage) -> list[dict[str, Any]]:
    """What one more run writes: over everything, and then over what has changed."""
    stage.clock.advance(600)
    stage.sync("full")
    return stage.written()


def _text(value: Any) -> str | None:
    return None if value in (None, "") else as_text(value)


@claims.phrase("the tasks of NAME are", details=True)
def _tasks(stage: Stage, line: Line, name: str) -> None:
    """Subjects of the tasks that hang on a person in Salesforce and were made by the bridge, oldest first."""
    told = [task["Subject"] for task in stage.tasks(name)]
    expect(line, told == list(line.details), f"they are {told}")
