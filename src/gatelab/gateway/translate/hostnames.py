"""Hostnames: which covers which, what two have in common, which is more specific.

Gateway API, `Listener.hostname` and `GRPCRouteSpec.hostnames`: a wildcard is a whole first label, `*.example.com`, and
stands for one or more labels; it does not cover `example.com` itself. "" (or "*") is every hostname.
"""

from collections.abc import Iterator

from gatelab.kinds.gatewayapi import Route

EVERY = "*"


def normal(hostname: str) -> str:
    """Lower case, with "" written as "*". Ports and trailing dots are not part of a hostname here."""
    return hostname.lower() or EVERY


def covers(pattern: str, hostname: str) -> bool:
    """Whether everything that `hostname` (exact or wildcard) takes is also taken by `pattern`."""
    if pattern in (EVERY, hostname):
        return True
    if not pattern.startswith("*.") or hostname == EVERY:
        return False
    suffix = pattern[1:]
    return hostname.removeprefix("*").endswith(suffix)


def coverers(hostname: str) -> Iterator[str]:
    """Every pattern that covers `hostname`, the most specific first."""
    yield hostname
    labels = hostname.removeprefix("*.").split(".")
    first = 0 if hostname.startswith("*.") else 1
    for index in range(first, len(labels)):
        pattern = "*." + ".".join(labels[index:])
        if pattern != hostname:
            yield pattern
    if hostname != EVERY:
        yield EVERY


def intersection(listener: str, route: str) -> str | None:
    """The hostnames that both take, which is the more specific of the two; None if there are none in common."""
    if covers(listener, route):
        return route
    if covers(route, listener):
        return listener
    return None


def specificity(hostname: str) -> tuple[int, int]:
    """Grows with precedence: "characters in a matching non-wildcard hostname", then "in a matching hostname"."""
    if hostname == EVERY:
        return (0, 0)
    return (0 if hostname.startswith("*.") else len(hostname), len(hostname))


def hostnames_of(route: Route) -> tuple[str, ...]:
    """The route's hostnames; every hostname if it names none."""
    return tuple(normal(hostname) for hostname in route.spec.hostnames) or (normal(""),)
