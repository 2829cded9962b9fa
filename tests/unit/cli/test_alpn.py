"""A server with TLS that does not choose h2: an error that names who else would fail, or a note."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from certificate_files import CertificateFiles, write_certificates
from gatelab.cli.call.command import call
from gatelab.cli.load.command import load
from market_server import without_alpn

PROTO = Path(__file__).parents[3] / "examples" / "hello-grpc" / "greetings.proto"
HOST = "127.28.0.4"


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    return write_certificates(tmp_path)


@pytest.fixture
def server(greeter: str, files: CertificateFiles) -> Iterator[str]:
    host, port = greeter.split(":")
    with without_alpn(HOST, (host, int(port)), files.certificate, files.key) as listening:
        yield f"{HOST}:{listening}"


@pytest.mark.parametrize("workers", [(), ("--workers", "2", "--connections", "2")])
def test_load(server: str, files: CertificateFiles, workers: tuple[str, ...]) -> None:
    tls = ("--cacert", str(files.ca), "--cname", "market.test")
    asked = ("--proto", str(PROTO), "--call", "greetings.GreetMe/Send", "-n", "6", "-O", "json", *tls, *workers)
    strict = CliRunner().invoke(load, [*asked, server])
    assert strict.exit_code == 1
    assert "missing selected ALPN property" in strict.stderr
    assert "k6" in strict.stderr
    assert "--alpn lenient" in strict.stderr
    lenient = CliRunner().invoke(load, [*asked, "--alpn", "lenient", server])
    assert lenient.exit_code == 0
    report = json.loads(lenient.stdout)
    assert report["statusCodeDistribution"] == {"OK": 6}
    assert [note for note in report["notes"] if "did not choose h2" in note]


def test_call(server: str, files: CertificateFiles) -> None:
    asked = ("-cacert", str(files.ca), "-servername", "market.test", "-proto", str(PROTO), "-d", '{"name": "a"}')
    strict = CliRunner().invoke(call, [*asked, server, "greetings.GreetMe/Send"])
    assert strict.exit_code == 1
    assert "--alpn lenient" in strict.stderr
    lenient = CliRunner().invoke(call, [*asked, "-alpn", "lenient", server, "greetings.GreetMe/Send"])
    assert (lenient.exit_code, json.loads(lenient.stdout)) == (0, {"greeting": "Hello a!"})
    assert "Note: the server did not choose h2" in lenient.stderr


def test_nothing_is_said_of_servers_that_choose_h2_or_have_no_tls(greeter: str) -> None:
    done = CliRunner().invoke(
        call, ["-plaintext", "-alpn", "lenient", "-proto", str(PROTO), greeter, "greetings.GreetMe/Send"]
    )
    assert (done.exit_code, done.stderr) == (0, "")
