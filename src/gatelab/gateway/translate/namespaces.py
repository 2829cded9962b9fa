"""Namespaces that a listener takes routes from, and a Gateway listeners: Same, All, Selector or None.

`allowedRoutes.namespaces` and `allowedListeners.namespaces`.
"""

from collections.abc import Mapping

from gatelab.kinds.core import Namespace
from gatelab.kinds.gatewayapi import ListenerNamespaces, RouteNamespaces
from gatelab.kinds.selectors import from_object

_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def selector_fault(allowed: RouteNamespaces | ListenerNamespaces) -> str | None:
    """A sentence about a selector that cannot be evaluated: the schema does not restrict the operators."""
    for expression in (allowed.selector or {}).get("matchExpressions") or ():
        operator = expression.get("operator")
        if operator not in _OPERATORS or "key" not in expression:
            return f"operator {operator} is not one of {', '.join(sorted(_OPERATORS))}"
    return None


def are_allowed_from(
    allowed: RouteNamespaces | ListenerNamespaces, here: str, there: str, namespaces: Mapping[str, Namespace]
) -> bool:
    """Whether what is in namespace `here` may attach to what is in namespace `there`."""
    if allowed.from_ == "All":
        return True
    if allowed.from_ == "Same":
        return here == there
    namespace = namespaces.get(here)
    if allowed.from_ != "Selector" or allowed.selector is None or namespace is None or selector_fault(allowed):
        return False
    return from_object(allowed.selector).matches(namespace.metadata.labels)
