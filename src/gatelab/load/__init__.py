"""Load on a gRPC method: schedules, an engine, histograms.

In: a `LoadPlan` (addresses, one encoded request, a rate or a concurrency, an end). Out: a `LoadResult` (statuses,
calls per pod and per connection, service and response times). It must not know protobuf files, clusters or output
formats, and must not hide its own limits: a generator that could not keep its schedule says so.
"""

from gatelab.load.histogram import Histogram
from gatelab.load.plan import ConnectionResult, LoadPlan, LoadResult, Progress
from gatelab.load.run import loop_factory, run, run_blocking, run_interruptible
from gatelab.load.schedule import Schedule

__all__ = [
    "ConnectionResult",
    "Histogram",
    "LoadPlan",
    "LoadResult",
    "Progress",
    "Schedule",
    "loop_factory",
    "run",
    "run_blocking",
    "run_interruptible",
]
