"""The executioner itself: nothing that the engine can do to a side or to the store passes it by."""

from __future__ import annotations

from datetime import date

import pytest

from connector import ports
from connector.core.refs import Ref, Side
from connector.core.values import Kind
from connector.ports import Lane, Poll, Todo, View, Write
from connector.storage.database import Database
from tests.contract.fake import FakeCrm
from tests.crashes.killing import Fate, Killed, MortalCrm, MortalDatabase
from tests.crashes.matrix import POINTS
from tests.crashes.stores import Memory
from tests.crashes.stories import STORIES
from tests.engine.town import StillClock

VIEW = View("contacts", {"email": Kind.EMAIL})
ASKED = {
    "account": (),
    "schema": ("contacts",),
    "prime": ({},),
    "owners": (),
    "usage": (),
    "changes": ([VIEW], None, lambda *_: 0),
    "scan": (VIEW,),
    "read": (VIEW, ["1001"]),
    "find": (VIEW, "email", ["a@x.test"]),
    "read_many": ([(VIEW, ["1001"])],),
    "find_many": ([(VIEW, {"email": ["a@x.test"]})],),
    "write": (VIEW, [Write(None, {"email": "b@x.test"}), Write(None, {"email": "c@x.test"})]),
    "evidence": (["contacts"], None, StillClock().now()),
    "poll": (Poll([VIEW], None, lambda *_: 0, [], None, StillClock().now()),),
    "remind": ([Todo(Ref(Side.HUBSPOT, "contacts", "1001"), "owner", "call", "", date(2026, 11, 3), "one")],),
}

LOOKS = {"problem", "edition", "revision", "file", "close"}  # of a store: they change nothing, or let go


def _side() -> FakeCrm:
    side = FakeCrm(Side.HUBSPOT, StillClock(), {"contacts": {"email": Kind.EMAIL}}, {"contacts": ("email",)})
    side.add("contacts", email="a@x.test")
    return side


def _asked(side: FakeCrm, operation: str, at: int) -> Fate:
    fate = Fate(at)
    try:
        list(getattr(MortalCrm(side, fate), operation)(*ASKED[operation]) or ())
    except Killed:
        assert fate.dead
    except TypeError:
        pass  # an answer that is no list
    return fate


def test_no_operation_of_a_side_escapes() -> None:
    operations = {name for name, what in vars(ports.Crm).items() if callable(what) and not name.startswith("_")}
    assert operations - {"in_lane"} == ASKED.keys()
    with pytest.raises(AttributeError):
        MortalCrm(_side(), Fate()).edit  # noqa: B018  # what is no operation of the port is not there


@pytest.mark.parametrize("operation", ASKED)
def test_a_process_dies_before_the_call_and_after_its_effect(operation: str) -> None:
    before = _side()
    assert _asked(before, operation, 1).trail == [f"before {operation}"]
    assert (before.calls.total(), before.log) == (0, [])
    after = _side()
    assert _asked(after, operation, 2).trail == [f"before {operation}", f"after {operation}"]
    assert (after.calls.total() > 0) is (operation not in ("prime", "usage"))
    assert len(after.log) == (operation == "write")


def test_a_side_in_another_lane_is_as_mortal() -> None:
    fate = Fate(1)
    hot = MortalCrm(_side(), fate).in_lane(Lane.HOT)
    assert fate.trail == []
    with pytest.raises(Killed):
        hot.account()


def test_a_write_may_be_left_half_done() -> None:
    side = _side()
    assert _asked(side, "write", 3).dead
    assert len(side.log) == 2
    assert _asked(_side(), "write", 0).trail == ["before write", "after write", "after write"]


def test_the_dead_neither_look_nor_write() -> None:
    store, fate = Memory(), Fate(1)
    database = store.opened(fate)
    crm = MortalCrm(_side(), fate)
    with pytest.raises(Killed), database.begin():
        pass
    for act in (database.read().__enter__, database.begin().__enter__, database.scrub, crm.account):
        with pytest.raises(Killed):
            act()
    store.close()


def test_no_way_into_the_store_escapes() -> None:
    opens = {name for name in vars(Database) if not name.startswith("_")} - LOOKS
    assert opens == {name for name in vars(MortalDatabase) if not name.startswith("_")}


def test_every_story_is_in_the_matrix() -> None:
    assert [kind.__name__ for kind in STORIES] == list(POINTS)
    assert sum(points for points, _ in POINTS.values()) >= 600
