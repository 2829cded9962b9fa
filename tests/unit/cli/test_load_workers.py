"""`gatelab load --workers`, end to end: TLS, templates and schemas reach the workers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from click.testing import CliRunner, Result

from certificate_files import CertificateFiles, write_certificates
from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema
from gatelab.cli.load.command import load

PROTO = Path(__file__).parents[3] / "examples" / "hello-grpc" / "greetings.proto"
METHOD = Schema(compile_protos([str(PROTO)])).method("greetings.GreetMe/Send")
CALL = ("--proto", str(PROTO), "--call", "greetings.GreetMe/Send", "-O", "json")


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    """The name in each request, and its metadata `x-number`."""
    return []


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    return write_certificates(tmp_path)


@pytest.fixture
def server(heard: list[tuple[str, str]], files: CertificateFiles) -> Iterator[str]:
    """The address of a greetings.GreetMe server that speaks TLS."""

    def send(request: Any, context: Any) -> Any:
        heard.append((request.name, dict(context.invocation_metadata()).get("x-number", "")))
        return METHOD.response(greeting="Hello!")

    handler = grpc.unary_unary_rpc_method_handler(
        send, request_deserializer=METHOD.request.FromString, response_serializer=lambda each: each.SerializeToString()
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("greetings.GreetMe", {"Send": handler}),))
    pair = files.key.read_bytes(), files.certificate.read_bytes()
    port = server.add_secure_port("127.28.0.3:0", grpc.ssl_server_credentials([pair]))
    server.start()
    yield f"127.28.0.3:{port}"
    server.stop(None).wait(5)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(load, [*CALL, *arguments], catch_exceptions=False)


def test_requests_of_all_workers_are_different(
    server: str, heard: list[tuple[str, str]], files: CertificateFiles
) -> None:
    done = run(
        *("--cacert", str(files.ca), "--cname", "market.test", "--workers", "2", "--connections", "2", "-c", "4"),
        *(
            "-d",
            '[{"name": "a {{.WorkerID}}"}, {"name": "b {{.WorkerID}}"}]',
            "-m",
            '{"x-number": "{{.RequestNumber}}"}',
        ),
        *("-n", "40", "--warm-up", "100ms", "--rps", "100", "--name", "w", server),
    )
    report = json.loads(done.stdout)
    assert (done.exit_code, report["count"], report["statusCodeDistribution"]) == (0, 40, {"OK": 40})
    before = report["warmUp"]["count"]
    assert 1 <= before <= 10
    assert (report["warmUp"]["errors"], len(report["generator"])) == (0, 2)
    assert any(f"{before} calls" in note for note in report["notes"])
    numbers = [int(number) for _, number in heard]
    assert len(set(numbers)) == len(numbers) == 40 + before
    assert all(name.startswith("ab"[int(number) % 2]) for name, number in heard)
    assert {name.split("w:")[1][-2:] for name, _ in heard} == {"c0", "c1"}
    assert report["details"][0]["status"] == "OK"
    assert len(report["details"]) == 40


def test_cpus_of_ghz_are_workers_where_there_are_connections_for_them(server: str, files: CertificateFiles) -> None:
    tls = ("--cacert", str(files.ca), "--cname", "market.test")
    for connections, workers in (("1", 1), ("2", 2)):
        done = run(*tls, "--cpus", "4", "--connections", connections, "-n", "8", server)
        report = json.loads(done.stdout)
        assert (len(report["generator"]), report["options"]["CPUs"], report["count"]) == (workers, 4, 8)


def test_more_workers_than_connections_or_calls_are_refused(server: str) -> None:
    done = run("--workers", "2", server)
    assert done.exit_code == 2
    assert "give --connections 2 or more" in done.stderr
    done = run("--workers", "3", "--connections", "3", "-n", "2", server)
    assert done.exit_code == 2
    assert "some would have no call" in done.stderr


@pytest.mark.parametrize("workers", [(), ("--workers", "2", "--connections", "2")])
def test_grpcio_as_the_engine(server: str, files: CertificateFiles, workers: tuple[str, ...]) -> None:
    tls = ("--cacert", str(files.ca), "--cname", "market.test")
    done = run(*tls, "--engine", "grpcio", *workers, "-n", "8", "-c", "2", server)
    report = json.loads(done.stdout)
    assert (done.exit_code, report["count"], report["statusCodeDistribution"]) == (0, 8, {"OK": 8})
    assert any("made by grpcio" in note for note in report["notes"])
    done = run(*tls, "--engine", "grpcio", "--skipTLS", server)
    assert (done.exit_code, "verifies certificates always" in done.stderr) == (2, True)


def test_ctrl_c_of_a_terminal_gives_one_report_of_all_workers(
    server: str, heard: list[tuple[str, str]], files: CertificateFiles
) -> None:
    """The terminal's signal goes to the whole process group: to those of the workers that are in it, too."""
    with _running(server, files) as program:
        _wait_until(lambda: len(heard) > 4)
        os.killpg(program.pid, signal.SIGINT)
        report = json.loads(program.communicate(timeout=30)[0])
    assert (program.returncode, report["endReason"], len(report["generator"])) == (130, "cancel", 2)
    assert report["statusCodeDistribution"]["OK"] >= 4
    assert sum(report["statusCodeDistribution"].values()) == report["count"]


def test_a_worker_that_is_killed_is_said_and_makes_the_exit_code_1(
    server: str, heard: list[tuple[str, str]], files: CertificateFiles
) -> None:
    with _running(server, files) as program:
        _wait_until(lambda: len(heard) > 4)
        psutil.Process(program.pid).children()[1].kill()
        report = json.loads(program.communicate(timeout=30)[0])
    assert (program.returncode, report["errors"], report["endReason"]) == (1, report["errors"], "cancel")
    assert any(note.startswith("worker 2 was ended by SIGKILL") for note in report["notes"])


@contextmanager
def _running(server: str, files: CertificateFiles) -> Iterator[subprocess.Popen[str]]:
    """A minute of load by two workers, in a process group of its own."""
    command = [sys.executable, "-m", "gatelab", "load", *CALL, "--cacert", str(files.ca), "--cname", "market.test"]
    command += ["--workers", "2", "--connections", "2", "-c", "2", "-z", "60s", "--expect", "error_rate<1", server]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def _wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)
