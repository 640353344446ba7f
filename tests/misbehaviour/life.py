"""What people do on both sides meanwhile: edits, also of one field on both sides, merges, conversions.

Everything is drawn from a seed. Edits carry a token each, so that a lost one shows.
"""

from __future__ import annotations

from random import Random
from typing import Any

from connector.core.refs import Side
from tests.misbehaviour.rig import CROSS, Rig


def live(stage: Rig, seed: int, edits: int = 8) -> list[tuple[str, str]]:
    """One stretch of people's work; returns (HubSpot id, token) of one-sided edits of job titles."""
    dice = Random(f"life:{seed}")
    hubspot, salesforce = stage.people(Side.HUBSPOT), stage.people(Side.SALESFORCE)
    pairs = [(one, row[CROSS]) for one, row in sorted(hubspot.items()) if row.get(CROSS) in salesforce]
    chosen = dice.sample(pairs, min(len(pairs), 3 * edits + 8))
    tokens: list[tuple[str, str]] = []
    for number, (ours, theirs) in enumerate(chosen[: 3 * edits]):
        token = f"token {seed} {number}"
        if number % 3 != 1:
            _edit_hubspot(stage, ours, {"jobtitle": f"{token} h"})
        if number % 3 != 0:
            _edit_salesforce(stage, theirs, {"Title": f"{token} s"})
        if number % 3 != 2:
            tokens.append((ours, f"{token} {'h' if number % 3 == 0 else 's'}"))
        stage.clock.advance(dice.random() * 2)
    rest = chosen[3 * edits :]
    for _, theirs in rest[:4]:
        if theirs.startswith("00Q"):
            _act(stage, "convert_lead", id=theirs)
    for (first, _), (second, _) in zip(rest[4:6], rest[6:8], strict=True):
        stage.act(Side.HUBSPOT, "merge", object="contacts", primary=first, other=second)
    stage.clock.advance(10)
    return tokens


def arrivals(stage: Rig, seed: int, number: int = 5) -> None:
    """New people on both sides, one of them on both at once."""
    for place in range(number):
        name = f"new-{seed}-{place}"
        if place % 2 == 0:
            found = {"email": f"{name}@example.test", "firstname": "New", "lastname": f"Person {seed} {place}"}
            stage.act(Side.HUBSPOT, "create", object="contacts", properties=found)
        if place % 2 == 1 or place == 0:
            row = {"Email": f"{name}@example.test", "FirstName": "New", "LastName": f"Person {seed} {place}"}
            stage.act(Side.SALESFORCE, "create", sobject="Lead", values={**row, "Company": "Acme"})


def kept(stage: Rig, tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The tokens that did not arrive on the other side though their person is still linked."""
    hubspot, salesforce = stage.people(Side.HUBSPOT), stage.people(Side.SALESFORCE)
    lost = []
    for ours, token in tokens:
        row = hubspot.get(ours)
        other = salesforce.get(row.get(CROSS) or "") if row else None
        if row and other and {row.get("jobtitle"), other.get("Title")} != {token}:
            lost.append((ours, token))
    return lost


def _edit_hubspot(stage: Rig, record_id: str, values: dict[str, Any]) -> None:
    stage.act(Side.HUBSPOT, "edit", object="contacts", id=record_id, properties=values)


def _edit_salesforce(stage: Rig, record_id: str, values: dict[str, Any]) -> None:
    _act(stage, "edit", id=record_id, values=values)


def _act(stage: Rig, doing: str, **arguments: Any) -> None:
    """As a person does it: again when a row was locked, and not at all when the org does not let them."""
    for _ in range(20):
        try:
            stage.act(Side.SALESFORCE, doing, **arguments)
        except ValueError as refusal:
            if "UNABLE_TO_LOCK_ROW" in str(refusal):
                continue
            if "INACTIVE_OWNER" not in str(refusal):
                raise
        return
