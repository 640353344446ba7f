"""What must hold after every misfortune, in the running service and once it has ended.

In the running service: it drains by itself; every record of every acknowledged request has been looked at; nobody's
work is lost; nobody is there twice. Once the processes have ended, the claims of tests/misbehaviour hold as well, up to
the last of them: a further full run writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from connector.core.refs import Side
from tests.endurance.people import People
from tests.endurance.processes import until
from tests.endurance.stage import Stage
from tests.endurance.witness import Ref
from tests.misbehaviour.rig import Before, nobody_twice, settled

TAKEOVER_S = 20.0


@dataclass(frozen=True)
class Judge:
    """One stage, its people, and who was there before."""

    stage: Stage
    people: People
    before: Before

    @classmethod
    def of(cls, stage: Stage, people: People) -> Judge:
        """To be made before anything happens."""
        return cls(stage, people, Before.of(stage))

    def in_order(self) -> float:
        """The misfortune is over: everything comes right by itself; in how many seconds it was drained."""
        with self._calls_at_once():
            took = self.stage.drained()
        assert self.stage.postman.acknowledged, "nothing was ever acknowledged"
        assert not self.stage.witness.overlooked(self.stage.postman.told)
        assert not (lost := self.people.lost()), f"{len(lost)} edits are lost: {lost[:5]}"
        assert not (missing := self.people.missing()), missing[:5]
        nobody_twice(self.stage, self.before)
        return took

    @contextmanager
    def _calls_at_once(self) -> Iterator[None]:
        """Calls need no time while nothing is struck; that is only waiting."""
        settings = self.stage.world.services.settings
        before, settings.latency_s = settings.latency_s, 0.0
        try:
            yield
        finally:
            settings.latency_s = before

    def taken_over(self, refs: Iterable[Ref], dead: str, since: float) -> float:
        """Wait until another process works on all that was in the hands of one; how many seconds that took."""
        wanted = set(refs)
        assert wanted, f"{dead} held nothing"

        def found() -> Mapping[Ref, float]:
            return self.stage.witness.taken_over(wanted, dead, since)

        until(lambda: found().keys() == wanted, f"somebody turns to all of {sorted(wanted)[:5]}", 6 * TAKEOVER_S)
        took = max(found().values())
        assert took < TAKEOVER_S, f"taken over after {took:.1f} s, at most {TAKEOVER_S:g} are promised"
        return took

    def ended_well(self) -> None:
        """The processes end when asked; after that both sides are in step and a further full run writes nothing."""
        for one in self.stage.processes:
            one.ask_to_end()
        for one in self.stage.processes:
            assert (code := one.ended()) == 0, f"{one.name} ended with {code}\n{one.said()}"
        with self._calls_at_once():
            settled(self.stage, self.before)
        assert not (lost := self.people.lost()), f"{len(lost)} edits are lost: {lost[:5]}"
        assert not self.people.missing()
        assert self.people.done
        assert self.stage.people(Side.HUBSPOT)
