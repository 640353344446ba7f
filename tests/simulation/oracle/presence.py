"""Who is there: the bridge deletes nobody unasked, follows who merged or converted, and forgets who was erased.

- It archives only under a mapping that says so, only opposite a record that is gone (or left the scope), and never a
  record whose edit it had read and not carried over: an edit beats a deletion, and is shown.
- A link joins two live records. When linked records merge or convert, their counterpart is linked to what they became,
  or somebody is told, or the story says why it is linked to nobody.
- An erased person is never made again, and no value that only they held is anywhere in the store.

Lawful: an edit in the open window before the archiving; a counterpart that is loose because other people's acts left it
so (deleted, kept apart, a cross id miswritten). Values that somebody live still holds are no trace of the erased.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from connector.core.refs import Side
from tests.simulation.oracle.edits import _carried, had_read
from tests.simulation.oracle.evidence import Evidence, key_of
from tests.simulation.oracle.history import PEOPLE, Record
from tests.simulation.oracle.rules import blank, translates, written

MADE_LATE = "was made while its counterpart was"  # what the bridge says of who was erased, or forgotten by a person
PERSONAL = ("text", "email", "phone")  # what is in no picklist, and no other person's by chance


def absent(evidence: Evidence) -> Iterator[str]:
    """Who is gone, or there, and should not be."""
    yield from _archived(evidence)
    yield from _dead_links(evidence)
    yield from _left_behind(evidence)
    yield from _made_again(evidence)
    yield from _traces(evidence)
    yield from _taken_for_erased(evidence)


def _archived(evidence: Evidence) -> Iterator[str]:
    for seq, writing in evidence.writes.items():
        entry = evidence.entries[seq - 1]
        if entry["operation"] not in ("archive", "deleted") or entry["object"] not in PEOPLE:
            continue
        record = evidence.history.records[Side(entry["side"]), entry["id"]]
        said = written(writing.life.variant).people
        name = f"the bridge archived {record.side.value} {record.id}"
        if said["on_archive"] != "archive" and said["scope"]["on_leaving"] != "archive":
            yield f"{name}, which the mapping does not say"
        elif not any(one.born < seq and not one.there(seq) for one in evidence.partners_of(record)) and (
            said["scope"]["on_leaving"] != "archive"
        ):
            yield f"{name}, and its counterpart is there"
        yield from (f"{name}, and lost {what}" for what in _unsaved(evidence, record, seq))


def _unsaved(evidence: Evidence, record: Record, seq: int) -> Iterator[str]:
    """Edits that were archived with a record."""
    writing = evidence.writes[seq]
    if written(writing.life.variant).people["scope"]["on_leaving"] == "archive":
        return  # who leaves the scope is archived with all that was edited
    sellers = replace(evidence.sellers, fallback=written(writing.life.variant).fallback)
    for rule, name in evidence.rules_of(record):
        last = record.cells.get(name, [None])[-1]
        if last is None or last.ours or last.inherited or blank(last.value) or not rule.goes(record.side.other):
            continue
        if translates(rule, record.side.other, last.value, sellers) in ([], [None], [""]):
            continue  # it could not have been carried over
        if any(rule.name not in {one.name for one in written(variant).rules} for variant in evidence.variants):
            evidence.excuse("archived with a value of a rule that had not been in force")
            continue
        if _carried(evidence, rule, record, last, last._replace(seq=seq)):
            continue
        if had_read(evidence, rule, record, last, writing):
            yield f"{name}={last.value!r}"
        else:
            evidence.excuse("archived in the open window after an edit")


def _dead_links(evidence: Evidence) -> Iterator[str]:
    for link in evidence.links:
        for ref in () if link.stopped else (link.hubspot, link.salesforce):
            if key_of(ref) not in evidence.live:
                yield f"{link.hubspot} - {link.salesforce} is linked, and {ref} is gone"


def _left_behind(evidence: Evidence) -> Iterator[str]:
    """Counterparts of merged and converted records that are linked to nobody."""
    for record in evidence.history.records.values():
        heir = evidence.history.heir(record.key)
        if not record.heir or heir is None or heir.key not in evidence.live:
            continue
        for key in sorted(_linked_before(evidence, record)):
            other = evidence.history.heir(key)
            if other is None or other.key not in evidence.live or other.key in evidence.linked:
                continue
            family = {one.key for one in (*evidence.family(other), *evidence.family(heir))}
            if other.key in evidence.shown:
                evidence.excuse("left behind by a merge or conversion, shown")
            elif any(one.key in evidence.shown for one in evidence.family(other)):
                evidence.excuse("left behind by a merge or conversion, shown under an id it had")
            elif family & (evidence.kept_apart | evidence.miswritten):
                evidence.excuse("left behind by a merge or conversion, kept apart or miswritten")
            elif any(one.gone and one.gone.how == "erase" for one in evidence.partners_of(other)):
                evidence.excuse("left behind by a merge or conversion, a counterpart erased")
            elif any(one.gone and one.gone.how not in ("merged", "converted") for one in evidence.partners_of(other)):
                evidence.excuse("left behind by a merge or conversion, a counterpart deleted")
            else:
                yield f"{other.side.value} {other.id} lost {record.id}, which became {heir.id}, and nobody is told"


def _linked_before(evidence: Evidence, record: Record) -> set[tuple[Side, str]]:
    """With whom the story says a record was linked."""
    found = set()
    for event in evidence.events:
        refs = [key_of(ref) for ref in (event.hubspot, event.salesforce) if ref]
        if event.kind in ("linked", "created", "updated") and len(refs) == 2 and record.key in refs:
            found |= set(refs) - {record.key}
    return found


def _erased(evidence: Evidence) -> Iterator[Record]:
    return (
        one
        for one in evidence.history.records.values()
        if one.gone and one.gone.how == "erase" and one.side is Side.HUBSPOT
    )


def _made_again(evidence: Evidence) -> Iterator[str]:
    """Contacts made of the counterpart of an erased one, which carries the erased one's id."""
    erased = {one.id: one.gone.seq for one in _erased(evidence) if one.gone}
    for seq in evidence.writes:
        entry = evidence.entries[seq - 1]
        origin = evidence.history.records.get((Side.SALESFORCE, entry["changes"].get("salesforce_record_id", "")))
        if entry["operation"] != "create" or origin is None:
            continue
        for version in origin.cells.get("HubSpot_Contact_Id__c", ()):
            if version.seq < erased.get(str(version.value), 0) < seq:
                yield f"hubspot {entry['id']} was made of {origin.id}, whose contact {version.value} was erased"


