"""What was before, what happens, and what must be so in the end: one story for every kind of pass and of act."""

from __future__ import annotations

from pathlib import Path

from connector.core.journey import Channel, Entry, Touched
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import commands, planfile, sync
from connector.engine.standing import beginning
from connector.engine.sweep import batches, swept
from connector.errors import Refused
from tests.core.courses import ANNE, BOB
from tests.engine.agreeing import decisions, journey
from tests.engine.town import Town


class Story:
    """Five people, two of them on both sides, and an ordinary sync of what people did to them."""

    people = 5
    agreed = False  # whether both teams agreed on something
    issues: tuple[str, ...] = ()  # codes of those that stand in the end
    erased: tuple[str, ...] = ()  # words that nothing of the store may hold in the end

    def __init__(self, folder: Path) -> None:
        self.plan = folder / "plan.jsonl"

    def before(self, town: Town) -> None:
        self.populate(town)
        town.sync()
        town.sync()

    def populate(self, town: Town) -> None:
        self.twin = town.contact(email="twin@x.test", firstname="Twin"), town.lead(Email="TWIN@x.test", LastName="T")
        self.here = town.contact(email="here@x.test", jobtitle="CTO", lastname="H")
        self.there = town.lead(Email="there@x.test", LastName="There")
        self.pair = town.contact(email="p@x.test", jobtitle="A"), town.lead(Email="p@x.test", LastName="P", Title="A")
        self.fifth = town.contact(email="fifth@x.test", lastname="F"), town.lead(Email="fifth@x.test", LastName="F")

    def act(self, town: Town) -> None:
        """What people do before the process starts that dies."""

    def run(self, town: Town) -> None:
        """What the process does that dies."""
        town.sync()

    def again(self, town: Town) -> None:
        """What a person does when the process has died, beside waiting for the next run."""

    def later(self, town: Town) -> None:
        """What people go on to do while the process is frozen: edits of the very fields it is about to write."""
        town.hubspot.edit(self.pair[0], jobtitle="Newer")
        town.hubspot.edit(self.twin[0], firstname="Newer")

    def check(self, town: Town) -> None:
        """What this story ends in, beyond what every story does."""


class FirstSync(Story):
    def before(self, town: Town) -> None:
        self.populate(town)


class Incremental(Story):
    people = 6

    def act(self, town: Town) -> None:
        town.hubspot.edit(self.pair[0], jobtitle="B", firstname="Both")
        town.salesforce.edit(self.pair[1], LastName="Pair")
        town.salesforce.edit(self.twin[1], Title="CFO")
        town.contact(email="new@x.test", firstname="New")

    def check(self, town: Town) -> None:
        contact = town.hubspot.values(self.pair[0])
        assert (contact["jobtitle"], contact["firstname"], contact["lastname"]) == ("B", "Both", "Pair")
        assert town.hubspot.values(self.twin[0])["jobtitle"] == "CFO"


class Full(Incremental):
    def run(self, town: Town) -> None:
        town.sync("full")


class Apply(Incremental):
    """A plan is made and saved, then carried out; whoever died half through does it again."""

    def act(self, town: Town) -> None:
        super().act(town)
        self.plan.unlink(missing_ok=True)

    def run(self, town: Town) -> None:
        bridge = town.bridge
        head = planfile.header(bridge, {})
        first = beginning(bridge)
        with sync.recorded(bridge, "plan", "a test") as run, swept(bridge, run.id):
            lines = [planfile.line(case) for cases in batches(bridge, run.id) for case in cases if case.plan.steps]
            planfile.save(self.plan, {**head, **({"beginning": first.row()} if first else {})}, lines)
        self.apply(town)

    def again(self, town: Town) -> None:
        if self.plan.exists():
            self.apply(town)

    def apply(self, town: Town) -> None:
        head, records = planfile.load(self.plan, town.bridge.mapping.digest)
        with sync.recorded(town.bridge, "apply", "a test", approved=True) as run:
            planfile.apply_saved(town.bridge, records, run, head)


class FirstApply(Apply):
    """The first comparison is a saved plan, which counts as one once it is carried out."""

    people = 5

    def before(self, town: Town) -> None:
        self.populate(town)

    def act(self, _: Town) -> None:
        self.plan.unlink(missing_ok=True)

    def check(self, _: Town) -> None:
        pass


class Conversion(Story):
    def act(self, town: Town) -> None:
        self.made = town.salesforce.convert(self.pair[1], "Contact", Email="p@x.test", LastName="P", Title="A")
        town.hubspot.edit(self.pair[0], jobtitle="B")

    def check(self, town: Town) -> None:
        assert (self.pair[0], self.made) in town.links()
        assert town.salesforce.values(self.made)["Title"] == "B"


class Merge(Story):
    people = 4

    def act(self, town: Town) -> None:
        town.hubspot.merge(self.pair[0], self.fifth[0])
        town.salesforce.merge(self.pair[1], self.fifth[1])

    def check(self, town: Town) -> None:
        assert self.pair in town.links()


class Archiving(Story):
    people = 4

    def act(self, town: Town) -> None:
        town.salesforce.archive(self.pair[1])

    def check(self, town: Town) -> None:
        assert self.pair[0] not in town.hubspot.live("contacts")


