"""Each documented answer, and each way a wire can break, on each kind of call the bridge makes.

Faults of one fate strike one kind of call, in a world that is kept from fault to fault. What passes strikes four times
in a row, by four kinds, and is not noticed; then at every turn, and ends the run as a fault that passes. What waits,
stops or is declined strikes alone. After each group the fault is lifted, and the next run brings everything in step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from _pytest.mark import ParameterSet

from connector.core.refs import Side
from connector.errors import BridgeError, RateLimited, Transient
from tests.faults.gate import CALLS_MAX, on
from tests.faults.kinds import KINDS, Kind, kinds
from tests.faults.paths import PATHS, Fate, Path
from tests.faults.scenes import SCENES, Scene
from tests.faults.trial import Trial, trial
from tests.misbehaviour.rig import Before, settled

FIRST_ONLY = "salesforce root"
ACTS = 60  # more than any path takes
IN_A_ROW = 4  # an adapter tries five times


def cells(side: Side, *, opening: bool) -> list[ParameterSet]:
    """The kinds of call of one side, each with the scene that shows it."""
    return [
        pytest.param(scene, PATHS[name], id=name)
        for scene in SCENES
        for name in scene.shows
        if PATHS[name].side is side and scene.opening is opening
    ]


def every_fault_is_told_and_then_made_good(scene: Scene, path: Path) -> None:
    """All faults of the side, fate by fate, on one kind of call."""
    with trial(scene, ACTS) as played:
        what_passes_is_not_noticed(played, path)
        what_passes_at_every_turn_ends_the_run_as_such(played, path)
        for kind in kinds(path.side, Fate.WAITS):
            what_waits_tells_until_when(played, path, kind)
        what_stops_is_for_a_person(played, path)
        what_is_declined_is_told_or_parked(played, path)
        played.end()


def first_sync(last: str) -> None:
    """What only a first sync asks, under every fault that ends a run, and then under one that does not."""
    path = PATHS[FIRST_ONLY]
    ending = [kind for fate in (Fate.PASSES, Fate.WAITS, Fate.STOPS) for kind in kinds(path.side, fate)]
    with trial(SCENES[0], 1, begun=False) as played:
        before = Before.of(played.stage)
        for kind in ending if last == "salesforce 404" else ():
            if not path.spares(kind.name, kind.fate):
                judged(path, kind, run(played, path, [kind]))
                played.lift()
        judged(path, KINDS[last], run(played, path, [KINDS[last]]))
        played.reopen()
        settled(played.stage, before)


def what_passes_is_not_noticed(played: Trial, path: Path) -> None:
    for group in in_parts(kinds(path.side, Fate.PASSES), IN_A_ROW):
        played.act()
        assert run(played, path, group, times=len(group)) is None, names(group)
        recovered(played, group)


def what_passes_at_every_turn_ends_the_run_as_such(played: Trial, path: Path) -> None:
    found = kinds(path.side, Fate.PASSES)
    for group in ([each for each in found if each.fault.after_commit is late] for late in (False, True)):
        played.act()
        error = run(played, path, group)
        landed = path.lands and group[0].fault.after_commit
        if error is not None or not (landed or Fate.PASSES in path.spared):
            assert type(error) in TRANSIENT, f"{names(group)}: {error!r}"
            told(error, path.side)
        recovered(played, group)


def what_waits_tells_until_when(played: Trial, path: Path, kind: Kind) -> None:
    played.act()
    now = played.stage.clock.now()
    error = run(played, path, [kind])
    judged(path, kind, error)
    assert not isinstance(error, RateLimited) or error.until > now
    recovered(played, [kind])


def what_stops_is_for_a_person(played: Trial, path: Path) -> None:
    played.act()
    found = kinds(path.side, Fate.STOPS)
    for kind in found:
        if Fate.STOPS in path.spared or path.lands:
            played.act()
        if path.learns:
            played.reopen()
        error = run(played, path, [kind])
        judged(path, kind, error)
        assert played.gate.struck <= CALLS_OF_A_REFUSAL or path.speaks_oauth, kind.name
        played.lift()  # what waits for a pause to end shall be tried again
    recovered(played, found)


def what_is_declined_is_told_or_parked(played: Trial, path: Path) -> None:
    played.act()
    found = kinds(path.side, Fate.DECLINED)
    for kind in found:
        played.act()
        if path.learns:
            played.reopen()
        error = run(played, path, [kind])
        if path.writes and error is None:
            assert played.parked(), kind.name
        else:
            judged(path, kind, error)
    played.release()
    recovered(played, found)


CALLS_OF_A_REFUSAL = 8  # that were on their way already, and once more with a token brought anew
TRANSIENT = frozenset({*Fate.PASSES.error.__subclasses__(), Fate.PASSES.error})


def run(played: Trial, path: Path, struck: Sequence[Kind], times: int | None = None) -> BridgeError | None:
    error = played.run(on(path.name, [each.fault for each in struck], times))
    assert played.gate.struck, f"{names(struck)}: the call was not made; there were {dict(played.gate.names)}"
    assert played.gate.names.total() <= CALLS_MAX, f"{names(struck)}: {dict(played.gate.names)}"
    return error


def judged(path: Path, kind: Kind, error: BridgeError | None) -> None:
    """The run was ended by the right sort of error, which names the side; or went on, where the table says why."""
    if error is None:
        assert path.spares(kind.name, kind.fate), f"{kind.name} is not told"
        return
    right = Transient if path.passes(kind.name, kind.fate) else kind.fate.error
    assert isinstance(error, right), f"{kind.name}: {error!r}"
    assert not path.spares(kind.name, kind.fate), f"{kind.name} shall not end a run: {error!r}"
    told(error, path.side)


def told(error: BridgeError | None, side: Side) -> None:
    """The message names the side."""
    assert error is None or {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}[side] in str(error), str(error)


def recovered(played: Trial, struck: Sequence[Kind]) -> None:
    played.lift()
    try:
        played.recover()
    except AssertionError as failure:
        raise AssertionError(f"after {names(struck)}: {failure}") from failure


def in_parts(found: Sequence[Kind], size: int) -> Iterator[Sequence[Kind]]:
    return (found[begin : begin + size] for begin in range(0, len(found), size))


def names(struck: Sequence[Kind]) -> str:
    return ", ".join(each.name for each in struck)
