"""Configurations of one proxy, one after the other: what is in the next one as it was is not encoded again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from gatelab.persistent import PersistentMap, Union, changed_part
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

Resources = Mapping[str, PersistentMap[str, EncodedResource]]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


@dataclass(slots=True)
class _Made:
    """What was given of a type, and what it has become."""

    given: tuple[_Named, ...] = ()
    known: dict[str, tuple[_Named, EncodedResource]] = field(default_factory=dict)
    encoded: PersistentMap[str, EncodedResource] = field(default_factory=PersistentMap)


class Encoder:
    """Gives for each configuration what `encode` gives."""

    def __init__(self, many_hosts: int = MANY) -> None:
        self._made: dict[str, _Made] = {}
        self._hosts: dict[str, HostsMemo] = {}
        self._all_hosts: Union[str, EncodedResource] = Union()
        self._numbers = TableNumbers(many_hosts)
        self._spread: Spread = {}

    def encode(self, config: ProxyConfig) -> Resources:
        """Every resource but the endpoints, by type URL and name.

        Raises ValueError when a name is given twice within a type, or a route cannot be expressed.
        """
        self._hosts = {table.name: self._hosts.get(table.name) or HostsMemo() for table in config.route_tables}
        spread = self._numbers.spread(config.route_tables)
        if spread != self._spread:
            self._made.pop(LISTENER, None)
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

    def _single_hosts(self, config: ProxyConfig, spread: Spread) -> PersistentMap[str, EncodedResource]:
        of_tables = [
            encode_hosts(table, spread[table.name], self._hosts[table.name])
            for table in config.route_tables
            if table.name in spread
        ]
        return self._all_hosts.of(of_tables)

    def _all(
        self, type_url: str, models: Iterable[T], encode_one: Callable[[T], EncodedResource]
    ) -> PersistentMap[str, EncodedResource]:
        made, now = self._made.setdefault(type_url, _Made()), tuple(models)
        gone, come = changed_part(made.given, now)
        leaving = {each.name for each in gone}
        found: dict[str, tuple[_Named, EncodedResource]] = {}
        for model in come:
            name = model.name
            entry = made.known.get(name)
            if name in found or (entry is not None and name not in leaving):
                raise ValueError(f"{RESOURCE_TYPES[type_url]} {name!r} is given twice")
            found[name] = entry if entry is not None and entry[0] == model else (model, encode_one(model))
        made.given = now
        for name in leaving - found.keys():
            del made.known[name]
        made.known.update(found)
        made.encoded = made.encoded.after({name: one for name, (_, one) in found.items()}, leaving)
        return made.encoded


def _secrets(config: ProxyConfig) -> Iterable[Certificate | Authorities]:
    return (*config.certificates, *config.authorities)


def _encode_secret(secret: Certificate | Authorities) -> EncodedResource:
    return encode_certificate(secret) if isinstance(secret, Certificate) else encode_authorities(secret)
