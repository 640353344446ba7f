"""What happened at the house before a test looks in: two weeks of both teams at work, told in acts of people.

Two Mondays: on the first, people ask for a demo, are handed over, and are answered, rejected, sent back or forgotten;
on the second, new ones come, some late, some warned, some with time left. Beside that stand the usual troubles: a field
that both sides edited, a value that a side refuses, two records that could be one person, a run that was held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.bootstrap import Surroundings, open_installation
from connector.config.init import write_starter
from connector.core.refs import Side
from connector.engine import promised
from connector.engine.audit import Asked, audit
from connector.engine.run import Run
from connector.ports import Clock
from connector.sandbox.acts import act
from connector.sandbox.population import populate
from connector.sandbox.world import World
from connector.storage import pulses
from connector.storage.pulses import Pulse
from tests.misbehaviour.rig import SECRETS, EvenDice, WorldClock

BORIS, CHEN = "boris.keller@seller.example", "chen.wei@seller.example"
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
PEOPLE = 120  # who was there before the bridge came
NAMES = (
    "Nadia Brandt", "Tomas Lind", "Ruth Okoye", "Ines Faro", "Paul Adler", "Mia Novak", "Omar Haddad", "Lena Voss",
    "Kofi Mensah", "Sara Lund", "Jonas Weber", "Priya Nair", "Hugo Blanc", "Ada Moreno",
)  # fmt: skip
FIRMS = ("Optics", "Robotics", "Foods", "Marine", "Energy", "Textiles", "Software")
JOBS = (
    "Head of Marketing",
    "Chief Technology Officer",
    "Sales Director",
    "Founder",
    "IT Manager",
    "Brand Manager",
    "Buyer",
)
SOURCES = ("PAID_SEARCH", "ORGANIC_SEARCH", "EMAIL_MARKETING", "PAID_SEARCH", "DIRECT_TRAFFIC", "REFERRALS")
EDITS = {
    "config.yaml": (
        ("base_url: https://api.hubapi.com", "base_url: {hubspot}"),
        ("#base_url: https://acme.my.salesforce.com", "base_url: {salesforce}"),
        ("client_id: 3MVG9...", "client_id: sandbox-consumer-key"),
        ("  name: smarketing", "  name: Acme bridge"),
        ("  #calls_per_day: 100000", "  calls_per_day: 20000"),
        ("  #calls_per_day: 30000", "  calls_per_day: 5000"),
        ("    number: 1000\n", "    number: 3\n"),
    ),
    "mappings/lifecycle.yaml": (
        ("      # criteria: hubspot.hubspotscore", "      criteria: hubspot.hubspotscore"),
        ("    pools: {}\n", f"    pools:\n      sales: {{owners: [{BORIS}, {CHEN}]}}\n"),
        ("    # fallback: Inbound Queue", "    fallback: sales"),
    ),
    "mappings/objectives.yaml": (
        ("stage: mql, enough: 10}\n      # n", "stage: mql, enough: 2}\n      # n"),
        ("      enabled: false\n      team: marketing", "      team: marketing"),
        ("      target: 12000\n", "      target: 4000\n"),
    ),
    "mappings/contacts.yaml": (
        ("    salesforce: Title\n    too_long: truncate", "    salesforce: Title\n    policy: manual"),
    ),
}  # fmt: skip


@dataclass
class Past:
    """A world in which both CRMs are, an installation that points at it, and who is who in it.

    Attributes:
        contacts: HubSpot ids by name; leads: Salesforce ids by name, once they were handed over.
    """

    world: World
    folder: Path
    contacts: dict[str, str] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """Of the installation."""
        return self.folder / "config.yaml"

    @property
    def around(self) -> Surroundings:
        """The world's time, and even chance."""
        return Surroundings(SECRETS, self.clock, EvenDice())

    @property
    def clock(self) -> Clock:
        """The world's."""
        return WorldClock(self.world.services.clock)

    def now(self) -> datetime:
        """The world's time."""
        return self.world.services.clock.now()

    def wait_until(self, moment: datetime) -> None:
        """Let time pass."""
        self.world.services.clock.advance((moment - self.now()).total_seconds())

    def do(self, side: Side, doing: str, /, **arguments: Any) -> dict[str, Any]:
        """Do something on a side's screens."""
        return act(self.world, side.value, doing, arguments)

    def sync(self, mode: str = "once", *, approved: bool = True) -> Run:
        """One run, once HubSpot's search has caught up."""
        self.world.services.clock.advance(15)
        with open_installation(self.config, self.around) as opened:
            run = opened.sync(mode, by="the worker", approved=approved)
        self._look()
        return run

    def _look(self) -> None:
        for each in self.world.people("hubspot"):
            if each.values.get("salesforce_record_id"):
                self.leads.update({name: each.values["salesforce_record_id"]
                                   for name, number in self.contacts.items() if number == each.id})  # fmt: skip

    # acts

    def asks_for_a_demo(self, name: str, **more: str) -> None:
        """A form in HubSpot, and the score that follows."""
        place = NAMES.index(name)
        first, last = name.lower().split()
        properties = {
            "email": f"{first}@{last}-{FIRMS[place % 7].lower()}.example",
            "firstname": first.title(),
            "lastname": last.title(),
            "jobtitle": JOBS[place % 7],
            "company": f"{last.title()} {FIRMS[place % 7]}",
            "lifecyclestage": "lead",
        }
        made = self.do(Side.HUBSPOT, "create", object="contacts", properties=properties)
        self.contacts[name] = made["id"]
        scored = {"hubspotscore": str(82 + place), "hs_analytics_source": SOURCES[place % 6], **more}
        self.do(Side.HUBSPOT, "calculate", object="contacts", id=made["id"], properties=scored)

    def answers(self, name: str, answer: str, **more: str) -> None:
        """Their rep logs a call and answers."""
        self.do(Side.SALESFORCE, "log_call", who=self.leads[name])
        values = {
            "Smarketing_Answer__c": answer,
            **{f"Smarketing_{key.title()}__c": text for key, text in more.items()},
        }
        self.edits(name, values)

    def edits(self, name: str, values: Mapping[str, str]) -> None:
        """Their rep edits the lead."""
        owner = next(each.values["OwnerId"] for each in self.world.people("salesforce") if each.id == self.leads[name])
        self.do(Side.SALESFORCE, "edit", id=self.leads[name], values=dict(values), user=owner)

    def markets(self, name: str, **properties: str) -> None:
        """A marketer edits the contact."""
        self.do(Side.HUBSPOT, "edit", object="contacts", id=self.contacts[name], properties=properties)


