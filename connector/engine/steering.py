"""What follows from the shared definition for the people of a batch: their journeys in one look, one pure step each.

Every case of the lifecycle's mapping is steered wherever cases are made, so that a plan on paper shows what follows as
well; only `apply` remembers any of it. Who is stopped, out of scope, moving or going is left as they are. People with
one record only are steered too: marketing's half of the lifecycle needs no Salesforce record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.core.course import in_order
from connector.core.journey import Entry
from connector.core.mapping import OnLeaving
from connector.core.plan import Archive, Create, Issue, IssueKind, Plan, Raise, Relink, Unlink
from connector.core.planning import plan
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.core.steer import steer
from connector.core.steered import Agreement, Now
from connector.engine.bridge import Bridge
from connector.engine.case import Case, Following
from connector.engine.rota import Rota
from connector.engine.wishing import with_wishes
from connector.storage import journeys
from connector.storage.journeys import Known

_PARTING = (Archive, Unlink, Relink)
_NOTHING = Known((), 0)


@dataclass(frozen=True, slots=True)
class _Steering:
    """What all people of a batch are steered by."""

    bridge: Bridge
    agreement: Agreement
    known: Mapping[Ref, Known]
    rota: Rota
    mark: int | None

    def until(self, ref: Ref) -> int:
        """How far the journey of a record went, as far as its reading can know of it."""
        latest = self.known.get(ref, _NOTHING).latest
        return latest if self.mark is None else min(latest, self.mark)


def steered(bridge: Bridge, cases: list[Case], mark: int | None = None) -> list[Case]:
    """The same cases, with what follows for them in their plans.

    Args:
        bridge: the installation.
        cases: from one batch.
        mark: the newest entry when their records were read (`journeys.newest`). Who has gone on since was read too
            early, and is looked at again: what an old reading says is no news. None: they were read at leisure.
    """
    agreement = bridge.agreement
    if agreement is None:
        return cases
    taking = [case for case in cases if case.following is None and _takes_part(agreement, case)]
    if not taking:
        return cases
    records = [_records(case) for case in taking]
    with bridge.database.read() as conn:
        known = journeys.known(conn, [ref for refs in records for ref in refs])
    now = bridge.clock.now()
    steering = _Steering(bridge, agreement, known, Rota(bridge, now), mark)
    for case, refs in zip(taking, records, strict=True):
        _steer(steering, case, refs, Now(_there(case.subject.hubspot), _there(case.subject.salesforce), now))
    return cases


def _steer(steering: _Steering, case: Case, records: Sequence[Ref], now: Now) -> None:
    known = steering.known
    journey = _journey([known[ref] for ref in records if ref in known]) if known else ()
    following = steer(steering.agreement, journey, now, steering.rota.choose)
    case.following = Following(following, {ref: steering.until(ref) for ref in case.refs}, journey)
    issues: tuple[Issue, ...] = following.issues
    if following.wanted and now.salesforce is None and not _makes(case.plan):
        issues += _made_at_will(steering.bridge, case)
    case.plan = with_wishes(steering.bridge, case, following.wishes)
    if issues:
        case.plan = replace(case.plan, steps=(*case.plan.steps, *map(Raise, issues)))


def _journey(told: Iterable[Known]) -> Sequence[Entry]:
    entries = [entry for known in told for entry in known.entries]
    return in_order(entries) if entries else ()


def _takes_part(agreement: Agreement, case: Case) -> bool:
    pair, left, right = case.pair, _there(case.subject.hubspot), _there(case.subject.salesforce)
    if pair.mapping != agreement.definition.mapping or (left is None and right is None):
        return False
    if case.link is not None:
        if case.link.stopped or left is None or right is None:
            return False
        if any(isinstance(step, _PARTING) for step in case.plan.steps):
            return False
        return pair.on_leaving is OnLeaving.KEEP_UPDATING or pair.in_scope(left, right)
    return pair.in_scope(left, right)


def _there(reading: Reading | None) -> Reading | None:
    return reading if reading is not None and reading.present else None


def _records(case: Case) -> list[Ref]:
    """The records of a person: today's, and those that were merged into them."""
    found = list(case.refs)
    for reading in (case.subject.hubspot, case.subject.salesforce):
        if reading is not None and reading.aliases:
            found += [Ref(reading.ref.side, reading.ref.object, alias) for alias in reading.aliases]
    return found


def _makes(plan: Plan) -> bool:
    return any(isinstance(step, Create) for step in plan.steps)


def _made_at_will(bridge: Bridge, case: Case) -> tuple[Issue, ...]:
    """Have a record made for who was handed over, though the mapping alone would make none; else say why not."""
    contact = case.subject.hubspot
    if contact is None or case.subject.issue is not None:
        return ()  # a person is being asked already whose counterpart is whose
    subject = replace(case.subject, wanted=True)
    for pair in bridge.mapping.pairs_of(Side.HUBSPOT, contact.ref.object):
        if pair.mapping == case.pair.mapping:
            made = plan(pair, subject)
            if _makes(made):
                case.pair, case.subject, case.plan = pair, subject, made
                return ()
    if any(isinstance(step, Raise) for step in case.plan.steps):
        return ()
    return (_no_record(contact.ref, case.plan.note),)


def _no_record(ref: Ref, why: str) -> Issue:
    return Issue(
        IssueKind.UNOWNED,
        (ref,),
        side=Side.SALESFORCE,
        code="NO_RECORD",
        reason=f"{ref} was handed over, but has no record in Salesforce: {why}",
        hint=f"make one possible, then: smarketing resync {ref}",
    )
