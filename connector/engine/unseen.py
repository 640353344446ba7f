"""What the configuration cannot do as the CRMs are today, told as issues: a rule that sleeps unseen syncs in silence.

Two ways to learn it: findings from holding the mapping against the live schemas, and readings that lack a field they
were asked for, because somebody hid or removed it since. The second outdates what is remembered of the accounts, as
does the refusal of a value that contradicts it, so that the next opening asks anew. Invariant: after each run the open
schema issues are exactly what does not fit now.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.core.plan import Issue, IssueKind
from connector.core.readings import Reading
from connector.core.refs import Ref, Side
from connector.engine import facts
from connector.engine.bridge import Bridge
from connector.engine.run import Run
from connector.storage import issues

HIDDEN = "HIDDEN"


def note(bridge: Bridge, run: Run, reading: Reading | None) -> None:
    """Remember the fields a live reading lacks though they were asked for."""
    if reading is None or not reading.present:
        return
    fields = bridge.views[reading.ref.side, reading.ref.object].fields
    if len(reading.values) + len(reading.unreadable) >= len(fields):
        run.whole.add((reading.ref.side, reading.ref.object))
        return
    for name in fields:
        if name not in reading.values and name not in reading.unreadable:
            run.unseen.add((reading.ref.side, reading.ref.object, name))


def tell(bridge: Bridge, run: Run, found: Sequence[Issue]) -> None:
    """Open an issue for everything that does not fit now; close those about what does again."""
    now_open = [*found, *(_hidden(bridge, *place) for place in sorted(run.unseen))]
    now_open += [_withheld(side, obj, why) for (side, obj), why in sorted(run.withheld.items())]
    keys = {(issue.refs[0], issue.rule, issue.field) for issue in now_open}
    with bridge.database.begin() as conn:
        if now_open or issues.counts(conn):
            stored = issues.open_issues(conn, kinds=[IssueKind.SCHEMA])
            mended = [
                one.id
                for one in stored
                if (one.issue.refs[0], one.issue.rule, one.issue.field) not in keys and _fits(bridge, run, one.issue)
            ]
            issues.close(conn, mended, bridge.clock.now(), "it fits again")
            issues.raise_issues(conn, now_open, bridge.clock.now(), run.id)
    if now_open:
        run.counts["schema"] += len(now_open)
    if run.unseen:
        facts.outdate(bridge.database)
    else:
        facts.outdate_if_contradicted(bridge.database)


def _fits(bridge: Bridge, run: Run, issue: Issue) -> bool:
    """Whether a field was seen again, or is asked for no more; a run that read nothing of its object cannot tell."""
    if issue.code != HIDDEN:
        return True
    side, obj, name = issue.refs[0].side, issue.refs[0].object, issue.refs[0].id
    view = bridge.views.get((side, obj))
    return (side, obj) in run.whole or view is None or name not in view.fields


def _withheld(side: Side, obj: str, why: str) -> Issue:
    """Evidence that a side will not tell of: promises are judged without it, which people must know."""
    return Issue(
        IssueKind.SCHEMA,
        (Ref(side, obj, "evidence"),),
        side=side,
        field=obj,
        code="WITHHELD",
        reason=f"{side.value} does not tell of {obj}, so what is done there keeps no promise and moves nobody: {why}",
        hint=f"let the bridge read {obj}; it asks again within the hour",
    )


def _hidden(bridge: Bridge, side: Side, obj: str, name: str) -> Issue:
    rules = [
        rule
        for pair in bridge.mapping.pairs
        if pair.object_on(side) == obj
        for rule in pair.rules
        if rule.field_on(side) == name
    ]  # fmt: skip - one line a loop
    return Issue(
        IssueKind.SCHEMA,
        (Ref(side, obj, name),),
        rule=rules[0].name if rules else "",
        side=side,
        field=name,
        code=HIDDEN,
        reason=f"{side.value} does not show {obj}.{name} any more, so nothing of it is kept in step",
        hint="let the bridge's user see and edit the field, or remove the rule; then: smarketing check, "
        "smarketing sync --full",
    )
