"""A session that may be at one of several backends: a route for each of them, before the one that splits by weight.

Envoy chooses among backends before it looks at the session. So the split tells the client which backend it was, in a
cookie beside the session's own, and a client that brings it is no part of the split any more (GEP-1619, "Traffic
Splitting": the session holds "even if the weight is set to 0").
"""

import hashlib
import re
from dataclasses import replace

from gatelab.proxy.model import Forward, HeaderChanges, HeaderMatch, Route, Session, WeightedBackend


def expanded(route: Route) -> tuple[Route, ...]:
    """The routes that come to the same, each with backends that one session may be at."""
    action = route.action
    if not isinstance(action, Forward) or action.session is None:
        return (route,)
    served = [share for share in action.backends if share.backend is not None]
    if len(action.backends) < 2 or not served:
        return (route,)
    session = action.session
    own = tuple(_of(share, route, action, session) for share in served)
    told = tuple(_telling(share, session) if share in served else share for share in action.backends)
    return (*own, replace(route, action=replace(action, backends=told)))


def _of(share: WeightedBackend, route: Route, action: Forward, session: Session) -> Route:
    cookie = re.escape(f"{_name(session)}={_mark(share)}")
    match = replace(route.match, headers=(*route.match.headers, HeaderMatch("cookie", "regex", _among(cookie))))
    return replace(route, match=match, action=replace(action, backends=(replace(share, weight=1),)))


def _among(cookie: str) -> str:
    return f"(?:.*;[ ]*)?{cookie}(?:[ ]*;.*)?"


def _telling(share: WeightedBackend, session: Session) -> WeightedBackend:
    parts = [f"{_name(session)}={_mark(share)}", f"Path={session.path}", "HttpOnly"]
    if session.lifetime_s is not None:
        parts.append(f"Max-Age={round(session.lifetime_s)}")
    if session.secure:
        parts.append("Secure")
    changes = share.response_headers
    told = HeaderChanges(changes.set, (*changes.add, ("set-cookie", "; ".join(parts))), changes.remove)
    return replace(share, response_headers=told)


def _name(session: Session) -> str:
    return f"{session.name}-backend"


def _mark(share: WeightedBackend) -> str:
    """The same as long as the backend and what is done for it are; says nothing of either."""
    what = repr((share.backend, share.request_headers, share.response_headers))
    return hashlib.blake2b(what.encode(), digest_size=6).hexdigest()
