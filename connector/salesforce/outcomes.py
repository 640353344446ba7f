"""What became of each row, in the words of the port.

A row that is gone or has moved is read once more, all such rows in one go, because only reading tells where it went;
the same for a create whose external id sits on a converted Lead. A unique value or a duplicate rule turns a create into
`Exists`; an update that runs into one is refused, because nothing can be linked (Salesforce fact sheet 1.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from connector.core.readings import Presence, Reading
from connector.core.refs import Ref, salesforce
from connector.errors import BridgeError, RateLimited, Transient
from connector.ports import Absent, Clock, Done, Exists, Outcome, Rejected, Unsure, View
from connector.salesforce.faults import SHORT_PAUSE, Verdict
from connector.salesforce.reads import Reader
from connector.salesforce.sending import Row, Told

Judged = Iterable[tuple[Row, Told]]
_PAUSE: Final[timedelta] = SHORT_PAUSE


class Judge:
    """Turns what was told of rows into outcomes."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def outcomes(self, view: View, judged: Judged) -> dict[int, Outcome]:
        """The outcome of each row, by its place. Never raises for what Salesforce does."""
        found: dict[int, Outcome] = {}
        absent: list[tuple[Row, Told]] = []
        for row, told in judged:
            if told.verdict is Verdict.ABSENT and not told.error:
                absent.append((row, told))
            else:
                found[row.place] = self._plain(view, row, told)
        return found | self._looked_up(view, absent)

    def _plain(self, view: View, row: Row, told: Told) -> Outcome:
        if told.error is not None:
            return Unsure(told.error)
        if not told.faults:
            return Done(row.write.ref or salesforce(view.object, told.id), created=told.created)
        fault = told.faults[0]
        match fault.verdict:
            case Verdict.RETRY:
                return Unsure(Transient(f"Salesforce could not write the record just now: {fault.code}"))
            case Verdict.LIMITED:
                return Unsure(RateLimited(fault.message, self._clock.now() + _PAUSE))
            case Verdict.EXISTS if row.write.ref is None:
                return Exists(tuple(_ref(view.object, match) for match in fault.matches), fault.message)
            case _:
                return _rejected(told)

    def _looked_up(self, view: View, absent: list[tuple[Row, Told]]) -> dict[int, Outcome]:
        if not absent:
            return {}
        try:
            readings = self._readings(view, [row for row, _ in absent])
        except BridgeError as error:
            return {row.place: Unsure(error) for row, _ in absent}
        return {row.place: _absence(row, told, readings.get(row.place)) for row, told in absent}

    def _readings(self, view: View, rows: list[Row]) -> Mapping[int, Reading]:
        updates = [row for row in rows if row.id]
        read = self._reader.read(view, [row.id for row in updates]) if updates else []
        found = {row.place: reading for row, reading in zip(updates, read, strict=True)}
        for row in rows:
            if row.write.ref is None and row.write.key is not None:
                held = self._reader.holding(view, *row.write.key)
                found.update((row.place, reading) for reading in held if reading.presence is Presence.MOVED)
        return found


def _absence(row: Row, told: Told, reading: Reading | None) -> Outcome:
    """A record that reads as present is not absent: something it refers to is, and the row is refused for that."""
    if reading is None or reading.present:
        return _rejected(told)
    if row.write.archive and row.write.ref is not None and reading.presence is Presence.ARCHIVED:
        return Done(row.write.ref)  # already so, perhaps by this very call, whose first answer was lost
    return Absent(reading)


def _rejected(told: Told) -> Rejected:
    return Rejected(tuple(reason for fault in told.faults for reason in fault.rejections()))


_PREFIXES: Final = {"001": "Account", "003": "Contact", "006": "Opportunity", "00Q": "Lead", "00T": "Task"}


def _ref(obj: str, record_id: str) -> Ref:
    """A match of a duplicate rule may be of another object: its id tells (fact sheet 3.5)."""
    return salesforce(_PREFIXES.get(record_id[:3], obj), record_id)