class Erasure(Story):
    """A privacy deletion in HubSpot is noticed; the Lead is archived and shown, in case this is not enough."""

    people = 4
    issues = ("ERASED",)
    erased = ("Ada.Byron", "Enchantress")

    def populate(self, town: Town) -> None:
        super().populate(town)
        values = {"email": "Ada.Byron@x.test", "jobtitle": "Enchantress"}
        self.ada = town.contact(**values), town.lead(Email="Ada.Byron@x.test", LastName="B", Title="Enchantress")
        town.hubspot.archive(self.fifth[0])
        town.salesforce.archive(self.fifth[1])

    def act(self, town: Town) -> None:
        town.hubspot.erase(self.ada[0])
        town.salesforce.edit(self.pair[1], Title="CTO")

    def check(self, town: Town) -> None:
        assert self.ada[1] not in town.salesforce.live("Lead")


class Forgetting(Erasure):
    """A person has somebody forgotten whom both CRMs have deleted; a command that died is given again."""

    issues = ()

    def act(self, town: Town) -> None:
        town.hubspot.erase(self.ada[0])
        town.salesforce.erase(self.ada[1])

    def run(self, town: Town) -> None:
        commands.forget(town.bridge, self.ada[1])

    def again(self, town: Town) -> None:
        commands.forget(town.bridge, self.ada[1])


class Settling(Story):
    """A person decides a conflict, and the next run carries the decision out."""

    def before(self, town: Town) -> None:
        super().before(town)
        town.hubspot.edit(self.pair[0], jobtitle="CEO")
        town.salesforce.edit(self.pair[1], Title="CFO")
        town.sync()

    def run(self, town: Town) -> None:
        (asked,) = town.issues()
        commands.settle(town.bridge, asked.id, Side.SALESFORCE, "ann")
        town.sync()

    def again(self, town: Town) -> None:
        for asked in town.issues():
            if asked.decision is None:
                commands.settle(town.bridge, asked.id, Side.SALESFORCE, "ann")

    def check(self, town: Town) -> None:
        assert town.hubspot.values(self.pair[0])["jobtitle"] == "CFO"


class Linking(Story):
    """Two records that share nothing are linked by a person; a command that died is given again."""

    people = 6

    def populate(self, town: Town) -> None:
        super().populate(town)
        self.one = town.contact(email="Doubt@x.test", jobtitle="CEO")
        self.others = [town.lead(Email="Doubt@x.test", LastName=name) for name in ("One", "Other")]

    def run(self, town: Town) -> None:
        commands.link(town.bridge, self.one, self.others[0], "ann")
        town.salesforce.archive(self.others[1])
        town.sync()

    def again(self, town: Town) -> None:
        try:
            commands.link(town.bridge, self.one, self.others[0], "ann")
        except Refused as refused:
            assert "unlink them first" in str(refused)  # noqa: PT017  # either answer is right: done before, or now
        if self.others[1] in town.salesforce.live("Lead"):
            town.salesforce.archive(self.others[1])

    def check(self, town: Town) -> None:
        assert (self.one, self.others[0]) in town.links()


class Unparking(Story):
    """A refused value is tried again once a person has mended the picklist."""

    def before(self, town: Town) -> None:
        super().before(town)
        town.hubspot.edit(self.pair[0], jobtitle="Boss")
        town.salesforce.refuse("Lead", "Title", "Boss")
        town.sync()

    def act(self, town: Town) -> None:
        assert [asked.issue.kind for asked in town.issues()] == [IssueKind.PARKED]
        town.salesforce.refusals.clear()

    def run(self, town: Town) -> None:
        commands.unpark(town.bridge, commands.parked_ids(town.bridge), "ann")
        town.sync()

    def again(self, town: Town) -> None:
        commands.unpark(town.bridge, commands.parked_ids(town.bridge), "ann")

    def check(self, town: Town) -> None:
        assert town.salesforce.values(self.pair[1])["Title"] == "Boss"


class Handing(Story):
    """Marketing hands somebody over, a rep accepts another and has called a third."""

    agreed = True

    def populate(self, town: Town) -> None:
        super().populate(town)
        town.hubspot.edit(self.twin[0], life="lead")
        town.hubspot.edit(self.pair[0], life="lead")
        town.hubspot.edit(self.fifth[0], life="mql")

    def act(self, town: Town) -> None:
        town.hubspot.edit(self.twin[0], score="60", title="CFO")
        town.salesforce.edit(self.pair[1], Stage="SAL")
        now = town.clock.now()
        call = Touched(Channel.CALL, outbound=True, human=True, by=ANNE)
        town.salesforce.done.append(Entry(self.fifth[1], now, now, call, "touch:00T1"))

    def check(self, town: Town) -> None:
        assert decisions(town, *self.twin) == ["lead", "mql", f"to {BOB}"]
        assert decisions(town, *self.pair) == ["lead", "sal"]
        assert decisions(town, *self.fifth) == ["mql", f"to {ANNE}"]
        told = town.salesforce.values(self.twin[1])
        assert (told["Stage"], told["OwnerId"], told["Persona"]) == ("MQL", BOB, "The Buyer")
        assert town.hubspot.values(self.pair[0])["life"] == "sql"
        assert "call" in town.salesforce.values(self.fifth[1])["Touches"].lower()
        assert sorted(todo.about for todo in town.salesforce.todos.values()) == sorted((self.twin[1], self.fifth[1]))
        assert sum(isinstance(entry.what, Touched) for entry in journey(town, *self.fifth)) == 1


STORIES: tuple[type[Story], ...] = (
    FirstSync,
    Incremental,
    Full,
    Apply,
    FirstApply,
    Conversion,
    Merge,
    Archiving,
    Erasure,
    Forgetting,
    Settling,
    Linking,
    Unparking,
    Handing,
)
