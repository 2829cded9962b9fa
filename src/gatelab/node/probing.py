"""Probes over the wire: grpc, tcpSocket, httpGet. Each ends within its timeout (see `awake`) and never raises."""

import asyncio
import os

from gatelab.kinds.pods import Container, GrpcAction, HttpGetAction, Probe, TcpSocketAction
from gatelab.node.awake import AT_MOST, timeout_asleep
from gatelab.node.http_requests import NotHttp, get, url_of
from gatelab.node.pods.probes import Outcome

_HEALTH = "/grpc.health.v1.Health/Check"
_SERVING = 1
_HEALTH_WORDS = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_UNIMPLEMENTED = 12


async def probe(container: Container, spec: Probe, address: str) -> Outcome:
    """One probe of a container whose pod has `address`; a failure's message is worded as the kubelet words it."""
    timeout_s = max(1, spec.timeout_seconds)
    try:
        async with timeout_asleep(timeout_s):
            if spec.grpc:
                return await _grpc(spec.grpc, address, AT_MOST * timeout_s)
            if spec.tcp_socket:
                return await _tcp(spec.tcp_socket, container, address)
            if spec.http_get:
                return await _http(spec.http_get, container, address)
            return Outcome(False, "the probe has no handler: give it exec, grpc, tcpSocket or httpGet")
    except TimeoutError:
        return Outcome(False, f"no answer within {timeout_s}s")
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else str(error)
        return Outcome(False, f"dial {address}: {cause.lower()}")


def port_of(container: Container, port: int | str) -> int | None:
    """The number of a port given by number or by name."""
    if isinstance(port, int):
        return port
    if port.isdigit():
        return int(port)
    return next((each.container_port for each in container.ports if each.name == port), None)


async def _grpc(action: GrpcAction, address: str, timeout_s: float) -> Outcome:
    from gatelab.grpc_wire import Channel, ConnectError

    target = f"{address}:{action.port}"
    try:
        channel = await Channel.connect(address, action.port, tls=None, authority=target, timeout_s=timeout_s)
    except ConnectError as error:
        return Outcome(False, f'failed to connect service "{target}": {error}')
    try:
        reply = await channel.unary(_HEALTH, _health_request(action.service), timeout_s=timeout_s)
    finally:
        await channel.close()
    if reply.code == _UNIMPLEMENTED:
        return Outcome(False, f'the server at "{target}" does not implement the grpc health protocol (grpc.health.v1)')
    if reply.code != 0:
        return Outcome(False, f"health rpc failed: {reply.details}")
    status = _health_status(reply.message or b"")
    if status == _SERVING:
        return Outcome(True)
    word = _HEALTH_WORDS[status] if status < len(_HEALTH_WORDS) else str(status)
    return Outcome(False, f'service unhealthy (responded with "{word}")')


def _health_request(service: str) -> bytes:
    """HealthCheckRequest: string service = 1. Shorter than 128 bytes is one length byte, so longer names are cut."""
    name = service.encode()[:127]
    return b"\x0a" + bytes([len(name)]) + name if name else b""


def _health_status(message: bytes) -> int:
    """HealthCheckResponse: ServingStatus status = 1; an enum below 128 is one byte, and 0 is left out."""
    return message[1] if len(message) >= 2 and message[0] == 0x08 else 0


async def _tcp(action: TcpSocketAction, container: Container, address: str) -> Outcome:
    port = port_of(container, action.port)
    if port is None:
        return _unknown_port(container, action.port)
    _, writer = await asyncio.open_connection(action.host or address, port)
    writer.close()
    return Outcome(True)


async def _http(action: HttpGetAction, container: Container, address: str) -> Outcome:
    port = port_of(container, action.port)
    if port is None:
        return _unknown_port(container, action.port)
    try:
        answer = await get(url_of(action, address, port), action.http_headers, agent="kube-probe")
    except NotHttp as error:
        return Outcome(False, str(error))
    if not 200 <= answer.code < 400:
        return Outcome(False, f"HTTP probe failed with statuscode: {answer.code}")
    if answer.location:
        return Outcome(True, f"Probe terminated redirects, not followed to another host: {answer.location}")
    return Outcome(True)


def _unknown_port(container: Container, port: int | str) -> Outcome:
    return Outcome(False, f"container {container.name} has no port named {port!r}: name it in its ports")
