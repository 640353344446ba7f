"""What differs from one real account to the next: settings, switches, rules of an admin, and changes in mid-run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.core.refs import Side
from connector.sandbox.server import Server
from tests.misbehaviour.bending import Chunked, Closing, Undated
from tests.misbehaviour.rig import Rig

Doing = Callable[[Rig], object]


def nothing(_: Rig) -> None:
    """No change."""


@dataclass(frozen=True)
class Mood:
    """Settings of the installation, what the world is like before, and what happens in mid-run."""

    before: Doing = nothing
    midway: Doing = nothing
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    edits_arrive: bool = True  # False where an admin's rule stands against them
    serving: type[Server] = Server


def hubspot(**switches: Any) -> Doing:
    """Switches of the portal."""
    return lambda stage: stage.act(Side.HUBSPOT, "set_settings", settings=switches)


def salesforce(**switches: Any) -> Doing:
    """Switches of the org."""
    return lambda stage: stage.act(Side.SALESFORCE, "set_settings", **switches)


def in_salesforce(doing: str, **arguments: Any) -> Doing:
    """Something an admin does in Salesforce."""
    return lambda stage: stage.act(Side.SALESFORCE, doing, **arguments)


def in_hubspot(doing: str, **arguments: Any) -> Doing:
    """Something an admin does in HubSpot."""
    return lambda stage: stage.act(Side.HUBSPOT, doing, **arguments)


def all_of(*doings: Doing) -> Doing:
    """One after the other."""

    def do(stage: Rig) -> None:
        for doing in doings:
            doing(stage)

    return do


def deactivated(stage: Rig) -> None:
    """Half of the users leave."""
    table = stage.world.salesforce.catalogue["User"]
    for user in table.ids[4::2]:
        stage.act(Side.SALESFORCE, "deactivate_user", user=user)
    for owner in list(stage.world.hubspot.state.owners.by_id)[3::2]:
        stage.act(Side.HUBSPOT, "deactivate_owner", id=str(owner))


def assigning(stage: Rig) -> None:
    """An active assignment rule gives every Lead to a queue."""
    queue = stage.world.salesforce.catalogue["Group"].ids[0]
    stage.act(Side.SALESFORCE, "add_assignment_rule", sobject="Lead", entries=[{"owner": queue}])


_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = (
    _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
PRIVATE = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
_ID, _SECRET = "sandbox-consumer-key", "env:SALESFORCE_CLIENT_SECRET"


def signing_in(**auth: Any) -> Mapping[str, Mapping[str, Any]]:
    """A flow of signing in to Salesforce."""
    return {"salesforce": {"auth": {"client_id": _ID, **auth}}}


OAUTH = {
    "hubspot": {
        "access_token": None,
        "oauth": {
            "client_id": "sandbox-hubspot-client",
            "client_secret": "env:HUBSPOT_SECRET",
            "refresh_token": "env:HUBSPOT_REFRESH",
        },
    }
}
SECRETS = {
    "HUBSPOT_SECRET": "sandbox-hubspot-secret",
    "HUBSPOT_REFRESH": "na1-sandbox-refresh-token",
    "SALESFORCE_PASSWORD": "sandbox-password",
    "SALESFORCE_REFRESH": "sandbox-refresh-token",
    "SALESFORCE_KEY": PRIVATE,
}
FLOWS = {
    "client credentials": signing_in(flow="client_credentials", client_secret=_SECRET),
    "password": signing_in(flow="password", client_secret=_SECRET, username="USER", password="env:SALESFORCE_PASSWORD"),
    "refresh token": signing_in(flow="refresh_token", client_secret=_SECRET, refresh_token="env:SALESFORCE_REFRESH"),
}
JWT = signing_in(flow="jwt", username="USER", private_key="env:SALESFORCE_KEY")

MOODS: dict[str, Mood] = {
    "as it is": Mood(),
    "merges keep the primary id": Mood(hubspot(merge_keeps_primary_id=True)),
    "a stage backward is refused": Mood(hubspot(lifecycle_backward="reject")),
    "results in the order of inputs": Mood(hubspot(results_shuffled=False)),
    "an equal write counts as a change": Mood(hubspot(equal_write_moves_modified=True)),
    "search lags half a minute": Mood(hubspot(search_lag_s=30.0)),
    "random short pages": Mood(salesforce(short_pages=True)),
    "locators die at once": Mood(salesforce(short_pages=True, locator_lifetime_s=0.0)),
    "commits show late": Mood(salesforce(commit_delay_s=20.0, commit_delay_random=True)),
    "converted leads may be edited": Mood(salesforce(edit_converted_leads=True)),
    "addresses in lower case": Mood(salesforce(lowercase_emails=True)),
    "rows are locked": Mood(salesforce(lock_row_rate=0.05)),
    "everything goes by bulk": Mood(salesforce(lock_row_rate=0.05), settings={"salesforce": {"bulk_from_rows": 1}}),
    "bulk is slow": Mood(salesforce(bulk_delay_s=40.0), settings={"salesforce": {"bulk_from_rows": 1}}),
    "duplicate rules alert": Mood(
        all_of(
            in_salesforce("add_duplicate_rule", sobject="Lead", against=("Lead", "Contact")),
            in_salesforce("add_duplicate_rule", sobject="Contact", against=("Lead", "Contact")),
        )
    ),
    "duplicate rules block": Mood(
        in_salesforce("add_duplicate_rule", sobject="Lead", against=("Lead", "Contact"), mode="block")
    ),
    "duplicates are allowed": Mood(
        in_salesforce("add_duplicate_rule", sobject="Lead", against=("Lead", "Contact")),
        settings={"salesforce": {"allow_duplicates": True}},
    ),
    "assignment rules": Mood(assigning),
    "assignment rules asked for": Mood(assigning, settings={"salesforce": {"auto_assign": "on"}}),
    "a validation rule": Mood(
        midway=in_salesforce(
            "add_validation_rule", sobject="Lead", when="Title LIKE 'token%h'", message="No tokens", field="Title"
        ),
        edits_arrive=False,
    ),
    "an automation fills a mapped field": Mood(
        in_salesforce("add_automation", sobject="Lead", assign={"City": "Berlin"}, when="City = null")
    ),
    "an automation overrules a mapped field": Mood(
        in_salesforce("add_automation", sobject="Lead", assign={"Title": "Unknown"}), edits_arrive=False
    ),
    "an automation touches every write": Mood(
        in_salesforce("add_automation", sobject="Lead", assign={"Description": "touched"})
    ),
    "a mapped field is hidden in mid-run": Mood(
        midway=all_of(
            in_salesforce("set_field_permission", sobject="Lead", field="Website", level="none"),
            in_salesforce("set_field_permission", sobject="Contact", field="MobilePhone", level="none"),
        )
    ),
    "a mapped field turns read-only in mid-run": Mood(
        midway=in_salesforce("set_field_permission", sobject="Lead", field="MobilePhone", level="read")
    ),
    "a custom field is removed in mid-run": Mood(
        midway=all_of(
            in_salesforce("remove_field", sobject="Lead", name="HubSpot_Score__c"),
            in_salesforce("remove_field", sobject="Contact", name="HubSpot_Persona__c"),
        )
    ),
    "a custom field is renamed in mid-run": Mood(
        midway=in_salesforce("rename_field", sobject="Lead", name="HubSpot_Source__c", new_name="Source__c")
    ),
    "a picklist value is removed in mid-run": Mood(
        midway=in_salesforce(
            "set_picklist", sobject="Lead", field="HubSpot_Lifecycle_Stage__c", values=["Lead", "MQL"], restricted=True
        )
    ),
    "users leave in mid-run": Mood(midway=deactivated),
    "sessions expire": Mood(salesforce(session_lifetime_s=40.0), midway=in_salesforce("expire_sessions")),
    "api v3": Mood(settings={"hubspot": {"api_version": "v3"}}),
    "api 2026-03": Mood(settings={"hubspot": {"api_version": "2026-03"}}),
    "api 2026-09": Mood(settings={"hubspot": {"api_version": "2026-09"}}),
    "oldest salesforce api": Mood(settings={"salesforce": {"api_version": "59.0"}}),
    "hubspot by oauth": Mood(hubspot(access_token_s=60), settings=OAUTH),
    "2026-09 asks for a property": Mood(
        hubspot(required_on_create={"contacts": ["lastname"]}), settings={"hubspot": {"api_version": "2026-09"}}
    ),
    **{f"signed in by {name}": Mood(settings=flow) for name, flow in FLOWS.items()},
    "answers without a date": Mood(serving=Undated),
    "connections that end after one answer": Mood(serving=Closing),
    "answers in chunks": Mood(serving=Chunked),
    "refresh tokens rotate": Mood(salesforce(rotate_refresh_tokens=True), settings=FLOWS["refresh token"]),
}
