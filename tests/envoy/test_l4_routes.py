"""Layer 4 with weights, by server name, and of datagrams."""

import asyncio
import ssl
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatelab.proxy.model import (
    Backend,
    Certificate,
    Endpoint,
    Listener,
    ProxyConfig,
    TcpChain,
    TlsTermination,
    UdpChain,
    WeightedBackend,
)
from l4_echo import asked, asked_by_datagram, tcp_server, trusting, udp_server
from proxy_configs import ADDRESS, SelfSigned, self_signed
from running_envoy import DEADLINE_S, RunningEnvoy

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

PORT = 8082
BACKEND = "127.23.2.9"
CALLS = 300


def tcp(*chains: TcpChain, certificates: tuple[Certificate, ...] = ()) -> ProxyConfig:
    backends = (Backend("a", "tcp"), Backend("b", "tcp"))
    return ProxyConfig((Listener("l4", ADDRESS, PORT, chains),), backends=backends, certificates=certificates)


def udp(*shares: WeightedBackend) -> ProxyConfig:
    backends = (Backend("a", "udp"), Backend("b", "udp"))
    return ProxyConfig((Listener("udp", ADDRESS, PORT, (UdpChain("udp", shares),)),), backends=backends)


async def test_connections_go_by_weight(shared_envoy: RunningEnvoy) -> None:
    async with tcp_server("a", BACKEND) as a, tcp_server("b", BACKEND) as b:
        endpoints = {"a": (Endpoint(BACKEND, a),), "b": (Endpoint(BACKEND, b),)}
        shares = (WeightedBackend("a", 3), WeightedBackend("b", 1), WeightedBackend(None, 1), WeightedBackend("b", 0))
        await shared_envoy.accept(tcp(TcpChain("l4", shares)), endpoints)
        found = Counter([await asked(ADDRESS, PORT) for _ in range(CALLS)])
    # Expected 180, 60 and 60; so far off with a probability below 1e-6.
    assert abs(found["a"] - 180) < 45
    assert abs(found["b"] - 60) < 40
    assert abs(found[""] - 60) < 40


async def test_without_a_backend_connections_are_closed(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(tcp(TcpChain("l4", ())), {})
    assert await asked(ADDRESS, PORT) == ""


async def test_server_names_choose_who_ends_tls(shared_envoy: RunningEnvoy) -> None:
    pairs = {name: self_signed(f"{name}.test", f"x.{name}.test") for name in ("ended", "passed")}
    certificate = Certificate("ended", pairs["ended"].chain, pairs["ended"].key)
    chains = (
        TcpChain("ended", (WeightedBackend("a"),), ("ended.test",), TlsTermination(("ended",), alpn=())),
        TcpChain("passed", (WeightedBackend("b"),), ("*.passed.test",)),
    )
    async with tcp_server("a", BACKEND) as a, tcp_server("b", BACKEND, tls=server_tls(pairs["passed"])) as b:
        endpoints = {"a": (Endpoint(BACKEND, a),), "b": (Endpoint(BACKEND, b),)}
        await shared_envoy.accept(tcp(*chains, certificates=(certificate,)), endpoints)
        ended, passed = (trusting(each.chain) for each in pairs.values())
        assert await asked(ADDRESS, PORT, tls=ended, server_name="ended.test") == "a"
        assert await asked(ADDRESS, PORT, tls=passed, server_name="x.passed.test") == "b"
        assert await asked(ADDRESS, PORT, tls=passed, server_name="passed.test") == "", "a wildcard is not the apex"
        assert await asked(ADDRESS, PORT) == "", "no TLS, no name"


def server_tls(pair: SelfSigned) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(pair.chain + pair.key)
        context.load_cert_chain(file.name)
    return context


async def test_a_change_of_one_chain_leaves_the_connections_of_the_others(shared_envoy: RunningEnvoy) -> None:
    pair = self_signed("kept.test", "changed.test")
    kept = TcpChain("kept", (WeightedBackend("a"),), ("kept.test",))
    before, after = (TcpChain("changed", (WeightedBackend(each),), ("changed.test",)) for each in ("a", "b"))
    tls, trust = server_tls(pair), trusting(pair.chain)
    async with tcp_server("a", BACKEND, tls=tls) as a, tcp_server("b", BACKEND, tls=tls) as b:
        endpoints = {"a": (Endpoint(BACKEND, a),), "b": (Endpoint(BACKEND, b),)}
        await shared_envoy.accept(tcp(kept, before), endpoints)
        async with dialogue("kept.test", trust) as one, dialogue("changed.test", trust) as other:
            assert (await one(), await other()) == ("a", "a")
            await shared_envoy.accept(tcp(kept, after), endpoints)
            assert await other() == "a", "it is drained, not cut"
            assert await asked(ADDRESS, PORT, tls=trust, server_name="changed.test") == "b"
            assert await asyncio.wait_for(other.reader.read(), DEADLINE_S) == b"", "and cut when the time has come"
            assert await one() == "a"


@dataclass
class Dialogue:
    """A connection on which one can ask again and again."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def __call__(self) -> str:
        self.writer.write(b"who is there?\n")
        return (await asyncio.wait_for(self.reader.readline(), DEADLINE_S)).decode().strip()


@asynccontextmanager
async def dialogue(server_name: str, tls: ssl.SSLContext) -> AsyncIterator[Dialogue]:
    reader, writer = await asyncio.open_connection(ADDRESS, PORT, ssl=tls, server_hostname=server_name)
    yield Dialogue(reader, writer)
    writer.close()


async def test_datagrams_go_by_weight(shared_envoy: RunningEnvoy) -> None:
    async with udp_server("a", BACKEND) as a, udp_server("b", BACKEND) as b:
        endpoints = {"a": (Endpoint(BACKEND, a),), "b": (Endpoint(BACKEND, b),)}
        await shared_envoy.accept(udp(WeightedBackend("a", 3), WeightedBackend("b", 1)), endpoints)
        found = Counter([await asked_by_datagram(ADDRESS, PORT) for _ in range(CALLS)])
        # Expected 225 and 75; so far off with a probability below 1e-6.
        assert abs(found["a"] - 225) < 40
        assert found["a"] + found["b"] == CALLS
        await shared_envoy.accept(udp(WeightedBackend("b", 1), WeightedBackend("a", 0)), endpoints)
        assert await asked_by_datagram(ADDRESS, PORT) == "b"


async def test_datagrams_to_nowhere_are_dropped(shared_envoy: RunningEnvoy) -> None:
    for shares in ((), (WeightedBackend(None),)):
        await shared_envoy.accept(udp(*shares), {})
        assert await asked_by_datagram(ADDRESS, PORT, patience_s=0.2) == ""
