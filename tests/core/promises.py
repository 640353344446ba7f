"""Short ways to say the policies, the journeys and the clocks of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.core import refs
from connector.core.calendars import BusinessTime, Calendar, Week, Window
from connector.core.definition import Definition
from connector.core.journey import Answered, Channel, Dealt, Entry, Handed, Ruled, Seen, Touched, Verdict, What
from connector.core.lifecycle import Band, Kind, Lifecycle, Mover, Stage
from connector.core.policies import ALL, Scope, judge_all
from connector.core.policy import Book, Edition, Policy, PolicyKind, Span, Target, Unit
from connector.core.situation import Question, Situation
from connector.core.sla import Cycle
from connector.core.values import Kind as FieldKind
from connector.core.walking import in_order, walk

HOUR = timedelta(hours=1)
MQL, SAL, RECYCLED, CUSTOMER = "mql", "sal", "recycled", "customer"
STAGES = {
    "lead": Band.TOFU,
    MQL: Band.MOFU,
    SAL: Band.MOFU,
    CUSTOMER: Band.AFTER,
    RECYCLED: Band.BESIDE,
}
DEFINITION = Definition(
    "1",
    "contacts",
    Lifecycle({id_: Stage(id_, id_.title(), id_, band, "sales") for id_, band in STAGES.items()}, {}, frozenset()),
    {},
)
CONTACT = refs.hubspot("contacts", "33451")
LEAD = refs.salesforce("Lead", "00Q5g00000AbcdeEAB")


def office(start: int = 9, end: int = 17, zone: str = "UTC") -> BusinessTime:
    """Open from Monday to Friday."""
    week = Week(((Window(start * 60, end * 60),),) * 5 + ((), ()))
    return BusinessTime(Calendar("office", zone, (week,)))


OFFICE = office()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026: the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def asks(text: str) -> Question:
    """A question in Python about `s`, a situation; what it says of a moment that is not there is no."""
    code = compile(text, "<question>", "eval")

    def holds(situation: Situation) -> bool:
        try:
            return bool(eval(code, {"s": situation, "value": _value(situation)}))
        except AttributeError:
            return False

    momentary = any(f"s.{word}" in text for word in ("touch", "answer", "deal"))
    named = dict.fromkeys(re.findall(r"value\('(\w+)'\)", text), FieldKind.TEXT)
    words = frozenset(re.findall(r"\bs\.(\w+)", text))
    return Question(text, holds, dict.fromkeys(refs.Side, named), momentary, words)


def _value(situation: Situation):
    return lambda name: next((values[name] for values in situation.fields.values() if name in values), None)


IN_MQL, IN_SAL, TOUCHED = asks("s.stage == 'mql'"), asks("s.stage == 'sal'"), asks("s.touch.human and s.touch.outbound")


def policy(**changes: Any) -> Policy:
    """A first touch within four hours of the office."""
    said: dict[str, Any] = {
        "id": "touch",
        "name": "First touch",
        "kind": PolicyKind.FIRST_TOUCH,
        "team": "sales",
        "start": IN_MQL,
        "stop": TOUCHED,
        "targets": (hours(4),),
        "time": lambda _situation: OFFICE,
    }
    return Policy(**(said | changes))


def hours(amount: int, unit: Unit = Unit.BUSINESS_HOURS, when: Question | None = None) -> Target:
    return Target(Span(amount, unit), when)


def book(*policies: Policy) -> Book:
    return (edition("1", at(1, 0), *policies),)


def edition(version: str, since: datetime, *policies: Policy, open_too: bool = False) -> Edition:
    return Edition(version, since, {one.id: one for one in policies}, open_too)


def entry(moment: datetime, what: What, ref: refs.Ref = CONTACT) -> Entry:
    return Entry(ref, moment, moment, what)


def to(stage: str, moment: datetime, by: Mover = Mover.MARKETING, kind: Kind | None = Kind.FORWARD, **more: Any):
    """Somebody comes to a stage."""
    return entry(moment, Ruled(stage, by, kind, **more))


def seen(moment: datetime, ref: refs.Ref = CONTACT, *, first: bool = False, **fields: str | None):
    return entry(moment, Seen(fields, first), ref)


def call(moment: datetime, by: str = "ada", *, human: bool = True, outbound: bool = True):
    return entry(moment, Touched(Channel.CALL, outbound, human, by), LEAD)


def answer(moment: datetime, verdict: Verdict = Verdict.REJECT, reason: str = "timing", by: str = "ada"):
    return entry(moment, Answered(verdict, reason, by=by), LEAD)


def handed(moment: datetime, owner: str, policy: str = ""):
    return entry(moment, Handed(owner, "round robin", policy=policy), LEAD)


def deal(moment: datetime, *, won: bool, amount: str | None = None, name: str = "d1"):
    return entry(moment, Dealt(name, "closed", closed=True, won=won, amount=amount))


def judged(
    agreed: Book | Policy, entries: Iterable[Entry], now: datetime, scope: Scope = ALL
) -> dict[str, tuple[Cycle, ...]]:
    """Every cycle of a journey that is told in any order."""
    editions = book(agreed) if isinstance(agreed, Policy) else agreed
    return judge_all(editions, walk(DEFINITION, in_order(entries)), now, scope)


def only(agreed: Book | Policy, entries: Iterable[Entry], now: datetime, scope: Scope = ALL) -> Cycle:
    """The one cycle there is."""
    ((cycle,),) = judged(agreed, entries, now, scope).values()
    return cycle
