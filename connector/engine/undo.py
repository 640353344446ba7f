"""Undo: compensating writes, so that both CRMs say what they said before, but for what others have edited since.

What is chosen (a run, a record, a field, a window) is read from the story, both sides are read afresh, and a plan like
any other follows (`core.undoing` decides each field): it is shown, guarded, written ahead, carried out and told by the
same code as a sync. Before anything is written, what both sides will say is agreed on as it will stand, and a record
whose making is undone is kept apart from whom it was made for; so no later pass does again what was undone, whatever
interrupts. Started again, it does what is left: what is as it was is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from connector.core.guards import Held, Tally, check
from connector.core.plan import Memory
from connector.core.refs import Ref
from connector.engine import making, underway
from connector.engine.apply import apply
from connector.engine.bridge import Bridge
from connector.engine.deeds import Asked, concerned
from connector.engine.making import UNDER_WAY_FOR, adopt
from connector.engine.reconcile import heed_fault
from connector.engine.run import Run
from connector.engine.takingback import Person, Refusal, look
from connector.engine.underway import tell_left
from connector.errors import Refused
from connector.storage import dirty, events, links, runs
from connector.storage.links import NewLink

KIND = "undo"  # of the run
_PORTION = 5_000  # events read at a time
_PEOPLE = 500  # records whose whole story is in memory at a time


@dataclass
class Undone:
    """What an undo does, or would do.

    Attributes:
        people: those who are written to, where they are asked for.
        refused: what stays as it is, and why.
        follows: fields left to the shared definition, from which they follow.
        links: pairs that stay linked, with the ids by which they know each other.
        tally: records archived and changed.
    """

    people: list[Person] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    follows: int = 0
    links: int = 0
    tally: Tally = field(default_factory=Tally)

    def take(self, found: Sequence[Person]) -> list[Person]:
        """Count what was found of some people; those to whom something is to be done."""
        for person in found:
            self.refused += person.refused
            self.follows += person.follows
            self.links += person.linked
        doing = [person for person in found if person.case.plan.steps]
        self.tally += Tally.of(person.case.plan for person in doing)
        return doing


def asked_for(bridge: Bridge, asked: Asked) -> Asked:
    """The same, up to what was told by now; what an interrupted run left untold is told first.

    Raises:
        Refused: when nothing is named, or there is no such run, or it is still at work, or the story tells of nothing
            that fits.
        Transient, Unauthorised: what reading raises.
    """
    if asked == Asked():
        raise Refused("say what shall be undone: a run (see smarketing status), --record, --field, --since or --until")
    adopt(bridge)
    tell_left(bridge)
    with bridge.database.read() as conn:
        if asked.run is not None:
            _check_over(conn, asked.run)
        asked = replace(asked, through=events.newest(conn))
        if not events.wanted(conn, asked.wanted, 0, 1):
            raise Refused("the story tells of nothing that the bridge wrote there; see smarketing show and why")
    return asked


def _check_over(conn: Connection, run_id: int) -> None:
    if runs.by_id(conn, run_id) is None:
        raise Refused(f"there is no run {run_id}; smarketing status lists the latest ones")
    if underway.of_run(conn, run_id) or making.of_run(conn, run_id):
        minutes = UNDER_WAY_FOR.total_seconds() / 60
        words = f"run {run_id} is still writing, or has died a moment ago; the story is not whole before it has ended"
        raise Refused(f"{words}. Stop it, or wait until it ends; what a dead one left is told after {minutes:.0f} min")


def both(bridge: Bridge, ref: Ref) -> frozenset[Ref]:
    """A record and its counterpart of today."""
    with bridge.database.read() as conn:
        link = links.by_refs(conn, [ref]).get(ref)
    return frozenset((link.hubspot, link.salesforce) if link else (ref,))


def survey(bridge: Bridge, asked: Asked) -> Undone:
    """What undoing would do, writing nothing.

    Raises:
        Transient, Unauthorised: what reading raises.
    """
    found = Undone()
    for refs in _portions(bridge, asked):
        found.people += found.take(look(bridge, asked, refs))
        bridge.progress("looking", len(found.people), None)
    return found


def held(bridge: Bridge, found: Undone) -> str:
    """Why a guard holds what would be done; "" where none does."""
    with bridge.database.read() as conn:
        verdict = check(found.tally, bridge.limits, links.count(conn))
    return verdict.reason if isinstance(verdict, Held) else ""


def undo(bridge: Bridge, run: Run, asked: Asked) -> Undone:
    """Take back what is chosen, as far as it can be; it was surveyed before, and the guards were heeded.

    Args:
        bridge: the installation.
        run: approved, of the kind `undo`.
        asked: from `asked_for`.

    Raises:
        Transient, Unauthorised: when a side does not answer, or lets us write no longer; started again, it goes on.
    """
    done = Undone()
    for refs in list(_portions(bridge, asked)):
        doing = done.take(look(bridge, asked, refs))
        if doing:
            _carry_out(bridge, run, doing)
            done.refused += [_not_taken(person) for person in look(bridge, asked, refs) if person.case.plan.steps]
        bridge.progress("undoing", run.counts["considered"], None)
    run.count("refused_undoing", len(done.refused))
    return done


def _carry_out(bridge: Bridge, run: Run, doing: Sequence[Person]) -> None:
    _keep_apart(bridge, [person for person in doing if person.apart])
    applied = apply(bridge, [person.case for person in doing], run)
    with bridge.database.begin() as conn:
        refs = sorted({ref for person in doing for ref in person.case.refs})
        dirty.mark(conn, refs, bridge.clock.now(), reason="undone")
    heed_fault(bridge, applied)


def _keep_apart(bridge: Bridge, apart: Sequence[Person]) -> None:
    """Remember, before a record is archived, that it must not be made again; links for this are made where none is.

    They remember nothing of what was agreed on, by which they are known from those whom a person keeps apart.
    """
    if not apart:
        return
    with bridge.database.begin() as conn:
        loose = [person.case for person in apart if person.case.link is None]
        rows = [NewLink(case.pair.name, case.refs[0], case.refs[1]) for case in loose]
        links.insert(conn, rows, bridge.clock.now())
        found = links.by_refs(conn, [person.case.refs[0] for person in apart])
        for person in apart:
            link = found.get(person.case.refs[0])
            if link is not None and {link.hubspot, link.salesforce} == set(person.case.refs):
                links.stop(conn, link.id)
                if links.save(conn, [(link.id, link.version, Memory())]):
                    person.case.link = replace(link, stopped=True, version=link.version + 1, memory=Memory())


def _not_taken(person: Person) -> Refusal:
    return Refusal(
        person.case.refs[0],
        "",
        "not everything could be written: a side refused it, its answer was lost, or others were at it",
        hint=f"see smarketing show {person.case.refs[0]}, mend the cause, and start the same undo again",
    )


def _portions(bridge: Bridge, asked: Asked) -> Iterator[list[Ref]]:
    """The records of which chosen events tell, some at a time, each with its counterpart of today; each once."""
    met: set[Ref] = set()
    portion: list[Ref] = []
    after, more = 0, True
    while more:
        with bridge.database.read() as conn:
            found = events.wanted(conn, asked.wanted, after, _PORTION)
            ends = links.by_refs(conn, set(concerned(found)) - met)
        for event in found:
            own = [ref for ref in concerned([event]) if ref not in met]
            linked = [ref for each in own if (link := ends.get(each)) for ref in (link.hubspot, link.salesforce)]
            new = [ref for ref in dict.fromkeys(own + linked) if ref not in met]
            met.update(new)
            portion += new
            if len(portion) >= min(_PEOPLE, bridge.batch_records):
                yield portion
                portion = []
        after = found[-1].id or 0 if found else after
        more = len(found) == _PORTION and after < asked.through
    if portion:
        yield portion
