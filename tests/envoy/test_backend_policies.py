"""What a real Envoy makes of a Gateway's parameters: choice by header, retries, health checks, limits, access logs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import grpc.aio
import pytest

from gatelab.proxy.model import (
    AccessLog,
    Backend,
    BackendPolicy,
    Balance,
    CircuitBreakers,
    Endpoint,
    GrpcCode,
    GrpcHealthCheck,
    GrpcRetry,
    HttpChain,
    Listener,
    OutlierDetection,
    ProxyConfig,
    Route,
)
from proxy_configs import GREETINGS, forward, table
from running_envoy import DEADLINE_S, RunningEnvoy, call, count, grpc_backends, grpc_channel, running_envoy

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]
ADDRESS, OWN_ADDRESS, PORT = "127.23.1.12", "127.23.1.13", 8080
"""Of the session's Envoy, and of a test's own."""
TARGET, OWN_TARGET = f"{ADDRESS}:{PORT}", f"{OWN_ADDRESS}:{PORT}"
PODS = [f"127.23.2.{number}" for number in range(1, 6)]


def config(
    policy: BackendPolicy, *, retry: GrpcRetry | None = None, log: AccessLog = "off", address: str = ADDRESS
) -> ProxyConfig:
    route = Route("hello", GREETINGS, forward(("hello", 1), grpc_retry=retry))
    listener = Listener("http", address, PORT, (HttpChain("http", "routes", access_log=log),))
    return ProxyConfig((listener,), (table(route),), (Backend("hello", "http2", policy=policy),))


class _Failing(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Fails with a status the first `times`, then answers; is healthy as long as `serving`."""

    def __init__(self, code: grpc.StatusCode, times: int) -> None:
        self.code, self.left, self.calls = code, times, 0
        self.serving = True

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(self._check)
        return grpc.unary_unary_rpc_method_handler(self._answer)

    async def _check(self, message: bytes, context: object) -> bytes:
        return b"\x08\x01" if self.serving else b"\x08\x02"

    async def _answer(self, message: bytes, context: grpc.aio.ServicerContext) -> bytes:
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            await context.abort(self.code, "as told")
        return b"answer"


@asynccontextmanager
async def failing(code: grpc.StatusCode, times: int) -> AsyncIterator[tuple[_Failing, Endpoint]]:
    server, handler = grpc.aio.server(options=[("grpc.so_reuseport", 0)]), _Failing(code, times)
    endpoint = Endpoint("127.23.2.9", server.add_insecure_port("127.23.2.9:0"))
    server.add_generic_rpc_handlers((handler,))
    await server.start()
    try:
        yield handler, endpoint
    finally:
        await server.stop(None)


@pytest.mark.parametrize("balance", ["ring_hash", "maglev"])
async def test_who_says_the_same_comes_to_the_same_endpoint(shared_envoy: RunningEnvoy, balance: Balance) -> None:
    async with grpc_backends(PODS) as backends, grpc_channel(TARGET) as channel:
        await shared_envoy.accept(config(BackendPolicy(balance, "x-user")), {"hello": backends.endpoints})
        by_user = {
            user: {await call(channel, metadata=[("x-user", user)]) for _ in range(10)} for user in map(str, range(30))
        }
        assert all(len(served) == 1 for served in by_user.values())
        assert len(set.union(*by_user.values())) > 1
        assert len({await call(channel) for _ in range(50)}) > 1, "without the header anybody may answer"


@pytest.mark.parametrize("balance", ["least_request", "random", "round_robin"])
async def test_other_policies_reach_every_endpoint(shared_envoy: RunningEnvoy, balance: Balance) -> None:
    async with grpc_backends(PODS) as backends, grpc_channel(TARGET) as channel:
        await shared_envoy.accept(config(BackendPolicy(balance)), {"hello": backends.endpoints})
        assert set(count([await call(channel) for _ in range(150)])) == set(backends.calls)


@pytest.mark.parametrize(
    ("code", "codes", "times", "answer", "calls"),
    [
        (grpc.StatusCode.UNAVAILABLE, ("unavailable",), 3, "answer", 4),
        (grpc.StatusCode.UNAVAILABLE, ("unavailable",), 9, "UNAVAILABLE", 4),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ("internal", "resource-exhausted"), 1, "answer", 2),
        (grpc.StatusCode.INTERNAL, ("unavailable",), 1, "INTERNAL", 1),
    ],
)
async def test_a_failed_call_is_made_again(
    shared_envoy: RunningEnvoy,
    code: grpc.StatusCode,
    codes: tuple[GrpcCode, ...],
    times: int,
    answer: str,
    calls: int,
) -> None:
    async with failing(code, times) as (handler, endpoint), grpc_channel(TARGET) as channel:
        retry = GrpcRetry(attempts=3, codes=codes, backoff_s=0.001)
        await shared_envoy.accept(config(BackendPolicy(), retry=retry), {"hello": (endpoint,)})
        assert await call(channel) == answer
        assert handler.calls == calls


