"""What pages ask of the reading copy: people, clocks and handoffs as they stand, and what both teams are held to.

Everything is one indexed question each over rows that the engine keeps in step (`engine.shelving`), so a page costs the
same with a hundred people as with a hundred thousand. Lists come in keyset pages: whoever gives `Page.after` back gets
the next one, whatever was added meanwhile. The numbers mean what product.md, section 5, says: a handoff that expired
without an answer counts against sales, what is open past its due time counts as breached, cancelled and paused stand
apart, and a cohort tells its age.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from connector.core.goals import Happened
from connector.core.handed import ASKED, WAITING
from connector.core.refs import Ref, Side
from connector.core.sla import State
from connector.reports.shelf_shapes import (
    PAGE,
    Answers,
    Asked,
    Attained,
    BoardAsked,
    Face,
    FunnelCounts,
    Open,
    Page,
    Rep,
    StageCounts,
    Unanswered,
)
from connector.storage import codec, links
from connector.storage import shelf_questions as questions

__all__ = [
    "PAGE",
    "Answers",
    "Asked",
    "Attained",
    "BoardAsked",
    "Face",
    "FunnelCounts",
    "Open",
    "Page",
    "Rep",
    "StageCounts",
    "Unanswered",
    "answers",
    "attainment",
    "board",
    "by_rep",
    "face",
    "funnel",
    "search",
    "unanswered",
]

T = TypeVar("T")

ATTAINED_BY = ("policy", "owner", "persona", "source", "team")
ANSWERED_BY = ("source", "campaign", "persona", "owner")


def search(conn: Connection, asked: Asked) -> Page[Face]:
    """People by name; those who fit everything that is asked."""
    said = {name: getattr(asked, name) for name in ("stage", "persona", "owner", "answer", "clock")}
    key, _, name = asked.after.partition(" ")
    after = (name, key) if asked.after else None
    words = asked.words.lower().split()
    rows = questions.found(conn, words, _named(said), after, asked.limit + 1)
    return _page(rows, asked.limit, _face, lambda row: f"{row[1]} {row[0]}")


def face(conn: Connection, ref: Ref) -> Face | None:
    """The person whose record this is, on either side; None where nobody is known by it."""
    row = questions.one(conn, ref)
    if row is None and ref.side is Side.SALESFORCE:
        contact = links.contacts_of(conn, [ref]).get(ref)
        row = questions.one(conn, contact) if contact else None
    return _face(row) if row else None


def board(conn: Connection, asked: BoardAsked, now: datetime) -> Page[Open]:
    """Open clocks, the most pressing first; what is paused has no due time and comes last.

    Raises:
        ValueError: when `after` is not what a page before said.
    """
    said = {"state": asked.state, "owner": asked.owner, "policy": asked.policy, "team": asked.team}
    rows = questions.open_clocks(conn, _named(said), _clock_after(asked.after), now, asked.limit + 1)
    return _page(rows, asked.limit, _open, lambda row: f"{row[0]} {row[1]} {row[3]} {row[2]}")


def by_rep(conn: Connection, now: datetime) -> tuple[Rep, ...]:
    """Open clocks and handoffs by owner, who has most of them late first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    due: dict[str, int] = {}
    for owner, state, number, first in questions.clocks_by_owner(conn, now):
        counts[owner or ""][state] += number
        if first is not None:
            due[owner or ""] = min(first, due.get(owner or "", first))
    waiting = {owner or "": number for owner, number in questions.owed_by_owner(conn)}
    reps = [
        Rep(
            owner,
            running=counts[owner][State.RUNNING.value],
            warned=counts[owner][State.WARNED.value],
            paused=counts[owner][State.PAUSED.value],
            breached=counts[owner][State.BREACHED.value],
            waiting=waiting.get(owner, 0),
            due_at=_moment(due.get(owner)),
        )
        for owner in {*counts, *waiting}
    ]
    return tuple(sorted(reps, key=lambda rep: (-rep.breached, -rep.warned, -rep.open, -rep.waiting, rep.owner)))


def funnel(conn: Connection, since: datetime, until: datetime) -> FunnelCounts:
    """People by stage now, and what became of those who came to each stage in [since, until)."""
    now: Counter[str] = Counter()
    bands: dict[str, str] = {}
    for stage, band, number in questions.standing(conn):
        now[stage or ""] += number
        bands[stage or ""] = band or ""
    came = {stage: told for stage, *told in questions.cohorts(conn, since, until)}
    stages = []
    for stage in sorted({*now, *came}):
        entered, onward, first, last = came.get(stage, (0, 0, None, None))
        told = (now[stage], entered, int(onward), _moment(first), _moment(last))
        stages.append(StageCounts(stage, bands.get(stage, ""), *told))
    return FunnelCounts(sum(now.values()), tuple(stages), since, until)


