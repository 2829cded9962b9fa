"""Certificates of clients, judged by a real Envoy; and requests that came by the wrong server name."""

import ssl
import tempfile
from pathlib import Path

import pytest

from gatelab.proxy.model import (
    Authorities,
    Certificate,
    ClientValidation,
    HttpChain,
    Listener,
    ProxyConfig,
    RouteTable,
    TlsTermination,
    VirtualHost,
)
from http_echo import sent
from proxy_configs import ADDRESS, SelfSigned, self_signed
from running_envoy import RunningEnvoy

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

PORT = 8444
PAIR = self_signed("a.test", "b.test")
CLIENT, STRANGER = self_signed("client"), self_signed("client")


def config(clients: ClientValidation | None, trusted: bytes = CLIENT.chain) -> ProxyConfig:
    """Nothing is behind it: 404 is the answer to whoever is let in."""
    chain = HttpChain("all", "routes", TlsTermination(("shown",), clients=clients))
    return ProxyConfig(
        (Listener("judging", ADDRESS, PORT, (chain,)),),
        (RouteTable("routes", (VirtualHost("all", ("*",), ()),)),),
        certificates=(Certificate("shown", PAIR.chain, PAIR.key),),
        authorities=(Authorities("authorities/clients", trusted),) if clients else (),
    )


def client(pair: SelfSigned | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=PAIR.chain.decode())
    if pair is not None:
        with tempfile.TemporaryDirectory(prefix="gl-") as folder:
            chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
            chain.write_bytes(pair.chain)
            key.write_bytes(pair.key)
            context.load_cert_chain(chain, key)
    return context


async def status(pair: SelfSigned | None, host: str = "a.test", server_name: str = "a.test") -> int | None:
    """None for who is not let in."""
    try:
        answer = await sent(
            (ADDRESS, PORT), "/", b"", method="GET", host=host, tls=client(pair), server_name=server_name
        )
    except (ssl.SSLError, ConnectionError, IndexError):
        return None
    return answer.status


async def test_only_those_are_let_in_whom_an_authority_vouches_for(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(config(ClientValidation("authorities/clients")))
    assert [await status(each) for each in (CLIENT, STRANGER, None)] == [404, None, None]


async def test_a_renewed_bundle_counts_for_new_connections(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(config(ClientValidation("authorities/clients")))
    assert await status(CLIENT) == 404
    await shared_envoy.accept(config(ClientValidation("authorities/clients"), STRANGER.chain))
    assert [await status(each) for each in (CLIENT, STRANGER)] == [None, 404]


async def test_insecure_fallback_lets_everybody_in(shared_envoy: RunningEnvoy) -> None:
    await shared_envoy.accept(config(ClientValidation("authorities/clients", required=False)))
    assert [await status(each) for each in (CLIENT, STRANGER, None)] == [404, 404, 404]


async def test_what_belongs_to_another_server_name_is_misdirected(shared_envoy: RunningEnvoy) -> None:
    there = RouteTable("routes", (VirtualHost("a", ("a.test",), ()), VirtualHost("b", ("b.test",), (), elsewhere=True)))
    plain = config(None)
    await shared_envoy.accept(ProxyConfig(plain.listeners, (there,), certificates=plain.certificates))
    hosts = ("a.test", "b.test", "b.test:8444", "c.test")
    assert [await status(None, host) for host in hosts] == [404, 421, 421, 404]
