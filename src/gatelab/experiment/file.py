"""The experiment file: what is applied, called, loaded and expected. Format: docs/experiment.md."""

import json
import re
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from gatelab.experiment.axes import EngineName, Matrix, PathName, Policy, check_matrix, check_selection
from gatelab.experiment.errors import ExperimentFileError
from gatelab.experiment.figures import parse_expression
from gatelab.experiment.yaml_text import parse_yaml
from gatelab.kinds.durations import parse_duration_s

MOST_CONNECTIONS = 10_000
Tls = Literal["verify", "skip-verify", "off"]
TLS_MODES: tuple[Tls, ...] = get_args(Tls)


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping of the file. Unknown fields are refused: a misspelt expectation must not pass."""


class Load(_Section, frozen=True):
    """The load on each path. `duration_s` is each path's own time; the paths take turns."""

    rps: float = 100.0
    duration: str = "10s"
    connections: int = 1
    engine: EngineName = "native"

    @property
    def duration_s(self) -> float:
        return parse_duration_s(self.duration)

    @property
    def requests(self) -> int:
        """Calls on each path."""
        return max(1, round(self.rps * self.duration_s))

    @property
    def concurrency(self) -> int:
        """Most calls in flight on each path."""
        return max(50, self.connections)


class CellExpect(_Section, frozen=True):
    """Expectations of the cells of the matrix that agree with `when`."""

    when: dict[str, Any]
    figures: tuple[str, ...]


class Expect(_Section, frozen=True):
    """What makes the verdict. `spread` is relative to the even share; latency limits are the Gateway's service time."""

    pods: int | None = None
    spread: str | float = "20%"
    confidence: str | float = "95%"
    errors: int = 0
    p50: str | None = None
    p99: str | None = None
    l4_pinned: bool = True
    figures: tuple[str, ...] = ()
    cells: tuple[CellExpect, ...] = ()

    @property
    def bound(self) -> float:
        return _fraction(self.spread)

    @property
    def confidence_level(self) -> float:
        return _fraction(self.confidence)


class Experiment(_Section, frozen=True):
    """One experiment. Paths are as written; `folder` is what they are relative to."""

    experiment: str
    target: str
    service: str
    proto: str
    call: str
    manifests: tuple[str, ...] = ()
    import_paths: tuple[str, ...] = ()
    data: dict[str, Any] = {}
    tls: Tls = "verify"
    load: Load = Load()
    expect: Expect = Expect()
    matrix: Matrix = Matrix()
    repetitions: int = 1
    folder: str = "."

    def path(self, name: str) -> Path:
        """A file that the experiment names."""
        return Path(self.folder) / name

    @property
    def target_address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.target.rpartition(":")
        return host, int(port)

    @property
    def service_reference(self) -> tuple[str, str, int]:
        """Namespace, name and port."""
        namespace, name, port = _SERVICE.fullmatch(self.service).groups()  # type: ignore[union-attr]
        return namespace, name, int(port)


_SERVICE = re.compile(r"([a-z0-9.-]+)/([a-z0-9.-]+):([0-9]+)")
_TARGET = re.compile(r"[!-~]+:[0-9]+")
_FIELD = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?$", re.DOTALL)


def read_experiment(file: Path) -> Experiment:
    """Reads and checks a file. Raises ExperimentFileError naming the file, the field and the fix."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ExperimentFileError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ExperimentFileError(f"{file}: is not YAML: {error}") from error
    try:
        return parse_experiment(parse_yaml(text), folder=file.parent)
    except ExperimentFileError as error:
        raise ExperimentFileError(f"{file}: {error}") from None


def parse_experiment(content: object, *, folder: Path) -> Experiment:
    """The experiment in a file's content. Raises ExperimentFileError naming the field and the fix."""
    if not isinstance(content, dict):
        raise ExperimentFileError("the file is a mapping with the fields experiment, target, service, proto and call")
    if "folder" in content:
        raise ExperimentFileError("unknown field `folder`")
    fields = {**content, "folder": str(folder)}
    # To YAML 1.1 an unquoted `off` is a boolean.
    if fields.get("tls") is False:
        fields["tls"] = "off"
    elif fields.get("tls", "verify") not in TLS_MODES:
        raise ExperimentFileError(f"tls: {fields['tls']!r} is none of {', '.join(TLS_MODES)}")
    try:
        parsed = msgspec.convert(fields, Experiment)
    except msgspec.ValidationError as error:
        raise ExperimentFileError(_said(str(error))) from error
    _check(parsed)
    return parsed


_NAMED = {"path": get_args(PathName), "policy": get_args(Policy), "engine": get_args(EngineName)}


