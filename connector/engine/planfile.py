"""A plan on paper: saved for a person to read, applied later to what has not changed since.

One JSON line a record, under a header that names the mapping it was made with. Nothing in it is executed: `apply`
reads the records again, compares their digests with those on paper, and carries out the plan that follows from the
fresh readings. A record whose reading has changed is skipped, listed and marked dirty; a plan made with another mapping
is refused. A plan of everything that was the first comparison carries its beginning, from which polling then goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from connector.core.digest import digest
from connector.core.plan import Archive, Because, Create, Issue, Link, Raise, Relink, Step, Unlink, Update
from connector.core.readings import Reading
from connector.core.refs import Ref
from connector.engine.apply import apply
from connector.engine.bridge import Bridge
from connector.engine.case import Case
from connector.engine.cases import cases_of
from connector.engine.erase import without_erased
from connector.engine.reconcile import heed_fault
from connector.engine.run import Run
from connector.engine.standing import Beginning, beginning, begun
from connector.engine.story import change_row
from connector.errors import Refused
from connector.storage import dirty

FORMAT = 1
_COUNT_ROOM = 32  # characters that "records": and a number take
Deed = tuple[str, str, str, str | None]  # what is done, to which record or on which side, to which field, its value


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """One line of a saved plan: of whom, read how, to be done what."""

    refs: tuple[Ref, ...]
    digests: Mapping[str, str]
    deeds: frozenset[Deed]


def header(bridge: Bridge, summary: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """The first line of a saved plan; of a whole one, to be asked for before anything is read for it."""
    made_at = bridge.clock.now().isoformat()
    start = beginning(bridge) if whole else None
    return {
        "smarketing_plan": FORMAT,
        "bridge": bridge.name,
        "made_at": made_at,
        "mapping": bridge.mapping.digest,
        **summary,
        **({"beginning": start.row()} if start else {}),
    }


def line(case: Case) -> dict[str, Any]:
    """One case as a line: who, from which readings, and every step in words a person and a program can read."""
    readings = [reading for reading in (case.subject.hubspot, case.subject.salesforce) if reading]
    return {
        "pair": case.plan.pair,
        "records": {str(reading.ref): digest(reading) for reading in readings},
        "steps": [step_row(step) for step in case.plan.steps],
        **({"left_alone": list(case.plan.left_alone)} if case.plan.left_alone else {}),
        **({"note": case.plan.note} if case.plan.note else {}),
    }


def step_row(step: Step) -> dict[str, Any]:
    """One step as plain data."""
    match step:
        case Create(side=side, object=obj, changes=changes):
            rows = [change_row(change) for change in changes]
            return {"do": "create", "side": side.value, "object": obj, "changes": rows}
        case Update(ref=ref, changes=changes):
            return {"do": "update", "ref": str(ref), "changes": [change_row(change) for change in changes]}
        case Archive(ref=ref, reason=reason):
            return {"do": "archive", "ref": str(ref), "reason": reason}
        case Link(hubspot=hubspot, salesforce=salesforce, by=by):
            return {"do": "link", "hubspot": str(hubspot), "salesforce": str(salesforce), "by": by}
        case Unlink(hubspot=hubspot, salesforce=salesforce, reason=reason):
            return {"do": "unlink", "hubspot": str(hubspot), "salesforce": str(salesforce), "reason": reason}
        case Relink(old=old, new=new, reason=reason):
            return {"do": "relink", "old": str(old), "new": str(new), "reason": reason}
        case Raise(issue=issue):
            return {"do": "raise", **issue_row(issue)}


def issue_row(issue: Issue) -> dict[str, Any]:
    """An issue as plain data; empty parts are left out."""
    row = {
        "kind": issue.kind.value,
        "refs": [str(ref) for ref in issue.refs],
        "rule": issue.rule,
        "side": issue.side.value if issue.side else "",
        "field": issue.field,
        "code": issue.code,
        "value": issue.value,
        "other_value": issue.other_value,
        "reason": issue.reason,
        "hint": issue.hint,
    }
    return {key: value for key, value in row.items() if value}


def save(path: Path, head: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> None:
    """Write a plan file; it may hold personal data, so only its owner may read it.

    The header gets the number of `records` last of all: a plan that was cut short has none, and is no plan.
    """
    path.touch(mode=0o600)
    with path.open("wb") as file:
        width = len(orjson.dumps(head)) + _COUNT_ROOM
        file.write(b" " * width + b"\n")
        count = 0
        for row in lines:
            file.write(orjson.dumps(row) + b"\n")
            count += 1
        file.seek(0)
        file.write(orjson.dumps({**head, "records": count}).ljust(width))


def load(path: Path, mapping_digest: str) -> tuple[dict[str, Any], Iterator[PlannedRecord]]:
    """The header (its `beginning` parsed), and the records as a stream.

    Raises:
        Refused: when the file is no plan, or was made with another mapping.
    """
    with path.open("rb") as file:
        first = file.readline()
    head = _parsed(first, path, 1) if first.strip() else {}
    if not isinstance(head, dict) or head.get("smarketing_plan") != FORMAT:
        raise Refused(f"{path} is not a saved plan; make one with: smarketing plan --out {path}")
    if head.get("mapping") != mapping_digest:
        raise Refused(f"{path} was made with another mapping; make a new one with: smarketing plan --out {path}")
    if "beginning" in head:
        head["beginning"] = _beginning(head, path)
    return head, _records(path)


def _beginning(head: Mapping[str, Any], path: Path) -> Beginning:
    try:
        return Beginning.parse(head["beginning"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path} is not a saved plan; make one with: smarketing plan --out {path}") from error


def _records(path: Path) -> Iterator[PlannedRecord]:
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if number > 1:
                yield _record(_parsed(text, path, number), f"{path}:{number}")


def _record(row: Mapping[str, Any], place: str) -> PlannedRecord:
    try:
        digests = row["records"]
        return PlannedRecord(tuple(Ref.parse(ref) for ref in digests), digests, _deeds(row["steps"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"{place} is no line of a plan; make a new plan with: smarketing plan") from error


def _deeds(steps: Iterable[Mapping[str, Any]]) -> frozenset[Deed]:
    """What steps do, without why: the same deeds planned anew are the same plan. Issues are told, not done.

    What follows from the shared definition follows from the time as well, and is as it is when it is carried out.
    """
    found: set[Deed] = set()
    for step in steps:
        done, target = step["do"], step.get("ref") or step.get("side") or step.get("new") or ""
        changes = [change for change in step.get("changes", ()) if change["because"] != Because.FOLLOWS]
        if done != "raise" and (changes or "changes" not in step):
            found.add((done, target, "", None))
            found |= {(done, target, change["field"], change["after"]) for change in changes}
    return frozenset(found)


def _parsed(text: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        row: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(f"{path}:{number} is not JSON ({error}); make a new plan with: smarketing plan") from error
    return row


def apply_saved(
    bridge: Bridge, records: Iterable[PlannedRecord], run: Run, head: Mapping[str, Any] | None = None
) -> None:
    """Carry out a saved plan, record by record, where nothing has changed since.

    What is skipped is looked at again by the next run. When the header tells of the beginning of a first comparison,
    and no line was taken out since, that run takes in what changed from there on.

    Raises:
        Unauthorised, RateLimited: when a side lets us write no longer; the plan may be applied again later.
    """
    count = 0
    for batch in _batches(records, bridge.batch_records):
        count += len(batch)
        cases = {frozenset(case.refs): case for case in cases_of(bridge, [ref for one in batch for ref in one.refs])}
        found = [(one, _unchanged(one, cases, run)) for one in batch]
        _look_again(bridge, [ref for one, case in found if case is None for ref in one.refs])
        fit = [case for _, case in found if case]
        applied = apply(bridge, without_erased(bridge, fit), run)
        bridge.progress("applying the plan", run.counts["considered"], None)
        heed_fault(bridge, applied)
    if head and "beginning" in head and head.get("records") == count:
        begun(bridge, head["beginning"])


def _look_again(bridge: Bridge, refs: Sequence[Ref]) -> None:
    if refs:
        with bridge.database.begin() as conn:
            dirty.mark(conn, refs, bridge.clock.now(), reason="skipped by a saved plan")


def _batches(records: Iterable[PlannedRecord], size: int) -> Iterator[Sequence[PlannedRecord]]:
    batch: list[PlannedRecord] = []
    for one in records:
        batch.append(one)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _unchanged(one: PlannedRecord, cases: Mapping[frozenset[Ref], Case], run: Run) -> Case | None:
    """The case of a planned record if it still stands as on paper; otherwise it is listed as skipped."""
    case = cases.get(frozenset(one.refs))
    if case is None:
        run.skipped.append((str(one.refs[0]), "gone, or now belongs to another record"))
        return None
    for reading in _readings(case):
        if one.digests[str(reading.ref)] != digest(reading):
            run.skipped.append((str(reading.ref), f"changed in {reading.ref.side.value} since the plan was made"))
            return None
    if one.deeds != _deeds(step_row(step) for step in case.plan.steps):  # a link or a decision is not what it was
        run.skipped.append((str(one.refs[0]), "something else would be done now than when the plan was made"))
        return None
    return case


def _readings(case: Case) -> list[Reading]:
    return [reading for reading in (case.subject.hubspot, case.subject.salesforce) if reading]
