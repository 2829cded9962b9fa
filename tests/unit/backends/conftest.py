"""The images as processes, as pods would run them."""

import datetime
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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
        return self.process.wait(timeout=40)

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def log(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


Start = Callable[..., Hello]


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """What is put into the list is gone at the end, and its pipes are closed."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def start_hello(started: list[subprocess.Popen[str]]) -> Start:
    """Starts servers with environment variables given as keywords."""

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

    return start


@dataclass
class Running:
    """A running image; `ports` are those that it said it serves, by protocol."""

    process: "subprocess.Popen[str]"
    ports: dict[str, int]

    def connect(self, protocol: str) -> socket.socket:
        return socket.create_connection((HOST, self.ports[protocol]), timeout=5)

    def next_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=10)


IMPATIENT = "import gatelab.backends.echo.{0} as server; server._DRAIN_S = 0.5"


@pytest.fixture
def start_echo(started: list[subprocess.Popen[str]]) -> Callable[..., Running]:
    """Starts echo servers on free ports, and waits until each of `protocols` is served.

    `impatient` is a module of the image whose connections have half a second to end once the server is told to.
    """
    names = ("HTTP_PORT", "H2C_PORT", "HTTPS_PORT", "TCP_PORT", "TLS_PORT", "UDP_PORT")
    main = "import sys; from gatelab.backends.echo.__main__ import main; sys.exit(main())"

    def start(*protocols: str, impatient: str = "", **environ: str) -> Running:
        command = ["-c", f"{IMPATIENT.format(impatient)}; {main}"] if impatient else ["-m", "gatelab.backends.echo"]
        base = {"GATELAB_POD_IP": HOST, "POD_NAME": "echo-1", "NAMESPACE": "shop", **dict.fromkeys(names, "0")}
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **base, **environ},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        found = (re.search(r"port (\d+) \((.*)\)", process.stdout.readline()) for _ in protocols)
        return Running(process, {each[2]: int(each[1]) for each in found if each is not None})

    return start


@pytest.fixture(scope="session")
def certificate_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tls.crt and tls.key for hello.test, self-signed."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def other_certificate_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by somebody else."""
    return self_signed(tmp_path_factory.mktemp("other"))


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hello.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hello.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return folder
