"""What a person does about post that came in and was not understood: have it read once more, or throw it away.

Only the store is needed. Both are recorded with who did it; of what the post said nothing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.engine.story import ACT
from connector.storage import events, inbox
from connector.storage.database import Database
from connector.storage.events import Event


def read_again(database: Database, now: datetime, by: str) -> int:
    """Have all of it read once more, as after an update. Returns how many requests."""
    with database.begin() as conn:
        anew = inbox.again(conn)
        events.append(conn, [Event(now, ACT, payload={"act": "inbox again", "requests": anew, "by": by})])
    return anew


def drop(database: Database, ids: Sequence[int], now: datetime, by: str) -> int:
    """Throw some requests away that were not understood. Returns how many there were."""
    with database.begin() as conn:
        gone = inbox.drop(conn, ids)
        events.append(conn, [Event(now, ACT, payload={"act": "inbox drop", "requests": gone, "by": by})])
    return gone