def _said(message: str) -> str:
    found = _FIELD.match(message)
    assert found is not None
    what = found["what"]
    if "unknown field" in what:
        what += " (the fields are listed in docs/experiment.md)"
    for axis, values in _NAMED.items():
        if (found["field"] or "").startswith(f"matrix.{axis}["):
            what += f": give some of {', '.join(values)}"
    return f"{found['field']}: {what}" if found["field"] else what


def _check(experiment: Experiment) -> None:
    """The rules that types do not say."""
    if not experiment.experiment.isprintable() or not experiment.experiment.strip():
        raise ExperimentFileError("experiment: give a name for the report, without control characters")
    _check_data(experiment.data)
    port = experiment.target.rpartition(":")[2]
    if not _TARGET.fullmatch(experiment.target) or not 0 < int(port) < 65536:
        raise ExperimentFileError(
            f"target: {experiment.target!r} is not host:port in ASCII, such as hello.example.test:443"
        )
    if not _SERVICE.fullmatch(experiment.service):
        raise ExperimentFileError(f"service: {experiment.service!r} is not namespace/name:port, such as shop/till:8080")
    load, expect = experiment.load, experiment.expect
    _positive("load.rps", load.rps, "calls a second, such as 100")
    _positive("load.connections", load.connections, "at least 1")
    for field, most in (
        ("load.connections", load.connections),
        ("matrix.connections", max(experiment.matrix.connections, default=0)),
    ):
        if most > MOST_CONNECTIONS:
            raise ExperimentFileError(
                f"{field}: {most} are more than {MOST_CONNECTIONS}, for which one machine has no ports"
            )
    for field, text in (("load.duration", load.duration), ("expect.p50", expect.p50), ("expect.p99", expect.p99)):
        if text is not None:
            _duration(field, text)
    for field, value in (("expect.spread", expect.spread), ("expect.confidence", expect.confidence)):
        _check_fraction(field, value)
    if expect.pods is not None:
        _positive("expect.pods", expect.pods, "at least 1")
    if expect.errors < 0:
        raise ExperimentFileError("expect.errors: must not be below 0")
    if experiment.tls == "skip-verify" and "grpcio" in (load.engine, *experiment.matrix.engine):
        raise ExperimentFileError("tls: the engine grpcio verifies certificates always: use verify or off, or native")
    if "ghz" in (load.engine, *experiment.matrix.engine):
        _check_ghz(experiment)
    _positive("repetitions", experiment.repetitions, "at least 1")
    _check_matrix(experiment)


def _check_data(data: dict[str, Any]) -> None:
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        hint = "YAML makes dates of unquoted days: put them in quotes"
        raise ExperimentFileError(f"data: is not what JSON can say ({error}); {hint}") from error
    except RecursionError as error:
        raise ExperimentFileError("data: is nested too deeply") from error


def _check_ghz(experiment: Experiment) -> None:
    for field, rates in (("load.rps", (experiment.load.rps,)), ("matrix.rps", experiment.matrix.rps)):
        for rate in rates:
            if rate != round(rate):
                raise ExperimentFileError(f"{field}: the engine ghz takes whole numbers only, and not {rate:g}")


def _check_matrix(experiment: Experiment) -> None:
    matrix, expect = experiment.matrix, experiment.expect
    for text in matrix.duration:
        _duration("matrix.duration", text)
    check_matrix(matrix)
    if matrix.replicas and expect.pods is not None:
        raise ExperimentFileError("expect.pods: the matrix varies replicas, which says how many pods there must be")
    _check_expressions("expect.figures", expect.figures)
    for index, each in enumerate(expect.cells):
        check_selection(f"expect.cells[{index}].when", matrix, each.when)
        _check_expressions(f"expect.cells[{index}].figures", each.figures)


def _check_expressions(field: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        try:
            parse_expression(text)
        except ValueError as error:
            raise ExperimentFileError(f"{field}: {error}") from error


def _positive(field: str, value: float, fix: str) -> None:
    if not 0 < value < float("inf"):
        raise ExperimentFileError(f"{field}: {value:g} is not above 0: give {fix}")


def _duration(field: str, text: str) -> None:
    try:
        seconds = parse_duration_s(text)
    except ValueError as error:
        raise ExperimentFileError(f"{field}: {error}") from error
    _positive(field, seconds, "a duration such as 10s")


def _check_fraction(field: str, value: str | float) -> None:
    try:
        fraction = _fraction(value)
    except ValueError:
        raise ExperimentFileError(f"{field}: {value!r} is not a share: write it as 20% or 0.2") from None
    if not 0 < fraction < 1:
        raise ExperimentFileError(f"{field}: {value!r} is not between 0% and 100%")


def _fraction(value: str | float) -> float:
    if isinstance(value, str) and value.endswith("%"):
        return float(value[:-1]) / 100
    return float(value)
