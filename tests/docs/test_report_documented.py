"""docs/report.md and docs/experiment.md say what the code says, field by field."""

import re
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from gatelab.experiment import report
from gatelab.experiment.axes import Matrix
from gatelab.experiment.figures import FIGURES
from gatelab.experiment.file import Expect, Experiment, Load
from gatelab.experiment.matrix import report as matrix_report
from gatelab.load import Second
from gatelab.spread import finest_bound, likely_sample, needed_for, needed_sample

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "Report": report.Report,
    "Path": report.PathReport,
    "Counting": report.Counting,
    "Connection": report.Connection,
    "Spread": report.SpreadReport,
    "Test": report.SpreadTest,
    "Percentiles": report.Percentiles,
    "Expectation": report.ExpectationReport,
    "Prediction": report.PredictionReport,
    "Weights": report.WeightsReport,
    "Weight": report.WeightReport,
    "Check": report.Check,
    "Load": report.LoadReport,
    "Environment": report.Environment,
    "Event": report.Event,
    "Matrix report": matrix_report.MatrixReport,
    "Cell": matrix_report.CellReport,
    "Figure": matrix_report.FigureReport,
    "Comparison": matrix_report.Comparison,
    "Change": matrix_report.Change,
}


def described(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def section(title: str) -> str:
    parts = re.split(r"^## (.+)$", (DOCS / "report.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


@pytest.mark.parametrize("title", SECTIONS)
def test_every_field_of_the_report_is_described(title: str) -> None:
    assert described(section(title)) == [field.encode_name for field in msgspec.structs.fields(SECTIONS[title])]


def test_every_field_of_a_second_is_described() -> None:
    assert described(section("Second")) == [field.name for field in fields(Second)]


def test_no_part_of_the_report_is_forgotten() -> None:
    parts = {
        each
        for each in (*vars(report).values(), *vars(matrix_report).values())
        if isinstance(each, type) and issubclass(each, report.Part) and each is not report.Part
    }
    assert parts == set(SECTIONS.values())


def test_every_field_of_the_file_is_described() -> None:
    known = {field.encode_name for field in msgspec.structs.fields(Experiment)} - {"folder", "load", "expect"}
    for name, part in (("load", Load), ("expect", Expect), ("matrix", Matrix)):
        known |= {f"{name}.{field.encode_name}" for field in msgspec.structs.fields(part)}
    assert set(described(experiment_page()[0])) == known


def experiment_page() -> list[str]:
    """The fields of the file, and what comes from the figures on."""
    return (DOCS / "experiment.md").read_text().split("## Expectations of figures")


def test_every_figure_is_described_with_its_better_direction() -> None:
    rows = re.findall(r"^\| `([a-z_.0-9<>]+)`[^|]* \| (lower|higher|–) \|", experiment_page()[1], flags=re.MULTILINE)
    better = {"–": "neither"}
    told = {name: better.get(word, word) for name, word in rows}
    assert told == {name: FIGURES[name].better for name in told}
    percentiles = {name for name in FIGURES if re.search(r"(^|\.)p\d", name)}
    assert {*told} - percentiles == {name for name in FIGURES if not name.startswith(("l4.", "direct."))} - percentiles


def test_the_sample_size_is_the_one_needed() -> None:
    assert f"it is {needed_sample(5)} requests" in (DOCS / "experiment.md").read_text()


def test_the_sample_size_of_a_canary_is_the_one_needed() -> None:
    text = (DOCS / "experiment.md").read_text()
    assert f"needs {needed_for([0.9, 0.1]):,} for the canary" in text
    assert f"and {likely_sample([0.9, 0.1]):,} to pass" in text


def test_the_bound_of_a_small_sample_is_the_finest() -> None:
    assert f"(300 requests:\n±{finest_bound(5, 300) * 100:.0f} %)" in (DOCS / "experiment.md").read_text()


def test_the_example_is_shown_as_it_is() -> None:
    shown = re.findall(r"^    (.*)$", (DOCS / "experiment.md").read_text(), flags=re.MULTILINE)
    example = (DOCS.parent / "examples" / "hello-grpc" / "experiment.yaml").read_text().splitlines()
    assert shown[: len(example) - 1] == [line for line in example if not line.startswith("#")]
