"""The installation as the pages see it: opened when first asked for, replaced once its files have changed.

Two are kept, one without its sides and one with them, for most pages call nobody and the clients take a moment to load.
What was given out to a request under way is closed only when the next but one is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from connector.admin.desk import Checked, Trial
from connector.bootstrap import Surroundings, fitted, open_installation
from connector.config.compile import compile_mappings
from connector.config.definition import definition_of
from connector.config.load import Loaded, load
from connector.config.objectives import objectives_of
from connector.config.sla import policies_of
from connector.engine import facts
from connector.engine.bridge import Bridge, Progress
from connector.errors import Misconfigured, Problem
from connector.service.files import Stamp, stamped
from connector.service.following import Following

LOOK = timedelta(seconds=3)  # between two looks at what is published


@dataclass
class _Kept:
    """One opened installation and the one before it."""

    connect: bool
    stamp: Stamp = ()
    loaded: Loaded | None = None
    bridge: Bridge | None = None
    closing: list[ExitStack] = field(default_factory=list)


class Office:
    """Gives the pages their bridge. Safe for threads: one opens, the others wait for it."""

    def __init__(self, path: Path, around: Surroundings) -> None:
        self._path, self._around = path, around
        self._lock = Lock()
        self._away, self._there = _Kept(connect=False), _Kept(connect=True)
        self._following = Following(path, around.clock)
        self._look_at = around.clock.now()

    def loaded(self) -> Loaded:
        """The configuration as it is on disk.

        Raises:
            Misconfigured: with every problem.
        """
        return load(self._path, self._around.env)

    def bridge(self) -> Bridge:
        """The bridge without its sides.

        Raises:
            Misconfigured: with every problem.
        """
        return self._opened(self._away)

    def live(self) -> Bridge:
        """The bridge with both sides.

        Raises:
            Misconfigured, Transient, Unauthorised: what opening raises.
        """
        return self._opened(self._there)

    def checked(self, draft: Mapping[Path, str]) -> Checked:
        """What is wrong with mapping files as they would be, and what the CRMs, as last told, cannot carry of them."""
        bridge = self.bridge_or_none()
        known = facts.recall(bridge.database) if bridge else None
        now = self._around.clock.now()
        try:
            loaded = load(self._path, self._around.env, draft)
        except Misconfigured as mistake:
            return Checked(mistake.problems, ())
        owners = known.owners if known else None
        problems = [
            *_problems(lambda: compile_mappings(loaded, owners)),
            *_problems(lambda: definition_of(loaded, owners)),
            *_problems(lambda: policies_of(loaded, owners, now)),
            *_problems(lambda: objectives_of(loaded, now)),
        ]
        if problems or bridge is None:
            return Checked(tuple(sorted(set(problems))), ())
        try:
            return Checked((), fitted(loaded, known, bridge.database, self._around.clock).findings)
        except Misconfigured as mistake:
            return Checked(mistake.problems, ())

    @contextmanager
    def trial(self, draft: Mapping[Path, str], progress: Progress) -> Iterator[Trial]:
        """The bridge with both sides, as it would be with a draft; beside the one that is at work, and closed after.

        Raises:
            Misconfigured, Transient, Unauthorised: what opening raises.
        """
        around = replace(self._around, progress=progress, draft=draft)
        with open_installation(self._path, around) as opened:
            yield Trial(load(self._path, self._around.env, draft), opened.bridge)

    def bridge_or_none(self) -> Bridge | None:
        """The bridge without its sides; None while the files on disk have a mistake and nothing was opened before."""
        try:
            return self.bridge()
        except Misconfigured:
            return None

    def close(self) -> None:
        """Close all that is open."""
        with self._lock:
            for kept in (self._away, self._there):
                while kept.closing:
                    kept.closing.pop().close()
                kept.bridge = None

    def _opened(self, kept: _Kept) -> Bridge:
        with self._lock:
            stamp = stamped(self._path, kept.loaded)
            if kept.bridge and self._is_behind(kept.bridge, stamp):
                stamp = stamped(self._path, kept.loaded)
            if kept.bridge is None or kept.stamp != stamp:
                self._open(kept)
            assert kept.bridge is not None, "opening makes one or raises"
            return kept.bridge

    def _is_behind(self, bridge: Bridge, stamp: Stamp) -> bool:
        """Whether another machine has published; its files stand in the folder now."""
        now = self._around.clock.now()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK
        return self._following.look(bridge.database, stamp)

    def _open(self, kept: _Kept) -> None:
        """Open it as the files are now; a mistake in them leaves what was opened before at work, as the worker does."""
        try:
            loaded = self.loaded()
        except Misconfigured:
            if kept.bridge is None:
                raise
            kept.stamp = stamped(self._path, kept.loaded)
            return
        stamp = stamped(self._path, loaded)
        with ExitStack() as opening:
            opened = opening.enter_context(open_installation(self._path, self._around, connect=kept.connect))
            kept.closing.append(opening.pop_all())
        kept.bridge, kept.loaded, kept.stamp = opened.bridge, loaded, stamp
        while len(kept.closing) > 2:  # noqa: PLR2004  # today's, and what a request under way may still use
            kept.closing.pop(0).close()


def _problems(compiled: Callable[[], Any]) -> tuple[Problem, ...]:
    """What compiling a part says is wrong: every part is asked, for an admin mends all in one go."""
    try:
        compiled()
    except Misconfigured as mistake:
        return mistake.problems
    return ()
