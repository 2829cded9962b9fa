"""Names, ranges, ports, and the secrets of a lab."""

import contextlib
import os
import socket
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from gatelab.node.claims import claim_octet, free_port, holder, is_held, lock, privileged_shift
from gatelab.node.credentials import make_credentials, write_kubeconfig
from gatelab.node.errors import LabError, LabIsRunning
from gatelab.node.place import LabPlace

NOW = datetime.now(UTC)


@pytest.fixture
def place(tmp_path: Path) -> LabPlace:
    place = LabPlace("test", tmp_path / "state", tmp_path / "run")
    place.make()
    return place


def test_a_lab_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    assert not is_held(path)
    fd = lock(path, lab="one")
    assert holder(path) == os.getpid()
    with pytest.raises(LabIsRunning, match=rf"'one' is already running \(pid {os.getpid()}\).*gatelab down --name one"):
        lock(path, lab="one")
    os.close(fd)
    assert holder(path) is None
    os.close(lock(path, lab="one"))


@pytest.mark.parametrize(("error", "shift"), [(PermissionError(), 10_000), (OSError(), 0), (None, 0)])
def test_ports_are_shifted_only_where_low_ones_are_forbidden(
    monkeypatch: pytest.MonkeyPatch, error: OSError | None, shift: int
) -> None:
    """What the kernel would say is given: whether these tests may bind port 443 is the machine's business."""

    class Probe(socket.socket):
        def bind(self, address: object) -> None:
            assert address == ("127.26.0.1", 443)
            if error is not None:
                raise error

    monkeypatch.setattr("gatelab.node.claims.socket.socket", Probe)
    assert privileged_shift("127.26.0.1") == shift


def test_two_labs_have_two_ranges() -> None:
    octets = range(26, 28)
    first, one = claim_octet(None, octets)
    second, two = claim_octet(first, octets)
    assert {first, second} == {26, 27}
    with pytest.raises(LabError, match="gatelab down"):
        claim_octet(None, octets)
    one.close()
    again, three = claim_octet(first, octets)
    assert again == first
    for each in (two, three):
        each.close()


def test_a_port_is_kept_while_it_is_free() -> None:
    port = free_port(None, address="127.26.0.1")
    assert free_port(port, address="127.26.0.1") == port
    with socket.create_server(("127.26.0.1", port)):
        assert free_port(port, address="127.26.0.1") != port


@pytest.mark.parametrize("name", ["", "A", "a_b", "a/b", "-a", "a-", "x" * 33])
def test_names_that_cannot_be_folders_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a lab"):
        LabPlace.named(name)


def test_the_run_folder_has_room_for_sockets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("y" * 100)))
    place = LabPlace.named("n" * 32)
    assert max(len(str(each)) for each in (place.node_admin_socket, place.node_xds_socket, place.xds_socket)) <= 107


def test_folders_and_secrets_are_the_owners_alone(place: LabPlace) -> None:
    make_credentials(place, now=NOW)
    write_kubeconfig(place, port=6443)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (place.state, place.run)] == [0o700, 0o700]
    secrets = [place.token, place.kubeconfig, place.ca_key, place.api_key, place.api_certificate, place.ca_certificate]
    assert {stat.S_IMODE(each.stat().st_mode) for each in secrets} == {0o600}


def test_credentials_are_kept_over_restarts(place: LabPlace) -> None:
    make_credentials(place, now=NOW)
    before = (place.token.read_bytes(), place.api_certificate.read_bytes())
    make_credentials(place, now=NOW + timedelta(days=100))
    assert (place.token.read_bytes(), place.api_certificate.read_bytes()) == before
    make_credentials(place, now=NOW + timedelta(days=3640))
    assert place.token.read_bytes() == before[0]
    assert place.api_certificate.read_bytes() != before[1]


def test_a_client_with_the_kubeconfigs_ca_believes_the_server(place: LabPlace) -> None:
    make_credentials(place, now=NOW)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(place.api_certificate, place.api_key)
    client = ssl.create_default_context(cafile=str(place.ca_certificate))
    for name in ("127.0.0.1", "localhost", "kubernetes.default.svc"):
        to_client, to_server, back, forth = (ssl.MemoryBIO() for _ in range(4))
        ours = client.wrap_bio(to_client, to_server, server_hostname=name)
        theirs = server.wrap_bio(back, forth, server_side=True)
        for _ in range(3):
            for end, out, into in ((ours, to_server, back), (theirs, forth, to_client)):
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()
                into.write(out.read())
        assert ours.version() == "TLSv1.3"


def test_the_kubeconfig_is_what_kubectl_reads(place: LabPlace) -> None:
    make_credentials(place, now=NOW)
    write_kubeconfig(place, port=6443)
    config = yaml.safe_load(place.kubeconfig.read_text())
    assert config["current-context"] == "gatelab-test"
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    assert config["users"][0]["user"]["token"] == place.token.read_text()
