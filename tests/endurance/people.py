"""People at work on both sides all the time, and the proof that none of their work is lost.

Everything is drawn from a seed: whose field is edited on which side with which value, and who is new. Each value is
written once only, so that it can be told whose it is. Titles are edited in HubSpot, cities in Salesforce, first names
on both: of the former two the last value must stand on both sides in the end; of the last one of the two last values,
unless the difference is shown. The people who are edited are few enough that edits meet work that is under way.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread

from connector.core.refs import Side
from tests.endurance.stage import Stage
from tests.misbehaviour.rig import BACK, CROSS, folded

FIELDS = {"job_title": ("jobtitle", "Title"), "city": ("city", "City"), "first_name": ("firstname", "FirstName")}
SHARES = (
    (("job_title", Side.HUBSPOT),) * 4
    + (("city", Side.SALESFORCE),) * 4
    + (
        ("first_name", Side.HUBSPOT),
        ("first_name", Side.SALESFORCE),
    )
)
NEWCOMER_EVERY = 12  # every so many edits somebody new is entered, on one side or the other


@dataclass
class People:
    """Who works, and what they did last. Times by the monotonic clock."""

    stage: Stage
    seed: int = 1
    per_s: float = 25.0
    done: int = 0
    last: dict[tuple[str, str], dict[Side, str]] = field(default_factory=dict)  # (HubSpot id, rule) -> value by side
    twin: dict[str, str] = field(default_factory=dict)  # HubSpot id -> Salesforce id, as it was when they began
    newcomers: list[str] = field(default_factory=list)  # their addresses
    failure: list[BaseException] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They work until the block is left."""
        self.twin = self.twin or dict(self.stage.pairs())
        assert self.twin, "nobody is linked"
        stop = Event()
        thread = Thread(target=self._work, args=(stop, Random(f"people:{self.seed}:{self.done}")), name="people")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=30)
        assert not self.failure, self.failure

    def for_a_while(self, edits: int, within_s: float = 60.0) -> None:
        """Return after so many more edits; they are at work."""
        end, aim = time.monotonic() + within_s, self.done + edits
        while self.done < aim:
            assert not self.failure, self.failure
            assert time.monotonic() < end, "people have stopped working"
            time.sleep(0.05)

    def _work(self, stop: Event, dice: Random) -> None:
        pairs, due = sorted(self.twin.items()), time.monotonic()
        try:
            while not stop.is_set():
                self._edit(dice, pairs)
                if self.done % NEWCOMER_EVERY == 0:
                    self._newcomer(dice)
                due += 1.0 / self.per_s
                stop.wait(max(0.0, due - time.monotonic()))
        except BaseException as error:  # noqa: BLE001  # told by `at_work`, in the test's own thread
            self.failure.append(error)

    def _edit(self, dice: Random, pairs: list[tuple[str, str]]) -> None:
        ours, theirs = dice.choice(pairs)
        rule, side = dice.choice(SHARES)
        value = f"{rule} {self.seed}-{self.done} {side.value[0]}"
        self.last.setdefault((ours, rule), {})[side] = value  # before it is done: who reads it must know it
        if side is Side.HUBSPOT:
            edited = {"object": "contacts", "id": ours, "properties": {FIELDS[rule][0]: value}}
            self.stage.act(Side.HUBSPOT, "edit", **edited)
        else:
            self.stage.act(Side.SALESFORCE, "edit", id=theirs, values={self._salesforce_name(rule, theirs): value})
        self.done += 1

    def _newcomer(self, dice: Random) -> None:
        mail = f"newcomer-{self.seed}-{self.done}@example.test"
        self.newcomers.append(mail)
        if dice.random() < 0.5:
            found = {"email": mail, "firstname": "New", "lastname": f"Comer {self.done}"}
            self.stage.act(Side.HUBSPOT, "create", object="contacts", properties=found)
        else:
            row = {"Email": mail, "FirstName": "New", "LastName": f"Comer {self.done}", "Company": "Acme"}
            self.stage.act(Side.SALESFORCE, "create", sobject="Lead", values=row)

    @staticmethod
    def _salesforce_name(rule: str, record: str) -> str:
        name = FIELDS[rule][1]
        return f"Mailing{name}" if name == "City" and record.startswith("003") else name

    def lost(self) -> list[str]:
        """What somebody typed last and that does not stand on both sides, though nothing says why."""
        hubspot, salesforce = self.stage.people(Side.HUBSPOT), self.stage.people(Side.SALESFORCE)
        shown = {(ref.id, each.rule) for each in self.stage.shown() for ref in each.refs}
        found = []
        for (ours, rule), typed in sorted(self.last.items()):
            theirs = self.twin[ours]
            held = (
                folded(hubspot[ours].get(FIELDS[rule][0])),
                folded(salesforce[theirs].get(self._salesforce_name(rule, theirs))),
            )
            stands = any(held == (folded(value), folded(value)) for value in typed.values())
            if not stands and not {(ours, rule), (theirs, rule), (ours, ""), (theirs, "")} & shown:
                found.append(
                    f"{ours}/{theirs} {rule}: typed {typed}, both sides hold {held}\n{self._story(ours, rule)}"
                )
        return found

    def _story(self, ours: str, rule: str) -> str:
        """Who wrote what into a field on both sides, for a person who has to understand how an edit was lost."""
        names = {FIELDS[rule][0], FIELDS[rule][1], f"Mailing{FIELDS[rule][1]}"}
        return "\n".join(
            f"  {entry['at']} {entry['side']} {entry['actor']}: {entry['changes'][name]}"
            for entry in self.stage.world.services.log.entries()
            for name in names & entry["changes"].keys()
            if entry["id"] in (ours, self.twin[ours])
        )

    def missing(self) -> list[str]:
        """Newcomers who are not on both sides exactly once, each naming the other."""
        found = []
        for mail in self.newcomers:
            ours = [(one, row) for one, row in self.stage.people(Side.HUBSPOT).items() if row.get("email") == mail]
            theirs = [(one, row) for one, row in self.stage.people(Side.SALESFORCE).items() if row.get("Email") == mail]
            if len(ours) != 1 or len(theirs) != 1:
                found.append(f"{mail}: {len(ours)} in HubSpot, {len(theirs)} in Salesforce")
            elif (ours[0][1].get(CROSS), theirs[0][1].get(BACK)) != (theirs[0][0], ours[0][0]):
                found.append(f"{mail}: the two do not name each other")
        return found
