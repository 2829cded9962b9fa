"""Backends and their endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gatelab.proxy.model.backend_policy import NO_POLICY, BackendPolicy
from gatelab.proxy.model.tls import UpstreamTls


@dataclass(frozen=True, slots=True)
class Backend:
    """A set of endpoints that one kind of request may go to; its endpoints travel separately, by this name."""

    name: str
    protocol: Literal["tcp", "udp", "http1", "http2"]
    policy: BackendPolicy = NO_POLICY
    connect_timeout_s: float = 5.0
    tls: UpstreamTls | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that serves a backend."""

    address: str
    port: int


Endpoints = Mapping[str, tuple[Endpoint, ...]]
"""The endpoints of each backend, by the backend's name. A backend without an entry has none."""
