"""Complaint 2, the hard way: a first sync by two workers, one killed at each of its steps, while answers are lost.

Every step is a run of its own over fresh CRMs and a fresh store. The number of steps is not written down here: runs
are made until the worker that should die gets through alive.
"""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.acts import run
from tests.scenarios.claims import claims
from tests.scenarios.passes import two_workers
from tests.scenarios.stage import Stage, stage
from tests.scenarios.stories import Line

STEPS_MAX = 120
POPULATION = (
    ("3 people are added on hubspot", {"email": "h#@acme.example", "firstname": "H#"}),
    ("3 people are added on salesforce", {"Email": "s#@acme.example", "FirstName": "S#"}),
    ("marketer adds Ada", {"email": "ada@acme.example", "firstname": "Ada"}),
    ("rep adds lead Ada", {"Email": "ADA@acme.example", "Title": "Countess"}),
    ("lose 15 of 100 answers to writes", None),
)
AFTERWARDS = (("the wire is mended", None), ("advance 1 hours", None), ("sync everything", None))
CLAIMS = ("there are no duplicates", "nobody is lost", "hubspot has 7 people", "salesforce has 7 people", "no issues")


def test_killed_at_every_step_two_workers_make_nobody_twice_and_lose_nobody(tmp_path: Path) -> None:
    for step in range(1, STEPS_MAX):
        folder = tmp_path / str(step)
        folder.mkdir()
        with stage(folder, f"sqlite:///{folder / 'bridge.db'}", {"batch": 4}) as here:
            run(here, _lines(step, POPULATION))
            died = two_workers(here, Line(f"killed at step {step}", None, f"step {step}"), step)
            _recovers(here, step)
        if not died:
            break
    assert 10 < step < STEPS_MAX - 1


def _recovers(here: Stage, step: int) -> None:
    run(here, _lines(step, AFTERWARDS))
    for claim in CLAIMS:
        claims.understand(Line(claim, None, f"killed at step {step}"))(here)


def _lines(step: int, written: tuple[tuple[str, object], ...]) -> tuple[Line, ...]:
    return tuple(Line(words, details, f"killed at step {step}") for words, details in written)
