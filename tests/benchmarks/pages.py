"""The pages over many people: how long each takes to its first byte, on SQLite and on PostgreSQL.

An installation that has lived through two weeks is filled up straight in its tables: people with stays, clocks and
handoffs, their links and journeys, a long story, issues and runs. Then every page and every read of the API is asked
for over real HTTP, a few times after one that warms up; the middle one counts. 300 ms is the longest a page may take.
"""

from __future__ import annotations

import argparse
import http.client
import logging
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import structlog

from connector.admin.roles import Role
from connector.core import refs
from connector.core.journey import Entry, Ruled, Seen
from connector.core.lifecycle import Mover
from connector.core.plan import Issue, IssueKind
from connector.core.shelved import Card, CycleRow, HandoffRow, PassRow, Rows, Stand
from connector.sandbox.server import Server
from connector.storage import events, issues, journeys, links, runs, shelf
from connector.storage.database import Database, migrate
from connector.storage.events import Event
from connector.storage.links import NewLink
from connector.storage.shelf import Person
from tests.admin.house import COOKIE, House, opened
from tests.admin.past import Past, configure, live_through, new_world
from tests.endurance.postgres import new_database, postgres

LONGEST_MS, TIMES, PORTION = 300, 3, 2_000
EVENTS = 8  # of each person, beside two entries of their journey
STAGES = ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer")
OWNERS = [f"0055f00000000{number:02}AAA" for number in range(30)]
SOURCES = ("PAID_SEARCH", "ORGANIC_SEARCH", "EMAIL_MARKETING", "DIRECT_TRAFFIC", "REFERRALS")
SAID = ("waiting", "accepted", "rejected", "recycled")
FIRST_ID = 9_000_000
SOMEBODY = f"hubspot:contacts:{FIRST_ID + 7}"
LEFT_OUT = ("/static/", "/oidc", "<path:anything>", "/now", "diagram.css", "/drafts/", "/effects/", "/work/")
FILLED = {
    "<ref>": SOMEBODY,
    "<field>": "lastname",
    "<name>": "lifecycle.yaml",
    "<int:number>": "1",
    "<int:run>": "1",
    "<int:version_id>": "1",
}
ASKED = (
    "/admin/people?words=byron",
    "/admin/people?words=nobody-is-called-so",
    "/admin/people?stage=mql&clock=breached",
    f"/admin/people?owner={OWNERS[3]}&words=ada",
    "/admin/sla?state=breached",
    "/admin/sla?by=owner",
    "/admin/feedback?by=campaign",
)


