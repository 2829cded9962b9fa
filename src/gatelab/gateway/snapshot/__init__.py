"""The snapshot: all that a translation looks at, read of the cluster once, immutable.

In: objects as the API has them, and what mirrors say has changed. Out: a `Snapshot` of typed views, the problems of
what could not be read, and endpoints on a path of their own. No rule of the Gateway API is decided here, save which
references may leave their namespace: nothing that may not be referred to is read.

`snapshot` reads all of it anew, `live_snapshot` and `live_slices` what has changed; `sources` are the mirrors.
"""

from gatelab.gateway.snapshot.snapshot import ROUTES, RouteId, Snapshot, route_id, snapshot_of

__all__ = ["ROUTES", "RouteId", "Snapshot", "route_id", "snapshot_of"]
