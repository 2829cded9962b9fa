"""The matrix of an experiment: what is varied, and the cells that come of it. Pure. Format: docs/experiment.md."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from gatelab.experiment.errors import ExperimentFileError

PathName = Literal["gateway", "service", "direct"]
Policy = Literal["round_robin", "least_request", "random", "ring_hash", "maglev"]
EngineName = Literal["native", "grpcio", "ghz"]
Value = str | int | float
AXES: Final = ("context", "replicas", "policy", "engine", "duration", "rps", "connections", "path")
"""In the order in which cells vary, the last fastest: what takes time to change is changed seldom."""
PATHS: Final[Mapping[str, str]] = {"gateway": "l7", "service": "l4", "direct": "direct"}
"""The path that is measured, as the report calls it."""
MOST_CELLS: Final = 1000
MOST_COMBINATIONS: Final = 100_000
"""Before `exclude`."""


class Matrix(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Axes and their values. `exclude` takes cells out: those that agree with all fields of an item."""

    path: tuple[PathName, ...] = ()
    connections: tuple[int, ...] = ()
    rps: tuple[float, ...] = ()
    duration: tuple[str, ...] = ()
    replicas: tuple[int, ...] = ()
    policy: tuple[Policy, ...] = ()
    engine: tuple[EngineName, ...] = ()
    context: tuple[str, ...] = ()
    exclude: tuple[dict[str, Any], ...] = ()

    def values(self, axis: str) -> tuple[Value, ...]:
        found: tuple[Value, ...] = getattr(self, axis)
        return found


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination. `axes` has what the matrix varies, and nothing else."""

    axes: Mapping[str, Value]

    @property
    def name(self) -> str:
        """`connections=5 path=gateway`; of the only cell of an experiment without a matrix, `(as written)`."""
        return " ".join(f"{axis}={shown(value)}" for axis, value in self.axes.items()) or "(as written)"

    @property
    def path(self) -> str | None:
        """The one path that is measured, `l7`, `l4` or `direct`; None for all three in turns."""
        found = self.axes.get("path")
        return PATHS[str(found)] if found is not None else None

    def agrees_with(self, wanted: Mapping[str, Any]) -> bool:
        return all(self.axes.get(axis) == value for axis, value in wanted.items())


def shown(value: Value) -> str:
    """As in names of cells."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def cells(matrix: Matrix) -> tuple[Cell, ...]:
    """The cross product without what is excluded; one cell without axes where there are none."""
    used = [axis for axis in AXES if matrix.values(axis)]
    product = itertools.product(*(matrix.values(axis) for axis in used))
    all_of = (Cell(dict(zip(used, values, strict=True))) for values in product)
    return tuple(each for each in all_of if not any(each.agrees_with(wanted) for wanted in matrix.exclude))


def check_matrix(matrix: Matrix) -> None:
    """The rules that types do not say. Raises ExperimentFileError naming the field."""
    for axis in AXES:
        values = matrix.values(axis)
        if len(set(values)) < len(values):
            raise ExperimentFileError(f"matrix.{axis}: a value is there twice")
    for axis in ("connections", "rps", "replicas"):
        for value in matrix.values(axis):
            if not 0 < float(value) < float("inf"):
                raise ExperimentFileError(f"matrix.{axis}: {shown(value)} is not above 0")
    for index, wanted in enumerate(matrix.exclude):
        check_selection(f"matrix.exclude[{index}]", matrix, wanted)
    # Before they are made: a few long axes are more cells than there is memory.
    product = math.prod(len(matrix.values(axis)) or 1 for axis in AXES)
    number = len(cells(matrix)) if product <= MOST_COMBINATIONS else product
    if not number:
        raise ExperimentFileError("matrix.exclude: takes out every cell")
    if number > MOST_CELLS:
        raise ExperimentFileError(f"matrix: has {number} cells, more than {MOST_CELLS}: leave out values")


def check_selection(field: str, matrix: Matrix, wanted: Mapping[str, Any]) -> None:
    """What selects no cell is a mistake that would pass unnoticed. Raises ExperimentFileError naming it."""
    if not wanted:
        raise ExperimentFileError(f"{field}: is empty: name an axis and its value, such as path: gateway")
    for axis, value in wanted.items():
        values: Sequence[Value] = matrix.values(axis) if axis in AXES else ()
        if value not in values:
            has = f"; it has {', '.join(shown(each) for each in values)}" if values else ""
            raise ExperimentFileError(f"{field}.{axis}: {value!r} is no value of that axis of the matrix{has}")
