"""What admins do to the CRMs while the bridge runs: owners, fields, picklists, rules, sessions, tokens, quotas.

Most of it lasts: a field stays closed and a rule stays in force until an admin thinks again, if ever. What would keep
the bridge from its work for good (a revoked token, a spent quota, a hidden cross id) is put right when all is calm.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from connector.core.refs import Side
from connector.engine import facts
from connector.sandbox.hubspot.catalogue import LIFECYCLE
from connector.sandbox.hubspot.settings import ACCESS_TOKEN
from connector.sandbox.salesforce.people import LIFECYCLE_STAGES
from tests.simulation.people.fields import owners
from tests.simulation.people.screens import does, some_side, token
from tests.simulation.stage import Stage

PEOPLE = ("Lead", "Contact")
CLOSABLE = {  # by object, fields an admin may take from the bridge; a removed one must be custom
    "contacts": ("jobtitle", "city", "phone", "mobilephone", "state"),
    "Lead": ("Title", "City", "Phone", "MobilePhone", "Website"),
    "Contact": ("Title", "MailingCity", "Phone", "MobilePhone", "MailingState"),
}
STAGE_FIELD = "HubSpot_Lifecycle_Stage__c"
STAGE_METADATA = {
    "type": "Picklist",
    "label": "HubSpot Lifecycle Stage",
    "valueSet": {
        "restricted": True,
        "valueSetDefinition": {"value": [{"fullName": each, "label": each} for each in LIFECYCLE_STAGES]},
    },
}
CROSS_ID = "HubSpot_Contact_Id__c"
DAY_CALLS, DAY_S = 1_000, 90_000.0  # what waits for tomorrow is due then


def lasts(stage: Stage, what: str, ending: Callable[[], object]) -> None:
    """See to it that trouble ends when all becomes calm; the same trouble twice ends once."""
    stage.endings[what] = ending


def deactivates_owner(stage: Stage) -> str | None:
    """Somebody leaves: an owner or user is deactivated; what they own stays theirs."""
    side = some_side(stage)
    ours = {stage.world.salesforce.bridge_user, stage.world.salesforce.admin_user}
    able = [each for each in owners(stage, side) if each not in ours]
    if not able:
        return None
    leaver = stage.dice.choice(able)
    if side is Side.HUBSPOT:
        does(stage, side, "deactivate_owner", id=leaver)
    else:
        does(stage, side, "deactivate_user", user=leaver)
    return f"{side.value} owner {leaver} is deactivated"


def activates_owner(stage: Stage) -> str | None:
    """Somebody comes back."""
    if stage.dice.random() < 0.5:  # either side
        held = stage.world.hubspot.state.owners.by_id.values()
        gone = [str(owner.id) for owner in held if owner.archived]
        if not gone:
            return None
        back = stage.dice.choice(gone)
        does(stage, Side.HUBSPOT, "activate_owner", id=back)
        return f"hubspot owner {back} is active again"
    there = set(owners(stage, Side.SALESFORCE))
    gone = [one for one in sorted(stage.world.salesforce.catalogue["User"].ids) if one not in there]
    if not gone:
        return None
    back = stage.dice.choice(gone)
    does(stage, Side.SALESFORCE, "activate_user", user=back)
    return f"salesforce user {back} is active again"


def adds_owner(stage: Stage) -> str | None:
    """A successor starts, under one address on both sides."""
    address = f"{token(stage)}@seller.example"
    there = does(stage, Side.HUBSPOT, "add_owner", email=address, first_name="New", last_name="Seller")
    here = does(stage, Side.SALESFORCE, "add_user", first_name="New", last_name="Seller", email=address)
    return f"{address} starts: hubspot {there and there['id']}, salesforce {here and here['id']}"


def hides_field(stage: Stage) -> str | None:
    """An admin takes a Salesforce field from the bridge's sight, or leaves it to read."""
    obj = stage.dice.choice(PEOPLE)
    return _permits(stage, obj, stage.dice.choice(CLOSABLE[obj]), stage.dice.choice(("none", "read")))


def shows_field(stage: Stage) -> str | None:
    """An admin gives a field back."""
    closed = sorted((side, obj, name) for side, obj, name in stage.closed if side is Side.SALESFORCE)
    there = [each for each in closed if stage.world.salesforce.catalogue[each[1]].kind.has(each[2])]
    if not there:
        return None
    _, obj, name = stage.dice.choice(there)
    return _permits(stage, obj, name, "edit")


def _permits(stage: Stage, obj: str, name: str, level: str) -> str:
    done = does(stage, Side.SALESFORCE, "set_field_permission", sobject=obj, field=name, level=level)
    change = stage.closed.discard if level == "edit" else stage.closed.add
    if done:
        change((Side.SALESFORCE, obj, name))
    return f"the bridge's right to {obj}.{name} is now: {level}"


