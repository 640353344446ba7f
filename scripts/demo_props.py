"""What the demo's scenes need: the sandbox, the command line, a clock to turn, a chat room, and a look at both screens.

Everything goes through doors that a stranger has too: the `smarketing` command, files, and the sandbox's own API.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "demo"
SECRETS = {"HUBSPOT_TOKEN": "sandbox-hubspot-token", "SALESFORCE_CLIENT_SECRET": "sandbox-consumer-secret"}
FINE, NEEDS_A_PERSON = 0, 3
LABEL, CELL = 13, 38  # columns of the table that shows both screens


class Demo:
    """Both CRMs, the installation in demo/, and the chat room of the sales team.

    Attributes:
        urls: what the sandbox said when it was up: an address by side, and its `population`.
        room: what the chat room was sent and nobody has read aloud yet.
    """

    def __init__(self, urls: Mapping[str, Any], chat: str, room: list[Mapping[str, Any]]) -> None:
        self.urls = urls
        self.room = room
        self._environment = {**os.environ, **SECRETS, "SALES_CHAT_URL": chat}
        self._command = [sys.executable, str(ROOT / "scripts" / "demo_smarketing.py"), urls["hubspot"]]
        script = PLACE / "smarketing"
        exports = "".join(f"export {name}='{value}'\n" for name, value in (*SECRETS.items(), ("SALES_CHAT_URL", chat)))
        command = " ".join(f"'{one}'" for one in self._command)
        script.write_text(f'#!/bin/sh\n# The command, on the demo\'s clock.\n{exports}exec {command} "$@"\n')
        script.chmod(0o755)

    def run(self, *arguments: str, quiet: bool = False, first: int = 0) -> str:
        """Type a command, showing it; ends the story when it fails.

        Args:
            arguments: what is typed.
            quiet: neither the command nor what it prints is shown, but returned.
            first: only so many lines are shown, and how many more there were.
        """
        if not quiet:
            print(f"\n$ smarketing {' '.join(arguments)}", flush=True)
        done = subprocess.run(  # noqa: S603  # our own command, with arguments written in these files
            [*self._command, *arguments],
            cwd=PLACE,
            env=self._environment,
            stdout=subprocess.PIPE if quiet or first else None,
            stderr=subprocess.STDOUT if first else None,
            text=True,
            check=False,
        )
        if done.returncode not in (FINE, NEEDS_A_PERSON):
            raise SystemExit(f"smarketing {arguments[0]} ended with {done.returncode}")
        if first and not quiet:
            lines = done.stdout.splitlines()
            print("\n".join((*lines[:first], f"  ... and {len(lines) - first} more lines")), flush=True)
        return done.stdout or ""

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Type a command that goes on beside the story; what it says is in its `stderr`."""
        return subprocess.Popen(  # noqa: S603  # as above
            [*self._command, *arguments],
            cwd=PLACE,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    # the sandbox

    def admin(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the sandbox's own door."""
        answer = requests.request(method, f"{self.urls['hubspot']}/_sandbox{path}", json=body, timeout=60)
        if not answer.ok:
            raise SystemExit(f"the sandbox refused {method} {path}: {answer.text}")
        return answer.json()

    def act(self, side: str, doing: str, **arguments: Any) -> dict[str, Any]:
        """Somebody does something on a side's screens."""
        found: dict[str, Any] = self.admin("POST", f"/{side}/do/{doing}", arguments)
        return found

    def now(self) -> datetime:
        """The time on everybody's clock."""
        return datetime.fromisoformat(self.admin("GET", "/clock")["now"])

    def advance(self, time: timedelta) -> None:
        """Let time pass, for both CRMs and the bridge."""
        self.admin("POST", "/clock/advance", {"seconds": max(time.total_seconds(), 0)})

    def wait_until(self, moment: datetime) -> None:
        """Let time pass until then."""
        self.advance(moment - self.now())

    def wait_for_search(self) -> None:
        """Let HubSpot's search catch up, which lags by design."""
        self.advance(timedelta(seconds=15))

    def search_contacts(self, wanted: Mapping[str, str], properties: Sequence[str]) -> list[dict[str, Any]]:
        """HubSpot contacts as its own search finds them: id and properties."""
        body = {"filterGroups": [{"filters": [dict(wanted)]}], "properties": list(properties), "limit": 200}
        found = self._hubspot("POST", "/crm/v3/objects/contacts/search", body)["results"]
        return [{"id": one["id"], **one["properties"]} for one in found]

    def _hubspot(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {SECRETS['HUBSPOT_TOKEN']}"}
        answer = requests.request(method, self.urls["hubspot"] + path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def contact(self, number: str) -> dict[str, Any]:
        """A contact as HubSpot shows it."""
        found: dict[str, Any] = self.admin("GET", f"/hubspot/records/contacts/{number}")["properties"]
        return found

    def lead(self, number: str) -> dict[str, Any]:
        """A Lead as Salesforce shows it."""
        found: dict[str, Any] = self.admin("GET", f"/salesforce/records/Lead/{number}")
        return found

    def user(self, number: str) -> str:
        """A Salesforce user's name."""
        return str(self.admin("GET", f"/salesforce/records/User/{number}")["Name"])

    def owner(self, number: str) -> str:
        """A HubSpot owner's name."""
        shown = self._hubspot("GET", f"/crm/v3/owners/{number}")
        return f"{shown['firstName']} {shown['lastName']}"

    def tasks(self, lead: str) -> list[str]:
        """The open Tasks that hang on a Lead, each with whose it is."""
        asked = f"SELECT Subject, OwnerId FROM Task WHERE WhoId = '{lead}' AND IsClosed = false"  # noqa: S608  # its own id
        signed = {"grant_type": "client_credentials", "client_id": "sandbox-consumer-key"}
        secret = {"client_secret": SECRETS["SALESFORCE_CLIENT_SECRET"]}
        org = self.urls["salesforce"]
        token = requests.post(f"{org}/services/oauth2/token", data={**signed, **secret}, timeout=30).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        found = requests.get(f"{org}/services/data/v67.0/query", params={"q": asked}, headers=headers, timeout=30)
        found.raise_for_status()
        return [f"{one['Subject']} ({self.user(one['OwnerId'])})" for one in found.json()["records"]]

    # the chat room

    def read_aloud(self) -> None:
        """Print what the sales team's chat room was sent."""
        for message in self.room:
            say(f"  [chat room] {message['title']}")
            for line in str(message["message"]).splitlines():
                say(f"              {line}")
        self.room.clear()


@contextmanager
def chat_room() -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """A chat room as Apprise knows them (json://), and what it was sent."""
    sent: list[Mapping[str, Any]] = []

    class Room(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Room)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/", sent
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def sandbox(people: int) -> Iterator[dict[str, Any]]:
    """The sandbox in its own process, once both sides answer; demo/ is emptied."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    command = [sys.executable, "-m", "connector.sandbox", "--people", str(people)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603  # our own module
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise SystemExit("the sandbox did not start; see above")
            yield json.loads(line)
        finally:
            process.terminate()
            process.wait(timeout=15)


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Edit a file of the installation as an admin does: line for line, comments stay."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        if text.count(old) != 1:
            raise SystemExit(f"{path.name} has {text.count(old)} lines {old!r}, and the demo edits one")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def both_screens(name: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """What a marketer and a rep see of somebody, side by side; a row that is blank on both screens is left out."""
    print(f"\n{bold(name)}")
    print(f"  {'':<{LABEL}}{bold('HubSpot'.ljust(CELL))}  {bold('Salesforce')}")
    for label, *cells in rows:
        if any(cells):
            columns = [_lines(cell) for cell in cells]
            for number in range(max(map(len, columns))):
                left, right = (column[number] if number < len(column) else "" for column in columns)
                print(f"  {'' if number else label:<{LABEL}}{left:<{CELL}}  {right}".rstrip())
    print(flush=True)


def _lines(text: str) -> list[str]:
    return [line for part in text.splitlines() for line in textwrap.wrap(part, CELL) or [""]]


def bold(words: str) -> str:
    """Words that stand out on a screen."""
    return f"\033[1m{words}\033[0m" if sys.stdout.isatty() else words


def title(words: str) -> None:
    """A scene begins."""
    print(f"\n{bold(words)}" if sys.stdout.isatty() else f"\n== {words}", flush=True)


def say(words: str) -> None:
    """Somebody explains."""
    print(words, flush=True)
