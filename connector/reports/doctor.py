"""What `smarketing doctor` looks at, gathered beforehand; None stands where nobody could see.

The examination itself (`mistakes`) is pure and asks for nothing, so that every mistake is a row of a table in a test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.config.findings import Finding as Misfit
from connector.config.settings import Settings
from connector.core.refs import Side
from connector.ports import Owner
from connector.storage.pulses import Pulse

NETWORKED = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "gluster", "lustre", "fuse.sshfs", "davfs", "vboxsf")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that is wrong: in what, what it is, how that is known, and what to do about it."""

    area: str
    wrong: str
    known_by: str
    do: str


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """The store. problem: why it cannot be used, in words; file_system: of the file, "" where unknown."""

    dialect: str
    in_memory: bool = False
    problem: str = ""
    file: str = ""
    file_system: str = ""
    mode: int = 0o600

    @property
    def on_a_network(self) -> bool:
        """Whether the file lies on another machine's disk, where locks are not to be trusted."""
        return self.file_system.startswith(NETWORKED)


@dataclass(frozen=True, slots=True)
class SideSeen:
    """One CRM as it answered just now.

    Attributes:
        refused: that it does not let us in, in its words; silent: that it does not answer.
        spent: that our calls of the day are used up, and until when.
        ahead: how far our clock is ahead of its; None: it does not tell the time.
        daily_limit, daily_used: of the account, as far as it tells.
    """

    refused: str = ""
    silent: str = ""
    spent: str = ""
    ahead: timedelta | None = None
    daily_limit: int | None = None
    daily_used: int | None = None
    owners: Sequence[Owner] = ()


@dataclass(frozen=True, slots=True)
class DayAhead:
    """What a day is forecast to cost on a side; ordinary: what it may, None where no limit is known; what to change."""

    calls: int
    ordinary: int | None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for a person or for its turn, and since when each side was last read."""

    by_code: Counter[tuple[str, str]] = field(default_factory=Counter)  # (kind, code) -> open issues
    held: str = ""  # why a run is held
    owes_full: bool = False
    stopped: Sequence[Side] = ()
    read_at: Mapping[Side, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """Everything that was seen of an installation.

    Attributes:
        tallies: of the web application (`taken.hubspot`, `refused.hubspot.signature`); None: the store was not read.
        missing: packages that the settings need and that are not installed, by the extra that brings them.
        port_taken: whether somebody else listens where we would.
        misfits: what `check` says of the mappings.
        days: what a day will cost on each side, as `smarketing forecast` works it out.
    """

    settings: Settings
    now: datetime
    version: str
    store: StoreSeen
    sides: Mapping[Side, SideSeen] = field(default_factory=dict)
    pulses: Sequence[Pulse] = ()
    tallies: Mapping[str, int] | None = None
    held: Held | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    port_taken: bool = False
    misfits: Sequence[Misfit] = ()
    days: Mapping[Side, DayAhead] = field(default_factory=dict)


def file_system(path: str, mounts: str) -> str:
    """The kind of file system a file lies on, from the text of /proc/mounts; "" where that does not tell."""
    found = ("", "")
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) > 2:  # noqa: PLR2004  # device, place, kind
            place, kind = parts[1].replace("\\040", " "), parts[2]
            if (path == place or path.startswith(place.rstrip("/") + "/")) and len(place) >= len(found[0]):
                found = (place, kind)
    return found[1]
