"""The story `scripts/demo` tells: every step is a command a stranger could type; this file only types them.

It starts the sandbox as a process of its own, writes an installation into demo/ (thrown away and made anew each time),
and lets a rep and a marketer do their work through the sandbox's own door. Standard library and requests only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "demo"
SMARKETING = Path(sys.executable).parent / "smarketing"
SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}
FINE, NEEDS_A_PERSON = 0, 3


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser(description="Shows the bridge at work on sandboxes of both CRMs.")
    parser.add_argument("--exit", action="store_true", help="end with the summary instead of staying up")
    parser.add_argument("--people", type=int, default=2000, help="size of the population (default: 2000)")
    asked = parser.parse_args()
    sandbox, urls = start_sandbox(asked.people)
    try:
        tell(urls, asked.people)
        if not asked.exit:
            stay(urls)
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        sandbox.terminate()
        sandbox.wait(timeout=15)


def tell(urls: dict[str, Any], people: int) -> None:
    """The story, scene by scene."""
    title("1  An installation")
    sorts = ", ".join(f"{number} {sort.replace('_', ' ')}" for sort, number in urls["population"]["sorts"].items())
    say(f"Two CRMs with {people} people between them are up: {urls['hubspot']} and {urls['salesforce']}.")
    say(f"They are of every sort: {sorts}.")
    configure(urls)
    run("check")

    title("2  The plan: exactly what would be written, and nothing is")
    run("plan", "--out", "plan.jsonl")

    title("3  The plan is carried out")
    run("apply", "plan.jsonl")

    title("4  A rep and a marketer go on working")
    hero = people_at_work(urls)

    title("5  What changed is brought over")
    wait_for_search(urls)
    run("sync")

    title("6  One person's story")
    run("show", hero["email"])
    run("why", hero["email"], "job_title")

    title("7  Where things stand")
    run("status", "--limit", "5")
    summary(urls)


def summary(urls: dict[str, Any]) -> None:
    """What a manager wants to know, from the bridge's own figures and the sandbox's count of calls."""
    status = json.loads(run("status", "--json", quiet=True))
    totals: dict[str, int] = {}
    for one in status["runs"]:
        if one["kind"] != "plan":
            for key, number in one["counts"].items():
                totals[key] = totals.get(key, 0) + (number if isinstance(number, int) else 0)
    open_now = status["issues"]
    lines = [
        ("Matched with their counterpart", totals.get("linked", 0)),
        ("Created in HubSpot", totals.get("created_hubspot", 0)),
        ("Created in Salesforce", totals.get("created_salesforce", 0)),
        ("Updated in HubSpot", totals.get("updated_hubspot", 0)),
        ("Updated in Salesforce", totals.get("updated_salesforce", 0)),
        (
            "Left alone (nothing to do, or no rule asks for it)",
            totals.get("left_alone", 0) + totals.get("unchanged", 0),
        ),
        ("In step now", status["links"]),
        ("Waiting for a person: both sides edited a field", open_now.get("conflict", 0)),
        ("Waiting for a person: two people could be meant", open_now.get("ambiguous", 0)),
        ("Waiting for a person: a value was refused, with its reason", open_now.get("parked", 0)),
    ]
    counters = admin(urls, "GET", "/counters")
    lines += [(f"API calls, {name}", counters[side]["calls"]) for side, name in NAMES.items()]
    title("In short")
    for words, number in lines:
        print(f"  {words:<62}{number:>8}")
    print()


NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}


def people_at_work(urls: dict[str, Any]) -> dict[str, Any]:
    """Edits on both sides, one of them in the same field of the same person; returns that person."""
    people = linked_people(urls)
    hero, *others = people
    marketer(urls, hero, {"jobtitle": "Chief Marketing Officer"})
    time.sleep(1.1)  # times are compared to the second
    rep(urls, hero, {"Title": "Chief Revenue Officer", "Phone": "+1 415 555 0199"})
    say(f"{hero['email']}: the marketer writes Chief Marketing Officer, a second later the rep Chief Revenue Officer.")
    for number, person in enumerate(others[:40]):
        if number % 2:
            marketer(urls, person, {"city": "Lisbon"})
        else:
            rep(urls, person, {"Title": "Head of Growth"})
    say("Twenty other people get a new city from marketing, twenty a new title from their rep.")
    return hero


def linked_people(urls: dict[str, Any]) -> list[dict[str, Any]]:
    """Some HubSpot contacts that have a Lead in Salesforce by now."""
    body = {
        "filterGroups": [{"filters": [{"propertyName": "salesforce_record_id", "operator": "HAS_PROPERTY"}]}],
        "properties": ["email", "salesforce_record_id", "jobtitle"],
        "limit": 200,
    }
    headers = {"Authorization": f"Bearer {SECRETS['HUBSPOT_TOKEN']}"}
    wait_for_search(urls)
    found = requests.post(f"{urls['hubspot']}/crm/v3/objects/contacts/search", json=body, headers=headers, timeout=30)
    found.raise_for_status()
    people = [{"id": one["id"], **one["properties"]} for one in found.json()["results"]]
    return [one for one in people if one["email"] and one["salesforce_record_id"].startswith("00Q")][:41]


def marketer(urls: dict[str, Any], person: dict[str, Any], properties: dict[str, str]) -> None:
    """A marketer edits a contact in HubSpot."""
    admin(urls, "POST", "/hubspot/do/edit", {"object": "contacts", "id": person["id"], "properties": properties})


def rep(urls: dict[str, Any], person: dict[str, Any], values: dict[str, str]) -> None:
    """A rep edits a Lead in Salesforce."""
    admin(urls, "POST", "/salesforce/do/edit", {"id": person["salesforce_record_id"], "values": values})


def wait_for_search(urls: dict[str, Any]) -> None:
    """Let HubSpot's search catch up (it lags by design); the sandbox's clock passes the time for us."""
    admin(urls, "POST", "/clock/advance", {"seconds": 15})


def configure(urls: dict[str, Any]) -> None:
    """`smarketing init`, and the three lines of config.yaml that point it at the sandbox."""
    run("init", ".", config=False)
    config = PLACE / "config.yaml"
    text = config.read_text(encoding="utf-8")
    for old, new in (
        ("base_url: https://api.hubapi.com", f"base_url: {urls['hubspot']}"),
        ("#base_url: https://acme.my.salesforce.com", f"base_url: {urls['salesforce']}"),
        ("client_id: 3MVG9...", "client_id: sandbox-consumer-key"),
    ):
        if old not in text:
            raise SystemExit(f"config.yaml has no line {old!r} any more")
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8")


def run(*arguments: str, quiet: bool = False, config: bool = True) -> str:
    """Type a command, showing it; ends the story when it fails."""
    if not quiet:
        print(f"\n$ smarketing {' '.join(arguments)}", flush=True)
    options = ["--config", "config.yaml"] if config else []
    done = subprocess.run(  # noqa: S603  # our own command, with arguments written in this file
        [SMARKETING, *arguments, *options],
        cwd=PLACE,
        env={**os.environ, **SECRETS},
        stdout=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )
    if done.returncode not in (FINE, NEEDS_A_PERSON):
        raise SystemExit(f"smarketing {arguments[0]} ended with {done.returncode}")
    return done.stdout or ""


def start_sandbox(people: int) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """The sandbox in its own process, once both sides answer."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    command = [sys.executable, "-m", "connector.sandbox", "--people", str(people)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603  # our own module
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("the sandbox did not start; see above")
    return process, json.loads(line)


def stay(urls: dict[str, Any]) -> None:
    """Keep the sandbox and the service up until somebody stops them."""
    print("The sandbox stays up, and the bridge syncs every 30 seconds. Play with it:")
    print(f"  cd {PLACE.relative_to(Path.cwd()) if PLACE.is_relative_to(Path.cwd()) else PLACE}")
    print("  export " + " ".join(f"{name}={value}" for name, value in SECRETS.items()))
    print(f"  {SMARKETING} show SOMEBODY@... ; edit people through {urls['hubspot']}/_sandbox/")
    print("Ctrl-C stops everything.")
    while True:
        time.sleep(30)
        run("sync")


def admin(urls: dict[str, Any], method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the sandbox's own door."""
    answer = requests.request(method, f"{urls['hubspot']}/_sandbox{path}", json=body, timeout=60)
    if not answer.ok:
        raise SystemExit(f"the sandbox refused {method} {path}: {answer.text}")
    return answer.json()


def title(words: str) -> None:
    """A scene begins."""
    print(f"\n\033[1m{words}\033[0m" if sys.stdout.isatty() else f"\n== {words}", flush=True)


def say(words: str) -> None:
    """Somebody explains."""
    print(words, flush=True)


if __name__ == "__main__":
    main()
