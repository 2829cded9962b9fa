"""Changes of the path, for a backend or in a redirect: prefix_rewrite, regex_rewrite."""

import re

from envoy.config.route.v3.route_components_pb2 import RedirectAction, RouteAction
from envoy.type.matcher.v3.regex_pb2 import RegexMatchAndSubstitute, RegexMatcher

from gatelab.proxy.model import PathChange


def change_path(action: RouteAction | RedirectAction, change: PathChange) -> None:
    """Puts the change into the action; the query stays. Trailing slashes of prefix and value do not count."""
    value = change.value.rstrip("/")
    if change.prefix is None:
        _substitute(action, "^/.*$", change.value)
        return
    prefix = change.prefix.rstrip("/")
    if prefix and value:
        action.prefix_rewrite = value
    else:
        # Envoy replaces by characters: /a/b with / for /a would become //b.
        _substitute(action, f"^{re.escape(prefix)}/*", f"{value}/")


def _substitute(action: RouteAction | RedirectAction, pattern: str, value: str) -> None:
    substitution = value.replace("\\", "\\\\")
    action.regex_rewrite.CopyFrom(
        RegexMatchAndSubstitute(pattern=RegexMatcher(regex=pattern), substitution=substitution)
    )
