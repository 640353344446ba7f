"""web: receive webhooks; and what is said about them when a service starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from connector.cli.frame import command, config_option, err, say, store
from connector.clock import SystemClock, SystemDice

if TYPE_CHECKING:
    from connector.config.service import Web
    from connector.config.settings import Settings
    from connector.storage.database import Database


@command("web", "smarketing web", "smarketing web --config /etc/smarketing/config.yaml")
@config_option
def web(config: Path) -> int:
    """Receive webhooks, and tell health and metrics; the work is a worker's.

    Stores what comes in and answers; `smarketing worker` (or `run`, which is both in one) does the rest. On PostgreSQL
    any number may run. SIGTERM stops it once every request under way is answered.
    """
    from connector.service import logs  # noqa: PLC0415  # the help needs no web server
    from connector.service.scrubbing import secrets_of  # noqa: PLC0415  # likewise
    from connector.service.server import serve  # noqa: PLC0415  # likewise
    from connector.service.web import opened  # noqa: PLC0415  # likewise

    with store(config) as (loaded, database):
        settings, known = loaded.settings, users_of(database)
    logs.configure("web", SystemClock(), secrets_of(settings))
    tell_doors(settings, known)
    chance = SystemClock(), SystemDice()
    return serve(lambda: opened(config, os.environ, chance), settings.web, listening=tell_address)


def users_of(database: Database) -> int:
    """How many people are known to the pages."""
    from connector.storage import users  # noqa: PLC0415  # the help needs no database

    with database.read() as conn:
        return users.number(conn)


def tell_address(addresses: str) -> None:
    """Where the service listens, once it does."""
    say(err, f"Listening on [bold]{addresses}[/]. Ctrl-C or SIGTERM stops it; requests under way are answered.")


def tell_doors(settings: Settings, known: int) -> None:
    """Which webhooks are received, which are not and what would be needed, the pages, and what is unwise.

    Args:
        settings: of the installation.
        known: how many users there are.
    """
    for path, missing in _doors(settings):
        if missing:
            say(err, f"[dim]off  {escape(path)}  set {missing} to receive it[/]", 2)
        else:
            say(err, f"[green]on[/]   {escape(path)}", 2)
    say(err, "[green]on[/]   GET /health, GET /ready, GET /metrics", 2)
    if settings.web.admin.enabled:
        say(err, "[green]on[/]   pages for people at /admin/, their API at /api/v1/", 2)
    else:
        say(err, "[dim]off  pages for people at /admin/  set web.admin.enabled to have them[/]", 2)
    for warning in (*_warnings(settings), *_strangers(settings.web, known)):
        say(err, f"[yellow]mind[/] {escape(warning)}", 2)


def _doors(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each webhook's path, and the setting that is missing for it."""
    found, salesforce = settings.webhooks, settings.webhooks.salesforce
    outbound, events = bool(salesforce and salesforce.outbound_secrets), bool(salesforce and salesforce.events_secrets)
    yield "POST /webhooks/hubspot", "" if found.hubspot else "webhooks.hubspot.secrets"
    yield "POST /webhooks/salesforce/outbound/SECRET", "" if outbound else "webhooks.salesforce.outbound_secrets"
    yield "POST /webhooks/salesforce/events", "" if events else "webhooks.salesforce.events_secrets"


def _warnings(settings: Settings) -> Iterator[str]:
    web, hubspot = settings.web, settings.webhooks.hubspot
    if hubspot and not web.public_url:
        yield "web.public_url is not set: HubSpot signs the address it calls; behind a proxy we see another one"
    if hubspot and set(hubspot.signatures) - {"v3"}:
        yield "webhooks.hubspot.signatures accepts v1 or v2, which do not protect against a request being sent again"
    if not web.metrics_token and _public(web):
        yield "web.metrics_token is not set: whoever reaches this address can read /metrics"


def _strangers(web: Web, known: int) -> Iterator[str]:
    """What keeps people out of the pages, or lets others listen."""
    if not web.admin.enabled:
        return
    if not known and not web.admin.oidc:
        yield "nobody can sign in yet; make the first user: smarketing user add NAME --role admin"
    if _public(web) and not (web.public_url or "").startswith("https://"):
        yield "web.public_url is not https: whoever listens on the way can take a signed-in person's place"


def _public(web: Web) -> bool:
    return web.host not in ("127.0.0.1", "localhost", "::1")


COMMANDS = (web,)
