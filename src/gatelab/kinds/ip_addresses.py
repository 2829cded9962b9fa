"""Texts that are IP addresses."""

from ipaddress import ip_address


def is_ip(text: str) -> bool:
    """Whether the text is an address of IPv4 or IPv6."""
    return _version(text) is not None


def is_ipv4(text: str) -> bool:
    """Whether the text is an address of IPv4."""
    return _version(text) == 4


def _version(text: str) -> int | None:
    try:
        return ip_address(text).version
    except ValueError:
        return None
