"""People who operate the bridge: they settle, unpark, retry, link, unlink, resync, forget, plan and apply.

They use the bridge's own commands, as the command line and the admin do, in a process of their own that nobody
interrupts; a worker may be anywhere between two of its steps meanwhile. What the bridge refuses is told.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from connector.bootstrap import Installation
from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from connector.engine import commands, planfile, sync
from connector.engine.erase import without_erased
from connector.engine.sweep import batches, swept
from connector.errors import BridgeError
from connector.storage import issues
from connector.storage.issues import StoredIssue
from tests.simulation.people.screens import some_side, somebody
from tests.simulation.stage import Alone, Stage

BY = "a person"
PAPERS_MAX = 2
Operating = Callable[[Installation], str | None]


def operated(stage: Stage, doing: Operating) -> str | None:
    """Open the bridge as a person does, and do something; what it refuses or cannot do is told."""
    try:
        with stage.installation("operator", Alone(stage.clock)) as opened:
            return doing(opened)
    except BridgeError as error:
        return f"the operator is told: {type(error).__name__} {str(error)[:120]}"


def _open(opened: Installation, kind: IssueKind) -> list[StoredIssue]:
    with opened.bridge.database.read() as conn:
        return list(issues.open_issues(conn, kinds=[kind]))


def settles(stage: Stage) -> str | None:
    """A person decides a conflict."""

    def settle(opened: Installation) -> str | None:
        found = _open(opened, IssueKind.CONFLICT)
        if not found:
            return None
        chosen, winner = stage.dice.choice(found), some_side(stage)
        commands.settle(opened.bridge, chosen.id, winner, BY)
        return f"a person settles {chosen.issue.rule} of {chosen.issue.refs[0]}: {winner.value} is right"

    return operated(stage, settle)


def unparks(stage: Stage) -> str | None:
    """A person lets parked values be tried again."""

    def unpark(opened: Installation) -> str | None:
        found = commands.parked_ids(opened.bridge)
        if not found:
            return None
        chosen = stage.dice.sample(found, stage.dice.randrange(1, len(found) + 1))
        return f"a person unparks {commands.unpark(opened.bridge, chosen, BY)}"

    return operated(stage, unpark)


def retries(stage: Stage) -> str | None:
    """A person will not wait for pauses to end."""
    return operated(stage, lambda opened: f"a person hurries {commands.retry(opened.bridge, 'a person')} refs")


def _ref(stage: Stage, side: Side) -> Ref | None:
    person = somebody(stage, side)
    return person and Ref(side, person.object, person.id)


def links(stage: Stage) -> str | None:
    """A person says that two records are the same; mostly they are not."""
    one, other = _ref(stage, Side.HUBSPOT), _ref(stage, Side.SALESFORCE)
    if one is None or other is None:
        return None

    def link(opened: Installation) -> str:
        commands.link(opened.bridge, one, other, BY)
        stage.kept_apart -= {(one.side, one.id), (other.side, other.id)}
        return f"a person links {one} with {other}"

    return operated(stage, link)


def unlinks(stage: Stage) -> str | None:
    """A person keeps two linked records apart from now on."""
    ref = _ref(stage, some_side(stage))
    if ref is None:
        return None

    def unlink(opened: Installation) -> str:
        held = commands.unlink(opened.bridge, ref, BY)
        stage.kept_apart |= {(each.side, each.id) for each in (held.hubspot, held.salesforce)}
        return f"a person unlinks {held.hubspot} from {held.salesforce}"

    return operated(stage, unlink)


def resyncs(stage: Stage) -> str | None:
    """A person has records looked at again."""
    ref = _ref(stage, some_side(stage))
    if ref is None:
        return None

    def resync(opened: Installation) -> str:
        commands.resync(opened.bridge, [ref], BY)
        return f"a person has {ref} looked at again"

    return operated(stage, resync)


def looks(stage: Stage) -> str | None:
    """A person looks at one record, which writes nothing."""
    ref = _ref(stage, some_side(stage))
    if ref is None:
        return None

    def look(opened: Installation) -> str:
        return f"a person looks at {ref}: {len(commands.look(opened.bridge, ref).issues)} issues"

    return operated(stage, look)


def forgets(stage: Stage) -> str | None:
    """A person has all that is known of somebody erased."""
    person = somebody(stage, some_side(stage))
    if person is None:
        return None
    ref = Ref(person.side, person.object, person.id)

    def forget(opened: Installation) -> str:
        stage.kept_apart.add((ref.side, ref.id))
        stage.forgotten.add(person.email.lower())
        commands.forget(opened.bridge, ref)
        return f"a person has {ref} forgotten"

    return operated(stage, forget)


def approves(stage: Stage) -> str | None:
    """A person has read the plan and lets a held run go on."""

    def approve(opened: Installation) -> str:
        run = opened.sync("once", by=BY, approved=True)
        return f"a person syncs with approval: {dict(run.counts)}"

    return operated(stage, approve)


def plans(stage: Stage) -> str | None:
    """A person saves a plan of everything, to be read and applied later."""
    return operated(stage, partial(_plan, stage))


def _plan(stage: Stage, opened: Installation) -> str:
    with tempfile.NamedTemporaryFile(suffix=".jsonl", delete=False) as file:
        path = Path(file.name)
    bridge = opened.bridge
    with sync.recorded(bridge, "plan", BY) as run, swept(bridge, run.id):
        cases = [case for batch in batches(bridge, run.id, None) for case in without_erased(bridge, batch)]
        rows = [planfile.line(case) for case in cases if case.plan.steps]
        head = planfile.header(bridge, {}, whole=stage.dice.random() < 0.5)  # either
        planfile.save(path, head, rows)
    for old in stage.papers[PAPERS_MAX - 1 :]:
        old.unlink(missing_ok=True)
    stage.papers[:] = [path, *stage.papers[: PAPERS_MAX - 1]]
    return f"a person saves a plan of {len(rows)} records"


def applies(stage: Stage) -> str | None:
    """A person applies a plan that was saved earlier; the world may have moved on."""
    if not stage.papers:
        return None
    path = stage.papers.pop()
    try:
        return operated(stage, partial(_apply, path))
    finally:
        path.unlink(missing_ok=True)


def _apply(path: Path, opened: Installation) -> str:
    head, records = planfile.load(path, opened.bridge.mapping.digest)
    with sync.recorded(opened.bridge, "apply", BY, approved=True) as run:
        planfile.apply_saved(opened.bridge, records, run, head)
    return f"a person applies a saved plan: {dict(run.counts)}, {len(run.skipped)} skipped"
