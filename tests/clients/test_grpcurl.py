"""`gatelab call` beside real grpcurl: the same command lines and servers; differences only where they are meant."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner

import call_sessions
from certificate_files import write_certificates
from gatelab.cli.call.command import call
from go_programs import built
from market_server import PROTOS, market, market_schema, speaking, without_alpn
from strange_servers import GRPC, Behaviour, StrangeServer, Visit, data, headers, message, reset

FOLDER = Path(__file__).parent / "grpcurl"
PATHS = sorted((FOLDER / "sessions").glob("*.txt"))
HTTP1 = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
HALF_A_FRAME = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00\x01\x02"
"""A PING that announces eight bytes, and the first two of them (RFC 9113, section 6.7)."""
TIMEOUT_S = 30


def _page(visit: Visit, stream: int) -> None:
    fields = ((":status", "503"), ("content-type", "text/html"))
    visit.say(headers(stream, *fields), data(stream, b"<html>", end=True))


STRANGE: Mapping[str, Behaviour] = {
    "failing": lambda visit, stream: visit.say(reset(stream, 2)),
    "calming": lambda visit, stream: visit.say(reset(stream, 11)),
    "forgetful": lambda visit, stream: visit.say(headers(stream, *GRPC), data(stream, message(b""), end=True)),
    "page": _page,
    "mute_service": lambda *_: None,
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """What stands in braces in a session: addresses, and folders."""
    folder = tmp_path_factory.mktemp("call")
    schema = market_schema()
    certificates = write_certificates(folder, "127.28.4.6")
    own = [(certificates.key.read_bytes(), certificates.certificate.read_bytes())]
    expired = [(certificates.key.read_bytes(), certificates.expired.read_bytes())]
    ca = certificates.ca.read_bytes()
    with ExitStack() as stack:
        enter = stack.enter_context
        ports = {
            "market": enter(market(schema, "127.28.4.1:0")),
            "old": enter(market(schema, "127.28.4.2:0", versions=("v1alpha",))),
            "mute": enter(market(schema, "127.28.4.3:0", versions=())),
            "tls": enter(market(schema, "127.28.4.4:0", credentials=grpc.ssl_server_credentials(own))),
            "mtls": enter(market(schema, "127.28.4.5:0", credentials=grpc.ssl_server_credentials(own, ca, True))),
            "expired": enter(market(schema, "127.28.4.6:0", credentials=grpc.ssl_server_credentials(expired))),
            "silent": enter(speaking("127.28.4.7", b"", stay=True)),
            "http1": enter(speaking("127.28.4.8", HTTP1)),
            "garbage": enter(speaking("127.28.4.9", b"\x00\x01garbage" * 8)),
            "resetting": enter(speaking("127.28.4.10", b"", reset=True)),
            "stalling": enter(speaking("127.28.4.11", SETTINGS, stay=True)),
            "half": enter(speaking("127.28.4.12", SETTINGS + HALF_A_FRAME, stay=True)),
        }
        behind = ("127.28.4.1", ports["market"])
        ports["no_alpn"] = enter(without_alpn("127.28.4.13", behind, certificates.certificate, certificates.key))
        ports["echo"] = enter(echo("127.28.4.14"))
        enter(market(schema, f"unix:{folder}/socket"))
        strange = {
            name: enter(StrangeServer(behave).listening(f"127.28.4.{number}")).address
            for number, (name, behave) in enumerate(STRANGE.items(), 16)
        }
        hosts = {name: f"127.28.4.{number}" for number, name in enumerate(ports, 1)}
        unextended = f"127.28.4.30:{enter(market(schema, '127.28.4.30:0', extensions=False))}"
        yield {
            "unextended": unextended,
            **{name: f"{hosts[name]}:{port}" for name, port in ports.items()},
            **strange,
            "dead": "127.28.4.15:9",
            "protos": str(PROTOS),
            "folder": str(folder),
        }


@contextmanager
def echo(host: str) -> Iterator[int]:
    """Our own echo server, with its reflection."""
    names = ("HTTP_PORT", "H2C_PORT", "HTTPS_PORT", "TCP_PORT", "TLS_PORT", "UDP_PORT")
    environment = {**os.environ, **dict.fromkeys(names, "0"), "GATELAB_POD_IP": host, "GRPC_ECHO_SERVER": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gatelab.backends.echo"],
        env={**environment, "POD_NAME": "echo-1", "NAMESPACE": "shop"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"port (\d+)", process.stdout.readline())
        assert found is not None
        yield int(found[1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(autouse=True)
def _no_lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "GATELAB_NAME", "GRPC_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("SHOP_TOKEN", "a secret")


def ours(arguments: list[str], stdin: str) -> tuple[str, str, int]:
    done = CliRunner().invoke(call, arguments, input=stdin, catch_exceptions=False)
    return done.stdout, done.stderr, done.exit_code


def theirs(arguments: list[str], stdin: str) -> tuple[str, str, int]:
    done = subprocess.run(
        [built("grpcurl"), *arguments], input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.parametrize("program", ["ours", "theirs"])
@pytest.mark.timeout(900)
def test_what_is_said_is_as_it_was(program: str, path: Path, servers: Mapping[str, str], rewrite: bool) -> None:
    if program == "theirs" and not built("grpcurl"):
        pytest.skip("grpcurl is built by Go, which is not on PATH")
    written = path.read_text()
    session = call_sessions.read(written)
    run = {"ours": ours, "theirs": theirs}[program]
    for step in session.steps:
        setattr(step, program, call_sessions.played(step.command, run, servers))
    if rewrite:
        path.write_text(session.text())
        return
    assert session.text() == written, "read the difference; `make golden` accepts it"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_difference_has_its_reason(path: Path) -> None:
    unexplained = [
        step.command
        for step in call_sessions.read(path.read_text()).steps
        if step.theirs != step.ours and not step.reason
    ]
    assert unexplained == []
