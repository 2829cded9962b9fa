"""A lab that lives as long as a demo."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from gatelab.cli.exit_codes import COULD_NOT_RUN
from gatelab.cli.outputs import Outputs

READY_TIMEOUT_S = 60.0
END_TIMEOUT_S = 20.0
_PR_SET_PDEATHSIG = 1


def run_demo(*, rps: float | None, duration_s: float | None, connections: int | None, outputs: Outputs) -> int:
    """The exit code. Whatever happens, the lab is gone afterwards."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        # Before the lab starts, for it keeps two cores busy while it does.
        from gatelab.cli.experiment.run import Overrides, read, run_on

        prepared = read(example_file(), Overrides(rps, duration_s, connections, widen_bound=True))
        with tempfile.TemporaryDirectory(prefix="gatelab-demo-") as folder, _lab(Path(folder)) as lab:
            startup_s = lab.wait_ready()
            if not outputs.quiet:
                click.echo(f"lab ready after {startup_s:.2f} s", err=True)
            return run_on(lab.kubeconfig, prepared, outputs, apply=True, startup_s=startup_s)
    except _DemoError as error:
        click.echo(f"Error: {error}", err=True)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        click.echo("interrupted; the lab has been ended", err=True)
        return 130


def example_file() -> Path:
    """The example's experiment: of the source tree, or as installed with the package. Raises _DemoError."""
    candidates = (Path(__file__).parents[3] / "examples", Path(sys.prefix) / "share" / "gatelab" / "examples")
    files = [folder / "hello-grpc" / "experiment.yaml" for folder in candidates]
    found = next((file for file in files if file.exists()), None)
    if found is None:
        raise _DemoError(f"the example is not installed: there is no {files[0]}")
    return found


class _DemoError(Exception):
    """Why there is no demo."""


@dataclass(frozen=True, slots=True)
class _Lab:
    process: "subprocess.Popen[bytes]"
    kubeconfig: Path
    errors: Path

    def wait_ready(self) -> float:
        """Seconds from `gatelab up` to a ready API, as the lab measured them. Raises _DemoError."""
        stdout = self.process.stdout
        assert stdout is not None
        ready, _, _ = select.select([stdout], [], [], READY_TIMEOUT_S)
        line = stdout.readline() if ready else b""
        if not line:
            said = self.errors.read_text(errors="replace").strip()
            raise _DemoError(f"the lab did not start within {READY_TIMEOUT_S:g} s: {said or 'it said nothing'}")
        return float(json.loads(line)["startup_s"])


@contextmanager
def _lab(folder: Path) -> Iterator[_Lab]:
    name = f"demo-{os.getpid()}"
    # Its own state and run folders: nothing is left, and no other lab is touched.
    environment = {**os.environ, "XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")}
    errors = folder / "up.stderr"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "gatelab", "up", "--name", name, "--format", "json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is for the demo, which ends the lab in order
            preexec_fn=_die_with_parent,
        )
    try:
        yield _Lab(process, folder / "gatelab" / name / "kubeconfig", errors)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    # A second Ctrl-C is impatience, and would leave a lab behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _die_with_parent() -> None:
    """Where the kernel can, the lab ends with a demo that is killed (prctl(2), PR_SET_PDEATHSIG)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _interrupt(_signal: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)
