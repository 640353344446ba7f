"""Many at once: a mass update is one second for all, a HubSpot job one millisecond, an import a burst."""

from __future__ import annotations

from connector.core.refs import Side
from tests.simulation.people.reps import arrives, arrives_filled
from tests.simulation.people.screens import does, edit, somebody, token
from tests.simulation.stage import Stage

BURST = 6


def mass_updates(stage: Stage) -> str | None:
    """A user edits all Leads or all Contacts in one second."""
    obj = stage.dice.choice(("Lead", "Contact"))
    field = stage.dice.choice(("Title", "FirstName", "City" if obj == "Lead" else "MailingCity"))
    condition = "IsConverted = false" if obj == "Lead" else "LastName != null"
    values = {field: token(stage)}
    done = does(stage, Side.SALESFORCE, "mass_update", sobject=obj, where=condition, values=values)
    return f"salesforce mass update of every {obj} to {values}: {len(done['ids']) if done else 'refused'}"


def bulk_touches(stage: Stage) -> str | None:
    """A HubSpot job gives everybody one last-modified millisecond, and perhaps a value."""
    name = stage.dice.choice(("", "jobtitle", "city"))
    value = token(stage) if name else ""
    done = does(stage, Side.HUBSPOT, "bulk_touch", object="contacts", property=name, value=value)
    return f"a hubspot job touches everybody {f'({name}: {value})' if name else ''}: {done}"


def imports(stage: Stage) -> str | None:
    """A handful arrive at one moment."""
    several = [stage.dice.choice((arrives, arrives, arrives_filled))(stage) for _ in range(BURST)]
    return f"an import: {'; '.join(each for each in several if each)}"


def types_fast(stage: Stage) -> str | None:
    """Somebody edits one field again and again within moments."""
    person = somebody(stage, stage.dice.choice(list(Side)))
    if person is None:
        return None
    name, said = ("jobtitle" if person.side is Side.HUBSPOT else "Title"), ""
    for _ in range(stage.dice.randrange(2, 5)):
        said = edit(stage, person, {name: token(stage)})
        stage.clock.advance(stage.dice.choice((0.0, 0.001, 0.4)))
    return f"again and again: {said}"
