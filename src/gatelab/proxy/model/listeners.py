"""Bound addresses and what connections to them meet."""

from dataclasses import dataclass
from typing import Literal

from gatelab.proxy.model.forwarding import WeightedBackend
from gatelab.proxy.model.tls import TlsTermination

AccessLog = Literal["off", "text", "json"]
"""Whether a line is written per request, and how."""


@dataclass(frozen=True, slots=True)
class HttpChain:
    """What an accepted connection meets: TLS or not, then HTTP with a route table.

    `server_names` select by SNI, exact or `*.suffix`; empty takes every connection that no other chain took. Without
    TLS, HTTP/1.1 and HTTP/2 with prior knowledge are told apart by the first bytes.
    """

    name: str
    route_table: str
    tls: TlsTermination | None = None
    server_names: tuple[str, ...] = ()
    access_log: AccessLog = "off"


@dataclass(frozen=True, slots=True)
class TcpChain:
    """Bytes to a backend: layer 4. One endpoint of one backend, by weight, is chosen per connection.

    A share without a backend is closed, and so is every connection if no backend has a weight. `server_names` select
    as those of an `HttpChain` do. Without `tls`, what the client sends goes on as it is, TLS included.
    """

    name: str
    backends: tuple[WeightedBackend, ...]
    server_names: tuple[str, ...] = ()
    tls: TlsTermination | None = None


@dataclass(frozen=True, slots=True)
class UdpChain:
    """Datagrams to a backend. One endpoint of one backend, by weight, is chosen per address and port of a client.

    What falls into a share without a backend is dropped.
    """

    name: str
    backends: tuple[WeightedBackend, ...]


Chain = HttpChain | TcpChain | UdpChain


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound address. `HttpChain`s and `TcpChain`s share it by server name; a `UdpChain` has it to itself.

    With a `UdpChain` it is a UDP port, which is none of the TCP ports of the same number. A `shared` one may be
    bound by another process of the same user at the same time: by the Envoy that takes over, or by one of several. With
    `exact_balance` connections are dealt out evenly to workers.
    """

    name: str
    address: str
    port: int
    chains: tuple[Chain, ...]
    shared: bool = True
    exact_balance: bool = False
