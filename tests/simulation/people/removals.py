"""Records that go, come back, or go for good."""

from __future__ import annotations

from connector.core.refs import Side
from tests.simulation.people.screens import Person, deals_with, does, edit, pair, some_side, somebody, token
from tests.simulation.stage import Stage


def archives(stage: Stage) -> str | None:
    """Somebody deletes a record."""
    person = somebody(stage, some_side(stage))
    return person and _gone(stage, person)


def _gone(stage: Stage, person: Person) -> str:
    if person.side is Side.HUBSPOT:
        done = does(stage, person.side, "archive", object="contacts", id=person.id)
    else:
        done = does(stage, person.side, "delete", id=person.id)
    return f"{person.side.value} {person.id} deleted{'' if done else ' (refused)'}"


def archives_both(stage: Stage) -> str | None:
    """Both sides delete their record of one person."""
    people = pair(stage)
    if people is None:
        return None
    said = []
    for person in stage.dice.sample(people, 2):
        said.append(_gone(stage, person))
        stage.clock.advance(stage.dice.choice((0.0, 2.0, 40.0)))
    return "; ".join(said)


def archives_an_edited_one(stage: Stage) -> str | None:
    """One side deletes somebody whom the other edits at that moment."""
    people = pair(stage)
    if people is None:
        return None
    goes, stays = stage.dice.sample(people, 2)
    field = "jobtitle" if stays.side is Side.HUBSPOT else "Title"
    said = [_gone(stage, goes), edit(stage, stays, {field: token(stage)})]
    return "; ".join(said)


def restores(stage: Stage) -> str | None:
    """Somebody fetches a deleted record back."""
    side = some_side(stage)
    gone = deleted(stage, side)
    if not gone:
        return None
    record = stage.dice.choice(gone)
    deals_with(stage, record)
    if side is Side.HUBSPOT:
        done = does(stage, side, "restore", object="contacts", id=record)
    else:
        done = does(stage, side, "undelete", id=record)
    return f"{side.value} {record} fetched back{'' if done else ' (refused)'}"


def deleted(stage: Stage, side: Side) -> list[str]:
    """Ids of deleted people who could be fetched back."""
    if side is Side.HUBSPOT:
        return [str(one) for one in sorted(stage.world.hubspot.state.tables["contacts"].archived)]
    catalogue = stage.world.salesforce.catalogue
    homes = {one: catalogue.home(one) for one in sorted(stage.world.salesforce.journal.bin)}
    return [one for one, home in homes.items() if home is not None and home.kind.name in {"Lead", "Contact"}]


def deletes_hard(stage: Stage) -> str | None:
    """An admin erases a Salesforce record, bin and all."""
    person = somebody(stage, Side.SALESFORCE)
    if person is None:
        return None
    done = does(stage, Side.SALESFORCE, "hard_delete", id=person.id)
    return f"salesforce {person.id} deleted for good{'' if done else ' (refused)'}"


def empties_bin(stage: Stage) -> str | None:
    """A user empties Salesforce's Recycle Bin: what was deleted cannot be fetched back any more."""
    done = does(stage, Side.SALESFORCE, "empty_bin")
    return f"salesforce's bin is emptied: {', '.join(done['ids'])}" if done and done["ids"] else None


def trims_delete_log(stage: Stage) -> str | None:
    """Salesforce cuts its delete log: earlier deletions can no longer be asked for."""
    return f"salesforce cuts its delete log: {does(stage, Side.SALESFORCE, 'trim_delete_log')}"


def erases(stage: Stage) -> str | None:
    """A person asks to be forgotten, in HubSpot."""
    person = somebody(stage, Side.HUBSPOT)
    if person is None:
        return None
    does(stage, Side.HUBSPOT, "erase", id=person.id)
    return f"hubspot {person.id} erased"
