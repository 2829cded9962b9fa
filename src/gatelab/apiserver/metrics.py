"""/metrics: what the control plane counts, for Prometheus."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver.context import Context
from gatelab.telemetry.exposition import CONTENT_TYPE, text
from gatelab.telemetry.families import merged


async def own(context: Context, _: Request) -> Response:
    """The text of the whole process. It is put together beside the event loop, which serves others meanwhile."""
    return Response(await asyncio.to_thread(text, merged(context.metrics())), headers={"content-type": CONTENT_TYPE})
