"""Processes of the proxies that are measured: started, waited for, their CPU time read, ended."""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

HOST = "127.27.9.1"
GRPC_HOST, HTTP_HOST = "grpc.bench.test", "http.bench.test"
START_S = 30.0

Address = tuple[str, int]


class Missing(Exception):
    """A proxy cannot be measured here; the text says why."""


@dataclass
class Proxy:
    """Where it listens, and the processes whose work is counted: those under `pid`, or of that `program` only."""

    name: str
    address: Address
    pid: int
    program: str = ""
    counted: list[int] = field(default_factory=list)

    def on_core(self, core: int) -> None:
        """Every thread of what is counted."""
        for pid in self.counted:
            on_core(pid, core)

    def find(self) -> None:
        """Looks for the processes, once it serves."""
        first = psutil.Process(self.pid)
        every = [first, *first.children(recursive=True)]
        self.counted = [each.pid for each in every if not self.program or each.name() == self.program]

    def cpu_s(self) -> float:
        """CPU time of all threads so far, to the nanosecond: ticks of 10 ms would be too coarse for short runs."""
        threads = (each for pid in self.counted for each in Path(f"/proc/{pid}/task").iterdir())
        return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9


def on_core(pid: int, core: int) -> None:
    """Every thread of a process; those to come inherit it."""
    for each in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(each.name), {core})


def free_port(host: str = HOST) -> int:
    with socket.socket() as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(name: str, command: Sequence[str], folder: Path, port: int, program: str = "") -> Iterator[Proxy]:
    with running(name, command, folder) as process:
        proxy = Proxy(name, (HOST, port), process.pid, program)
        until(process, lambda: serves_tls(proxy.address), folder / f"{name}.log")
        proxy.find()
        yield proxy


@contextmanager
def running(name: str, command: Sequence[str], folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)}, start_new_session=True
        )
    try:
        yield process
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        for left in psutil.wait_procs(children, timeout=5)[1]:
            left.kill()


def until(process: "subprocess.Popen[bytes]", claim: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + START_S
    while not claim():
        if process.poll() is not None:
            raise Missing(f"it ended with {process.returncode}: {log.read_text()[-400:]}")
        if time.monotonic() > end:
            raise Missing(f"it does not serve after {START_S:g} s: {log.read_text()[-400:]}")
        time.sleep(0.05)


def accepts(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def serves_tls(address: Address) -> bool:
    """Whether a request over TLS gets the backend's answer."""
    try:
        with socket.create_connection(address, timeout=1) as plain, trusting_anybody().wrap_socket(plain) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {HTTP_HOST}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def trusting_anybody() -> ssl.SSLContext:
    """A client's TLS that looks at no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
