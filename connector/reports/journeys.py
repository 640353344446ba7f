"""A journey told to people: one line an entry, in words, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from connector.core.comparison import comparison
from connector.core.definition import Place
from connector.core.journey import (
    Answered,
    Asked,
    Dealt,
    Entry,
    Fired,
    Handed,
    Named,
    Ruled,
    Seen,
    Told,
    Touched,
)
from connector.core.lifecycle import Kind
from connector.core.refs import Ref
from connector.core.values import Kind as FieldKind

_MOVED = {
    None: "is",
    Kind.FORWARD: "moved on to",
    Kind.BACKWARD: "moved back to",
    Kind.RECYCLE: "recycled:",
    Kind.DISQUALIFY: "disqualified:",
    Kind.RE_ENTER: "came back in as",
}
_TASKS = {
    "handoff": "a task, for a new lead",
    "asked": "a task, for what the answer lacks",
    "context": "a task, with news from marketing",
}
_KEY_PARTS = 3  # of what a promise sets off, after the policy: start, what happened, what is done (core.verdicts)
_SIDES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}


def news(entries: Iterable[Entry], watched: Mapping[Place, Mapping[str, FieldKind]]) -> list[Entry]:
    """A journey without the bridge's own words: what it told, and what a side says because it was told so."""
    told: dict[tuple[Ref, str], str | None] = {}
    found = []
    for entry in entries:
        what = entry.what
        if isinstance(what, Told):
            told.update({(entry.ref, name): value for name, value in what.fields.items()})
        elif not isinstance(what, Seen):
            found.append(entry)
        else:
            kinds = watched.get((entry.ref.side, entry.ref.object), {})
            fields = {
                name: value
                for name, value in what.fields.items()
                if (entry.ref, name) not in told or not _same(kinds.get(name), told[entry.ref, name], value)
            }
            if fields:
                found.append(replace(entry, what=replace(what, fields=fields)))
    return found


def _same(kind: FieldKind | None, one: str | None, other: str | None) -> bool:
    form = comparison(kind or FieldKind.TEXT)
    return form(one) == form(other)


def words(entry: Entry, stages: Mapping[str, str], owners: Mapping[str, str]) -> str:
    """What an entry says. stages, owners: names by id."""
    return _WORDS[type(entry.what)](entry, stages, owners)


def evidence(entry: Entry) -> str:
    """What shows it, in words; "" for what shows itself."""
    what = entry.what
    if isinstance(what, Ruled):
        parts = (
            what.evidence,
            f"reason {what.reason}" if what.reason else "",
            f"until {what.revisit}" if what.revisit else "",
            f"“{what.comment}”" if what.comment else "",
        )
        return "; ".join(filter(None, parts))
    return "; ".join(what.why) if isinstance(what, Handed) else ""


def _fields(entry: Entry, verb: str, said: Mapping[str, Any], owners: Mapping[str, str]) -> str:
    values = {name: "blank" if value is None else owners.get(value, value) for name, value in sorted(said.items())}
    told = ", ".join(f"{name} = {value}" for name, value in values.items())
    return f"{_SIDES[entry.ref.side.value]} {verb} {told}"


def _seen(entry: Entry, _: Mapping[str, str], owners: Mapping[str, str]) -> str:
    assert isinstance(entry.what, Seen)
    return _fields(entry, "was met with" if entry.what.first else "says", entry.what.fields, owners)


def _told(entry: Entry, _: Mapping[str, str], owners: Mapping[str, str]) -> str:
    assert isinstance(entry.what, Told)
    return _fields(entry, "was told", entry.what.fields, owners)


def _touched(entry: Entry, _: Mapping[str, str], owners: Mapping[str, str]) -> str:
    what = entry.what
    assert isinstance(what, Touched)
    way = "to them" if what.outbound else "from them"
    sent = "" if what.human else ", sent by a machine: keeps no promise"
    return f"{what.channel.value} {way}{f', by {owners.get(what.by, what.by)}' if what.by else ''}{sent}"


def _dealt(entry: Entry, *_: object) -> str:
    what = entry.what
    assert isinstance(what, Dealt)
    stands = "won" if what.won else "lost" if what.closed else "open"
    return f"deal {what.deal} is {stands} in {what.stage}{f', {what.amount}' if what.amount else ''}"


def _ruled(entry: Entry, stages: Mapping[str, str], _: Mapping[str, str]) -> str:
    what = entry.what
    assert isinstance(what, Ruled)
    name = stages.get(what.stage, what.stage)
    if what.refused:
        return f"{name} by {what.by.value} refused: {what.refused}"
    before = " (so before the lifecycle began)" if what.first else ""
    return f"{_MOVED[what.kind]} {name}, by {what.by.value}{before}"


def _answered(entry: Entry, _: Mapping[str, str], owners: Mapping[str, str]) -> str:
    what = entry.what
    assert isinstance(what, Answered)
    parts = (
        f"{what.verdict.value}",
        f"reason {what.reason}" if what.reason else "",
        f"until {what.revisit}" if what.revisit else "",
        f"“{what.comment}”" if what.comment else "",
        f"by {owners.get(what.by, what.by)}" if what.by else "",
    )
    return f"answer: {', '.join(filter(None, parts))}"


def _asked(entry: Entry, *_: object) -> str:
    assert isinstance(entry.what, Asked)
    if not entry.what.missing:
        return f"answer {entry.what.verdict.value} was taken back before it was complete"
    return f"answer {entry.what.verdict.value} is incomplete, asked for: {', '.join(entry.what.missing)}"


def _handed(entry: Entry, _: Mapping[str, str], owners: Mapping[str, str]) -> str:
    what = entry.what
    assert isinstance(what, Handed)
    name = f"{owners[what.owner]} ({what.owner})" if what.owner in owners else what.owner or "nobody"
    why = f"policy {what.policy}" if what.policy else f"rule {what.rule}"
    return f"handed to {name}, {why}"


def _named(entry: Entry, *_: object) -> str:
    assert isinstance(entry.what, Named)
    return f"persona chosen by hand: {entry.what.persona}" if entry.what.persona else "persona left to the rules again"


def _fired(entry: Entry, *_: object) -> str:
    assert isinstance(entry.what, Fired)
    key = entry.what.effect
    policy, *rest = key.split("|")
    if len(rest) < _KEY_PARTS:
        return f"set off: {_TASKS.get(key.partition(':')[0], key)}"
    kind, to = f"{rest[-1]}:".split(":")[:2]
    so = "late" if rest[-2] == "breach" else "soon due"
    return f"set off, as {policy} is {so}: {kind.replace('_', ' ')} {to}".strip()


_WORDS: Mapping[type, Callable[[Entry, Mapping[str, str], Mapping[str, str]], str]] = {
    Seen: _seen,
    Told: _told,
    Touched: _touched,
    Dealt: _dealt,
    Ruled: _ruled,
    Answered: _answered,
    Asked: _asked,
    Handed: _handed,
    Named: _named,
    Fired: _fired,
}
