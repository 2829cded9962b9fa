"""pods/log and pods/proxy."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import api_objects as make
from asgi_requests import Requests
from fake_logs import FakeLogs

PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"


async def test_logs_are_text_and_every_option_is_passed_on(api: Requests, logs: FakeLogs) -> None:
    await api("POST", PODS, make.pod())
    query = "follow=true&previous=1&tailLines=3&sinceTime=2026-01-02T03:03:55Z&timestamps=true&limitBytes=9"
    answer = await api("GET", f"{PODS}/p/log?{query}")
    assert (answer.body, answer.headers["content-type"]) == (b"one\ntwo\n", "text/plain")
    assert logs.asked == [
        {
            "namespace": "default",
            "pod": "p",
            "container": "hello",
            "follow": True,
            "previous": True,
            "tail_lines": 3,
            "since_s": 10.0,
            "timestamps": True,
            "limit_bytes": 9,
        }
    ]


async def test_an_error_of_the_logs_is_a_status(api: Requests, logs: FakeLogs) -> None:
    await api("POST", PODS, make.pod())
    logs.missing = True
    answer = await api("GET", f"{PODS}/p/log?previous=true")
    assert (answer.status, answer.json["reason"]) == (404, "NotFound")


async def test_a_container_that_never_started_says_what_it_waits_for(api: Requests) -> None:
    await api("POST", PODS, make.pod())
    waiting = {"reason": "ErrImagePull", "message": 'no program is known for image "x"'}
    status: dict[str, Any] = {"name": "hello", "state": {"waiting": waiting}}
    await api("PATCH", f"{PODS}/p/status", {"status": {"containerStatuses": [status]}}, content_type=MERGE)
    answer = await api("GET", f"{PODS}/p/log")
    assert (answer.status, answer.message) == (
        400,
        'container "hello" in pod "p" is waiting to start: ErrImagePull: no program is known for image "x"',
    )
    status["lastState"] = {"terminated": {"exitCode": 1}}
    await api("PATCH", f"{PODS}/p/status", {"status": {"containerStatuses": [status]}}, content_type=MERGE)
    assert (await api("GET", f"{PODS}/p/log")).body == b"one\ntwo\n"


async def test_a_container_must_be_named_where_there_are_several(api: Requests) -> None:
    await api("POST", PODS, make.pod(containers=[make.container(name="a"), make.container(name="b")]))
    answer = await api("GET", f"{PODS}/p/log")
    assert (answer.status, answer.message) == (
        400,
        "a container name must be specified for pod p, choose one of: [a b]",
    )
    assert (await api("GET", f"{PODS}/p/log?container=b")).status == 200
    assert (await api("GET", f"{PODS}/p/log?container=c")).status == 400


@pytest.mark.parametrize(
    "query", ["sinceTime=yesterday", "tailLines=-1", "sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z"]
)
async def test_bad_options_are_refused(api: Requests, query: str) -> None:
    await api("POST", PODS, make.pod())
    assert (await api("GET", f"{PODS}/p/log?{query}")).status == 400


@pytest.fixture
async def web_port() -> AsyncIterator[int]:
    """A server of one connection a request, which tells what it was asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")[0]
        head = b"HTTP/1.1 418 T\r\ncontent-type: text/x\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head + f"{len(line):x}\r\n".encode() + line + b"\r\n0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_a_request_is_passed_on_to_the_pod(api: Requests, web_port: int) -> None:
    await api("POST", PODS, make.pod())
    assert (await api("GET", f"{PODS}/p:{web_port}/proxy/stats?x=1")).status == 503
    await api("PATCH", f"{PODS}/p/status", {"status": {"podIP": "127.0.0.1"}}, content_type=MERGE)
    answer = await api("GET", f"{PODS}/p:{web_port}/proxy/stats?x=1")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (418, b"GET /stats?x=1 HTTP/1.1", "text/x")


async def test_a_pod_that_does_not_listen_is_unavailable(api: Requests) -> None:
    await api("POST", PODS, make.pod())
    await api("PATCH", f"{PODS}/p/status", {"status": {"podIP": "127.0.0.1"}}, content_type=MERGE)
    answer = await api("GET", f"{PODS}/p:1/proxy/")
    assert (answer.status, answer.json["reason"]) == (503, "ServiceUnavailable")
    assert (await api("GET", f"{PODS}/p:nope/proxy/")).status == 400


@pytest.mark.parametrize(
    "address", ["example.com", "169.254.169.254", "8.8.8.8", "127.1", "2130706433", "::1", "127.0.0.1 ", "0.0.0.0"]
)
async def test_nothing_but_a_lab_is_reached_through_a_pod(api: Requests, address: str) -> None:
    await api("POST", PODS, make.pod())
    await api("PATCH", f"{PODS}/p/status", {"status": {"podIP": address}}, content_type=MERGE)
    answer = await api("GET", f"{PODS}/p:80/proxy/")
    assert (answer.status, "no address of a lab" in answer.message) == (400, True)


@pytest.mark.parametrize("rest", ["é", "a b", "?x=é", "\x01"])
async def test_what_is_no_http_is_not_passed_on(api: Requests, web_port: int, rest: str) -> None:
    await api("POST", PODS, make.pod())
    await api("PATCH", f"{PODS}/p/status", {"status": {"podIP": "127.0.0.1"}}, content_type=MERGE)
    assert (await api("GET", f"{PODS}/p:{web_port}/proxy/{rest}")).status == 400
    assert (await api("GET", f"{PODS}/p:{web_port}/proxy/", headers={"accept": "é"})).status == 400


async def test_a_pod_cannot_send_the_server_elsewhere(api: Requests, web_port: int) -> None:
    await api("POST", PODS, make.pod())
    await api("PATCH", f"{PODS}/p/status", {"status": {"podIP": "127.0.0.1"}}, content_type=MERGE)
    for rest in ("http://8.8.8.8/", "/8.8.8.8/", "..%2f..%2f", "@8.8.8.8"):
        answer = await api("GET", f"{PODS}/p:{web_port}/proxy/{rest}")
        assert answer.body == f"GET /{rest.lstrip('/')} HTTP/1.1".encode()
    for name in ("p@8.8.8.8:80", "8.8.8.8:80", "p:80:80", "p%2f..:80", "p%00:80", "https:p:80"):
        assert (await api("GET", f"{PODS}/{name}/proxy/")).status in (400, 404)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("exec?command=ls", "process 42 is the container, and /proc/42/root its files"),
        ("exec?command=tar&command=cf", "kubectl cp is not in gatelab"),
        ("attach?container=hello", "`kubectl logs -f -n default p -c hello`"),
        ("portforward", "connect to 127.26.2.1 as it is"),
    ],
)
async def test_streams_into_pods_are_refused_with_the_way_to_go(api: Requests, path: str, said: str) -> None:
    await api("POST", PODS, make.pod())
    status = {"podIP": "127.26.2.1", "containerStatuses": [{"name": "hello", "containerID": "process://42"}]}
    await api("PATCH", f"{PODS}/p/status", {"status": status}, content_type=MERGE)
    for method in ("GET", "POST"):
        answer = await api(method, f"{PODS}/p/{path}")
        assert (answer.status, said in answer.message) == (405, True)
    assert (await api("POST", f"{PODS}/none/{path}")).status == 404
