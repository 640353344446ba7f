"""The event bus of an org: change events of its chosen objects, kept for 72 hours (Salesforce fact sheet 6.2, 6.3).

Events are made of the org's own journal when somebody looks: one a record and transaction, with the state at its end,
and one for all records that the same change hit in it. What is emptied out of the bin is not told. Replay ids are
eight bytes that say nothing and leave gaps; one that was never given, or is older than the bus keeps, is refused.
Whoever calls holds the org's lock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.salesforce.acts import Change
from connector.sandbox.salesforce.fields import ObjectType
from connector.sandbox.salesforce.pubsub_schema import HEADER, bitmaps, body, event_name, schema_id, schema_of

if TYPE_CHECKING:
    from connector.sandbox.salesforce.org import Org

ALL = "/data/ChangeEvents"
NO_RECORD = "000000000000000AAA"
_TYPES = {"created": "CREATE", "updated": "UPDATE", "deleted": "DELETE", "merged": "DELETE", "undeleted": "UNDELETE"}
_FIRST_REPLAY = 7_000_001


class Corrupted(Exception):
    """A replay id that was never given, or is older than what is kept."""


@dataclass(frozen=True, slots=True)
class Published:
    """One event on the bus. `event` is None for a place that was only told in a keep-alive."""

    number: int
    at: float
    sobject: str = ""
    schema_id: str = ""
    event: Mapping[str, Any] | None = None

    @property
    def replay_id(self) -> bytes:
        """Eight bytes that mean nothing to anybody else."""
        return self.number.to_bytes(8, "big")


class Bus:
    """All change events of one org, and the schemas they are written in."""

    def __init__(self, org: Org) -> None:
        self.schemas: dict[str, dict[str, Any]] = {}
        self.delivered = 0  # events of the day, over all subscribers
        self._org = org
        self._line: list[Published] = []
        self._waiting: list[tuple[float, Published]] = []
        self._begun = False
        self._transactions = 0
        self._number = _FIRST_REPLAY

    def begin(self) -> None:
        """What happened so far is nobody's news; does nothing when events have begun to be taken."""
        if not self._begun:
            self._begun = True
            self._transactions = len(self._org.journal.boundaries)
            self.mark()

    def gather(self) -> None:
        """Take what happened since the last time, and let go of what is too old."""
        journal, now = self._org.journal, self._org.now().timestamp()
        while self._transactions < len(journal.boundaries):
            ends = journal.boundaries
            start = ends[self._transactions - 1] if self._transactions else 0
            self._publish(journal.events[start : ends[self._transactions]], now)
            self._transactions += 1
        due = [one for one in self._waiting if one[0] <= now]
        self._waiting = [one for one in self._waiting if one[0] > now]
        for _, draft in sorted(due, key=lambda one: one[0]):
            self._append(draft, now)
        kept = bisect_left(self._line, now - self._org.settings.change_retention_s, key=lambda one: one.at)
        del self._line[:kept]

    def after(self, number: int, sobjects: Sequence[str], most: int) -> list[Published]:
        """Up to `most` events of these objects behind a place."""
        found: list[Published] = []
        for one in self._line[bisect_right(self._line, number, key=lambda each: each.number) :]:
            if one.event is not None and one.sobject in sobjects:
                found.append(one)
                if len(found) == most:
                    break
        return found

    def place(self, replay_id: bytes) -> int:
        """The place of a replay id; raises Corrupted."""
        number = int.from_bytes(replay_id, "big") if len(replay_id) == 8 else -1  # noqa: PLR2004 - as they are given
        at = bisect_left(self._line, number, key=lambda one: one.number)
        if at == len(self._line) or self._line[at].number != number:
            raise Corrupted
        return number

    def newest(self) -> int:
        """The place behind all events so far."""
        return self._line[-1].number if self._line else self.mark()

    def mark(self) -> int:
        """A fresh place behind all events, as keep-alives tell one."""
        if not self._line or self._line[-1].event is not None:
            self._append(Published(0, 0.0), self._org.now().timestamp())
        return self._line[-1].number

    def forget(self) -> None:
        """Lose every event and every replay id given so far."""
        self._line.clear()
        self.mark()

    def tell(self, sobject: str, change_type: str, ids: Iterable[str]) -> None:
        """Put an event on the bus that carries no data: a gap, an overflow, a wildcard."""
        kind = self._org.catalogue[sobject].kind
        header = self._header(kind, change_type, list(ids), self._org.admin_user, "")
        self._append(self._drafted(kind, {HEADER: header, **body(kind, {}, ())}), self._org.now().timestamp())

    def publish(self, sobject: str, name: str, event: Mapping[str, Any]) -> None:
        """Put an event that is no change event on the bus, where those of an object are; numbers and texts alone."""
        fields = [{"name": key, "type": "long" if isinstance(value, int) else "string"} for key, value in event.items()]
        schema = {"type": "record", "name": name, "namespace": "com.sforce.eventbus", "fields": fields}
        self.schemas.setdefault(schema_id(schema), schema)
        self._append(Published(0, 0.0, sobject, schema_id(schema), event), self._org.now().timestamp())

    def objects(self, topic: str) -> Sequence[str] | None:
        """The objects whose events a channel carries; None when there is no such channel."""
        chosen = self._org.settings.change_objects
        if topic == ALL:
            return chosen
        if topic in self._org.settings.change_channels:
            return self._org.settings.change_channels[topic]
        return next(([name] for name in chosen if topic == f"/data/{event_name(name)}"), None)

    def schema_now(self, sobject: str) -> str:
        """The id of an object's schema as it is now."""
        schema = schema_of(self._org.catalogue[sobject].kind)
        name = schema_id(schema)
        self.schemas.setdefault(name, schema)
        return name

    def _publish(self, changes: Sequence[Change], now: float) -> None:
        by_record: dict[tuple[str, str], list[Change]] = {}
        for change in changes:
            if change.sobject in self._org.settings.change_objects and change.kind in _TYPES:
                by_record.setdefault((change.sobject, change.id), []).append(change)
        alike: dict[str, tuple[Change, dict[str, Any], list[str]]] = {}
        for (sobject, record_id), several in by_record.items():
            net = _net(several)
            told = self._told(net)
            alike.setdefault(f"{sobject}{net.kind}{told}", (net, told, []))[2].append(record_id)
        for number, (net, told, ids) in enumerate(alike.values(), start=1):
            self._schedule(net, told, ids, number, now)

    def _schedule(self, net: Change, told: dict[str, Any], ids: list[str], number: int, now: float) -> None:
        """An event is there once its transaction is committed."""
        table = self._org.catalogue[net.sobject]
        client = net.actor.partition("api:")[2]
        origin = f"com/salesforce/api/rest/67.0;client={client}" if client else ""
        user = table.kind.values(table.rows[ids[0]])["LastModifiedById"] if ids[0] in table.rows else ""
        header = self._header(table.kind, _TYPES[net.kind], ids, user or self._org.admin_user, origin)
        header["sequenceNumber"] = number
        header["commitTimestamp"] = int(net.at.timestamp() * 1000)
        nulled = [name for name, value in told.items() if value is None]
        header["changedFields"], header["nulledFields"] = bitmaps(table.kind, told), bitmaps(table.kind, nulled)
        shadows = [table.shadows[each].until for each in ids if each in table.shadows]
        draft = self._drafted(table.kind, {HEADER: header, **body(table.kind, told, told)})
        self._waiting.append((max([now, *shadows]) if shadows else now, draft))

    def _told(self, net: Change) -> dict[str, Any]:
        """New values of what changed, as far as the bridge's user may see them; of a deletion none."""
        table = self._org.catalogue[net.sobject]
        row = table.rows.get(net.id)
        if row is None or net.kind in {"deleted", "merged"}:
            return {}
        hidden = self._org.access.hidden(self._org.bridge_user, net.sobject)
        values = table.kind.values(row)
        names = dict.fromkeys((*net.fields, "LastModifiedDate"))
        return {name: values[name] for name in names if name in values and name not in hidden}

    def _header(self, kind: ObjectType, change_type: str, ids: list[str], user: str, origin: str) -> dict[str, Any]:
        now_ms = int(self._org.now().timestamp() * 1000)
        return {
            "entityName": kind.name,
            "recordIds": ids,
            "changeType": change_type,
            "changeOrigin": origin,
            "transactionKey": f"{self._transactions:08x}-0000-4000-8000-{len(self._line):012x}",
            "sequenceNumber": 1,
            "commitTimestamp": now_ms,
            "commitNumber": now_ms,
            "commitUser": user,
            "nulledFields": [],
            "diffFields": [],
            "changedFields": [],
        }

    def _drafted(self, kind: ObjectType, event: Mapping[str, Any]) -> Published:
        return Published(0, 0.0, kind.name, self.schema_now(kind.name), event)

    def _append(self, draft: Published, now: float) -> None:
        self._number += 1 + self._number * 7919 % 13  # gaps, as there are on a bus that others use too
        self._line.append(Published(self._number, now, draft.sobject, draft.schema_id, draft.event))


def _net(several: Sequence[Change]) -> Change:
    """What one transaction did to a record: one event with the final state (Salesforce fact sheet 6.2)."""
    first, last = several[0], several[-1]
    kind = last.kind if last.kind in {"deleted", "merged"} else first.kind
    fields = tuple(name for change in several for name in change.fields)
    return Change(last.sobject, last.id, kind, fields, last.at, last.actor)
