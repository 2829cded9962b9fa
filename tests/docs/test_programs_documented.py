"""docs/programs.md names every option, figure and field of `gatelab k6` and `gatelab ghz`, and no other."""

import re
from pathlib import Path

import click
import msgspec
import pytest

from gatelab.cli.wrapped.command import ghz, k6
from gatelab.cli.wrapped.programs import GHZ
from gatelab.experiment.passage.figures import NAMES
from gatelab.experiment.passage.report import GatewayReport, PassageReport, RuleReport

PAGE = (Path(__file__).parents[2] / "docs" / "programs.md").read_text()


def first_column(heading: str) -> list[str]:
    """What the rows of the table with that first heading begin with."""
    table = PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)


@pytest.mark.parametrize("command", [k6, ghz], ids=lambda command: command.name)
def test_options(command: click.Command) -> None:
    own = [each.opts[0] for each in command.params if isinstance(each, click.Option)]
    assert first_column("option") == own


def test_figures() -> None:
    assert first_column("figure") == list(NAMES)


@pytest.mark.parametrize(
    ("heading", "part"),
    [("field", PassageReport), ("field of a rule", RuleReport), ("field of a Gateway", GatewayReport)],
)
def test_fields(heading: str, part: type[msgspec.Struct]) -> None:
    assert first_column(heading) == [each.encode_name for each in msgspec.structs.fields(part)]


def test_the_version_of_ghz_to_get_is_the_one_that_load_is_compared_with() -> None:
    (version,) = re.findall(r"ghz@v([\d.]+)", GHZ.how_to_get)
    assert f"[ghz](https://ghz.sh) {version}" in (Path(__file__).parents[2] / "docs" / "load.md").read_text()
