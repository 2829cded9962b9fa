from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gatelab.experiment.axes import cells
from gatelab.experiment.errors import ExperimentFileError
from gatelab.experiment.file import parse_experiment, read_experiment

MINIMAL: dict[str, Any] = {
    "experiment": "shop",
    "target": "shop.test:443",
    "service": "shop/till:8080",
    "proto": "till.proto",
    "call": "shop.Till/Pay",
}


def test_the_example_is_read(pytestconfig: pytest.Config) -> None:
    found = read_experiment(pytestconfig.rootpath / "examples" / "hello-grpc" / "experiment.yaml")
    assert found.target_address == ("cilium-gateway-hello-grpc.hello-grpc.test", 443)
    assert found.service_reference == ("hello-grpc", "hello-grpc", 8080)
    assert (found.load.rps, found.load.duration_s, found.load.connections, found.load.requests) == (100, 10, 1, 1000)
    assert (found.expect.pods, found.expect.bound, found.expect.confidence_level) == (5, 0.2, 0.95)
    assert all(found.path(each).exists() for each in (*found.manifests, found.proto))


def test_the_example_of_a_matrix_is_read(pytestconfig: pytest.Config) -> None:
    found = read_experiment(pytestconfig.rootpath / "examples" / "hello-grpc" / "matrix.yaml")
    assert (len(cells(found.matrix)), found.repetitions) == (8, 5)
    assert all(found.path(each).exists() for each in (*found.manifests, found.proto))


def test_defaults_are_those_of_the_demo() -> None:
    found = parse_experiment(MINIMAL, folder=Path())
    assert (found.load.requests, found.load.connections, found.tls, found.expect.errors) == (1000, 1, "verify", 0)


@pytest.mark.parametrize("written", ["off", "'off'", "verify", "skip-verify"])
def test_every_documented_way_of_tls_can_be_written_in_yaml(tmp_path: Path, written: str) -> None:
    file = tmp_path / "experiment.yaml"
    fields = "".join(f"{name}: {value}\n" for name, value in MINIMAL.items())
    file.write_text(f"{fields}tls: {written}\n", encoding="utf-8")
    assert read_experiment(file).tls == written.strip("'")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": None}, "target: Expected `str`, got `null`"),
        ({"target": "shop.test"}, "target: 'shop.test' is not host:port"),
        ({"target": "shop.test:99999"}, "target: "),
        ({"service": "till:8080"}, "service: 'till:8080' is not namespace/name:port"),
        ({"target": "höst.test:443"}, "target: 'höst.test:443' is not host:port in ASCII"),
        ({"experiment": " "}, "experiment: give a name for the report"),
        ({"experiment": "a\x00b"}, "experiment: give a name for the report, without control characters"),
        ({"data": {"day": date(2024, 1, 1)}}, "data: is not what JSON can say (Object of type date"),
        ({"data": {"x": "\ud800"}}, "data: is not what JSON can say"),
        ({"data": {"x": float("nan")}}, "data: is not what JSON can say"),
        ({"load": {"connections": 10**9}}, "load.connections: 1000000000 are more than 10000"),
        ({"matrix": {"connections": [1, 10**9]}}, "matrix.connections: 1000000000 are more than 10000"),
        ({"expect": {"figures": ["errors==nan"]}}, "'nan' is not a number or a percentage"),
        (
            {"matrix": {axis: list(range(1, 500)) for axis in ("rps", "connections", "replicas")}},
            "matrix: has 124251499 cells, more than 1000",
        ),
        ({"lod": {}}, "unknown field `lod`"),
        ({"folder": "/"}, "unknown field `folder`"),
        ({"load": {"rps": 0}}, "load.rps: 0 is not above 0"),
        ({"load": {"rps": 2.5, "engine": "ghz"}}, "load.rps: the engine ghz takes whole numbers only, and not 2.5"),
        ({"matrix": {"rps": [5, 0.5], "engine": ["native", "ghz"]}}, "matrix.rps: the engine ghz takes whole numbers"),
        ({"load": {"rps": "many"}}, "load.rps: Expected `float`, got `str`"),
        ({"load": {"duration": "10"}}, "load.duration: '10' is not a duration: write it as 60s"),
        ({"load": {"duration": "0s"}}, "load.duration: 0 is not above 0"),
        ({"load": {"connections": 0}}, "load.connections: 0 is not above 0: give at least 1"),
        ({"expect": {"spred": "20%"}}, "expect: Object contains unknown field `spred`"),
        ({"expect": {"spread": "wide"}}, "expect.spread: 'wide' is not a share: write it as 20% or 0.2"),
        ({"expect": {"spread": 20}}, "expect.spread: 20.0 is not between 0% and 100%"),
        ({"expect": {"p50": "2"}}, "expect.p50: '2' is not a duration"),
        ({"expect": {"pods": 0}}, "expect.pods: 0 is not above 0"),
        ({"expect": {"errors": -1}}, "expect.errors: must not be below 0"),
        ({"tls": "maybe"}, "tls: 'maybe' is none of verify, skip-verify, off"),
        ({"tls": True}, "tls: True is none of verify, skip-verify, off"),
        ({"manifests": "one.yaml"}, "manifests: Expected `array`, got `str`"),
    ],
)
def test_a_mistake_is_named_with_its_field(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ExperimentFileError) as caught:
        parse_experiment({**MINIMAL, **change}, folder=Path())
    assert said in str(caught.value)


@pytest.mark.parametrize("field", sorted(MINIMAL))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(ExperimentFileError, match=f"missing required field `{field}`"):
        parse_experiment({name: value for name, value in MINIMAL.items() if name != field}, folder=Path())


@pytest.mark.parametrize(
    ("content", "said"), [("a: [", "is not YAML"), ("- a", "is a mapping with the fields"), ("", "is a mapping")]
)
def test_a_file_that_is_none(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_text(content)
    with pytest.raises(ExperimentFileError, match=said) as caught:
        read_experiment(file)
    assert str(file) in str(caught.value)
    with pytest.raises(ExperimentFileError, match="No such file"):
        read_experiment(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("expect: {errors: 0}\nexpect: {errors: 5}", "the field 'expect' is there twice"),
        ("load: {rps: 5, rps: 50}", "the field 'rps' is there twice"),
        ("data: " + "[" * 3000 + "]" * 3000, "is nested too deeply"),
    ],
)
def test_what_yaml_itself_would_let_pass(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "experiment.yaml"
    fields = "".join(f"{name}: {value}\n" for name, value in MINIMAL.items())
    file.write_text(f"{fields}{text}\n")
    with pytest.raises(ExperimentFileError) as caught:
        read_experiment(file)
    assert said in str(caught.value)


def test_anchors_and_merged_mappings_are_yaml_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "experiment.yaml"
    fields = "".join(f"{name}: {value}\n" for name, value in MINIMAL.items())
    file.write_text(f"{fields}<<: {{load: {{rps: 7}}}}\n")
    assert read_experiment(file).load.rps == 7
