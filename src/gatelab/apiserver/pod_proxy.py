"""pods/proxy: a GET passed on to a port of a pod."""

import asyncio
from collections.abc import Awaitable, Sequence
from ipaddress import AddressValueError, IPv4Address

import h11
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.kinds.addresses import LOOPBACK, PRIVATE
from gatelab.kinds.errors import BadRequest, InternalError, Unavailable
from gatelab.kinds.objects import Key, Object

LIMIT_BYTES = 16 * 1024 * 1024
_TIMEOUT_S = 30.0
_PASSED_ON = ("accept", "accept-encoding", "user-agent")


async def forward(context: Context, request: Request, target: Target) -> Response:
    """What the pod answers. `name` in the path is `pod` or `pod:port`; port is a number or a container port's name.

    Raises Unavailable when the pod cannot be reached or takes longer than 30 s, InternalError beyond 16 MiB.
    """
    name, _, port = target.name.removeprefix("http:").partition(":")
    pod = context.store.get(target.kind, Key(target.namespace, name)).object
    place = (_address(pod), _port(pod, port))
    passed = passed_on(request, target, f"{place[0]}:{place[1]}")
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await exchange(asyncio.open_connection(*place), passed)
    except TimeoutError:
        raise Unavailable(f"pod {name} did not answer on port {place[1]} within {_TIMEOUT_S:g} s") from None
    except (OSError, h11.RemoteProtocolError) as error:
        raise Unavailable(f"error trying to reach service: pod {name}, port {place[1]}: {error}") from error


def _address(pod: Object) -> str:
    """The pod's address. A status may be written by anybody with the token, so what no pod of a lab has is refused."""
    name, address = pod["metadata"]["name"], (pod.get("status") or {}).get("podIP")
    if not address:
        raise Unavailable(f"pod {name} has no address yet; wait for it to run")
    try:
        network = IPv4Address(address).packed[0]
    except AddressValueError:
        network = 0
    if network not in (LOOPBACK, PRIVATE):
        raise BadRequest(f"pod {name}: status.podIP {address!r} is no address of a lab")
    return str(address)


def _port(pod: Object, port: str) -> int:
    ports = [each for container in pod["spec"]["containers"] for each in container.get("ports") or ()]
    if not port:
        return int(ports[0]["containerPort"]) if ports else 80
    if port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        return int(port)
    for each in ports:
        if each.get("name") == port:
            return int(each["containerPort"])
    raise BadRequest(f"pod {pod['metadata']['name']} has no port {port!r}")


def passed_on(request: Request, target: Target, host: str) -> h11.Request:
    """What is asked of whoever stands behind `proxy`."""
    query = request.url.query
    headers = [("host", host), ("connection", "close")]
    headers += [(name, value) for name in _PASSED_ON if (value := request.headers.get(name)) is not None]
    path = "/" + target.rest.lstrip("/") + (f"?{query}" if query else "")
    try:
        return h11.Request(method="GET", target=path, headers=headers)
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise BadRequest(f"the request cannot be passed on to a pod: {error}") from error


Connected = Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


async def exchange(connected: Connected, request: h11.Request) -> Response:
    """One request on a connection of its own. Raises OSError, h11.RemoteProtocolError, InternalError beyond 16 MiB."""
    reader, writer = await connected
    try:
        connection = h11.Connection(h11.CLIENT)
        writer.write(connection.send(request) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return await _answer(connection, reader)
    finally:
        writer.close()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Response:
    status, headers, body, size = 502, [], [], 0
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status, headers = event.status_code, list(event.headers)
        elif isinstance(event, h11.Data):
            body.append(bytes(event.data))
            size += len(event.data)
            if size > LIMIT_BYTES:
                raise InternalError(f"the pod's answer is longer than {LIMIT_BYTES} bytes")
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            raise h11.RemoteProtocolError("the pod closed the connection before its answer was whole")
    return _response(status, headers, b"".join(body))


def _response(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Response:
    response = Response(body, status_code=status)
    for name, value in headers:
        if name in (b"content-type", b"content-encoding", b"cache-control"):
            response.headers[name.decode("latin-1")] = value.decode("latin-1")
    return response
