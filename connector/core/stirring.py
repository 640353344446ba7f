"""Whether a journey can have started a clock at all; most of a first sync cannot, and are not walked for it.

Only what may be too much is said: where this says no, `policies.judge_all` finds nothing, which a law holds
(`tests/laws`). History starts no clock, and neither does a change that no promise asks about: our own echo, mostly.
"""

from __future__ import annotations

from collections.abc import Iterable

from connector.core.journey import Entry, Ruled, Seen, Told
from connector.core.refs import Ref, Side
from connector.core.steered import Agreement


def may_start(agreement: Agreement, journey: Iterable[Entry]) -> bool:
    """Whether anything in a journey, sorted, may have started a clock of this agreement."""
    stirring, since = agreement.stirring, agreement.since
    if stirring is None:
        return True
    theirs: dict[Side, Ref] = {}
    for entry in journey:
        what, ref = entry.what, entry.ref
        if not isinstance(what, (Seen, Told)):
            if isinstance(what, Ruled) and (what.first or entry.at < since):
                continue
            return True
        known, theirs[ref.side] = theirs.get(ref.side), ref
        history = entry.at < since or (isinstance(what, Seen) and what.first)
        if not history and (known != ref or not stirring[ref.side].isdisjoint(what.fields)):
            return True  # another record brings values of its own along
    return False
