"""Everything about the org that can be set: keys, limits, and the switches for Salesforce's moods.

Defaults are a well-behaved Enterprise org; tests and demos turn the moods on. (Salesforce fact sheet 7, 8, 11.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

CURRENT_VERSION = 68
OLDEST_VERSION = 31


@dataclass(slots=True)
class Settings:
    """Switches of one org. Times in seconds, rates between 0 and 1."""

    instance_url: str = "https://acme.my.salesforce.com"
    login_url: str = "https://login.salesforce.com"
    consumer_key: str = "sandbox-consumer-key"
    consumer_secret: str = "sandbox-consumer-secret"  # noqa: S105 - the published secret of a sandbox
    refresh_token: str = "sandbox-refresh-token"  # noqa: S105 - the published token of a sandbox
    password: str = "sandbox-password"  # noqa: S105 - the published password of a sandbox
    jwt_public_key_pem: str = ""
    jwt_audiences: tuple[str, ...] = ("https://login.salesforce.com", "https://test.salesforce.com")
    rotate_refresh_tokens: bool = False
    password_grant_enabled: bool = True
    soap_login_enabled: bool = False
    session_lifetime_s: float = 7200.0
    daily_api_requests: int = 100_000
    concurrent_refusal_rate: float = 0.0
    app_quota: int = 0
    edition: str = "Enterprise Edition"
    sandbox_org: bool = False
    short_pages: bool = False
    locator_lifetime_s: float = 172_800.0
    commit_delay_s: float = 0.0
    commit_delay_random: bool = False
    lock_row_rate: float = 0.0
    edit_converted_leads: bool = False
    lowercase_emails: bool = False
    bulk_delay_s: float = 0.0
    bulk_retention_s: float = 604_800.0
    bin_retention_s: float = 1_296_000.0
    storage_rows_max: int = 0
    change_objects: tuple[str, ...] = ("Lead", "Contact", "Account", "Opportunity", "Task")  # chosen for change events
    change_channels: dict[str, list[str]] = field(default_factory=dict)  # custom channel -> its objects
    change_retention_s: float = 259_200.0
    change_keepalive_s: float = 60.0
    change_starve_s: float = 60.0  # how long a stream that nothing is asked of stays open
    change_delivered_max: int = 0  # events of a day over all subscribers; 0 sets no limit
    bridge_may_customize: bool = True  # whether the bridge's user may change what the org is made of, as an admin may
    bridge_profile_bare: bool = False  # whether the bridge's user may do only what permission sets grant
    deploy_polls: int = 2  # how many looks at a deployment or retrieve are answered before it is said to be done
    deploy_s: float = 0.0  # how long a deployment waits before it takes effect
    deploy_refused: dict[str, str] = field(default_factory=dict)  # full name of a component -> why it is not deployed
    extra_limits: dict[str, int] = field(default_factory=dict)
