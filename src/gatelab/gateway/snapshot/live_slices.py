"""The EndpointSlices of each Service, kept up to date: a slice that changes is read again, and no other."""

from collections.abc import Sequence

from gatelab.gateway.snapshot.snapshot import read
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap
from gatelab.reconcile import Mirror


class LiveSlices:
    """Slices that belong to no Service, and those that cannot be read, are left out."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._changes = mirror.follow()
        self._slices: dict[Key, EndpointSlice] = {}
        self._by_service: dict[Key, dict[Key, EndpointSlice]] = {}
        self._found: PersistentMap[Key, Sequence[EndpointSlice]] = PersistentMap()

    def refresh(self) -> PersistentMap[Key, Sequence[EndpointSlice]]:
        """Takes in what has changed. The slices of a Service are the same sequence as before if none of them has."""
        touched: set[Key] = set()
        for key in self._changes.take():
            touched |= self._drop(key) | self._put(key)
        if touched:
            sorted_ = {each: tuple(dict(sorted(self._by_service.get(each, {}).items())).values()) for each in touched}
            self._found = self._found.after({each: slices for each, slices in sorted_.items() if slices}, touched)
        return self._found

    def _drop(self, key: Key) -> set[Key]:
        old = self._slices.pop(key, None)
        if old is None:
            return set()
        service = _service(old)
        del self._by_service[service][key]
        if not self._by_service[service]:
            del self._by_service[service]
        return {service}

    def _put(self, key: Key) -> set[Key]:
        obj = self._mirror.get(key)
        new = read(EndpointSlice, (obj,), []).get(key) if obj is not None else None
        if new is None or not new.service_name:
            return set()
        self._slices[key] = new
        self._by_service.setdefault(_service(new), {})[key] = new
        return {_service(new)}


def _service(slice_: EndpointSlice) -> Key:
    return Key(slice_.metadata.namespace, slice_.service_name)
