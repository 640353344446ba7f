"""What a reading says that the journey does not, and what of it is news.

A record is known by what was last seen there and by what it was told since. A value that differs from what was last
seen is seen; it is news, somebody's word, unless it is one of those told, which is our own echo. That echoes are seen,
too, matters: only then does a value that is set back afterwards stand out. What was told does not count as known before
it was seen: it may never have arrived.

A record met for the first time that was there before the lifecycle is history.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.core.comparison import differ
from connector.core.definition import Definition
from connector.core.journey import Answered, Entry, Handed, Ruled, Seen, Told, What
from connector.core.lifecycle import Kind as Move
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.spelling import stage_of
from connector.core.steered import Agreement
from connector.core.values import Kind, Value

CREATED = {Side.HUBSPOT: "createdate", Side.SALESFORCE: "CreatedDate"}  # read them: they tell what is history
ON_ITS_WAY = timedelta(days=1)  # what was told longer ago has arrived, or never will
_LEAD = "Lead"
_HEARD = frozenset({Seen, Told, Answered, Handed, Ruled})


@dataclass(slots=True)
class Record:
    """What is known of a record; what it says otherwise came about after `since`, whatever its clock says."""

    since: datetime
    seen: dict[str, Value] = field(default_factory=dict)
    told: dict[str, list[tuple[datetime, Value]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """Something seen, and what of it is somebody's word.

    Attributes:
        entry: of a `Seen`.
        fields: names of what is news.
        met: the record was met for the first time.
        converted: it took the place of a Lead.
        spoke: it told a stage until then.
    """

    entry: Entry
    fields: AbstractSet[str]
    met: bool
    converted: bool
    spoke: bool


class Hearing:
    """A journey being listened to: what each record said and was told.

    Attributes:
        records: by ref.
        pending: by side, when an answer field was last changed, since the last answer or handoff.
        current: by side, the person's record.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.records: dict[Ref, Record] = {}
        self.pending: dict[Side, Entry] = {}
        self.current: dict[Side, Ref] = {}

    def take(self, entry: Entry) -> News | None:
        """Listen on; the news, where somebody's word was seen or a record was met."""
        what = entry.what
        if type(what) not in _HEARD:
            return None
        if isinstance(what, Seen):
            return self._seen(entry, what)
        if isinstance(what, Told):
            record = self.records.setdefault(entry.ref, Record(entry.at))
            record.since = entry.at
            self.current[entry.ref.side] = entry.ref
            for name, value in what.fields.items():
                record.told.setdefault(name, []).append((entry.at, value))
        elif isinstance(what, Answered):
            self.pending.clear()
        elif _opens_anew(what):
            late = {side: seen for side, seen in self.pending.items() if seen.seen_at > entry.seen_at}
            self.pending = late  # answered before the clock of its side said so, but learnt of afterwards
        return None

    def _seen(self, entry: Entry, what: Seen) -> News | None:
        ref, side = entry.ref, entry.ref.side
        record = self.records.get(ref)
        met = record is None
        if record is None:
            record = self.records[ref] = Record(entry.at)
        record.since = entry.at
        place = (side, ref.object)
        told_in = self.definition.stage_fields.get(place, frozenset())
        spoke = (
            not met
            and not told_in.isdisjoint(what.fields)
            and stage_of(self.definition.spellings[place], record.seen) is not None
        )
        last = self.current.get(side, ref)
        converted = met and last.object == _LEAD != ref.object
        self.current[side] = ref
        news = what.fields.keys() - self._echoes(record, entry, what.fields) if record.told else what.fields.keys()
        record.seen.update(what.fields)
        if not self.definition.answer_fields[side].isdisjoint(news):
            self.pending[side] = entry
        return News(entry, news, met, converted, spoke) if news or met else None

    def _echoes(self, record: Record, entry: Entry, fields: Mapping[str, Value]) -> list[str]:
        kinds = self.definition.watched.get((entry.ref.side, entry.ref.object), {})
        return [
            name
            for name, value in fields.items()
            if name in record.told and _echo(record, name, value, kinds.get(name, Kind.TEXT), entry.at)
        ]


