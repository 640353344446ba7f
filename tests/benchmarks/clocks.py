"""SLA clocks: judging open ones, recomputing them from journeys, deadlines across holidays and shifts of the clocks.

Journeys are made lazily, one at a time, as they come out of the store, so peak memory shows what recomputing keeps.
Every figure stands beside its share of the first in the same run: rates differ between machines, ratios hardly do.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import process_time

from connector.config.questions import question
from connector.core import refs
from connector.core.calendars import BusinessTime, Calendar, Week, Window
from connector.core.clocks import judge
from connector.core.definition import Definition
from connector.core.journey import Answered, Channel, Entry, Handed, Ruled, Seen, Touched, Verdict, What
from connector.core.lifecycle import Band, Kind, Lifecycle, Mover, Stage
from connector.core.policies import Scope, judge_all, turns
from connector.core.policy import Edition, Policy, PolicyKind, Span, Target, Unit
from connector.core.policy import Warning as Warned
from connector.core.situation import Question
from connector.core.sla import ReEntry, Sort, Terms, Turn
from connector.core.values import Kind as FieldKind
from connector.core.walking import in_order, walk

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday, before both sides of the Atlantic change their clocks
YEAR_MINUTES = 365 * 24 * 60
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
HOLIDAYS = ((1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (7, 4), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25), (12, 26))
WINDOWS = (Window(9 * 60, 12 * 60), Window(13 * 60, 18 * 60))
KINDS = {side: dict.fromkeys(("Status", "country", "lead_status"), FieldKind.TEXT) for side in refs.Side}
SEED = 20261123
DAYS_OPEN = 3 * 24 * 60


@dataclass(frozen=True)
class Measured:
    """How many of what took so many seconds of one core, and the peak of memory until then."""

    name: str
    count: int
    cpu_s: float
    peak_mib: float


def main() -> None:
    """Measure everything, and print it as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    asked = parser.parse_args()
    print(f"{'phase':<58}{'count':>10}{'cpu s':>8}{'a second':>11}{'us each':>9}{'ratio':>7}{'MiB':>6}")
    bare = 0.0
    for one in phases(asked.clocks):
        each = one.cpu_s / one.count * 1e6
        bare = bare or each
        rate = one.count / one.cpu_s
        print(
            f"{one.name:<58}{one.count:>10}{one.cpu_s:>8.1f}{rate:>11.0f}{each:>9.2f}{each / bare:>7.2f}"
            f"{one.peak_mib:>6.0f}",
            flush=True,
        )


def phases(clocks: int) -> Iterator[Measured]:
    """All that is measured."""
    offices = [office(zone) for zone in ZONES]
    book = (Edition("1", BEGIN, {one.id: one for one in policies(offices)}),)
    now = BEGIN + 365 * DAY
    yield measured("judge open clocks", clocks, lambda: judge_open(offices, clocks, now))
    yield measured(
        "judge open clocks that were paused and handed on", clocks, lambda: judge_open(offices, clocks, now, busy=True)
    )
    people = clocks // 2
    made = measured("make journeys (for comparison)", people, lambda: sum(1 for _ in journeys(people)))
    yield made
    yield measured("make and walk journeys (for comparison)", people, lambda: walked(people))
    yield measured("make, walk, find turns: two clocks a journey", clocks, lambda: turned(book, people))
    whole = measured("make and recompute journeys: two clocks a journey", clocks, lambda: recomputed(book, people, now))
    yield whole
    yield Measured("recompute, less the making of the journeys", clocks, whole.cpu_s - made.cpu_s, whole.peak_mib)
    yield measured("deadlines across holidays and shifts of the clocks", clocks, lambda: deadlines(offices, clocks))
    yield measured("business time between two moments", clocks, lambda: measures(offices, clocks))


