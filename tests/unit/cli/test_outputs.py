"""Where reports go."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gatelab.cli.outputs import FORMATS, Outputs, output_options
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
