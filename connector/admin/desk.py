"""What the pages stand on, handed in: the store, the time, and the bridge as it is configured now.

Pages that only look or change what is remembered take `office.bridge()`, which knows mappings and agreement and calls
nobody; only what reads live records or writes to a CRM takes `office.live()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.config.findings import Finding
from connector.config.load import Loaded
from connector.config.service import Web
from connector.engine.bridge import Bridge, Progress
from connector.errors import Problem
from connector.ports import Clock, Dice
from connector.storage.database import Database


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with mapping files as they would be, and what of them the CRMs, as last told, cannot carry."""

    problems: Sequence[Problem]
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Trial:
    """The installation as it would be with a draft, both sides open: for plans, never for writing."""

    loaded: Loaded
    bridge: Bridge


class Office(Protocol):
    """The installation as its files say it now; what is given out stays open, and is replaced when they are edited."""

    def loaded(self) -> Loaded:
        """The configuration as it is on disk. Raises: Misconfigured, with every problem."""
        ...

    def bridge(self) -> Bridge:
        """The bridge without its sides: mappings, agreement, store. Raises: Misconfigured."""
        ...

    def live(self) -> Bridge:
        """The bridge with both sides. Raises: Misconfigured, Transient, Unauthorised."""
        ...

    def checked(self, draft: Mapping[Path, str]) -> Checked:
        """Mapping files as they would be (each by its place), looked at without any call."""
        ...

    def trial(self, draft: Mapping[Path, str], progress: Progress) -> AbstractContextManager[Trial]:
        """The bridge with both sides under a draft, closed at the end. Raises: what `live` raises."""
        ...


@dataclass(frozen=True)
class Desk:
    """What every page is made with.

    Attributes:
        path: of config.yaml.
        env: environment variables, of which secrets may come.
        web: where the pages are served, as it was when the process started.
    """

    path: Path
    env: Mapping[str, str]
    web: Web
    database: Database
    clock: Clock
    dice: Dice
    office: Office
