"""A sandbox of both CRMs: real HTTP, real refusals, real quirks, kept in memory and driven by one seed.

The sandbox is a witness. It enforces limits, validation, normalisation and failures as the fact sheets tell them and
imports nothing of the bridge, so that a test cannot pass because both sides share a mistake.
"""
