"""A job: one case being carried out, what it is about to send, and what became of it.

It starts from the case's plan and what is remembered of the link; the tasks collect what the sides answer; the rest is
for the record: notes for the story, issues for people, refs to look at anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.core.agreement import sending, settle
from connector.core.digest import digest
from connector.core.journey import Entry
from connector.core.plan import Agreed, Archive, Change, Create, Issue, Link, Memory, Raise, Relink, Unlink, Update
from connector.core.refs import Ref, Side
from connector.core.values import Value
from connector.engine.case import Case
from connector.engine.writing import Task


@dataclass(slots=True)
class Job:
    """One case being carried out."""

    case: Case
    link_id: int | None = None
    version: int = 0
    memory: Memory = field(default_factory=Memory)
    tasks: list[Task] = field(default_factory=list)
    made: Task | None = None
    again: list[Ref] = field(default_factory=list)  # refs to look at anew
    notes: list[tuple[str, str]] = field(default_factory=list)  # (kind of event, words)
    became: list[tuple[Ref, Ref]] = field(default_factory=list)  # who went on as whom: (old, new)
    raised: list[Issue] = field(default_factory=list)
    shown: bool = False  # what its plan and its moves raise was shown ahead
    overtaken: bool = False  # others have changed the link since it was planned: what it asks may be answered by now
    barred: bool = False  # a side has refused this very record as it is; nothing is sent again
    heard: list[Entry] = field(default_factory=list)  # what its journey was told beside what was decided
    shelved: int | None = None  # how much of that the reading copy has; None: it has nothing of this job

    @property
    def troubled(self) -> bool:
        """Whether somebody does not know what happened: the case must be looked at again."""
        return any(task.unsure or (task.absent and not self.converted) for task in self.tasks)

    @property
    def converted(self) -> Ref | None:
        """Who holds the place of what should have been made, when that was converted: the very counterpart."""
        return self.made.moved_to if self.made else None

    @property
    def written(self) -> list[Change]:
        """Every change that arrived."""
        return [change for task in self.tasks for change in task.written]

    @property
    def refused(self) -> list[Change]:
        """Every change that surely did not arrive."""
        return [change for task in self.tasks for change, _ in task.refused if change]

    @property
    def told(self) -> dict[tuple[Side, str], Value]:
        """What the sides' answers say they hold now."""
        return {(task.side, name): value for task in self.tasks if task.done for name, value in task.told.items()}


def job_of(case: Case) -> Job:
    """The tasks of a case, and its memory with what is about to be sent."""
    link = case.link
    job = Job(case, link.id if link else None, link.version if link else 0, _memory(case))
    for step in case.plan.steps:
        match step:
            case Create(object=obj, changes=changes, key=key):
                job.made = Task(obj, None, list(changes), key)
                job.tasks.append(job.made)
            case Update(ref=ref, changes=changes):
                job.tasks.append(Task(ref.object, ref, list(changes)))
            case Archive(ref=ref):
                job.tasks.append(Task(ref.object, ref, [], archive=True))
            case Link() | Unlink() | Relink() | Raise():
                pass
    barred = {side for side, name, value in case.subject.parked if not name and value == origin_digest(case, side)}
    if any(task.side in barred for task in job.tasks):
        job.tasks, job.made, job.barred = [task for task in job.tasks if task.side not in barred], None, True
    if not link:
        job.memory = settle(job.memory, case.plan, ())
    if job.tasks and not job.made:
        job.memory = sending(job.memory, case.plan)
    return job


def _memory(case: Case) -> Memory:
    """What is remembered of a case's link, less what is to be met anew."""
    memory = case.link.memory if case.link else case.subject.made or Memory()
    if not case.unsaid:
        return memory
    base = {rule: agreed for rule, agreed in memory.base.items() if rule not in case.unsaid}
    return Memory(base, memory.sent, memory.formerly)


def origin_digest(case: Case, towards: Side) -> str | None:
    """The digest of the reading that a write to one side comes from."""
    origin = case.subject.salesforce if towards is Side.HUBSPOT else case.subject.hubspot
    return digest(origin) if origin else None


def created_memory(job: Job) -> Memory:
    """What both sides agree on after a create: all that was sent, as the side says it took it, less what it refused."""
    step = next(step for step in job.case.plan.steps if isinstance(step, Create))
    refused = {change.rule for task in job.tasks for change, _ in task.refused if change}
    agreed = {rule: one for rule, one in step.agreed.items() if rule not in refused} if refused else dict(step.agreed)
    made = job.made
    if made is not None and made.told:
        for change in made.written:
            if change.rule in agreed and made.told.get(change.field, change.after) != change.after:
                held = made.told[change.field]
                both = agreed[change.rule]
                there = Agreed(held, both.salesforce) if made.side is Side.HUBSPOT else Agreed(both.hubspot, held)
                agreed[change.rule] = there
    return Memory(agreed)
