"""Session persistence of a rule: one client, one endpoint (GEP-1619).

The session is the rule's own: "route rules referencing the same service MUST NOT share persistent sessions". So a
session that is not named is called by a hash of its route and rule, and a cookie is for the path that was matched
("Path"): `/` for every path, of an expression the part before its first special character.
"""

import hashlib
import re
from dataclasses import replace

from gatelab.gateway.translate.unsupported import Unsupported, brief
from gatelab.kinds.durations import parse_duration_s
from gatelab.kinds.gatewayapi import SessionPersistence
from gatelab.proxy import model

_TAKEN = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "grpc-message",
        "grpc-status",
        "host",
        "keep-alive",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that an answer would be read wrongly with."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+", re.ASCII)
_LITERAL = re.compile(r"(?:\(\?:)?((?:/[A-Za-z0-9_~-]+)*)/(?![?*+{])")


def translated(persistence: SessionPersistence | None, rule: str, backends: int) -> model.Session | None:
    """The session in the proxy's words; None where there is none.

    `rule` identifies the rule for as long as it is the same; `backends` is how many it has. Raises Unsupported.
    """
    if persistence is None:
        return None
    name = persistence.session_name or f"gatelab-{hashlib.blake2b(rule.encode(), digest_size=6).hexdigest()}"
    if not _TOKEN.fullmatch(name):
        raise Unsupported(f"sessionPersistence.sessionName {brief(name)!r} is the name of no cookie and no header")
    if persistence.type == "Header":
        return _header(persistence, name, backends)
    if persistence.type != "Cookie":
        raise Unsupported(f"sessionPersistence.type {persistence.type} is not supported; use Cookie or Header")
    return model.Session("cookie", name, _lifetime_s(persistence))


def _header(persistence: SessionPersistence, name: str, backends: int) -> model.Session:
    if name.lower() in _TAKEN:
        raise Unsupported(f"sessionPersistence.sessionName {name}: that header says something else; use another name")
    if persistence.absolute_timeout:
        raise Unsupported(
            "sessionPersistence.absoluteTimeout is not supported with type Header, which carries no time; "
            "remove it, or use type Cookie with lifetimeType Permanent"
        )
    if backends > 1:
        raise Unsupported(
            "sessionPersistence of type Header is not supported with several backendRefs; "
            "use type Cookie, or one of them"
        )
    return model.Session("header", name.lower())


def _lifetime_s(persistence: SessionPersistence) -> float | None:
    """How long the client keeps the cookie; None until it ends."""
    text, lifetime = persistence.absolute_timeout, persistence.cookie_config.lifetime_type
    if lifetime == "Session":
        if text:
            raise Unsupported(
                "sessionPersistence.absoluteTimeout is not supported with lifetimeType Session; "
                "remove it, or use lifetimeType Permanent"
            )
        return None
    if lifetime != "Permanent":
        raise Unsupported(f"sessionPersistence.cookieConfig.lifetimeType {lifetime} is not supported; use Session")
    try:
        seconds = parse_duration_s(text)
    except ValueError as error:
        raise Unsupported(f"sessionPersistence.absoluteTimeout: {error}") from error
    if seconds < 1:
        raise Unsupported(
            f"sessionPersistence.absoluteTimeout {text} is shorter than a cookie can last; use 1s or more"
        )
    return seconds


def placed(session: model.Session, path: model.PathMatch, scheme: str) -> model.Session:
    """The session for requests of that match, on a listener of that scheme."""
    if session.carrier == "header":
        return session
    return replace(session, path=_cookie_path(path), secure=scheme == "https")


def _cookie_path(path: model.PathMatch) -> str:
    if path.kind != "regex":
        before, semicolon, _ = path.value.partition(";")
        # A semicolon would end the attribute: the folder above is the longest path that has none.
        return (before.rpartition("/")[0] if semicolon else before).rstrip("/") or "/"
    found = None if "|" in path.value else _LITERAL.match(path.value)
    return (found and found.group(1)) or "/"
