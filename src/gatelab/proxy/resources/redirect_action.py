"""Answers that send the client elsewhere: RedirectAction."""

from envoy.config.route.v3.route_components_pb2 import RedirectAction

from gatelab.proxy.model import Redirect
from gatelab.proxy.resources.path_change import change_path

_CODES = {
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}


def redirect_action(redirect: Redirect) -> RedirectAction:
    """The redirect, with the query of the request. Raises ValueError for a status that is none of a redirect."""
    if redirect.status not in _CODES:
        raise ValueError(f"a redirect's status is 301, 302, 303, 307 or 308, not {redirect.status}")
    action = RedirectAction(response_code=_CODES[redirect.status], host_redirect=redirect.host)
    if redirect.scheme:
        action.scheme_redirect = redirect.scheme
    if redirect.port is not None:
        action.port_redirect = redirect.port
    if redirect.path is not None:
        change_path(action, redirect.path)
    return action
