"""Everything the portal knows, in one place, and the moment at which it is being asked.

`now_ms` is read from the portal's clock once for each request or act: all that one request writes carries one
millisecond, as HubSpot's bulk writes do. Nothing here speaks HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from connector.sandbox.hubspot import catalogue
from connector.sandbox.hubspot.access import Credentials
from connector.sandbox.hubspot.automation import Rule
from connector.sandbox.hubspot.events import Event, EventLog
from connector.sandbox.hubspot.kinds import KINDS
from connector.sandbox.hubspot.links import Links
from connector.sandbox.hubspot.moments import milliseconds
from connector.sandbox.hubspot.owners import Owners
from connector.sandbox.hubspot.pipelines import Pipelines
from connector.sandbox.hubspot.records import Record, Source
from connector.sandbox.hubspot.settings import Settings
from connector.sandbox.hubspot.subscriptions import Subscriptions
from connector.sandbox.hubspot.table import Table
from connector.sandbox.services import Services


class State:
    """The portal's memory."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self.services = services
        self.settings = settings
        self.now_ms = milliseconds(services.now())
        self.tables = {
            kind.plural: Table(catalogue.schema_of(kind, self.now_ms), services.random, settings.first_id)
            for kind in KINDS
        }
        self.links = Links()
        self.owners = Owners(self.now_ms)
        self.pipelines = Pipelines(self.now_ms)
        self.credentials = Credentials(settings)
        self.events = EventLog(settings.portal_id, settings.app_id)
        self.subscriptions = Subscriptions()
        self.validations: dict[tuple[str, str], dict[str, list[str]]] = {}  # (object, property) -> rule -> arguments
        self.normalisers: dict[tuple[str, str], str] = {}  # (object, property) -> rewrite of automation.py
        self.blocklist: set[str] = set()  # addresses of erased people (fact sheet 2.7)
        self.rules: list[Rule] = []
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = 0

    def tick(self) -> None:
        """Read the clock and do what has fallen due meanwhile."""
        self.now_ms = milliseconds(self.services.now())
        while self._due and self._due[0][0] <= self.now_ms:
            heappop(self._due)[2]()

    def later(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Do something once the clock has moved on so far."""
        self._sequence += 1
        heappush(self._due, (self.now_ms + delay_ms, self._sequence, act))

    def publish(self, table: Table, record: Record) -> None:
        """Let a new version find its way into the search index."""
        table.index.enqueue(record, self.now_ms, int(self.settings.search_lag_s * 1000))

    def witness(self, source: Source, operation: str, table: Table, record_id: int, changes: dict[str, Any]) -> None:
        """Write one line to the log of writes."""
        self.services.log.append(
            side="hubspot",
            actor=source.actor,
            operation=operation,
            object=table.kind.plural,
            id=str(record_id),
            changes=changes,
        )

    def announce(self, action: str, table: Table, record_id: int, source: Source, *data: Any) -> None:
        """Append a webhook event, if the type has webhooks."""
        if table.kind.evented:
            self.events.append(Event(action, table.kind.singular, record_id, self.now_ms, source, data))

    def announce_values(self, table: Table, record_id: int, source: Source, changes: dict[str, str | None]) -> None:
        """One propertyChange event for each changed property that has a subscription."""
        if not table.kind.evented:
            return
        wanted = self.settings.webhook_properties.get(table.kind.plural)
        live, singular, append = table.schema.live, table.kind.singular, self.events.append
        for name, value in changes.items():
            definition = live.get(name)
            if definition is None or definition.calculated or (wanted is not None and name not in wanted):
                continue
            data = ("propertyName", name, "propertyValue", value or "")
            append(Event("propertyChange", singular, record_id, self.now_ms, source, data))
