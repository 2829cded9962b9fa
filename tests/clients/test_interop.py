"""`gatelab call` and `load` at servers of grpc-go and grpc-java, and at the first behind Envoy, nginx and haproxy."""

import gc
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import interop_servers
from bench.data_plane_process import GRPC_HOST, Missing, Proxy
from bench.data_plane_proxies import Site, haproxy, lean_envoy, nginx
from gatelab.cli.call.command import call
from gatelab.cli.load.command import load
from proxy_configs import self_signed

PROXIES: dict[str, Callable[[Site], AbstractContextManager[Proxy]]] = {
    "envoy": lean_envoy,
    "nginx": nginx,
    "haproxy": haproxy,
}
SERVERS = ("grpc-go", "grpc-java", *PROXIES)
HOST = "127.28.8.1"
LARGE = 700_000
"""Bytes: far beyond a window of HTTP/2, and below the longest body that nginx takes by default."""


class Subject:
    """A server and how it is reached. `name` is what it calls itself."""

    def __init__(self, address: str, name: str, ca: Path | None = None) -> None:
        self.address = address
        self.name = name
        self._ca = ca

    def call(self, *arguments: str, data: str = "") -> Result:
        """Options, then what comes after the address."""
        *options, last = arguments
        way = ["-plaintext"] if self._ca is None else ["-cacert", str(self._ca), "-authority", GRPC_HOST]
        words = [*way, "-max-time", "30", *options, *(("-d", data) if data else ()), self.address]
        done: Result = CliRunner().invoke(call, [*words, *last.split()], catch_exceptions=False)
        return done

    def load(self, *options: str) -> dict[str, Any]:
        way = ["--insecure"] if self._ca is None else ["--cacert", str(self._ca), "--authority", GRPC_HOST]
        words = [*way, "-O", "json", "--proto", str(interop_servers.PROTO), *options, self.address]
        done = CliRunner().invoke(load, words, catch_exceptions=False)
        report: dict[str, Any] = json.loads(done.stdout)
        assert done.exit_code == (0 if set(report["statusCodeDistribution"]) == {"OK"} else 1)
        return report


@contextmanager
def a_page() -> Iterator[int]:
    """A server of HTTP/1.1, by which it is seen that a proxy serves; its port."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A probe that hangs up is not to be read on the stderr of a test."""

    with Quiet((HOST, 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(5)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Subject]]:
    """By name; each is started when it is asked for first, and skipped where it cannot be had."""
    folder = tmp_path_factory.mktemp("interop")
    schema = interop_servers.protoset(folder)
    found: dict[str, Subject] = {}
    with ExitStack() as stack:

        def subject(name: str) -> Subject:
            if name not in found:
                found[name] = started(name)
            return found[name]

        def started(name: str) -> Subject:
            if name == "grpc-go":
                return Subject(f"{HOST}:{stack.enter_context(interop_servers.grpc_go(HOST, schema))}", name)
            if name == "grpc-java":
                return Subject(f"{HOST}:{stack.enter_context(interop_servers.grpc_java(HOST, schema))}", name)
            return behind(name, subject("grpc-go").address)

        def behind(name: str, address: str) -> Subject:
            host, _, port = address.partition(":")
            own = folder / name
            own.mkdir()
            page = stack.enter_context(a_page())
            site = Site(own, self_signed(GRPC_HOST), grpc=[(host, int(port))], http=[(HOST, page)])
            site.write_certificate()
            try:
                proxy = stack.enter_context(PROXIES[name](site))
            except Missing as error:
                pytest.skip(str(error))
            return Subject("{}:{}".format(*proxy.address), "grpc-go", own / "tls.crt")

        yield subject


@pytest.fixture(params=SERVERS)
def subject(request: pytest.FixtureRequest, subjects: Callable[[str], Subject]) -> Subject:
    return subjects(request.param)


