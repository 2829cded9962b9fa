"""pods/log: what a container has written."""

from collections.abc import AsyncGenerator, AsyncIterator

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import parameters
from gatelab.apiserver.context import Context
from gatelab.apiserver.streams import Stream
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import from_rfc3339


async def read(context: Context, request: Request, target: Target) -> Response:
    """The log as text; with `follow`, as it grows."""
    pod = context.store.get(target.kind, target.key).object
    container = _container(pod, request.query_params.get("container", ""))
    _check_started(pod, container)
    pieces = context.logs.stream(
        target.namespace,
        target.name,
        container,
        follow=parameters.flag(request, "follow"),
        previous=parameters.flag(request, "previous"),
        tail_lines=parameters.number(request, "tailLines"),
        since_s=_since(context, request),
        timestamps=parameters.flag(request, "timestamps"),
        limit_bytes=parameters.number(request, "limitBytes"),
    )
    return Stream(_generated(pieces), media_type="text/plain", patient=True)


async def _generated(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield piece


def _container(pod: Object, asked: str) -> str:
    spec = pod["spec"]
    names = [each["name"] for field in ("containers", "initContainers") for each in spec.get(field) or ()]
    if not asked and len(spec["containers"]) == 1:
        return str(spec["containers"][0]["name"])
    name = pod["metadata"]["name"]
    if not asked:
        choice = " ".join(names)
        raise BadRequest(f"a container name must be specified for pod {name}, choose one of: [{choice}]")
    if asked not in names:
        raise BadRequest(f"container {asked} is not valid for pod {name}")
    return asked


def _check_started(pod: Object, container: str) -> None:
    """The kubelet's words (`validateContainerLogStatus`), and with them what the container waits for.

    Raises BadRequest when the container waits for its first start.
    """
    known = pod.get("status") or {}
    statuses = [*(known.get("initContainerStatuses") or ()), *(known.get("containerStatuses") or ())]
    status: Object = next((each for each in statuses if each["name"] == container), {})
    waiting = (status.get("state") or {}).get("waiting")
    if waiting and not (status.get("lastState") or {}).get("terminated"):
        reason = ": ".join(text for text in (waiting.get("reason"), waiting.get("message")) if text)
        name = pod["metadata"]["name"]
        raise BadRequest(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _since(context: Context, request: Request) -> float | None:
    seconds, moment = parameters.number(request, "sinceSeconds"), request.query_params.get("sinceTime")
    if seconds is not None and moment:
        raise BadRequest("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if not moment:
        return None if seconds is None else float(seconds)
    try:
        return max(0.0, (context.clock() - from_rfc3339(moment)).total_seconds())
    except (ValueError, TypeError):
        raise BadRequest(f"sinceTime: Invalid value: {moment!r}: must be RFC 3339 with a zone") from None
