"""A worker in a town: its duties turned by hand while the town's clock passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import orjson

from connector.core.refs import Ref
from connector.engine import stopped
from connector.engine.doing import DUTIES
from connector.engine.duties import Turned, Work
from connector.engine.pacing import Pace
from connector.engine.stretch import Stretch
from connector.engine.told import Reader, Told
from connector.engine.turning import survey, turn
from connector.storage import duties, effects, inbox
from connector.storage.effects import State
from connector.storage.inbox import Post
from tests.engine.town import Town

NAMED = {duty.name: duty for duty in DUTIES}


def tells(_headers: Mapping[str, str], body: bytes) -> Told:
    """Reads what `Crew.told` wrote."""
    said = orjson.loads(body)
    return Told(
        look_at=[(Ref.parse(ref), why) for ref, why in said.get("look_at", ())],
        erased=[Ref.parse(ref) for ref in said.get("erased", ())],
        sweep=[tuple(place) for place in said.get("sweep", ())],
        unknown=said.get("unknown", ()),
    )


class Crew:
    """One worker in a town."""

    def __init__(self, town: Town, pace: Pace | None = None, readers: Mapping[str, Reader] | None = None) -> None:
        self.town = town
        self.turned: Counter[str] = Counter()
        stretch = Stretch(town.bridge, "a test")
        self.work = Work(town.bridge, stretch, pace or Pace(), readers or {"test": tells}, channels=("operators",))

    def turn(self, name: str) -> Turned | None:
        """One turn of a duty."""
        return turn(self.work, NAMED[name])

    def round(self) -> list[str]:
        """Whatever is due, once; what that was."""
        with self.town.database.read() as conn:
            due = survey(conn, DUTIES, self.town.clock.now()).due
        for duty in due:
            turn(self.work, duty)
        self.turned.update(duty.name for duty in due)
        return [duty.name for duty in due]

    def passes(self, minutes: float = 0, *, seconds: float = 0) -> None:
        """Time passes, and the worker does what is due, looking twice a second at most."""
        end = self.town.clock.at + timedelta(minutes=minutes, seconds=seconds)
        while self.town.clock.at < end:
            self.round()
            with self.town.database.read() as conn:
                seen = survey(conn, DUTIES, self.town.clock.at)
            soonest = self.town.clock.at + timedelta(seconds=0.5)
            self.town.clock.at = min(end, soonest if seen.due else max(soonest, seen.next_at or end))
            if self.work.stretch.over(self.town.clock.at):
                self.work.stretch.close()

    def told(self, *look_at: Ref, source: str = "test", **more: object) -> None:
        """A request comes in."""
        said = {"look_at": [(str(ref), "contact.propertyChange") for ref in look_at], **more}
        with self.town.database.begin() as conn:
            inbox.put(conn, Post(source, self.town.clock.now(), "request-1", orjson.dumps(said)))

    def row(self, name: str) -> duties.Duty | None:
        with self.town.database.read() as conn:
            return duties.get(conn, name)

    def stops(self) -> list[stopped.Stop]:
        with self.town.database.read() as conn:
            return stopped.standing(conn)

    def notices(self) -> list[str]:
        """What people are being told, by subject."""
        with self.town.database.read() as conn:
            return [one.effect.subject for one in effects.listed(conn, State.WAITING)]