def observe(agreement: Agreement, hearing: Hearing, reading: Reading, now: datetime) -> list[Entry]:
    """What to append for a reading: its differences from what is known, each with the time of its source.

    Args:
        agreement: which fields are listened to, and since when.
        hearing: that has listened to the journey.
        reading: of a record that is there; where the journey knows another one as theirs, it is seen in any case.
        now: no source is believed to be ahead of it.
    """
    ref = reading.ref
    record = hearing.records.get(ref)
    if record is None:
        return [meet(agreement, reading, now)]
    fields = _differing(record.seen, reading, agreement.listened.get((ref.side, ref.object), {}))
    if not fields:  # it takes another one's place now, whatever was said there in the meantime
        return [] if hearing.current.get(ref.side) == ref else [Entry(ref, now, now, Seen(fields))]
    told = _by_moment(hearing.definition, reading, fields, now) if reading.stamps else {}
    told = told or {_modified(reading, now): fields}
    return [Entry(ref, max(at, min(record.since, now)), now, Seen(told[at])) for at in sorted(told)]


def meet(agreement: Agreement, reading: Reading, now: datetime) -> Entry:
    """What a record says that is met for the first time."""
    told = reading.values.get
    fields = {
        name: value
        for name, kind in agreement.listened.get((reading.ref.side, reading.ref.object), {}).items()
        if (value := told(name)) is not None and (kind is not Kind.BOOLEAN or differ(kind, value, None))
    }
    at, first = _met(agreement.definition, reading, fields, agreement.since, now)
    return Entry(reading.ref, min(at, now), now, Seen(fields, first))


def _opens_anew(what: What) -> bool:
    """Whether what was answered before is about something else: a new handoff, or a new pass."""
    if isinstance(what, Handed):
        return not what.policy
    return isinstance(what, Ruled) and what.kind is Move.RE_ENTER


def _by_moment(
    definition: Definition, reading: Reading, fields: Mapping[str, Value], now: datetime
) -> dict[datetime, dict[str, Value]]:
    """What is spelt by several fields stays together, at the time of the last of them: half a word tells nothing."""
    place = (reading.ref.side, reading.ref.object)
    together = [definition.stage_fields.get(place, frozenset()), definition.answer_fields[place[0]]]
    groups: dict[datetime, dict[str, Value]] = {}
    rest = dict(fields)
    for names in together:
        group = {name: rest.pop(name) for name in names & rest.keys()}
        if group:
            groups.setdefault(max(_stamped(reading, name, now) for name in group), {}).update(group)
    for name, value in rest.items():
        groups.setdefault(_stamped(reading, name, now), {})[name] = value
    return groups


def _differing(seen: Mapping[str, Value], reading: Reading, kinds: Mapping[str, Kind]) -> dict[str, Value]:
    values, known = reading.values, seen.get
    return {
        name: values[name]
        for name, kind in kinds.items()
        if name in values and values[name] != known(name) and differ(kind, values[name], known(name))
    }


def _echo(record: Record, name: str, value: Value, kind: Kind, at: datetime) -> bool:
    """Whether a value seen is one that was told; what was told before it has arrived then, or never will."""
    told = record.told[name]
    for place, (told_at, one) in enumerate(told):
        if (one == value or not differ(kind, one, value)) and at - told_at <= ON_ITS_WAY:
            record.told[name] = told[place + 1 :]
            return True
    return False


def _met(
    definition: Definition, reading: Reading, fields: Mapping[str, Value], since: datetime, now: datetime
) -> tuple[datetime, bool]:
    """When what a record says when it is first met was so, and whether that is history.

    A stage that is known to have been set later is no history, however old the record. Whose creation is not told
    counts as history if it was not touched since.
    """
    told_in = definition.stage_fields.get((reading.ref.side, reading.ref.object), frozenset())
    stamps = reading.stamps and [stamp.at for name, stamp in reading.stamps.items() if name in told_in & fields.keys()]
    set_at = max(stamps) if stamps else None
    made = reading.values.get(CREATED[reading.ref.side])
    created = datetime.fromisoformat(made) if made else (reading.modified_at or now)
    if created >= since or (set_at is not None and set_at >= since):
        return set_at or _modified(reading, now), False
    return set_at or created, True


def _stamped(reading: Reading, name: str, now: datetime) -> datetime:
    stamp = reading.stamps.get(name)
    return min(stamp.at, now) if stamp else _modified(reading, now)


def _modified(reading: Reading, now: datetime) -> datetime:
    return min(reading.modified_at or now, now)
