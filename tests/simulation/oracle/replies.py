"""What reps answered: given by somebody, kept, and told to marketing.

- Every answer that was kept was given: somebody wrote its verdict, or made the move that means it.
- The last word that a rep wrote, if it is complete and lawful, stands on the HubSpot contact in the end.

Only words about which there is no doubt are asked for: written in one go, with a reason that fits and needs no more,
about somebody who had been handed over by then and was not handed over again, taken up again, merged or moved since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.journey import Answered, Asked, Handed, Ruled
from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from connector.sandbox.salesforce.people import REASONS
from tests.simulation.oracle import agreed
from tests.simulation.oracle.courses import Courses, Person
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import Record
from tests.simulation.oracle.rules import blank
from tests.simulation.oracle.standing import answered_from_nowhere

FIELDS = {
    Side.HUBSPOT: ("smarketing_answer", "smarketing_reason", "smarketing_comment", "smarketing_revisit_on"),
    Side.SALESFORCE: (
        "Smarketing_Answer__c",
        "Smarketing_Reason__c",
        "Smarketing_Comment__c",
        "Smarketing_Revisit_On__c",
    ),
}
IDS = {label: one for one, label in REASONS.items()}


@dataclass(frozen=True)
class Reply:
    """What somebody wrote, as HubSpot would say it, and after which line of the log."""

    seq: int
    ref: Ref
    verdict: str
    reason: str
    comment: str
    revisit: str


def lost_replies(evidence: Evidence) -> Iterator[str]:
    """Answers that nobody gave, and answers that marketing never hears of."""
    courses = evidence.courses
    if courses is None:
        return
    for entry in courses.entries:
        if isinstance(entry.what, Answered) and answered_from_nowhere(evidence, entry, entry.what):
            yield f"{entry.ref} is said to have been answered {entry.what.verdict.value}, and nobody said so"
    for person in courses.people:
        reply = _last(evidence, person)
        contact = next((ref for ref in person.refs if ref.side is Side.HUBSPOT), None)
        if reply is None or contact is None or not _counts(evidence, courses, person, reply):
            continue
        held = evidence.live[key_of(contact)][1]
        said = [str(held.get(name) or "") for name in FIELDS[Side.HUBSPOT][:3]]
        if said == [reply.verdict, reply.reason, reply.comment]:
            continue
        if _shown(evidence, person):
            evidence.excuse("an answer is not told, shown")
        else:
            given = f"{reply.verdict} {reply.reason} {reply.comment!r}"
            yield f"{reply.ref} was answered {given}, and {contact} says {said}"


def _last(evidence: Evidence, person: Person) -> Reply | None:
    """What somebody wrote last into the fields of the answer, on any record of a person."""
    records = [evidence.history.records[key_of(ref)] for ref in person.refs]
    written = [
        (version.seq, record)
        for record in records
        for name in FIELDS[record.side]
        for version in record.cells.get(name, ())
        if not version.ours
    ]
    return _reply(*max(written, key=lambda one: one[0])) if written else None


def _reply(seq: int, record: Record) -> Reply | None:
    spelt = {said[record.side.value]: said["hubspot"] for said in agreed.answers().values()}
    verdict, reason, comment, revisit = (record.at(name, seq + 1) for name in FIELDS[record.side])
    if blank(verdict) or verdict not in spelt:
        return None
    ref = Ref(record.side, record.object, record.id)
    reason = IDS.get(reason, reason) or ""
    return Reply(seq, ref, spelt[verdict], str(reason), str(comment or "").strip(), str(revisit or ""))


def _counts(evidence: Evidence, courses: Courses, person: Person, reply: Reply) -> bool:
    """Whether it is complete and lawful beyond doubt."""
    verdicts: Mapping[str, Any] = agreed.answers()
    verdict = next(name for name, said in verdicts.items() if said["hubspot"] == reply.verdict)
    if reply.revisit or (verdict == "accept") is bool(reply.reason):
        return False
    if reply.reason and not agreed.fits(verdict, reply.reason):
        return False
    before = {entry.id for entry in person.entries if _place(courses, entry.id) < reply.seq}
    handed = [entry for entry in person.handed if entry.id in before]
    if not handed or any(entry.id not in before for entry in (*person.handed, *person.came_back)):
        return False
    if any(isinstance(one.what, Asked) for one in person.entries):
        return False
    stands = [one for one in person.made if one.id in before]
    start = stands[-1].what.stage if stands else ""  # type: ignore[union-attr]  # a ruling
    moved = [one for one in person.made if one.id not in before]
    way = agreed.ways().get((start, verdicts[verdict]["leads_to"]))
    if way is None or "sales" not in way.by or len(moved) != 1 or isinstance(moved[0].what, Handed):
        return False
    records = [evidence.history.records[key_of(ref)] for ref in person.refs]
    return all(len(evidence.family(one)) == 1 for one in records) and isinstance(moved[0].what, Ruled)


def _place(courses: Courses, number: int) -> int:
    """Where the log stood when an entry was appended."""
    writer = courses.writer.get(number)
    return writer.place if writer else 0


def _shown(evidence: Evidence, person: Person) -> bool:
    return any(
        stored.issue.rule == "feedback" or stored.issue.kind in (IssueKind.PARKED, IssueKind.UNLAWFUL)
        for ref in person.refs
        for stored in evidence.shown.get(key_of(ref), ())
    )
