"""Cells of a matrix, and what is said of one that is wrong."""

from pathlib import Path
from typing import Any

import pytest

from gatelab.experiment.axes import Cell, Matrix, cells
from gatelab.experiment.errors import ExperimentFileError
from gatelab.experiment.file import Experiment, parse_experiment
from gatelab.experiment.matrix.run import cell_experiment, definition

MINIMAL: dict[str, Any] = {
    "experiment": "shop",
    "target": "shop.test:443",
    "service": "shop/till:8080",
    "proto": "till.proto",
    "call": "shop.Till/Pay",
}


def parsed(**changes: Any) -> Experiment:
    return parse_experiment({**MINIMAL, **changes}, folder=Path())


def test_the_cross_product_varies_what_is_quick_to_change_fastest() -> None:
    found = cells(parsed(matrix={"path": ["gateway", "service"], "replicas": [2, 3], "rps": [50]}).matrix)
    assert [cell.name for cell in found] == [
        "replicas=2 rps=50 path=gateway",
        "replicas=2 rps=50 path=service",
        "replicas=3 rps=50 path=gateway",
        "replicas=3 rps=50 path=service",
    ]
    assert [cell.path for cell in found[:2]] == ["l7", "l4"]


def test_what_agrees_with_an_exclusion_is_left_out() -> None:
    matrix = Matrix(path=("gateway", "direct"), connections=(1, 5), exclude=({"path": "direct", "connections": 5},))
    assert [cell.name for cell in cells(matrix)] == [
        "connections=1 path=gateway",
        "connections=1 path=direct",
        "connections=5 path=gateway",
    ]
    assert [cell.name for cell in cells(Matrix(rps=(1.0, 2.5), exclude=({"rps": 1},)))] == ["rps=2.5"]


def test_without_axes_there_is_one_cell() -> None:
    (only,) = cells(parsed().matrix)
    assert (only.name, only.path) == ("(as written)", None)


def test_a_cell_changes_the_experiment() -> None:
    given = parsed(load={"rps": 10}, matrix={"rps": [20], "duration": ["3s"], "connections": [4], "replicas": [7]})
    changed = cell_experiment(given, cells(given.matrix)[0])
    assert (changed.load.rps, changed.load.duration_s, changed.load.connections, changed.expect.pods) == (20, 3, 4, 7)
    assert cell_experiment(given, Cell({})) == given


def test_the_definition_is_of_what_is_measured_only() -> None:
    given = definition(parsed())
    assert definition(parsed(repetitions=3, matrix={"rps": [5]}, expect={"p99": "1s"})) == given
    assert definition(parsed(data={"name": "x"})) != given
    assert definition(parsed(load={"rps": 5})) != given


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"matrix": {"pth": ["gateway"]}}, "matrix: Object contains unknown field `pth`"),
        ({"matrix": {"path": ["gatway"]}}, "matrix.path[0]: Invalid enum value 'gatway': give some of gate"),
        ({"matrix": {"policy": ["least"]}}, "matrix.policy[0]: Invalid enum value 'least': give some of round_"),
        ({"matrix": {"engine": ["k6"]}}, "matrix.engine[0]: Invalid enum value 'k6': give some of native, grpcio"),
        ({"matrix": {"engine": ["grpcio"]}, "tls": "skip-verify"}, "tls: the engine grpcio verifies certificates"),
        ({"load": {"engine": "grpcio"}, "tls": "skip-verify"}, "tls: the engine grpcio verifies certificates"),
        ({"matrix": {"rps": [1, 0]}}, "matrix.rps: 0 is not above 0"),
        ({"matrix": {"connections": [1, 1]}}, "matrix.connections: a value is there twice"),
        ({"matrix": {"duration": ["10"]}}, "matrix.duration: '10' is not a duration"),
        ({"matrix": {"rps": [5], "exclude": [{"rps": 6}]}}, "matrix.exclude[0].rps: 6 is no value of that axis"),
        ({"matrix": {"rps": [5], "exclude": [{}]}}, "matrix.exclude[0]: is empty"),
        ({"matrix": {"rps": [5], "exclude": [{"rps": 5}]}}, "matrix.exclude: takes out every cell"),
        ({"matrix": {"rps": [*range(1, 1002)]}}, "matrix: has 1001 cells, more than 1000"),
        ({"matrix": {"replicas": [2]}, "expect": {"pods": 2}}, "expect.pods: the matrix varies replicas"),
        ({"repetitions": 0}, "repetitions: 0 is not above 0"),
        ({"expect": {"figures": ["p98<1ms"]}}, "expect.figures: 'p98<1ms': there is no figure 'p98'; there are p10, "),
        ({"expect": {"figures": ["p99<10"]}}, "expect.figures: 'p99<10': '10' is not a duration"),
        ({"expect": {"figures": ["quick"]}}, "expect.figures: 'quick' is not NAME, one of"),
        (
            {"matrix": {"rps": [5]}, "expect": {"cells": [{"when": {"path": "gateway"}, "figures": []}]}},
            "expect.cells[0].when.path: 'gateway' is no value of that axis of the matrix",
        ),
    ],
)
def test_mistakes_are_named_with_their_fix(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ExperimentFileError) as caught:
        parsed(**change)
    assert str(caught.value).startswith(said)
