"""What the gateway controller counts."""

from collections import Counter
from collections.abc import Collection, Iterable

from gatelab.gateway.snapshot import RouteId, Snapshot
from gatelab.gateway.translate.outcome import Translation
from gatelab.telemetry import Family, Histogram, Reading
from gatelab.telemetry.families import single

DURATION = Family("gatelab_gateway_translation_duration_seconds", "histogram", "Seconds of a translation.")
GATEWAYS = Family("gatelab_gateway_gateways", "gauge", "Gateways of our classes in the last translation.")
ROUTES = Family("gatelab_gateway_routes", "gauge", "Routes that the last translation saw.", ("kind",))


class TranslationMeter:
    """Told of each translation."""

    def __init__(self) -> None:
        self._seconds = Histogram()
        self._gateways = 0
        self._routes: Collection[RouteId] = ()

    def ended(self, seconds: float, snapshot: Snapshot, translation: Translation) -> None:
        self._seconds.observe(seconds)
        self._gateways = len(translation.gateways)
        self._routes = snapshot.routes.keys()

    def readings(self) -> Iterable[Reading]:
        yield single(DURATION, self._seconds)
        yield single(GATEWAYS, self._gateways)
        counts = Counter(route.kind for route in self._routes)
        yield Reading(ROUTES, {(kind,): count for kind, count in counts.items()})
