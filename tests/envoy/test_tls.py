"""TLS that ends at a real Envoy."""

import asyncio
import ssl

import pytest
from cryptography import x509

from gatelab.proxy.model import Certificate, HttpChain, Listener, ProxyConfig, TlsTermination
from proxy_configs import ADDRESS, SelfSigned, greetings_to, proxy_config, self_signed
from running_envoy import RunningEnvoy, call, grpc_backends, grpc_channel

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

PORT = 8443


def tls_config(*chains: HttpChain, certificates: dict[str, SelfSigned]) -> ProxyConfig:
    plain = proxy_config(greetings_to("hello"), listener=Listener("https", ADDRESS, PORT, chains))
    pairs = tuple(Certificate(name, pair.chain, pair.key) for name, pair in certificates.items())
    return ProxyConfig(plain.listeners, plain.route_tables, plain.backends, pairs)


def chain(certificate: str, *server_names: str) -> HttpChain:
    return HttpChain(certificate, "routes", TlsTermination((certificate,)), server_names)


async def handshake(server_name: str, *alpn: str) -> tuple[int, str | None]:
    """The serial number of the certificate shown for a name, and the protocol agreed on."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(alpn))
    _, writer = await asyncio.open_connection(ADDRESS, PORT, ssl=context, server_hostname=server_name)
    session: ssl.SSLObject = writer.get_extra_info("ssl_object")
    shown = session.getpeercert(binary_form=True)
    protocol = session.selected_alpn_protocol()
    writer.transport.abort()
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number, protocol


async def test_alpn_offers_h2_first_and_http11_too(shared_envoy: RunningEnvoy) -> None:
    pair = self_signed("hello.test")
    await shared_envoy.accept(tls_config(chain("hello"), certificates={"hello": pair}))
    assert await handshake("hello.test", "http/1.1", "h2") == (pair.serial, "h2")
    assert await handshake("hello.test", "http/1.1") == (pair.serial, "http/1.1")


async def test_the_server_name_chooses_the_certificate(shared_envoy: RunningEnvoy) -> None:
    certificates = {name: self_signed(name) for name in ("a.test", "wild.test", "rest.test")}
    chains = (chain("a.test", "a.test"), chain("wild.test", "*.wild.test"), chain("rest.test"))
    await shared_envoy.accept(tls_config(*chains, certificates=certificates))
    for server_name, shown in [("a.test", "a.test"), ("x.wild.test", "wild.test"), ("b.test", "rest.test")]:
        assert await handshake(server_name, "h2") == (certificates[shown].serial, "h2")


async def test_a_renewed_certificate_is_shown_and_connections_stay(shared_envoy: RunningEnvoy) -> None:
    old, new = self_signed("hello.test"), self_signed("hello.test")
    async with grpc_backends(["127.23.2.1"]) as backends:
        endpoints = {"hello": backends.endpoints}
        await shared_envoy.accept(tls_config(chain("hello"), certificates={"hello": old}), endpoints)
        async with grpc_channel(f"{ADDRESS}:{PORT}", authority="hello.test", root=old.chain) as channel:
            assert await call(channel) in backends.calls
            waiting = asyncio.gather(*[call(channel, message=b"wait") for _ in range(3)])
            connections = await shared_envoy.counter("listener.127.23.1.1_8443.downstream_cx_total")
            await shared_envoy.accept(tls_config(chain("hello"), certificates={"hello": new}), endpoints)
            assert await handshake("hello.test", "h2") == (new.serial, "h2")
            backends.release.set()
            assert set(await waiting) == set(backends.calls)
            assert await call(channel) in backends.calls
        # The handshake above is the only connection since.
        assert await shared_envoy.counter("listener.127.23.1.1_8443.downstream_cx_total") == connections + 1


async def test_a_bad_key_is_rejected_in_envoys_words_and_the_good_one_serves_on(shared_envoy: RunningEnvoy) -> None:
    good = self_signed("hello.test")
    await shared_envoy.accept(tls_config(chain("hello"), certificates={"hello": good}))
    bad = SelfSigned(good.chain, self_signed("hello.test").key)
    shared_envoy.publish(tls_config(chain("hello"), certificates={"hello": bad}))
    acceptance = await shared_envoy.settle()
    assert "private key" in acceptance.rejected["certificate"]["hello"].lower()
    assert not acceptance.has_accepted("certificate", "hello")
    assert acceptance.has_accepted("listener", "https")
    assert await handshake("hello.test", "h2") == (good.serial, "h2")
