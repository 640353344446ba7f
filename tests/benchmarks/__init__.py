"""Benchmarks: one command, ratios in one run, never asserted in tests. `scripts/benchmark` runs them."""
