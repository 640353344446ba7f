"""Polling against people, merges, conversions, late commits and short pages: in the end everything has been observed.

One integer decides every act and every pause; a failing run names it.
"""

from random import Random

import pytest

from connector.core.readings import Presence
from connector.salesforce import changes
from connector.sandbox.salesforce import actions
from tests.salesforce.sandbox import CONTACT, LEAD, Scene

DELAYS = (0.0, 0.0, 0.0, 2.0, 30.0, 300.0, 595.0)


class Observer:
    """Remembers the latest reading of every record, as the engine does, and polls."""

    def __init__(self, scene, chance):
        self.scene, self.chance, self.seen = scene, chance, {}
        self.cursor = scene.crm.changes([LEAD, CONTACT], None, self.known).cursor

    def known(self, obj, begin, before):
        return sum(ref.object == obj and begin <= each.modified_at < before for ref, each in self.seen.items())

    def poll(self):
        more = True
        while more:
            portion = self.scene.crm.changes([LEAD, CONTACT], self.cursor, self.known)
            more = portion.more
            if self.chance.random() < 0.1:
                continue  # a crash before the portion was safe: the old cursor must tell it again
            for reading in portion.readings:
                before = self.seen.get(reading.ref)
                if before is None or before.modified_at <= reading.modified_at:
                    self.seen[reading.ref] = reading
            self.cursor = portion.cursor


def act(scene, chance, leads):
    """One person does something."""
    actions.set_settings(scene.org, commit_delay_s=chance.choice(DELAYS))
    chosen = chance.choice(leads) if leads else None
    match chance.randrange(8):
        case 0 | 1 | 2:
            leads += [scene.lead(f"P{len(leads)}x{n}") for n in range(chance.choice([1, 1, 2, 250]))]
        case 3 | 4 if chosen:
            scene.edit(chosen, FirstName=str(chance.random()))
        case 5 if chosen:
            leads.remove(chosen)
            scene.delete(chosen)
        case 6 if len(leads) > 1:
            winner, loser = chance.sample(leads, 2)
            leads.remove(loser)
            scene.merge(winner, loser)
        case 7 if chosen:
            leads.remove(chosen)
            scene.convert(chosen)


@pytest.mark.parametrize("quiet_rows", [-1, changes.QUIET_ROWS], ids=["counting", "reading again"])
@pytest.mark.parametrize("seed", range(10))
def test_everything_that_ever_changed_has_been_observed_in_the_end(seed, quiet_rows, monkeypatch):
    monkeypatch.setattr(changes, "QUIET_ROWS", quiet_rows)
    chance, scene, leads = Random(seed), Scene(), []
    actions.set_settings(scene.org, short_pages=True)
    observer = Observer(scene, chance)
    for _ in range(60):
        act(scene, chance, leads)
        scene.sleep(chance.choice([0, 0, 0.4, 1, 7, 60]))
        if chance.random() < 0.4:
            observer.poll()
    actions.set_settings(scene.org, commit_delay_s=0.0)
    for _ in range(25):
        scene.sleep(60)
        observer.poll()
    for view in (LEAD, CONTACT):
        table = scene.org.catalogue[view.object]
        truth = {reading.ref: reading for reading in scene.crm.read(view, list(table.rows))}
        assert {ref for ref in truth if ref not in observer.seen} == set()
        for ref, reading in truth.items():
            seen = observer.seen[ref]
            assert (seen.presence, seen.moved_to, seen.modified_at) == (
                reading.presence,
                reading.moved_to,
                reading.modified_at,
            )
            if reading.presence is Presence.PRESENT:
                assert seen.values == reading.values
