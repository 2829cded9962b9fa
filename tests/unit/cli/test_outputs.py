"""Where reports go."""

import json
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from gatelab.cli.outputs import FORMATS, Outputs, output_options, written
from sample_report import sample_report


@click.command()
@output_options
def command(outputs: Outputs) -> None:
    outputs.write(sample_report())


def test_one_report_for_stdout_and_one_for_each_file(tmp_path: Path) -> None:
    more = [part for name in FORMATS for part in ("--report", f"{name}={tmp_path / name}")]
    done = CliRunner().invoke(command, ["--format", "json", *more], catch_exceptions=False)
    assert json.loads(done.stdout)["experiment"] == "hello-grpc"
    beginnings = {"text": "Experiment", "json": '{"', "markdown": "#", "junit": "<?xml", "html": "<!doctype html>"}
    assert {name: (tmp_path / name).read_text().startswith(beginnings[name]) for name in FORMATS} == dict.fromkeys(
        FORMATS, True
    )


@pytest.mark.parametrize("target", ["html", "html=", "pdf=x", "=x"])
def test_a_report_without_a_format_or_a_file_is_usage(target: str) -> None:
    done = CliRunner().invoke(command, ["--report", target])
    assert (done.exit_code, "is not FORMAT=FILE" in done.stderr) == (2, True)


def test_what_an_engine_does_not_tell_is_a_dash_or_left_out() -> None:
    given = sample_report()
    untold = {"response_time_ns": None, "connections": (), "series": ()}
    paths = {name: msgspec.structs.replace(getattr(given, name), **untold) for name in ("l7", "l4", "direct")}
    report = msgspec.structs.replace(given, **paths)
    text, page = written(report, "text"), written(report, "html")
    (row,) = [line.split() for line in text.splitlines() if line.strip().startswith("L4 (Service)  ")]
    assert row.count("–") == 4
    assert [line.count("| – |") + line.count("– | –") for line in written(report, "markdown").splitlines()].count(
        2
    ) == 3
    assert ("Service time by percentile" in page, "Response time by percentile" in page) == (True, False)
    assert json.loads(written(report, "json"))["l7"]["response_time_ns"] is None
