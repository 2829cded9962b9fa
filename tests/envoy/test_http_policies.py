"""What a real Envoy does with CORS, retries and sessions."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gatelab.proxy.model import (
    Backend,
    Cors,
    Endpoint,
    Forward,
    HttpChain,
    Listener,
    PathMatch,
    ProxyConfig,
    Retry,
    Route,
    RouteMatch,
    RouteTable,
    Session,
    VirtualHost,
    WeightedBackend,
)
from gatelab.proxy.resources.many_hosts import MANY
from http_echo import Answer, EchoServers, echo_servers, request
from proxy_configs import ADDRESS, LISTENER, PORT, table
from running_envoy import RunningEnvoy

pytestmark = [pytest.mark.envoy, pytest.mark.asyncio(loop_scope="session")]

TARGET = (ADDRESS, PORT)
EVERY = RouteMatch()
ADDRESSES = ("127.23.4.1", "127.23.4.2", "127.23.4.3", "127.23.4.4")
PAIRS = {"one": ADDRESSES[:2], "two": ADDRESSES[2:]}
"""Two backends of two endpoints each."""


@pytest_asyncio.fixture(loop_scope="session")
async def servers() -> AsyncIterator[EchoServers]:
    async with echo_servers(ADDRESSES) as running:
        yield running


def to(*shares: tuple[str, int], **fields: Any) -> Forward:
    return Forward(tuple(WeightedBackend(*share) for share in shares), failure_status=500, **fields)


async def serve(envoy: RunningEnvoy, servers: EchoServers, *routes: Route, gone: frozenset[str] = frozenset()) -> None:
    by_address = {endpoint.address: endpoint for endpoint in servers.endpoints}
    endpoints: dict[str, tuple[Endpoint, ...]] = {
        name: tuple(by_address[each] for each in addresses if each not in gone) for name, addresses in PAIRS.items()
    }
    backends = tuple(Backend(name, "http1") for name in PAIRS)
    await envoy.accept(ProxyConfig((LISTENER,), (table(*routes),), backends), endpoints)


ONE = to(("one", 1))
SOME = Cors(
    (r"https://a\.test", r"https://[^/:]+\.b\.test"),
    methods=("GET", "OPTIONS"),
    headers=("x-1", "x-2"),
    exposed_headers=("x-3", "x-4"),
    credentials=True,
    max_age_s=3600,
)
ANY = Cors((".*",), methods=("*",), headers=("*",))
ANY_WITH_CREDENTIALS = Cors((".*",), methods=("*",), headers=("*",), credentials=True)


def granted(answer: Answer) -> dict[str, str]:
    begin = "access-control-"
    return {name.removeprefix(begin): answer.header(name) for name in answer.headers if name.startswith(begin)}


async def preflight(origin: str, method: str = "PUT", headers: str = "x-1,x-2") -> Answer:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return await request(TARGET, "/", method="OPTIONS", Origin=origin, **asked)


@pytest.mark.parametrize(
    ("cors", "origin", "told"),
    [
        (
            SOME,
            "https://x.y.b.test",
            {
                "allow-origin": "https://x.y.b.test",
                "allow-methods": "GET, OPTIONS",
                "allow-headers": "x-1, x-2",
                "expose-headers": "x-3, x-4",
                "allow-credentials": "true",
                "max-age": "3600",
            },
        ),
        (
            ANY,
            "http://o.test:81",
            {"allow-origin": "http://o.test:81", "allow-methods": "PUT", "allow-headers": "x-1,x-2", "max-age": "5"},
        ),
        (
            ANY_WITH_CREDENTIALS,
            "http://o.test:81",
            {
                "allow-origin": "http://o.test:81",
                "allow-methods": "PUT",
                "allow-headers": "x-1,x-2",
                "allow-credentials": "true",
                "max-age": "5",
            },
        ),
    ],
)
async def test_a_preflight_is_answered_by_the_proxy(
    shared_envoy: RunningEnvoy, servers: EchoServers, cors: Cors, origin: str, told: dict[str, str]
) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, ONE, cors=cors))
    answer = await preflight(origin)
    assert (answer.status, granted(answer)) == (200, told)
    assert not any(servers.seen.values())


async def test_a_preflight_of_another_origin_meets_no_backend(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, ONE, cors=SOME))
    answer = await preflight("https://other.test")
    assert answer.status == 200
    assert "allow-origin" not in granted(answer)
    assert not any(servers.seen.values())


async def test_what_was_not_asked_for_is_not_answered(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, ONE, cors=ANY_WITH_CREDENTIALS))
    asked = {"Access-Control-Request-Method": "PUT", "Origin": "http://o.test"}
    answer = await request(TARGET, "/", method="OPTIONS", **asked)
    assert granted(answer) == {
        "allow-origin": "http://o.test",
        "allow-methods": "PUT",
        "allow-credentials": "true",
        "max-age": "5",
    }


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (
            "https://a.test",
            {"allow-origin": "https://a.test", "allow-credentials": "true", "expose-headers": "x-3, x-4"},
        ),
        ("https://other.test", {}),
    ],
)
async def test_a_request_is_forwarded_and_its_answer_shared_with_its_origin(
    shared_envoy: RunningEnvoy, servers: EchoServers, origin: str, told: dict[str, str]
) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, ONE, cors=SOME))
    answer = await request(TARGET, "/", Origin=origin)
    assert (answer.status, granted(answer)) == (200, told)


async def test_other_routes_know_nothing_of_it(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    policed = Route("a", RouteMatch(PathMatch("prefix", "/a")), ONE, cors=ANY)
    await serve(shared_envoy, servers, policed, Route("b", EVERY, ONE))
    answer = await preflight("http://o.test")
    assert (answer.status, granted(answer)) == (200, {})
    assert answer.body["method"] == "OPTIONS"


@pytest.mark.parametrize(
    ("asked", "attempts", "status", "tries"),
    [
        ("/fails/500/2", 3, 200, 3),
        ("/fails/500/4", 3, 500, 4),
        ("/fails/502/1", 3, 502, 1),
        ("/hangs/1", 1, 200, 2),
        ("/resets/1", 1, 200, 2),
        ("/resets/2", 1, 503, 2),
    ],
)
async def test_what_failed_is_tried_again(
    shared_envoy: RunningEnvoy, servers: EchoServers, asked: str, attempts: int, status: int, tries: int
) -> None:
    retry = Retry(attempts, (500, 503), backoff_s=0.001)
    patience_s = 1.5 if asked.startswith("/hangs") else 20
    action = to(("one", 1), retry=retry, attempt_timeout_s=patience_s)
    await serve(shared_envoy, servers, Route("a", EVERY, action))
    answer = await request(TARGET, asked, method="POST")
    assert answer.status == status
    seen = [each["server"] for every in servers.seen.values() for each in every if each["path"] == asked]
    assert len(seen) == tries
    assert len(set(seen)) > 1 or tries == 1, "another endpoint is tried"


async def test_the_whole_has_its_time_however_often_it_is_tried(
    shared_envoy: RunningEnvoy, servers: EchoServers
) -> None:
    action = to(("one", 1), retry=Retry(100, (500,)), timeout_s=0.5, attempt_timeout_s=0.1)
    await serve(shared_envoy, servers, Route("a", EVERY, action))
    assert (await request(TARGET, "/hangs/1000")).status == 504


COOKIE = Session("cookie", "s")


def cookies(answer: Answer) -> dict[str, str]:
    """What a client would send back, by name; with the attributes."""
    found = {}
    for each in answer.headers.get("set-cookie", ()):
        name, _, rest = each.partition("=")
        found[name] = rest
    return found


def brought(answer: Answer) -> dict[str, str]:
    pairs = [f"{name}={rest.partition(';')[0]}" for name, rest in cookies(answer).items()]
    return {"Cookie": "; ".join(["first=1", *pairs, "last=2"])}


async def test_a_session_stays_at_its_endpoint_by_cookie(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    await serve(shared_envoy, servers, Route("a", EVERY, to(("one", 1), session=COOKIE)))
    first = await request(TARGET, "/")
    assert not re.search("Max-Age|Expires", cookies(first)["s"], re.IGNORECASE)
    answers = [await request(TARGET, "/", **brought(first)) for _ in range(10)]
    assert {each.body["server"] for each in answers} == {first.body["server"]}
    assert [cookies(each) for each in answers] == [{}] * 10
    others = [(await request(TARGET, "/")).body["server"] for _ in range(10)]
    assert set(others) == set(PAIRS["one"]), "who has no session is balanced"


async def test_a_permanent_cookie_says_how_long(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    session = Session("cookie", "s", lifetime_s=300, path="/p", secure=True)
    await serve(shared_envoy, servers, Route("a", EVERY, to(("one", 1), ("two", 1), session=session)))
    for said in cookies(await request(TARGET, "/p")).values():
        attributes = {each.strip().lower() for each in said.split(";")[1:]}
        assert attributes == {"path=/p", "max-age=300", "httponly", "secure"}


async def test_a_session_stays_at_its_endpoint_by_header(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    session = Session("header", "x-session")
    await serve(shared_envoy, servers, Route("a", EVERY, to(("one", 1), session=session)))
    first = await request(TARGET, "/")
    answers = [await request(TARGET, "/", X_Session=first.header("x-session")) for _ in range(10)]
    assert {each.body["server"] for each in answers} == {first.body["server"]}


@pytest.mark.parametrize("carrier", ["cookie", "header"])
async def test_a_session_moves_when_its_endpoint_is_gone(
    shared_envoy: RunningEnvoy, servers: EchoServers, carrier: Any
) -> None:
    route = Route("a", EVERY, to(("one", 1), session=Session(carrier, "s")))
    await serve(shared_envoy, servers, route)
    first = await request(TARGET, "/")
    bring = brought(first) if carrier == "cookie" else {"s": first.header("s")}
    await serve(shared_envoy, servers, route, gone=frozenset({first.body["server"]}))
    moved = await request(TARGET, "/", **bring)
    assert moved.status == 200
    assert moved.body["server"] != first.body["server"]
    assert cookies(moved) or moved.header("s"), "the client is told"


async def test_a_session_stays_whatever_the_weights(shared_envoy: RunningEnvoy, servers: EchoServers) -> None:
    def route(one: int, two: int) -> Route:
        return Route("a", EVERY, to(("one", one), ("two", two), session=COOKIE))

    await serve(shared_envoy, servers, route(50, 50))
    sessions = [await request(TARGET, "/") for _ in range(20)]
    at = {name: [each for each in sessions if each.body["server"] in PAIRS[name]] for name in PAIRS}
    assert at["one"]
    assert at["two"]
    await serve(shared_envoy, servers, route(0, 1))
    for each in sessions:
        again = [await request(TARGET, "/", **brought(each)) for _ in range(3)]
        assert Counter(one.body["server"] for one in again) == {each.body["server"]: 3}
    fresh = [(await request(TARGET, "/")).body["server"] for _ in range(10)]
    assert set(fresh) <= set(PAIRS["two"])


@pytest.mark.parametrize("host", ["h7.test", "H7.test", "any.w.test"])
async def test_it_is_the_same_where_each_host_is_a_resource_of_its_own(
    shared_envoy: RunningEnvoy, servers: EchoServers, host: str
) -> None:
    route = Route("a", EVERY, to(("one", 1), ("two", 1), session=COOKIE), cors=ANY)
    names = (*(f"h{number}.test" for number in range(MANY)), "*.w.test")
    # A table that was spread stays so: the other tests keep theirs.
    hosts = RouteTable("spread", tuple(VirtualHost(name, (name,), (route,)) for name in names))
    listener = Listener("spread", ADDRESS, PORT, (HttpChain("spread", "spread"),))
    by_address = {endpoint.address: endpoint for endpoint in servers.endpoints}
    endpoints = {name: tuple(by_address[each] for each in addresses) for name, addresses in PAIRS.items()}
    config = ProxyConfig((listener,), (hosts,), tuple(Backend(name, "http1") for name in PAIRS))
    await shared_envoy.accept(config, endpoints)
    first = await request(TARGET, "/", host=host, Origin="http://o.test")
    assert first.header("access-control-allow-origin") == "http://o.test"
    again = [await request(TARGET, "/", host=host, **brought(first)) for _ in range(5)]
    assert {each.body["server"] for each in again} == {first.body["server"]}
