"""A poll in one call: what changed and what people did, asked in one composite of up to five queries (fact sheet 1.5).

Calls are what an org runs short of, and an idle poll is what is made all day. So both parts of listening put their
queries into one round, and events that were changed and events that began are one query. What would not fit waits: who
takes part in which deal takes turns with the deals themselves, from one poll to the next, since either is read from
where it was left and only the news come a poll later. Whatever is not plain (a first poll, pages to be walked, a part
that was refused, a hidden field) is left to the two parts, each of which knows what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connector.ports import Changes, Evidence, Poll
from connector.salesforce.activities import stamped
from connector.salesforce.api import Api
from connector.salesforce.changes import Poller, Question
from connector.salesforce.composite import READS_MAX
from connector.salesforce.evidence import Gleaner
from connector.salesforce.places import Place
from connector.salesforce.rounds import MULTIPLE, Rounds, Told
from connector.salesforce.topics import BEGUN, DEALS, EVENTS, ROLES, Topic

WAITS_MAX: Final = timedelta(minutes=14)  # what has waited so long is asked for by a call of its own
Due = Mapping[Topic, Place]


@dataclass(frozen=True, slots=True)
class _Round:
    """One poll: the queries of either part, in the order in which they are asked."""

    changed: Sequence[Question]
    asked: Sequence[Sequence[Topic]]
    due: Due


class Listener:
    """Polls both parts together."""

    def __init__(self, api: Api, poller: Poller, gleaner: Gleaner) -> None:
        self._rounds = Rounds(api, "poll")
        self._poller, self._gleaner = poller, gleaner

    def poll(self, asked: Poll) -> tuple[Changes, Evidence]:
        """One portion of each; see `ports.Crm.poll`. Raises as `Api.send`."""
        plain = self._plain(asked)
        return (plain and self._together(plain, asked)) or self._apart(asked)

    def _plain(self, asked: Poll) -> _Round | None:
        changed = self._poller.questions(asked.views, asked.cursor, asked.known)
        due = self._gleaner.due(asked.objects, asked.evidence_cursor) if changed else None
        if not changed or due is None:
            return None
        return _Round(changed, _chosen(len(changed), due, asked.now), due)

    def _together(self, plain: _Round, asked: Poll) -> tuple[Changes, Evidence] | None:
        paths = [self._poller.path(question) for question in plain.changed]
        paths += [self._gleaner.path(topics, plain.due, asked.now) for topics in plain.asked]
        began, replies = self._replies(paths)
        if any(reply["httpStatusCode"] >= MULTIPLE for reply in replies):
            return None
        of_changes, of_evidence = replies[: len(plain.changed)], replies[len(plain.changed) :]
        bodies: dict[Topic, Mapping[str, Any]] = {}
        for topics, reply in zip(plain.asked, of_evidence, strict=True):
            if len(topics) > 1 and not reply["body"].get("done", True):
                return None  # of two windows in one query no page says how far each has been read
            bodies |= {topic: _part(topic, plain.due[topic], reply["body"]) for topic in topics}
        changes = self._poller.concluded(plain.changed, of_changes, began, asked.cursor or {}, asked.known)
        cursor = asked.evidence_cursor or {}
        return changes, self._gleaner.concluded(asked.objects, bodies, began, cursor, asked.now)

    def _replies(self, paths: Sequence[str]) -> tuple[datetime, list[Told]]:
        """When the first call began, and all replies, five queries a call."""
        began, replies = self._rounds.ask(paths[:READS_MAX])
        told = list(replies)
        for begin in range(READS_MAX, len(paths), READS_MAX):
            told += self._rounds.ask(paths[begin : begin + READS_MAX])[1]
        return began, told

    def _apart(self, asked: Poll) -> tuple[Changes, Evidence]:
        changes = self._poller.changes(asked.views, asked.cursor, asked.known)
        if not asked.objects:
            return changes, Evidence((), asked.evidence_cursor or {}, more=False)
        return changes, self._gleaner.evidence(asked.objects, asked.evidence_cursor, asked.now)


def _chosen(others: int, due: Due, now: datetime) -> list[Sequence[Topic]]:
    """What is asked about: all touches; of the rest what fits the calls made anyway, the longest waiting first.

    `others`: how many queries are asked besides.
    """
    events = [topic for topic in (EVENTS, BEGUN) if topic in due]
    asked: list[Sequence[Topic]] = [[topic] for topic in due if topic not in {EVENTS, BEGUN, DEALS, ROLES}]
    asked += [events] if events else []
    waiting = sorted((topic for topic in (DEALS, ROLES) if topic in due), key=lambda topic: due[topic].stamp)
    room = -(others + len(asked)) % READS_MAX
    if not room and waiting and now - due[waiting[0]].stamp >= WAITS_MAX:
        room = READS_MAX
    return asked + [[topic] for topic in waiting[:room]]


def _part(topic: Topic, place: Place, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of an answer is for a topic: the rows of its own window."""
    return {**body, "records": [row for row in body["records"] if stamped(row, topic.stamp) >= place.begin]}
