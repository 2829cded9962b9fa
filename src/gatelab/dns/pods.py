"""Keeps the names of pods by their addresses."""

from collections.abc import Sequence

from gatelab.dns.records import pod_records
from gatelab.dns.zone import ZoneData
from gatelab.kinds.builtin import POD
from gatelab.kinds.objects import Key
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view
from gatelab.reconcile import Mirrors, Watches


class PodDnsController:
    """Puts pods into the zones that a `DnsController` keeps."""

    name = "pod-dns"

    def __init__(self, zone: ZoneData) -> None:
        self._zone = zone

    def watches(self) -> Sequence[Watches]:
        return (Watches(POD),)

    async def start(self, mirrors: Mirrors) -> None:
        self._pods = mirrors.of(POD)

    async def reconcile(self, key: Key) -> float | None:
        obj = self._pods.get(key)
        pod = view(Pod, obj) if obj is not None else None
        has_address = pod is not None and pod.status.pod_ip and not pod.is_finished
        records = pod_records(key.namespace, pod.status.pod_ip) if pod is not None and has_address else {}
        # No namespace has a dot in its name, so this owner is no Service.
        self._zone.put(Key(f"{key.namespace}.pod", key.name), records)
        return None
