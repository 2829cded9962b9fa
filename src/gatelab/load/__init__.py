"""Load on a gRPC method: schedules, an engine, histograms.

In: a `LoadPlan` (addresses, encoded requests, a rate or a concurrency, an end). Out: a `LoadResult` (statuses,
calls per pod and per connection, service and response times). It must not know protobuf files, clusters or output
formats, and must not hide its own limits: a generator that could not keep its schedule says so.
"""

from gatelab.load.callers import Callers
from gatelab.load.histogram import Histogram
from gatelab.load.plan import CallDetail, ConnectionResult, LoadPlan, LoadResult, Progress
from gatelab.load.poisson import Poisson
from gatelab.load.requests import Request, RequestError, RequestSource
from gatelab.load.run import loop_factory, run, run_blocking, run_interruptible
from gatelab.load.schedule import Arrivals, Schedule
from gatelab.load.series import Second
from gatelab.load.streams import StreamPlan

__all__ = [
    "Arrivals",
    "CallDetail",
    "Callers",
    "ConnectionResult",
    "Histogram",
    "LoadPlan",
    "LoadResult",
    "Poisson",
    "Progress",
    "Request",
    "RequestError",
    "RequestSource",
    "Schedule",
    "Second",
    "StreamPlan",
    "loop_factory",
    "run",
    "run_blocking",
    "run_interruptible",
]
