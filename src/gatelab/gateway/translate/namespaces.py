"""Namespaces that a listener takes routes from: `allowedRoutes.namespaces`, Same, All, Selector (or None)."""

from collections.abc import Mapping

from gatelab.kinds.core import Namespace
from gatelab.kinds.gatewayapi import RouteNamespaces
from gatelab.kinds.selectors import from_object

_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def selector_fault(allowed: RouteNamespaces) -> str | None:
    """A sentence about a selector that cannot be evaluated: the schema does not restrict the operators."""
    for expression in (allowed.selector or {}).get("matchExpressions") or ():
        operator = expression.get("operator")
        if operator not in _OPERATORS or "key" not in expression:
            return f"operator {operator} is not one of {', '.join(sorted(_OPERATORS))}"
    return None


def are_allowed_from(
    allowed: RouteNamespaces, route_namespace: str, gateway_namespace: str, namespaces: Mapping[str, Namespace]
) -> bool:
    """Whether routes of that namespace may attach."""
    if allowed.from_ == "All":
        return True
    if allowed.from_ == "Same":
        return route_namespace == gateway_namespace
    namespace = namespaces.get(route_namespace)
    if allowed.from_ != "Selector" or allowed.selector is None or namespace is None or selector_fault(allowed):
        return False
    return from_object(allowed.selector).matches(namespace.metadata.labels)
