"""How often somebody may guess: after some failures each doubles the wait, counted by name and by address.

An attempt is counted before its password is checked, so that many at once gain nothing; it is taken back when it was
right. A name counts whether or not anybody has it, so a wait tells nothing. Names and addresses are kept as numbers of
65,536 buckets each, chosen under the store's secret: there are never more rows than that, none says who it was, and
nobody can aim at the bucket of somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connector.admin.keys import Secret
from connector.core.backoff import Backoff, delay
from connector.storage import attempts
from connector.storage.attempts import Failed
from connector.storage.database import Database

LONGEST: Final = timedelta(minutes=15)
FORGOTTEN: Final = timedelta(hours=1)  # without a failure; must be longer than the longest wait
BY_NAME, BY_ADDRESS = 5, 20  # failures that cost nothing; many people may share an address
_WAITS: Final = Backoff(first=timedelta(seconds=2), longest=LONGEST)
_BUCKET_DIGITS: Final = 4  # hexadecimal


@dataclass(frozen=True, slots=True)
class Throttle:
    """Counts failed sign-ins."""

    database: Database
    secret: Secret

    def begin(self, name: str, address: str, now: datetime) -> datetime | None:
        """Count an attempt; the moment until which none is taken, and nothing is counted, if that lies ahead."""
        free = {self._bucket("name", name): BY_NAME, self._bucket("from", address): BY_ADDRESS}
        with self.database.begin() as conn:
            counted = {key: _still(one, now) for key, one in attempts.held(conn, sorted(free)).items()}
            until = max((_until(one, free[key]) for key, one in counted.items()), default=now)
            if until > now:
                return until
            attempts.put(conn, {key: Failed(_failures(counted, key) + 1, now) for key in free})
        return None

    def succeeded(self, name: str, address: str) -> None:
        """It was right: the name counts anew, the address has one failure less."""
        self.take_back(name, address)
        with self.database.begin() as conn:
            attempts.clear(conn, self._bucket("name", name))

    def take_back(self, name: str, address: str) -> None:
        """It was not looked at, so it was no failure; those before still were."""
        keys = sorted((self._bucket("name", name), self._bucket("from", address)))
        with self.database.begin() as conn:
            counted = attempts.held(conn, keys)
            attempts.put(conn, {key: Failed(max(one.failures - 1, 0), one.last_at) for key, one in counted.items()})

    def _bucket(self, kind: str, text: str) -> str:
        return f"{kind}:{self.secret.signed(kind, text)[:_BUCKET_DIGITS]}"


def _still(one: Failed, now: datetime) -> Failed:
    """A count as it is today: what has not failed for a while begins anew."""
    return one if now - one.last_at < FORGOTTEN else Failed(0, one.last_at)


def _until(one: Failed, free: int) -> datetime:
    if one.failures < free:
        return one.last_at
    return one.last_at + delay(one.failures - free, _WAITS, 1.0)


def _failures(counted: dict[str, Failed], key: str) -> int:
    return counted[key].failures if key in counted else 0