def new_world() -> World:
    """Both CRMs on a Monday morning, with the people of some years."""
    start = MONDAY + timedelta(hours=7)
    world = World(11, lambda: start)
    world.services.clock.freeze(start)
    world.services.settings.quotas_enforced = False
    populate(world, PEOPLE, "believable")
    world.services.clock.advance(3600)
    return world


def configure(folder: Path, urls: Mapping[str, str]) -> None:
    """`smarketing init`, and what an admin writes once both teams have agreed."""
    write_starter(folder)
    for name, edits in EDITS.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, (name, old)
            text = text.replace(old, new.format(**urls) if "{hubspot}" in new or "{salesforce}" in new else new, 1)
        path.write_text(text, encoding="utf-8")


def live_through(past: Past) -> None:
    """Everything, up to the second Monday at 13:20."""
    past.sync("full")
    first_monday(past)
    troubles(past)
    second_monday(past)
    what_a_worker_does_beside(past)


def first_monday(past: Past) -> None:
    """Eight ask, and every kind of answer is given; nobody thinks of one of them."""
    past.wait_until(MONDAY + timedelta(hours=9))
    for name in NAMES[:8]:
        past.asks_for_a_demo(name)
    past.sync()
    past.wait_until(MONDAY + timedelta(hours=10, minutes=16))
    past.answers("Nadia Brandt", "Accepted")
    past.answers("Tomas Lind", "Accepted")
    past.answers("Paul Adler", "Accepted")
    past.answers("Ruth Okoye", "Rejected", reason="No need", comment="They test another vendor until summer",
                 revisit_on="2026-12-01")  # fmt: skip
    past.answers("Ines Faro", "Rejected", reason="Bad data", comment="The number does not exist")
    past.answers("Mia Novak", "Disqualified", reason="Junk", comment="A student")
    past.answers("Omar Haddad", "Rejected", comment="Not for us")  # without a reason: marketing's software asks back
    past.sync()
    past.wait_until(MONDAY + timedelta(hours=14))
    past.sync()


def troubles(past: Past) -> None:
    """Wednesday: what a bridge cannot settle by itself."""
    past.wait_until(MONDAY + timedelta(days=2, hours=11))
    past.markets("Nadia Brandt", jobtitle="Chief Marketing Officer")
    past.edits("Nadia Brandt", {"Title": "VP Marketing"})
    past.markets("Tomas Lind", jobtitle="CTO")
    past.edits("Tomas Lind", {"Title": "Technical Director"})
    past.markets("Paul Adler", jobtitle="Adler " * 30)  # longer than Salesforce keeps
    past.sync()


def second_monday(past: Past) -> None:
    """Six more; one is late at the end, some have been warned, some have just come, and a list was imported."""
    monday = MONDAY + timedelta(days=7)
    past.wait_until(monday + timedelta(hours=9))
    for name in NAMES[8:10]:
        past.asks_for_a_demo(name)
    past.sync()
    past.wait_until(monday + timedelta(hours=10))
    for name in NAMES[10:12]:
        past.asks_for_a_demo(name)
    past.sync()
    past.wait_until(monday + timedelta(hours=13, minutes=5))
    for name in NAMES[12:]:
        past.asks_for_a_demo(name)
    past.sync()
    for number in range(5):
        properties = {"email": f"guest{number}@trade-fair.example", "lastname": f"Guest {number}"}
        past.do(Side.HUBSPOT, "create", object="contacts", properties=properties)
    past.sync(approved=False)


def what_a_worker_does_beside(past: Past) -> None:
    """It counts promises and objectives, compares a sample of pairs, and is alive."""
    with open_installation(past.config, past.around) as opened:
        bridge, now = opened.bridge, past.now()
        promised.count(bridge)
        audit(bridge, Asked(sample=60), now)
        with bridge.database.begin() as conn:
            pulses.beat(
                conn, Pulse("run@office:1", "run", now - timedelta(days=3), now, {"host": "office", "pid": 1}), now
            )
