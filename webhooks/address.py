"""By which address a request was sent, as far as that can be believed.

HubSpot signs the address it calls. Behind a proxy that is not the one we are called by, so an installation says its
public one. Without it scheme and host are the request's own, and what a proxy forwards of them is believed only when
the request comes from one of the networks named as such. Path and query are the bytes of the request line: what was
decoded and encoded again is not what was signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import quote, urlsplit

Network = IPv4Network | IPv6Network


def networks(named: Sequence[str]) -> tuple[Network, ...]:
    """The networks of a setting that was checked when it was loaded."""
    return tuple(ip_network(name) for name in named)


def signed_url(environ: Mapping[str, Any], public_url: str | None, proxies: Sequence[Network]) -> str:
    """The address that the sender of a WSGI request called, and signed."""
    return (public_url or _origin(environ, proxies)).rstrip("/") + _target(environ)


def _origin(environ: Mapping[str, Any], proxies: Sequence[Network]) -> str:
    scheme, host = environ.get("wsgi.url_scheme", "http"), environ.get("HTTP_HOST", "")
    if _behind(environ.get("REMOTE_ADDR", ""), proxies):
        scheme = _last(environ.get("HTTP_X_FORWARDED_PROTO")) or scheme
        host = _last(environ.get("HTTP_X_FORWARDED_HOST")) or host
    return f"{scheme}://{host}"


def _behind(peer: str, proxies: Sequence[Network]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in proxies)


def _last(forwarded: str | None) -> str:
    """What the nearest proxy wrote: it writes behind what it was told."""
    return (forwarded or "").rpartition(",")[2].strip()


def _target(environ: Mapping[str, Any]) -> str:
    """Path and query of the request line, which servers keep under one of two names."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not raw:
        path = quote(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), encoding="latin-1")
        query = environ.get("QUERY_STRING", "")
        return f"{path}?{query}" if query else path
    if raw.startswith("/"):
        return str(raw)
    parts = urlsplit(raw)  # `POST https://host/path`, as a client speaks to a proxy
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
