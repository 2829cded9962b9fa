"""The command without its subcommands."""

import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gatelab.cli import main
from gatelab.cli.main import COMMANDS, LazyGroup

_IMPORTED = "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
_STOPPED_IN_THE_IMPORT = f"""{_IMPORTED}
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "gatelab.cli.main":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Stop())
import gatelab.cli
"""
_LEFT_AS_IT_WAS = f"""{_IMPORTED}
import gatelab.cli
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def _python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)


def test_ctrl_c_in_the_import_is_no_traceback() -> None:
    done = _python(_STOPPED_IN_THE_IMPORT)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_the_import_leaves_ctrl_c_to_python() -> None:
    assert _python(_LEFT_AS_IT_WAS).stdout == "True\n"


def test_ctrl_c_is_exit_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> click.Command:
        raise KeyboardInterrupt

    monkeypatch.setattr(LazyGroup, "get_command", interrupted)
    assert CliRunner().invoke(main, ["status"]).exit_code == 130


def test_a_misspelt_command_is_told_what_may_be_meant() -> None:
    done = CliRunner().invoke(main, ["stats"])
    assert (done.exit_code, "No such command 'stats'. Is status meant?" in done.stderr) == (2, True)
    assert "meant" not in CliRunner().invoke(main, ["qqqq"]).stderr


def test_output_that_finds_no_room_is_no_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gatelab", "completion", "bash"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (3, "Error: the output cannot be written: No space left on device\n")


GROUPS = {"experiment": ["run", "validate", "compare"], "images": ["add", "remove"]}
SHOWN = [[name] for name in COMMANDS if name != "kubectl"] + [[name, each] for name in GROUPS for each in GROUPS[name]]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_help_fits_a_terminal(words: list[str]) -> None:
    """Click wraps what it may; examples and the values of options it leaves as they are."""
    lines = CliRunner().invoke(main, [*words, "--help"], terminal_width=80).output.splitlines()
    assert [line for line in lines if len(line) > 80 or (line[:1] == " " and line.endswith("..."))] == []
