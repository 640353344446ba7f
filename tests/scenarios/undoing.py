"""Undo in a story: passes get names, and what both sides say is noted, to be compared afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connector.cli.naming import moment
from connector.core.refs import Ref, Side
from connector.engine import sync, undo
from connector.engine.deeds import Asked
from connector.storage import runs
from tests.scenarios.acts import acts, ref_of
from tests.scenarios.claims import claims
from tests.scenarios.crash import Fate, Killed
from tests.scenarios.passes import ROUNDS_MAX
from tests.scenarios.stage import Stage
from tests.scenarios.stories import Line
from tests.scenarios.vocabulary import expect

_STAMPS = {"lastmodifieddate", "hs_lastmodifieddate", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}


@acts.phrase("the last pass is called NAME")
def _call(stage: Stage, _: Line, name: str) -> None:
    assert stage.last_run is not None
    stage.passes[name] = stage.last_run.id


@acts.phrase("the run that died is called NAME")
def _call_dead(stage: Stage, line: Line, name: str) -> None:
    with stage.installation() as opened, opened.bridge.database.read() as conn:
        dead = [row for row in runs.recent(conn, 10) if row.outcome is None or row.outcome == "cut short"]
    if not dead:
        raise line.problem("no run has died")
    stage.passes[name] = dead[0].id


@acts.phrase("both sides are noted")
def _note(stage: Stage, _: Line) -> None:
    stage.noted = said(stage)


@acts.phrase("undo NAME")
def _undo(stage: Stage, line: Line, name: str) -> None:
    undone(stage, _pass(stage, line, name))


@acts.phrase("plan to undo NAME")
def _plan(stage: Stage, line: Line, name: str) -> None:
    """As `smarketing undo --plan` does."""
    stage.begin_pass()
    with stage.installation() as opened:
        asked = undo.asked_for(opened.bridge, _pass(stage, line, name))
        stage.undone = undo.survey(opened.bridge, asked)


@acts.phrase("undo NAME, but crash at step NUMBER")
def _crash(stage: Stage, line: Line, name: str, at: str) -> None:
    fate = Fate(int(at))
    try:
        undone(stage, _pass(stage, line, name), fate)
    except Killed:
        stage.pass_time()
        return
    raise line.problem(f"the undo was over after {fate.passed} steps, before the crash")


@acts.phrase("undo NAME, crashing at every step")
def _every_crash(stage: Stage, line: Line, name: str) -> None:
    for at in range(1, ROUNDS_MAX):
        try:
            undone(stage, _pass(stage, line, name), Fate(at))
        except Killed:
            stage.clock.advance(600)
        else:
            return
    raise line.problem("no undo ever got through")


@acts.phrase("undo FIELD of the last NUMBER UNIT")
def _window(stage: Stage, _: Line, field: str, number: str, unit: str) -> None:
    undone(stage, Asked(field=field, since=moment(f"{number}{unit[0]}", stage.clock.now())))


@acts.phrase("undo FIELD of NAME")
def _one(stage: Stage, _: Line, field: str, name: str) -> None:
    undone(stage, Asked(field=field, refs=frozenset({ref_of(stage, name)})))


def _pass(stage: Stage, line: Line, name: str) -> Asked:
    if name not in stage.passes:
        raise line.problem(f"no pass is called {name}; there are {', '.join(stage.passes) or 'none'}")
    return Asked(run=stage.passes[name])


def undone(stage: Stage, asked: Asked, fate: Fate | None = None) -> None:
    """As `smarketing undo --approve` does."""
    stage.begin_pass()
    for name, person in stage.people.items():
        if len(person.places) < len(Side):
            stage.pin(name)
    with stage.installation(fate) as opened:
        bridge = opened.bridge
        if asked.refs:
            asked = replace(asked, refs=undo.both(bridge, next(iter(asked.refs))))
        asked = undo.asked_for(bridge, asked)
        undo.survey(bridge, asked)
        with sync.recorded(bridge, undo.KIND, "a story", approved=True) as run:
            stage.undone = undo.undo(bridge, run, asked)
        stage.last_run = run
    stage.pass_time()


def said(stage: Stage) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What both sides say of everybody who is there, but for when and by whom it was last saved."""
    return {
        (side.value, obj, one): {field: value for field, value in values.items() if field not in _STAMPS and value}
        for side in Side
        for obj, one, values in stage.everybody(side)
    }


@claims.phrase("both sides are as noted", details=None)
def _as_noted(stage: Stage, line: Line) -> None:
    """Everybody who was there is, and nobody else; details: fields that may differ, by side."""
    may: dict[str, list[str]] = dict(line.details or {})
    found = {place: dict(_but(values, may.get(place[0], ()))) for place, values in said(stage).items()}
    wanted = {place: dict(_but(values, may.get(place[0], ()))) for place, values in stage.noted.items()}
    expect(line, found.keys() == wanted.keys(), f"there are {sorted(found)}, and were {sorted(wanted)}")
    differing = {place: set(found[place].items()) ^ set(wanted[place].items()) for place in found}
    expect(line, found == wanted, f"they differ: { ({place: each for place, each in differing.items() if each}) }")


def _but(values: dict[str, Any], names: Any) -> Iterator[tuple[str, str]]:
    return ((name, str(value)) for name, value in values.items() if name not in names)


@claims.phrase("the undo refuses nothing")
def _nothing(stage: Stage, line: Line) -> None:
    expect(line, stage.undone.refused == [], f"it refuses {stage.undone.refused}")


@claims.phrase("the undo refuses", details=True)
def _refuses(stage: Stage, line: Line) -> None:
    """Exactly these: about, on, field, now, wrote, and parts of why, hint and who."""
    left = list(stage.undone.refused)
    for wanted in line.details:
        fits = next((one for one in left if _fits(stage, wanted, one)), None)
        expect(line, fits is not None, f"no refusal is {dict(wanted)}; there are {left}")
        left.remove(fits)
    expect(line, not left, f"there are more: {left}")


def _fits(stage: Stage, wanted: Any, found: Any) -> bool:
    row = found.row()
    ref = Ref.parse(row["ref"])
    if "about" in wanted and (ref.object, ref.id) not in stage.people[wanted["about"]].places.values():
        return False
    if ref.side != wanted.get("on", ref.side):
        return False
    parts = all(str(wanted[name]) in row.get(name, "") for name in ("why", "hint", "who") if name in wanted)
    return parts and all(str(wanted[name]) == row.get(name) for name in ("field", "now", "wrote") if name in wanted)


@claims.phrase("the undo would change NUMBER and archive NUMBER")
def _would(stage: Stage, line: Line, changes: str, archives: str) -> None:
    tally = stage.undone.tally
    expect(line, (tally.changes, tally.archives) == (int(changes), int(archives)), f"it would: {tally}")
