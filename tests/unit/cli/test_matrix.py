"""`gatelab experiment validate` and `compare`, and what `run` and its reports are told."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from gatelab.cli.demo_run import example_file
from gatelab.cli.experiment.command import experiment
from gatelab.cli.experiment.matrix_output import matrix_text
from gatelab.experiment.axes import Cell
from gatelab.experiment.matrix.cell import CellRuns, Repetition
from gatelab.experiment.matrix.comparison import compared
from gatelab.experiment.matrix.report import MatrixReport
from gatelab.experiment.matrix.run import matrix_report
from matrix_reports import SHOP, matrix


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(experiment, [str(each) for each in arguments], catch_exceptions=False)


def saved(file: Path, report: MatrixReport) -> Path:
    file.write_bytes(msgspec.json.encode(report))
    return file


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return saved(tmp_path / "before.json", matrix())


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    return saved(tmp_path / "worse.json", matrix(p99_ms=9))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example with a matrix."""
    folder = example_file().parent
    for name in ("greetings.proto", "manifests"):
        (tmp_path / name).symlink_to(folder / name)
    found = tmp_path / "matrix.yaml"
    text = example_file().read_text().replace("  pods: 5\n", "")
    found.write_text(f"{text}matrix:\n  path: [gateway, service]\n  replicas: [2, 3]\nrepetitions: 4\n")
    return found


def test_validate_says_what_would_be_done(file: Path) -> None:
    done = run("validate", file)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("hello-grpc: greetings.GreetMe/Send of cilium-gateway")
    assert "replicas=2 path=gateway: 100 calls/s for 10s over 1 connection, through the Gateway" in lines
    assert lines[-1] == "16 measurements, about 165 s of load"


def test_validate_names_what_cannot_be_shown(file: Path) -> None:
    file.write_text(file.read_text().replace("duration: 10s", "duration: 1s"))
    assert "    100 calls are too few for expect.spread: it takes" in run("validate", file).stdout


def test_validate_names_mistakes(file: Path) -> None:
    file.write_text(file.read_text().replace("gateway, service", "gateway, servce"))
    done = run("validate", file)
    assert done.exit_code == 2
    assert "matrix.path[1]: Invalid enum value 'servce': give some of gateway, service, direct" in done.stderr


def test_without_a_cluster_nothing_runs(file: Path) -> None:
    done = run("run", file)
    assert (done.exit_code, "set KUBECONFIG, or start a lab" in done.stderr) == (3, True)


def test_a_kubeconfig_that_is_none_is_a_report_of_what_could_not_run(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "kubeconfig").write_text("[]")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    done = run("run", file, "--format", "json")
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert {cell["result"] for cell in found["cells"]} == {"could not run"}
    assert found["cells"][0]["reason"].startswith("kubeconfig ")


def test_without_ghz_its_engine_is_refused_before_anything_runs(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gatelab.cli.wrapped.programs.find_program", lambda _name: None)
    monkeypatch.setattr("gatelab.cli.experiment.plan.find_program", lambda _name: None)
    file.write_text(file.read_text().replace("  path:", "  engine: [native, ghz]\n  path:"))
    done = run("run", file, "--report", f"json={tmp_path / 'out.json'}")
    assert (done.exit_code, (tmp_path / "out.json").exists()) == (2, False)
    assert "the file's engine is ghz, and there is no program 'ghz' on the PATH. To get it:" in done.stderr
    assert "go install github.com/bojand/ghz" in done.stderr

    lines = run("validate", file).stdout.splitlines()
    assert lines[-1] == "to run this, ghz must be on the PATH: there is none here"
    service = lines.index(next(line for line in lines if line.startswith("replicas=2 engine=ghz path=service")))
    assert "only with expect.l4_pinned: false can this pass" in lines[service + 1]


def test_an_option_that_the_matrix_varies_is_refused(file: Path) -> None:
    file.write_text(file.read_text().replace("  path:", "  rps: [5]\n  path:"))
    done = run("run", file, "--rps", "7")
    assert (done.exit_code, "--rps: the file's matrix varies it" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--report", "junit", "--report 'junit' is not FORMAT=FILE, such as junit=out.xml"),
        ("--report", "yaml=x", "formats are text, json, markdown, junit, html"),
        ("--tolerance", "wide", "'wide' is not a share: write it as 10% or 0.1"),
        ("--tolerance", "100%", "'100%' is not a share"),
        ("--baseline", "absent.json", "absent.json: cannot be read: No such file"),
    ],
)
def test_wrong_options_say_what_is_right(file: Path, option: str, value: str, said: str) -> None:
    done = run("run", file, option, value)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


