"""TLS between a real Envoy and real backends: whom it asks for, whom it believes, and what it shows."""

import dataclasses
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from gatelab.proxy.model import (
    Authorities,
    Backend,
    Certificate,
    Endpoint,
    ProxyConfig,
    Route,
    RouteMatch,
    SubjectName,
    UpstreamTls,
)
from http_echo import EchoServers, echo_servers, request
from proxy_configs import ADDRESS, PORT, SelfSigned, forward, greetings_to, proxy_config, self_signed
from running_envoy import RunningEnvoy, call, grpc_backends, grpc_channel

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

TARGET = (ADDRESS, PORT)
WEB = Route("web", RouteMatch(), forward(("web", 1)))
NAME = SubjectName("dns", "web.test")


@dataclass
class TlsBackend:
    """A server of TLS that can change its certificate, with the server names that it was asked for."""

    context: ssl.SSLContext
    servers: EchoServers | None = None
    names: list[str | None] = field(default_factory=list)

    @property
    def endpoints(self) -> dict[str, tuple[Endpoint, ...]]:
        assert self.servers is not None
        return {"web": self.servers.endpoints}

    @property
    def answered(self) -> int:
        assert self.servers is not None
        return sum(len(seen) for seen in self.servers.seen.values())


@asynccontextmanager
async def tls_backend(pair: SelfSigned, clients: bytes = b"") -> AsyncIterator[TlsBackend]:
    """It asks for certificates of `clients`, if there are any."""
    backend = TlsBackend(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    show(backend, pair)
    backend.context.set_alpn_protocols(["http/1.1"])
    backend.context.sni_callback = lambda _, name, __: backend.names.append(name)
    if clients:
        backend.context.load_verify_locations(cadata=clients.decode())
        backend.context.verify_mode = ssl.CERT_REQUIRED
    async with echo_servers(["127.23.2.1"], tls=backend.context) as backend.servers:
        yield backend


def show(backend: TlsBackend, pair: SelfSigned) -> None:
    """From now on new connections see this certificate."""
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_bytes(pair.chain)
        key.write_bytes(pair.key)
        backend.context.load_cert_chain(chain, key)


def config(
    trusted: bytes | None,
    *names: SubjectName,
    certificate: SelfSigned | None = None,
    authorities: str = "authorities/web",
) -> ProxyConfig:
    tls = UpstreamTls("web.test", authorities, names or (NAME,), "mine" if certificate else "")
    return dataclasses.replace(
        proxy_config(WEB),
        backends=(Backend("web", "http1", tls=tls),),
        certificates=(Certificate("mine", certificate.chain, certificate.key),) if certificate else (),
        authorities=(Authorities(authorities, trusted),),
    )


async def status(path: str = "/") -> int:
    return (await request(TARGET, path)).status


async def test_the_backend_is_asked_for_by_name_and_shown_who_asks(shared_envoy: RunningEnvoy) -> None:
    pair, mine = self_signed("web.test"), self_signed("gateway.test")
    async with tls_backend(pair, clients=mine.chain) as backend:
        await shared_envoy.accept(config(pair.chain, certificate=mine), backend.endpoints)
        assert await status() == 200
        assert backend.names == ["web.test"]
        # Without a certificate of its own the backend turns it away.
        await shared_envoy.accept(config(pair.chain), backend.endpoints)
        assert await status() == 503


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((NAME,), 200),
        ((SubjectName("dns", "other.test"),), 503),
        ((SubjectName("dns", "other.test"), NAME), 200),
        ((SubjectName("dns", "*.test"),), 200),
        ((SubjectName("dns", "*.web.test"),), 503),
        ((SubjectName("uri", "spiffe://web/test"),), 200),
        ((SubjectName("uri", "spiffe://other/test"),), 503),
    ],
)
async def test_one_of_the_names_is_enough(
    shared_envoy: RunningEnvoy, names: tuple[SubjectName, ...], expected: int
) -> None:
    pair = self_signed("web.test", uri="spiffe://web/test")
    async with tls_backend(pair) as backend:
        await shared_envoy.accept(config(pair.chain, *names), backend.endpoints)
        assert await status() == expected
        assert backend.answered == (expected == 200)


async def test_a_wildcard_in_the_certificate_stands_for_one_label(shared_envoy: RunningEnvoy) -> None:
    pair = self_signed("*.test")
    async with tls_backend(pair) as backend:
        await shared_envoy.accept(config(pair.chain), backend.endpoints)
        assert await status() == 200
        await shared_envoy.accept(config(pair.chain, SubjectName("dns", "a.web.test")), backend.endpoints)
        assert await status() == 503


@pytest.mark.parametrize("trusted", [self_signed("web.test").chain, None], ids=["another", "of the machine"])
async def test_a_backend_that_nobody_vouches_for_gets_nothing(
    shared_envoy: RunningEnvoy, trusted: bytes | None
) -> None:
    async with tls_backend(self_signed("web.test")) as backend:
        await shared_envoy.accept(config(trusted), backend.endpoints)
        assert await status() == 503
        assert backend.answered == 0


async def test_a_backend_without_tls_gets_nothing(shared_envoy: RunningEnvoy) -> None:
    async with echo_servers(["127.23.2.1"]) as servers:
        await shared_envoy.accept(config(self_signed("web.test").chain), {"web": servers.endpoints})
        assert await status() == 503
        assert servers.times("/") == 0


async def test_a_renewed_bundle_touches_no_connection_and_counts_for_new_ones(shared_envoy: RunningEnvoy) -> None:
    old, new = self_signed("web.test"), self_signed("web.test")
    name = "authorities/renewed"
    async with tls_backend(old) as backend:
        await shared_envoy.accept(config(old.chain, authorities=name), backend.endpoints)
        assert await status() == 200
        made = await shared_envoy.counter("cluster.web.upstream_cx_total")
        await shared_envoy.accept(config(old.chain + new.chain, authorities=name), backend.endpoints)
        assert await status() == 200
        assert await shared_envoy.counter("cluster.web.upstream_cx_total") == made
    # A pod that was started anew has the new certificate.
    async with tls_backend(new) as rolled:
        await shared_envoy.accept(config(old.chain + new.chain, authorities=name), rolled.endpoints)
        assert await status() == 200
        await shared_envoy.accept(config(new.chain, authorities=name), rolled.endpoints)
        assert await status() == 200
        assert rolled.answered == 2


async def test_grpc_with_tls_is_http2_by_alpn(shared_envoy: RunningEnvoy) -> None:
    pair = self_signed("web.test")
    tls = UpstreamTls("web.test", "authorities/grpc", (NAME,))
    secure = dataclasses.replace(
        proxy_config(greetings_to("hello")),
        backends=(Backend("hello", "http2", tls=tls),),
        authorities=(Authorities("authorities/grpc", pair.chain),),
    )
    strangers = dataclasses.replace(secure, authorities=(Authorities("authorities/grpc", self_signed("x").chain),))
    # gRPC servers take no connection on which h2 is not agreed on.
    credentials = grpc.ssl_server_credentials([(pair.key, pair.chain)])
    async with grpc_backends(["127.23.2.1"], credentials=credentials) as backends:
        endpoints = {"hello": backends.endpoints}
        async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
            await shared_envoy.accept(strangers, endpoints)
            assert await call(channel) == "UNAVAILABLE"
            await shared_envoy.accept(secure, endpoints)
            assert await call(channel) in backends.calls
