"""Commands for a shell, which are part of reports."""

import os
import subprocess

import pytest

from gatelab.experiment.commands import shell_line


@pytest.mark.parametrize("name", [b"plain", b"a b", b"caf\xc3\xa9", b"caf\xe9", b"it's \\ \xff.yaml", b""])
def test_any_name_of_a_file_comes_through_a_shell_and_is_utf_8(name: bytes) -> None:
    line = shell_line(["printf", "%s", os.fsdecode(name)])
    assert line.encode()
    assert subprocess.run(["bash", "-c", line], capture_output=True, check=True, timeout=20).stdout == name
