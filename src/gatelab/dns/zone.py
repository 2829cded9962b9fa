"""The zones' data: which names exist, and their records."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dns import name as names
from dns.name import Name
from dns.rdata import Rdata

from gatelab.dns import rdata
from gatelab.kinds.addresses import LOOPBACK, PRIVATE
from gatelab.kinds.objects import Key

TTL_S = 5
"""As CoreDNS: Services come and go."""

EXTERNAL = names.from_text("test.")
"""`service.namespace.test`, as CoreDNS with `k8s_external test` has it."""
CLUSTER = names.from_text("cluster.local.")
"""The cluster's domain (Kubernetes DNS-Based Service Discovery, 1.1.0)."""
REVERSES = tuple(names.from_text(f"{octet}.in-addr.arpa.") for octet in (LOOPBACK, PRIVATE))
"""Addresses of labs, by PTR; the second where pods have networks of their own."""
APEXES = (EXTERNAL, CLUSTER, *REVERSES)

Records = Mapping[Name, Sequence[Rdata]]

_SCHEMA_VERSION = "1.1.0"


class ZoneData:
    """The zones. Records belong to an owner (a Service, a Pod), who replaces them as a whole."""

    def __init__(self, first_serial: int = 1) -> None:
        self._serial = first_serial
        self._owned: dict[Key, Records] = {}
        self._records: dict[Name, dict[Key | None, Sequence[Rdata]]] = {}
        self._existing: Counter[Name] = Counter()
        for apex in APEXES:
            self._add(None, apex, (rdata.ns(_name_server(apex)),))
        self._add(None, names.from_text("dns-version", CLUSTER), (rdata.txt(_SCHEMA_VERSION),))

    def put(self, owner: Key, records: Records) -> None:
        """Replaces what the owner has; nothing when `records` is empty."""
        if self._owned.get(owner, {}) == records:
            return
        for name in self._owned.pop(owner, {}):
            self._remove(owner, name)
        for name, data in records.items():
            self._add(owner, name, data)
        if records:
            self._owned[owner] = records
        self._serial = self._serial % 0xFFFFFFFF + 1

    def serve_from(self, address: str) -> None:
        """Says where the name server of the zones is: an IPv4 address."""
        for apex in APEXES:
            if _name_server(apex) not in self._records:
                self._add(None, _name_server(apex), (rdata.a(address),))

    def apex_of(self, name: Name) -> Name | None:
        """The zone that a name is in, if it is one of ours."""
        return next((apex for apex in APEXES if name.is_subdomain(apex)), None)

    def records(self, name: Name) -> Sequence[Rdata]:
        """All records of a name but the SOA, in the order of their owners."""
        return [each for data in self._records.get(name, {}).values() for each in data]

    def exists(self, name: Name) -> bool:
        """Whether the name has records, or a name below it has (RFC 8020): no NXDOMAIN then."""
        return name in self._existing

    def soa(self, apex: Name) -> Rdata:
        """The SOA, whose serial grows with every change."""
        return rdata.soa(_name_server(apex), names.from_text("hostmaster", apex), self._serial, TTL_S)

    def _add(self, owner: Key | None, name: Name, data: Sequence[Rdata]) -> None:
        self._records.setdefault(name, {})[owner] = data
        self._existing.update(_up_to_apex(name))

    def _remove(self, owner: Key | None, name: Name) -> None:
        del self._records[name][owner]
        if not self._records[name]:
            del self._records[name]
        for each in _up_to_apex(name):
            self._existing[each] -= 1
            if not self._existing[each]:
                del self._existing[each]


def _name_server(apex: Name) -> Name:
    return names.from_text("ns1.dns", CLUSTER if apex in REVERSES else apex)


def _up_to_apex(name: Name) -> Iterable[Name]:
    while name not in APEXES:
        yield name
        name = name.parent()
    yield name
