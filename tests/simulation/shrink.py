"""Making a failing play short: the fewest steps, acts and kinds of trouble that still end in the same kind of failure.

Every step has its own dice, so leaving one out leaves the draws of all others as they are. First the play is cut off at
the end, then whole kinds of acts and trouble are left out, then runs of steps, ever shorter ones, down to single steps.
The result need not be the shortest there is: it is one of which nothing more can be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from tests.simulation.playing import Ended, Script, played

NEEDED = frozenset({"act", "turn", "time"})


def shrunk(found: Ended, enough: Callable[[], bool], player: Callable[[Script], Ended] = played) -> Script:
    """The shortest script on the way to which each step still failed in one of the same kinds.

    Args:
        found: a play that failed.
        enough: whether to stop looking.
        player: plays a script.
    """

    def fails(script: Script) -> bool:
        return not enough() and bool(set(player(script).kinds) & set(found.kinds))

    script = _fewer_steps(_fewer_kinds(_cut(found.script, fails), fails), fails)
    plain = replace(script, without=found.script.without)  # what its steps do not do need not be forbidden as well
    return plain if fails(plain) else script


def _cut(script: Script, fails: Callable[[Script], bool]) -> Script:
    """Cut off at the end. Whether a prefix fails is not monotone, so this finds a short one, not the shortest."""
    low, high = 0, script.steps
    while low < high:
        middle = (low + high) // 2
        if fails(replace(script, steps=middle)):
            high = middle
        else:
            low = middle + 1
    return replace(script, steps=high)


def _fewer_kinds(script: Script, fails: Callable[[Script], bool]) -> Script:
    theme = script.play().theme
    for name in [*theme.acts, *theme.trouble]:
        without = replace(script, without=tuple(sorted({*script.without, name})))
        if name not in NEEDED and name not in script.without and fails(without):
            script = without
    return script


def _fewer_steps(script: Script, fails: Callable[[Script], bool]) -> Script:
    kept: Collection[int] = script.only if script.only is not None else range(1, script.steps + 1)
    steps = [step for step in kept if step <= script.steps]
    size = len(steps) // 2
    while size >= 1:
        place = 0
        while place < len(steps):
            fewer = replace(script, only=tuple(steps[:place] + steps[place + size :]))
            if fails(fewer):
                script, steps = fewer, list(fewer.only or ())
            else:
                place += size
        size //= 2
    return script
