"""Work that is shared out by shards: whose case it is, and how it gets there.

A worker with shards carries out the cases at home in them and leaves all others, so no two ever plan one link at the
same time. Where a case is at home is known once both sides are read: records that met their counterpart only now, or
were merged, wait in the shard of their own key. Their marks are moved then, not made anew in the shard that the store
would choose, for that is where they came from. All that are about to become one have the same home, so that one worker
sees them side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connector.core.refs import Ref
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.storage import codec, dirty
from connector.storage.dirty import Claim, Place
from connector.storage.sharding import shards_of


def only_ours(bridge: Bridge, cases: list[Case], claims: Sequence[Claim], shards: Collection[int]) -> list[Case]:
    """The cases at home in these shards; what was claimed of the others is marked where they are at home."""
    homes = _homes(bridge, cases)
    if all(home in shards for home in homes):
        return cases
    claimed = {claim.ref for claim in claims}
    places = [
        Place(ref, home)
        for case, home in zip(cases, homes, strict=True)
        if home not in shards
        for ref in claimed.intersection(case.refs) or case.refs[:1]
    ]
    lane = min(claim.lane for claim in claims)
    with bridge.database.begin() as conn:
        dirty.move(conn, places, bridge.clock.now(), lane, "is at home in another shard")
    return [case for case, home in zip(cases, homes, strict=True) if home in shards]


def _homes(bridge: Bridge, cases: Sequence[Case]) -> list[int]:
    with bridge.database.read() as conn:
        return shards_of(conn, [codec.key(_home(case)) for case in cases])


def _home(case: Case) -> Ref:
    """The record by which a case is shared out: the one that another goes on as, else HubSpot's, else the only one."""
    for reading in (case.subject.hubspot, case.subject.salesforce):
        if reading is not None and reading.moved_to is not None:
            return reading.moved_to
    return case.refs[0]
