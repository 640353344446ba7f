"""To whom marketing hands people over, compiled: pools of reps, the rules that choose one, and what the rep is told.

Owners are named by e-mail, id or (queues) name, and become Salesforce ids once both sides are connected. Who is no
longer there or inactive drops out of a pool and is told by `check`: a rep who leaves must not stop the bridge. The user
the bridge signs in as never gets anybody.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.config.lifecycle import HandoffWritten
from connector.config.load import Loaded
from connector.config.owners import Owners, named_owner
from connector.config.vocabulary import Asking
from connector.core.definition import Handoff, OwnerRule, Pool
from connector.core.refs import Side
from connector.core.situation import Question

_HERE = ("lifecycle", "handoff")


def pools_of(loaded: Loaded, owners: Owners | None) -> dict[str, Pool]:
    """The pools of the handoff by name; escalations give people to them as well."""
    handoff = loaded.lifecycle.written.handoff if loaded.lifecycle else None
    return {name: _pool(name, handoff, owners) for name in handoff.pools} if handoff else {}


def owner_id(name: str, owners: Owners | None) -> str | None:
    """The Salesforce id of who is named; None for nobody active. As written while owners are not known."""
    if owners is None:
        return name
    found = named_owner(name, owners.get(Side.SALESFORCE, ()))
    return found.id if found and found.active and not found.ours else None


def handoff_of(loaded: Loaded, asking: Asking, owners: Owners | None) -> Handoff | None:
    """The handoff, or None where none is written; faults of its conditions go to `asking.problems`."""
    written = loaded.lifecycle.written.handoff if loaded.lifecycle else None
    if written is None:
        return None
    pools = pools_of(loaded, owners)
    ours = {owner.id for owner in (owners or {}).get(Side.SALESFORCE, ()) if owner.ours}
    never = (owner_id(name, owners) for name in written.never)
    return Handoff(
        stages=frozenset(written.stages),
        rules=tuple(_rules(asking, written, pools)),
        fallback=_fallback(written, pools, owners),
        never=frozenset({*ours, *(one for one in never if one)}),
        reasons=tuple(_reasons(asking, written)),
        shown=tuple(_shown(asking, written)),
        why_field=written.why_field,
        touches_field=written.touches_field,
        task=written.task,
        touches=written.touches,
    )


def _pool(name: str, handoff: HandoffWritten, owners: Owners | None) -> Pool:
    written = handoff.pools[name]
    members = [found for owner in written.owners if (found := owner_id(owner, owners))]
    return Pool(name, tuple(dict.fromkeys(members)), written.per_day, written.zone)


def _fallback(written: HandoffWritten, pools: dict[str, Pool], owners: Owners | None) -> Pool | None:
    if written.fallback is None:
        return None
    if written.fallback in pools:
        return pools[written.fallback]
    found = owner_id(written.fallback, owners)
    return Pool("fallback", (found,)) if found else None


def _rules(asking: Asking, written: HandoffWritten, pools: dict[str, Pool]) -> Iterator[OwnerRule]:
    for name, rule in written.rules.items():
        when = asking.question((*_HERE, "rules", name, "when"), rule.when, moments=False)
        yield OwnerRule(name, when, pools.get(rule.pool or ""), rule.keep)


def _reasons(asking: Asking, written: HandoffWritten) -> Iterator[tuple[str, Question]]:
    for number, line in enumerate(written.why):
        if line.when is not None:
            yield line.say, asking.question((*_HERE, "why", number, "when"), line.when, moments=False)


def _shown(asking: Asking, written: HandoffWritten) -> Iterator[tuple[str, Side, str]]:
    for number, line in enumerate(written.why):
        if line.field is None:
            continue
        side, _, name = line.field.partition(".")
        asking.question((*_HERE, "why", number, "field"), f"{line.field} != null")
        yield line.say, Side(side), name
