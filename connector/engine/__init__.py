"""Turns dirty keys into plans and plans into writes: thin, steppable, never asking the time.

The engine knows the ports, not the CRMs: whatever it does runs alike over HTTP, the fake and the simulation.
"""
