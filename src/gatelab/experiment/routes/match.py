"""Whether a rule takes a gRPC call that carries no metadata, and how specific it is in saying so."""

from collections.abc import Sequence

from gatelab.kinds.gatewayapi import GRPCRouteMatch, GRPCRouteRule, HTTPRouteMatch, HTTPRouteRule

Specificity = tuple[int, int]
"""Greater is more specific. GRPCRoute: lengths of service and method; HTTPRoute: whether exact, length of the path."""


def takes_host(hostnames: Sequence[str], host: str) -> bool:
    """Gateway API `hostnames`: none is any; `*.` stands for one label or more."""
    host = host.lower()
    return not hostnames or any(
        host.endswith(each[1:]) and len(host) > len(each) - 1 if each.startswith("*.") else host == each
        for each in hostnames
    )


def taking(rule: GRPCRouteRule | HTTPRouteRule, method: str) -> Specificity | None:
    """The specificity of the rule's best match of `method` (`/package.Service/Method`); None if none matches.

    Expressions and headers are not for us to try: such a match counts as none.
    """
    if isinstance(rule, GRPCRouteRule):
        found = [_grpc(each, method) for each in rule.matches] if rule.matches else [(0, 0)]
    else:
        found = [_http(each, method) for each in rule.matches]
    return max((each for each in found if each is not None), default=None)


def _grpc(match: GRPCRouteMatch, method: str) -> Specificity | None:
    if match.headers:
        return None
    if match.method is None:
        return 0, 0
    service, name = method.removeprefix("/").split("/")
    wanted = match.method
    if wanted.type != "Exact" or wanted.service not in ("", service) or wanted.method not in ("", name):
        return None
    return len(wanted.service), len(wanted.method)


def _http(match: HTTPRouteMatch, method: str) -> Specificity | None:
    if match.headers or match.query_params or match.method not in ("", "POST"):
        return None
    path = match.path.value
    if match.path.type == "Exact":
        return (1, len(path)) if path == method else None
    prefix = path.rstrip("/")
    is_taken = match.path.type == "PathPrefix" and f"{method}/".startswith(f"{prefix}/")
    return (0, len(prefix)) if is_taken else None
