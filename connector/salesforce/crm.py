"""The Salesforce adapter: `ports.Crm` over one org. Everything is built here in plain calls; nothing is called yet.

Whoever builds it hands in time, chance, pace, the day's budget and the executor; so that production, tests and the
simulation differ in nothing but what they hand in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime

from connector.core.readings import Reading
from connector.core.refs import Side
from connector.ports import (
    Account,
    Changes,
    Cursor,
    Evidence,
    Known,
    Lane,
    ObjectSchema,
    Outcome,
    Owner,
    Poll,
    Sought,
    Todo,
    Usage,
    View,
    Write,
)
from connector.salesforce.api import API_VERSION, Api, Traffic
from connector.salesforce.changes import Poller
from connector.salesforce.evidence import Gleaner
from connector.salesforce.gathering import Gatherer
from connector.salesforce.listening import Listener
from connector.salesforce.login import Credentials, Login
from connector.salesforce.outcomes import Judge
from connector.salesforce.reads import Reader
from connector.salesforce.reminding import Reminder
from connector.salesforce.session import BridgeSession, Line
from connector.salesforce.setup.applying import OrgSetup
from connector.salesforce.shapes import Shapes
from connector.salesforce.writes import Writer
from connector.transport.pool import Calls


class Salesforce:
    """One Salesforce org. Thread-safe.

    Attributes:
        bulk_from_rows: from how many rows of one sort on a write goes as a Bulk job; None never (Bulk runs no
            assignment rules of ours).
    """

    side = Side.SALESFORCE

    def __init__(
        self,
        credentials: Credentials,
        traffic: Traffic,
        line: Line | None = None,
        executor: Executor | None = None,
        version: str = API_VERSION,
    ) -> None:
        line = line or Line()
        self._session = BridgeSession(line)
        self._calls = Calls(executor)
        api = Api(self._session, Login(credentials, self._session, traffic.clock), traffic, version)
        self._assemble(api, Shapes(api))
        if line.auto_assign:
            self.bulk_from_rows = None

    def _assemble(self, api: Api, shapes: Shapes) -> None:
        self.api, self._shapes, self._traffic = api, shapes, api.traffic
        self._reader = Reader(api, shapes, self._calls)
        self._gatherer = Gatherer(api, self._reader, self._calls)
        self._poller = Poller(api, shapes, self._reader)
        self._gleaner = Gleaner(api, shapes, self._reader)
        self._listener = Listener(api, self._poller, self._gleaner)
        self._reminder = Reminder(api, self._reader, Judge(self._reader, api.traffic.clock))
        self._writer = Writer(api, shapes, self._reader, self._calls)

    def in_lane(self, lane: Lane) -> Salesforce:
        """The same org, session, counters and what is known of its objects, calling in another lane."""
        other = object.__new__(Salesforce)
        other._session, other._calls = self._session, self._calls
        api = self.api.in_lane(lane)
        other._assemble(api, self._shapes.in_lane(api))
        other.bulk_from_rows = self.bulk_from_rows
        return other

    def setup(self, admin_token: str = "") -> OrgSetup:
        """What makes the org fit for the bridge; in an admin's session where the bridge's user may not."""
        return OrgSetup(self.api, self.api.borrowing(admin_token) if admin_token else self.api)

    @property
    def bulk_from_rows(self) -> int | None:
        """Rows of one sort from which on a write goes as a Bulk job."""
        return self._writer.bulk_from_rows

    @bulk_from_rows.setter
    def bulk_from_rows(self, rows: int | None) -> None:
        self._writer.bulk_from_rows = rows

    @property
    def missing_fields(self) -> Mapping[str, frozenset[str]]:
        """By object, mapped fields that the org does not show us (deleted, or field-level security)."""
        return self._shapes.missing

    def account(self) -> Account:
        """The org; see `ports.Crm.account`."""
        return self._reader.account()

    def schema(self, obj: str) -> ObjectSchema:
        """The object as described now; see `ports.Crm.schema`."""
        return self._shapes.described(obj).schema

    def prime(self, schemas: Mapping[str, ObjectSchema]) -> None:
        """What objects were like when last described; see `ports.Crm.prime`."""
        self._shapes.prime(schemas)

    def owners(self) -> Sequence[Owner]:
        """Users and queues; see `ports.Crm.owners`."""
        return self._reader.owners()

    def usage(self) -> Usage:
        """Calls so far; the day's use is what the last answer told."""
        usage = self._traffic.meter.usage()
        return self._traffic.budget.told(usage) if self._traffic.budget else usage

    def changes(self, views: Sequence[View], cursor: Cursor | None, known: Known) -> Changes:
        """What changed since the cursor; see `ports.Crm.changes`."""
        return self._poller.changes(views, cursor, known)

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        """Every live record, and converted Leads as moved; see `ports.Crm.scan`."""
        return self._reader.scan(view)

    def read(self, view: View, ids: Sequence[str], history: Sequence[str] = ()) -> list[Reading]:
        """Fresh readings; Salesforce has no exact stamps of fields, so `history` changes nothing."""
        del history
        return self._reader.read(view, ids)

    def find(self, view: View, name: str, values: Sequence[str]) -> list[Reading]:
        """Live records by value; see `ports.Crm.find`."""
        return self._reader.find(view, name, values)

    def read_many(self, asked: Sequence[tuple[View, Sequence[str]]]) -> list[Reading]:
        """Fresh readings of several objects in one composite call; see `ports.Crm.read_many`."""
        return self._gatherer.read_many(asked)

    def find_many(self, asked: Sequence[tuple[View, Sought]]) -> list[Reading]:
        """Live records of several objects by several fields, five queries a call; see `ports.Crm.find_many`."""
        return self._gatherer.find_many(asked)

    def write(self, view: View, writes: Sequence[Write]) -> list[Outcome]:
        """Write a batch; see `ports.Crm.write`."""
        return self._writer.write(view, writes)

    def evidence(self, objects: Sequence[str], cursor: Cursor | None, now: datetime) -> Evidence:
        """What people did with records; see `ports.Crm.evidence`."""
        return self._gleaner.evidence(objects, cursor, now)

    def poll(self, asked: Poll) -> tuple[Changes, Evidence]:
        """Both in one composite call of up to five queries; see `ports.Crm.poll`."""
        return self._listener.poll(asked)

    def remind(self, todos: Sequence[Todo]) -> list[Outcome]:
        """Make tasks; see `ports.Crm.remind`."""
        return self._reminder.remind(todos)

    def close(self) -> None:
        """Close connections and give back calls that were leased and not made."""
        self._session.close()
        if self._traffic.budget is not None:
            self._traffic.budget.close()
