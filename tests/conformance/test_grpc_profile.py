"""Upstream's GATEWAY-GRPC profile, core and extended, as far as the GatewayClass claims it: which is all of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import go_programs
from conformance.cluster import conformance_lab
from conformance.events import Run
from conformance.suite import Request, program, running

RUN_TIMEOUT_S = 300
pytestmark = [pytest.mark.lab, pytest.mark.timeout(go_programs.BUILD_TIMEOUT_S + RUN_TIMEOUT_S)]
CORE, EXTENDED = 15, 10
OF_NO_PROFILE = {"GRPCRouteNamedRule"}


def test_every_test_of_the_profile_passes(tmp_path: Path) -> None:
    binary = program()
    if not binary:
        pytest.skip("Go is not installed, so the upstream suite cannot be built")
    run, report = Run(), tmp_path / "report.yaml"
    with conformance_lab(tmp_path) as lab:
        if lab.facts["privileged_shift"]:
            pytest.skip("ports below 1024 are not permitted here, and the suite's Gateways listen on 80")
        with running(binary, lab, Request(profiles=("GATEWAY-GRPC",), report=report), run) as finished:
            for each in finished:
                assert each.outcome == "pass", "".join(run.printed[each.name][-20:])
    assert not run.failures, "".join(run.printed[""][-20:])
    assert len(run.finished) == CORE + EXTENDED + len(OF_NO_PROFILE)
    assert run.finished.keys() >= OF_NO_PROFILE
    (profile,) = yaml.safe_load(report.read_text())["profiles"]
    assert profile["core"]["statistics"] == {"Failed": 0, "Passed": CORE, "Skipped": 0}
    assert profile["extended"]["statistics"] == {"Failed": 0, "Passed": EXTENDED, "Skipped": 0}
    assert _errors(tmp_path / "logs" / "controlplane.log") == []


def _errors(log: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [each for each in lines if each["level"] == "error"]
