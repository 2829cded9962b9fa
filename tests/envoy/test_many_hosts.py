"""Tables of many hosts, each a resource of its own: the same answers as one table gives, whatever a Host looks like."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from gatelab.proxy.model import (
    Backend,
    Cors,
    Endpoint,
    HttpChain,
    Listener,
    PathMatch,
    ProxyConfig,
    Route,
    RouteMatch,
    RouteTable,
    VirtualHost,
)
from proxy_configs import forward
from running_envoy import RunningEnvoy, running_envoy, until

pytestmark = [pytest.mark.envoy]

MANY = 3
ADDRESS, PORT = "127.23.9.1", 8080
BACKENDS = (Backend("web", "http1"),)
LISTENER = Listener("http", ADDRESS, PORT, (HttpChain("http", "routes"),))
OTHER_LISTENER = Listener("other", ADDRESS, PORT + 1, (HttpChain("http", "other"),))


def host(domain: str, *routes: Route) -> VirtualHost:
    return VirtualHost(domain, (domain,), routes)


def refusing(name: str, path: str, **fields: object) -> Route:
    """A route that tells by its words that it was chosen."""
    return Route(name, RouteMatch(PathMatch("prefix", path)), forward((None, 1)), **fields)  # type: ignore[arg-type]


def hosts(count: int, *more: VirtualHost) -> tuple[VirtualHost, ...]:
    exact = (host(f"h{n}.example.com", refusing(f"exact-{n}", "/x")) for n in range(count))
    return (*exact, *more)


def config(*tables: RouteTable) -> ProxyConfig:
    listeners = {"routes": LISTENER, "other": OTHER_LISTENER}
    return ProxyConfig(tuple(listeners[each.name] for each in tables), tables, BACKENDS)


WILD = host("*.example.com", refusing("wild", "/x"))
ANY = host("*", refusing("any", "/x"))
TABLE = RouteTable("routes", hosts(3, WILD, ANY))


@pytest_asyncio.fixture
async def spread(socket_folder: Path) -> AsyncIterator[RunningEnvoy]:
    """An Envoy that is told of hosts one by one from three on."""
    async with running_envoy(socket_folder, many_hosts=MANY) as running:
        yield running


@pytest_asyncio.fixture(params=[MANY, 1000], ids=["each host alone", "one table"])
async def either(socket_folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[RunningEnvoy]:
    async with running_envoy(socket_folder, many_hosts=request.param) as running:
        yield running


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a listener that Envoy has acknowledged, but may not have opened yet."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection(ADDRESS, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)


async def exchange(authority: str, path: str, port: int, method: str = "GET", *headers: str) -> tuple[str, str]:
    """The head and the body of the answer to one request."""
    reader, writer = await connected(port)
    writer.write("\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {authority}", *headers, "", ""]).encode())
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
    writer.close()
    return head, body.decode()


async def answer(authority: str, path: str = "/x", port: int = PORT) -> str:
    """The route that answers, or the words of nobody."""
    head, body = await exchange(authority, path, port)
    return body.removeprefix("no backend of route ").removesuffix(" can be used") or head.partition("\r\n")[0]


@pytest.mark.parametrize("authority", ["?", "*", ""])
async def test_no_client_names_its_host_by_our_header(spread: RunningEnvoy, authority: str) -> None:
    table = RouteTable("routes", (*hosts(3), WILD))
    await spread.accept(config(table))
    head, _ = await exchange(authority, "/x", PORT, "GET", "x-gatelab-host: a.example.com")
    assert head.partition("\r\n")[0] in ("HTTP/1.1 404 Not Found", "HTTP/1.1 400 Bad Request")


async def test_a_host_is_found_as_in_one_table(either: RunningEnvoy) -> None:
    await either.accept(config(TABLE))
    for authority, path, expected in (
        ("h1.example.com", "/x", "exact-1"),
        ("h1.example.com:8080", "/x", "exact-1"),
        ("H1.Example.COM", "/x", "exact-1"),
        ("H1.Example.COM:80", "/x", "exact-1"),
        ("h1.example.com", "/y", "no route of this host matches"),
        ("H1.example.com", "/y", "no route of this host matches"),
        ("elsewhere.example.com", "/x", "wild"),
        ("Elsewhere.example.com:80", "/x", "wild"),
        ("elsewhere.example.com", "/y", "no route of this host matches"),
        ("example.org", "/x", "any"),
        ("[::1]:8080", "/x", "any"),
    ):
        assert await answer(authority, path) == expected, authority


async def test_a_host_that_nobody_has_gets_404(spread: RunningEnvoy) -> None:
    await spread.accept(config(RouteTable("routes", hosts(3))))
    assert await answer("elsewhere.example.com") == "HTTP/1.1 404 Not Found"


async def test_two_tables_of_many_hosts_do_not_mix(spread: RunningEnvoy) -> None:
    other = RouteTable("other", (*(host(f"h{n}.example.com", refusing(f"other-{n}", "/x")) for n in range(4)), ANY))
    await spread.accept(config(TABLE))
    await spread.accept(config(TABLE, other))
    assert await answer("h1.example.com") == "exact-1"
    assert await answer("h1.example.com", port=PORT + 1) == "other-1"
    assert await answer("h3.example.com") == "wild"
    await spread.accept(config(RouteTable("other", other.hosts[:1])))
    assert await answer("h0.example.com", port=PORT + 1) == "other-0"
    await spread.accept(config(TABLE))
    assert await answer("h1.example.com") == "exact-1"


async def test_a_table_becomes_one_of_many_hosts_and_follows_changes(spread: RunningEnvoy) -> None:
    for count in (1, 2, 3, 4, 1, 3):
        await spread.accept(config(RouteTable("routes", hosts(count))))
        for n in range(4):
            assert await answer(f"h{n}.example.com") == (f"exact-{n}" if n < count else "HTTP/1.1 404 Not Found")


async def test_cors_is_answered_on_hosts_of_both_kinds(spread: RunningEnvoy) -> None:
    cors = Cors(origins=(".*",), methods=("GET",))
    route = Route("cors", RouteMatch(PathMatch("prefix", "/x")), forward(("web", 1)), cors=cors)
    table = RouteTable("routes", (*hosts(3), host("a.example.com", route), host("*.example.org", route)))
    await spread.accept(config(table))
    asked = ("Origin: http://o.example", "Access-Control-Request-Method: GET")
    for authority in ("a.example.com", "b.example.org"):
        head, _ = await exchange(authority, "/x", PORT, "OPTIONS", *asked)
        assert "access-control-allow-origin: http://o.example" in head, authority
    head, _ = await exchange("h1.example.com", "/x", PORT, "OPTIONS", *asked)
    assert "access-control" not in head


async def test_a_refused_host_is_named_and_the_others_serve(spread: RunningEnvoy) -> None:
    await spread.accept(config(TABLE))
    bad = host("h1.example.com", Route("bad", RouteMatch(PathMatch("regex", "/(")), forward((None, 1))))
    new = hosts(5)
    spread.publish(config(RouteTable("routes", (new[0], bad, *new[2:]))))
    acceptance = await spread.settle()
    assert list(acceptance.rejected["host"]) == ["routes/h1.example.com"]
    assert "missing )" in acceptance.rejected["route_table"]["routes"]
    assert [await answer(f"h{n}.example.com") for n in range(5)] == [f"exact-{n}" for n in range(5)]
    await spread.accept(config(RouteTable("routes", new)))


async def test_a_new_control_plane_changes_nothing_and_misses_nothing(spread: RunningEnvoy) -> None:
    await spread.accept(config(TABLE))
    reloads = await spread.counter("listener_manager.listener_modified")
    await spread.restart_control_plane()
    changed = replace(TABLE, hosts=(*TABLE.hosts[1:], host("new.example.com", refusing("new", "/x"))))
    await spread.accept(config(changed))
    assert await answer("new.example.com") == "new"
    assert await answer("h1.example.com") == "exact-1"
    assert await answer("h0.example.com") == "wild"
    assert await spread.counter("listener_manager.listener_modified") == reloads


async def test_hosts_wait_for_their_backends(spread: RunningEnvoy) -> None:
    await spread.accept(config(RouteTable("routes", hosts(3))))
    serving = Route("to-new", RouteMatch(PathMatch("prefix", "/x")), forward(("new", 1)))
    changed = RouteTable("routes", (host("h0.example.com", serving), *hosts(3)[1:]))
    more = replace(config(changed), backends=(*BACKENDS, Backend("new", "http1")))
    spread.publish(more, {"new": (Endpoint("127.0.0.1", 1),)})
    await until(spread.xds, spread.proxy, lambda now: now.has_accepted("host", "routes/h0.example.com"))
    assert "connection" in await answer("h0.example.com")
