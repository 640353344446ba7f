"""The address a request came from, as far as that can be believed: for counting failed sign-ins, never for letting in.

Every proxy writes the address of who called it behind what it was told. Read from the end, what proxies of ours wrote
is true, and the first address that is none of ours is the caller. An IPv6 household has a whole network of addresses,
so its network stands for it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from connector.config.service import Networks

_HOUSEHOLD = 64  # bits of an IPv6 address that a household shares


class Callers:
    """Tells who called; `proxies` are the networks of web.trusted_proxies."""

    def __init__(self, proxies: Networks) -> None:
        self._proxies = tuple(ip_network(name) for name in proxies)

    def caller(self, peer: str, forwarded: str) -> str:
        """The address, or IPv6 network, that called; `peer` is who is connected, `forwarded` is X-Forwarded-For."""
        nearest = _read(peer)
        if nearest is None:
            return "unknown"
        for said in reversed(forwarded.split(",")):
            before = _read(said.strip())
            if before is None or not self._ours(nearest):
                break
            nearest = before
        return _household(nearest)

    def _ours(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies)


def _read(said: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(said)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _household(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), _HOUSEHOLD), strict=False))
