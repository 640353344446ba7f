"""Whether the folder of mapping files still holds what is published: one small question a look, more when it does not.

Files that somebody is just writing are left alone until they are quiet. What stands in the way is told once, and looked
at again until it is over.
"""

from __future__ import annotations

import platform
from contextlib import closing
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.config.load import Loaded
from connector.engine import publishing
from connector.engine.publishing import Followed
from connector.errors import Refused
from connector.ports import Clock
from connector.service.files import Stamp
from connector.storage import versions
from connector.storage.database import Database, migrate, open_database

_LOG = structlog.get_logger(__name__)


class Following:
    """One folder, as one process sees it. Used by one thread at a time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._seen: tuple[int, Stamp] | None = None
        self._told: Followed | None = None

    def begin(self, loaded: Loaded) -> bool:
        """Before anything is opened; whether the files are others now.

        Raises:
            Misconfigured, Transient: when the store cannot be opened.
        """
        with closing(open_database(loaded.settings.database.url.reveal())) as database:
            migrate(database)
            return bool(self._follow(database).took_up)

    def look(self, database: Database, stamp: Stamp) -> bool:
        """Whether the files are others now. stamp: what tells an edit of them."""
        try:
            with database.read() as conn:
                newest = versions.newest_published(conn)
            if (newest, stamp) == self._seen and not (self._told and self._told.trouble):
                return False
            followed = self._follow(database)
        except SQLAlchemyError:
            return False  # the store is away for a moment; whoever works with it tells of that
        self._seen = (newest, stamp)
        return bool(followed.took_up)

    def _follow(self, database: Database) -> Followed:
        now = self._clock.now()
        try:
            followed = publishing.follow(self._path, database, now)
        except Refused as reason:  # a published file has a name that cannot be here
            followed = Followed(trouble=f"what is published cannot be taken up: {reason}")
        if self._told is None or followed.trouble != self._told.trouble:
            publishing.tell(database, (self._path, platform.node()), followed, now)
        if followed.took_up:
            _LOG.info("the published mapping files were written to the folder", version=followed.took_up)
        elif followed.trouble and followed != self._told:
            _LOG.error("the published mapping files are not in force here", reason=followed.trouble)
        self._told = followed
        return followed
