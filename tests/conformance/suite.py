"""Runs the upstream suite (the Go module in conformance/) against a lab."""

import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gatelab
import go_programs
from conformance.cluster import GATEWAY_CLASS, MODULE, UNUSABLE_ADDRESS, usable_address
from conformance.events import Finished, Run
from running_lab import ROOT, Lab

PROFILES = ("GATEWAY-GRPC", "GATEWAY-HTTP", "GATEWAY-TLS", "GATEWAY-TCP", "GATEWAY-UDP")
URL = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Homepage"]


@dataclass(frozen=True, slots=True)
class Request:
    """What to run."""

    profiles: Sequence[str] = PROFILES
    only: Sequence[str] = ()
    """Names of tests, supported or not; all of the profiles' otherwise."""
    every_feature: bool = False
    """Run the tests of features, too, that the GatewayClass does not list."""
    report: Path | None = None
    flags: Sequence[str] = ()
    """More flags of the suite."""
    timeout_s: int = 3600


def program() -> str:
    """The suite as a program, built when its sources changed; "" without Go."""
    return go_programs.built_from(MODULE, tests=True)


@contextmanager
def running(binary: str, lab: Lab, request: Request, run: Run) -> Iterator[Iterator[Finished]]:
    """The tests as they end; `run` has the rest. The suite is killed where the reader leaves early."""
    command = [binary, "-test.v=test2json", "-test.run=^TestConformance$", f"-test.timeout={request.timeout_s}s"]
    suite = subprocess.Popen(
        [*command, *_flags(lab, request)],
        env={**lab.environment},
        cwd=MODULE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    events = subprocess.Popen(["go", "tool", "test2json"], stdin=suite.stdout, stdout=subprocess.PIPE, text=True)
    assert suite.stdout is not None
    assert events.stdout is not None
    suite.stdout.close()
    try:
        yield run.follow(events.stdout)
    finally:
        suite.kill()
        suite.wait()
        events.wait()
        events.stdout.close()


def _flags(lab: Lab, request: Request) -> list[str]:
    flags = [
        f"-gateway-class={GATEWAY_CLASS}",
        f"-conformance-profiles={','.join(request.profiles)}",
        f"-usable-address={usable_address(lab)}",
        f"-unusable-address={UNUSABLE_ADDRESS}",
        "-organization=gatelab",
        "-project=gatelab",
        f"-url={URL}",
        f"-contact={URL}",
        f"-version=v{gatelab.__version__}",
        "-timeout-config-overrides=NamespacesMustBeReady:120",
        f"-every-feature={str(request.every_feature).lower()}",
    ]
    if request.only:
        flags.append(f"-only={','.join(request.only)}")
    if request.report:
        flags.append(f"-report-output={request.report.absolute()}")
    return [*flags, *request.flags]
