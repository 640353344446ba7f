"""config.yaml as checked values: where both CRMs are, how we sign in, and how much we may do.

Every setting has its default here and its explanation in config.example.yaml; a test holds the two together. Models
are frozen: what was checked is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from connector.config.problems import Fault, Faults
from connector.config.secrets import DatabaseUrl, NamedSecret, WebhookUrl
from connector.config.service import ClientCredentials, PubSub, Web, Webhooks, Work
from connector.config.terms import Count, Name, Percent, Seconds, Strict, Text, Url
from connector.core.guards import Limit, Limits


def _folder_or_files(found: Any) -> Any:
    files = isinstance(found, list) and found and all(isinstance(name, str) for name in found)
    if found and (isinstance(found, str) or files):
        return found
    raise ValueError("must be a folder, or a list of files like [mappings/contacts.yaml]")


class Bridge(Strict):
    """This installation."""

    name: Annotated[Text, StringConstraints(max_length=60)] = "smarketing"


class Database(Strict):
    """Where the bridge remembers what was agreed."""

    url: DatabaseUrl = "sqlite:///smarketing.db"  # type: ignore[assignment]  # its validator makes it a Secret


class Timeouts(Strict):
    """How long one call may take."""

    connect_s: Seconds = 5
    read_s: Seconds = 60


class SalesforceTimeouts(Timeouts):
    """Salesforce answers long queries slowly."""

    read_s: Seconds = 120


class HubSpotOAuth(Strict):
    """An OAuth app's installation, instead of a service key or a private app's token."""

    client_id: Text
    client_secret: NamedSecret
    refresh_token: NamedSecret


class HubSpot(Strict):
    """The HubSpot side (limits: HubSpot fact sheet 9)."""

    base_url: Url = "https://api.hubapi.com"
    access_token: NamedSecret | None = None
    oauth: HubSpotOAuth | None = None
    api_version: Literal["v3", "2026-03", "2026-09"] = "2026-09"
    portal_id: Text | None = None
    requests_per_10s: Count = 190
    search_per_s: Annotated[float, Field(gt=0)] = 5
    calls_per_day: Count | None = None
    reserve_percent: Percent = 10
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    timeouts: Timeouts = Timeouts()
    journal: ClientCredentials | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> HubSpot:
        if self.access_token and self.oauth:
            raise Faults([(("oauth",), "stands beside access_token; keep one of the two")])
        if not self.access_token and not self.oauth:
            raise Faults([(("access_token",), "is missing; write env:NAME (or give oauth: instead)")])
        return self


Flow = Literal["client_credentials", "jwt", "refresh_token", "password"]
FLOW_NEEDS: Mapping[str, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt": ("client_id", "username", "private_key"),
    "refresh_token": ("client_id", "refresh_token"),
    "password": ("client_id", "client_secret", "username", "password"),
}
FLOW_MAY_USE: Mapping[str, tuple[str, ...]] = {
    "client_credentials": (),
    "jwt": ("audience",),
    "refresh_token": ("client_secret",),
    "password": ("security_token",),
}


class SalesforceAuth(Strict):
    """How we sign in to Salesforce (flows: Salesforce fact sheet 7.1)."""

    flow: Flow = "client_credentials"
    client_id: Text | None = None
    client_secret: NamedSecret | None = None
    username: Text | None = None
    private_key: NamedSecret | None = None
    audience: Text | None = None
    refresh_token: NamedSecret | None = None
    password: NamedSecret | None = None
    security_token: NamedSecret | None = None

    @model_validator(mode="after")
    def _complete(self) -> SalesforceAuth:
        needed, used = FLOW_NEEDS[self.flow], FLOW_NEEDS[self.flow] + FLOW_MAY_USE[self.flow]
        given = [name for name in type(self).model_fields if name != "flow" and getattr(self, name) is not None]
        faults: list[Fault] = []
        faults += [((name,), f"is missing; flow {self.flow} needs it") for name in needed if name not in given]
        faults += [((name,), f"is not used by flow {self.flow}; remove it") for name in given if name not in used]
        if faults:
            raise Faults(faults)
        return self


class Salesforce(Strict):
    """The Salesforce side (limits: Salesforce fact sheet 1 and 7)."""

    login_url: Url = "https://login.salesforce.com"
    base_url: Url | None = None
    auth: SalesforceAuth
    api_version: Annotated[Text, StringConstraints(pattern=r"^[0-9]{2}\.0$")] = "67.0"
    org_id: Text | None = None
    calls_per_day: Count | None = None
    reserve_percent: Percent = 10
    concurrency: Annotated[int, Field(ge=1, le=25)] = 8
    timeouts: SalesforceTimeouts = SalesforceTimeouts()
    bulk_from_rows: Count = 2000
    auto_assign: Text = "off"
    allow_duplicates: bool = False
    pubsub: PubSub | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Salesforce:
        faults: list[Fault] = []
        shared = urlsplit(self.login_url).hostname in ("login.salesforce.com", "test.salesforce.com")
        if self.auth.flow == "client_credentials" and shared:
            message = "must be your My Domain (https://acme.my.salesforce.com): client_credentials works only there"
            faults.append((("login_url",), message))
        if self.auto_assign not in ("off", "on") and not self.auto_assign.startswith("01Q"):
            faults.append((("auto_assign",), f"{self.auto_assign!r} is neither off, on nor a rule id (01Q...)"))
        if faults:
            raise Faults(faults)
        return self


class Guard(Strict):
    """The most a run may do before a person is asked: passing either limit holds it; null sets none."""

    number: Annotated[int, Field(ge=0)] | None = 1000
    percent: Percent | None = None

    @property
    def limit(self) -> Limit:
        """The same for the core, which counts in shares."""
        return Limit(self.number, None if self.percent is None else self.percent / 100)


class ArchivesGuard(Guard):
    """Archiving is the hardest to undo, so little of it already holds a run."""

    number: Annotated[int, Field(ge=0)] | None = 100
    percent: Percent | None = 5


class ChangesGuard(Guard):
    """Updates are many and can be undone."""

    number: Annotated[int, Field(ge=0)] | None = 5000
    percent: Percent | None = 50


class Guards(Strict):
    """What holds a run for a person. Shares are of the linked pairs."""

    creates: Guard = Guard()
    archives: ArchivesGuard = ArchivesGuard()
    changes: ChangesGuard = ChangesGuard()

    @property
    def limits(self) -> Limits:
        """The same for the core."""
        return Limits(self.creates.limit, self.archives.limit, self.changes.limit)


class Channel(Strict):
    """Where people are told: a chat room or mailbox as an Apprise URL, which holds a token and so is a secret."""

    url: NamedSecret


class WebhookOut(Strict):
    """An address of yours that is called when a policy says so; `secret` signs what is sent (HMAC-SHA256)."""

    url: WebhookUrl
    secret: NamedSecret
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10


class Settings(Strict):
    """Everything in config.yaml. Relative paths were resolved against its folder."""

    bridge: Bridge = Bridge()
    database: Database = Field({}, validate_default=True)  # like input, because the URL depends on the folder
    hubspot: HubSpot
    salesforce: Salesforce
    guards: Guards = Guards()
    web: Web = Web()
    webhooks: Webhooks = Webhooks()
    worker: Work = Work()
    notifications: dict[Name, Channel] = Field(default_factory=dict)
    webhooks_out: dict[Name, WebhookOut] = Field(default_factory=dict)
    mappings: Annotated[str | list[str], BeforeValidator(_folder_or_files)] = "mappings"
