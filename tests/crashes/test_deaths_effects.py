"""Whoever dies or freezes at any point while setting off what follows: nothing is sent twice, nothing lost unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from connector.core.guards import Limits
from connector.core.policy import ActionKind
from connector.core.refs import Ref
from connector.core.steered import Effect
from connector.delivery import Delivered, Delivery
from connector.engine.effects import set_off
from connector.engine.run import Run
from connector.storage import effects
from connector.storage.effects import State
from tests.crashes.killing import BEFORE_COMMIT, Fate, Killed
from tests.crashes.stage import LEASE_S, Outside, Process
from tests.crashes.stores import File, Memory, Store

NOTICES = ("late 1", "late 2")
POINTS = 24  # of an undisturbed life: a test counts them


@dataclass
class Post:
    """Where messages arrive; it outlives every process."""

    arrived: list[str] = field(default_factory=list)


@dataclass
class MortalPost:
    """The notifier as a mortal process has it."""

    post: Post
    fate: Fate

    def notify(self, channel: str, subject: str, body: str) -> Delivery:
        return self._taken(f"{channel} {subject} {body}")

    def call(self, webhook: str, key: str, payload: Mapping[str, Any]) -> Delivery:
        return self._taken(f"{webhook} {payload['subject']} {payload['body']}")

    def _taken(self, what: str) -> Delivery:
        self.fate.point("before sending")
        self.post.arrived.append(what)
        self.fate.point("after sending")
        return Delivered()


class Scene:
    """Two notices, a webhook and a task are due; what a process leaves is found by the next."""

    def __init__(self, store: Store) -> None:
        self.store, self.outside, self.post = store, Outside.new(), Post()
        town = self.process(Fate())
        self.lead = town.lead(Email="bob@x.test")
        with town.database.begin() as conn:
            effects.add(conn, _due(self.lead), town.clock.now())
        store.ended()
        store.keep()

    def process(self, fate: Fate) -> Process:
        """A bridge in a process of its own."""
        return self._bound(Process(self.outside, self.store.opened(fate), fate), fate)

    def beside(self) -> Process:
        """A second process, while the first lives on."""
        return self._bound(Process(self.outside, self.store.beside(Fate()), Fate()), Fate())

    def begun_anew(self) -> None:
        self.store.restore()
        self.post = Post()
        self.outside.salesforce.todos.clear()

    def _bound(self, town: Process, fate: Fate) -> Process:
        town.bridge = replace(town.bridge, notifier=MortalPost(self.post, fate))
        return town


def _due(lead: Ref) -> list[Effect]:
    notices = [Effect(key, ActionKind.NOTIFY, "sales", lead, key, "b") for key in NOTICES]
    webhook = Effect("late hook", ActionKind.WEBHOOK, "ops", lead, "late hook", "b")
    return [*notices, webhook, Effect("task", ActionKind.TASK, "005000000000001AAA", lead, "task", "b")]


@pytest.fixture(params=["memory", "file", "postgres"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "postgres":
        store: Store = request.getfixturevalue("postgres_store")
        store.clear()
        yield Scene(store)
        return
    store = Memory() if request.param == "memory" else File(tmp_path)
    yield Scene(store)
    store.close()


def lived(town: Process) -> None:
    set_off(town.bridge, Run(1, Limits()))


def held(scene: Scene, town: Process) -> int:
    """Each was sent once at most and the task made once; how many may not have been sent, all of which are shown."""
    sent = Counter(scene.post.arrived)
    assert set(sent.values()) <= {1}, "sent twice"
    with town.database.read() as conn:
        counts = effects.counts(conn)
        unknown = {one.effect.subject for one in effects.listed(conn, State.UNKNOWN)}
    assert counts == {state: number for state, number in counts.items() if state in (State.DONE, State.UNKNOWN)}
    assert sum(counts.values()) == 4, "none is waiting, none is lost"
    missing = {"sales late 1 b", "sales late 2 b", "ops late hook b"} - set(sent)
    assert {what.split(" ", 1)[1].removesuffix(" b") for what in missing} <= unknown, "lost without a word"
    assert [todo.about for todo in scene.outside.salesforce.todos.values()] == [scene.lead]
    assert [one.issue.field for one in town.issues()] == ["unknown"] * bool(unknown)
    return len(unknown)


def test_an_undisturbed_life_sends_everything_once(scene: Scene) -> None:
    fate = Fate()
    town = scene.process(fate)
    lived(town)
    assert fate.passed == POINTS
    lived(town)
    assert held(scene, town) == 0
    assert len(scene.post.arrived) == 3


def test_whoever_dies_at_any_point_sends_nothing_twice_and_loses_nothing_unseen(scene: Scene) -> None:
    unknown: list[int] = []
    for at in range(1, POINTS + 1):
        scene.begun_anew()
        fate = Fate(at)
        with pytest.raises(Killed):
            lived(scene.process(fate))
        scene.store.buried()
        scene.outside.clock.sleep(LEASE_S)
        town = scene.process(Fate())
        lived(town)
        lived(town)
        unknown.append(held(scene, town))
    assert set(unknown) == {0, 1}, "of one death at most one message is in doubt"


def test_whoever_freezes_at_any_point_and_wakes_when_others_went_on_sends_nothing_twice(scene: Scene) -> None:
    """Only between transactions: whoever freezes in one holds the store, and nobody goes on."""
    whole = Fate()
    lived(scene.process(whole))
    for at in (at for at, what in enumerate(whole.trail, start=1) if what != BEFORE_COMMIT):
        scene.begun_anew()
        went_on: list[int] = []
        town = scene.process(Fate(at, lambda went_on=went_on: went_on.append(_others_go_on(scene))))
        lived(town)
        assert len(went_on) == 1
        lived(town)
        held(scene, town)


def _others_go_on(scene: Scene) -> int:
    scene.outside.clock.sleep(LEASE_S)
    lived(scene.beside())
    return len(scene.post.arrived)
