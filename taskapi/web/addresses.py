"""Addresses of clients, from the server or from trusted proxies.

Each address has one canonical form. An IPv6 network counts as one client.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import request

IPV6_PREFIX = 64
"""Customers get at least a /64 each (RFC 6177), and can use any address in it."""

UNKNOWN = "unknown"


def client_address() -> str | None:
    """Return the address of the client; None if it is not an IP address."""
    address = parse(request.remote_addr)
    return str(address) if address else None


def client_network() -> str:
    """Return the identity of the client for rate limits.

    It is an IPv4 address, or the /64 of an IPv6 address. All values that are not IP
    addresses count as one client, so that forged ones do not evade a limit.
    """
    address = parse(request.remote_addr)
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, IPV6_PREFIX), strict=False))


def parse(text: str | None) -> IPv4Address | IPv6Address | None:
    """Return an address without port and zone, an IPv4-mapped one as IPv4."""
    host = (text or "").strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
