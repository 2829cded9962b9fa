"""What Envoy refuses: found, told in its words, and harmless to the rest."""

import socket

import pytest

from gatelab.proxy import regex
from gatelab.proxy.model import Backend, HttpChain, Listener, PathMatch, ProxyConfig, Route, RouteMatch
from gatelab.proxy.xds import server
from proxy_configs import ADDRESS, forward, greetings_to, table
from running_envoy import RunningEnvoy, call, grpc_backends, grpc_channel, until

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

BAD = Route("bad", RouteMatch(PathMatch("regex", "/(")), forward(("hello", 1)))


def listeners(count: int) -> tuple[Listener, ...]:
    return tuple(Listener(f"l{n}", ADDRESS, 8100 + n, (HttpChain("http", f"t{n}"),)) for n in range(count))


async def test_one_bad_table_of_many_is_found_and_the_others_serve(shared_envoy: RunningEnvoy) -> None:
    good = greetings_to("hello")
    tables = [table(BAD if n == 3 else good, name=f"t{n}") for n in range(6)]
    config = ProxyConfig(listeners(6), tuple(tables), (Backend("hello", "http2"),))
    async with grpc_backends(["127.23.2.1"]) as backends:
        shared_envoy.publish(config, {"hello": backends.endpoints})
        acceptance = await shared_envoy.settle()
        assert dict(acceptance.rejected) == {"route_table": {"t3": acceptance.rejected["route_table"]["t3"]}}
        assert "missing )" in acceptance.rejected["route_table"]["t3"]
        assert acceptance.has_accepted("route_table", "t4")
        for n in (0, 1, 2, 4, 5):
            async with grpc_channel(f"{ADDRESS}:{8100 + n}") as channel:
                assert await call(channel) in backends.calls


async def test_the_last_good_table_serves_until_a_better_one_comes(shared_envoy: RunningEnvoy) -> None:
    def config(*routes: Route) -> ProxyConfig:
        return ProxyConfig(listeners(1), (table(*routes, name="t0"),), (Backend("hello", "http2"),))

    async with grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": backends.endpoints}
        await shared_envoy.accept(config(greetings_to("hello")), endpoints)
        shared_envoy.publish(config(BAD, greetings_to("hello")), endpoints)
        assert "t0" in (await shared_envoy.settle()).rejected["route_table"]
        async with grpc_channel(f"{ADDRESS}:8100") as channel:
            assert await call(channel) in backends.calls
            better = Route("better", RouteMatch(PathMatch("regex", "/(x)?")), forward(("hello", 1)))
            await shared_envoy.accept(config(better), endpoints)
            assert await call(channel) == "UNIMPLEMENTED"


async def test_a_taken_address_is_told_and_taken_over_when_it_is_free(
    shared_envoy: RunningEnvoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ADDRESS_RETRY_S", 0.05)
    tables = tuple(table(greetings_to("hello"), name=f"t{n}") for n in range(2))
    config = ProxyConfig(listeners(2), tables, (Backend("hello", "http2"),))
    await shared_envoy.accept(ProxyConfig())
    with socket.create_server(("0.0.0.0", 8101)):
        shared_envoy.publish(config)
        acceptance = await shared_envoy.settle()
        assert "Address already in use" in acceptance.rejected["listener"]["l1"]
        assert acceptance.has_accepted("listener", "l0")
    await until(shared_envoy.xds, shared_envoy.proxy, lambda now: now.has_accepted("listener", "l1"))


PATTERNS = [
    "(",
    "a{1001}",
    "(?=a)",
    "",
    "[z-a]",
    "a|b|c",
    "(foo|bar){400}",
    r"\x{ff}",
    r"\x{100}",
    "é",
    "a{1000}b{1000}c{1000}d{1000}e{1000}f{1000}",
]


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_our_verdict_on_a_regex_is_envoys(shared_envoy: RunningEnvoy, pattern: str) -> None:
    route = Route("r", RouteMatch(PathMatch("regex", pattern)), forward(("hello", 1)))
    config = ProxyConfig(listeners(1), (table(route, name="t0"),), (Backend("hello", "http2"),))
    shared_envoy.publish(config)
    rejected = (await shared_envoy.settle()).rejected
    assert (regex.problem(pattern) is not None) is bool(rejected), rejected
