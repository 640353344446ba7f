"""An installation kept open for as long as the service runs, and opened anew when something about it has changed.

Opening is patient: a side that does not answer is tried again, and one that answered before is worked with as it was.
An edit of config.yaml, the mappings or a secret's file is noticed within seconds; valid, it is in force from then on,
and a full pass is made if the mapping asks for one. A mistake is shown and the last valid configuration goes on. What
was published on another machine comes as such an edit (`following`). What the accounts are like is learned anew once a
day, and when something contradicted it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from connector.bootstrap import Installation, Surroundings, open_installation
from connector.config.load import Loaded, load
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Ref, Side
from connector.engine import facts, stopped
from connector.engine.duties import DRAIN, FULL, POLL, Work
from connector.engine.pacing import after_fault
from connector.errors import BridgeError, Misconfigured, Problem
from connector.service import unopened
from connector.service.files import Stamp, stamped
from connector.service.following import Following
from connector.storage import dirty, duties, issues
from connector.storage.tables import SHARDS

LOOK = timedelta(seconds=3)  # between two looks at the files
REFRESH, REFRESH_SOONEST = timedelta(hours=24), timedelta(minutes=15)  # what the accounts are like
_LONGEST = timedelta(minutes=5)  # between two tries to open
_MISTAKE = Ref(Side.HUBSPOT, "mapping", "config")
_LOG = structlog.get_logger(__name__)

Beside = Callable[[Installation], AbstractContextManager[Any]]
Working = Callable[[Installation], Work]
Retire = Callable[[Work, Callable[[], None]], None]


class Keeping:
    """The installation of a config.yaml, open. Used by one thread.

    Args:
        path: config.yaml.
        around: what the outside hands in.
        working: makes the work of an opened installation.
        beside: entered with each opened installation and left before it is closed (listeners).
        retire: given the old work and what closes it, once it is replaced; None: it is closed at once.
    """

    def __init__(
        self, path: Path, around: Surroundings, working: Working, beside: Beside, retire: Retire | None = None
    ) -> None:
        self._path, self._around, self._working, self._beside = path, around, working, beside
        self._retire = retire or _at_once
        self._work: Work | None = None
        self._loaded: Loaded | None = None  # what the work was opened with
        self._read: Loaded | None = None  # what was last read to open it
        self._closing = ExitStack()
        self._stamp: Stamp = ()
        self._following = Following(path, around.clock)
        self._edited = False
        self._failures = 0
        self._look_at = self._opened_at = around.clock.now()

    def work(self) -> Work | None:
        """What to work with now; None while the installation cannot be opened."""
        now = self._around.clock.now()
        if now >= self._look_at:
            self._look_at = now + LOOK
            if self._work is None:
                self._begin(now)
            else:
                self._look(now)
        return self._work

    def close(self) -> None:
        """Close the open run and the installation."""
        self._leave()

    def _begin(self, now: datetime) -> None:
        try:
            self._read = loaded = load(self._path, self._around.env)
            if self._following.begin(loaded):
                self._read = loaded = load(self._path, self._around.env)
            stamp = stamped(self._path, loaded)
            self._enter(loaded, now)
        except BridgeError as error:
            self._look_at = after_fault(error, self._failures, _LONGEST, now, self._around.dice.roll())
            self._failures += 1
            _LOG.error("the installation cannot be opened; it is tried again", reason=str(error))
            if self._read is not None:
                unopened.show(self._read, self._around.clock, error)
        else:
            self._stamp = stamp

    def _look(self, now: datetime) -> None:
        """Whether the files have changed and are quiet again, or the accounts have to be looked at anew."""
        stamp = stamped(self._path, self._loaded)
        if stamp != self._stamp:
            self._stamp, self._edited = stamp, True
        elif self._edited:
            self._edited = False
            self._reload(now)
        elif self._is_behind(stamp):
            return  # the next looks find the edit
        elif now - self._opened_at >= REFRESH_SOONEST and self._is_old(now - self._opened_at >= REFRESH, now):
            self._reopen(self._loaded, now)

    def _is_behind(self, stamp: Stamp) -> bool:
        """Whether another version was published meanwhile; it stands in the folder now."""
        assert self._work is not None, "what is looked at was opened"
        return self._following.look(self._work.bridge.database, stamp)

    def _reload(self, now: datetime) -> None:
        old = self._loaded
        assert old is not None, "what is looked at was opened"
        try:
            new = load(self._path, self._around.env)
        except Misconfigured as mistake:
            self._show(mistake, now)
            return
        if new.settings.database != old.settings.database:
            self._show(
                Misconfigured([Problem(self._path.name, 0, "database.url", "is another; restart to use it")]), now
            )
            return
        if new.settings.web != old.settings.web or new.settings.webhooks != old.settings.webhooks:
            _LOG.warning("what is said of web and webhooks is in force after a restart")
        if (new.settings, new.digest) == (old.settings, old.digest):
            self._unshow(now)
        else:
            self._reopen(new, now)

    def _reopen(self, loaded: Loaded | None, now: datetime) -> None:
        """Open the new one, then close the old one: should the new one not open, the old one goes on."""
        assert loaded is not None, "what is opened anew was opened"
        old, before = self._closing, self._work
        try:
            self._enter(loaded, now)
        except BridgeError as mistake:
            self._opened_at = now  # and is not tried again at every look
            self._show(mistake, now)
            return
        assert before is not None, "what is opened anew was opened"
        before.stretch.close()
        self._retire(before, old.close)
        self._unshow(now)
        _LOG.info("the configuration is in force")

    def _enter(self, loaded: Loaded, now: datetime) -> None:
        with ExitStack() as opening:
            opened = opening.enter_context(open_installation(self._path, self._around, patient=True))
            opening.enter_context(self._beside(opened))
            work = self._working(opened)
            with work.bridge.database.begin() as conn:
                if self._work is None:
                    _free(conn, now)
                    unopened.over(conn, now)
                stopped.retry_now(conn, now)
                for name in sorted((FULL, DRAIN, *POLL.values())):
                    duties.ask(conn, name, now)
            self._closing = opening.pop_all()
        self._work, self._loaded, self._opened_at, self._failures = work, loaded, now, 0

    def _leave(self) -> None:
        work, self._work = self._work, None
        try:
            if work is not None:
                work.stretch.close()
        finally:
            self._closing.close()

    def _is_old(self, a_day: bool, now: datetime) -> bool:  # noqa: FBT001  # private, one line above
        """Whether the accounts have to be looked at anew; not while everything is compared, which that would end."""
        assert self._work is not None, "what is looked at was opened"
        with self._work.bridge.database.read() as conn:
            comparing = duties.get(conn, FULL)
            if comparing and comparing.leased_until and comparing.leased_until > now:
                return False
            return a_day or facts.is_outdated(conn)

    def _show(self, mistake: BridgeError, now: datetime) -> None:
        """A mistake in what was edited: the last valid configuration goes on, and people see why."""
        work = self._work
        assert work is not None, "what is looked at was opened"
        _LOG.error("the edited configuration cannot be used; the last valid one goes on", reason=str(mistake))
        issue = Issue(
            IssueKind.SCHEMA,
            (_MISTAKE,),
            field=self._path.name,
            code="CONFIG",
            reason=f"the edited configuration cannot be used, the last valid one goes on: {_first(mistake)}",
            hint="mend it; it is read again as soon as it is saved. All of it: smarketing check",
        )
        work.stretch.misfits = [*_others(work), issue]
        with work.bridge.database.begin() as conn:
            issues.raise_issues(conn, [issue], now, None)

    def _unshow(self, now: datetime) -> None:
        work = self._work
        assert work is not None, "what is looked at was opened"
        work.stretch.misfits = _others(work)
        with work.bridge.database.begin() as conn:
            issues.close_for(conn, [_MISTAKE], [IssueKind.SCHEMA], now, "it can be used again")


def _at_once(_work: Work, close: Callable[[], None]) -> None:
    close()


def _free(conn: Connection, now: datetime) -> None:
    """On SQLite there is no other worker: what one still holds is a dead one's, and is free at once."""
    if conn.dialect.name == "sqlite":
        dirty.free(conn, range(SHARDS))
        for duty in duties.all(conn):
            duties.free(conn, duty.name, now)


def _others(work: Work) -> list[Issue]:
    return [one for one in work.stretch.misfits if one.refs[0] != _MISTAKE]


def _first(mistake: BridgeError) -> str:
    if isinstance(mistake, Misconfigured):
        more = len(mistake.problems) - 1
        return f"{mistake.problems[0]}" + (f" (and {more} more)" if more else "")
    return str(mistake)
