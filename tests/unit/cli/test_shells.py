"""Completion in the shells themselves; those that are not installed are skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gatelab.node.place import LabPlace

_BASH = """
source <(gatelab completion bash)
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_gatelab_completion gatelab
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# What needs a terminal in zsh is in its place: what would be offered is printed.
_ZSH = """
compdef() {{ }}
compadd() {{ print -l -- $completions }}
_describe() {{ print -l -- ${{completions_with_descriptions%%:*}} }}
source <(gatelab completion zsh)
words=({words}); CURRENT=$#words
_gatelab_completion
"""
_FISH = """
gatelab completion fish | source
complete -C "{words}"
"""
SHELLS = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("words", "offered"), [("gatelab sta", "status"), ("gatelab down --name o", "other")])
def test_a_shell_offers_commands_and_labs(shell: str, words: str, offered: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (LabPlace.named("other").pod_logs).mkdir(parents=True)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [shell, *SHELLS[shell], SCRIPTS[shell].format(words=words)],
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    # fish adds what it is, after a tab
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [offered], done.stderr
