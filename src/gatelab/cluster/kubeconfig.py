"""Which cluster, and as whom: a kubeconfig, read by lightkube, as an HTTP client."""

import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
import yaml
from lightkube.config.client_adapter import ConnectionParams
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from gatelab.cluster.remote_http import CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S

_UNREADABLE = (
    ConfigError,
    OSError,
    yaml.YAMLError,
    msgspec.MsgspecError,
    # lightkube takes the shape of the document for granted.
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)


class KubeconfigError(Exception):
    """The kubeconfig cannot be used. The message names the file and what is wrong."""


def http_client(kubeconfig: Path | str | None, context: str | None = None) -> httpx2.AsyncClient:
    """A client of a context of a file, the current one by default; of None: $KUBECONFIG, the service account in a pod,
    ~/.kube/config.

    Raises KubeconfigError.
    """
    try:
        config = _read(kubeconfig, context)
        return _client(config)
    except _UNREADABLE as error:
        what = f"missing {error}" if isinstance(error, KeyError) else error
        raise KubeconfigError(f"kubeconfig {kubeconfig or 'of the environment'}: {what}") from error


def _read(kubeconfig: Path | str | None, context: str | None) -> SingleConfig:
    # $KUBECONFIG may name several files; lightkube reads one.
    named = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    if kubeconfig is None and named:
        kubeconfig = _first_present(named)
    loaded = KubeConfig.from_file(kubeconfig) if kubeconfig is not None else KubeConfig.from_env()
    single = loaded.get(context)
    assert single is not None  # get() raises without a context, unless given a default
    return single if single.user is not None else single._replace(user=User())


def _first_present(paths: list[str]) -> str:
    return next((path for path in paths if Path(path).exists()), paths[0])


def _client(config: SingleConfig) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    # A proxy of the environment cannot reach this machine's loopback.
    parameters = ConnectionParams(timeout=timeout, trust_env=not _is_loopback(config.cluster.server))
    # Every watch holds a connection, so their number is not limited.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
    return httpx2.AsyncClient(**parameters.httpx_params(config), limits=limits)


def _is_loopback(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
