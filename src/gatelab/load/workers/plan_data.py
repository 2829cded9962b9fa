"""A plan as bytes, for another process."""

import ssl
from dataclasses import replace
from typing import Any, Final

import msgspec

from gatelab.load.credentials import Credentials
from gatelab.load.plan import LoadPlan
from gatelab.load.recipe import Recipe
from gatelab.load.schedules.callers import Callers
from gatelab.load.schedules.poisson import Poisson
from gatelab.load.schedules.schedule import Arrivals, Schedule
from gatelab.load.share import Share
from gatelab.load.stream_plan import StreamPlan

_APART: Final = frozenset(
    {
        "schedule",
        "callers",
        "stream",
        "tls",
        "source",
        "credentials",
        "share",
        "metadata",
        "targets",
        "on_progress",
        "workers",
    }
)


class _PoissonData(msgspec.Struct):
    rps: float
    seed: int


class _PlanData(msgspec.Struct, kw_only=True):
    plain: dict[str, Any]
    metadata: tuple[tuple[str, Any], ...]
    targets: tuple[tuple[str, int], ...]
    share: Share
    schedule: Schedule | None
    poisson: _PoissonData | None
    callers: Callers | None
    stream: StreamPlan | None
    tls: Recipe | None
    credentials: Credentials | None
    source: Recipe | None


def encoded(plan: LoadPlan) -> bytes:
    """Without `on_progress`. Raises ValueError where something of the plan exists in this process only."""
    if isinstance(plan.tls, ssl.SSLContext):
        raise ValueError("several workers need a recipe for TLS: an SSLContext cannot leave its process")
    if plan.source is not None and not isinstance(plan.source, Recipe):
        raise ValueError("several workers need a recipe for requests: a function cannot leave its process")
    schedule = plan.schedule
    if schedule is not None and not isinstance(schedule, Schedule | Poisson):
        raise ValueError(f"several workers need a schedule that is data, not a {type(schedule).__name__}")
    data = _PlanData(
        plain={name: getattr(plan, name) for name in LoadPlan.__dataclass_fields__ if name not in _APART},
        metadata=plan.metadata,
        targets=plan.targets,
        share=plan.share,
        schedule=schedule if isinstance(schedule, Schedule) else None,
        poisson=_PoissonData(schedule.rps, schedule.seed) if isinstance(schedule, Poisson) else None,
        callers=plan.callers,
        stream=plan.stream,
        tls=plan.tls,
        credentials=plan.credentials,
        source=plan.source,
    )
    return msgspec.msgpack.encode(data)


def decoded(data: bytes) -> LoadPlan:
    """The plan that was encoded."""
    found = msgspec.msgpack.decode(data, type=_PlanData)
    schedule: Arrivals | None = found.schedule
    if found.poisson is not None:
        schedule = Poisson(found.poisson.rps, seed=found.poisson.seed)
    return LoadPlan(
        **found.plain,
        metadata=found.metadata,
        targets=found.targets,
        share=found.share,
        schedule=schedule,
        callers=found.callers,
        stream=found.stream,
        tls=found.tls,
        credentials=found.credentials,
        source=found.source,
    )


def shared(plan: LoadPlan) -> list[LoadPlan]:
    """One plan for each worker: connections, calls in flight, calls and details are dealt out in turn."""
    addresses = plan.addresses()
    return [_share_of(plan, addresses, Share(index, plan.workers)) for index in range(plan.workers)]


def _share_of(plan: LoadPlan, addresses: tuple[tuple[str, int], ...], share: Share) -> LoadPlan:
    return replace(
        plan,
        workers=1,
        share=share,
        targets=addresses[share.index :: share.of],
        connections=share.part(plan.connections),
        concurrency=share.part(plan.concurrency),
        total=None if plan.total is None else share.part(plan.total),
        skip_first=share.part(plan.skip_first),
        details_at_most=share.part(plan.details_at_most),
        on_progress=None,
    )