def _taken_for_erased(evidence: Evidence) -> Iterator[str]:
    """People whom the bridge says were erased, and nobody erased any of their contacts.

    Who was erased before the cross id arrived is known by the bridge's own words alone.
    """
    erased = tuple(f"hubspot:contacts:{kin.id} " for one in _erased(evidence) for kin in evidence.family(one))
    for stored in evidence.issues:
        if stored.issue.code == "ERASED":
            record = evidence.history.records[key_of(stored.issue.refs[0])]
            partners = evidence.partners_of(record)
            if stored.issue.reason.startswith(erased) or any(one.gone and one.gone.how == "erase" for one in partners):
                continue
            if MADE_LATE in stored.issue.reason and evidence.kept_apart & {one.key for one in (record, *partners)}:
                evidence.excuse("made while a person had it, or the counterpart, forgotten")
            else:
                yield f"{stored.issue.reason}, and nobody erased it"


def _traces(evidence: Evidence) -> Iterator[str]:
    live = {str(value).casefold() for _, row in evidence.live.values() for value in row.values()}
    for erased in _erased(evidence):
        if _loose(evidence, erased):
            evidence.excuse("erased while linked to nobody: only a webhook would have told")
            continue
        strangers = _said_by_strangers(evidence, erased)
        for name, value in sorted(_said(evidence, erased)):
            if value.casefold() in live or value.casefold() in strangers:
                continue
            if _stands_in(evidence.stored, value):
                yield f"{value!r}, {name} of hubspot {erased.id} who was erased, is still in the store"


def _said(evidence: Evidence, erased: Record) -> set[tuple[str, str]]:
    """Every text by which somebody could be known, that an erased person or who became it ever had: (field, value)."""
    return {
        (name, str(version.value))
        for one in evidence.history.kin(erased)
        for rule, name in evidence.rules_of(one)
        if rule.kind in PERSONAL
        for version in one.cells.get(name, ())
        if version.value and len(str(version.value)) > 1
    }


def _said_by_strangers(evidence: Evidence, erased: Record) -> set[str]:
    """What others than this person ever had, in small letters."""
    family = {one.key for one in (*evidence.family(erased), *evidence.partners_of(erased))}
    return {
        str(version.value).casefold()
        for one in evidence.history.records.values()
        if one.key not in family
        for cell in one.cells.values()
        for version in cell
    }


def _stands_in(stored: str, value: str) -> bool:
    """Whether a value stands in a text, as it is or as JSON spells it, and not within a longer word."""
    for spelt in {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
        if spelt in stored and re.search(rf"(?<![^\W_]){re.escape(spelt)}(?![^\W_])", stored):
            return True
    return False


def _loose(evidence: Evidence, erased: Record) -> bool:
    """Whether the story says that a record had been unlinked before."""
    told = [event.kind for event in evidence.events if event.hubspot and key_of(event.hubspot) == erased.key]
    return (
        bool(told)
        and next((kind for kind in reversed(told) if kind not in ("updated", "unanswered")), "") == "unlinked"
    )