def hides_cross_id(stage: Stage) -> str | None:
    """An admin mistakes the field of HubSpot's ids for one that nobody needs, until all is calm."""
    obj = stage.dice.choice(PEOPLE)
    lasts(stage, f"{obj}.{CROSS_ID} is given back", lambda: _shows_cross_id(stage, obj))
    return _permits(stage, obj, CROSS_ID, stage.dice.choice(("none", "read")))


def _shows_cross_id(stage: Stage, obj: str) -> None:
    """Give the field back, and have the bridge ask anew, as `smarketing check` does: it remembers for an hour."""
    _permits(stage, obj, CROSS_ID, "edit")
    facts.outdate(stage.store)


def closes_property(stage: Stage) -> str | None:
    """An admin archives a HubSpot property, or HubSpot makes it read-only."""
    name = stage.dice.choice(CLOSABLE["contacts"])
    if stage.dice.random() < 0.5:  # either
        done = does(stage, Side.HUBSPOT, "remove_property", object="contacts", name=name)
        words = "archived"
    else:
        done = does(stage, Side.HUBSPOT, "set_read_only", object="contacts", name=name)
        words = "made read-only"
    if done:
        stage.closed.add((Side.HUBSPOT, "contacts", name))
    return f"hubspot property {name} is {words}{'' if done else ' (refused)'}"


def opens_property(stage: Stage) -> str | None:
    """An admin gives a HubSpot property back."""
    closed = sorted(name for side, _, name in stage.closed if side is Side.HUBSPOT)
    if not closed:
        return None
    name = stage.dice.choice(closed)
    if name in stage.world.hubspot.state.tables["contacts"].schema.live:
        done = does(stage, Side.HUBSPOT, "set_read_only", object="contacts", name=name, read_only=False)
    else:
        done = does(stage, Side.HUBSPOT, "restore_property", object="contacts", name=name)
    if done:
        stage.closed.discard((Side.HUBSPOT, "contacts", name))
    return f"hubspot property {name} is given back{'' if done else ' (refused)'}"


def removes_field(stage: Stage) -> str | None:
    """An admin deletes the custom field of stages with all its values, or makes it again, empty."""
    obj = stage.dice.choice(PEOPLE)
    place = (Side.SALESFORCE, obj, STAGE_FIELD)
    if stage.world.salesforce.catalogue[obj].kind.has(STAGE_FIELD):
        if does(stage, Side.SALESFORCE, "remove_field", sobject=obj, name=STAGE_FIELD):
            stage.closed.add(place)
            stage.emptied.append((len(stage.world.services.log), obj, STAGE_FIELD))
        return f"{obj}.{STAGE_FIELD} is deleted with its values"
    if does(stage, Side.SALESFORCE, "add_field", sobject=obj, name=STAGE_FIELD, metadata=STAGE_METADATA):
        stage.closed.discard(place)
    return f"{obj}.{STAGE_FIELD} is made again"


def changes_picklist(stage: Stage) -> str | None:
    """An admin takes values out of a picklist of stages, or puts all of them back."""
    side = some_side(stage)
    every = LIFECYCLE if side is Side.HUBSPOT else LIFECYCLE_STAGES
    kept = [*every] if stage.dice.random() < 0.4 else stage.dice.sample(every, 5)  # most of the eight
    if side is Side.HUBSPOT:
        places = [("contacts", "lifecyclestage")]
        does(stage, side, "set_options", object="contacts", name="lifecyclestage", options=kept)
    else:
        obj = stage.dice.choice(PEOPLE)
        if not stage.world.salesforce.catalogue[obj].kind.has(STAGE_FIELD):
            return None
        places = [(obj, STAGE_FIELD)]
        does(stage, side, "set_picklist", sobject=obj, field=STAGE_FIELD, values=kept)
    stage.choices_changed |= {(side, *place) for place in places}
    return f"{side.value} stages are now {', '.join(kept)}"


def rules_out(stage: Stage) -> str | None:
    """An admin makes a rule that refuses some values."""
    if stage.dice.random() < 0.3:  # mostly Salesforce
        name = stage.dice.choice(("jobtitle", "city", "lastname"))
        rule, arguments = stage.dice.choice((("MAX_LENGTH", [4]), ("WHITESPACE", []), ("MIN_LENGTH", [3])))
        does(stage, Side.HUBSPOT, "set_validation", object="contacts", name=name, rule=rule, arguments=arguments)
        stage.ruled.add((Side.HUBSPOT, "contacts"))
        return f"hubspot now demands of {name}: {rule} {arguments}"
    obj = stage.dice.choice(PEOPLE)
    when = stage.dice.choice(("Title LIKE '%1'", "FirstName = null", "Phone != null AND Title = null", "Email = null"))
    does(stage, Side.SALESFORCE, "add_validation_rule", sobject=obj, when=when, message="Not like this.")
    stage.ruled.add((Side.SALESFORCE, obj))
    return f"salesforce now refuses a {obj} with {when}"


