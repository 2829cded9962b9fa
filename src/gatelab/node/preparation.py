"""The first milliseconds of a lab: folders, claims, keys, the keeper, and the control plane on its way.

All that is heavy is imported after this, while the control plane starts: nothing here may import asyncio.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gatelab.node.claims import claim_octet, free_port, lock
from gatelab.node.credentials import are_made, make_credentials, write_kubeconfig
from gatelab.node.errors import LabError
from gatelab.node.keeper.client import Keeper
from gatelab.node.place import LabPlace
from gatelab.node.residents import Resident

CONTROL_PLANE = (sys.executable, "-m", "gatelab.controlplane")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STARTTIME = 19
"""Field 22 of /proc/<pid>/stat, counted after the command's name."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a lab holds. The lock and the socket are held as long as they are open, here or in the keeper."""

    lock: int
    range_socket: socket.socket
    octet: int
    api_port: int
    dns_port: int


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
    place: LabPlace, images: Path, *, process_started: float, controlplane: Sequence[str] = CONTROL_PLANE
) -> Preparation:
    """Claims the lab and starts its keeper and its control plane, which is the program `controlplane`.

    Raises LabIsRunning, LabError with what the user can do. Nothing is left running then.
    """
    if not sys.platform.startswith("linux"):
        raise LabError(
            "the lab needs Linux, for it gives every pod an address in 127.0.0.0/8; `call` and `load` do not"
        )
    place.make()
    claims = _claim(place)
    keeper = Keeper.start(held=[claims.lock, claims.range_socket.fileno()])
    is_first_run = not are_made(place)
    if not is_first_run:
        make_credentials(place, now=datetime.now(UTC))
    resident = _resident(place, keeper, controlplane, claims)
    resident.start()
    if is_first_run:
        # A tenth of a second, in which the control plane can begin: it waits for them.
        make_credentials(place, now=datetime.now(UTC))
    write_kubeconfig(place, port=claims.api_port)
    _adopt_orphans()
    return Preparation(place, images, claims, keeper, resident, process_started)


def _claim(place: LabPlace) -> Claims:
    """Takes what the lab had in its last run where that is still free, and remembers what it got."""
    lock_fd = lock(place.lock, lab=place.name)
    place.lab_file.unlink(missing_ok=True)
    _empty(place.run)
    remembered = _remembered(place)
    octet, range_socket = claim_octet(remembered.get("octet"))
    api_port = free_port(remembered.get("api_port"))
    dns_port = _dns_port(remembered.get("dns_port"), f"127.{octet}.0.1")
    place.settings.write_text(json.dumps({"octet": octet, "api_port": api_port, "dns_port": dns_port}))
    return Claims(lock_fd, range_socket, octet, api_port, dns_port)


def _resident(place: LabPlace, keeper: Keeper, program: Sequence[str], claims: Claims) -> Resident:
    options = {
        "--name": place.name,
        "--api-port": claims.api_port,
        "--octet": claims.octet,
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
