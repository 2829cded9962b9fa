"""Tables of many hosts: each host a resource of its own, ScopedRouteConfiguration.

Envoy makes a whole RouteConfiguration anew for every change of it, with VHDS too: some 30 µs for each host that it has,
which thousands of hosts turn into a tenth of a second. A scope it changes alone, in 2 ms, however many there are. What
scopes cannot do is find a host by anything but its exact name: wildcards, and names in other case, are found by two
filters (`host_filters`) that Envoy passes over wherever a scope was found.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping

from envoy.config.listener.v3.listener_pb2 import Listener as EnvoyListener
from envoy.config.route.v3.route_components_pb2 import FilterConfig
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.config.route.v3.scoped_route_pb2 import ScopedRouteConfiguration
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
    ScopedRds,
    ScopedRoutes,
)
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.wrappers_pb2 import BoolValue

from gatelab.proxy.model import RouteTable, VirtualHost
from gatelab.proxy.resources.encoded import (
    HOST,
    LISTENER,
    ROUTE_TABLE,
    EncodedResource,
    Reference,
    encoded,
    of_bytes,
    packed,
)
from gatelab.proxy.resources.host_filters import OTHERS, WANTED_HOST, host_filters
from gatelab.proxy.resources.http_filters import asleep
from gatelab.proxy.resources.sources import over_ads

MANY = 128
"""Exact hosts of a table from which on each is a resource of its own."""

Spread = Mapping[str, int]
"""The tables whose hosts are resources of their own, each with its number: from 1, no two alike."""


class TableNumbers:
    """Which tables are spread. One that once was stays so: its listener would change, and drain its connections."""

    def __init__(self, many: int = MANY) -> None:
        self._many = many
        self._numbers: dict[str, int] = {}

    def spread(self, tables: Iterable[RouteTable]) -> Spread:
        """The numbers of those tables that have many hosts, or had."""
        present = {table.name: table for table in tables}
        numbers = {name: number for name, number in self._numbers.items() if name in present}
        for name, table in sorted(present.items()):
            if name not in numbers and len(table.hosts) >= self._many and _has_many(table, self._many):
                taken = numbers.values()
                numbers[name] = next(number for number in range(1, len(present) + 1) if number not in taken)
        self._numbers = numbers
        return numbers


def _has_many(table: RouteTable, many: int) -> bool:
    return sum(1 for host in table.hosts if is_exact(host)) >= many


def is_exact(host: VirtualHost) -> bool:
    """Whether a scope can find it: by one name without a wildcard."""
    return len(host.domains) == 1 and not host.domains[0].startswith("*")


def scope_of(table: str, host: VirtualHost) -> str:
    """The name of the scope of an exact host."""
    return f"{table}/{host.name}"


def others_of(table: str) -> str:
    """The name of the scope of a table's other hosts: there is one, as long as the table is spread."""
    return f"{table}/{OTHERS}"


def table_of(scope: str) -> str:
    """The table that a scope belongs to."""
    return scope.rpartition("/")[0]


def encode_host(table: str, number: int, host: VirtualHost, body: bytes, needs: Iterable[Reference]) -> EncodedResource:
    """The scope of an exact host. `body` is a RouteConfiguration that has nothing but the host."""
    around = RouteConfiguration(name=scope_of(table, host), ignore_port_in_host_matching=True)
    for name, message in _unneeded().items():
        around.typed_per_filter_config[name].CopyFrom(message)
    return _scope(scope_of(table, host), host.domains[0], number, around, body, needs)


def encode_others(table: str, number: int, body: bytes, needs: Iterable[Reference]) -> EncodedResource:
    """The scope of all other hosts, which `body` has."""
    around = RouteConfiguration(name=others_of(table), ignore_port_in_host_matching=True, vhost_header=WANTED_HOST)
    return _scope(others_of(table), OTHERS, number, around, body, needs)


def _scope(
    name: str, key: str, number: int, around: RouteConfiguration, body: bytes, needs: Iterable[Reference]
) -> EncodedResource:
    fragment = ScopedRouteConfiguration.Key.Fragment(string_key=key)
    message = ScopedRouteConfiguration(name=name, key=ScopedRouteConfiguration.Key(fragments=[fragment] * number))
    message.route_configuration.CopyFrom(around)
    message.route_configuration.MergeFromString(body)
    # Not what it does for a table by itself: a backend that Envoy has refused is no fault of the host.
    message.route_configuration.validate_clusters.CopyFrom(BoolValue(value=False))
    return of_bytes(HOST, name, message.SerializeToString(deterministic=True), needs)


@functools.cache
def _unneeded() -> Mapping[str, AnyMessage]:
    """What puts filters to sleep where the scope was found by its name; a route may wake one."""
    off = packed(FilterConfig(disabled=True))
    return dict.fromkeys((each.name for each in (*host_filters(), *asleep())), off)


def over_scopes(resource: EncodedResource, spread: Spread) -> EncodedResource:
    """The listener, with those of its chains whose tables are spread looking for scopes."""
    tables = {name for type_url, name in resource.needs if type_url == ROUTE_TABLE and name in spread}
    if resource.type_url != LISTENER or not tables:
        return resource
    message = EnvoyListener.FromString(resource.body)
    for chain in message.filter_chains:
        for each in chain.filters:
            manager = HttpConnectionManager()
            if each.typed_config.Unpack(manager) and manager.rds.route_config_name in tables:
                _look_for_scopes(manager, spread[manager.rds.route_config_name])
                each.typed_config.CopyFrom(packed(manager))
    return encoded(resource.name, message, needs=_needs(resource.needs, tables))


def _needs(needs: Iterable[Reference], tables: set[str]) -> Iterator[Reference]:
    for type_url, name in needs:
        yield (HOST, others_of(name)) if type_url == ROUTE_TABLE and name in tables else (type_url, name)


def _look_for_scopes(manager: HttpConnectionManager, number: int) -> None:
    """All listeners of an Envoy have their scopes in one set, where the key has the host as often as `number` says.

    A filter that is asleep cannot be woken by a route that is found only when the filters run: here they are awake.
    """
    host = ScopedRoutes.ScopeKeyBuilder.FragmentBuilder()
    host.header_value_extractor.name, host.header_value_extractor.element_separator = ":authority", ":"
    host.header_value_extractor.index = 0
    manager.ClearField("rds")
    manager.scoped_routes.CopyFrom(
        ScopedRoutes(
            name="hosts",
            scope_key_builder=ScopedRoutes.ScopeKeyBuilder(fragments=[host] * number),
            rds_config_source=over_ads(),
            scoped_rds=ScopedRds(scoped_rds_config_source=over_ads()),
        )
    )
    filters = list(host_filters())
    for each in manager.http_filters:
        each.disabled = False
        filters.append(each)
    del manager.http_filters[:]
    manager.http_filters.extend(filters)
