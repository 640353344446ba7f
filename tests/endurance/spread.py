"""`smarketing web` and two `smarketing worker` on PostgreSQL, people at work, and a judge."""

from __future__ import annotations

from tests.endurance.judging import Judge
from tests.endurance.people import People
from tests.endurance.processes import Process
from tests.endurance.stage import Stage
from tests.endurance.witness import Ref

CAUGHT_WITHIN_S = 90.0


class Spread:
    """A web and two workers, people, and a judge."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.people = stage, People(stage, seed=seed)
        self.web = stage.process("web")
        self.workers = [stage.process("worker", "ada"), stage.process("worker", "bob")]
        self.judge = Judge.of(stage, self.people)
        stage.start(self.web, *self.workers)

    def caught(self) -> tuple[Process, set[Ref]]:
        """A worker in the middle of an update, and the records in its hands."""
        call = self.stage.witness.caught([one.name for one in self.workers], within_s=CAUGHT_WITHIN_S)
        struck = next(one for one in self.workers if one.name == call.who)
        return struck, {*call.touched, *self.stage.witness.hands_of(call.who)}
