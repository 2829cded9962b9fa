"""nodes/proxy: a GET passed on to the node's agent, as to a kubelet: `/api/v1/nodes/gatelab/proxy/metrics`."""

import asyncio

import h11
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver.context import Context
from gatelab.apiserver.pod_proxy import exchange, passed_on
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import Unavailable
from gatelab.kinds.objects import Key

_TIMEOUT_S = 10.0


async def forward(context: Context, request: Request, target: Target) -> Response:
    """What the agent answers. `name` in the path is `node` or `node:port`, and there is one port, whichever is named.

    Raises NotFound for a node that is not there, Unavailable when its agent does not answer within 10 s.
    """
    name = target.name.removeprefix("https:").removeprefix("http:").partition(":")[0]
    context.store.get(target.kind, Key("", name))
    if context.node_socket is None:
        raise Unavailable(f"node {name} has no agent here")
    passed = passed_on(request, target, name)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await exchange(asyncio.open_unix_connection(str(context.node_socket)), passed)
    except TimeoutError:
        raise Unavailable(f"the agent of node {name} did not answer within {_TIMEOUT_S:g} s") from None
    except (OSError, h11.RemoteProtocolError) as error:
        raise Unavailable(f"error trying to reach the agent of node {name}: {error}") from error