async def test_who_says_that_it_does_not_serve_gets_nothing(shared_envoy: RunningEnvoy) -> None:
    check = GrpcHealthCheck(interval_s=0.05, timeout_s=5, unhealthy_threshold=1)
    async with failing(grpc.StatusCode.OK, 0) as (ill, one), failing(grpc.StatusCode.OK, 0) as (well, other):
        endpoints = {"hello": (one, other)}
        await shared_envoy.accept(config(BackendPolicy(health_check=check)), endpoints)
        async with grpc_channel(TARGET) as channel:
            ill.serving = False
            await _served_by(channel, ill, 0)
            assert well.calls > 0
            ill.serving = True
            await _served_by(channel, ill, 10)


async def _served_by(channel: grpc.aio.Channel, handler: _Failing, calls: int) -> None:
    """Every call is answered, and at length so many of twenty in a row by that endpoint."""
    async with asyncio.timeout(DEADLINE_S):
        served = -1
        while served != calls:
            before = handler.calls
            assert {await call(channel) for _ in range(20)} == {"answer"}
            served = handler.calls - before


async def _becomes(envoy: RunningEnvoy, name: str, value: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while await envoy.counter(name) != value:
            pass


async def test_an_endpoint_that_fails_again_and_again_is_left_out(shared_envoy: RunningEnvoy) -> None:
    outliers = OutlierDetection(consecutive_errors=3, max_ejection_percent=50)
    async with failing(grpc.StatusCode.UNAVAILABLE, 1000) as (handler, bad), grpc_backends(PODS[:1]) as backends:
        await shared_envoy.accept(config(BackendPolicy(outliers=outliers)), {"hello": (bad, *backends.endpoints)})
        async with grpc_channel(TARGET) as channel:
            met = [await call(channel) for _ in range(40)]
        assert met.count("UNAVAILABLE") == handler.calls == 3
        assert set(met[-20:]) == set(backends.calls)


async def test_what_is_above_a_limit_fails_at_once(shared_envoy: RunningEnvoy) -> None:
    policy = BackendPolicy(breakers=CircuitBreakers(max_requests=1))
    async with grpc_backends(PODS[:1]) as backends, grpc_channel(TARGET) as channel, asyncio.TaskGroup() as tasks:
        await shared_envoy.accept(config(policy), {"hello": backends.endpoints})
        long = tasks.create_task(call(channel, message=b"wait"))
        await _becomes(shared_envoy, "cluster.hello.upstream_rq_active", 1)
        assert await call(channel) == "UNAVAILABLE"
        backends.release.set()
        assert await long in backends.calls


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_line_per_request_without_its_query(socket_folder: Path, form: AccessLog) -> None:
    async with running_envoy(socket_folder) as envoy, grpc_backends(PODS[:1]) as backends:
        await envoy.accept(config(BackendPolicy(), log=form, address=OWN_ADDRESS), {"hello": backends.endpoints})
        async with grpc_channel(OWN_TARGET) as channel:
            for _ in range(3):
                await call(channel, "/greetings.GreetMe/Send?secret=1")
        envoy.process.terminate()
        await envoy.process.wait()
        lines = [line for line in envoy.log.splitlines() if "GreetMe" in line]
        assert len(lines) == 3
        assert "secret" not in envoy.log
        if form == "json":
            line = json.loads(lines[0])
            assert (line["path"], line["grpc_status"], line["route"]) == ("/greetings.GreetMe/Send", "OK", "hello")
        else:
            assert "path=/greetings.GreetMe/Send protocol=HTTP/2 status=200 grpc_status=OK" in lines[0]


async def test_few_connections_are_dealt_out_to_all_workers(socket_folder: Path) -> None:
    """Each worker has its own statistics of the listener: of eight connections, two for each of four workers."""
    async with running_envoy(socket_folder, concurrency=4) as envoy, grpc_backends(PODS[:1]) as backends:
        balanced = config(BackendPolicy(), address=OWN_ADDRESS)
        balanced = replace(balanced, listeners=(replace(balanced.listeners[0], exact_balance=True),))
        await envoy.accept(balanced, {"hello": backends.endpoints})
        async with _channels(8) as channels:
            for channel in channels:
                assert await call(channel) in backends.calls
            name = f"listener.{OWN_ADDRESS}_{PORT}.worker_{{}}.downstream_cx_active"
            assert [await envoy.counter(name.format(worker)) for worker in range(4)] == [2, 2, 2, 2]


@asynccontextmanager
async def _channels(number: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(OWN_TARGET, options=options) for _ in range(number)]
    try:
        yield channels
    finally:
        for channel in channels:
            await channel.close()
