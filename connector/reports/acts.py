"""The audit: every act of a person, newest first, in plain words; and the runs that people began, in their places.

Two streams, acts and runs, are read side by side by their own numbers, so that a page is two indexed questions however
many events there are.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection

from connector.core.refs import Ref
from connector.reports.names import NAMES
from connector.reports.runs import KINDS, records_written
from connector.storage import acts, runs
from connector.storage.acts import ActsAsked
from connector.storage.events import Event
from connector.storage.runs import RunRow, RunsAsked

RUN: Final = "run"
_PLACE: Final = re.compile(r"[0-9]{0,18}\.[0-9]{0,18}")
KNOWN: Final[Mapping[str, str]] = {  # acts that can be asked for, as they are called in a list
    RUN: "began a run",
    "settle": "settled a conflict",
    "unpark": "tried a refused value again",
    "resync": "asked for another look",
    "link": "linked two records",
    "unlink": "kept two records apart",
    "persona": "chose a persona",
    "forget": "had somebody forgotten",
    "retry": "hurried what waited",
    "send again": "sent messages again",
    "let rest": "let messages rest",
    "inbox again": "had post read again",
    "inbox drop": "threw post away",
    "sla apply": "put the SLA in force",
    "publish mappings": "changed the mappings",
    "take published mappings": "took published mappings",
    "sign in": "signed in",
    "sign out": "signed out",
    "failed sign-in": "failed to sign in",
    "user add": "added a user",
    "user role": "changed a role",
    "user password": "changed a password",
    "user let in": "let a user in again",
    "user keep out": "kept a user out",
    "user sign out": "ended a user's sessions",
    "user remove": "removed a user",
    "token add": "made an API token",
    "token remove": "took an API token back",
}
_TOLD: Final = frozenset({"act", "by"})


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did.

    Attributes:
        act: its name as it is stored, or RUN; words: what that was, for people.
        refs: the records it was about; run: the run that was begun.
    """

    at: datetime
    by: str
    act: str
    words: str
    refs: tuple[Ref, ...] = ()
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; what is empty does not narrow.

    Attributes:
        by: the beginning of who did it; act: one of KNOWN, or any other that is stored.
        since, until: in [since, until).
        after: of the page before.
    """

    by: str = ""
    act: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some deeds, newest first; after: what asks for the next page, "" where there is none."""

    deeds: tuple[Deed, ...]
    after: str


_Found = tuple[int, Deed]  # with its number among acts, or runs


def page(conn: Connection, asked: Asked, limit: int) -> Page:
    """The next deeds that are asked for.

    Raises:
        ValueError: when `after` is none of ours.
    """
    of_acts, of_runs = _places(asked.after)
    told: list[_Found] = []
    begun: list[_Found] = []
    if asked.act != RUN:
        which = ActsAsked(asked.by, asked.act, asked.since, asked.until, of_acts)
        told = [(event.id or 0, _of_act(event)) for event in acts.page(conn, which, limit + 1)]
    if asked.act in ("", RUN):
        which_runs = RunsAsked("", asked.by, people=True, since=asked.since, until=asked.until, before=of_runs)
        begun = [(run.id, _of_run(run)) for run in runs.page(conn, which_runs, limit + 1)]
    shown = list(islice(_merged(told, begun), limit))
    for number, deed in shown:
        of_acts, of_runs = (of_acts, number) if deed.act == RUN else (number, of_runs)
    more = len(told) + len(begun) > limit
    after = f"{'' if of_acts is None else of_acts}.{'' if of_runs is None else of_runs}" if more else ""
    return Page(tuple(deed for _, deed in shown), after)


def _merged(told: Sequence[_Found], begun: Sequence[_Found]) -> Iterator[_Found]:
    """Both streams as one, the later first; each keeps its own order, by which its next page is asked for."""
    one, other = deque(told), deque(begun)
    while one and other:
        yield (one if one[0][1].at >= other[0][1].at else other).popleft()
    yield from one or other


def _places(after: str) -> tuple[int | None, int | None]:
    if not after:
        return None, None
    if not _PLACE.fullmatch(after):
        raise ValueError(f"{after!r} is no place in this list")
    acts_before, _, runs_before = after.partition(".")
    return (int(acts_before) if acts_before else None), (int(runs_before) if runs_before else None)


def _of_act(event: Event) -> Deed:
    payload = event.payload
    refs = tuple(ref for ref in (event.hubspot, event.salesforce) if ref)
    return Deed(event.at, str(payload.get("by", "")), str(payload.get("act", "")), words(payload), refs)


def _of_run(run: RunRow) -> Deed:
    number = records_written(run.counts)
    wrote = f", {'would write' if run.kind == 'plan' else 'wrote'} {number:,} record{'' if number == 1 else 's'}"
    said = f"began run {run.id} ({KINDS.get(run.kind, run.kind)}): {run.outcome or 'not ended'}{wrote}"
    return Deed(run.started_at, run.by, RUN, said, (), run.id)


def words(payload: Mapping[str, Any]) -> str:
    """What somebody did, in plain words; of an act that is not known, all that it says."""
    act = str(payload.get("act", ""))
    match act:
        case "settle":
            winner = str(payload.get("winner", ""))
            return f"settled {payload.get('rule', '')}: the value of {NAMES.get(winner, winner)} stands"
        case "unpark":
            return f"asked to try {payload.get('field') or 'a refused value'} again"
        case "persona":
            chosen = payload.get("persona")
            return f"chose the persona {chosen}" if chosen else "left the persona to the rules"
        case "publish mappings":
            why = f": {payload['why']}" if payload.get("why") else ""
            return f"changed the mappings (version {payload.get('version')}){why}"
        case "retry":
            return f"hurried {payload.get('records', 0)} waiting records"
        case _:
            rest = {name: value for name, value in payload.items() if name not in _TOLD and value not in ("", None)}
            said = ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in rest.items())
            return KNOWN.get(act, act) + (f" ({said})" if said else "")


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
