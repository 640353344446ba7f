"""One Salesforce org in memory: the state, and the two ways to it.

`handle` answers HTTP as Salesforce would; actions.py does what people do on screens. Both take `lock` for the work on
the state and hold nothing while bytes are parsed or rendered. `load` fills the org without HTTP, rules or traces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from threading import RLock
from typing import Any

import orjson

from connector.sandbox.exchange import Request, Response
from connector.sandbox.salesforce import front, rights_rules
from connector.sandbox.salesforce.access import Access
from connector.sandbox.salesforce.acts import Act, Change
from connector.sandbox.salesforce.bulk_jobs import Jobs
from connector.sandbox.salesforce.catalogue import Catalogue, Scope
from connector.sandbox.salesforce.cleaning import stamp
from connector.sandbox.salesforce.cursors import Cursors
from connector.sandbox.salesforce.filling import Filler
from connector.sandbox.salesforce.ids import IdMint, id18
from connector.sandbox.salesforce.journal import Journal
from connector.sandbox.salesforce.loading import load
from connector.sandbox.salesforce.metadata.deploys import Deploys
from connector.sandbox.salesforce.metadata.retrieves import Retrieves
from connector.sandbox.salesforce.metadata.store import Metadata
from connector.sandbox.salesforce.pubsub_bus import Bus
from connector.sandbox.salesforce.rules import Rulebook
from connector.sandbox.salesforce.seed import furnish
from connector.sandbox.salesforce.sessions import Sessions, Usage
from connector.sandbox.salesforce.settings import Settings
from connector.sandbox.salesforce.writing import Writer
from connector.sandbox.services import Services

_PURGE_EVERY_S = 600.0


class Org:
    """A Salesforce org. Everything it does is decided by its state, the clock and the seed in `services`."""

    def __init__(self, services: Services, settings: Settings | None = None) -> None:
        self.services = services
        self.settings = settings or Settings()
        self.lock = RLock()
        self.catalogue = Catalogue()
        self.access = Access(self.catalogue)
        self.mint = IdMint()
        self.access.bare = lambda user_id: self.settings.bridge_profile_bare and user_id == self.bridge_user
        self.journal = Journal(services.log, services.random, self.settings)
        self.journal.on_rights_changed = self.touch_schema
        self.rules = Rulebook(self.catalogue, self.access)
        filler = Filler(self.catalogue, self.access, self.settings)
        self.writer = Writer(
            self.catalogue, self.mint, self.journal, filler, self.rules, self.settings, services.random
        )
        self.schema_changed = self.now()
        self._purged = self.now().timestamp()
        first_day = (self.settings.edition, self.settings.sandbox_org)
        furnish(self.catalogue, self.mint, stamp(self.now()), *first_day)
        self.id = self.catalogue["Organization"].ids[0]
        self.bridge_user: str = self.catalogue["User"].ids[0]
        self.admin_user = self.catalogue["User"].ids[1]
        self.sessions = Sessions(self.id, services.random, self.settings.refresh_token, self.bridge_user)
        self.usage = Usage()
        self.cursors = Cursors(self.mint, self.settings, services.random)
        self.jobs = Jobs()
        self.bus = Bus(self)
        self.metadata = Metadata(self)
        self.deploys = Deploys(self)
        self.retrieves = Retrieves(self)
        self.writer.guard = partial(rights_rules.check, self)
        self.custom_field_ids: dict[tuple[str, str], str] = {}
        self.deletions_trimmed_at: datetime | None = None

    @property
    def events(self) -> list[Change]:
        """Every change that took effect, oldest first: what outbound messages are made of. Append-only."""
        return self.journal.events

    def now(self) -> datetime:
        """The org's time, aware UTC."""
        return self.services.now()

    def scope(self, user_id: str) -> Scope:
        """What a user sees now."""
        return Scope(self.catalogue, self.access, user_id, self.now())

    def person(self, user_id: str | None = None) -> Act:
        """A user (the admin when none is named) doing something on a screen now."""
        return Act.of_person(id18(user_id) if user_id else self.admin_user, self.now())

    def handle(self, request: Request) -> Response:
        """Answer one HTTP request."""
        return front.handle(self, request)

    def load(self, sobject: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Put rows in without rules, rights or traces; their ids are returned.

        Any stored field may be given, audit fields too. Types and required fields are still checked: Refusal.
        """
        with self.lock:
            return load(self.catalogue, self.mint, sobject, rows, stamp(self.now()))

    def snapshot(self, sobject: str, record_id: str) -> dict[str, Any] | None:
        """Every stored value of a row as it is now, deleted or not; None when there is no such row."""
        table = self.catalogue.find(sobject)
        row = table.rows.get(id18(record_id)) if table is not None else None
        if table is None or row is None:
            return None
        return table.kind.values(row)

    def digest(self) -> str:
        """A fingerprint of all rows, custom fields and other metadata: equal digests, equal orgs."""
        summed = hashlib.blake2b(digest_size=16)
        with self.lock:
            for name in sorted(self.catalogue.tables):
                table = self.catalogue[name]
                for record_id in table.ids:
                    summed.update(orjson.dumps(table.rows[record_id]))
            summed.update(self.metadata.digest())
        return summed.hexdigest()

    def custom_field_id(self, sobject: str, name: str) -> str:
        """The id of a custom field, minted when first asked for."""
        key = (sobject, name)
        if key not in self.custom_field_ids:
            self.custom_field_ids[key] = self.mint.mint("00N")
        return self.custom_field_ids[key]

    def touch_schema(self) -> None:
        """Note that describe has changed."""
        self.schema_changed = self.now()
        self.access.forget()

    def purge(self) -> None:
        """Empty the Recycle Bin of what is older than the retention; cheap to call often."""
        now = self.now().timestamp()
        if now - self._purged < _PURGE_EVERY_S:
            return
        self._purged = now
        for record_id, since in list(self.journal.bin.items()):
            table = self.catalogue.home(record_id)
            if now - since > self.settings.bin_retention_s and table is not None and record_id in table.rows:
                table.drop(record_id)
                del self.journal.bin[record_id]
