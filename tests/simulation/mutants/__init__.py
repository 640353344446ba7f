"""Planted bugs: the proof that the simulation can fail. Each must be caught, by the right invariant, in few seeds."""

from __future__ import annotations

from tests.simulation.mutants import courses, deciding, listening, making, memory, presence, telling
from tests.simulation.mutants.planting import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant", "courses", "deciding", "listening", "making", "memory", "presence", "telling"]
