"""docs/call.md has a row for every flag of `gatelab call`, and for no other; grpcurl's own flags are all there."""

import re
import subprocess
from pathlib import Path

import click
import pytest

from gatelab.cli.call.command import call
from go_programs import built

PAGE = (Path(__file__).parents[2] / "docs" / "call.md").read_text()
ROWS = re.findall(r"^\| `-([\w-]+)` \|", PAGE, flags=re.MULTILINE)


def flags() -> set[str]:
    """By the shorter spelling where there are two, as grpcurl has it."""
    options = [param for param in call.get_params(click.Context(call)) if isinstance(param, click.Option)]
    short = {"data": "d", "header": "H", "verbose": "v", "very_verbose": "vv"}
    return {short.get(option.name or "", max(option.opts, key=len).lstrip("-")) for option in options}


def test_every_flag_has_a_row() -> None:
    assert sorted(ROWS) == sorted(flags())


def test_every_flag_of_grpcurl_is_ours() -> None:
    if not built("grpcurl"):
        pytest.skip("grpcurl is built by Go, which is not on PATH")
    said = subprocess.run([built("grpcurl"), "-help"], capture_output=True, text=True, timeout=30, check=False).stderr
    theirs = set(re.findall(r"^  -([\w-]+)", said, flags=re.MULTILINE))
    assert theirs - flags() == set()
