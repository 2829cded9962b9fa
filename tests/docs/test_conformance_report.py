"""The report in docs/conformance: of this version, every profile and feature, nothing failed and nothing skipped."""

import json
from typing import Any

import pytest
import yaml

from conformance.published import FOLDER, MADE_WITH, report
from conformance.suite import PROFILES
from gatelab.gateway.translate.gateway_class import SUPPORTED_FEATURES
from gateway_api_module import VERSION

IMPLIED = {"Gateway", "GRPCRoute", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute", "UDPRoute"}
"""A profile has these at its core."""
COUNTED_IN_NO_PROFILE = {"GRPCRouteNamedRouteRule"}


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(report().read_text())
    return found


def test_it_is_the_only_one_and_of_this_version(kept: dict[str, Any]) -> None:
    assert [*FOLDER.glob("*-report.yaml")] == [report()]
    assert (
        report().name == f"{kept['gatewayAPIChannel']}-{kept['implementation']['version']}-{kept['mode']}-report.yaml"
    )
    assert kept["gatewayAPIVersion"] == VERSION
    assert {each["name"] for each in kept["profiles"]} == {*PROFILES}


def test_nothing_failed_was_skipped_or_is_not_supported(kept: dict[str, Any]) -> None:
    for profile in kept["profiles"]:
        for part in ("core", "extended"):
            found = profile.get(part, {"result": "success", "statistics": {}})
            assert (found["result"], found.get("unsupportedFeatures", [])) == ("success", []), profile["name"]
            assert found["statistics"].get("Failed", 0) == found["statistics"].get("Skipped", 0) == 0


def test_what_is_claimed_is_what_was_tested(kept: dict[str, Any]) -> None:
    tested = {feature for each in kept["profiles"] for feature in each.get("extended", {}).get("supportedFeatures", [])}
    assert {*SUPPORTED_FEATURES} == tested | IMPLIED | COUNTED_IN_NO_PROFILE


def test_the_page_names_the_report_and_what_it_was_made_with() -> None:
    page = (FOLDER / "README.md").read_text()
    assert f"[{report().stem}](./{report().name})" in page
    assert MADE_WITH.name in page
    facts = json.loads(MADE_WITH.read_text())
    assert "dirty" not in facts["commit"]
