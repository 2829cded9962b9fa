"""Filters: what is done to requests and answers, alike for all kinds of routes (`HTTPRouteFilter`, `GRPCRouteFilter`).

A filter that cannot be had is never skipped: its rule is dropped (`unsupported`). But for ExtensionRef, which is a
reference: "If a reference to a custom filter type cannot be resolved, the filter MUST NOT be skipped. Instead, requests
that would have been processed by that filter MUST receive a HTTP error response". There are no custom types here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatelab.gateway.translate import cors
from gatelab.gateway.translate.header_matches import header_name, no_control_characters
from gatelab.gateway.translate.references import Unresolved
from gatelab.gateway.translate.unsupported import Unsupported, brief
from gatelab.kinds.gatewayapi import (
    Cors,
    ExtensionReference,
    Filter,
    Header,
    HeaderModifier,
    MirrorReference,
    PathModifier,
    RequestMirror,
    RequestRedirect,
    UrlRewrite,
)
from gatelab.proxy import model

ALL = 1_000_000


@dataclass(slots=True)
class Effects:
    """What the filters of a rule, or of a backend, come to. `mirrors` say how many of a million requests go where."""

    request_headers: model.HeaderChanges = model.NO_CHANGES
    response_headers: model.HeaderChanges = model.NO_CHANGES
    redirect: model.Redirect | None = None
    host: str = ""
    path: model.PathChange | None = None
    mirrors: tuple[tuple[MirrorReference, int], ...] = ()
    cors: model.Cors | None = None
    unresolved: tuple[Unresolved, ...] = ()
    """Filters of custom types. Where there is one there is nothing else, for every request fails."""


OF_BACKENDS = frozenset({"RequestHeaderModifier", "ResponseHeaderModifier", "ExtensionRef"})
OF_GRPC_RULES = OF_BACKENDS | {"RequestMirror"}
OF_HTTP_RULES = OF_GRPC_RULES | {"RequestRedirect", "URLRewrite", "CORS"}


def effects(filters: Sequence[Filter], supported: frozenset[str], prefix: str | None = None) -> Effects:
    """What the filters come to. `prefix` is the one path prefix that the rule matches, if so. Raises Unsupported."""
    found = Effects()
    for index, each in enumerate(filters):
        if each.type not in supported:
            raise Unsupported(f"filters[{index}]: {each.type} is not supported here; remove the filter")
        try:
            _apply(each, found, prefix)
        except Unsupported as error:
            raise error.within(f"filters[{index}]") from error
    if found.redirect and (found.host or found.path):
        raise Unsupported("filters: RequestRedirect and URLRewrite exclude each other; remove one")
    return Effects(unresolved=found.unresolved) if found.unresolved else found


def _apply(each: Filter, found: Effects, prefix: str | None) -> None:
    match each:
        case Filter(type="RequestHeaderModifier", request_header_modifier=HeaderModifier() as modifier):
            found.request_headers = _changes("requestHeaderModifier", modifier)
        case Filter(type="ResponseHeaderModifier", response_header_modifier=HeaderModifier() as modifier):
            found.response_headers = _changes("responseHeaderModifier", modifier)
        case Filter(type="RequestRedirect", request_redirect=RequestRedirect() as redirect):
            found.redirect = _redirect(redirect, prefix)
        case Filter(type="URLRewrite", url_rewrite=UrlRewrite() as rewrite):
            found.host = rewrite.hostname
            found.path = _path("urlRewrite.path", rewrite.path, prefix)
        case Filter(type="RequestMirror", request_mirror=RequestMirror() as mirror):
            found.mirrors += ((mirror.backend_ref, _per_million(mirror)),)
        case Filter(type="CORS", cors=Cors() as settings):
            found.cors = cors.translated(settings)
        case Filter(type="ExtensionRef", extension_ref=ExtensionReference() as reference):
            found.unresolved += (_unknown(reference),)
        case _:
            raise Unsupported(f"{each.type} has no field of that name; say what it shall do")


def _unknown(reference: ExtensionReference) -> Unresolved:
    what = f"{reference.kind}.{reference.group} {reference.name}"
    return Unresolved(
        "InvalidKind",
        f"extensionRef {what}: there are no filters of that kind, so what it was to process fails; remove the filter",
    )


def _changes(field: str, modifier: HeaderModifier) -> model.HeaderChanges:
    return model.HeaderChanges(
        set=_named(f"{field}.set", modifier.set),
        add=_named(f"{field}.add", modifier.add),
        remove=tuple(
            dict.fromkeys(_changeable(f"{field}.remove[{index}]", each) for index, each in enumerate(modifier.remove))
        ),
    )


def _named(field: str, headers: Sequence[Header]) -> tuple[tuple[str, str], ...]:
    """Of several entries of one name only the first counts (`HTTPHeader.name`)."""
    first: dict[str, str] = {}
    for index, each in enumerate(headers):
        name = _changeable(f"{field}[{index}].name", each.name)
        first.setdefault(name, no_control_characters(f"{field}[{index}].value", each.value))
    return tuple(first.items())


def _changeable(field: str, name: str) -> str:
    found = header_name(field, name)
    if found == "host":
        raise Unsupported(f"{field}: the Host header cannot be changed so; use URLRewrite with a hostname")
    return found


def _redirect(redirect: RequestRedirect, prefix: str | None) -> model.Redirect:
    if redirect.scheme not in ("", "http", "https"):
        raise Unsupported(f"requestRedirect.scheme {redirect.scheme} is not supported; use http or https")
    if redirect.status_code not in (301, 302, 303, 307, 308):
        raise Unsupported(f"requestRedirect.statusCode {redirect.status_code} is none of a redirect; use 301 or 302")
    path = _path("requestRedirect.path", redirect.path, prefix)
    return model.Redirect(redirect.scheme, redirect.hostname, redirect.port, path, redirect.status_code)


def _path(field: str, modifier: PathModifier | None, prefix: str | None) -> model.PathChange | None:
    if modifier is None:
        return None
    if modifier.type == "ReplaceFullPath" and modifier.replace_full_path is not None:
        return model.PathChange(_url_path(f"{field}.replaceFullPath", modifier.replace_full_path))
    if modifier.type != "ReplacePrefixMatch" or modifier.replace_prefix_match is None:
        raise Unsupported(f"{field}.type {modifier.type} is not supported; use ReplaceFullPath or ReplacePrefixMatch")
    if prefix is None:
        raise Unsupported(f"{field}: ReplacePrefixMatch needs exactly one match, with a path of type PathPrefix")
    return model.PathChange(_url_path(f"{field}.replacePrefixMatch", modifier.replace_prefix_match), prefix)


def _url_path(field: str, path: str) -> str:
    if path and not path.startswith("/"):
        raise Unsupported(f"{field} {brief(path)!r} does not begin with /")
    if any(character in path for character in "?#"):
        raise Unsupported(f"{field} {brief(path)!r} has a ? or #, which no path has; remove it")
    return no_control_characters(field, path) or "/"


def _per_million(mirror: RequestMirror) -> int:
    if mirror.fraction is not None:
        if not 0 <= mirror.fraction.numerator <= mirror.fraction.denominator:
            raise Unsupported("requestMirror.fraction is more than 1; write a numerator up to the denominator")
        return round(ALL * mirror.fraction.numerator / mirror.fraction.denominator)
    return ALL if mirror.percent is None else ALL * mirror.percent // 100
