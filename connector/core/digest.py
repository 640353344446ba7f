"""A short, stable name for what a reading says.

Two readings of one record have the same digest exactly when they say the same: presence and values, not when they were
read or modified. Used to tell whether a saved plan is stale and whether a seen row brings news; reveals no value.
"""

from __future__ import annotations

from hashlib import blake2b

import orjson

from connector.core.readings import Reading

_BYTES = 12  # 96 bits: a million readings share none in practice


def digest(reading: Reading) -> str:
    """24 hexadecimal characters; the same in every process and on every machine."""
    said = [
        reading.presence,
        str(reading.moved_to) if reading.moved_to else None,
        dict(reading.values),
        dict(reading.unreadable),
    ]
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=_BYTES).hexdigest()
