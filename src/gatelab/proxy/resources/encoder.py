"""Configurations of one proxy, one after the other: what is in the next one as it was is not encoded again."""

from collections.abc import Callable, Iterable, Mapping
from operator import is_
from typing import Protocol, TypeVar

from gatelab.proxy.model import Authorities, Certificate, ProxyConfig
from gatelab.proxy.resources.cluster import encode_backend
from gatelab.proxy.resources.encoded import (
    CLUSTER,
    HOST,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_TABLE,
    SECRET,
    EncodedResource,
)
from gatelab.proxy.resources.listener import encode_listener
from gatelab.proxy.resources.many_hosts import MANY, Spread, TableNumbers, over_scopes
from gatelab.proxy.resources.route_table import HostsMemo, encode_hosts, encode_route_table
from gatelab.proxy.resources.secret import encode_authorities, encode_certificate

Resources = Mapping[str, Mapping[str, EncodedResource]]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)
_Known = dict[str, tuple[_Named, EncodedResource]]
_Whole = tuple[tuple[_Named, ...], Mapping[str, EncodedResource]]


class Encoder:
    """Gives for each configuration what `encode` gives."""

    def __init__(self, many_hosts: int = MANY) -> None:
        self._known: dict[str, _Known] = {}
        self._whole: dict[str, _Whole] = {}
        self._hosts: dict[str, HostsMemo] = {}
        self._numbers = TableNumbers(many_hosts)
        self._spread: Spread = {}

    def encode(self, config: ProxyConfig) -> Resources:
        """Every resource but the endpoints, by type URL and name.

        Raises ValueError when a name is given twice within a type, or a route cannot be expressed.
        """
        self._hosts = {table.name: self._hosts.get(table.name) or HostsMemo() for table in config.route_tables}
        spread = self._numbers.spread(config.route_tables)
        if spread != self._spread:
            self._known.pop(LISTENER, None)
            self._whole.pop(LISTENER, None)
            self._spread = spread
        whole = [table for table in config.route_tables if table.name not in spread]
        return {
            LISTENER: self._all(
                LISTENER, config.listeners, lambda listener: over_scopes(encode_listener(listener), spread)
            ),
            ROUTE_TABLE: self._all(
                ROUTE_TABLE, whole, lambda table: encode_route_table(table, self._hosts[table.name])
            ),
            HOST: self._single_hosts(config, spread),
            CLUSTER: self._all(CLUSTER, config.backends, encode_backend),
            SECRET: self._all(SECRET, _secrets(config), _encode_secret),
        }

    def _single_hosts(self, config: ProxyConfig, spread: Spread) -> Mapping[str, EncodedResource]:
        of_tables = [
            encode_hosts(table, spread[table.name], self._hosts[table.name])
            for table in config.route_tables
            if table.name in spread
        ]
        if len(of_tables) == 1:
            return of_tables[0]
        return {name: host for hosts in of_tables for name, host in hosts.items()}

    def _all(
        self, type_url: str, models: Iterable[T], encode_one: Callable[[T], EncodedResource]
    ) -> Mapping[str, EncodedResource]:
        models = tuple(models)
        earlier, whole = self._whole.get(type_url, ((), {}))
        if len(models) == len(earlier) and all(map(is_, models, earlier)):
            return whole
        before, known = self._known.get(type_url, {}), _Known()
        for model in models:
            name = model.name
            if name in known:
                raise ValueError(f"{RESOURCE_TYPES[type_url]} {name!r} is given twice")
            entry = before.get(name)
            if entry is None or (entry[0] is not model and entry[0] != model):
                entry = (model, encode_one(model))
            known[name] = entry
        self._known[type_url] = known
        found = {name: resource for name, (_, resource) in known.items()}
        self._whole[type_url] = (models, found)
        return found


def _secrets(config: ProxyConfig) -> Iterable[Certificate | Authorities]:
    return (*config.certificates, *config.authorities)


def _encode_secret(secret: Certificate | Authorities) -> EncodedResource:
    return encode_certificate(secret) if isinstance(secret, Certificate) else encode_authorities(secret)
