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

    with store(config) as (loaded, _):
        settings = loaded.settings
    logs.configure("web", SystemClock(), secrets_of(settings))
    tell_doors(settings)
    chance = SystemClock(), SystemDice()
    return serve(lambda: opened(config, os.environ, chance), settings.web, listening=tell_address)


def tell_address(addresses: str) -> None:
    """Where the service listens, once it does."""
    say(err, f"Listening on [bold]{addresses}[/]. Ctrl-C or SIGTERM stops it; requests under way are answered.")


def tell_doors(settings: Settings) -> None:
    """Which webhooks are received, which are not and what would be needed, and what is unwise."""
    for path, missing in _doors(settings):
        if missing:
            say(err, f"[dim]off  {escape(path)}  set {missing} to receive it[/]", 2)
        else:
            say(err, f"[green]on[/]   {escape(path)}", 2)
    say(err, "[green]on[/]   GET /health, GET /ready, GET /metrics", 2)
    for warning in _warnings(settings):
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


def _public(web: Web) -> bool:
    return web.host not in ("127.0.0.1", "localhost", "::1")


COMMANDS = (web,)
