"""The hello image as a process, as a pod would run it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

HOST = "127.27.0.3"


@dataclass
class Hello:
    """A running server; `port` is where it said it listens."""

    process: subprocess.Popen[str]
    port: int

    @property
    def target(self) -> str:
        return f"{HOST}:{self.port}"

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=10)

    def log(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


Start = Callable[..., Hello]


@pytest.fixture
def start_hello() -> Iterator[Start]:
    """Starts servers with environment variables given as keywords; all are gone at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(**environ: str) -> Hello:
        base = {"GATELAB_POD_IP": HOST, "HELLO_GRPC_PORT": "0", "POD_NAME": "hello-1", "NODE_NAME": "gatelab"}
        process = subprocess.Popen(
            [sys.executable, "-m", "gatelab.backends.hello"],
            env={**os.environ, **base, **environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        words = process.stderr.readline().split()
        port = words[3].rpartition(":")[2] if len(words) > 3 else ""
        return Hello(process, int(port) if port.isdigit() else 0)

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
