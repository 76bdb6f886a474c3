"""Loopback: which hosts are this machine and nobody else's."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can connect to a host; a name that could mean anything counts as not."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
