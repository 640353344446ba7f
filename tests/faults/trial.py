"""A trial: one scene under fault after fault, each time with two edits that must arrive once the fault is over.

The world is tiny and kept; the installation stays open from act to act, as in a process that lives for long, or is
opened anew each time where opening is what is struck. After each act everything is asked of both CRMs directly: the
edits arrived, nobody was lost or doubled, nothing is left to do. At the end `settled` makes its claims too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connector.bootstrap import Installation, Surroundings, open_installation
from connector.core.plan import IssueKind
from connector.core.refs import Side
from connector.engine import commands
from connector.errors import BridgeError
from tests.faults.gate import Gate, Strike, never
from tests.faults.scenes import Pair, Scene, agreed, pairs
from tests.misbehaviour.play import prepare
from tests.misbehaviour.rig import Before, EvenDice, Rig, WorldClock, nobody_lost, nobody_twice, rig, settled

MEMORY = Path("/dev/shm")  # where it is there, a disk need not be waited for
PAUSE_S = 26 * 3600  # longer than any pause that a fault asks for
PEOPLE = 8
SETTLING_RUNS = 3


@dataclass
class Trial:
    """One scene being played."""

    scene: Scene
    stage: Rig
    gate: Gate
    spare: list[Pair] = field(default_factory=list)  # people to use up
    gone: set[str] = field(default_factory=set)  # ids of those that were
    edited: tuple[Pair, Pair] = (("", ""), ("", ""))
    acts: int = 0
    _open: Installation | None = None
    _closing: ExitStack = field(default_factory=ExitStack)

    def begin(self) -> None:
        """Bring the population in step, and choose who is edited."""
        for _ in range(2):
            assert self.stage.sync("once") is not None, self.stage.troubles
        first, second, *spare = pairs(self.stage)
        self.edited = (first, second)
        self.spare = [pair for pair in spare if pair[0] in agreed(self.stage)]

    def act(self) -> None:
        """What people do before a run: an edit on each side, and the scene's own."""
        self.acts += 1
        (hubspot, _), (_, salesforce) = self.edited
        self.stage.act(
            Side.HUBSPOT, "edit", object="contacts", id=hubspot, properties={"jobtitle": f"token {self.acts} h"}
        )
        self.stage.act(Side.SALESFORCE, "edit", id=salesforce, values={"Title": f"token {self.acts} s"})
        if self.scene.uses:
            self.gone |= {*self.spare[-1]}
        self.scene.lure(self.stage, self.acts, self.spare)
        self.stage.clock.advance(10)

    def run(self, strike: Strike = never) -> BridgeError | None:
        """One run under a strike; what ended it, or None."""
        self.gate.begin(strike)
        try:
            if self.scene.opening:
                with self._opened(refresh=True) as opened:
                    self._sync(opened)
            else:
                self._sync(self._standing())
        except BridgeError as error:
            return error
        finally:
            self.gate.strike = never
            self.stage.clock.advance(30)
        return None

    def reopen(self) -> None:
        """The process ends; the next run is another's."""
        self._closing.close()
        self._open = None

    def _standing(self) -> Installation:
        """The installation that stays open."""
        if self._open is None:
            self._open = self._closing.enter_context(self._opened())
        return self._open

    def _sync(self, opened: Installation) -> None:
        opened.sync(self.scene.mode, by="a test", approved=True)

    @contextmanager
    def _opened(self, *, refresh: bool = False) -> Iterator[Installation]:
        around = Surroundings(self.stage.secrets, WorldClock(self.stage.clock), EvenDice())
        with open_installation(self.stage.config, around, refresh=refresh) as opened:
            yield opened

    def lift(self) -> None:
        """The fault is over, and so is any pause it asked for."""
        self.stage.clock.advance(PAUSE_S)

    def release(self) -> int:
        """A person lets parked values be tried again; how many."""
        bridge = self._standing().bridge
        return commands.unpark(bridge, commands.parked_ids(bridge), "a test")

    def parked(self) -> int:
        """How many values wait for a person because a side refused them."""
        return sum(each.kind is IssueKind.PARKED and each.code != "NO_OWNER" for each in self.stage.shown())

    def recover(self) -> None:
        """The next run brings everything in step; after what CRMs compute has come back, there is nothing to write."""
        before = self.before()
        error = self.run()
        assert error is None, f"the next run fails too: {error}"
        if self.stage.waiting():
            assert self.run() is None
        assert self.stage.waiting() == 0
        assert self.arrived() == []
        nobody_lost(self.stage, before)
        nobody_twice(self.stage, before)
        self.settle()

    def settle(self) -> None:
        """What a CRM computed from our writes comes back once; then there is nothing to write."""
        for _ in range(SETTLING_RUNS):
            at = len(self.stage.world.services.log)
            assert self.run() is None
            if not self.stage.bridge_writes(at):
                return
        raise AssertionError(f"the bridge goes on writing: {self.stage.bridge_writes(at)[:3]}")

    def before(self) -> Before:
        """Who must be there at the end."""
        now = Before.of(self.stage)
        sides = (now.hubspot, now.salesforce)
        return Before(*({one: row for one, row in side.items() if one not in self.gone} for side in sides))

    def arrived(self) -> list[tuple[str, str]]:
        """Edits that did not reach the other side: what should stand there, and what does."""
        hubspot, salesforce = self.stage.people(Side.HUBSPOT), self.stage.people(Side.SALESFORCE)
        first, second = self.edited
        stands = [(f"token {self.acts} h", salesforce[first[1]]["Title"])]
        stands += [(f"token {self.acts} s", hubspot[second[0]]["jobtitle"])]
        return [(wanted, found) for wanted, found in stands if wanted != found]

    def end(self) -> None:
        """Close the installation, and hold everything to the claims of the folder of misbehaviour."""
        self.reopen()
        before = self.before()
        self.gate.begin()
        settled(self.stage, before)


@contextmanager
def trial(scene: Scene, acts: int, *, begun: bool = True) -> Iterator[Trial]:
    """A scene peopled for so many acts, in step; or before its first sync, if not `begun`."""
    gate = Gate()
    settings = {section: dict(values) for section, values in scene.settings.items()}
    people = PEOPLE + (acts if scene.uses else 0)
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder,
        rig(Path(folder), people=people, seed=1, bend=gate.bend, **settings) as stage,
    ):
        prepare(stage)
        mapping = Path(folder) / "mappings" / "contacts.yaml"
        text = mapping.read_text()
        for old, new in scene.mapping.items():
            assert old in text
            text = text.replace(old, new)
        mapping.write_text(text)
        if scene.pages:
            stage.act(Side.SALESFORCE, "set_settings", short_pages=True)
            stage.world.salesforce.cursors._random.randint = lambda _low, _high: 3  # type: ignore[method-assign]
        found = Trial(scene, stage, gate)
        if begun:
            found.begin()
        with found._closing:
            yield found
