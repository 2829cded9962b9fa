"""What `gatelab up` refuses before anything runs: exit code 3, what is wrong, and what to do; and its end by Ctrl-C."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from gatelab.cli.main import main
from gatelab.node import preparation
from gatelab.node.place import LabPlace


def up(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["up", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_a_catalogue_that_cannot_be_read(tmp_path: Path, options: tuple[str, ...]) -> None:
    file = tmp_path / "images.yaml"
    file.write_text("images: {shop/till:1: {comand: [till]}}")
    done = up("--images", str(file), *options)
    assert done.exit_code == 3
    assert f"{file} is not a catalogue of images" in done.stderr
    assert "comand" in done.stderr
    assert not (tmp_path / "gatelab").exists(), "nothing was begun"


@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_a_state_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    done = up(*options)
    assert done.exit_code == 3
    assert f"{tmp_path / 'file' / 'gatelab' / 'gatelab'} cannot be written: Not a directory" in done.stderr
    assert "$XDG_STATE_HOME" in done.stderr


def test_a_disk_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    place = LabPlace.named("gatelab")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(place.lock))

    monkeypatch.setattr(preparation, "lock", full)
    done = up()
    assert done.exit_code == 3
    assert f"{place.lock} cannot be written: No space left on device" in done.stderr


_STARTING = """
import os, signal, sys, time
from pathlib import Path
from gatelab.cli.labs import place_of
from gatelab.cli.up import _detached

def begin():
    partial = Path(sys.argv[1] + ".part")
    partial.write_text(str(os.getpid()))
    partial.rename(sys.argv[1])
    time.sleep(600)

signal.signal(signal.SIGINT, signal.default_int_handler)
place = place_of("gatelab")
place.make()
try:
    _detached(begin, place, "info", print)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_ends_a_detached_lab_that_is_still_starting(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    command = subprocess.Popen(
        [sys.executable, "-c", _STARTING, str(started)],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 40
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    lab = psutil.Process(int(started.read_text()))
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=40)
    assert (command.returncode, said) == (130, "interrupted; the lab has been ended\n")
    assert not lab.is_running()
