"""The first milliseconds of a lab: folders, claims, keys, the keeper, and the control plane on its way.

All that is heavy is imported after this, while the control plane starts: nothing here may import asyncio.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gatelab.node.claims import OCTETS, claim_octet, free_port, lock
from gatelab.node.credentials import are_made, make_credentials, write_kubeconfig
from gatelab.node.errors import LabError
from gatelab.node.keeper.client import Keeper
from gatelab.node.place import LabPlace
from gatelab.node.residents import Resident

if TYPE_CHECKING:
    from gatelab.kinds.addresses import AddressRange

LOOPBACK, PRIVATE = 127, 10
"""First octets of address plans, as in `kinds.addresses`, whose import the control plane shall not wait for."""
CONTROL_PLANE = (sys.executable, "-m", "gatelab.controlplane")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_DNS = 53
"""Where programs look for the server that resolv.conf names."""
_STARTTIME = 19
"""Field 22 of /proc/<pid>/stat, counted after the command's name."""


Isolation = Literal["none", "netns"]
"""Whether pods share this machine's network, or have network namespaces of their own."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a lab holds. The lock and the socket are held as long as they are open, here or in the keeper."""

    lock: int
    range_socket: socket.socket
    octet: int
    network: int = LOOPBACK
    api_port: int = 0
    dns_port: int = 0
    isolation: Isolation = "none"

    @property
    def addresses(self) -> "AddressRange":
        """The address plan."""
        from gatelab.kinds.addresses import AddressRange

        return AddressRange(self.octet, self.network)

    @property
    def node(self) -> str:
        """As in the plan, for which nobody has to wait here."""
        return f"{self.network}.{self.octet}.0.1"


@dataclass(frozen=True, slots=True)
class Preparation:
    """A lab that has begun to start."""

    place: LabPlace
    images: Path
    claims: Claims
    keeper: Keeper
    controlplane: Resident
    process_started: float
    """Seconds of CLOCK_BOOTTIME when the command was started; `startup_s` counts from here."""


def process_start() -> float:
    """When this process was started: seconds of CLOCK_BOOTTIME, to a hundredth."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[_STARTTIME]) / _TICKS_PER_S


def prepare(
    place: LabPlace,
    images: Path,
    *,
    process_started: float,
    isolation: Isolation = "none",
    log_level: str = "info",
    controlplane: Sequence[str] = CONTROL_PLANE,
) -> Preparation:
    """Claims the lab and starts its keeper and its control plane, which is the program `controlplane`.

    Raises LabIsRunning, LabError with what the user can do. Nothing is left running then.
    """
    if not sys.platform.startswith("linux"):
        raise LabError(
            "the lab needs Linux, for it gives every pod an address in 127.0.0.0/8; `call` and `load` do not"
        )
    place.make()
    claims = _claim_range(place, isolation)
    keeper = Keeper.start(held=[claims.lock, claims.range_socket.fileno()])
    try:
        if isolation == "netns":
            from gatelab.node.network.lab_network import make_lab_network

            make_lab_network(keeper, claims.addresses)
        claims = _claim_ports(place, claims)
    except LabError:
        keeper.close()
        raise
    is_first_run = not are_made(place)
    if not is_first_run:
        make_credentials(place, now=datetime.now(UTC))
    resident = _resident(place, keeper, (*controlplane, "--log-level", log_level), claims)
    resident.start()
    if is_first_run:
        # A tenth of a second, in which the control plane can begin: it waits for them.
        make_credentials(place, now=datetime.now(UTC))
    write_kubeconfig(place, port=claims.api_port)
    _adopt_orphans()
    return Preparation(place, images, claims, keeper, resident, process_started)


def _claim_range(place: LabPlace, isolation: Isolation) -> Claims:
    """The lab's name, and the addresses of its last run where they are still free."""
    lock_fd = lock(place.lock, lab=place.name)
    place.lab_file.unlink(missing_ok=True)
    _empty(place.run)
    octets: Sequence[int] = OCTETS
    if isolation == "netns":
        from gatelab.node.network.ranges import free_octets

        octets = free_octets(OCTETS)
    preferred = _remembered(place).get("octet")
    octet, range_socket = claim_octet(preferred if preferred in octets else None, octets)
    return Claims(lock_fd, range_socket, octet, PRIVATE if isolation == "netns" else LOOPBACK, isolation=isolation)


def _claim_ports(place: LabPlace, claims: Claims) -> Claims:
    """The ports of the last run where they are still free; what the lab got is remembered."""
    remembered, node = _remembered(place), claims.node
    api_port = free_port(remembered.get("api_port"))
    dns_port = _dns_port(_DNS if claims.isolation == "netns" else remembered.get("dns_port"), node)
    if claims.isolation == "netns" and dns_port != _DNS:
        raise LabError(
            f"--isolation netns: port {_DNS} of {node} is taken by a program that listens on all addresses, so pods "
            f"could not resolve names: stop it (`ss -lunp 'sport = :{_DNS}'` shows it)"
        )
    kept = {"octet": claims.octet, "api_port": api_port}
    kept["dns_port"] = remembered.get("dns_port", dns_port) if claims.isolation == "netns" else dns_port
    place.settings.write_text(json.dumps(kept))
    return replace(claims, api_port=api_port, dns_port=dns_port)


def _resident(place: LabPlace, keeper: Keeper, program: Sequence[str], claims: Claims) -> Resident:
    options = {
        "--name": place.name,
        "--api-port": claims.api_port,
        "--octet": claims.octet,
        "--network": claims.network,
        "--dns-port": claims.dns_port,
    }
    argv = [*program, *(str(each) for pair in options.items() for each in pair)]
    return Resident("control-plane", argv, env=os.environ, log=place.controlplane_log, keeper=keeper)


def _empty(folder: Path) -> None:
    """Removes what a lab that was killed left behind: sockets, for the most part."""
    for leftover in folder.iterdir():
        if leftover.is_dir() and not leftover.is_symlink():
            _empty(leftover)
            leftover.rmdir()
        else:
            leftover.unlink(missing_ok=True)


def _adopt_orphans() -> None:
    """Should the keeper be killed, what it leaves behind comes to us instead of init."""
    from gatelab.node.keeper.process import become_subreaper  # ctypes, for which nobody has to wait

    become_subreaper()


def _remembered(place: LabPlace) -> dict[str, int]:
    try:
        found = json.loads(place.settings.read_text())
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, int)} if isinstance(found, dict) else {}


def _dns_port(preferred: int | None, address: str) -> int:
    """A port that is free for UDP and for TCP."""
    for port in _candidates(preferred, address):
        if free_port(port, address=address, kind=socket.SOCK_DGRAM) == port:
            return port
    raise LabError(f"no port of {address} is free for both UDP and TCP")


def _candidates(preferred: int | None, address: str) -> Iterator[int]:
    for _ in range(16):
        yield free_port(preferred, address=address)
        preferred = None
