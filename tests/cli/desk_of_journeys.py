"""What the tests of lifecycle, sla, feedback and objectives sit at: a store with journeys made by hand, and no CRM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from connector.cli import main
from connector.config.init import write_starter
from connector.core import refs
from connector.core.journey import Answered, Channel, Entry, Handed, Ruled, Seen, Touched, Verdict, What
from connector.core.lifecycle import Kind, Mover
from connector.core.refs import Ref
from connector.storage import editions, journeys
from connector.storage.database import Database, migrate, open_database
from tests.cli.desk import SECRETS, Said

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)  # the shipped office is open from 9 to 17 UTC
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNE, BOB = "0055g00000AnneXEAZ", "0055g00000BobXXEAZ"
MQL, LEAD = "marketingqualifiedlead", "lead"


@dataclass
class Archive:
    """A folder with the shipped files, and its store."""

    folder: Path
    database: Database

    def run(self, *arguments: str) -> Said:
        """Type a command."""
        config = ["--config", str(self.folder / "config.yaml")]
        result = CliRunner().invoke(main, [*arguments, *config], env=dict(SECRETS), catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    def data(self, *arguments: str) -> Any:
        """What a command says as JSON."""
        said = self.run(*arguments, "--json")
        return json.loads(said.out)

    def file(self, name: str) -> Path:
        """One of the mapping files."""
        return self.folder / "mappings" / name

    def variant(self, name: str, *edits: tuple[str, str]) -> str:
        """A copy of a mapping file with edits, elsewhere; its path."""
        text = self.file(name).read_text()
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / f"other-{name}"
        path.write_text(text)
        return str(path)

    def remember(self, ref: Ref, *told: tuple[datetime, What]) -> Ref:
        """A journey; its ref."""
        with self.database.begin() as conn:
            journeys.append(conn, [Entry(ref, at, at, what) for at, what in told])
        return ref

    def lead(self, number: int, at: datetime = MONDAY - DAY, **fields: str) -> Ref:
        """Somebody becomes a lead."""
        seen = Seen({"lifecyclestage": LEAD, **fields})
        return self.remember(contact(number), (at, seen), (at, ruled("lead", Mover.MARKETING, None)))

    def mql(self, number: int, at: datetime = MONDAY, owner: str = ANNE, **fields: str) -> Ref:
        """Somebody who was a lead is handed over."""
        ref = self.lead(number, at - DAY, **fields)
        return self.remember(
            ref,
            (at, Seen({"lifecyclestage": MQL})),
            (at, ruled("mql", Mover.MARKETING, Kind.FORWARD, evidence="HubSpot shows MQL")),
            (at, Handed(owner, "keep_their_rep", ("Score: 90",))),
        )

    def call(self, ref: Ref, at: datetime, *, human: bool = True) -> None:
        """A rep calls."""
        self.remember(ref, (at, Touched(Channel.CALL, outbound=True, human=human, by=ANNE)))

    def answer(self, ref: Ref, at: datetime, verdict: Verdict, reason: str = "") -> None:
        """A rep answers, and the lifecycle moves on."""
        stage, kind = {
            Verdict.ACCEPT: ("sal", Kind.FORWARD),
            Verdict.DISQUALIFY: ("disqualified", Kind.DISQUALIFY),
        }.get(verdict, ("recycled", Kind.RECYCLE))
        moved = ruled(stage, Mover.SALES, kind, reason=reason)
        self.remember(ref, (at, Answered(verdict, reason, comment="so it is", by="Anne")), (at, moved))


def contact(number: int) -> Ref:
    """A HubSpot contact."""
    return refs.hubspot("contacts", str(number))


def ruled(stage: str, by: Mover, kind: Kind | None, **more: Any) -> Ruled:
    """A stage that was come to."""
    return Ruled(stage, by, kind, **more)


@contextmanager
def archive(folder: Path) -> Iterator[Archive]:
    """The shipped files; the lifecycle is followed since the beginning of October."""
    write_starter(folder)
    database = open_database(f"sqlite:///{folder / 'smarketing.db'}")
    migrate(database)
    with database.begin() as conn:
        editions.follow(conn, datetime(2026, 10, 1, tzinfo=UTC))
    yield Archive(folder, database)
    database.close()
