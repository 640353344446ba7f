"""What becomes of a stage that was seen on a side: made, refused, or nothing new.

A record that is met tells history if it was there before the lifecycle: it starts nothing, and of two records what is
further along counts, or what took them off the path. A record met while the person stands somewhere already (made by
hand, matched) counts only where it leads further: its first words are nobody's move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from connector.core.answering import ask, implied, in_words, keep, lacking
from connector.core.definition import Definition
from connector.core.feedback import Attempt, attempt, complete
from connector.core.journey import Answered, Entry, Ruled, Seen
from connector.core.ledger import Ledger
from connector.core.lifecycle import Mover, Sighting
from connector.core.observing import News
from connector.core.readings import Reading
from connector.core.refs import Side
from connector.core.spelling import stage_of
from connector.core.values import Value

MOVERS = {Side.HUBSPOT: Mover.MARKETING, Side.SALESFORCE: Mover.SALES}
SIDES = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}
_WHOLE: Mapping[str, Any] = {"reason": "one", "comment": "one", "revisit": date.max}


def sight(ledger: Ledger, news: News, by: str = "") -> None:
    """Judge the stage that a side shows, where it is news; by: who did it, as far as the side tells."""
    if news.converted and ledger.definition.converted:
        _conversion(ledger, news)
    definition, ref = ledger.definition, news.entry.ref
    place = (ref.side, ref.object)
    told_in = definition.stage_fields.get(place, frozenset())
    if told_in.isdisjoint(news.fields):
        return
    seen = ledger.hearing.records[ref].seen
    found = shown(definition, news.entry, seen)
    if not found.stage:
        if news.spoke or any(seen.get(name) for name in definition.leading_fields[place]):
            ledger.rule(found, "that spells no stage")
    elif found.stage == ledger.course.situation.stage:
        return
    elif isinstance(news.entry.what, Seen) and news.entry.what.first:
        history(ledger, found)
    elif not news.met or _leads_further(ledger, found.stage):
        _move(ledger, found, ref.side, by)


def shown(definition: Definition, entry: Entry, seen: Mapping[str, Value]) -> Sighting:
    """The stage that a record shows by these values, "" for none that is spelt."""
    side, place = entry.ref.side, (entry.ref.side, entry.ref.object)
    stage = stage_of(definition.spellings[place], seen)
    names = definition.stage_words[place]
    return Sighting(entry.at, stage or "", MOVERS[side], _words(side, names, tuple(map(seen.get, names))))


@lru_cache(maxsize=4096)
def _words(side: Side, names: Sequence[str], values: Sequence[Value]) -> str:
    shown = ", ".join(f"{name} = {value or 'blank'}" for name, value in zip(names, values, strict=True))
    return f"{SIDES[side]} shows {shown}"


def refused(ledger: Ledger, reading: Reading) -> Ruled | None:
    """The refusal of the very stage that a record shows, if nobody was moved since; else None."""
    course, place = ledger.course, (reading.ref.side, reading.ref.object)
    told = stage_of(ledger.definition.spellings.get(place, ()), reading.values) or ""
    if not course.refused or told == course.situation.stage:
        return None
    since = course.made[-1][0] if course.made else None
    for entry, ruled, _ in reversed(course.refused):
        if since is not None and entry.at < since.at:
            return None
        if ruled.stage == told and ruled.by is MOVERS[reading.ref.side]:
            return ruled
    return None


def history(ledger: Ledger, found: Sighting) -> None:
    """What was so before: of two records the one further along, or the one that took them off the path."""
    stay = ledger.course.stay
    if stay is None:
        ledger.rule(found, first=True)
    elif found.stage != stay[1].stage:
        aside = stay[1].first and not ledger.rank(found.stage) and ledger.rank(stay[1].stage)
        kept_aside = stay[1].first and not ledger.rank(stay[1].stage)
        if aside or (_leads_further(ledger, found.stage) and not kept_aside):
            ledger.rule(replace(found, at=max(found.at, stay[0].at)), first=True)


def _leads_further(ledger: Ledger, stage: str) -> bool:
    standing = ledger.course.situation.stage
    return not standing or ledger.rank(stage) > ledger.rank(standing)


def _conversion(ledger: Ledger, news: News) -> None:
    """A Lead's conversion says the stage that both teams agreed it says."""
    stage = ledger.definition.converted
    if _leads_further(ledger, stage):
        found = Sighting(ledger.when(news.entry), stage, Mover.AUTOMATIC, "the Lead was converted in Salesforce")
        verdict, why = implied(ledger, found), ledger.judge(found)
        ledger.rule(found, why)
        if verdict is not None and not why:
            keep(ledger, Answered(verdict), found.at)


def _move(ledger: Ledger, found: Sighting, side: Side, by: str) -> None:
    """Somebody's move; one out of a handoff is an answer as well, and is asked for what an answer takes."""
    feedback = ledger.definition.feedback
    made = attempt(feedback.answers, side, ledger.course.known[ledger.course.refs[side]]) if feedback else Attempt(None)
    if ledger.needs(found.stage):
        found = replace(found, reason=made.reason, revisit=made.revisit, comment=made.comment)
    verdict = implied(ledger, found, made.verdict if side in ledger.hearing.pending else None)
    why = ledger.judge(found)
    if feedback is None or verdict is None or ledger.judge(replace(found, **_WHOLE)):
        ledger.rule(found, why)
        return
    lacks = lacking(ledger, verdict, made, found)
    if lacks:
        ledger.rule(found, f"it takes {in_words(lacks)}")
        ask(ledger, verdict, lacks, found.at)
    else:
        ledger.rule(found, why)
        keep(ledger, complete(feedback, verdict, made, by), found.at)
