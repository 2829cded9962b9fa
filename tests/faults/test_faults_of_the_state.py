"""A state folder that cannot be used: `gatelab up` says which file it is and what to do, and does not try for ever."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from faulty_lab import mounting, why_not_mounting
from running_lab import GATELAB, Lab, print_logs, start_lab, stop_lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def used(module_folder: Path) -> Lab:
    """A lab that has run, and has ended."""
    lab = start_lab(module_folder)
    lab.kubectl("create", "configmap", "kept", "--from-literal=a=b")
    stop_lab(lab)
    return lab


@pytest.fixture
def state(used: Lab, module_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """The state folder of that lab, which is as it was after the test."""
    folder = module_folder / "gatelab" / used.name
    shutil.copytree(folder, tmp_path / "copy")
    yield folder
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "copy", folder)
    print_logs(module_folder)


def refused(lab: Lab, *options: str, wrapper: Sequence[str] = ()) -> str:
    """What `gatelab up` says, which must end by itself with code 3 and leave nothing."""
    command = [*wrapper, *GATELAB, "up", "--name", lab.name, *options]
    done = subprocess.run(command, env=lab.environment, text=True, capture_output=True, timeout=20, check=False)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    status = lab.gatelab("status", check=False)
    assert "is not running" in status.stderr
    return done.stderr


@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_a_journal_of_a_newer_version(used: Lab, state: Path, options: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(state / "journal.sqlite")) as journal:
        journal.execute("PRAGMA user_version = 9")
    said = refused(used, *options)
    assert f"journal {state / 'journal.sqlite'}: has format 9, and this gatelab reads up to 1" in said
    assert "use the newer gatelab that wrote it, or move the file away to start empty" in said


@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_a_journal_that_is_corrupt_in_the_middle(used: Lab, state: Path, options: tuple[str, ...]) -> None:
    journal = state / "journal.sqlite"
    content = bytearray(journal.read_bytes())
    page = int.from_bytes(content[16:18])
    for start in range(page, len(content), page):
        content[start : start + 8] = b"\xff" * 8  # the header of every page but the first
    journal.write_bytes(content)
    said = refused(used, *options)
    assert f"journal {journal}: corrupt (" in said
    assert "move the file away to start empty, or restore it from a copy" in said


def test_a_journal_with_a_corrupt_tail_is_recovered_up_to_it(used: Lab, state: Path, module_folder: Path) -> None:
    lab = start_lab(module_folder)
    lab.kubectl("create", "configmap", "late", "--from-literal=a=b")
    lab.process.kill()
    lab.process.wait(10)
    assert lab.process.stdout is not None
    lab.process.stdout.close()
    wal = state / "journal.sqlite-wal"
    content = bytearray(wal.read_bytes())
    content[-100:] = b"\xff" * 100
    wal.write_bytes(content)
    again = start_lab(module_folder)
    try:
        assert again.get("configmap", "kept")["data"] == {"a": "b"}
        log = (state / "logs" / "controlplane.log").read_text()
        assert f"journal {state / 'journal.sqlite'}: recovered up to the last whole write" in log
    finally:
        stop_lab(again)


def test_a_state_folder_that_is_read_only(used: Lab, state: Path, module_folder: Path) -> None:
    if why := why_not_mounting():
        pytest.skip(why)
    wrapper = mounting(state, 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"')
    said = refused(used, wrapper=wrapper)
    assert f"{state}" in said
    assert "cannot be written: Read-only file system" in said
    assert "$XDG_STATE_HOME" in said
    assert "to folders that you may write to" in said
