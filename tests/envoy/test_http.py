"""What a real Envoy does with HTTP requests: matches, changes of headers and paths, redirects, mirrors, timeouts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from gatelab.proxy.model import (
    Backend,
    Forward,
    HeaderChanges,
    HeaderMatch,
    Mirror,
    PathChange,
    PathMatch,
    ProxyConfig,
    QueryMatch,
    Redirect,
    Route,
    RouteMatch,
    WeightedBackend,
)
from http_echo import Answer, EchoServers, echo_servers, request
from proxy_configs import ADDRESS, LISTENER, PORT, table
from running_envoy import RunningEnvoy, grpc_channel

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

TARGET = (ADDRESS, PORT)
EVERY = RouteMatch()
NAMES = ("one", "two")


@pytest_asyncio.fixture(loop_scope="session")
async def servers() -> AsyncIterator[EchoServers]:
    async with echo_servers(["127.23.3.1", "127.23.3.2"]) as running:
        yield running


def to(name: str, **fields: Any) -> Forward:
    return Forward((WeightedBackend(name),), failure_status=500, **fields)


async def serve(envoy: RunningEnvoy, servers: EchoServers, *routes: Route) -> None:
    backends = tuple(Backend(name, "http1") for name in NAMES)
    endpoints = {name: (endpoint,) for name, endpoint in zip(NAMES, servers.endpoints, strict=True)}
    await envoy.accept(ProxyConfig((LISTENER,), (table(*routes),), backends), endpoints)


def server(answer: Answer) -> str:
    return {"127.23.3.1": "one", "127.23.3.2": "two"}.get(answer.body.get("server", ""), str(answer.status))


@pytest.mark.parametrize(
    ("match", "yes", "no"),
    [
        (RouteMatch(PathMatch("prefix", "/a/")), [("/a", {}), ("/a/", {}), ("/a/b", {}), ("/a?q", {})], [("/ab", {})]),
        (RouteMatch(PathMatch("exact", "/a")), [("/a", {}), ("/a?b=c", {})], [("/a/", {}), ("/A", {})]),
        (
            RouteMatch(PathMatch("regex", "/a/[0-9]+")),
            [("/a/1", {}), ("/a/22?x", {})],
            [("/a/1/b", {}), ("/b/a/1", {})],
        ),
        (RouteMatch(method="POST"), [("/", {"method": "POST"})], [("/", {}), ("/", {"method": "PUT"})]),
        (
            RouteMatch(query=(QueryMatch("q", "exact", "a%20b"), QueryMatch("n", "regex", "[0-9]+"))),
            [("/?q=a%20b&n=1", {}), ("/?n=1&q=a%20b&q=c", {})],
            [("/?q=a+b&n=1", {}), ("/?q=ab&n=1", {}), ("/?n=1", {}), ("/?q=a%20b&n=1x", {}), ("/?Q=a%20b&n=1", {})],
        ),
        (
            RouteMatch(headers=(HeaderMatch("x-a", "exact", "1"), HeaderMatch("x-b", "regex", "y.*"))),
            [("/", {"X-A": "1", "x-B": "yes"})],
            [("/", {"x-a": "1"}), ("/", {"x-a": "1", "x-b": "no"})],
        ),
        (RouteMatch(headers=(HeaderMatch("host", "exact", "a.test"),)), [("/", {"host": "a.test"})], [("/", {})]),
    ],
)
async def test_matches(
    shared_envoy: RunningEnvoy,
    servers: EchoServers,
    match: RouteMatch,
    yes: list[tuple[str, dict[str, str]]],
    no: list[tuple[str, dict[str, str]]],
) -> None:
    await serve(shared_envoy, servers, Route("match", match, to("one")), Route("rest", EVERY, to("two")))
    assert [path for path, headers in yes if server(await request(TARGET, path, **headers)) != "one"] == []
    for path, headers in no:
        assert server(await request(TARGET, path, **headers)) == "two", (path, headers)


async def test_what_no_route_takes_is_404(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    await serve(shared_envoy, servers, Route("a", RouteMatch(PathMatch("prefix", "/a")), to("one")))
    assert (await request(TARGET, "/b")).status == 404


@pytest.mark.parametrize("path", ["/greetings.GreetMe/Send", "/other.Service/Method"])
async def test_a_grpc_client_is_told_why(shared_envoy: RunningEnvoy, servers: EchoServers, path: str) -> None:
    route = Route("mine", RouteMatch(PathMatch("prefix", "/greetings.GreetMe"), grpc=True), Forward(()))
    await serve(shared_envoy, servers, route)
    async with grpc_channel(f"{ADDRESS}:{PORT}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_unary(path)(b"", timeout=30)
    told = {
        grpc.StatusCode.UNAVAILABLE: "no backend of route mine can be used",
        grpc.StatusCode.UNIMPLEMENTED: "no route of this host matches",
    }
    assert told[raised.value.code()] == raised.value.details()
    assert (raised.value.code() is grpc.StatusCode.UNAVAILABLE) is path.startswith("/greetings")


@pytest.mark.parametrize("shares", [(), (WeightedBackend(None),), (WeightedBackend("one", 0),)])
async def test_what_cannot_be_served_is_500(
    shared_envoy: RunningEnvoy, servers: EchoServers, shares: tuple[WeightedBackend, ...]
) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, Forward(shares, failure_status=500)))
    assert (await request(TARGET, "/")).status == 500


CHANGES = HeaderChanges(set=(("x-set", "100%"),), add=(("x-add", "new"),), remove=("x-gone",))


async def test_headers_of_the_request_are_changed(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, to("one"), request_headers=CHANGES))
    seen = (await request(TARGET, "/", X_Set="old", X_Add="old", X_Gone="here", X_Other="stays")).body["headers"]
    assert seen["x-set"] == ["100%"]
    assert ",".join(seen["x-add"]) == "old,new"
    assert "x-gone" not in seen
    assert seen["x-other"] == ["stays"]


async def test_headers_of_the_answer_are_changed(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, to("one"), response_headers=CHANGES))
    answer = await request(TARGET, "/")
    assert (answer.header("x-set"), answer.header("x-add")) == ("100%", "new")
    assert "x-gone" not in answer.headers
    assert answer.header("x-from") == "127.23.3.1"


async def test_a_backends_changes_are_its_own_and_come_after_the_routes(
    shared_envoy: RunningEnvoy, servers: EchoServers
) -> None:
    def share(name: str) -> WeightedBackend:
        return WeightedBackend(name, 1, HeaderChanges(set=(("x-set", name),)), HeaderChanges(set=(("x-answer", name),)))

    for shares in ([share("one"), share("two")], [share("one")]):
        action = Forward(tuple(shares))
        await serve(shared_envoy, servers, Route("a", EVERY, action, request_headers=CHANGES))
        answers = [await request(TARGET, "/") for _ in range(30)]
        assert {server(each) for each in answers} == {each.backend for each in shares}
        for each in answers:
            assert each.body["headers"]["x-set"] == [server(each)] == [each.header("x-answer")]
            assert each.body["headers"]["x-add"] == ["new"]


@pytest.mark.parametrize(
    ("redirect", "asked", "location"),
    [
        (Redirect(host="b.test"), "/x?q=1", "http://b.test/x?q=1"),
        (Redirect(scheme="https"), "/x", "https://x.test/x"),
        (Redirect(port=8443, status=301), "/x", "http://x.test:8443/x"),
        (Redirect(scheme="https", host="b.test", port=444, status=308), "/", "https://b.test:444/"),
        (Redirect(path=PathChange("/new"), status=303), "/old/x?q=1", "http://x.test/new?q=1"),
        (Redirect(path=PathChange("/n", "/o"), status=307), "/o/x", "http://x.test/n/x"),
        (Redirect(path=PathChange("/", "/o")), "/o/x", "http://x.test/x"),
        (Redirect(path=PathChange("/", "/o")), "/o", "http://x.test/"),
        (Redirect(path=PathChange("/n/", "/o/")), "/o/x", "http://x.test/n/x"),
        (Redirect(path=PathChange("/n", "/")), "/o", "http://x.test/n/o"),
    ],
)
async def test_redirects(
    shared_envoy: RunningEnvoy, servers: EchoServers, redirect: Redirect, asked: str, location: str
) -> None:
    prefix = (redirect.path.prefix if redirect.path else None) or "/"
    await serve(shared_envoy, servers, Route("a", RouteMatch(PathMatch("prefix", prefix)), redirect))
    answer = await request(TARGET, asked)
    assert (answer.status, answer.header("location")) == (redirect.status, location)


@pytest.mark.parametrize(
    ("fields", "asked", "path", "host"),
    [
        ({"path": PathChange("/new")}, "/o/x?q=1", "/new?q=1", "x.test"),
        ({"path": PathChange("/a\\1", "/o")}, "/o/x", "/a\\1/x", "x.test"),
        ({"path": PathChange("", "/o")}, "/o/x", "/x", "x.test"),
        ({"path": PathChange("", "/o")}, "/o", "/", "x.test"),
        ({"path": PathChange("/n", "/o"), "host": "b.test"}, "/o?q", "/n?q", "b.test"),
    ],
)
async def test_rewrites(
    shared_envoy: RunningEnvoy, servers: EchoServers, fields: dict[str, Any], asked: str, path: str, host: str
) -> None:
    match = RouteMatch(PathMatch("prefix", fields["path"].prefix or "/"))
    await serve(shared_envoy, servers, Route("a", match, to("one", **fields)))
    seen = (await request(TARGET, asked)).body
    assert (seen["path"], seen["headers"]["host"]) == (path, [host])


async def test_a_mirror_gets_a_copy_and_its_answer_goes_nowhere(
    shared_envoy: RunningEnvoy, servers: EchoServers
) -> None:
    action = to("one", mirrors=(Mirror("two"),))
    await serve(shared_envoy, servers, Route("a", EVERY, action))
    assert server(await request(TARGET, "/copied")) == "one"
    copies = servers.seen["127.23.3.2"]
    async with asyncio.timeout(30), servers.arrived:
        await servers.arrived.wait_for(lambda: any(each["path"] == "/copied" for each in copies))
    assert copies[-1]["headers"]["host"] == ["x.test"]


@pytest.mark.parametrize("fields", [{"timeout_s": 0.1}, {"attempt_timeout_s": 0.1}])
async def test_an_answer_that_takes_too_long_is_504(
    shared_envoy: RunningEnvoy, servers: EchoServers, fields: dict[str, float]
) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, to("one", **fields)))
    assert (await request(TARGET, "/slow")).status == 504
    assert (await request(TARGET, "/quick")).status == 200
