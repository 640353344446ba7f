"""The portal's switches: what differs from one HubSpot account to the next, or is not known for certain.

Every behaviour on which the fact sheet has two readings is a field here, with the likelier one as default. The admin
endpoint and `actions.set_settings` change them while the portal runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

ACCESS_TOKEN = "sandbox-hubspot-token"  # noqa: S105 - a token of the sandbox, secret to nobody
LIMITED_TOKEN = "sandbox-hubspot-contacts-only"  # noqa: S105 - likewise; carries only the scopes of contacts
CLIENT_ID = "sandbox-hubspot-client"
CLIENT_SECRET = "sandbox-hubspot-secret"  # noqa: S105 - likewise
REFRESH_TOKEN = "na1-sandbox-refresh-token"  # noqa: S105 - likewise
AUTHORIZATION_CODE = "sandbox-authorization-code"
DEVELOPER_KEY = "sandbox-developer-key"

SCOPES = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.schemas.companies.read",
    "crm.schemas.companies.write",
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
    "crm.objects.owners.read",
    "crm.lists.read",
    "crm.lists.write",
    "crm.import",
    "crm.export",
)
JOURNAL_SCOPES = (
    "developer.webhooks_journal.read",
    "developer.webhooks_journal.subscriptions.read",
    "developer.webhooks_journal.subscriptions.write",
    "developer.webhooks_journal.snapshots.read",
    "developer.webhooks_journal.snapshots.write",
)


@dataclass(slots=True)
class Settings:
    """Everything about the portal that is a choice."""

    portal_id: int = 1_234_567
    app_id: int = 7_906_213  # of the private app
    oauth_app_id: int = 7_906_214
    user_id: int = 864_745_280
    time_zone: str = "US/Eastern"
    currency: str = "USD"
    account_type: str = "STANDARD"
    first_id: int = 501  # every type counts from here: ids are unique per type only (fact sheet 2.1)

    lifecycle_backward: str = "ignore"  # or "reject" (fact sheet 6.1)
    lifecycle_on_create: str = "lead"  # "" leaves it alone
    lifecycle_automation: bool = False  # a deal makes its contacts opportunities, a won one customers
    closedate_overwritten: bool = True  # when a deal reaches a closed stage (fact sheet 6.4)
    merge_keeps_primary_id: bool = False  # the beta of fact sheet 2.8
    equal_write_moves_modified: bool = False
    results_shuffled: bool = True  # batch results come in another order than the inputs (fact sheet 2.5)

    history_batch_max: int = 50  # inputs of a batch read with history (general knowledge; lists are capped so too)

    search_lag_s: float = 2.0  # the longest time until a change is visible to search
    burst_per_10_s: int = 190
    oauth_burst_per_10_s: int = 110
    associations_per_10_s: int = 150
    search_per_s: int = 5
    daily_max: int = 1_000_000
    retry_after_on_429: bool = False

    required_on_create: dict[str, list[str]] = field(default_factory=dict)  # 2026-09 only: object -> properties
    conditional_required: list[dict[str, Any]] = field(default_factory=list)  # {object, property, value, requires}

    webhook_properties: dict[str, list[str]] = field(default_factory=dict)  # object -> names; absent means all
    webhook_on_create: bool = True  # the properties of a new record fire as well

    access_token_s: int = 1800
    scopes: tuple[str, ...] = SCOPES

    def change(self, name: str, value: Any) -> None:
        """Set one switch by name; ValueError for a name or a type that is wrong."""
        known = {each.name for each in fields(self)}
        if name not in known:
            raise ValueError(f"the portal has no setting {name!r}; it has {', '.join(sorted(known))}")
        held = getattr(self, name)
        if isinstance(held, float) and isinstance(value, int):
            value = float(value)
        if isinstance(held, tuple) and isinstance(value, list):
            value = tuple(value)
        if type(value) is not type(held):
            raise ValueError(f"setting {name!r} takes {type(held).__name__}, not {type(value).__name__}")
        setattr(self, name, value)
