"""The story `scripts/demo` tells: every step is a command a stranger could type; this file only types them.

It starts the sandbox as a process of its own, writes an installation into demo/ (thrown away and made anew each time),
and lets reps and marketers do their work through the sandbox's own door. The bridge goes by the sandbox's clock, so
that days can pass in a moment: see demo_smarketing.py. demo_lead.py tells the main part.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import demo_lead
import demo_pages
from demo_props import PLACE, Demo, chat_room, edit, sandbox, say, title

NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser(description="Shows the bridge at work on sandboxes of both CRMs.")
    parser.add_argument("--exit", action="store_true", help="end with the summary instead of staying up")
    parser.add_argument("--people", type=int, default=2000, help="size of the population (default: 2000)")
    asked = parser.parse_args()
    try:
        with chat_room() as (address, room), sandbox(asked.people) as urls:
            demo = Demo(urls, address, room)
            runs = tell(demo, asked.people)
            with demo_pages.pages(demo) as pages:
                demo_pages.tell(pages)
                summary(demo, runs)
                if not asked.exit:
                    stay(demo, pages)
    except KeyboardInterrupt:
        print("\nStopped.")


def tell(demo: Demo, people: int) -> dict[int, dict[str, Any]]:
    """The story, scene by scene; the first runs, by number."""
    monday = next_monday(demo.now())
    demo.wait_until(monday + timedelta(hours=8, minutes=50))

    title("1  An installation, and what both teams agreed on")
    sorts = ", ".join(f"{number} {sort.replace('_', ' ')}" for sort, number in demo.urls["population"]["sorts"].items())
    say(f"Two CRMs with {people} people between them are up: {demo.urls['hubspot']} and {demo.urls['salesforce']}.")
    say(f"They are of every sort: {sorts}.")
    say("Their clock says Monday morning. Whenever the story says so, time passes for both CRMs and the bridge.")
    configure(demo)
    demo.run("check", first=3)

    title("2  The plan: exactly what would be written, and nothing is")
    demo.run("plan", "--limit", "2", "--out", "plan.jsonl")

    title("3  The plan is carried out")
    demo.run("apply", "plan.jsonl")

    title("4  A rep and a marketer edit the same field of the same person")
    hero = people_at_work(demo)
    demo.run("sync")
    demo.run("why", hero["email"], "job_title")

    runs = {one["id"]: one for one in status(demo)["runs"]}
    demo_lead.tell(demo, monday)

    title("11  Where things stand")
    demo.run("status", "--limit", "2")
    return runs


def next_monday(now: datetime) -> datetime:
    """Midnight of the next Monday whose morning lies ahead."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight + timedelta(days=-now.weekday() % 7)
    return monday if monday + timedelta(hours=8) > now else monday + timedelta(days=7)


def configure(demo: Demo) -> None:
    """`smarketing init`, and the lines an admin edits before the first run."""
    demo.run("init", ".", first=1)
    edit(
        PLACE / "config.yaml",
        ("base_url: https://api.hubapi.com", f"base_url: {demo.urls['hubspot']}"),
        ("#base_url: https://acme.my.salesforce.com", f"base_url: {demo.urls['salesforce']}"),
        ("client_id: 3MVG9...", "client_id: sandbox-consumer-key"),
        ("  port: 8080", "  port: 0"),  # whichever is free
    )
    demo_lead.agree(PLACE)
    demo.run("lifecycle", "show", first=17)


def people_at_work(demo: Demo) -> dict[str, Any]:
    """Edits on both sides, one of them in the same field of the same person; returns that person."""
    wanted = {"propertyName": "salesforce_record_id", "operator": "HAS_PROPERTY"}
    demo.wait_for_search()
    linked = demo.search_contacts(wanted, ("email", "salesforce_record_id", "jobtitle"))
    hero, *others = [one for one in linked if one["email"] and one["salesforce_record_id"].startswith("00Q")][:41]
    marketer(demo, hero, {"jobtitle": "Chief Marketing Officer"})
    demo.advance(timedelta(seconds=2))  # times are compared to the second
    rep(demo, hero, {"Title": "Chief Revenue Officer", "Phone": "+1 415 555 0199"})
    say(f"{hero['email']}: the marketer writes Chief Marketing Officer, the rep a moment later Chief Revenue Officer.")
    for number, person in enumerate(others):
        if number % 2:
            marketer(demo, person, {"city": "Lisbon"})
        else:
            rep(demo, person, {"Title": "Head of Growth"})
    say("Twenty other people get a new city from marketing, twenty a new title from their rep.")
    demo.wait_for_search()
    return hero


def marketer(demo: Demo, person: dict[str, Any], properties: dict[str, str]) -> None:
    """A marketer edits a contact in HubSpot."""
    demo.act("hubspot", "edit", object="contacts", id=person["id"], properties=properties)


def rep(demo: Demo, person: dict[str, Any], values: dict[str, str]) -> None:
    """A rep edits a Lead in Salesforce."""
    demo.act("salesforce", "edit", id=person["salesforce_record_id"], values=values)


def status(demo: Demo) -> dict[str, Any]:
    """What the bridge says of itself; it tells its latest runs only."""
    found: dict[str, Any] = json.loads(demo.run("status", "--json", quiet=True))
    return found


def summary(demo: Demo, runs: dict[int, dict[str, Any]]) -> None:
    """What a manager wants to know, from the bridge's own figures and the sandbox's count of calls."""
    now = status(demo)
    totals: dict[str, int] = {}
    for one in (runs | {one["id"]: one for one in now["runs"]}).values():
        if one["kind"] != "plan":
            for key, number in one["counts"].items():
                totals[key] = totals.get(key, 0) + (number if isinstance(number, int) else 0)
    waiting = now["issues"]
    lines = [
        ("Matched with their counterpart", totals.get("linked", 0)),
        ("Created in HubSpot", totals.get("created_hubspot", 0)),
        ("Created in Salesforce", totals.get("created_salesforce", 0)),
        ("Updated in HubSpot", totals.get("updated_hubspot", 0)),
        ("Updated in Salesforce", totals.get("updated_salesforce", 0)),
        ("In step now", now["links"]),
        ("Waiting for a person: two people could be meant", waiting.get("ambiguous", 0)),
        ("Waiting for a person: a value was refused, with its reason", waiting.get("parked", 0)),
    ]
    counters = demo.admin("GET", "/counters")
    lines += [(f"API calls, {name}", counters[side]["calls"]) for side, name in NAMES.items()]
    title("In short")
    for words, number in lines:
        print(f"  {words:<62}{number:>8,}")
    print()


def stay(demo: Demo, pages: str) -> None:
    """Keep the sandbox, the pages and the syncing up until somebody stops them."""
    place = PLACE.relative_to(Path.cwd()) if PLACE.is_relative_to(Path.cwd()) else PLACE
    print("The sandbox stays up, and the bridge syncs every 30 seconds. Play with it:")
    print(f"  {pages}/admin/    # the pages: sign in as {demo_pages.NAME}, password: {demo_pages.PASSWORD}")
    print(f"  cd {place} && ./smarketing --help        # the command, on the demo's clock")
    print(f"  edit people and let time pass through {demo.urls['hubspot']}/_sandbox/")
    print("Ctrl-C stops everything.")
    while True:
        time.sleep(30)
        demo.run("sync")
        demo.read_aloud()


if __name__ == "__main__":
    main()
