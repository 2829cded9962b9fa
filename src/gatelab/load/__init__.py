"""Load on a gRPC method: schedules, an engine, histograms.

In: a `LoadPlan` (addresses, encoded requests, a rate or a concurrency, an end). Out: a `LoadResult` (statuses,
calls per pod and per connection, service and response times). It must not know protobuf files, clusters or output
formats, and must not hide its own limits: a generator that could not keep its schedule says so.

A generator (`native`, or `grpcio`) tells its counts in parts, in this process or from `workers`; `counting` puts them
together, one or many. `schedules` say when each call is due.
"""

from gatelab.load.credentials import Credentials
from gatelab.load.errors import WorkerError
from gatelab.load.histogram import Histogram
from gatelab.load.plan import LoadPlan, Progress
from gatelab.load.recipe import Recipe
from gatelab.load.requests import Request, RequestError, RequestSource
from gatelab.load.result import CallDetail, ConnectionResult, GeneratorResult, LoadResult, WarmUp
from gatelab.load.run import loop_factory, run, run_blocking, run_interruptible
from gatelab.load.schedules.callers import Callers
from gatelab.load.schedules.poisson import Poisson
from gatelab.load.schedules.schedule import Arrivals, Schedule
from gatelab.load.series import Second
from gatelab.load.stream_plan import StreamPlan

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
