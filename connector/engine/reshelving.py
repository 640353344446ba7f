"""The reading copy told anew from the store: whose records have moved or parted, and everybody after an edit.

A store that was upgraded has no reading copy yet, and an edit of the lifecycle or of the promises may tell everybody
otherwise. Then all of it is told anew, a portion at a time: linked people first, then those with one record, then
whoever is left on the shelf and is nobody any more. How far it has come is stored with each portion, so that whoever
goes on after a crash does nothing twice. Who has one record only and is not on the shelf is looked at instead, for the
store does not know who they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count

from sqlalchemy import Connection

from connector.core.changes import said
from connector.core.course import in_order, walk
from connector.core.journey import Entry
from connector.core.mapping import Pair
from connector.core.policies import Scope, judge_all
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.shelved import Card, Rows, card, shelved
from connector.core.steered import Agreement
from connector.core.stirring import may_start
from connector.core.values import Value
from connector.core.verdicts import Cycles
from connector.engine.bridge import Bridge
from connector.storage import codec, dirty, journeys, links, shelf, state
from connector.storage.links import Link
from connector.storage.shelf import Person

_STATE = "shelf"  # in storage.state: for which agreement all are told, or how far that has come
_FORM = 1  # of what is told; raise it when the same journeys are told otherwise
_PORTION = 200  # people in one transaction: bounds memory, and how long others wait
_NO_ROWS = Rows()
_LINKED, _ALONE, _LEFT = "linked", "alone", "left"


def mapping_of_people(bridge: Bridge) -> str | None:
    """The mapping whose records are people: the lifecycle's, else that of HubSpot's contacts; None: there is none."""
    if bridge.agreement is not None:
        return bridge.agreement.definition.mapping
    return next((pair.mapping for pair in bridge.mapping.pairs if pair.hubspot == "contacts"), None)


def write(conn: Connection, people: Mapping[Ref, Person], gone: Iterable[Ref], now: datetime) -> None:
    """Bring the shelf in step with people, by the record that leads, and with records that lead nobody."""
    leaving = set(gone).difference(people)
    if not people and not leaving:
        return
    stored = shelf.digests(conn, [*people, *leaving])
    told = {ref: (one, one.digest()) for ref, one in people.items()}
    changed = {ref: one for ref, one in told.items() if stored.get(ref) != one[1]}
    alone = [ref for ref, (one, _) in changed.items() if one.hubspot is None or one.salesforce is None]
    linked = links.by_refs(conn, alone) if alone else {}  # by another worker, since they were looked at
    shelf.put(conn, {ref: one for ref, one in changed.items() if ref not in linked}, stored, now)
    shelf.drop(conn, leaving.intersection(stored))


def told(agreement: Agreement | None, journey: Sequence[Entry], now: datetime, cycles: Cycles | None = None) -> Rows:
    """What the reading copy says of a journey, sorted; cycles: as they were judged already."""
    if agreement is None:
        return _NO_ROWS
    return shelved(agreement, journey, _judged(agreement, journey, now) if cycles is None else cycles)


def _judged(agreement: Agreement, journey: Sequence[Entry], now: datetime) -> Cycles:
    if not agreement.book or not may_start(agreement, journey):
        return {}
    return judge_all(agreement.book, walk(agreement.definition, journey), now, Scope.of(agreement))


def anew(
    conn: Connection, bridge: Bridge, refs: Iterable[Ref], readings: Mapping[Ref, Reading], now: datetime
) -> tuple[dict[Ref, Person], set[Ref]]:
    """People as the store and some readings have them, by the record that leads; and records that lead nobody.

    Args:
        conn: a transaction in which their links and journeys are as they shall be.
        bridge: the installation.
        refs: records of theirs, of today and of before.
        readings: of some of them; a record that is not there leads nobody.
        now: the time at which clocks are judged.
    """
    asked = sorted(set(refs))
    pairs = _pairs(bridge)
    linked = {ref: link for ref, link in links.by_refs(conn, asked).items() if link.pair in pairs}
    both = {link.hubspot: link for link in linked.values()}
    loose = [ref for ref in asked if ref not in linked and _may_lead(bridge, ref)]
    known = _journeys(conn, [*loose, *both, *(link.salesforce for link in both.values())])
    cards = shelf.cards(conn, [*loose, *both])
    found: dict[Ref, Person] = {}
    for ref, link in both.items():
        journey = in_order([*known.get(ref, ()), *known.get(link.salesforce, ())])
        who = _card_of(pairs[link.pair], link, readings, cards.get(ref))
        found[ref] = Person(ref, link.salesforce, link.pair, who, told(bridge.agreement, journey, now))
    for ref in loose:
        if _leads(ref, readings, cards, known):
            who = _card_alone(readings.get(ref), cards.get(ref))
            found[ref] = alone(bridge, ref, who, told(bridge.agreement, known.get(ref, ()), now))
    return found, {ref for ref in asked if ref not in found}


def _journeys(conn: Connection, refs: Sequence[Ref]) -> Mapping[Ref, Sequence[Entry]]:
    """The journey of each record with those of who it once was, though they be asked for as well."""
    gone_on = journeys.gone_on(conn, refs)
    known = journeys.by_ref(conn, [ref for ref in refs if ref not in gone_on])
    for ref in gone_on:
        known |= journeys.by_ref(conn, [ref])
    return known


def _pairs(bridge: Bridge) -> dict[str, Pair]:
    mapping = mapping_of_people(bridge)
    return {pair.name: pair for pair in bridge.mapping.pairs if pair.mapping == mapping}


def _may_lead(bridge: Bridge, ref: Ref) -> bool:
    """Whether it is the only record of a person: without a lifecycle nothing is known of such."""
    return bridge.agreement is not None and any(
        pair.mapping == bridge.agreement.definition.mapping for pair in bridge.mapping.pairs_of(ref.side, ref.object)
    )


def _leads(
    ref: Ref, readings: Mapping[Ref, Reading], cards: Mapping[Ref, Card], known: Mapping[Ref, Sequence[Entry]]
) -> bool:
    """Whether it is there and anything is known of it; of who was not read only those on the shelf are believed."""
    if ref in readings:
        return readings[ref].present and (ref in known or ref in cards)
    return ref in cards


def alone(bridge: Bridge, ref: Ref, who: Card, rows: Rows) -> Person:
    """A person with one record."""
    pair = bridge.mapping.pairs_of(ref.side, ref.object)[0].name
    here = ref.side is Side.HUBSPOT
    return Person(ref if here else None, None if here else ref, pair, who, rows)


def _card_alone(reading: Reading | None, stored: Card | None) -> Card:
    if reading is None:
        return stored or Card()
    here = reading.ref.side is Side.HUBSPOT
    return card(reading.values if here else None, None if here else reading.values)


def _card_of(pair: Pair, link: Link, readings: Mapping[Ref, Reading], stored: Card | None) -> Card:
    """Who they are by what was read of them; unread, as the shelf has them, else by what both sides agreed on."""
    read = [one for ref in (link.hubspot, link.salesforce) if (one := readings.get(ref)) and one.present]
    if not read and stored is not None:
        return stored
    values = {one.ref.side: one.values for one in read}
    for side in Side:
        if side not in values:
            values[side] = _agreed(pair, link, side)
    return card(values[Side.HUBSPOT], values[Side.SALESFORCE])


def _agreed(pair: Pair, link: Link, side: Side) -> Mapping[str, Value]:
    base = link.memory.base
    told = {rule.field_on(side): said(base[rule.name], side) for rule in pair.rules if rule.name in base}
    return {name: value for name, value in told.items() if isinstance(value, str)}


def edition(bridge: Bridge) -> str:
    """What decides how everybody is told: another edition tells them otherwise."""
    agreement, mapping = bridge.agreement, mapping_of_people(bridge)
    parts = [f"{_FORM}", mapping or ""]
    if agreement is not None:
        parts += [agreement.definition.version, *(one.version for one in agreement.book)]
    return " ".join(parts)


def begin(conn: Connection, bridge: Bridge) -> Mapping[str, str]:
    """Have all told anew where that is needed; how far it has come ("step" is "" once all are told)."""
    kept: Mapping[str, str] | None = state.get(conn, _STATE)
    wanted = edition(bridge)
    if kept is None or kept["edition"] != wanted:
        nobody = kept is None and not links.count(conn) and not journeys.newest(conn)
        kept = {"edition": wanted, "step": "" if nobody else _LINKED, "after": ""}
        state.put(conn, _STATE, kept)
    return kept


def is_whole(conn: Connection, bridge: Bridge) -> bool:
    """Whether everybody is on the shelf as the agreement in force tells them."""
    kept = state.get(conn, _STATE)
    return kept is not None and not kept["step"] and kept["edition"] == edition(bridge)


def tell_anew(bridge: Bridge, portions: int | None = None) -> bool:
    """Go on telling everybody anew, so many portions at most; whether there is more to tell."""
    with bridge.database.read() as conn:
        more = not is_whole(conn, bridge)
    done = 0
    for _ in count() if portions is None else range(portions):
        if not more:
            break
        with bridge.database.begin() as conn:
            kept = begin(conn, bridge)
            if kept["step"]:
                number, step, after = _STEPS[kept["step"]](conn, bridge, kept["after"])
                state.put(conn, _STATE, {**kept, "step": step, "after": after})
                done += number
            more = bool(kept["step"])
        bridge.progress("telling the pages anew", done, None)
    return more


Told = tuple[int, str, str]  # how many people, and the step that comes next with where it goes on


def _tell_linked(conn: Connection, bridge: Bridge, after: str) -> Told:
    page = links.page(conn, int(after or 0), _PORTION)
    _tell(conn, bridge, [link.hubspot for link in page])
    return len(page), *((_LINKED, str(page[-1].id)) if page else (_ALONE, ""))


def _tell_alone(conn: Connection, bridge: Bridge, after: str) -> Told:
    refs = journeys.page(conn, after, _PORTION)
    stored = shelf.digests(conn, refs)
    _tell(conn, bridge, [ref for ref in refs if ref in stored])
    missing = [ref for ref in refs if ref not in stored and (ref.side, ref.object) in bridge.views]
    strangers = set(missing) - links.by_refs(conn, missing).keys() - journeys.gone_on(conn, missing)
    dirty.mark(conn, sorted(strangers), bridge.clock.now(), reason="the pages do not know them yet")
    return len(refs), *((_ALONE, codec.key(refs[-1])) if refs else (_LEFT, ""))


def _tell_left(conn: Connection, _: Bridge, after: str) -> Told:
    refs = shelf.page(conn, after, _PORTION)
    linked = links.by_refs(conn, refs)
    known = _journeys(conn, [ref for ref in refs if ref not in linked])
    shelf.drop(conn, [ref for ref in refs if ref not in linked and ref not in known])
    return len(refs), *((_LEFT, codec.key(refs[-1])) if refs else ("", ""))


def _tell(conn: Connection, bridge: Bridge, refs: Sequence[Ref]) -> None:
    """Tell these people; who is there is nobody else's to write meanwhile, and who is not may be told by another."""
    there = shelf.locked(conn, refs)
    now = bridge.clock.now()
    found, gone = anew(conn, bridge, refs, {}, now)
    write(conn, {ref: one for ref, one in found.items() if ref in there}, gone, now)
    shelf.add(conn, {ref: (one, one.digest()) for ref, one in found.items() if ref not in there}, now)


_STEPS = {_LINKED: _tell_linked, _ALONE: _tell_alone, _LEFT: _tell_left}
