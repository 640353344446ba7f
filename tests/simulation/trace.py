"""What happened in a play, in order: told briefly while it goes on, and written out for people only when it failed.

A play tells hundreds of lines and a night plays a million seeds, so a line keeps what it was told as it came. Written
out, it reads like this (`>` marks lines about the records that are wrong; a write shows what it replaced):

      time  step  who
    23.650    41  people     hubspot 505 edited: {'jobtitle': 't86'}
  > 25.650    44  two        hubspot POST .../contacts/batch/update 505 -> 200
  >                              hubspot contacts 505  jobtitle: 't81' -> 't86'
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from connector.sandbox.exchange import Request, Response, Wire
from connector.sandbox.services import SandboxClock, WriteLog

PEOPLE, SEEN = "people", "oracle"
WORDS = re.compile(r"[0-9A-Za-z]+")
QUOTED = re.compile(r'"([0-9A-Za-z]+)"')
ID = re.compile(r"/services/data/v[\d.]+|/crm/|/\d{4}-\d\d")
LONG = 150
WRITING = ("INSERT", "UPDATE", "DELETE", "REPLACE")
DERIVED = ("hs_v2_", "hs_lifecyclestage_")  # moments that HubSpot itself notes
FATE = frozenset({"fate", "weather", "admin"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line: when (seconds since the beginning), in which step, how much had been written by then, who, what."""

    at: float
    step: int
    place: int
    who: str
    words: str = ""
    side: str = ""
    request: Request | None = None
    response: Response | None = None
    struck: str = ""