def test_a_baseline_that_is_another_report_says_how_to_make_one(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    done = run("run", file, "--baseline", tmp_path / "other.json")
    assert done.exit_code == 2
    assert "is not the report of a matrix" in done.stderr
    assert "make one by `gatelab experiment run FILE --save-baseline`" in done.stderr


def test_a_baseline_of_something_else_is_told_before_the_run(file: Path, before: Path, tmp_path: Path) -> None:
    done = run("run", file, "--baseline", before)
    assert (done.exit_code, "and this is 'hello-grpc'" in done.stderr) == (
        2,
        True,
    ), done.stderr
    other = saved(tmp_path / "other.json", msgspec.structs.replace(matrix(), experiment="hello-grpc"))
    done = run("run", file, "--baseline", other)
    assert done.exit_code == 2
    assert "has no cell of this experiment's matrix: it has " in done.stderr
    assert "and the file replicas=2 path=gateway, " in done.stderr


def test_two_reports_to_one_file_are_refused(file: Path, tmp_path: Path) -> None:
    done = run("run", file, "--output", tmp_path / "x", "--report", f"json={tmp_path / 'x'}")
    assert (done.exit_code, f"{tmp_path / 'x'}: two reports are to be written there" in done.stderr) == (2, True)


def test_compare_fails_when_something_is_worse(before: Path, worse: Path) -> None:
    done = run("compare", before, worse)
    assert done.exit_code == 1
    assert "1 worse" in done.stdout
    assert "worst: p99 of connections=5 path=gateway (+318%)" in done.stdout.replace("\n", " ")


def test_compare_of_equals_passes_where_the_report_does(before: Path, tmp_path: Path) -> None:
    passed = msgspec.structs.replace(matrix(), verdict="pass")
    assert run("compare", before, saved(tmp_path / "now.json", passed)).exit_code == 0
    slow = msgspec.structs.replace(matrix(p99_ms=9), verdict="pass")
    assert run("compare", before, saved(tmp_path / "slow.json", slow)).exit_code == 1
    assert run("compare", before, before).exit_code == 1, "the report itself has a cell that could not run"


def test_one_report_goes_to_many_files(before: Path, worse: Path, tmp_path: Path) -> None:
    files = {format_: tmp_path / f"out.{format_}" for format_ in ("json", "markdown", "junit", "html")}
    more = [part for format_, file in files.items() for part in ("--report", f"{format_}={file}")]
    done = run("compare", before, worse, "--output", tmp_path / "out.text", *more)
    assert (done.exit_code, done.stdout) == (1, "")
    starts = {"json": '{"experiment"', "markdown": "## ", "junit": "<?xml", "html": "<!doctype html>"}
    assert {format_: file.read_text().startswith(starts[format_]) for format_, file in files.items()} == dict.fromkeys(
        files, True
    )
    assert "Verdict: fail" in (tmp_path / "out.text").read_text()


def test_a_file_that_cannot_be_written_after_all_is_named_and_the_others_are_written(
    before: Path, tmp_path: Path
) -> None:
    good = tmp_path / "good.md"
    done = run("compare", before, before, "--report", "json=/dev/full", "--report", f"markdown={good}")
    assert "Error: /dev/full cannot be written: No space left on device" in done.stderr
    assert (good.exists(), done.exit_code) == (True, 1)


OUTPUTS = ["--report=json=", "--output=", "--save-baseline="]


@pytest.mark.parametrize("option", OUTPUTS)
def test_a_folder_that_is_not_there_is_told_before_the_run(file: Path, option: str, tmp_path: Path) -> None:
    done = run("run", file, f"{option}{tmp_path}/absent/x")
    assert (done.exit_code, f"there is no folder {tmp_path}/absent" in done.stderr) == (2, True)


@pytest.mark.parametrize("option", OUTPUTS)
@pytest.mark.parametrize("name", ["", "a" * 300, "a file/x", "kept/x", "kept file"])
def test_what_cannot_be_written_is_told_before_the_run(
    file: Path, option: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in ("a file", "kept file"):
        (tmp_path / kept).write_text("")
    (tmp_path / "kept").mkdir()
    # Nobody may write there: to root, whom permissions do not stop, the question is answered here.
    monkeypatch.setattr("os.access", lambda path, _mode: "kept" not in str(path))
    done = run("run", file, f"{option}{tmp_path / name}")
    assert done.exit_code == 2, done.stderr
    assert not (tmp_path / "kept/x").exists()


def test_a_range_is_not_broken_in_the_middle() -> None:
    axes: dict[str, str | int | float] = {"replicas": 2, "connections": 5, "path": "gateway"}
    times = {"p50": (4.42e6, 15.86e6), "p99": (19.41e6, 85.23e6), "response.p99": (20.47e6, 86.47e6)}
    runs = CellRuns(Cell(axes))
    for number in (0, 1):
        runs.done.append(
            Repetition(
                {name: both[number] for name, both in times.items()}
                | {"rps": 400.0, "errors": 0.0, "spread.jain": 1.0},
                (),
                (),
            )
        )
    shown = matrix_text(matrix_report(SHOP, [runs], commands=()))
    assert all(
        text in shown for text in ("(4.42–15.86)", "(19.41–85.23)", "(20.47–86.47)", "connections", "spread.jain")
    )


def test_the_text_has_the_cells_and_ends_with_the_verdict() -> None:
    now = matrix(p99_ms=9)
    shown = matrix_text(msgspec.structs.replace(now, comparison=compared(now, matrix())))
    (row,) = [line.split() for line in shown.splitlines() if line.split()[:3] == ["5", "gateway", "fail"]]
    assert row[3:] == ["5", "1.00", "9.20", "0", "0.99"]
    assert "(9.00–9.40)" in shown
    assert "fail           connections=5 path=gateway: p99 is 9.200 ms, expected p99<4ms" in shown
    assert shown.endswith("\nVerdict: fail: 0 of 3 cells passed, 1 could not run, worse than the baseline")
    assert max(len(line) for line in shown.splitlines()) <= 118
