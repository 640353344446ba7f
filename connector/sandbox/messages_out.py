"""Salesforce's outbound messages on their way out (Salesforce fact sheet 6.1).

What is queued is only that a record changed; its values are read when the message is sent, so that states in between
are lost, as they are in Salesforce. Deletions and merge losers are never told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox import outbound
from connector.sandbox.notices import is_told
from connector.sandbox.parcels import DAY_S, DeliverySettings, Parcel, Post, batches
from connector.sandbox.salesforce.acts import Change
from connector.sandbox.salesforce.metadata import telling
from connector.sandbox.salesforce.metadata.telling import Told
from connector.sandbox.snapshots import snapshot
from connector.sandbox.world import World

SALESFORCE_GAP_MAX_S = 7_200.0
_USUAL = ("Id", "SystemModstamp")
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})  # a sandbox sends nothing out into the world


@dataclass(slots=True)
class _Notice:
    """One notification: its id stays the same however often it is sent."""

    id: str
    sobject: str
    record: str
    told: Told


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
        by_message: dict[tuple[str, Told], list[_Notice]] = {}
        for event in filter(is_told, new):
            for told in self._told(event):
                self._number += 1
                notice = _Notice(f"04l5f{self._number:010d}AAA", event.sobject, event.id, told)
                by_message.setdefault((notice.sobject, told), []).append(notice)
        batched = [batch for notices in by_message.values() for batch in batches(notices, self._settings.batch_max)]
        return sum(map(len, by_message.values())), batched

    def _told(self, event: Change) -> Iterator[Told]:
        """Messages of the address in the settings, and of deployed flows as far as they stay on this machine."""
        if url := self._settings.salesforce_url:
            yield Told(f"04k5f{sum(event.sobject.encode()):010d}AAA", url, _USUAL)
        with self._world.entered("salesforce"):
            deployed = list(telling.told(self._world.salesforce, event))
        yield from (told for told in deployed if urlsplit(told.url).hostname in _HERE)

    def send(self, parcel: Parcel, now: datetime) -> bool:  # noqa: ARG002 - nothing in the message tells the time
        """Only a 200 with the right acknowledgement in its body counts."""
        url = parcel.items[0].told.url
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
            outbound.notification(notice.id, notice.sobject, {name: _soap(row, name) for name in notice.told.fields})
            for notice, row in rows
            if row is not None
        ]
        if not told:
            return None
        return outbound.envelope(org.id, notices[0].told.action, org.settings.instance_url, told)


def _soap(row: Mapping[str, Any], name: str) -> str | None:
    """SOAP spells an instant with Z where REST writes +0000 (fact sheet 1.9); None for what is blank or gone."""
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    return re.sub(r"(?<=T\d\d:\d\d:\d\d\.000)\+0000$", "Z", str(value))
