"""What people did with Leads and Contacts: one composite call polls tasks, events, deals and the parts people have.

Each topic is read from its watermark on. What was stamped in the ten minutes before may still come to light (a
transaction shows its rows when it commits, fact sheet 3.2), so a poll reads those minutes again and leaves out what the
cursor says was told; where so much happens that they exceed a page, only the last seconds are read again, and all of
them once, five minutes later. An Event that was planned before begins without being stamped: those are found by their
begin. What does not fit a page stands in the cursor and is walked by (stamp, id). An object or field that the org does
not show us lets its topic rest for an hour; the others go on.

    cursor = {topic: {"stamp", "settled", "busy", "onward": [from, id], "known": {key: stamp}}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from connector.core.journey import Entry
from connector.core.refs import Ref, id18, salesforce
from connector.ports import Cursor, Evidence
from connector.salesforce import faults, soql
from connector.salesforce.activities import Row, of_deal, of_event, of_task, stamped
from connector.salesforce.api import Api
from connector.salesforce.composite import READS_MAX
from connector.salesforce.places import Place
from connector.salesforce.reads import VANISHED, Reader
from connector.salesforce.rounds import MULTIPLE, Rounds, Told
from connector.salesforce.rows import moment_of
from connector.salesforce.shapes import Shapes
from connector.salesforce.topics import BEGUN, DEALS, EVENTS, LEADS, ROLES, TASKS, Topic

RESTS_S: Final = 3_600.0
_UNKNOWN: Final = VANISHED | {"INVALID_TYPE", "NOT_FOUND"}
_HIDDEN: Final = "the object or fields that tell of it are not shown to the integration user"
Found = Mapping[str, Sequence[Row]]  # rows by topic


class Gleaner:
    """The evidence of the port."""

    def __init__(self, api: Api, shapes: Shapes, reader: Reader) -> None:
        self._clock = api.traffic.clock
        self._shapes, self._reader = shapes, reader
        self._rounds = Rounds(api, "evidence")
        self._resting: dict[str, float] = {}  # topics, and when (`monotonic`) they are asked for again
        self._ourselves: str | None = None

    def evidence(self, objects: Sequence[str], cursor: Cursor | None, now: datetime) -> Evidence:
        """One portion; see `ports.Crm.evidence`. Raises as `Api.send`."""
        topics = topics_of(objects)
        places = {name: Place.told(stored) for name, stored in (cursor or {}).items()}
        if not all(topic.name in places for topic in topics):
            begin = self._rounds.now()
            fresh = {topic.name: Place.begun(now if topic is BEGUN else begin) for topic in topics}
            return _portion([], fresh | places, more=cursor is not None)
        awake = [topic for topic in topics if self._is_awake(topic)]
        due = [topic for topic in awake if places[topic.name].onward] or awake
        found = self._polled(due, places, now) if due else {}
        return self._told(objects, due, found, places, now)

    def due(self, objects: Sequence[str], cursor: Cursor | None) -> dict[Topic, Place] | None:
        """What a plain poll asks about, and from where; None where a topic begins now, or is walked page by page."""
        topics = topics_of(objects)
        places = {name: Place.told(stored) for name, stored in (cursor or {}).items()}
        if not all(topic.name in places and not places[topic.name].onward for topic in topics):
            return None
        return {topic: places[topic.name] for topic in topics if self._is_awake(topic)}

    def path(self, topics: Sequence[Topic], due: Mapping[Topic, Place], now: datetime) -> str:
        """The query about topics of one object: the rows that any of them is for."""
        windows = [soql.both(*due[topic].conditions(topic.stamp)) for topic in topics]
        return self._path(topics[0], [soql.either(*windows)], now)

    def concluded(
        self,
        objects: Sequence[str],
        bodies: Mapping[Topic, Mapping[str, Any]],
        began: datetime,
        cursor: Cursor,
        now: datetime,
    ) -> Evidence:
        """The portion that follows from the answers of a round that began then; what was not asked stays as it was."""
        places = {name: Place.told(stored) for name, stored in cursor.items()}
        found = {topic.name: self._taken(topic, body, places, began, now) for topic, body in bodies.items()}
        return self._told(objects, list(bodies), found, places, now)

    def _told(
        self, objects: Sequence[str], due: Sequence[Topic], found: Found, places: Mapping[str, Place], now: datetime
    ) -> Evidence:
        entries = [entry for entry in self._entries(found, objects, now) if entry.ref.object in objects]
        found_more = any(places[topic.name].onward for topic in due)
        resting = {topic.object for topic in topics_of(objects) if self._rests(topic)}
        return replace(_portion(entries, places, more=found_more), withheld=dict.fromkeys(sorted(resting), _HIDDEN))

    def _is_awake(self, topic: Topic) -> bool:
        """Whether a topic can be asked for; one that has rested is looked at anew."""
        return not self._rests(topic) and (self._says_something(topic) or self._narrowed(topic))

    def _rests(self, topic: Topic) -> bool:
        return self._clock.monotonic() < self._resting.get(topic.name, 0.0)

    def _says_something(self, topic: Topic) -> bool:
        return topic.needs <= set(self._shapes.readable(topic.object, topic.fields))

    def _polled(self, due: Sequence[Topic], places: dict[str, Place], now: datetime) -> Found:
        """The rows of each topic that were not told yet; the places are brought up to date."""
        began, told = self._asked(due, [places[topic.name].conditions(topic.stamp) for topic in due], now)
        return {topic.name: self._taken(topic, body, places, began, now) for topic, body in told}

    @staticmethod
    def _taken(
        topic: Topic, body: Mapping[str, Any], places: dict[str, Place], began: datetime, now: datetime
    ) -> list[Row]:
        """The rows of a topic that were not told yet; its place is brought up to date."""
        place, rows = places[topic.name], body["records"]
        known = {_key(topic, row): row[topic.stamp] for row in rows}
        onward = None if body.get("done", True) or not rows else (stamped(rows[-1], topic.stamp), rows[-1]["Id"])
        places[topic.name] = place.advanced(began, onward, known, now if topic is BEGUN else None)
        return [row for row in rows if _key(topic, row) not in place.known]

    def _asked(
        self, topics: Sequence[Topic], conditions: Sequence[Sequence[str]], now: datetime
    ) -> tuple[datetime, list[tuple[Topic, Mapping[str, Any]]]]:
        """When the round began, and the body of each topic that is shown to us."""
        asked = list(zip(topics, conditions, strict=True))
        while True:
            began, told = self._rounds.ask([self._path(topic, where, now) for topic, where in asked])
            hidden = [topic for (topic, _), each in zip(asked, told, strict=True) if self._is_hidden(each)]
            if not hidden:
                bodies = [
                    self._rounds.checked(each, topic.object) for (topic, _), each in zip(asked, told, strict=True)
                ]
                return began, [(topic, body) for (topic, _), body in zip(asked, bodies, strict=True)]
            asked = [(topic, where) for topic, where in asked if topic not in hidden or self._narrowed(topic)]
            if not asked:
                return began, []

    @staticmethod
    def _is_hidden(told: Told) -> bool:
        found = faults.faults_of(told["body"]) if told["httpStatusCode"] >= MULTIPLE else ()
        return bool(found) and found[0].code in _UNKNOWN

    def _narrowed(self, topic: Topic) -> bool:
        """Whether the object can be asked for as it is described now, and not as before; else the topic rests."""
        before = self._shapes.readable(topic.object, topic.fields)
        with suppress(faults.Declined):
            self._shapes.miss(topic.object, topic.fields)
        if before != self._shapes.readable(topic.object, topic.fields) and self._says_something(topic):
            return True
        self._resting[topic.name] = self._clock.monotonic() + RESTS_S
        return False

    def _path(self, topic: Topic, conditions: Sequence[str], now: datetime) -> str:
        names = self._shapes.readable(topic.object, topic.fields)
        return soql.query_path(
            soql.select(names, topic.object, *topic.conditions(now), *conditions, order=f"{topic.stamp}, Id")
        )

    def _entries(self, found: Found, objects: Sequence[str], now: datetime) -> Iterator[Entry]:
        tasks, events = found.get(TASKS.name, ()), {row["Id"]: row for row in found.get(EVENTS.name, ())}
        events |= {row["Id"]: row for row in found.get(BEGUN.name, ())}
        if tasks or events:
            ours = self._ours()
            told = [of_task(row, ours, now) for row in tasks] + [of_event(row, ours, now) for row in events.values()]
            yield from (entry for entry in told if entry is not None)
        deals = {id18(row["Id"]): row for row in found.get(DEALS.name, ())}
        roles = found.get(ROLES.name, ())
        if deals or roles:
            yield from self._dealt(deals, roles, objects, now)

    def _dealt(
        self, deals: Mapping[str, Row], roles: Sequence[Row], objects: Sequence[str], now: datetime
    ) -> Iterator[Entry]:
        """Whoever has a part in a deal that changed, and whoever has a part since now in one that did not."""
        strange = {id18(row["OpportunityId"]) for row in roles} - deals.keys()
        wanted = [
            (DEALS, "Id", strange),
            (ROLES, "OpportunityId", deals.keys() if "Contact" in objects else ()),
            (LEADS, "ConvertedOpportunityId", deals.keys() if "Lead" in objects else ()),
        ]
        looked_up = self._looked_up(wanted, now)
        known = {**deals, **{id18(row["Id"]): row for row in looked_up[DEALS.name]}}
        parts: dict[tuple[Ref, str], datetime | None] = {}
        for row in (*roles, *looked_up[ROLES.name]):
            parts[salesforce("Contact", row["ContactId"]), id18(row["OpportunityId"])] = moment_of(row["CreatedDate"])
        for row in looked_up[LEADS.name]:
            parts[salesforce("Lead", row["Id"]), id18(row["ConvertedOpportunityId"])] = None
        yield from (of_deal(ref, known[deal], since, now) for (ref, deal), since in parts.items() if deal in known)

    def _looked_up(self, wanted: Sequence[tuple[Topic, str, Any]], now: datetime) -> dict[str, list[Row]]:
        """Rows by topic whose field holds any of the ids, five queries a call."""
        questions: list[tuple[Topic, Sequence[str]]] = []
        for topic, name, ids in wanted:
            room = soql.ADDRESS_BYTES_MAX - len(self._path(topic, [soql.among(name, [])], now))
            literals = [soql.literal(each) for each in sorted(ids)]
            questions += [(topic, [soql.among(name, part)]) for part in soql.portions(literals, room)]
        rows: dict[str, list[Row]] = {topic.name: [] for topic, _, _ in wanted}
        for begin in range(0, len(questions), READS_MAX):
            portion = questions[begin : begin + READS_MAX]
            _, told = self._asked([topic for topic, _ in portion], [where for _, where in portion], now)
            for topic, body in told:
                rows[topic.name] += self._whole(body)
        return rows

    def _whole(self, body: Mapping[str, Any]) -> Iterator[Row]:
        yield from body["records"]
        if not body.get("done", True):
            yield from self._reader.rows(self._reader.onward(body), "evidence")

    def _ours(self) -> str:
        if self._ourselves is None:
            self._ourselves = self._reader.ourselves()
        return self._ourselves


def topics_of(objects: Sequence[str]) -> list[Topic]:
    """What is asked about for records of these objects."""
    people = {"Lead", "Contact"} & set(objects)
    return [TASKS, EVENTS, BEGUN, DEALS, *([ROLES] if "Contact" in people else [])] if people else []


def _key(topic: Topic, row: Row) -> str:
    """What makes a row the same news."""
    if topic is DEALS:
        return f"{row['Id']} {row.get('StageName')} {row.get('LastStageChangeDate')} {row.get('Amount')}"
    return str(row["Id"]) if topic is ROLES else f"{row['Id']} {row.get('WhoId')}"


def _portion(entries: Sequence[Entry], places: Mapping[str, Place], *, more: bool) -> Evidence:
    return Evidence(entries, {name: place.stored() for name, place in places.items()}, more)