def requires(stage: Stage) -> str:
    """An admin requires properties of every new contact that the API makes, or no longer does."""
    settings = stage.world.hubspot.settings
    names = stage.dice.choice((["firstname"], ["phone"], []))
    settings.required_on_create = {"contacts": names}
    stage.ruled.add((Side.HUBSPOT, "contacts"))
    return f"hubspot requires of every new contact: {', '.join(names) or 'nothing'}"


def matches_duplicates(stage: Stage) -> str | None:
    """An admin activates a duplicate rule."""
    obj, mode = stage.dice.choice(PEOPLE), stage.dice.choice(("alert", "block"))
    against = stage.dice.choice(((obj,), PEOPLE))
    does(stage, Side.SALESFORCE, "add_duplicate_rule", sobject=obj, against=against, mode=mode)
    stage.ruled.add((Side.SALESFORCE, obj))
    return f"salesforce compares the addresses of a {obj} with those of {' and '.join(against)}: {mode}"


def lifts_rules(stage: Stage) -> str | None:
    """An admin takes all rules of an object back."""
    obj = stage.dice.choice(PEOPLE)
    does(stage, Side.SALESFORCE, "remove_rules", sobject=obj)
    return f"salesforce has no rules for a {obj} any more"


def expires_sessions(stage: Stage) -> str:
    """Every Salesforce session ends at once."""
    return f"salesforce ends sessions: {does(stage, Side.SALESFORCE, 'expire_sessions')}"


def revokes_token(stage: Stage) -> str:
    """An admin takes HubSpot's token back, or gives it again."""
    if ACCESS_TOKEN in stage.world.hubspot.state.credentials.grants:
        does(stage, Side.HUBSPOT, "revoke_token", token=ACCESS_TOKEN)
        lasts(stage, "hubspot's token is good again", lambda: _grants(stage))
        return "hubspot's token is revoked"
    _grants(stage)
    return "hubspot's token is good again"


def _grants(stage: Stage) -> None:
    if ACCESS_TOKEN not in stage.world.hubspot.state.credentials.grants:
        does(stage, Side.HUBSPOT, "grant_token", token=ACCESS_TOKEN)


def refuses_login(stage: Stage) -> str:
    """An admin changes the secret under which the bridge signs in to Salesforce, or puts it right."""
    settings = stage.world.salesforce.settings
    good = "sandbox-consumer-secret"
    settings.consumer_secret = "another" if settings.consumer_secret == good else good
    does(stage, Side.SALESFORCE, "expire_sessions")
    lasts(stage, "salesforce lets the bridge sign in", lambda: setattr(settings, "consumer_secret", good))
    return f"salesforce {'lets' if settings.consumer_secret == good else 'no longer lets'} the bridge sign in"


def spends_quota(stage: Stage) -> str:
    """Other apps use up the day's calls of a side, or nearly."""
    side = some_side(stage)
    left = stage.dice.choice((0, 3, 12, 40))
    settings = stage.world.hubspot.settings if side is Side.HUBSPOT else stage.world.salesforce.settings
    name = "daily_max" if side is Side.HUBSPOT else "daily_api_requests"
    usual = type(settings)()
    setattr(settings, name, DAY_CALLS)
    does(stage, side, "set_daily_use", calls=DAY_CALLS - left)
    lasts(stage, f"{side.value} has calls left", lambda: setattr(settings, name, getattr(usual, name)))
    lasts(stage, "a day passes", lambda: stage.clock.advance(DAY_S))
    return f"{side.value} has {left} calls left for today"


def frees_quota(stage: Stage) -> str:
    """The other apps are stopped, and calls are free again."""
    side = some_side(stage)
    does(stage, side, "set_daily_use", calls=0)
    return f"{side.value} has all its calls again"


def crowds_window(stage: Stage) -> str:
    """Another app takes most of HubSpot's calls in any ten seconds, and of its searches."""
    settings = stage.world.hubspot.settings
    usual = type(settings)()
    settings.burst_per_10_s, settings.search_per_s = stage.dice.choice(((12, 1), (40, 2), (usual.burst_per_10_s, 5)))
    settings.retry_after_on_429 = stage.dice.random() < 0.5  # either
    lasts(stage, "hubspot's window is free", lambda: _frees_window(stage))
    return f"hubspot leaves {settings.burst_per_10_s} calls in 10 s and {settings.search_per_s} searches a second"


def _frees_window(stage: Stage) -> None:
    settings = stage.world.hubspot.settings
    settings.burst_per_10_s, settings.search_per_s = type(settings)().burst_per_10_s, type(settings)().search_per_s


def moves_host_clock(stage: Stage) -> str:
    """The clock of a worker's host is put right, or wrong; it holds from the worker's next beginning."""
    name, ahead = stage.dice.choice(("one", "two")), stage.dice.choice((-400, -20, -1, 0, 1, 20, 400))
    stage.host_ahead[name] = timedelta(seconds=ahead)
    return f"the clock of {name}'s host will be {ahead} s ahead"