def measured(name: str, count: int, work: Callable[[], int]) -> Measured:
    """Do it once; what it says it did must be what was asked for."""
    begin = process_time()
    done = work()
    taken = process_time() - begin
    assert done == count, f"{name}: {done} instead of {count}"
    return Measured(name, count, taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def office(zone: str) -> BusinessTime:
    """An office with a break at noon and a dozen holidays a year."""
    dates: dict[date, tuple[Window, ...]] = {
        date(year, month, day): () for year in range(2025, 2029) for month, day in HOLIDAYS
    }
    return BusinessTime(Calendar(zone, zone, (Week((WINDOWS,) * 5 + ((), ())),), dates))


def ask(text: str) -> Question:
    """A question in CEL, as sla.yaml asks it."""
    compiled = question(text, KINDS)
    assert isinstance(compiled, Question), compiled
    return compiled


def policies(offices: list[BusinessTime]) -> list[Policy]:
    """A first touch and an answer, as the shipped sla.yaml promises them."""
    by_country = {"FR": offices[0], "US": offices[1], "IN": offices[2], "AU": offices[3]}
    large = ask("hubspot.country == 'US'")

    def time(situation: object) -> BusinessTime:
        country = situation.fields[refs.Side.HUBSPOT]["country"]  # type: ignore[attr-defined]
        return by_country[country]

    touch = Policy(
        "first_touch",
        "First touch",
        PolicyKind.FIRST_TOUCH,
        "sales",
        start=ask("stage == 'mql'"),
        stop=ask("touch.outbound && touch.human"),
        cancel=ask("stage == 'customer' || stage == 'disqualified'"),
        pause=ask("salesforce.Status == 'Waiting'"),
        targets=(Target(Span(2, Unit.BUSINESS_HOURS), large), Target(Span(4, Unit.BUSINESS_HOURS))),
        time=time,
        warnings=(Warned(percent=75),),
    )
    answer = Policy(
        "answer",
        "Answer",
        PolicyKind.DISPOSITION,
        "sales",
        start=ask("stage == 'mql'"),
        stop=ask("answer.verdict != '' || stage == 'sal'"),
        cancel=ask("stage == 'customer'"),
        targets=(Target(Span(2, Unit.BUSINESS_DAYS)),),
        time=time,
        warnings=(Warned(percent=50), Warned(before=Span(2, Unit.BUSINESS_HOURS))),
        re_entry=ReEntry.NEW_CYCLE,
    )
    return [touch, answer]


def judge_open(offices: list[BusinessTime], clocks: int, now: datetime, *, busy: bool = False) -> int:
    """Judge clocks that started at any minute of the last three days: running, warned of, and late."""
    dice = Random(SEED)
    terms = [Terms("p", "1", 4 * HOUR, time, (HOUR,)) for time in offices]
    count = 0
    for number in range(clocks):
        start = now - MINUTE * dice.randrange(DAYS_OPEN)
        made = [Turn(Sort.START, start, terms[number % 4], "ada")]
        if busy:
            made += [Turn(Sort.PAUSE, start + HOUR), Turn(Sort.RESUME, start + 30 * HOUR)]
            made.append(Turn(Sort.REASSIGN, start + 31 * HOUR, owner="bob"))
        count += len(judge(made, now))
    return count


STAGES = ("lead", "mql", "sal", "customer", "disqualified")
DEFINITION = Definition(
    "1",
    "contacts",
    Lifecycle({one: Stage(one, one, one, Band.MOFU, "sales") for one in STAGES}, {}, frozenset()),
    {},
)


def journeys(people: int) -> Iterator[list[Entry]]:
    """Journeys of eight to ten entries, as the store gives them, one at a time."""
    dice = Random(SEED)
    for number in range(people):
        contact, lead = (
            refs.Ref(refs.Side.HUBSPOT, "contacts", str(number)),
            refs.Ref(refs.Side.SALESFORCE, "Lead", str(number)),
        )
        at = BEGIN + MINUTE * dice.randrange(YEAR_MINUTES)
        later = [at + MINUTE * dice.randrange(2, 2_000) for _ in range(5)]
        late = max(later)
        story: list[tuple[datetime, refs.Ref, What]] = [
            (at, contact, Seen({"country": dice.choice(("FR", "US", "IN", "AU")), "lead_status": "NEW"})),
            (at, contact, Ruled("lead", Mover.MARKETING, None)),
            (at + MINUTE, contact, Ruled("mql", Mover.AUTOMATIC, Kind.FORWARD)),
            (at + MINUTE, lead, Handed("0055g000001", "round robin")),
            (later[0], lead, Seen({"OwnerId": "0055g000001", "Status": "Open"})),
            (later[1], lead, Touched(Channel.EMAIL, outbound=True, human=False)),
            (later[2], contact, Seen({"lead_status": "CONNECTED"})),
            (later[3], lead, Touched(Channel.CALL, outbound=True, human=True, by="ada")),
        ]
        if number % 3:
            story.append((later[4], lead, Seen({"Status": "Waiting"})))
            story.append((late + HOUR, lead, Seen({"Status": "Working"})))
        if number % 2:
            story.append((late + 3 * HOUR, lead, Answered(Verdict.ACCEPT, by="ada")))
            story.append((late + 3 * HOUR, lead, Ruled("sal", Mover.SALES, Kind.FORWARD)))
        yield [Entry(ref, when, when, what, id=place) for place, (when, ref, what) in enumerate(story, start=1)]


def walked(people: int) -> int:
    """Walk journeys without looking for anything."""
    return sum(sum(1 for _ in walk(DEFINITION, in_order(entries))) > 0 for entries in journeys(people))


def turned(book: tuple[Edition, ...], people: int) -> int:
    """Turns of every policy, not judged."""
    scope = Scope()
    return sum(len(turns(book, walk(DEFINITION, in_order(entries)), scope)) for entries in journeys(people))


def recomputed(book: tuple[Edition, ...], people: int, now: datetime) -> int:
    """Everything, from what is stored to verdicts."""
    scope = Scope()
    count = 0
    for entries in journeys(people):
        cycles = judge_all(book, walk(DEFINITION, in_order(entries)), now, scope)
        count += sum(map(len, cycles.values()))
    return count


def deadlines(offices: list[BusinessTime], count: int) -> int:
    """A deadline of one to forty hours from any minute of the year."""
    dice = Random(SEED)
    return sum(
        offices[number % 4].add(BEGIN + MINUTE * dice.randrange(YEAR_MINUTES), MINUTE * dice.randrange(60, 2_400))
        > BEGIN
        for number in range(count)
    )


def measures(offices: list[BusinessTime], count: int) -> int:
    """Business time from any minute of the year until its end."""
    dice, end = Random(SEED), BEGIN + 366 * DAY
    return sum(
        offices[number % 4].measure(BEGIN + MINUTE * dice.randrange(YEAR_MINUTES), end) > timedelta()
        for number in range(count)
    )


if __name__ == "__main__":
    main()
