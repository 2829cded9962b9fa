"""Hosts and their routes: RouteConfiguration."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction
from envoy.config.route.v3.route_components_pb2 import Route as EnvoyRoute
from envoy.config.route.v3.route_components_pb2 import RouteMatch as EnvoyRouteMatch
from envoy.config.route.v3.route_components_pb2 import VirtualHost as EnvoyVirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from gatelab.persistent import PersistentMap, changed_part
from gatelab.proxy.model import NO_CHANGES, Forward, Redirect, Route, RouteTable, VirtualHost
from gatelab.proxy.resources.encoded import CLUSTER, ROUTE_TABLE, EncodedResource, Reference, of_bytes
from gatelab.proxy.resources.grpc_web import has_filter, has_twins, translated, twin
from gatelab.proxy.resources.header_changes import change_headers
from gatelab.proxy.resources.http_filters import CORS, GRPC_WEB, SESSION, awake, cors_policy, session_state
from gatelab.proxy.resources.many_hosts import encode_host, encode_others, is_exact, others_of, scope_of
from gatelab.proxy.resources.preflights import with_preflights
from gatelab.proxy.resources.redirect_action import redirect_action
from gatelab.proxy.resources.route_action import forward_action, keep_grpc_deadline, refusal
from gatelab.proxy.resources.route_match import IS_NO_GRPC, route_match
from gatelab.proxy.resources.sessions import expanded


class HostsMemo:
    """The hosts of a table as they were encoded last. Those that are as they were are not looked at."""

    def __init__(self) -> None:
        self._given: Sequence[VirtualHost] = ()
        self._known: dict[str, _EncodedHost] = {}
        self._scopes: PersistentMap[str, EncodedResource] = PersistentMap()

    def encoded(self, hosts: Sequence[VirtualHost]) -> Sequence["_EncodedHost"]:
        """The hosts in their order."""
        self._take(hosts)
        return [self._known[each.name] for each in hosts]

    def scopes(self, table: str, number: int, hosts: Sequence[VirtualHost]) -> PersistentMap[str, EncodedResource]:
        """The hosts as resources of their own."""
        changed, gone = self._take(hosts)
        if not self._scopes:
            changed = list(self._known.values())
        elif not changed and not gone:
            return self._scopes
        scopes = {
            scope_of(table, each.host): encode_host(table, number, each.host, each.body, each.needs)
            for each in changed
            if is_exact(each.host)
        }
        if others_of(table) not in self._scopes or not all(is_exact(each.host) for each in (*changed, *gone)):
            others = [self._known[each.name] for each in hosts if not is_exact(each)]
            body = b"".join(each.body for each in others)
            scopes[others_of(table)] = encode_others(table, number, body, _needs(others))
        self._scopes = self._scopes.after(scopes, (scope_of(table, each.host) for each in gone))
        return self._scopes

    def _take(self, hosts: Sequence[VirtualHost]) -> tuple[list["_EncodedHost"], list["_EncodedHost"]]:
        """Takes these for the present hosts; those that are encoded anew, and what is not there any more."""
        left, come = changed_part(self._given, hosts)
        now, before = {host.name: host for host in come}, {host.name: self._known[host.name] for host in left}
        anew = {
            name: _EncodedHost(host, _serialised(host), frozenset(_backends(host)))
            for name, host in now.items()
            if (known := self._known.get(name)) is None or known.host != host
        }
        gone = [known for name, known in before.items() if name not in now or name in anew]
        for name in before.keys() - now.keys():
            del self._known[name]
        self._known.update(anew)
        self._given = hosts
        return list(anew.values()), gone


class _EncodedHost(NamedTuple):
    host: VirtualHost
    body: bytes
    needs: frozenset[Reference]


def encode_route_table(table: RouteTable, memo: HostsMemo | None = None) -> EncodedResource:
    """The hosts of a table in their order. Raises ValueError naming the route that cannot be expressed.

    Serialised messages that are joined are one message, in which repeated fields follow each other (Protocol Buffers,
    "Encoding"): so the table is put together of hosts that are serialised each for itself.
    """
    hosts = (memo or HostsMemo()).encoded(table.hosts)
    before = RouteConfiguration(name=table.name).SerializeToString()
    after = RouteConfiguration(ignore_port_in_host_matching=True).SerializeToString()
    body = b"".join((before, *(host.body for host in hosts), after))
    return of_bytes(ROUTE_TABLE, table.name, body, needs=_needs(hosts))


def encode_hosts(table: RouteTable, number: int, memo: HostsMemo | None = None) -> PersistentMap[str, EncodedResource]:
    """The hosts of a table as scopes, by name: `many_hosts` tells why. Raises ValueError as `encode_route_table`."""
    return (memo or HostsMemo()).scopes(table.name, number, table.hosts)


def _needs(hosts: Iterable["_EncodedHost"]) -> frozenset[Reference]:
    return frozenset[Reference]().union(*(host.needs for host in hosts))


def _serialised(host: VirtualHost) -> bytes:
    body: bytes = RouteConfiguration(virtual_hosts=[_virtual_host(host)]).SerializeToString(deterministic=True)
    return body


def _virtual_host(host: VirtualHost) -> EnvoyVirtualHost:
    otherwise = _otherwise(host.elsewhere)
    # Asking each of many routes for gRPC would double what finding one costs: it is asked once, before them all.
    once = len(host.routes) > 1 and all(route.match.grpc for route in host.routes)
    message = EnvoyVirtualHost(name=host.name, domains=host.domains)
    if once:
        message.routes.append(_where(IS_NO_GRPC, otherwise))
    twins = has_twins(host)
    for each in (each for route in host.routes for each in _expanded(route)):
        route = _route(each, known_grpc=once)
        message.routes.extend((twin(route, each.match), translated(route)) if twins and each.match.grpc else (route,))
    message.routes.append(translated(otherwise) if twins else otherwise)
    if has_filter(host):
        message.typed_per_filter_config[GRPC_WEB].CopyFrom(awake())
    return message


@functools.cache
def _otherwise(elsewhere: bool) -> EnvoyRoute:
    """Envoy's own 404 would not say why; for gRPC the text becomes the message of UNIMPLEMENTED."""
    status, words = (
        (421, "this host has a connection of its own") if elsewhere else (404, "no route of this host matches")
    )
    answer = DirectResponseAction(status=status, body=DataSource(inline_string=words))
    return EnvoyRoute(name="otherwise", match=EnvoyRouteMatch(prefix="/"), direct_response=answer)


