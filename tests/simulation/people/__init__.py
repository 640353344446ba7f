"""Everybody but the bridge: what each of them does, how often, and which of it a play is about.

Plays are drawn as a swarm: everybody always arrives and edits, and of all other acts each play has a random few with
random weights, so that each combination is played often and deeply somewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tests.simulation import post
from tests.simulation.people import admins, bulk, handing, merging, operators, removals, reps, software
from tests.simulation.people.reps import arrives
from tests.simulation.people.screens import Doing
from tests.simulation.stage import Stage

__all__ = ["ACTS", "acts", "arrives", "calms", "handing_acts"]

USUAL: Mapping[str, tuple[Doing, float]] = {
    "arrives": (reps.arrives, 1.5),
    "edits": (reps.edits, 6.0),
    "edits both": (reps.edits_both, 3.0),
}
RARE: Mapping[str, tuple[Doing, float]] = {
    "edits typed": (reps.edits_typed, 4.0),
    "edits both typed": (reps.edits_both_typed, 2.0),
    "edits many": (reps.edits_many, 1.0),
    "agrees": (reps.agrees, 1.0),
    "takes back": (reps.takes_back, 2.0),
    "copies other": (reps.copies_other, 1.5),
    "respells": (reps.respells, 2.0),
    "clears": (reps.clears, 1.5),
    "clears and fills": (reps.clears_and_fills, 1.5),
    "moves address": (reps.moves_address, 1.0),
    "swaps addresses": (reps.swaps_addresses, 1.0),
    "mistypes": (reps.mistypes, 1.5),
    "moves stage": (reps.moves_stage, 2.0),
    "moves stage on both": (reps.moves_stage_both, 1.0),
    "gives owner": (reps.gives_owner, 1.5),
    "opts out": (reps.opts_out, 1.0),
    "adds address": (reps.adds_address, 1.0),
    "arrives as Contact": (reps.arrives_as_contact, 1.0),
    "arrives filled": (reps.arrives_filled, 1.0),
    "twins": (reps.twins, 1.5),
    "doubles": (reps.doubles, 1.0),
    "archives": (removals.archives, 0.7),
    "archives both": (removals.archives_both, 0.5),
    "archives an edited one": (removals.archives_an_edited_one, 0.7),
    "restores": (removals.restores, 1.0),
    "deletes hard": (removals.deletes_hard, 0.5),
    "empties bin": (removals.empties_bin, 0.3),
    "trims delete log": (removals.trims_delete_log, 0.2),
    "erases": (removals.erases, 0.4),
    "merges": (merging.merges, 1.0),
    "merges chain": (merging.merges_chain, 0.7),
    "merges both": (merging.merges_both, 0.7),
    "converts": (merging.converts, 1.0),
    "converts the other": (merging.converts_the_other, 1.0),
    "merges then converts": (merging.merges_then_converts, 0.5),
    "mass updates": (bulk.mass_updates, 0.5),
    "bulk touches": (bulk.bulk_touches, 0.5),
    "imports": (bulk.imports, 0.2),
    "types fast": (bulk.types_fast, 1.0),
    "deactivates owner": (admins.deactivates_owner, 0.4),
    "activates owner": (admins.activates_owner, 0.4),
    "adds owner": (admins.adds_owner, 0.3),
    "hides field": (admins.hides_field, 0.4),
    "shows field": (admins.shows_field, 0.4),
    "hides cross id": (admins.hides_cross_id, 0.15),
    "closes property": (admins.closes_property, 0.3),
    "opens property": (admins.opens_property, 0.4),
    "removes field": (admins.removes_field, 0.3),
    "changes picklist": (admins.changes_picklist, 0.5),
    "rules out": (admins.rules_out, 0.3),
    "requires": (admins.requires, 0.3),
    "matches duplicates": (admins.matches_duplicates, 0.3),
    "lifts rules": (admins.lifts_rules, 0.3),
    "expires sessions": (admins.expires_sessions, 0.5),
    "revokes token": (admins.revokes_token, 0.4),
    "refuses login": (admins.refuses_login, 0.3),
    "spends quota": (admins.spends_quota, 0.4),
    "frees quota": (admins.frees_quota, 0.5),
    "crowds window": (admins.crowds_window, 0.4),
    "moves host clock": (admins.moves_host_clock, 0.3),
    "tidies in Salesforce": (software.tidies_in_salesforce, 0.3),
    "stamps in Salesforce": (software.stamps_in_salesforce, 0.3),
    "tidies in HubSpot": (software.tidies_in_hubspot, 0.3),
    "normalises in HubSpot": (software.normalises_in_hubspot, 0.3),
    "computes": (software.computes, 1.0),
    "copies in HubSpot": (software.copies_in_hubspot, 0.2),
    "fights": (software.fights, 0.1),
    "stops software": (software.stops_software, 0.2),
    "third party writes": (software.third_party_writes, 1.5),
    "clears cross id": (software.clears_cross_id, 0.5),
    "miswrites cross id": (software.miswrites_cross_id, 0.3),
    "clones": (software.clones, 0.4),
    "settles": (operators.settles, 1.0),
    "unparks": (operators.unparks, 0.7),
    "retries": (operators.retries, 0.7),
    "links": (operators.links, 0.4),
    "unlinks": (operators.unlinks, 0.3),
    "resyncs": (operators.resyncs, 0.7),
    "looks": (operators.looks, 0.4),
    "forgets": (operators.forgets, 0.2),
    "approves": (operators.approves, 0.3),
    "plans": (operators.plans, 0.5),
    "applies": (operators.applies, 0.7),
    "post": (post.delivers, 3.0),
    "stray post": (post.strays, 0.5),
}
HANDING: Mapping[str, tuple[Doing, float]] = {
    "hands over": (handing.hands_over, 3.0),
    "arrives as MQL": (handing.arrives_as_mql, 1.0),
    "sets a stage": (handing.moves, 2.0),
    "sets a stage in Salesforce": (handing.moves_in_salesforce, 2.0),
    "sets a stage on both": (handing.moves_both, 1.0),
    "scores": (handing.scores, 1.5),
    "answers": (handing.answers, 3.0),
    "answers badly": (handing.answers_badly, 1.5),
    "corrects an answer": (handing.corrects, 1.0),
    "clears an answer": (handing.clears_answer, 0.7),
    "is in touch": (handing.touches, 3.0),
    "gives to another": (handing.gives_to, 1.0),
    "opens a deal": (handing.opens_deal, 0.7),
    "closes a deal": (handing.closes_deal, 0.7),
    "hours pass": (handing.hours_pass, 1.5),
    "the room changes": (handing.room_changes, 0.5),
}
ACTS: Mapping[str, Doing] = {name: doing for name, (doing, _) in {**USUAL, **RARE, **HANDING}.items()}
SHARES = (0.06, 0.12, 0.25)  # how many of the rare acts a play has
WEIGHTS = (0.7, 2.0, 6.0)  # how much of each
KEPT = ("hands over", "hours pass")  # without which there is nothing to promise, and nobody is late
HANDING_SHARE = 0.6  # how many of the acts about handing over a play has
COMPANIONS: Mapping[str, str] = {  # acts that find nobody to be done to without others
    "restores": "archives",
    "empties bin": "archives",
    "applies": "plans",
    "shows field": "hides field",
    "opens property": "closes property",
    "converts the other": "arrives as Contact",
    "activates owner": "deactivates owner",
    "clears and fills": "clears",
    "merges": "doubles",
    "lifts rules": "rules out",
    "unparks": "mistypes",
    "swaps addresses": "moves address",
}


def acts(dice: Random) -> dict[str, float]:
    """The acts of one play, by weight; each has dice of its own, so that a new one alters only plays that have it."""
    drawn = {name: weight for name, (_, weight) in USUAL.items()}
    share, born = dice.choice(SHARES), dice.random()
    for name, (_, weight) in RARE.items():
        own = Random(f"{born}:{name}")
        if own.random() < share:
            drawn[name] = weight * own.choice(WEIGHTS)
    for name in [each for each in COMPANIONS if each in drawn]:
        drawn.setdefault(COMPANIONS[name], RARE[COMPANIONS[name]][1])
    return drawn


def handing_acts(dice: Random) -> dict[str, float]:
    """The acts of one play of the lifecycle: about handing over, with some of all others."""
    drawn = {**acts(dice), "edits": 2.0, "edits both": 1.0}
    for name, (_, weight) in HANDING.items():
        if name in KEPT or dice.random() < HANDING_SHARE:
            drawn[name] = weight * dice.choice(WEIGHTS)
    return drawn


def calms(stage: Stage) -> str:
    """All that would keep the bridge from its work for good is put right; what is under way arrives."""
    for ending in stage.endings.values():
        ending()
    for path in stage.papers:
        path.unlink(missing_ok=True)
    words = ", ".join(stage.endings) or "nothing"
    stage.endings.clear()
    return f"put right: {words}"
