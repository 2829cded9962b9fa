"""Load on a gRPC method: schedules, an engine, histograms.

In: a `LoadPlan` (addresses, encoded requests, a rate or a concurrency, an end). Out: a `LoadResult` (statuses,
calls per pod and per connection, service and response times). It must not know protobuf files, clusters or output
formats, and must not hide its own limits: a generator that could not keep its schedule says so.

A generator (`native`, or `grpcio_engine`) tells its counts in parts, in this process or from workers; the collector
puts them together, one or many.
"""

from gatelab.load.callers import Callers
from gatelab.load.credentials import Credentials
from gatelab.load.errors import WorkerError
from gatelab.load.histogram import Histogram
from gatelab.load.plan import LoadPlan, Progress
from gatelab.load.poisson import Poisson
from gatelab.load.recipe import Recipe
from gatelab.load.requests import Request, RequestError, RequestSource
from gatelab.load.result import CallDetail, ConnectionResult, GeneratorResult, LoadResult, WarmUp
from gatelab.load.run import loop_factory, run, run_blocking, run_interruptible
from gatelab.load.schedule import Arrivals, Schedule
from gatelab.load.series import Second
from gatelab.load.streams import StreamPlan

__all__ = [
    "Arrivals",
    "CallDetail",
    "Callers",
    "ConnectionResult",
    "Credentials",
    "GeneratorResult",
    "Histogram",
    "LoadPlan",
    "LoadResult",
    "Poisson",
    "Progress",
    "Recipe",
    "Request",
    "RequestError",
    "RequestSource",
    "Schedule",
    "Second",
    "StreamPlan",
    "WarmUp",
    "WorkerError",
    "loop_factory",
    "run",
    "run_blocking",
    "run_interruptible",
]
