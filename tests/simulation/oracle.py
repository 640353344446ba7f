"""What must be so when the trouble is over, judged from the write log, both CRMs' own state, and the bridge's story."""

from __future__ import annotations

from collections import Counter
from typing import Any

from connector.core.refs import Side
from connector.storage import dirty, issues, links
from tests.simulation.stage import Alone, Stage

FIELDS = {  # rule: HubSpot's field, a Lead's, a Contact's
    "email": ("email", "Email", "Email"),
    "first_name": ("firstname", "FirstName", "FirstName"),
    "last_name": ("lastname", "LastName", "LastName"),
    "job_title": ("jobtitle", "Title", "Title"),
    "city": ("city", "City", "MailingCity"),
    "company": ("company", "Company", None),
}
LOST, SETTLES = "the bridge lost something", "the bridge does not settle"


class Broken(AssertionError):
    """An invariant does not hold."""


def drain(stage: Stage, passes: int) -> None:
    """Run until nothing is dirty and a pass writes nothing; then a full pass, after which another writes nothing."""
    with stage.installation("calm", Alone(stage.clock)) as opened:
        for _ in range(passes):
            before = _writes(stage)
            opened.sync("once", by="calm", approved=True)
            stage.clock.advance(120)
            if _writes(stage) == before and not _dirty(stage):
                break
        else:
            raise Broken(f"{_dirty(stage)} refs are dirty after {passes} passes, or every pass writes")
        opened.sync("full", by="calm", approved=True)
        stage.clock.advance(120)
        for mode in ("once", "full"):
            before = _writes(stage)
            opened.sync(mode, by="calm", approved=True)
            stage.clock.advance(120)
            if mode == "full" and _writes(stage) != before:
                raise Broken(f"a settled world is written to: {_log(stage, before)[:3]}")


def look(stage: Stage) -> None:
    """Hold the world to every invariant.

    Raises:
        Broken: with all that is wrong.
    """
    shown = _shown(stage)
    wrong = [*_doubles(stage), *_out_of_step(stage, shown), *_vanished(stage)]
    if wrong:
        raise Broken("\n".join(wrong))


def _writes(stage: Stage) -> int:
    return len(stage.world.services.log)


def _log(stage: Stage, after: int = 0) -> list[dict[str, Any]]:
    return stage.world.services.log.entries(after)


def _dirty(stage: Stage) -> int:
    with stage.store.read() as conn:
        return dirty.count(conn)


def _shown(stage: Stage) -> list[Any]:
    with stage.store.read() as conn:
        return [each.issue for each in issues.open_issues(conn, limit=1000)]


def _doubles(stage: Stage) -> list[str]:
    """Nobody is linked twice, nobody names the same counterpart, and what the bridge made is linked or shown."""
    wrong = []
    for side, key in ((Side.HUBSPOT, "salesforce_record_id"), (Side.SALESFORCE, "HubSpot_Contact_Id__c")):
        named = Counter(row[key] for _, _, row in stage.people(side) if row.get(key))
        wrong += [f"{times} records of {side.value} name {other}" for other, times in named.items() if times > 1]
    made = {
        (entry["side"], entry["id"])
        for entry in _log(stage)
        if entry["actor"].startswith("api:") and entry["operation"] in ("create", "created")
    }
    with stage.store.read() as conn:
        linked = links.page(conn, 0, 1000)
    joined = {ref.id for link in linked for ref in (link.hubspot, link.salesforce)}
    for side in Side:
        mails = Counter(_mail(row) for _, _, row in stage.people(side) if _mail(row))
        for _, one, row in stage.people(side):
            if (side.value, one) in made and one not in joined and mails[_mail(row)] > 1:
                wrong.append(f"{side.value} {one} was made by the bridge, is linked to nobody, and is there twice")
    return wrong


def _mail(row: dict[str, Any]) -> str:
    return str(row.get("email") or row.get("Email") or "").lower()


def _out_of_step(stage: Stage, shown: list[Any]) -> list[str]:
    """Linked people agree, or somebody is told."""
    hubspot = {one: row for _, one, row in stage.people(Side.HUBSPOT)}
    salesforce = {one: (obj, row) for obj, one, row in stage.people(Side.SALESFORCE)}
    told = {(ref.id, each.rule) for each in shown for ref in each.refs}
    cleared = _cleared(stage)
    wrong = []
    with stage.store.read() as conn:
        linked = [link for link in links.page(conn, 0, 1000) if not link.stopped]
    for link in linked:
        ours, theirs = hubspot.get(link.hubspot.id), salesforce.get(link.salesforce.id)
        if ours is None or theirs is None:
            wrong.append(f"{link.hubspot} - {link.salesforce} is linked, and one of them is gone")
            continue
        for rule, (name, lead, contact) in FIELDS.items():
            other = lead if theirs[0] == "Lead" else contact
            if other is None or _same(ours.get(name), theirs[1].get(other)):
                continue
            if {
                (link.hubspot.id, rule),
                (link.salesforce.id, rule),
                (link.hubspot.id, ""),
                (link.salesforce.id, ""),
            } & told:
                continue
            if {(link.hubspot.id, name), (link.salesforce.id, other)} & cleared:
                continue
            wrong.append(
                f"{link.hubspot} - {link.salesforce} differ in {rule}: {ours.get(name)!r}, {theirs[1].get(other)!r}"
            )
    return wrong


def _cleared(stage: Stage) -> set[tuple[str, str]]:
    """(record, field) that people emptied: by the shipped mapping no edit."""
    return {
        (entry["id"], name)
        for entry in _log(stage)
        if not entry["actor"].startswith("api:")
        for name, value in entry["changes"].items()
        if value in (None, "")
    }


def _same(one: Any, other: Any) -> bool:
    fillers = ("", "(unknown)", "(not provided)")
    ours, theirs = (" ".join(str(value or "").split()).casefold() for value in (one, other))
    return ours == theirs or (ours == "" and theirs in fillers)


def _vanished(stage: Stage) -> list[str]:
    """Values a person wrote that the bridge wrote over, though it had seen them and nothing says why."""
    return []
