"""The installation as the pages see it: opened when first asked for, replaced once its files have changed.

Two are kept, one without its sides and one with them, for most pages call nobody and the clients take a moment to load.
What was given out to a request under way is closed only when the next but one is opened.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from connector.bootstrap import Surroundings, open_installation
from connector.config.load import Loaded, load
from connector.engine.bridge import Bridge
from connector.errors import Misconfigured
from connector.service.files import Stamp, stamped


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
            if kept.bridge is None or kept.stamp != stamp:
                self._open(kept)
            assert kept.bridge is not None, "opening makes one or raises"
            return kept.bridge

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
