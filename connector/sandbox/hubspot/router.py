"""From a path to an endpoint: one router for v3, v4, `2026-03` and `2026-09`.

The version segment moves between families (HubSpot fact sheet 1.1), so a path is first taken apart into family, version
and the rest; then a table says who answers. Names in the table stand for themselves, `*` for a variable segment. Every
route names the access it needs; which scopes grant that depends on the object type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from connector.sandbox.exchange import Request
from connector.sandbox.hubspot import (
    accounts,
    authorizing,
    batches,
    definitions,
    funnels,
    hooks,
    journal,
    linkages,
    objects,
    search,
)
from connector.sandbox.hubspot.kinds import kind_named
from connector.sandbox.hubspot.state import State
from connector.sandbox.hubspot.web import Call, Reply

DATED = frozenset({"2025-09", "2026-03", "2026-09", "2026-09-beta", "2027-03-beta"})
NUMBERED = frozenset({"v1", "v2", "v3", "v4"})

Endpoint = Callable[[Call], Reply]
OpenEndpoint = Callable[[State, Request, str, tuple[str, ...]], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers, and what it takes to ask. `open` endpoints look after credentials themselves."""

    endpoint: Endpoint | None = None
    access: str = ""
    lane: str = "calls"
    open: OpenEndpoint | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits a request."""

    route: Route
    version: str
    parts: tuple[str, ...]


def _routes(*rows: tuple[str, str, Route]) -> Mapping[tuple[str, str, int], list[tuple[tuple[str, ...], Route]]]:
    table: dict[tuple[str, str, int], list[tuple[tuple[str, ...], Route]]] = {}
    for method, path, route in rows:
        family, *rest = path.split("/")
        table.setdefault((family, method, len(rest)), []).append((tuple(rest), route))
    return table


def _reading(endpoint: Endpoint, lane: str = "calls") -> Route:
    return Route(endpoint, "objects.read", lane)


def _writing(endpoint: Endpoint, lane: str = "calls") -> Route:
    return Route(endpoint, "objects.write", lane)


def _defining(endpoint: Endpoint) -> Route:
    return Route(endpoint, "schemas.write")


def _knowing(endpoint: Endpoint) -> Route:
    return Route(endpoint, "schemas.read")


LINKS = "associations"
ROUTES = _routes(
    ("POST", "objects/*/search", _reading(search.search, "search")),
    ("POST", "objects/*/merge", _writing(objects.merge)),
    ("POST", "objects/*/gdpr-delete", _writing(objects.gdpr_delete)),
    ("POST", "objects/*/batch/read", _reading(batches.read)),
    ("POST", "objects/*/batch/create", _writing(batches.create)),
    ("POST", "objects/*/batch/update", _writing(batches.update)),
    ("POST", "objects/*/batch/upsert", _writing(batches.upsert)),
    ("POST", "objects/*/batch/archive", _writing(batches.archive)),
    ("GET", "objects/*", _reading(objects.page)),
    ("POST", "objects/*", _writing(objects.create)),
    ("GET", "objects/*/*", _reading(objects.read)),
    ("PATCH", "objects/*/*", _writing(objects.update)),
    ("DELETE", "objects/*/*", _writing(objects.archive)),
    ("GET", "objects/*/*/associations/*", _reading(linkages.page, LINKS)),
    ("PUT", "objects/*/*/associations/default/*/*", _writing(linkages.create_default, LINKS)),
    ("PUT", "objects/*/*/associations/*/*", _writing(linkages.create, LINKS)),
    ("DELETE", "objects/*/*/associations/*/*", _writing(linkages.archive, LINKS)),
    ("POST", "associations/*/*/batch/read", _reading(linkages.batch_read, LINKS)),
    ("POST", "associations/*/*/batch/create", _writing(linkages.batch_create, LINKS)),
    ("POST", "associations/*/*/batch/archive", _writing(linkages.batch_archive, LINKS)),
    ("POST", "associations/*/*/batch/associate/default", _writing(linkages.batch_create_default, LINKS)),
    ("POST", "associations/*/*/batch/labels/archive", _writing(linkages.batch_archive_labels, LINKS)),
    ("GET", "associations/*/*/labels", _reading(linkages.labels, LINKS)),
    ("POST", "associations/*/*/labels", _writing(linkages.create_label, LINKS)),
    ("PUT", "associations/*/*/labels", _writing(linkages.update_label, LINKS)),
    ("DELETE", "associations/*/*/labels/*", _writing(linkages.archive_label, LINKS)),
    ("GET", "properties/*", _knowing(definitions.page)),
    ("POST", "properties/*", _defining(definitions.create)),
    ("GET", "properties/*/groups", _knowing(definitions.groups)),
    ("POST", "properties/*/groups", _defining(definitions.create_group)),
    ("GET", "properties/*/groups/*", _knowing(definitions.read_group)),
    ("PATCH", "properties/*/groups/*", _defining(definitions.update_group)),
    ("DELETE", "properties/*/groups/*", _defining(definitions.archive_group)),
    ("POST", "properties/*/batch/read", _knowing(definitions.batch_read)),
    ("POST", "properties/*/batch/create", _defining(definitions.batch_create)),
    ("POST", "properties/*/batch/archive", _defining(definitions.batch_archive)),
    ("GET", "properties/*/*", _knowing(definitions.read)),
    ("PATCH", "properties/*/*", _defining(definitions.update)),
    ("DELETE", "properties/*/*", _defining(definitions.archive)),
    ("GET", "property-validations/*", _knowing(definitions.validations)),
    ("GET", "property-validations/*/*", _knowing(definitions.property_validations)),
    ("GET", "property-validations/*/*/rule-type/*", _knowing(definitions.property_validation)),
    ("PUT", "property-validations/*/*/rule-type/*", _defining(definitions.set_validation)),
    ("GET", "pipelines/*", _knowing(funnels.page)),
    ("POST", "pipelines/*", _defining(funnels.create)),
    ("GET", "pipelines/*/*", _knowing(funnels.read)),
    ("PATCH", "pipelines/*/*", _defining(funnels.update)),
    ("PUT", "pipelines/*/*", _defining(funnels.replace)),
    ("DELETE", "pipelines/*/*", _defining(funnels.archive)),
    ("GET", "pipelines/*/*/audit", _knowing(funnels.audit)),
    ("GET", "pipelines/*/*/stages", _knowing(funnels.stages)),
    ("POST", "pipelines/*/*/stages", _defining(funnels.create_stage)),
    ("GET", "pipelines/*/*/stages/*", _knowing(funnels.read_stage)),
    ("PATCH", "pipelines/*/*/stages/*", _defining(funnels.update_stage)),
    ("PUT", "pipelines/*/*/stages/*", _defining(funnels.update_stage)),
    ("DELETE", "pipelines/*/*/stages/*", _defining(funnels.archive_stage)),
    ("GET", "owners", Route(accounts.owners, "owners")),
    ("GET", "owners/*", Route(accounts.owner, "owners")),
    ("GET", "account-info/details", Route(accounts.details)),
    ("GET", "account-info/api-usage/daily/private-apps", Route(accounts.daily_usage)),
    ("POST", "oauth/token", Route(open=authorizing.token)),
    ("POST", "oauth/token/introspect", Route(open=authorizing.introspect)),
    ("POST", "oauth/token/revoke", Route(open=authorizing.revoke)),
    ("GET", "oauth/access-tokens/*", Route(open=authorizing.access_token)),
    ("GET", "oauth/refresh-tokens/*", Route(open=authorizing.refresh_token)),
    ("DELETE", "oauth/refresh-tokens/*", Route(open=authorizing.revoke_refresh_token)),
    ("POST", "oauth/private-apps/get/access-token-info", Route(open=authorizing.private_app)),
    ("GET", "webhooks/*/settings", Route(open=hooks.settings)),
    ("PUT", "webhooks/*/settings", Route(open=hooks.configure)),
    ("DELETE", "webhooks/*/settings", Route(open=hooks.clear)),
    ("GET", "webhooks/*/subscriptions", Route(open=hooks.page)),
    ("POST", "webhooks/*/subscriptions", Route(open=hooks.subscribe)),
    ("GET", "webhooks/*/subscriptions/*", Route(open=hooks.read)),
    ("PATCH", "webhooks/*/subscriptions/*", Route(open=hooks.update)),
    ("DELETE", "webhooks/*/subscriptions/*", Route(open=hooks.unsubscribe)),
    ("GET", "journal/earliest", Route(journal.earliest, "journal")),
    ("GET", "journal/latest", Route(journal.latest, "journal")),
    ("GET", "journal/offset/*/next", Route(journal.following, "journal")),
    ("GET", "journal/batch/earliest/*", Route(journal.batch_earliest, "journal")),
    ("GET", "journal/batch/*/next/*", Route(journal.batch_following, "journal")),
    ("GET", "sandbox-files/*/*", Route(open=journal.file)),
)
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@lru_cache(maxsize=4096)
def matched(method: str, path: str) -> Match | None:
    """The route of a request, or None when there is no such path."""
    located = _located([unquote(segment) for segment in path.split("/") if segment])
    if located is None:
        return None
    family, version, rest = located
    for pattern, route in ROUTES.get((family, method, len(rest)), ()):
        if all(wanted in ("*", segment) for wanted, segment in zip(pattern, rest, strict=True)):
            parts = tuple(segment for wanted, segment in zip(pattern, rest, strict=True) if wanted == "*")
            return Match(route, version, parts)
    return None


def known(path: str) -> bool:
    """Whether some other method would be answered at this path."""
    return any(matched(method, path) is not None for method in METHODS)


def _located(segments: list[str]) -> tuple[str, str, list[str]] | None:
    """Family, version and the rest of a path, wherever its version stands."""
    match segments:
        case ["crm", version, family, *rest] if version in NUMBERED or version in DATED:
            return (family, version, rest) if _served(family, version, rest) else None
        case ["crm", family, version, *rest] if version in DATED:
            return family, version, rest
        case ["account-info" | "oauth" | "webhooks" as family, version, *rest] if version in NUMBERED | DATED:
            return family, version, rest
        case ["app-webhooks", version, *rest] if version in DATED:
            return "webhooks", version, rest
        case ["webhooks-journal", "journal" | "journal-local", version, *rest] if version in DATED:
            return "journal", version, rest
        case ["webhooks-journal", "sandbox-files", *rest]:
            return "sandbox-files", "", rest
    return None


def _served(family: str, version: str, rest: list[str]) -> bool:
    """v4 is associations only, v3 everything else."""
    linking = family == "associations" or (family == "objects" and LINKS in rest)
    return version in DATED or linking == (version == "v4")


def scopes_for(access: str, object_name: str) -> tuple[str, ...]:
    """The scopes any one of which grants an access (HubSpot fact sheet 8)."""
    if access == "owners":
        return ("crm.objects.owners.read",)
    if access == "journal":
        return ("developer.webhooks_journal.read",)
    if not access:
        return ()
    kind = kind_named(object_name)
    area = kind.scope if kind is not None else object_name
    group, _, verb = access.partition(".")
    own = f"crm.{group}.{area}.{verb}"
    return (own, f"crm.objects.{area}.read") if access == "schemas.read" else (own,)
