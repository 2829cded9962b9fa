"""The formats of strings that custom resources may ask for (`apiextensions-apiserver/pkg/apiserver/validation`).

A format that is not known here is not judged, as in Kubernetes; nor is `byte`, which has a rule of its own.
"""

import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_HOSTNAME = re.compile(
    r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\.?"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_DURATION = re.compile(r"[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*)")
_LONG_DURATION = re.compile(
    r"\d+ ?(ns|us|µs|ms|s|m|h|d|w|sec|second|seconds|min|minute|minutes|hour|hours|day|days|week|weeks)"
)
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")


def _moment(text: str) -> bool:
    return not text or datetime.fromisoformat(text).tzinfo is not None


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    return lambda text: parse(text) is not None


def _uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) or text.startswith("/")


def _subdomain(text: str) -> bool:
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "date-time": _moment,
    "datetime": _moment,
    "date": _parses(date.fromisoformat),
    "duration": lambda text: bool(_DURATION.fullmatch(text) or _LONG_DURATION.fullmatch(text)),
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": lambda text: "/" in text and ipaddress.ip_network(text, strict=False) is not None,
    "uri": _uri,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": lambda text: len(text) <= 255 and _HOSTNAME.fullmatch(text) is not None,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "uuid": _parses(uuid.UUID),
    "k8s-short-name": lambda text: _LABEL.fullmatch(text) is not None,
    "k8s-long-name": _subdomain,
}


def is_of(name: str, text: str) -> bool:
    """Whether the text has the format."""
    check = _CHECKS.get(name)
    try:
        return check is None or check(text)
    except ValueError:
        return False
