"""Finding the record, the field and the issues that somebody means."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connector.cli.naming import resolve
from connector.cli.words import Words
from connector.core.course import in_order
from connector.core.journey import Entry
from connector.core.plan import IssueKind
from connector.core.refs import Ref
from connector.engine import commands, facts
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.commands import Looked
from connector.errors import Refused
from connector.reports import story as stories
from connector.reports.story import Told
from connector.reports.waiting import Asked, open_issues
from connector.storage import journeys
from connector.storage.events import Event


@dataclass(frozen=True, slots=True)
class Seen:
    """One record, looked at."""

    ref: Ref
    case: Case
    looked: Looked
    story: Sequence[Event]
    journey: Sequence[Entry] = ()


def look(bridge: Bridge, text: str) -> Seen:
    """The record somebody means, as it stands, with the story of it and its counterpart.

    Raises:
        Refused: when there is none, or more than one.
    """
    ref = resolve(bridge, text)
    looked = commands.look(bridge, ref)
    subject = looked.case.subject if looked.case else None
    there = subject and any(one and one.present for one in (subject.hubspot, subject.salesforce))
    if looked.case is None or not (there or looked.link):
        raise Refused(f"{ref} is not there: archived, deleted, or never made")
    refs = {ref, *looked.case.refs, *((looked.link.hubspot, looked.link.salesforce) if looked.link else ())}
    with bridge.database.read() as conn:
        journey = in_order(journeys.of_refs(conn, refs)) if bridge.agreement else []
        return Seen(ref, looked.case, looked, stories.story(conn, sorted(refs)), journey)


def changes_of(seen: Seen, field: str, watched: Collection[str] = ()) -> list[Told]:
    """Every change of a field, by its name on either side or its rule's. watched: fields that follow from journeys.

    Raises:
        Refused: when nothing maps a field of that name.
    """
    told = stories.changes(seen.story, stories.field_names(seen.case.pair, field))
    if told:
        return told
    known = {name for rule in seen.case.pair.rules for name in (rule.name, rule.hubspot, rule.salesforce)}
    known.update(watched)
    if field not in known:
        near = difflib.get_close_matches(field, known, n=1)
        rules = ", ".join(rule.name for rule in seen.case.pair.rules)
        meant = f"did you mean {near[0]!r}?" if near else f"there are: {rules}"
        raise Refused(f"no rule maps a field {field!r}; {meant}")
    return []


def never_written(seen: Seen, field: str, words: Words) -> str:
    """What is to be said of a field the bridge has never written."""
    rule = next((one for one in seen.case.pair.rules if field in (one.name, one.hubspot, one.salesforce)), None)
    if rule is None:
        return f"The bridge has never written {field} of {seen.ref}: nothing that happened to them asks for a value."
    left, right = seen.case.subject.hubspot, seen.case.subject.salesforce
    said = [
        f"{name} says {words.value(reading.values.get(of), rule.name)}"
        for name, reading, of in (("HubSpot", left, rule.hubspot), ("Salesforce", right, rule.salesforce))
        if reading
    ]
    return (
        f"The bridge has never written {field} of {seen.ref}: what stands there was put by others. {'; '.join(said)}."
    )


def watched(bridge: Bridge) -> frozenset[str]:
    """The fields of either side that lifecycle, feedback and SLA read or write."""
    places = bridge.agreement.definition.watched.values() if bridge.agreement else ()
    return frozenset(name for names in places for name in names)


def words(bridge: Bridge) -> Words:
    """What ids mean here."""
    known = facts.recall(bridge.database)
    owners = [one for told in known.owners.values() for one in told] if known else []
    stages = bridge.agreement.definition.lifecycle.stages if bridge.agreement else {}
    return Words.of(bridge.mapping, owners, {stage.id: stage.name for stage in stages.values()})


def issue_numbers(bridge: Bridge, kind: IssueKind, field: str = "") -> list[int]:
    """The numbers of all open issues of a kind; with `field`, of that field or rule."""
    with bridge.database.read() as conn:
        return [stored.id for stored in open_issues(conn, Asked([kind], field))]
