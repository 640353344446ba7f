"""Settings of the running service: where it listens, whom it believes, how often it looks.

Only what an installation has to decide is a setting. A webhook without a secret is not received: its address does not
exist. Times are seconds where people think in seconds, and calendar-free everywhere.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connector.config.problems import Faults
from connector.config.secrets import NamedSecret
from connector.config.terms import Count, Percent, Seconds, Strict, Text, Url


def _networks(found: list[str]) -> list[str]:
    for name in found:
        try:
            ip_network(name)
        except ValueError:
            raise ValueError(f"{name!r} is no network; write an address or a network like 10.0.0.0/8") from None
    return found


def _path_only(url: str) -> str:
    if urlsplit(url).path in ("", "/"):
        return url
    raise ValueError("must be scheme and host only; the paths below it are the bridge's own")


Networks = Annotated[list[Text], AfterValidator(_networks)]


class Roles(Strict):
    """Which groups of the identity provider may do what; the most that any group of a person's allows is theirs."""

    viewer: list[Text] = Field(default=[])
    operator: list[Text] = Field(default=[])
    admin: list[Text] = Field(default=[])


class OpenIdConnect(Strict):
    """Signing in with the company's identity provider.

    Attributes:
        issuer: where `/.well-known/openid-configuration` is found.
        groups_claim: the claim of the ID token that lists a person's groups.
        roles: who is in none of these groups may not come in.
        label: what the button says.
    """

    issuer: Url
    client_id: Text
    client_secret: NamedSecret
    groups_claim: Text = "groups"
    roles: Roles
    label: Text = "Sign in with your company account"

    @model_validator(mode="after")
    def _somebody_comes_in(self) -> OpenIdConnect:
        if not (self.roles.viewer or self.roles.operator or self.roles.admin):
            raise Faults(
                [(("roles",), "names no group, so nobody could come in; name one under viewer, operator or admin")]
            )
        return self


class Admin(Strict):
    """The pages for people, below /admin.

    Attributes:
        enabled: without, there are no pages and no API: their addresses do not exist.
        session_hours: after how many hours without a click one has to sign in again.
        edit_mappings: admins may change the mapping files there; else they are only shown.
    """

    enabled: bool = True
    session_hours: Annotated[int, Field(ge=1, le=720)] = 12
    edit_mappings: bool = True
    oidc: OpenIdConnect | None = None


class Web(Strict):
    """The web application: webhooks, health, metrics, the pages for people.

    Attributes:
        public_url: what the outside calls us by; the address that HubSpot signs. None: as the request says.
        trusted_proxies: networks whose X-Forwarded-For is believed.
        metrics_token: what a scraper must present as Bearer; None: /metrics asks for nothing.
    """

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    threads: Annotated[int, Field(ge=1, le=64)] = 8
    public_url: Annotated[Url, AfterValidator(_path_only)] | None = None
    trusted_proxies: Networks = Field(default=[])
    body_max_kib: Annotated[int, Field(ge=64, le=65536)] = 4096
    metrics_token: NamedSecret | None = None
    admin: Admin = Admin()


class HubSpotWebhooks(Strict):
    """HubSpot's webhooks: client secrets (several while one is being replaced) and the signatures that are accepted."""

    secrets: Annotated[list[NamedSecret], Field(min_length=1)]
    signatures: Annotated[list[Literal["v1", "v2", "v3"]], Field(min_length=1)] = Field(default=["v3"])


class SalesforceWebhooks(Strict):
    """Salesforce's pushes: outbound messages by a secret in their path, JSON of a Flow or Apex by an HMAC."""

    outbound_secrets: list[NamedSecret] = Field(default=[])
    events_secrets: list[NamedSecret] = Field(default=[])

    @model_validator(mode="after")
    def _long_enough(self) -> SalesforceWebhooks:
        faults: list[Any] = []
        for name in ("outbound_secrets", "events_secrets"):
            for number, secret in enumerate(getattr(self, name)):
                if len(secret.reveal()) < 16:  # noqa: PLR2004  # what a secret in an address must withstand
                    faults.append(((name, number), "is too short to be a secret; use 32 random letters and digits"))
        if faults:
            raise Faults(faults)
        return self


class Webhooks(Strict):
    """Who may tell us that something changed; nothing is received from a side that is not set up here."""

    hubspot: HubSpotWebhooks | None = None
    salesforce: SalesforceWebhooks | None = None


class Polling(Strict):
    """Seconds between two polls: the least while there is news, up to the most while there is none."""

    least_s: Annotated[float, Field(ge=1, le=3600)] = 30
    most_s: Annotated[float, Field(ge=1, le=3600)] = 300

    @model_validator(mode="after")
    def _in_order(self) -> Polling:
        if self.least_s > self.most_s:
            raise Faults([(("least_s",), f"is {self.least_s:g}, more than most_s ({self.most_s:g})")])
        return self


class LoopBreaker(Strict):
    """A field that we have written this often in that time, with no person between, is parked."""

    times: Annotated[int, Field(ge=3)] = 5
    within_minutes: Annotated[int, Field(ge=1, le=10_080)] = 60


class Audit(Strict):
    """How many linked pairs are compared afresh, and how often; drift above `alarm_percent` is an issue."""

    sample: Annotated[int, Field(ge=0, le=2000)] = 200
    every_minutes: Annotated[int, Field(ge=5, le=10_080)] = 240
    alarm_percent: Percent = 1


class Work(Strict):
    """How the worker paces itself."""

    polling: Polling = Polling()
    quiet_s: Annotated[float, Field(ge=0, le=60)] = 2
    longest_wait_s: Annotated[float, Field(ge=0, le=3600)] = 30
    parallel: Annotated[int, Field(ge=1, le=16)] = 2
    loop_breaker: LoopBreaker = LoopBreaker()
    audit: Audit = Audit()


class ClientCredentials(Strict):
    """HubSpot's webhooks journal, for installations that nobody can reach from outside (HubSpot fact sheet 11.5)."""

    client_id: Text
    client_secret: NamedSecret


class PubSub(Strict):
    """Salesforce's Pub/Sub API, which tells of changes within a second (Salesforce fact sheet 6.3)."""

    address: Annotated[Text, StringConstraints(pattern=r"^[^\s/]+:\d+$")] = "api.pubsub.salesforce.com:7443"
    channel: Annotated[Text, StringConstraints(pattern="^/(data|event)/")] = "/data/ChangeEvents"
    silence_s: Seconds = 120
    fetch: Annotated[Count, Field(le=100)] = 100