@pytest.fixture(autouse=True)
def _no_lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("KUBECONFIG", "GATELAB_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield
    gc.collect()


def answers(done: Result) -> list[dict[str, Any]]:
    assert (done.exit_code, done.stderr) == (0, "")
    return [json.loads(each + "}") for each in done.stdout.split("}\n")[:-1]]


def test_reflection(subject: Subject) -> None:
    assert "interop.Interop" in subject.call("list").stdout.splitlines()
    described = subject.call("describe interop.Question")
    assert "int32 delay_ms = 5;" in described.stdout
    assert described.exit_code == 0


@pytest.mark.parametrize("method", ["Ask", "Tell", "Chat", "Collect"])
def test_a_call_of_each_kind(subject: Subject, method: str) -> None:
    data = '{"text": "a", "count": 2}' + ('{"text": "b"}' if method in ("Chat", "Collect") else "")
    found = [
        (each["text"], each.get("number", 0)) for each in answers(subject.call(f"interop.Interop/{method}", data=data))
    ]
    assert (
        found
        == {
            "Ask": [("a", 0)],
            "Tell": [("a", 0), ("a", 1)],
            "Chat": [("a", 0), ("b", 1)],
            "Collect": [("ab", 2)],
        }[method]
    )


def test_metadata(subject: Subject) -> None:
    said = subject.call("-v", "interop.Interop/Ask", data='{"text": "a"}').stdout
    assert f"x-pod-name: {subject.name}\n" in said
    assert "x-raw-bin: AP8=\n" in said
    assert "Response trailers received:\nx-till: 3\n" in said


@pytest.mark.parametrize("method", ["Ask", "Tell"])
def test_an_error_with_details(subject: Subject, method: str) -> None:
    done = subject.call(f"interop.Interop/{method}", data='{"text": "a", "count": 1, "code": 9}')
    assert (done.exit_code, bool(done.stdout)) == (64 + 9, method == "Tell")
    assert done.stderr.startswith("ERROR:\n  Code: FailedPrecondition\n  Message: as asked: ø\n  Details:\n")
    assert '"reason": "ASKED"' in done.stderr


def test_a_large_message_both_ways(subject: Subject) -> None:
    data = json.dumps({"text": "x" * LARGE, "size": LARGE})
    answer, *_ = answers(subject.call("interop.Interop/Ask", data=data))
    assert (len(answer["text"]), len(answer["payload"])) == (LARGE, -(-LARGE // 3) * 4)


def test_a_deadline(subject: Subject) -> None:
    done = subject.call("-max-time", "1", "interop.Interop/Ask", data='{"delayMs": 5000}')
    assert (done.exit_code, "deadline exceeded" in done.stderr.lower()) == (64 + 4, True)
    report = subject.load(
        "--call", "interop.Interop.Ask", "-n", "6", "-c", "6", "-t", "250ms", "-d", '{"delayMs": 2000}'
    )
    assert report["statusCodeDistribution"] == {"DeadlineExceeded": 6}, report["errorDistribution"]


def test_an_unknown_method(subject: Subject, tmp_path: Path) -> None:
    other = tmp_path / "other.proto"
    other.write_text(interop_servers.PROTO.read_text().replace("rpc Ask", "rpc Beg"))
    done = subject.call("-proto", str(other), "interop.Interop/Beg", data="{}")
    assert done.exit_code == 64 + 12


@pytest.mark.parametrize(
    "options",
    [
        "--call interop.Interop.Ask --rps 400",
        "--call interop.Interop.Ask -c 8 --connections 4 -e",
        "--call interop.Interop.Tell -c 4",
        "--call interop.Interop.Collect -c 4 --stream-call-count 3",
        "--call interop.Interop.Chat -c 4 --stream-call-count 3",
    ],
)
def test_load_of_each_kind(subject: Subject, options: str) -> None:
    report = subject.load(*options.split(), "-n", "100", "-d", '{"text": "a", "size": 3000, "count": 3}')
    assert (report["count"], report["statusCodeDistribution"]) == (100, {"OK": 100}), report["errorDistribution"]
    assert report["pods"] == {subject.name: 100}


def test_errors_are_counted(subject: Subject) -> None:
    report = subject.load("--call", "interop.Interop.Ask", "-n", "40", "-c", "4", "-d", '{"code": 5}')
    assert (report["count"], report["statusCodeDistribution"]) == (40, {"NotFound": 40})


@pytest.mark.parametrize("compressed", [False, True])
def test_compression(subjects: Callable[[str], Subject], compressed: bool) -> None:
    for name in ("grpc-go", "grpc-java"):
        report = subjects(name).load(
            *("--call", "interop.Interop.Ask", "-n", "2", "-c", "1", "-d", '{"text": "a", "size": 50000}'),
            *(["-e"] if compressed else []),
        )
        assert report["statusCodeDistribution"] == {"OK": 2}


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_one_version_of_reflection(version: str, tmp_path: Path) -> None:
    schema = interop_servers.protoset(tmp_path)
    with interop_servers.grpc_go(HOST, schema, "-reflection", version) as port:
        done = Subject(f"{HOST}:{port}", "grpc-go").call("list")
    assert f"grpc.reflection.{version}.ServerReflection\ninterop.Interop\n" == done.stdout


@pytest.mark.parametrize("library", ["grpc-go", "grpc-java"])
def test_connections_that_end_of_age_cost_no_call(library: str, tmp_path: Path) -> None:
    schema = interop_servers.protoset(tmp_path)
    with ExitStack() as stack:
        if library == "grpc-go":
            port = stack.enter_context(interop_servers.grpc_go(HOST, schema, "-max-connection-age", "150ms"))
        else:
            port = stack.enter_context(interop_servers.grpc_java(HOST, schema, age_ms=150))
        subject = Subject(f"{HOST}:{port}", library)
        report = subject.load(
            *("--call", "interop.Interop.Ask", "--rps", "300", "-z", "1.5s", "--connections", "3", "-d", "{}")
        )
    assert report["statusCodeDistribution"] == {"OK": report["count"]}, report["errorDistribution"]
    assert report["pods"] == {library: report["count"]}
