"""The lab's names and where they are, as a hosts file (hosts(5)) can say it: pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import dns.name
import dns.rdatatype
import msgspec
from dns.exception import DNSException

from gatelab.cli.lab_objects import ROUTES, Objects
from gatelab.dns.records import records_of
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, LISTENER_SET, SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import SERVICE_NAME, EndpointSlice
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.kinds.views import view

KINDS = (SERVICE, ENDPOINT_SLICE, GATEWAY, LISTENER_SET, *ROUTES)
"""What the names are made of."""

_CLUSTER_SUFFIXES = (".cluster.local", ".svc.cluster.local")
"""What a pod's resolver adds by its search list, so that programs leave it out."""


@dataclass(frozen=True, slots=True, order=True)
class HostLine:
    """An address and its names, the full ones first."""

    address: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.address}\t{' '.join(self.names)}"


def host_lines(objects: Objects) -> list[HostLine]:
    """Every name that the lab's DNS has, the short forms of those in the cluster, and the hostnames of Gateways.

    A hosts file has no wildcards: a hostname such as `*.example.test` is not among them.
    """
    lines = [*_of_services(objects), *_of_gateways(objects)]
    merged: dict[str, dict[str, None]] = {}
    for line in lines:
        merged.setdefault(line.address, {}).update(dict.fromkeys(line.names))
    return [HostLine(address, tuple(names)) for address, names in sorted(merged.items(), key=_by_number)]


def hostnames(gateway: Object, objects: Objects) -> list[str]:
    """The hostnames of a Gateway's listeners, its sets' too, and of the routes that it has accepted; wildcards too."""
    owners = (gateway, *attached_sets(gateway, objects))
    listeners = (each for owner in owners for each in owner["spec"].get("listeners") or ())
    found = [each["hostname"] for each in listeners if each.get("hostname")]
    for route in attached_routes(gateway, objects):
        found += route["spec"].get("hostnames") or ()
    return list(dict.fromkeys(found))


def attached_routes(gateway: Object, objects: Objects) -> list[Object]:
    """The routes that the Gateway or a ListenerSet of it has accepted."""
    owners = {("Gateway", key_of(gateway))}
    owners |= {("ListenerSet", key_of(each)) for each in attached_sets(gateway, objects)}
    routes = (route for kind in ROUTES for route in objects.get(kind) or ())
    return [route for route in routes if any(_is_accepted(parent, route, owners) for parent in parents(route))]


def attached_sets(gateway: Object, objects: Objects) -> list[Object]:
    """The ListenerSets from which the Gateway takes listeners."""
    wanted = ("Gateway", key_of(gateway))
    return [
        each
        for each in objects.get(LISTENER_SET) or ()
        if _named(each["spec"].get("parentRef") or {}, each) == wanted
        and _says_accepted((each.get("status") or {}).get("conditions"))
    ]


def parents(route: Object) -> Sequence[Mapping[str, object]]:
    """`status.parents`."""
    found = (route.get("status") or {}).get("parents") or ()
    return [each for each in found if isinstance(each, dict)]


def addresses(gateway: Object) -> list[str]:
    """The Gateway's IP addresses."""
    found = (gateway.get("status") or {}).get("addresses") or ()
    return [each["value"] for each in found if each.get("type", "IPAddress") == "IPAddress" and each.get("value")]


def _of_gateways(objects: Objects) -> Iterable[HostLine]:
    for gateway in objects.get(GATEWAY) or ():
        names = tuple(name for name in hostnames(gateway, objects) if not name.startswith("*"))
        for address in addresses(gateway) if names else ():
            yield HostLine(address, names)


def _of_services(objects: Objects) -> Iterable[HostLine]:
    slices: dict[Key, list[Object]] = {}
    for each in objects.get(ENDPOINT_SLICE) or ():
        name = (each["metadata"].get("labels") or {}).get(SERVICE_NAME, "")
        slices.setdefault(Key(each["metadata"]["namespace"], name), []).append(each)
    for service in objects.get(SERVICE) or ():
        yield from _of_service(service, slices.get(key_of(service), []))


def _of_service(service: Object, slices: Sequence[Object]) -> Iterable[HostLine]:
    try:
        records = records_of(view(Service, service), [view(EndpointSlice, each) for each in slices])
    except (msgspec.ValidationError, DNSException, ValueError):
        return  # the DNS has no records for it either, and its controller's log says why
    for name, data in records.items():
        for record in data:
            if record.rdtype == dns.rdatatype.A:
                yield HostLine(record.to_text(), _forms(name))


def _forms(name: dns.name.Name) -> tuple[str, ...]:
    full = name.to_text(omit_final_dot=True)
    return (full, *(full.removesuffix(suffix) for suffix in _CLUSTER_SUFFIXES if full.endswith(suffix)))


def _is_accepted(parent: Mapping[str, object], route: Object, owners: Container[tuple[str, Key]]) -> bool:
    reference = parent.get("parentRef")
    named = isinstance(reference, dict) and _named(reference, route) in owners
    return named and _says_accepted(parent.get("conditions"))


def _named(reference: Mapping[str, str], referrer: Object) -> tuple[str, Key]:
    namespace = reference.get("namespace") or referrer["metadata"].get("namespace", "")
    return reference.get("kind", "Gateway"), Key(namespace, reference.get("name", ""))


def _says_accepted(conditions: object) -> bool:
    found = conditions if isinstance(conditions, list) else ()
    return any(each.get("type") == "Accepted" and each.get("status") == "True" for each in found)


def _by_number(item: tuple[str, object]) -> tuple[int, ...]:
    return tuple(int(part) for part in item[0].split(".") if part.isdigit())