def attainment(
    conn: Connection, since: datetime, until: datetime, now: datetime, by: str = "policy"
) -> tuple[Attained, ...]:
    """How promises due in [since, until) were kept; by: "policy", "owner", "persona", "source" or "team".

    Raises:
        ValueError: when they are not told by that.
    """
    _one_of(by, ATTAINED_BY)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, state, still, number in questions.promises_due(conn, by, since, until, now):
        told = counts[name or ""]
        told[state] += number
        told["late"] += number if still and state == State.BREACHED.value else 0
    for name, number in questions.promises_paused(conn, by, until):
        counts[name or ""][State.PAUSED.value] += number
    return tuple(
        Attained(
            name,
            met=told[State.MET.value],
            breached=told[State.BREACHED.value],
            late=told["late"],
            running=told[State.RUNNING.value] + told[State.WARNED.value],
            cancelled=told[State.CANCELLED.value],
            paused=told[State.PAUSED.value],
        )
        for name, told in sorted(counts.items())
    )


def answers(conn: Connection, since: datetime, until: datetime, by: str = "source") -> tuple[Answers, ...]:
    """What sales said of the handoffs made in [since, until); by: "source", "campaign", "persona" or "owner".

    Raises:
        ValueError: when they are not told by that.
    """
    _one_of(by, ANSWERED_BY)
    said: dict[str, Counter[str]] = defaultdict(Counter)
    became: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for name, answer, outcome, group, reason, number in questions.handed(conn, by, since, until):
        said[name or ""][answer] += number
        became[name or ""][outcome or ""] += number
        if reason:
            reasons[name or ""][group or "", reason] += number
    return tuple(_answers(name, said[name], became[name], reasons[name]) for name in sorted(said))


def unanswered(conn: Connection, after: str = "", limit: int = PAGE) -> Page[Unanswered]:
    """Handoffs that wait for an answer, the longest first.

    Raises:
        ValueError: when `after` is not what a page before said.
    """
    at, _, rest = after.partition(" ")
    person, _, number = rest.rpartition(" ")
    rows = questions.owed(conn, (int(at), person, int(number)) if after else None, limit + 1)
    return _page(rows, limit, _unanswered, lambda row: f"{row[0]} {row[1]} {row[2]}")


def _page(rows: Sequence[Any], limit: int, told: Callable[[Any], T], place: Callable[[Any], str]) -> Page[T]:
    """The rows of a page, of which one more was asked for than are shown."""
    shown = rows[:limit]
    return Page(tuple(map(told, shown)), place(shown[-1]) if len(rows) > limit and shown else "")


def _named(said: Mapping[str, str]) -> dict[str, str]:
    return {name: wanted for name, wanted in said.items() if wanted}


def _clock_after(after: str) -> tuple[int, str, str, int] | None:
    if not after:
        return None
    due, person, number, policy = after.split(" ", 3)
    return int(due), person, policy, int(number)


def _one_of(by: str, known: Sequence[str]) -> None:
    if by not in known:
        raise ValueError(f"{by!r} is none of {', '.join(known)}")


def _face(row: Any) -> Face:
    name, key, hubspot, salesforce, pair, email, company, stage, band, since, *rest = row
    persona, source, owner, answer, clock, due_at, seen_at = rest
    return Face(
        ref=codec.ref(key),
        hubspot=codec.ref(hubspot) if hubspot else None,
        salesforce=codec.ref(salesforce) if salesforce else None,
        pair=pair,
        name=name,
        email=email,
        company=company,
        stage=stage or "",
        band=band or "",
        since=_moment(since),
        persona=persona or "",
        source=source or "",
        owner=owner or "",
        answer=answer or "",
        clock=clock or "",
        due_at=_moment(due_at),
        seen_at=codec.moment(seen_at),
    )


def _open(row: Any) -> Open:
    _, person, policy, _, state, owner, team, persona, source, stage, started_at, due_at, name, company = row
    who = (persona or "", source or "", stage or "")
    told = (policy, state, owner or "", team or "", *who, codec.moment(started_at), _moment(due_at))
    return Open(codec.ref(person), name, company, *told)


def _answers(name: str, said: Counter[str], became: Counter[str], reasons: Counter[tuple[str, str]]) -> Answers:
    return Answers(
        name,
        handed=said.total(),
        waiting=said[WAITING] + said[ASKED],
        accepted=said["accepted"],
        rejected=said["rejected"],
        recycled=said["recycled"],
        disqualified=said["disqualified"],
        taken_back=said["taken back"],
        ever_accepted=became[Happened.ACCEPTED.value],
        against_marketing=became[Happened.REJECTED.value],
        expired=became[Happened.EXPIRED.value],
        reasons=tuple((group, reason, number) for (group, reason), number in reasons.most_common()),
    )


def _unanswered(row: Any) -> Unanswered:
    at, person, _, owner, persona, source, answer, name, company = row
    who = (owner or "", persona or "", source or "")
    return Unanswered(codec.ref(person), name, company, codec.moment(at), *who, answer)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else codec.moment(micros)
