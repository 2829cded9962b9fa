"""`gatelab load` and bad input that is no server's fault, certificates, and an end by a signal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner, Result

from certificate_files import write_certificates
from gatelab.cli.call.command import call
from gatelab.cli.load.command import load
from market_server import PROTOS, market, market_schema, without_alpn
from strange_servers import StrangeServer

pytestmark = pytest.mark.usefixtures("no_lab")

PROTO = str(PROTOS / "market.proto")
SCHEMA = ("--proto", PROTO, "--call", "market.Market/Buy")
HOSTS = {name: f"127.28.7.{number}" for number, name in enumerate(("plain", "tls", "mtls", "expired", "no_alpn"), 11)}
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[Mapping[str, str]]:
    files = write_certificates(folder, HOSTS["expired"])
    schema, key, ca = market_schema(), files.key.read_bytes(), files.ca.read_bytes()
    own, expired = ([(key, each.read_bytes())] for each in (files.certificate, files.expired))
    credentials = {
        "plain": None,
        "tls": grpc.ssl_server_credentials(own),
        "mtls": grpc.ssl_server_credentials(own, ca, True),
        "expired": grpc.ssl_server_credentials(expired),
    }
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(market(schema, f"{HOSTS[name]}:0", credentials=each))
            for name, each in credentials.items()
        }
        behind = (HOSTS["plain"], ports["plain"])
        ports["no_alpn"] = stack.enter_context(without_alpn(HOSTS["no_alpn"], behind, files.certificate, files.key))
        yield {name: f"{HOSTS[name]}:{port}" for name, port in ports.items()}


def loaded(*arguments: str) -> Result:
    return CliRunner().invoke(load, [*arguments, "-n", "4", "-c", "2", "-O", "json"], catch_exceptions=False)


TLS = (
    ("plain", "--skipTLS", "first record does not look like a TLS handshake (WRONG_VERSION_NUMBER)"),
    ("tls", "--insecure", "does the port expect TLS?"),
    ("tls", "--cname market.test", "unable to get local issuer certificate: pass the CA's certificate"),
    ("tls", "--cacert {folder}/ca.pem", "IP address mismatch, certificate is not valid for '127.28.7.12'"),
    (
        "tls",
        "--cacert {folder}/ca.pem --cname other.test",
        "Hostname mismatch, certificate is not valid for 'other.test'",
    ),
    ("tls", "--cacert {folder}/absent.pem", "could not read CA certificates {folder}/absent.pem: no such file"),
    ("expired", "--cacert {folder}/ca.pem", "certificate has expired"),
    ("mtls", "--skipTLS", "error reading server preface: error reading from server: "),
    ("no_alpn", "--skipTLS", "missing selected ALPN property"),
)


@pytest.mark.parametrize(("server", "options", "words"), TLS)
def test_tls_that_does_not_fit(servers: Mapping[str, str], folder: Path, server: str, options: str, words: str) -> None:
    done = loaded(*SCHEMA, *options.format(folder=folder).split(), servers[server])
    assert (done.exit_code, done.stdout) == (1, "")
    assert words.format(folder=folder) in done.stderr
    assert "Traceback" not in done.stderr


def test_tls_that_fits(servers: Mapping[str, str], folder: Path) -> None:
    tls = f"--cacert {folder}/ca.pem --cname market.test --cert {folder}/certificate.pem --key {folder}/key.pem"
    assert loaded(*SCHEMA, *tls.split(), servers["mtls"]).exit_code == 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--proto", "{folder}/absent.proto", "--call", "a.B/C"], 1, "absent.proto"),
        (["--proto", "{folder}/key.pem", "--call", "a.B/C"], 1, "key.pem"),
        (["--proto", PROTO, "--call", "market.Market/Sell"], 1, 'does not include a method named "Sell"'),
        (["--proto", PROTO, "--call", "market.Shop/Buy"], 1, 'does not expose service "market.Shop"'),
        ([*SCHEMA, "-d", '{"name"'], 1, "request data is not JSON"),
        ([*SCHEMA, "-d", '{"nme": 1}'], 1, "nme"),
        ([*SCHEMA, "-d", '{"name": 1}'], 1, "name"),
        ([*SCHEMA, "-o", "{folder}/absent/report"], 2, "could not write {folder}/absent/report: No such file"),
        ([*SCHEMA, "--cert", "{folder}/certificate.pem"], 2, "--cert and --key go together"),
        ([*SCHEMA, "-o", "/"], 2, "could not write /: Is a directory"),
        ([*SCHEMA, "-m", '{"two words": "x"}'], 1, "metadata key 'two words' is not allowed"),
        (["--call", "market.Market/Buy", "--reflect-metadata", '{"two words": "x"}'], 1, "metadata key 'two words'"),
        ([*SCHEMA, "-D", "{folder}/absent.json"], 1, "could not read --data-file {folder}/absent.json: No such file"),
        ([*SCHEMA, "--config", "{folder}/absent.json"], 2, "could not read --config {folder}/absent.json: No such"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_told_before_a_call(
    servers: Mapping[str, str], folder: Path, options: list[str], code: int, words: str
) -> None:
    with StrangeServer(lambda *_: None).listening("127.28.7.20") as server:
        done = loaded("--insecure", *(each.replace("{folder}", str(folder)) for each in options), server.address)
    assert (done.exit_code, server.calls) == (code, 0), done.stderr
    assert words.replace("{folder}", str(folder)) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["absent.invalid:443", "127.28.7.99:9"])
def test_an_address_where_nobody_is(name: str) -> None:
    words = "no such host" if "invalid" in name else "connection refused"
    calling = [*SCHEMA[:2], name, "market.Market/Buy"]
    for done in (CliRunner().invoke(call, calling), loaded(*SCHEMA, name)):
        assert done.exit_code == 1
        assert done.stderr.startswith(f'Failed to dial target host "{name}": connect to {name}: {words}')


def test_a_rate_that_cannot_be_reached_is_counted_as_loss() -> None:
    """Two slots at a server that never answers: what was due and not sent is told, and all that was sent was seen."""
    with StrangeServer(lambda *_: None).listening("127.28.7.20") as server:
        options = ("--insecure", "--rps", "200", "-z", "600ms", "-c", "2", "-t", "200ms", "-O", "json")
        done = CliRunner().invoke(load, [*SCHEMA, *options, server.address], catch_exceptions=False)
    report = json.loads(done.stdout)
    assert done.exit_code == 1
    assert report["count"] == server.calls
    assert report["count"] + report["unsent"] == 120
    assert report["unsent"] > 100


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_a_partial_report(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """While a call is out."""
    started: list[subprocess.Popen[str]] = []

    def signalled(*_: object) -> None:
        started[0].send_signal(number)

    with StrangeServer(signalled).listening("127.28.7.20") as server:
        command = [sys.executable, "-m", "gatelab", "load", *SCHEMA, "--insecure", "-c", "1", "-z", "1h", "-O", "json"]
        environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
        started.append(
            subprocess.Popen(
                [*command, server.address], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        with started[0] as process:
            out, err = process.communicate(timeout=TIMEOUT_S)
    report = json.loads(out)
    assert (process.returncode, report["endReason"]) == (code, "cancel")
    assert report["count"] == server.calls == 1
    assert report["statusCodeDistribution"] == {"Canceled": 1}
    assert "Traceback" not in err