@dataclass
class Trace:
    """The lines of one play, in the order in which they happened.

    Attributes:
        step: which step of the play is going on.
        counts: what a summary counts.
        asides: what was written to the store, where somebody wants to know; never part of the hash.
        going: who has the turn.
    """

    clock: SandboxClock
    log: WriteLog
    step: int = 0
    going: str = PEOPLE
    lines: list[Line] = field(default_factory=list)
    asides: list[tuple[int, Line]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._began = self.clock.now()

    def tell(self, words: str, who: str = PEOPLE) -> None:
        """Something happened."""
        self.lines.append(Line(self._passed(), self.step, len(self.log), who, words))

    def statement(self, sql: str) -> None:
        """Whoever has the turn runs a statement on the store; for those who want every detail."""
        if sql.startswith(WRITING):
            told = Line(self._passed(), self.step, len(self.log), self.going, "  " + " ".join(sql.split())[:LONG])
            self.asides.append((len(self.lines), told))

    def called(self, who: str, side: str, exchange: tuple[Request, Response], struck: str = "") -> None:
        """A call took effect, or was struck by a fault."""
        request, response = exchange
        self.counts["calls"] += 1
        if struck:
            self.counts["faults struck"] += 1
        self.lines.append(
            Line(self._passed(), self.step, len(self.log), who, "", side, request, response, struck),
        )

    def fingerprint(self, *states: str) -> str:
        """The same for the same seed, always and everywhere: every call and write in order, and the states given."""
        said = hashlib.sha256()
        for line in self.lines:
            said.update(f"{line.at:.6f} {line.step} {line.place} {line.who} {line.words} {line.struck}\n".encode())
            if line.request is not None and line.response is not None:
                request = line.request
                said.update(f"{line.side} {request.method} {request.path}?{request.query_string}\n".encode())
                said.update(request.body + f"\n{line.response.status} {line.response.wire}\n".encode())
                said.update(line.response.body)
        for entry in self.log.entries():
            said.update(json.dumps(entry).encode())
        for state in states:
            said.update(state.encode())
        return said.hexdigest()[:16]

    def written(self, wrong: Collection[str] = (), *, marked_only: bool = False) -> Iterator[str]:
        """The whole as text, or the lines about what is wrong and those without which they would not be understood.

        `wrong` says what is not as it should be, and so which records to mark.
        """
        story = Story(self.log.entries(), wrong)
        for line in self._in_order():
            told = [story.head(line), *story.writes(line.place)]
            marked = [each for each in told if each.startswith(">")]
            if not marked_only:
                yield from told
            elif marked or line.who in FATE:
                yield told[0]
                yield from (each for each in marked if each is not told[0])

    def _in_order(self) -> Iterator[Line]:
        """All lines, and the asides where they belong."""
        asides = iter([*self.asides, (len(self.lines) + 1, None)])
        place, aside = next(asides)
        for number, line in enumerate(self.lines):
            while aside is not None and place <= number:
                yield aside
                place, aside = next(asides)
            yield line
        while aside is not None:
            yield aside
            place, aside = next(asides)

    def _passed(self) -> float:
        return (self.clock.now() - self._began).total_seconds()


class Story:
    """The write log beside the trace: which records there are, what each write replaced, what is worth a mark."""

    def __init__(self, entries: list[dict[str, Any]], wrong: Collection[str]) -> None:
        self._entries = entries
        self._ids = {entry["id"] for entry in entries}
        self._now: dict[tuple[str, str], dict[str, Any]] = {}
        self._done = 0
        told = {word for words in wrong for word in WORDS.findall(words)}
        named = told & self._ids
        self._marked = named | {word for word in told if re.fullmatch(r"t\d+", word)} | self._counterparts(named)

    def head(self, line: Line) -> str:
        """One line without its writes."""
        words = line.words if line.request is None else self._call(line)
        return f"{self._mark(self._named(line))} {line.at:10.3f} {line.step:5d}  {line.who:<8} {words}"

    def writes(self, until: int) -> Iterator[str]:
        """What was written up to a place of the log and not yet told, with what was there before."""
        fresh, self._done = self._entries[self._done : until], max(self._done, until)
        for entry in fresh:
            record = self._now.setdefault((entry["side"], entry["id"]), {})
            told = {name: value for name, value in entry["changes"].items() if not name.startswith(DERIVED)}
            changes = [f"{name}: {_change(record, name, value)}" for name, value in told.items()]
            record.update(entry["changes"])
            who = "" if entry["actor"].startswith("api:") else f"  by {entry['actor']}"
            where = f"{entry['side']} {entry['object']} {entry['id']}"
            named = {entry["id"], *map(str, entry["changes"].values())}
            words = f"{where} {entry['operation']}  {', '.join(changes)}{who}"
            yield f"{self._mark(named)} {'':28}{words}"

    def _counterparts(self, named: Collection[str]) -> set[str]:
        """The records that these name, and those that name them, anywhere in the log."""
        found: set[str] = set()
        for entry in self._entries:
            values = {str(value) for value in entry["changes"].values()} & self._ids
            if entry["id"] in named:
                found |= values
            if values & set(named):
                found.add(entry["id"])
        return found

    def _mark(self, named: Collection[str]) -> str:
        return ">" if self._marked & set(named) else " "

    def _named(self, line: Line) -> set[str]:
        if line.request is None:
            return set(WORDS.findall(line.words))
        told = line.response.body if line.response is not None else b""
        values = set(QUOTED.findall(told.decode(errors="replace"))) - self._ids  # every poll tells of every record
        return _asked_of(line.request) | values

    def _call(self, line: Line) -> str:
        """One call: what for, about whom, how it ended, and what the answer tells of those who are marked."""
        request, response = line.request, line.response
        assert request is not None
        assert response is not None
        asked = _asked_of(request)
        about = sorted(asked & self._ids)
        path = ID.sub("", request.path)
        query = "" if about else _asked(request)
        ended = str(response.status) if response.wire is Wire.WHOLE else f"{response.status}, {response.wire}"
        if line.struck:
            ended += f" (STRUCK: {line.struck})"
        told = sorted((set(QUOTED.findall(response.body.decode(errors="replace"))) & self._marked) - asked)
        tells = f", tells of {' '.join(told)}" if told else ""
        return f"{line.side} {request.method} {path}{query} {' '.join(about)} -> {ended}{tells}"


def _asked_of(request: Request) -> set[str]:
    """Every word of a request that may be a record or a value."""
    return {*WORDS.findall(unquote(request.path)), *QUOTED.findall(request.body.decode(errors="replace"))}


def _asked(request: Request) -> str:
    """A query, as far as it says which records are meant."""
    said = unquote(request.query_string or request.body.decode(errors="replace"))
    where = re.search(r'(FROM [^"]*)', said)
    if where:
        return f" {where[1][:LONG]}"
    filters = re.search(r'"filterGroups":(\[.*?\]\}\])', said)
    return f" {filters[1][:LONG]}" if filters else ""


def _change(record: Mapping[str, Any], name: str, value: Any) -> str:
    return f"{record[name]!r} -> {value!r}" if name in record else repr(value)
