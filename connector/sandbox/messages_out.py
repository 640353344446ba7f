"""Salesforce's outbound messages on their way out (Salesforce fact sheet 6.1).

What is queued is only that a record changed; its values are read when the message is sent, so that states in between
are lost, as they are in Salesforce. Deletions and merge losers are never told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.sandbox import outbound
from connector.sandbox.notices import is_told
from connector.sandbox.parcels import DAY_S, DeliverySettings, Parcel, Post, batches
from connector.sandbox.snapshots import snapshot
from connector.sandbox.world import World

SALESFORCE_GAP_MAX_S = 7_200.0


@dataclass(slots=True)
class _Notice:
    """One notification: its id stays the same however often it is sent."""

    id: str
    sobject: str
    record: str


class SalesforceMessages:
    """SOAP messages of up to 100 notifications of one object; values are read when sent (fact sheet 6.1)."""

    def __init__(self, world: World, settings: DeliverySettings, post: Post) -> None:
        self._world, self._settings, self._post = world, settings, post
        self._read = len(world.salesforce.events)  # what was before is nobody's news
        self._number = 0

    def gather(self, now: datetime) -> tuple[int, list[list[Any]]]:  # noqa: ARG002 - Salesforce does not wait
        """Take new creates and updates; deletions and merge losers are never told."""
        with self._world.entered("salesforce"):
            new = list(self._world.salesforce.events[self._read :])
        self._read += len(new)
        if not self._settings.salesforce_url:
            return 0, []
        by_object: dict[str, list[_Notice]] = {}
        for event in new:
            if is_told(event):
                self._number += 1
                notice = _Notice(f"04l5f{self._number:010d}AAA", event.sobject, event.id)
                by_object.setdefault(notice.sobject, []).append(notice)
        batched = [batch for notices in by_object.values() for batch in batches(notices, self._settings.batch_max)]
        return sum(map(len, by_object.values())), batched

    def send(self, parcel: Parcel, now: datetime) -> bool:  # noqa: ARG002 - nothing in the message tells the time
        """Only a 200 with the right acknowledgement in its body counts."""
        url = self._settings.salesforce_url
        body = self._message(parcel.items)
        return body is None or outbound.acknowledged(
            *self._post(url, body, dict(outbound.HEADERS), self._settings.salesforce_timeout_s)
        )

    def retry_at(self, parcel: Parcel, now: datetime) -> datetime | None:
        """Gaps that double up to two hours, given up after a day, all scaled."""
        scale = self._settings.time_scale
        if (now - parcel.made_at).total_seconds() >= DAY_S / scale:
            return None
        return now + timedelta(seconds=min(60.0 * 2.0**parcel.attempt, SALESFORCE_GAP_MAX_S) / scale)

    def _message(self, notices: Sequence[_Notice]) -> bytes | None:
        """The envelope with each record's values of this moment; None when none of the records is left."""
        org = self._world.salesforce
        with self._world.entered("salesforce"):
            rows = [(notice, snapshot(self._world, "salesforce", notice.sobject, notice.record)) for notice in notices]
        told = [
            outbound.notification(notice.id, notice.sobject, {"Id": row["Id"], "SystemModstamp": _soap(row)})
            for notice, row in rows
            if row is not None
        ]
        if not told:
            return None
        action = f"04k5f{sum(notices[0].sobject.encode()):010d}AAA"
        return outbound.envelope(org.id, action, org.settings.instance_url, told)


def _soap(row: Mapping[str, Any]) -> str:
    """SOAP spells an instant with Z where REST writes +0000 (fact sheet 1.9)."""
    return str(row["SystemModstamp"]).replace("+0000", "Z")
