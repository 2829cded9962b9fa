"""`gatelab controller` where it cannot start: one line that says why, and exit code 3."""

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from gatelab.cli.controller import controller

NAME = "example.com/other"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class Api(BaseHTTPRequestHandler):
    """Lists no GatewayClasses; below /bare it has no such thing."""

    def do_GET(self) -> None:
        is_bare = self.path.startswith("/bare/")
        body = {"kind": "Status", "code": 404, "reason": "NotFound"} if is_bare else {"items": [], "metadata": {}}
        self.send_response(404 if is_bare else 200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is there
        pass


@pytest.fixture
def api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, because Unix sockets have paths of at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="gl-") as name:
        yield Path(name)


def kubeconfig(folder: Path, server: str) -> Path:
    file = folder / "kubeconfig"
    file.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "current-context": "x",
            }
        )
    )
    return file


def run(*arguments: object, name: str = NAME, folder: Path = Path("/never/made")) -> Result:
    paths = ["--xds-socket", folder / "xds.sock", "--run-dir", folder]
    return CliRunner().invoke(controller, [str(each) for each in ("--controller-name", name, *paths, *arguments)])


def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    done = run("--kubeconfig", tmp_path / "none")
    assert done.exit_code == 3
    assert f"Error: kubeconfig {tmp_path / 'none'}" in done.stderr


def test_a_cluster_that_does_not_answer(tmp_path: Path, closed_port: int) -> None:
    server = f"http://127.0.0.1:{closed_port}"
    done = run("--kubeconfig", kubeconfig(tmp_path, server))
    assert done.exit_code == 3
    assert f"Error: GatewayClasses cannot be listed: {server}" in done.stderr


def test_a_cluster_without_the_gateway_api(tmp_path: Path, api: str) -> None:
    done = run("--kubeconfig", kubeconfig(tmp_path, f"{api}/bare"))
    assert done.exit_code == 3
    assert "has no GatewayClasses: install the Gateway API's CRDs first" in done.stderr


def test_a_socket_that_somebody_serves(tmp_path: Path, api: str, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "xds.sock"))
        other.listen()
        done = run("--kubeconfig", kubeconfig(tmp_path, api), folder=folder)
    assert done.exit_code == 3
    assert f"Error: {folder / 'xds.sock'} is served by another process" in done.stderr


def test_a_path_that_is_too_long_for_a_socket(tmp_path: Path, api: str) -> None:
    done = run("--kubeconfig", kubeconfig(tmp_path, api), folder=tmp_path / ("x" * 70))
    assert done.exit_code == 3
    assert "longer than 107 bytes" in done.stderr


def test_a_folder_that_cannot_be_made(tmp_path: Path, api: str, folder: Path) -> None:
    (folder / "file").touch()
    done = run("--kubeconfig", kubeconfig(tmp_path, api), folder=folder / "file" / "below")
    assert done.exit_code == 3
    assert f"Not a directory: '{folder / 'file' / 'below'}'" in done.stderr


@pytest.mark.parametrize("name", ["other", "example.com/", "/other", "Example.com/other"])
def test_a_name_that_no_class_can_have_is_usage(name: str) -> None:
    done = run(name=name)
    assert done.exit_code == 2
    assert "a controllerName is domain/path" in done.stderr
