"""docs/load.md names every flag, format, figure and action of `gatelab load`, and no other."""

import re
from pathlib import Path

import click

from gatelab.cli.load.command import FORMATS, load
from gatelab.cli.load.expectations import NAMES
from gatelab.cli.load.template import FUNCTIONS, VARIABLES

PAGE = (Path(__file__).parents[2] / "docs" / "load.md").read_text()


def first_column(heading: str) -> list[list[str]]:
    """What is set as code in the first column of the table below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def test_flags() -> None:
    options = [parameter for parameter in load.params if isinstance(parameter, click.Option)]
    assert sorted(map(sorted, first_column("Flags"))) == sorted(sorted(option.opts) for option in options)


def test_defaults_that_differ() -> None:
    default = {option.name: option.default for option in load.params}["duration_stop"]
    assert f"the default is `{default}`" in PAGE


def test_formats() -> None:
    assert [names[0] for names in first_column("Reports")] == list(FORMATS)


def test_figures() -> None:
    documented = {name for names in first_column("Expectations") for name in names}
    assert documented - {"p50", "p99.9"} == {name for name in NAMES if " " not in name}


def test_actions() -> None:
    actions = [re.sub(r"[{}]", "", names[0]).split()[0] for names in first_column("Templates")]
    assert sorted(actions) == sorted([*(f".{name}" for name in VARIABLES), *FUNCTIONS])
