"""The world's history, told again from the write log alone: what every field of every record held, since when, by whom.

The replay knows no more than the two CRMs promise: an update sets what it names, HubSpot's merge keeps the primary's
values and fills its gaps from the other, Salesforce's merge names the survivor, a conversion names the Contact. That
it ends where the world ends is itself an invariant (`unexplained`), for on it all others stand. Records that became one
are kin: what a merged or converted record once held, its heir is held to have had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connector.core.refs import Side
from tests.simulation.oracle.rules import blank
from tests.simulation.watched import BRIDGE

MERGE_OWN = ("hs_additional_emails", "hs_merged_object_ids", "hs_calculated_merged_vids")
ADMIN = "admin"  # who is in no log
Emptied = tuple[int, str, str]  # after which line of the log all records of an object lost what a field held
STAGE = "lifecyclestage"
MOMENT = 5  # lines of the log between clearing a stage, to go back, and setting it
STAGES = (  # in their order: of two that merge, the later stays
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
PEOPLE = ("contacts", "Lead", "Contact")
Key = tuple[Side, str]


class Version(NamedTuple):
    """What a field held from one place in the log on. `inherited`: by a merge, not written there."""

    seq: int
    value: Any
    actor: str
    before: Any = None
    inherited: bool = False

    @property
    def ours(self) -> bool:
        """Whether the bridge wrote it."""
        return self.actor in BRIDGE


class Gone(NamedTuple):
    """How a record went: archived, deleted, merged, converted, erased."""

    seq: int
    how: str
    actor: str

    @property
    def ours(self) -> bool:
        return self.actor in BRIDGE


@dataclass
class Record:
    """One person on one side, live or gone."""

    side: Side
    object: str
    id: str
    born: int
    maker: str
    cells: dict[str, list[Version]] = field(default_factory=dict)
    gone: Gone | None = None
    heir: str = ""
    forebears: list[str] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    away: list[tuple[int, int]] = field(default_factory=list)  # from when to when it was gone, and then fetched back

    @property
    def key(self) -> Key:
        return self.side, self.id

    def now(self, name: str) -> Any:
        """What a field holds at the end."""
        versions = self.cells.get(name)
        return versions[-1].value if versions else None

    def at(self, name: str, seq: int) -> Any:
        """What a field held just before a place in the log."""
        return next((one.value for one in reversed(self.cells.get(name, ())) if one.seq < seq), None)

    def there(self, seq: int) -> bool:
        """Whether it was there just before a place in the log."""
        gone = self.gone is not None and self.gone.seq < seq
        return self.born < seq and not gone and not any(start < seq <= end for start, end in self.away)

    def back(self, seq: int) -> None:
        """Note that it was fetched back."""
        if self.gone:
            self.away.append((self.gone.seq, seq))
        self.gone, self.heir = None, ""

    def set(self, seq: int, changes: Mapping[str, Any], actor: str, *, inherited: bool = False) -> None:
        for name, value in changes.items():
            before, cell = self.now(name), self.cells.setdefault(name, [])
            cleared = cell and name == STAGE and cell[-1].ours and blank(cell[-1].value)
            if cleared and (actor in BRIDGE or seq - cell[-1].seq <= MOMENT):
                before = cell.pop().before  # to go back a stage it must be cleared first; somebody may be faster then
            cell.append(Version(seq, value, actor, before, inherited))


class History:
    """All people there ever were, by side and id."""

    def __init__(self, entries: Iterable[dict[str, Any]], emptied: Iterable[Emptied] = ()) -> None:
        self.records: dict[Key, Record] = {}
        losses = sorted(emptied, reverse=True)
        for entry in entries:
            while losses and losses[-1][0] < entry["seq"]:
                self._lost(*losses.pop())
            if entry["object"] in PEOPLE:
                self._tell(entry)
        while losses:
            self._lost(*losses.pop())

    def _tell(self, entry: dict[str, Any]) -> None:
        side, seq, actor, changes = Side(entry["side"]), entry["seq"], entry["actor"], entry["changes"]
        if (side, entry["id"]) in self.records:
            self.records[side, entry["id"]].touched.append(seq)
        match entry["operation"]:
            case "create" | "created":
                made = Record(side, entry["object"], entry["id"], seq, actor, touched=[seq])
                made.set(seq, changes, actor)
                self.records[made.key] = made
            case "update" | "updated" | "undeleted" if (side, entry["id"]) in self.records:
                self._updated(self.records[side, entry["id"]], entry)
            case "archive" | "deleted" | "erase" | "hard_deleted" if (side, entry["id"]) in self.records:
                self.records[side, entry["id"]].gone = Gone(seq, entry["operation"], actor)
            case "restore":
                self._back(self.records[side, entry["id"]], seq)
            case "merge":
                self._merged(entry)
            case "merged":
                self._inherits(self.records[side, entry["id"]], changes["MasterRecordId"], Gone(seq, "merged", actor))

    def _updated(self, record: Record, entry: dict[str, Any]) -> None:
        changes = entry["changes"]
        if entry["operation"] == "undeleted":
            self._back(record, entry["seq"])
        record.set(entry["seq"], changes, entry["actor"])
        if changes.get("IsConverted"):
            contact = changes["ConvertedContactId"]
            self._inherits(record, contact, Gone(entry["seq"], "converted", entry["actor"]))

    def _back(self, record: Record, seq: int) -> None:
        """Fetched back: whoever had been merged is a person of its own again."""
        record.back(seq)
        if record.heir:
            self.records[record.side, record.heir].forebears.remove(record.id)
            record.heir = ""

    def _merged(self, entry: dict[str, Any]) -> None:
        """HubSpot's merge: under a third id, or the primary's."""
        seq, actor, heir = entry["seq"], entry["actor"], entry["id"]
        first, second = (self.records[Side.HUBSPOT, entry["changes"][name]] for name in ("primary", "merged"))
        values = {name: cell[-1].value for one in (second, first) for name, cell in one.cells.items() if cell}
        for name, cell in first.cells.items():
            if blank(cell[-1].value) and not blank(second.now(name)):
                values[name] = second.now(name)
        stages = [one.now(STAGE) for one in (first, second) if one.now(STAGE) in STAGES]
        if stages:
            values[STAGE] = max(stages, key=STAGES.index)
        if heir != first.id:
            self.records[Side.HUBSPOT, heir] = Record(Side.HUBSPOT, "contacts", heir, seq, actor)
        survivor = self.records[Side.HUBSPOT, heir]
        news = {n: v for n, v in values.items() if survivor.now(n) != v and not (blank(v) and blank(survivor.now(n)))}
        survivor.set(seq, news, actor, inherited=True)
        for one in (first, second):
            if one.id != heir:
                self._inherits(one, heir, Gone(seq, "merged", actor))

    def _inherits(self, record: Record, heir: str, gone: Gone) -> None:
        record.gone, record.heir = gone, heir
        forebears = self.records[record.side, heir].forebears
        if record.id not in forebears:
            forebears.append(record.id)

    def _lost(self, seq: int, obj: str, name: str) -> None:
        """An admin deleted a field with its values, which is in no line of the log."""
        for record in self.records.values():
            if record.object == obj and not blank(record.now(name)):
                record.set(seq, {name: None}, ADMIN)

    def heir(self, key: Key) -> Record | None:
        """What a record is in the end, through merges and conversions; None for one nobody knows."""
        record = self.records.get(key)
        while record and record.heir:
            record = self.records.get((record.side, record.heir))
        return record

    def kin(self, record: Record) -> Iterator[Record]:
        """A record and all that became it; two may have become each other, where one was fetched back in between."""
        found = {record.id: record}
        waiting = [record]
        while waiting:
            one = waiting.pop()
            yield one
            news = [self.records[record.side, each] for each in one.forebears if each not in found]
            found |= {each.id: each for each in news}
            waiting += news

    def unexplained(self, live: Mapping[Key, tuple[str, Mapping[str, Any]]], names: Iterable[str]) -> Iterator[str]:
        """Live values that the log does not tell of, and records that are there or gone against it."""
        wanted = tuple(names)
        told = {key for key, one in self.records.items() if one.gone is None}
        for key in sorted(told ^ set(live)):
            yield f"{key[0].value} {key[1]} is {'there' if key in live else 'gone'}, against the log"
        for key in sorted(told & set(live)):
            values, record = live[key][1], self.records[key]
            for name in wanted:
                if name not in MERGE_OWN and name in values and not _one(values[name], record.now(name)):
                    yield f"{key[0].value} {key[1]} {name} is {values[name]!r}; the log says {record.now(name)!r}"


def _one(there: Any, told: Any) -> bool:
    return there == told or str(there or "") == str(told or "")
