"""The last good form of routes that are withheld although they have not changed themselves.

What made them new is something else: a Service, a policy, parameters. No route object would translate to what they
were, so they are taken from the configuration that the proxy accepted last, with the backends that they name.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain

from gatelab.gateway.publication.refusals import owner_of
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.proxy.model import ProxyConfig, Route, RouteTable, VirtualHost


def restored(outcome: GatewayOutcome, good: GatewayOutcome | None, owners: Collection[str]) -> GatewayOutcome:
    """`outcome` with the routes of these owners as they were in `good`, and without those that were not there.

    A route keeps the place that it has now, as precedence follows from the object, which is the same.
    """
    if outcome.config is None or not owners:
        return outcome
    before = good.config if good is not None and good.config is not None else ProxyConfig()
    known = {table.name: table for table in before.route_tables}
    tables = tuple(
        _restored_table(table, known.get(table.name, RouteTable(table.name, ())), owners)
        for table in outcome.config.route_tables
    )
    config = _with_dependencies(replace(outcome.config, route_tables=tables), before)
    targets = dict(good.backends) if good is not None else {}
    return replace(outcome, config=config, backends={**targets, **outcome.backends})


def _restored_table(table: RouteTable, before: RouteTable, owners: Collection[str]) -> RouteTable:
    hosts = {host.name: host for host in before.hosts}
    elsewhere = _by_name(before.hosts)
    return replace(
        table, hosts=tuple(_restored_host(host, hosts.get(host.name), elsewhere, owners) for host in table.hosts)
    )


def _restored_host(
    host: VirtualHost, before: VirtualHost | None, elsewhere: Mapping[str, Route], owners: Collection[str]
) -> VirtualHost:
    if all(owner_of(route) not in owners for route in host.routes):
        return host
    known = _by_name((before,)) if before is not None else elsewhere
    found = (known.get(route.name) if owner_of(route) in owners else route for route in host.routes)
    return replace(host, routes=tuple(route for route in found if route is not None))


def _by_name(hosts: Collection[VirtualHost]) -> dict[str, Route]:
    return {route.name: route for route in chain.from_iterable(host.routes for host in hosts)}


def _with_dependencies(config: ProxyConfig, before: ProxyConfig) -> ProxyConfig:
    """With the backends that routes name and that are there no more, and what these trust and show."""
    present = {backend.name for backend in config.backends}
    named = {name for table in config.route_tables for host in table.hosts for r in host.routes for name in r.backends}
    more = [backend for backend in before.backends if backend.name in named - present]
    if not more:
        return config
    secrets = {name for each in more if each.tls for name in (each.tls.authorities, each.tls.certificate)}
    there = {each.name for each in config.certificates} | {each.name for each in config.authorities}
    return replace(
        config,
        backends=(*config.backends, *more),
        certificates=(*config.certificates, *(c for c in before.certificates if c.name in secrets - there)),
        authorities=(*config.authorities, *(a for a in before.authorities if a.name in secrets - there)),
    )
