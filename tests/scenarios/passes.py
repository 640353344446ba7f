"""What the bridge is told in a story: its passes, its deaths, and what a person asks of it."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import Any

from connector.core.plan import IssueKind
from connector.core.refs import Ref, Side
from connector.engine import commands, planfile, sync
from connector.engine.sweep import batches, swept
from connector.storage import cursors, issues, seen
from tests.scenarios.acts import acts, ref_of
from tests.scenarios.crash import Fate, Killed
from tests.scenarios.stage import Stage
from tests.scenarios.stories import Line

ROUNDS_MAX = 400


@acts.phrase("sync")
def _sync(stage: Stage, _: Line) -> None:
    stage.sync()
    stage.pass_time()


@acts.phrase("sync everything")
def _full(stage: Stage, _: Line) -> None:
    stage.sync("full")
    stage.pass_time()


@acts.phrase("sync under guards")
def _guarded(stage: Stage, _: Line) -> None:
    stage.sync("full", approved=False)
    stage.pass_time()


@acts.phrase("plan")
def _plan(stage: Stage, _: Line) -> None:
    """As `smarketing plan --out` does."""
    stage.begin_pass()
    with stage.installation() as opened:
        bridge = opened.bridge
        run_ = sync.start(bridge, "plan", "a story")
        lines = []
        with swept(bridge, run_.id):
            for cases in batches(bridge, run_.id):
                for case in cases:
                    run_.count_plan(case.plan)
                    lines += [planfile.line(case)] if case.plan.steps else []
        planfile.save(stage.config.parent / "plan.jsonl", planfile.header(bridge, {}), lines)
        sync.finish(bridge, run_, "planned")
        stage.last_run = run_
    stage.pass_time()


@acts.phrase("apply the plan")
def _apply(stage: Stage, _: Line) -> None:
    """As `smarketing apply` does."""
    stage.begin_pass()
    with stage.installation() as opened:
        _, records = planfile.load(stage.config.parent / "plan.jsonl", opened.bridge.mapping.digest)
        run_ = sync.start(opened.bridge, "apply", "a story", approved=True)
        planfile.apply_saved(opened.bridge, records, run_)
        sync.finish(opened.bridge, run_, "applied")
        stage.last_run = run_
    stage.pass_time()


@acts.phrase("sync, but crash at step NUMBER")
def _crash(stage: Stage, line: Line, at: str) -> None:
    fate = Fate(int(at))
    try:
        stage.sync(fate=fate)
    except Killed:
        stage.pass_time()
        return
    raise line.problem(f"the pass was over after {fate.passed} steps, before the crash")


@acts.phrase("sync, crashing at every step")
def _every_crash(stage: Stage, line: Line) -> None:
    """Crash at step 1, start again and crash at step 2, ... until a pass gets through."""
    for at in range(1, ROUNDS_MAX):
        try:
            stage.sync(fate=Fate(at))
        except Killed:
            stage.clock.advance(600)  # leases of the dead run out
        else:
            return
    raise line.problem("no pass ever got through")


@acts.phrase("two workers sync at once")
def _two(stage: Stage, line: Line) -> None:
    two_workers(stage, line, 0)


@acts.phrase("two workers sync at once, and one crashes at step NUMBER")
def _two_crashing(stage: Stage, line: Line, at: str) -> None:
    two_workers(stage, line, int(at))


def two_workers(stage: Stage, line: Line, dies_at: int) -> bool:
    """Two whole installations on one store at the same time; the first may die, and is started again.

    Returns whether it died before its work was done.
    """
    stage.begin_pass()
    troubles: list[BaseException] = []
    fates = (Fate(dies_at), Fate())

    def work(fate: Fate) -> None:
        try:
            with stage.installation(fate) as opened:
                opened.sync("full", by="a worker", approved=True)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001  # told by the step, in the main thread
            troubles.append(error)

    with stage.installation():
        pass  # the store is made by one, as an operator does
    threads = [Thread(target=work, args=(fate,)) for fate in fates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if troubles:
        raise line.problem(f"a worker failed: {troubles[0]!r}") from troubles[0]
    stage.clock.advance(600)
    if fates[0].dead:
        work(Fate())
    stage.clock.advance(600)
    return fates[0].dead


@acts.phrase("the store is lost")
def _lost_store(stage: Stage, _: Line) -> None:
    """As when the file is deleted: nothing is remembered of anybody."""
    for path in stage.config.parent.glob("bridge.db*"):
        path.unlink()


@acts.phrase("every old poll is replayed")
def _replay(stage: Stage, _: Line) -> None:
    """The cursors of every earlier pass are taken up again, with nothing remembered as seen."""
    stage.begin_pass()
    for poll in list(stage.polls):
        with stage.installation() as opened:
            bridge = opened.bridge
            with bridge.database.begin() as conn:
                for side, cursor in poll.items():
                    cursors.put(conn, side, cursor, bridge.clock.now())
                    seen.purge(conn, side, bridge.clock.now() + timedelta(days=1))
            opened.sync("once", by="a story", approved=True)


@acts.phrase("a person settles FIELD of NAME for SIDE")
def _settle(stage: Stage, line: Line, rule: str, name: str, side: str) -> None:
    with stage.installation() as opened:
        for stored in _open(opened.bridge, IssueKind.CONFLICT):
            if stored.issue.rule == rule and ref_of(stage, name) in stored.issue.refs:
                commands.settle(opened.bridge, stored.id, Side(side), "a person")
                return
    raise line.problem("there is no such open conflict")


@acts.phrase("a person unparks everything")
def _unpark(stage: Stage, _: Line) -> None:
    with stage.installation() as opened:
        commands.unpark(opened.bridge, commands.parked_ids(opened.bridge), "a person")


@acts.phrase("a person links NAME with OTHER")
def _link(stage: Stage, _: Line, name: str, other: str) -> None:
    with stage.installation() as opened:
        refs = [
            Ref(side, *stage.people[each].places[side]) for each in (name, other) for side in stage.people[each].places
        ]
        commands.link(opened.bridge, refs[0], refs[1], "a person")


@acts.phrase("a person forgets NAME")
def _forget(stage: Stage, _: Line, name: str) -> None:
    stage.pin(name)
    with stage.installation() as opened:
        commands.forget(opened.bridge, ref_of(stage, name))


def _open(bridge: Any, kind: IssueKind) -> Any:
    with bridge.database.read() as conn:
        return issues.open_issues(conn, kinds=[kind])
