"""What an xDS server counts, over all its streams. The labels are our own names of Envoy's resource types."""

from collections import Counter
from collections.abc import Iterable

from gatelab.proxy.resources import RESOURCE_TYPES
from gatelab.telemetry import Family, Reading
from gatelab.telemetry.families import single

_TYPE = ("type",)
CONNECTED = Family("gatelab_xds_connected_envoys", "gauge", "Envoys with an open stream.")
PUSHES = Family("gatelab_xds_pushes_total", "counter", "Responses sent.", _TYPE)
ACKS = Family("gatelab_xds_acks_total", "counter", "Responses that an Envoy accepted.", _TYPE)
NACKS = Family("gatelab_xds_nacks_total", "counter", "Responses that an Envoy rejected.", _TYPE)


class XdsMeter:
    """Counted by the sessions, by type URL."""

    def __init__(self) -> None:
        self.pushes: Counter[str] = Counter()
        self.acks: Counter[str] = Counter()
        self.nacks: Counter[str] = Counter()

    def readings(self, connected: int) -> Iterable[Reading]:
        yield single(CONNECTED, connected)
        for family, counts in ((PUSHES, self.pushes), (ACKS, self.acks), (NACKS, self.nacks)):
            yield Reading(family, {(name,): counts[url] for url, name in RESOURCE_TYPES.items()})
