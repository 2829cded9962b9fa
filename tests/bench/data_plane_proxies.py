"""The proxies that are measured beside each other: processes, and the configurations in the folder `proxies`.

All end TLS with one certificate, on one worker, in front of the same backends. One whose program is missing, or that
does not come up, is `Missing`, with the reason.
"""

import base64
import json
import os
import shutil
import string
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.data_plane_process import HOST, Address, Missing, Proxy, accepts, free_port, running, serving, until
from gatelab.proxy import envoy_binary
from gatelab.proxy.command import envoy_arguments
from go_programs import built
from proxy_configs import SelfSigned

ENVOY_GATEWAY = "envoy-gateway"


class _Template(string.Template):
    """`%{NAME}`: the proxies have other uses for `$`."""

    delimiter = "%"


@dataclass(frozen=True)
class Site:
    """What the proxies have in common: a folder of their own, the certificate, the backends."""

    folder: Path
    certificate: SelfSigned
    grpc: Sequence[Address]
    http: Sequence[Address]

    def write_certificate(self) -> None:
        """As nginx and Envoy want it, and as haproxy does."""
        for name, content in (
            ("tls.crt", self.certificate.chain),
            ("tls.key", self.certificate.key),
            ("tls.pem", self.certificate.chain + self.certificate.key),
        ):
            (self.folder / name).write_bytes(content)


def rendered(name: str, **values: object) -> str:
    """A file of the folder `proxies` with its placeholders filled in."""
    text = (Path(__file__).parent / "proxies" / name).read_text()
    return _Template(text).substitute({key: str(value) for key, value in values.items()})


@contextmanager
def lean_envoy(site: Site, name: str = "lean") -> Iterator[Proxy]:
    """Envoy, with a static configuration written by hand."""
    port = free_port()
    arguments = envoy_arguments(config_yaml=lean_config(site, port, name))
    with serving(name, [str(envoy_binary()), *arguments], site.folder, port) as proxy:
        yield proxy


def lean_config(site: Site, port: int, name: str = "lean") -> str:
    """Envoy's configuration as one writes it by hand; YAML."""
    values = {"GRPC_ENDPOINTS": _envoy_endpoints(site.grpc), "HTTP_ENDPOINTS": _envoy_endpoints(site.http)}
    return rendered("lean_envoy.yaml", FOLDER=site.folder, NAME=name, HOST=HOST, PORT=port, **values)


@contextmanager
def haproxy(site: Site) -> Iterator[Proxy]:
    program, port = installed("haproxy"), free_port()
    values = {"GRPC_SERVERS": _haproxy_servers(site.grpc, "proto h2"), "HTTP_SERVERS": _haproxy_servers(site.http)}
    config = site.folder / "haproxy.cfg"
    config.write_text(rendered("haproxy.cfg", FOLDER=site.folder, HOST=HOST, PORT=port, **values))
    with serving("haproxy", [program, "-db", "-f", str(config)], site.folder, port) as proxy:
        yield proxy


@contextmanager
def nginx(site: Site) -> Iterator[Proxy]:
    program, port = installed("nginx"), free_port()
    values = {"GRPC_SERVERS": _nginx_servers(site.grpc), "HTTP_SERVERS": _nginx_servers(site.http)}
    config = site.folder / "nginx.conf"
    config.write_text(rendered("nginx.conf", FOLDER=site.folder, HOST=HOST, PORT=port, **values))
    with serving("nginx", [program, "-p", str(site.folder), "-c", str(config)], site.folder, port) as proxy:
        yield proxy


@contextmanager
def envoy_gateway(site: Site) -> Iterator[Proxy]:
    """Its standalone mode, with its generated configuration, but gatelab's Envoy: it finds that one downloaded."""
    try:
        program = built(ENVOY_GATEWAY)
    except subprocess.SubprocessError as error:
        raise Missing(f"Envoy Gateway could not be built: {error}") from error
    if not program:
        raise Missing("Go is not installed, so Envoy Gateway cannot be built")
    folder, port, version = site.folder / "eg", free_port(), _envoy_version()
    binary = folder / "data" / "envoy-versions" / version / "bin" / "envoy"
    for each in (binary.parent, folder / "resources"):
        each.mkdir(parents=True)
    binary.symlink_to(envoy_binary())
    config = folder / "envoy-gateway.yaml"
    config.write_text(rendered("envoy_gateway.yaml", FOLDER=folder))
    values = {
        "PORT": port,
        "ENVOY_VERSION": version,
        "CHAIN": base64.b64encode(site.certificate.chain).decode(),
        "KEY": base64.b64encode(site.certificate.key).decode(),
        "GRPC_BACKENDS": _backends(site.grpc),
        "HTTP_BACKENDS": _backends(site.http),
    }
    (folder / "resources" / "bench.yaml").write_text(rendered("envoy_gateway_resources.yaml", **values))
    subprocess.run([program, "certgen", "--local", "--config-home", f"{folder}/config"], check=True, timeout=30)
    with serving(ENVOY_GATEWAY, [program, "server", "--config-path", str(config)], site.folder, port, "envoy") as proxy:
        yield proxy


@contextmanager
def sink(folder: Path) -> Iterator[tuple[Address, int]]:
    """The backend for HTTP/1.1: where it is, and its pid."""
    port = free_port()
    arguments = envoy_arguments(config_yaml=rendered("sink.yaml", HOST=HOST, PORT=port))
    with running("sink", [str(envoy_binary()), *arguments], folder) as process:
        until(process, lambda: accepts((HOST, port)), folder / "sink.log")
        yield (HOST, port), process.pid


def installed(name: str) -> str:
    """The path of a program. Raises Missing."""
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise Missing(f"{name} is not installed")
    return program


def _envoy_version() -> str:
    said = subprocess.run([envoy_binary(), "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    return said.split("version:")[1].split("/")[1]


def _envoy_endpoints(addresses: Sequence[Address]) -> str:
    return json.dumps(
        [{"endpoint": {"address": {"socket_address": {"address": h, "port_value": p}}}} for h, p in addresses]
    )


def _haproxy_servers(addresses: Sequence[Address], words: str = "") -> str:
    return "\n".join(f"    server s{n} {host}:{port} {words}" for n, (host, port) in enumerate(addresses))


def _nginx_servers(addresses: Sequence[Address]) -> str:
    return "\n".join(f"        server {host}:{port};" for host, port in addresses)


def _backends(addresses: Sequence[Address]) -> str:
    return json.dumps([{"ip": {"address": host, "port": port}} for host, port in addresses])
