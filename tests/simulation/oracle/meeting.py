"""Nobody stands apart without a reason: who is the same person by the mapping is linked, who may be made is made.

Two live records that share an address, which no third live record of either side has, are linked to each other in the
end, or somebody is told. A live record alone has a counterpart made, where the mapping makes one.

Lawful, and counted: a record that carries the id of one that is gone (the mapping's note: clear it to have a new one
made), a counterpart of somebody erased, one kept apart or left out by its mapping, one whose cross id was miswritten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from connector.core.refs import Side
from tests.simulation.oracle.evidence import Evidence
from tests.simulation.oracle.history import Key, Record


def apart(evidence: Evidence) -> Iterator[str]:
    """Who is linked to nobody, and why is not known."""
    holders = _holders(evidence)
    for key in sorted(set(evidence.live) - set(evidence.linked)):
        record = evidence.history.records[key]
        others = {other for mail in _addresses(evidence, key) for other in holders[key[0].other, mail]}
        mine = {one for mail in _addresses(evidence, key) for one in holders[key[0], mail]}
        if not others and not _to_be_made(evidence, record):
            continue
        why = _reason(evidence, record)
        if why:
            evidence.excuse(f"linked to nobody: {why}")
        elif not others:
            yield f"{key[0].value} {key[1]} has no counterpart, and none is made"
        elif len(others) == 1 and mine == {key} and not others & set(evidence.linked):
            other = next(iter(others))
            if not _reason(evidence, evidence.history.records[other]):
                yield f"{key[0].value} {key[1]} and {other[1]} are the same person, and are not linked"
        else:
            rivals = sorted(one[1] for one in others | mine - {key})
            yield f"{key[0].value} {key[1]} is linked to nobody beside {rivals}, and nobody is told"


def _addresses(evidence: Evidence, key: Key) -> list[str]:
    values = evidence.live[key][1]
    said = [values.get("Email")] if key[0] is Side.SALESFORCE else [values.get("email")]
    if key[0] is Side.HUBSPOT:
        said += str(values.get("hs_additional_emails") or "").split(";")
    return [str(mail).casefold() for mail in said if mail]


def _holders(evidence: Evidence) -> dict[tuple[Side, str], set[Key]]:
    found: dict[tuple[Side, str], set[Key]] = defaultdict(set)
    for key in evidence.live:
        for mail in _addresses(evidence, key):
            found[key[0], mail].add(key)
    return found


def _to_be_made(evidence: Evidence, record: Record) -> bool:
    """Whether the shipped conditions of the mapping make a counterpart: whoever has an address."""
    create = evidence.mapping.people["create"]["to_salesforce" if record.side is Side.HUBSPOT else "to_hubspot"]
    name = "Lead" if record.side is Side.HUBSPOT else record.object
    condition = "hubspot.email != null" if record.side is Side.HUBSPOT else "salesforce.Email != null"
    mail = evidence.live[record.key][1].get("email" if record.side is Side.HUBSPOT else "Email")
    return bool(mail) and create.get(name) == condition


def _reason(evidence: Evidence, record: Record) -> str:
    if record.key in evidence.shown:
        return "shown"
    family = {one.key for one in evidence.family(record)}
    partners = {one.key: one for one in evidence.partners_of(record)}
    if any(one.gone and one.gone.how == "erase" for one in partners.values()):
        return "its counterpart was erased"
    if family & evidence.kept_apart:
        return "kept apart by a person"
    if (family | set(partners)) & evidence.miswritten:
        return "a cross id was miswritten"
    if _address_erased(evidence, record):
        return "it has the address of somebody erased"
    carried = record.now("salesforce_record_id" if record.side is Side.HUBSPOT else "HubSpot_Contact_Id__c")
    other = (record.side.other, str(carried))
    if carried and (other not in evidence.live or evidence.linked.get(other)):
        return "it carries the id of one that is gone, or linked elsewhere"
    return _left_out(evidence, record)


def _address_erased(evidence: Evidence, record: Record) -> bool:
    """Whether somebody of the same address was erased; nobody can tell that it is another person."""
    mine = set(_addresses(evidence, record.key))
    return any(
        str(version.value).casefold() in mine
        for one in evidence.history.records.values()
        if one.gone and one.gone.how == "erase"
        for version in one.cells.get("email", ())
    )


def _left_out(evidence: Evidence, record: Record) -> str:
    scope = evidence.mapping.people["scope"]["when"]
    return "out of scope" if scope is not True and str(record.now("city") or "").startswith("out") else ""
