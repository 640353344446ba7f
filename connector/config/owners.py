"""Who owns a record on the other side: by e-mail, the table first, the fallback last, never a guess.

Owners are known only once both sides are connected. An owner who is inactive, missing or shares an e-mail with another
over there cannot be given records: the fallback takes them, or the value is refused and says whose table entry would
help; the rest of the record goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from connector.config.mappings import OwnerMap
from connector.core.refs import Side, id18
from connector.ports import Owner

Owners = Mapping[Side, Sequence[Owner]]


def owner_table(towards: Side, written: OwnerMap, owners: Owners) -> dict[str, str | None]:
    """Owner id of the other side to that of `towards`, for everyone who has exactly one counterpart.

    Entries of the table go from HubSpot to Salesforce. On the way back they only help those whom no e-mail tells: who
    takes over another's records does not lose the own ones to them. Records of the user we sign in as are nobody's:
    Salesforce gives them to that user because a record must have an owner; on the way to HubSpot they count as blank.
    """
    there = owners.get(towards, ())
    by_email = _unique_by_email(there)
    table: dict[str, str | None] = {}
    for owner in owners.get(towards.other, ()):
        counterpart = by_email.get(owner.email.lower()) if owner.email else None
        if counterpart:
            table[owner.id] = counterpart.id
        elif owner.ours:
            table[owner.id] = None
    for hubspot, salesforce in written.table.items():
        source, target = (hubspot, salesforce) if towards is Side.SALESFORCE else (salesforce, hubspot)
        named, chosen = named_owner(source, owners.get(towards.other, ())), named_owner(target, there)
        if named and chosen and chosen.active and (towards is Side.SALESFORCE or table.get(named.id) is None):
            table[named.id] = chosen.id
    return table


def fallback_id(towards: Side, written: OwnerMap, owners: Owners) -> str | None:
    """The id of the owner who takes what nobody else can, if one is named and active."""
    name = written.fallback.get(towards)
    chosen = named_owner(name, owners.get(towards, ())) if name else None
    return chosen.id if chosen and chosen.active else None


def unknown_owners(written: OwnerMap, owners: Owners) -> list[tuple[tuple[str | int, ...], str]]:
    """Table entries and fallbacks that name nobody active, each with its path below `owner`."""
    faults: list[tuple[tuple[str | int, ...], str]] = []
    for hubspot, salesforce in written.table.items():
        if not named_owner(hubspot, owners.get(Side.HUBSPOT, ())):
            faults.append((("table", hubspot), f"HubSpot has no owner {hubspot!r}"))
        faults.extend((("table", hubspot), fault) for fault in _unable(Side.SALESFORCE, salesforce, owners))
    for side, name in written.fallback.items():
        faults.extend((("fallback", side.value), fault) for fault in _unable(side, name, owners))
    return faults


def _unable(side: Side, name: str, owners: Owners) -> list[str]:
    found = named_owner(name, owners.get(side, ()))
    label = "HubSpot" if side is Side.HUBSPOT else "Salesforce"
    if not found:
        return [f"{label} has no single owner {name!r}; name one by e-mail or id"]
    return [] if found.active else [f"the {label} owner {name!r} is inactive; name an active one"]


def _unique_by_email(owners: Sequence[Owner]) -> dict[str, Owner]:
    active = [owner for owner in owners if owner.active and owner.email and not owner.queue]
    counts = Counter(owner.email.lower() for owner in active)
    return {owner.email.lower(): owner for owner in active if counts[owner.email.lower()] == 1}


def named_owner(name: str, owners: Sequence[Owner]) -> Owner | None:
    """The one owner with that id, e-mail or (queues) name; an active one before inactive ones."""
    wanted = name.lower()
    found = [owner for owner in owners if owner.id == name or owner.id == id18(name)]
    found = found or [owner for owner in owners if owner.email and owner.email.lower() == wanted]
    found = found or [owner for owner in owners if owner.queue and owner.name.lower() == wanted]
    active = [owner for owner in found if owner.active]
    pool = active or found
    return pool[0] if len(pool) == 1 else None