def main() -> None:
    """Fill a store of each kind, measure, and print a table; ends with 1 where a page took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--store", choices=("sqlite", "postgres"), nargs="+", default=["sqlite", "postgres"])
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    slow = 0
    for kind in asked.store:
        with _installed(kind) as past, opened(past) as house:
            began = time.perf_counter()
            fill(house.database, past.now(), asked.people)
            print(f"{kind}: {asked.people:,} people filled in within {time.perf_counter() - began:.0f} s", flush=True)
            slow += sum(told_of(kind, path, house) for path in paths(house))
    raise SystemExit(1 if slow else 0)


@contextmanager
def _installed(kind: str) -> Iterator[Past]:
    """An installation that has lived a while, on a store of a kind."""
    world = new_world()
    now = world.services.clock.now
    with ExitStack() as around:
        folder = Path(around.enter_context(tempfile.TemporaryDirectory()))
        sides = {name: around.enter_context(Server(world.door(name), now)).url for name in ("hubspot", "salesforce")}
        configure(folder, sides)
        past = Past(world, folder)
        if kind == "postgres":
            url = new_database(around.enter_context(postgres()), "pages")
            text = past.config.read_text(encoding="utf-8")
            past.config.write_text(re.sub(r"url: sqlite:\S+", f"url: {url}", text), encoding="utf-8")
        live_through(past)
        yield past


def fill(database: Database, now: datetime, people: int) -> None:
    """Add so many people with all that pages tell of them."""
    migrate(database)
    dice = random.Random(1)  # the same people every time
    for start in range(0, people, PORTION):
        numbers = range(start, min(people, start + PORTION))
        persons = [_person(dice, number, now) for number in numbers]
        with database.begin() as conn:
            shelf.put(conn, {one.ref: (one, one.digest()) for one in persons}, (), now)
            rows = [NewLink(one.pair, one.hubspot, one.salesforce) for one in persons if one.hubspot and one.salesforce]
            links.insert(conn, rows, now)
            journeys.append(conn, [entry for one in persons for entry in _entries(one)])
            events.append(conn, [event for one in persons for event in _events(one, dice, now)])
    with database.begin() as conn:
        asked = [_issue(number) for number in range(people // 50)]
        issues.raise_issues(conn, asked, now, None)
        for number in range(300):
            moment = now - timedelta(hours=number)
            runs.finish(conn, runs.start(conn, "worker", moment, "bench", ""), moment, "done", {"considered": number})
    _analyse(database)


def _analyse(database: Database) -> None:
    """Let the database learn what is in its tables, as it does by itself in time."""
    with closing(database._engine.raw_connection()) as lent:
        lent.cursor().execute("ANALYZE")
        lent.commit()


def _person(dice: random.Random, number: int, now: datetime) -> Person:
    place = min(len(STAGES) - 1, int(dice.expovariate(0.6)))
    came = [now - timedelta(days=dice.uniform(1, 120)) for _ in range(place + 1)]
    came.sort()
    source, owner = dice.choice(SOURCES), dice.choice(OWNERS)
    passes = _passes(came, source)
    sold = place >= STAGES.index("mql")
    cycles = (_cycle(dice, came[-1], owner, source, STAGES[place]),) if sold else ()
    given = (_handoff(dice, came[-1], owner, source),) if sold else ()
    first, last = dice.choice(("Ada", "Bob", "Chen", "Dora")), dice.choice(("Byron", "Lind", "Okoye", "Faro"))
    open_clock = cycles[0] if cycles and cycles[0].ended_at is None else None
    stand = Stand(
        STAGES[place],
        "tofu" if place < STAGES.index("mql") else "mofu",
        came[-1],
        "",
        source,
        owner if sold else "",
        given[0].answer if given else "",
        open_clock.state if open_clock else "",
        open_clock.due_at if open_clock else None,
    )
    return Person(
        refs.hubspot("contacts", str(FIRST_ID + number)),
        refs.salesforce("Lead", f"00Q5g{number:010}AAA"),
        "contacts/Lead",
        Card(f"{first} {last} {number}", f"{first}.{last}.{number}@x.example".lower(), f"{last} {number % 999} Ltd"),
        Rows(stand, passes, cycles, given),
    )


def _passes(came: Sequence[datetime], source: str) -> tuple[PassRow, ...]:
    """Stays in one stage after the other."""
    left = [*zip(came[1:], STAGES[1:], strict=False), (None, "")]
    return tuple(
        PassRow(
            STAGES[step], at, *left[step], "", source, "as shown", "forward" if step else "start", step + 1 < len(came)
        )
        for step, at in enumerate(came)
    )


def _cycle(dice: random.Random, start: datetime, owner: str, source: str, stage: str) -> CycleRow:
    state = dice.choice(("met", "met", "met", "breached", "running", "warned", "breached"))
    due = start + timedelta(hours=8)
    ended = start + timedelta(hours=4) if state == "met" or dice.random() < 0.3 else None
    return CycleRow("first_touch", 0, state, owner, "sales", "", source, stage, start, due, ended, None)


def _handoff(dice: random.Random, at: datetime, owner: str, source: str) -> HandoffRow:
    answer = dice.choice(SAID)
    reason = ("no_budget", "reject") if answer == "rejected" else ("", "")
    outcome = {"accepted": "accepted", "rejected": "rejected"}.get(answer, "")
    campaign = f"campaign {dice.randrange(40)}"
    return HandoffRow(at, owner, "", source, campaign, answer, *reason, at if outcome else None, outcome)


def _entries(one: Person) -> Sequence[Entry]:
    since = one.rows.passes[-1].entered_at
    seen = Entry(one.ref, since, since, Seen({"lifecyclestage": "lead", "hs_analytics_source": one.rows.stand.source}))
    ruled = Ruled(one.rows.stand.stage, Mover.MARKETING, None, evidence="HubSpot shows lifecyclestage", start="")
    return seen, Entry(one.ref, since, since, ruled, "ruled:0")


def _events(one: Person, dice: random.Random, now: datetime) -> Iterator[Event]:
    for number in range(EVENTS):
        change = {"side": "salesforce", "field": "Title", "rule": "jobtitle", "before": f"{number}", "after": "Head"}
        at = now - timedelta(minutes=dice.randrange(1, 100_000))
        yield Event(at, "updated", one.hubspot, one.salesforce, 1, {"changes": [{**change, "because": "edited"}]})


def _issue(number: int) -> Issue:
    ref = refs.hubspot("contacts", str(FIRST_ID + number))
    reason = f"{ref} says a value that Salesforce refuses"
    return Issue(IssueKind.PARKED, (ref,), field="Title", rule="jobtitle", code="STRING_TOO_LONG", reason=reason)


def paths(house: House) -> list[str]:
    """Every page and every read, with something filled in where an address takes it."""
    heap = re.search(r"/admin/queue/([^\"/?]+)", house.client(Role.ADMIN).get("/admin/queue").text)
    filled, found = {**FILLED, "<heap>": heap[1] if heap else "-"}, []
    for rule in house.app.url_map.iter_rules():
        told = rule.rule
        if "GET" in (rule.methods or ()) and not any(part in told for part in LEFT_OUT):
            for place, value in filled.items():
                told = told.replace(place, value)
            found.append(told)
    return sorted(found) + list(ASKED)


def told_of(kind: str, path: str, house: House) -> bool:
    """Print how long a page takes; whether that is too long."""
    key = house.sign_in(Role.ADMIN)
    status, *took = [*(_first_byte(house.url, path, key) for _ in range(TIMES + 1))]
    milliseconds = median(one[1] for one in took)
    slow = milliseconds > LONGEST_MS
    print(f"{kind:<9}{status[0]:>4}{milliseconds:>8.0f} ms{' !' if slow else '  '} {path}", flush=True)
    return slow


def _first_byte(url: str, path: str, key: str) -> tuple[int, float]:
    """What a page is answered with, and after how many milliseconds it begins to be."""
    place = urlsplit(url)
    with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)) as conn:
        began = time.perf_counter()
        conn.request("GET", path, headers={"Cookie": f"{COOKIE}={key}"})
        answer = conn.getresponse()
        answer.read(1)
        took = (time.perf_counter() - began) * 1_000
        answer.read()
        return answer.status, took


if __name__ == "__main__":
    main()
