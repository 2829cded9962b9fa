"""Keeps the zones' data: one Service at a time."""

import logging
import time
from collections.abc import Iterable, Sequence

import msgspec
from dns.exception import DNSException

from gatelab.dns.records import records_of
from gatelab.dns.zone import Records, ZoneData
from gatelab.kinds.builtin import ENDPOINT_SLICE, SERVICE
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import SERVICE_NAME, EndpointSlice
from gatelab.kinds.objects import Key, Object
from gatelab.kinds.views import view
from gatelab.reconcile import Mirrors, Watches

_log = logging.getLogger(__name__)

_BY_SERVICE = "slice-service"


class DnsController:
    """`zone` is what `serve_dns` serves."""

    name = "dns"

    def __init__(self) -> None:
        # Serials must grow over restarts; nobody makes a change a second for long.
        self.zone = ZoneData(first_serial=int(time.time()))
        self._mirrors = Mirrors(())

    def watches(self) -> Sequence[Watches]:
        return (Watches(SERVICE), Watches(ENDPOINT_SLICE, _service_of))

    async def start(self, mirrors: Mirrors) -> None:
        self._mirrors = mirrors
        mirrors.of(ENDPOINT_SLICE).add_index(_BY_SERVICE, lambda slice_: [str(key) for key in _service_of(slice_)])

    async def reconcile(self, key: Key) -> float | None:
        service = self._mirrors.of(SERVICE).get(key)
        slices = self._mirrors.of(ENDPOINT_SLICE).by_index(_BY_SERVICE, str(key))
        self.zone.put(key, _records(service, slices) if service is not None else {})
        return None


def _service_of(slice_: Object) -> Iterable[Key]:
    labels = slice_["metadata"].get("labels") or {}
    name = labels.get(SERVICE_NAME)
    return (Key(slice_["metadata"]["namespace"], name),) if name else ()


def _records(service: Object, slices: Sequence[Object]) -> Records:
    try:
        return records_of(view(Service, service), [view(EndpointSlice, each) for each in slices])
    except (msgspec.ValidationError, DNSException, ValueError) as error:
        metadata = service["metadata"]
        _log.warning("Service %s/%s has no DNS records: %s", metadata["namespace"], metadata["name"], error)
        return {}
