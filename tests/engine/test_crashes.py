"""The process dies at every durable step of every kind of pass; the next one loses nothing and doubles nothing."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.core.mapping import OnArchive
from connector.core.refs import Ref
from connector.engine import planfile, sync
from connector.engine.sweep import batches, swept
from connector.storage import cursors
from tests.engine.killing import Executioner, Killed
from tests.engine.town import BACK, CROSS, Town, pair

FIELDS = (("email", "Email"), ("firstname", "FirstName"), ("lastname", "LastName"), ("jobtitle", "Title"))
PAIRS = (pair("Lead", on_archive=OnArchive.ARCHIVE), pair("Contact", on_archive=OnArchive.ARCHIVE))


class Story:
    """What was before, what happens, and what must be so in the end."""

    people = 5

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder
        self.twin = town.contact(email="twin@x.test", firstname="Twin"), town.lead(Email="TWIN@x.test", LastName="T")
        self.here = town.contact(email="here@x.test", jobtitle="CTO", lastname="H")
        self.there = town.lead(Email="there@x.test", LastName="There")
        self.pair = town.contact(email="p@x.test", jobtitle="A"), town.lead(Email="p@x.test", LastName="P", Title="A")
        self.fifth = town.contact(email="fifth@x.test", lastname="F"), town.lead(Email="fifth@x.test", LastName="F")

    def before(self) -> None:
        self.town.sync()
        self.town.sync()

    def act(self) -> None:
        """What people do before the pass that dies."""

    def run(self) -> None:
        self.town.sync()

    def check(self) -> None:
        """What this story ends in, beyond what every story does."""


class FirstSync(Story):
    def before(self) -> None:
        pass


class Incremental(Story):
    people = 6

    def act(self) -> None:
        self.town.hubspot.edit(self.pair[0], jobtitle="B", firstname="Both")
        self.town.salesforce.edit(self.pair[1], LastName="Pair")
        self.town.salesforce.edit(self.twin[1], Title="CFO")
        self.town.contact(email="new@x.test", firstname="New")

    def check(self) -> None:
        contact = self.town.hubspot.values(self.pair[0])
        assert (contact["jobtitle"], contact["firstname"], contact["lastname"]) == ("B", "Both", "Pair")
        assert self.town.hubspot.values(self.twin[0])["jobtitle"] == "CFO"


class Full(Incremental):
    def run(self) -> None:
        self.town.sync("full")


class Apply(Incremental):
    def run(self) -> None:
        bridge, path = self.town.bridge, self.folder / "plan.jsonl"
        if not path.exists():
            planned = sync.start(bridge, "plan", "a test")
            with swept(bridge, planned.id):
                lines = [
                    planfile.line(case) for cases in batches(bridge, planned.id) for case in cases if case.plan.steps
                ]
            planfile.save(path, planfile.header(bridge, {}), lines)
        _, records = planfile.load(path, bridge.mapping.digest)
        with sync.recorded(bridge, "apply", "a test", approved=True) as run:
            planfile.apply_saved(bridge, records, run)


class Conversion(Story):
    def act(self) -> None:
        lead = self.pair[1]
        self.made = self.town.salesforce.convert(lead, "Contact", Email="p@x.test", LastName="P", Title="A")
        self.town.hubspot.edit(self.pair[0], jobtitle="B")

    def check(self) -> None:
        assert (self.pair[0], self.made) in self.town.links()
        assert self.town.salesforce.values(self.made)["Title"] == "B"


class Merge(Story):
    people = 4

    def act(self) -> None:
        self.town.hubspot.merge(self.pair[0], self.fifth[0])
        self.town.salesforce.merge(self.pair[1], self.fifth[1])

    def check(self) -> None:
        assert self.pair in self.town.links()


class Archiving(Story):
    people = 4

    def act(self) -> None:
        self.town.salesforce.archive(self.pair[1])

    def check(self) -> None:
        assert self.pair[0] not in self.town.hubspot.live("contacts")


STORIES = (FirstSync, Incremental, Full, Apply, Conversion, Merge, Archiving)


def _staged(kind: type[Story], url: str, folder: Path) -> tuple[Story, Executioner]:
    town = Town(url, pairs=PAIRS)
    story = kind(town, folder)
    story.before()
    story.act()
    return story, Executioner(town)


def _steps(kind: type[Story], folder: Path) -> int:
    story, executioner = _staged(kind, "sqlite://", folder)
    executioner.choose(0)
    story.run()
    return executioner.steps


def _live(town: Town) -> list[Ref]:
    return [ref for obj in ("Lead", "Contact") for ref in town.salesforce.live(obj)]


def _verify(story: Story) -> None:
    town = story.town
    for _ in range(2):
        town.sync()
    writes = town.writes()
    town.sync("full")
    assert town.writes() == writes, "a settled town is written to"
    assert town.dirty() == 0
    assert town.issues() == []
    emails = Counter(town.hubspot.values(ref)["email"].casefold() for ref in town.hubspot.live("contacts"))
    assert set(emails.values()) == {1}
    assert len(emails) == len(_live(town)) == len(town.links()) == story.people
    for contact, person in town.links():
        ours, theirs = town.hubspot.values(contact), town.salesforce.values(person)
        assert (ours[CROSS], theirs[BACK]) == (person.id, contact.id)
        for here, there in FIELDS:
            same = (ours.get(here) or "").casefold(), (theirs.get(there) or "").casefold()
            assert same[0] == same[1] or (there, same[1]) == ("LastName", "(unknown)")
    story.check()


@pytest.mark.parametrize("kind", STORIES)
def test_a_death_at_any_step_loses_and_doubles_nothing(kind: type[Story], tmp_path: Path) -> None:
    """Nothing durable happens between two steps, so dying before each of them is dying at every moment there is."""
    steps = _steps(kind, tmp_path)
    for step in range(1, steps + 1):
        (tmp_path / "plan.jsonl").unlink(missing_ok=True)
        story, executioner = _staged(kind, "sqlite://", tmp_path)
        executioner.choose(step)
        with pytest.raises(Killed):
            story.run()
        executioner.revive()
        try:
            if (tmp_path / "plan.jsonl").exists():
                story.run()
            _verify(story)
        except BaseException as error:
            error.add_note(f"{kind.__name__} died at step {step} of {steps}")
            raise


@pytest.mark.parametrize("database", ["file", "postgres"])
@pytest.mark.parametrize("kind", [FirstSync, Incremental])
def test_a_death_in_mid_pass_is_survived_on_every_database(
    kind: type[Story], database: str, tmp_path: Path, new_database_url: Callable[[str], str]
) -> None:
    story, executioner = _staged(kind, new_database_url(database), tmp_path)
    for step in range(4, 40, 5):
        executioner.choose(step)
        try:
            story.run()
        except Killed:
            executioner.revive()
    executioner.choose(0)
    _verify(story)
    with story.town.database.read() as conn:
        assert all(cursors.get(conn, side) for side in story.town.bridge.crms)
    story.town.database.close()
