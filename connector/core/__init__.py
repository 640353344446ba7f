"""What the bridge exists for, as pure functions of values handed in.

Nothing here reads a clock, rolls dice, waits, logs or touches the outside: the same arguments always give the same
answer. That is what makes plan, dry run, simulation and replay one and the same code.
"""