def _expanded(route: Route) -> Iterator[Route]:
    for each in with_preflights(route):
        yield from expanded(each)


def _where(match: EnvoyRouteMatch, route: EnvoyRoute) -> EnvoyRoute:
    found = EnvoyRoute()
    found.CopyFrom(route)
    found.match.CopyFrom(match)
    return found


def _route(route: Route, *, known_grpc: bool) -> EnvoyRoute:
    message = EnvoyRoute(name=route.name, match=route_match(route.match, known_grpc=known_grpc))
    if not _has_changes_of_backends(route):
        change_headers(message, route.request_headers, route.response_headers)
    if route.cors is not None:
        message.typed_per_filter_config[CORS].CopyFrom(cors_policy(route.cors))
    if isinstance(route.action, Redirect):
        message.redirect.CopyFrom(redirect_action(route.action))
        return message
    refused = refusal(route.action, f"no backend of route {route.name} can be used")
    if refused is not None:
        message.direct_response.CopyFrom(refused)
        return message
    try:
        message.route.CopyFrom(forward_action(_with_changes_of_route(route, route.action)))
    except ValueError as error:
        raise ValueError(f"route {route.name!r}: {error}") from None
    if route.match.grpc:
        keep_grpc_deadline(message.route)
    if route.action.session is not None:
        message.typed_per_filter_config[SESSION].CopyFrom(session_state(route.action.session))
    return message


def _has_changes_of_backends(route: Route) -> bool:
    return isinstance(route.action, Forward) and any(
        share.request_headers != NO_CHANGES or share.response_headers != NO_CHANGES for share in route.action.backends
    )


def _with_changes_of_route(route: Route, forward: Forward) -> Forward:
    """Envoy makes the changes of a share before those of its route: where there are both, each share gets them all."""
    if not _has_changes_of_backends(route):
        return forward
    shares = tuple(
        replace(
            share,
            request_headers=route.request_headers.then(share.request_headers),
            response_headers=route.response_headers.then(share.response_headers),
        )
        for share in forward.backends
    )
    return replace(forward, backends=shares)


def _backends(host: VirtualHost) -> Iterator[Reference]:
    for route in host.routes:
        for backend in route.backends:
            yield CLUSTER, backend
