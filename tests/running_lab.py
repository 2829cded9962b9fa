"""A lab as a user has it: `gatelab up` in a process of its own, spoken to by kubectl and the CLI only."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "hello-grpc"
MANIFESTS = EXAMPLE / "manifests"
TARGET = "cilium-gateway-hello-grpc.hello-grpc.test:443"
GATELAB = [sys.executable, "-m", "gatelab"]


def manifest_folders() -> list[Path]:
    """The project's example, and the folder that GATELAB_TEST_MANIFESTS names."""
    other = os.environ.get("GATELAB_TEST_MANIFESTS")
    return [MANIFESTS, Path(other)] if other else [MANIFESTS]


@dataclass
class Lab:
    """A running lab, and the commands that a user would type."""

    name: str
    environment: dict[str, str]
    process: "subprocess.Popen[str]"
    facts: dict[str, Any]
    prefix: tuple[str, ...] = ()
    """What every command is started by, to be where the lab is."""

    def gatelab(self, *arguments: str, timeout_s: float = 60, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return self.run(*GATELAB, *arguments, timeout_s=timeout_s, check=check)

    def run(self, *command: str, timeout_s: float = 60, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Any command, in the lab's network."""
        return self._run([*self.prefix, *command], timeout_s, check)

    def kubectl(self, *arguments: str, timeout_s: float = 60, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return self.gatelab("kubectl", *arguments, timeout_s=timeout_s, check=check)

    def get(self, *arguments: str) -> Any:
        """`kubectl get … -o json`, parsed."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def popen(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self.prefix, *GATELAB, *arguments],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def apply_example(self, folder: Path = MANIFESTS) -> None:
        self.kubectl("apply", "-f", str(folder / "selfsigned-ca.yaml"), "-f", str(folder / "hello-grpc.yaml"))
        self.kubectl("-n", "hello-grpc", "wait", "gateway/hello-grpc", "--for=condition=Programmed", "--timeout=30s")
        self.kubectl("-n", "hello-grpc", "rollout", "status", "deployment/hello-grpc", "--timeout=30s")

    def processes(self) -> list[psutil.Process]:
        """The agent and all its descendants, now."""
        agent = psutil.Process(self.process.pid)
        return [agent, *agent.children(recursive=True)]

    def _run(self, command: list[str], timeout_s: float, check: bool) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            command, env=self.environment, text=True, capture_output=True, timeout=timeout_s, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done


def wait_until(claim: Callable[[], bool], what: str, *, timeout_s: float = 40, every_s: float = 0.05) -> None:
    """Polls the outside world, which has no events to wait for."""
    end = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(every_s)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run: a zombie has ended, whoever ought to have waited for it."""

    def is_alive(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [each for each in processes if is_alive(each)]


def start_lab(state: Path, name: str = "e2e", options: Sequence[str] = (), wrapper: Sequence[str] = ()) -> Lab:
    """A lab in the foreground of a process of its own; its state below `state`.

    `wrapper` is a command that becomes the lab's agent: `unshare` and the like.
    """
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
    environment = {key: os.environ[key] for key in kept if key in os.environ} | {
        "XDG_STATE_HOME": str(state),
        "XDG_RUNTIME_DIR": str(state / "run"),
        "XDG_CONFIG_HOME": str(state / "config"),
        "GATELAB_NAME": name,
        "KUBECONFIG": str(state / "gatelab" / name / "kubeconfig"),
    }
    with (state / "up.stderr").open("w") as errors:
        process = subprocess.Popen(
            [*wrapper, *GATELAB, "up", "--name", name, "--format", "json", *options],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        process.stdout.close()
        raise AssertionError(f"gatelab up ended with {process.returncode}: {(state / 'up.stderr').read_text()}")
    return Lab(name, environment, process, json.loads(line))


def print_logs(state: Path) -> None:
    """What the lab's own processes logged; pytest shows it for tests that failed."""
    for file in [*state.glob("*.stderr"), *sorted(state.glob("gatelab/*/logs/*.log"))]:
        print(f"--- {file.name}\n{file.read_text()[-8000:]}")


def stop_lab(lab: Lab) -> None:
    if lab.process.poll() is None:
        lab.process.send_signal(signal.SIGTERM)
    lab.process.wait(20)
    assert lab.process.stdout is not None
    lab.process.stdout.close()
