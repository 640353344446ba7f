"""Each mistake as a row: what was seen, and what is said to be wrong; next to it what looks alike and is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.config.secrets import Surroundings
from connector.config.settings import Settings
from connector.core.refs import Side
from connector.ports import Owner
from connector.reports.doctor import DayAhead, Held, Seen, SideSeen, StoreSeen, file_system
from connector.reports.mistakes import mistakes
from connector.storage.pulses import Pulse

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
HS, SF = Side.HUBSPOT, Side.SALESFORCE
LONG = "a-secret-of-sixteen-and-more"
RECEIVING = {"salesforce": {"events_secrets": ["env:LONG"]}}
OURS = Owner("005A", "bridge@acme.example", "Bridge", ours=True)


def settings(**parts: Any) -> Settings:
    found = {
        "hubspot": {"access_token": "env:LONG"},
        "salesforce": {
            "login_url": "https://a.my.salesforce.com",
            "auth": {"client_id": "a", "client_secret": "env:LONG"},
        },
    }
    return Settings.model_validate(found | parts, context=Surroundings({"LONG": LONG}, Path()))


def pulse(kind: str, since: timedelta = timedelta(hours=3), **body: Any) -> Pulse:
    return Pulse(f"{kind}@host:1", kind, NOW - since, NOW, {"version": "1", **body})


def seen(**changes: Any) -> Seen:
    """A healthy installation on PostgreSQL, but for what a row changes."""
    read = {side: NOW - timedelta(minutes=2) for side in Side}
    sides = {side: SideSeen(ahead=timedelta(seconds=1)) for side in Side}
    sides[SF] = replace(sides[SF], owners=[OURS])
    healthy = Seen(
        settings(), NOW, "1", StoreSeen("postgresql"), sides, [pulse("worker")], tallies={}, held=Held(read_at=read)
    )
    return replace(healthy, **changes)


def side(which: Side, **changes: Any) -> dict[Side, SideSeen]:
    sides = dict(seen().sides)
    return sides | {which: replace(sides[which], **changes)}


def held(*codes: tuple[str, str, int], **changes: Any) -> Held:
    found = seen().held
    assert found is not None
    return replace(found, by_code=Counter({(kind, code): number for kind, code, number in codes}), **changes)


def listening(since: timedelta = timedelta(hours=3)) -> dict[str, Any]:
    """An installation that receives webhooks."""
    return {"settings": settings(webhooks=RECEIVING), "pulses": [pulse("web", since), pulse("worker")]}


HEALTHY = {
    "as it should be": {},
    "cron instead of a worker": {"pulses": []},
    "one clock far from ours is that side's": {"sides": side(HS, ahead=timedelta(minutes=9))},
    "several workers on PostgreSQL": {"pulses": [pulse("worker"), pulse("worker")]},
    "a web process that has only begun": listening(timedelta(minutes=5)),
    "events though no outbound messages": {**listening(), "tallies": {"taken.events": 1}},
    "other tallies": {"tallies": {"promises.breached": 9, "folded": 3}},
    "a day that fits": {"days": {SF: DayAhead(288, 13_500), HS: DayAhead(9_999, None)}},
    "conflicts are a matter of course": {"held": held(("conflict", "", 12), ("parked", "TOO_LONG", 3))},
    "an owner in HubSpot who is somebody else": {"sides": side(HS, owners=[Owner("7", "ada@acme.example", "Ada")])},
    "an owner who left": {"sides": side(HS, owners=[Owner("7", "bridge@acme.example", "B", active=False)])},
}  # fmt: skip

WRONG = {
    "an old server's disk": (
        {"store": StoreSeen("sqlite", file="/srv/b.db", file_system="nfs4")},
        "SQLite on a network disk loses writes when locks fail",
        "a file system of the kind nfs4",
    ),
    "a person's own user": (
        {"sides": side(HS, owners=[Owner("7", "Bridge@acme.example", "Ada")])},
        "the bridge signs in to Salesforce as a person who works there",
        "005A",
    ),
    "owners without counterpart": (
        {"held": held(("parked", "NO_OWNER", 11), ("parked", "UNKNOWN_OWNER", 1))},
        "owners have no counterpart on the other side",
        "12 owners' values",
    ),
    "another program": (
        {"held": held(("parked", "LOOP", 2), ("ambiguous", "CROSS_ID", 1))},
        "something else writes what the bridge writes",
        "2 fields went back and forth and 1 records carry another's id",
    ),
    "a day that is spent": (
        {"sides": side(SF, daily_limit=15_000, daily_used=15_000)},
        "Salesforce's day of calls is spent",
        "15,000 of 15,000",
    ),
    "an account with few calls": (
        {"days": {HS: DayAhead(1_400, 900, "poll more seldom")}},
        "the day's calls to HubSpot are too few",
        "1,400 calls, of 900",
    ),
    "events that never came": (
        {"settings": settings(webhooks=RECEIVING), "pulses": [pulse("web"), pulse("worker")]},
        "Salesforce has never called",
        "not one request",
    ),
    "a secret that the sender does not have": (
        {"tallies": {"refused.events.signature": 30, "taken.events": 70}},
        "webhooks of events are not believed",
        "30 requests were refused for their signature, 70 were taken",
    ),
    "a clock that is behind": (
        {"sides": {one: SideSeen(ahead=timedelta(minutes=-6)) for one in Side}},
        "this machine's clock is wrong; signatures and what changed since are judged by it",
        "360 s earlier than HubSpot's",
    ),
    "nobody at work since yesterday": (
        {"pulses": [pulse("web")], "held": Held(read_at={HS: NOW - timedelta(days=1)})},
        "nobody works",
        "neither side was read in the last hour",
    ),
    "a full pass owed": (
        {"held": held(owes_full=True)},
        "everything has still to be compared",
        "the mapping was edited",
    ),
    "a held run": (
        {"held": held(held="would create 5,000", owes_full=True)},
        "a run is held and nothing is written",
        "would create 5,000",
    ),
}


@pytest.mark.parametrize("changes", HEALTHY.values(), ids=HEALTHY.keys())
def test_what_only_looks_like_a_mistake_is_none(changes: dict[str, Any]):
    assert mistakes(seen(**changes)) == []


@pytest.mark.parametrize(("changes", "wrong", "known_by"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_found_with_how_it_is_known(changes: dict[str, Any], wrong: str, known_by: str):
    (found,) = mistakes(seen(**changes))
    assert found.wrong == wrong
    assert known_by in found.known_by
    assert found.do


def test_what_hinders_most_comes_first():
    both = mistakes(seen(sides=side(HS, refused="the token was revoked"), held=held(("parked", "NO_OWNER", 1))))
    assert [one.area for one in both] == ["credentials", "people"]


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /srv/with\\040space nfs4 rw 0 0
server:/other /srv/share cifs rw 0 0
tmpfs /srv/share/fast tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/opt/x/bridge.db", "ext4"),
        ("/srv/with space/bridge.db", "nfs4"),
        ("/srv/share/bridge.db", "cifs"),
        ("/srv/share/fast/bridge.db", "tmpfs"),
        ("/srv/shared/bridge.db", "ext4"),
    ],
)
def test_a_file_lies_on_the_innermost_mount(path: str, kind: str):
    assert file_system(path, MOUNTS) == kind


def test_where_the_system_does_not_tell_nothing_is_claimed():
    assert file_system("/x", "") == ""
    assert not StoreSeen("sqlite", file="/x").on_a_network
