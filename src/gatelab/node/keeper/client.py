"""The agent's end of the keeper: starts it, gives orders, hands notices to who asked.

Neither asyncio nor anything heavy is imported here, because the control plane is spawned before the agent's own
imports: its start is what a user waits for.
"""

import json
import os
import socket
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spawned:
    """The program runs."""

    pid: int


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """The program could not be started; an errno of chdir(2) or execve(2).

    `refused` says which namespace or mount it could not have, and what to do, when that is why.
    """

    errno: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended, and with it whatever it had left behind. `status` as wait(2) gives it."""

    status: int

    @property
    def exit_code(self) -> int:
        """As a shell and Kubernetes show it: 128 + n after signal n."""
        signal = os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0
        return 128 + signal if signal else os.WEXITSTATUS(self.status)


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of this machine that a program sees at `target`, be that there or not."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class NetworkMade:
    """A network namespace is there, with a loopback interface that is up; `path` stands for it (setns(2))."""

    path: str


@dataclass(frozen=True, slots=True)
class Uplink:
    """This machine's end of the cable to a switch: its name and address, and the networks that are this machine's."""

    link: str
    address: str
    prefix: int
    local: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """A network's end of the cable to the switch of that name, on which it is called `port`."""

    switch: str
    port: str
    address: str
    prefix: int
    gateway: str


Notice = Spawned | SpawnFailed | Exited
OnNetwork = Callable[[NetworkMade | SpawnFailed], None]
OnNotice = Callable[[Notice], None]

_PROGRAM = Path(__file__).with_name("process.py")


class Keeper:
    """A running keeper. Everything that it started ends when this process ends, or with `close`."""

    def __init__(self, sock: socket.socket, pid: int) -> None:
        self.pid = pid
        self._sock = sock
        self._listeners: dict[str, OnNotice] = {}
        self._networks: dict[str, OnNetwork] = {}
        self._incoming = b""

    @classmethod
    def start(cls, held: Sequence[int] = ()) -> "Keeper":
        """Starts the keeper. It keeps the descriptors `held` open until the last process is gone."""
        ours, theirs = socket.socketpair()
        passed = [theirs.fileno(), *held]
        for fd in passed:
            os.set_inheritable(fd, True)
        try:
            argv = [sys.executable, "-I", "-S", str(_PROGRAM), *map(str, passed)]
            pid = os.posix_spawn(sys.executable, argv, {"LANG": "C.UTF-8"})
        finally:
            for fd in passed:
                os.set_inheritable(fd, False)
        theirs.close()
        return cls(ours, pid)

    def fileno(self) -> int:
        """For the event loop: readable means `receive`."""
        return self._sock.fileno()

    def spawn(
        self,
        id_: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        stdout: int,
        stderr: int,
        on_notice: OnNotice,
        mounts: Sequence[Mount] = (),
        network: str | None = None,
        inside: str | None = None,
    ) -> None:
        """Starts a program as leader of its own session. `id_` is new; the descriptors are duplicated, not taken.

        `mounts` gives it a view of the files of its own, `network` the name of a namespace made by `make_network`;
        `inside` is the id of a program that runs: the new one sees its files and its network. The last notice is
        SpawnFailed or Exited. Raises OSError when the keeper is gone.
        """
        self._listeners[id_] = on_notice
        order: dict[str, object] = {"spawn": id_, "argv": list(argv), "env": dict(env), "cwd": cwd}
        if mounts:
            order["mounts"] = [(each.source, each.target, each.read_only) for each in mounts]
        order |= {key: name for key, name in (("network", network), ("inside", inside)) if name is not None}
        self._order(order, (stdout, stderr))

    def make_network(self, name: str, on_made: OnNetwork, place: Uplink | Port | None = None) -> None:
        """Makes a network namespace: a switch, an end of one, or one that nothing leads into.

        It lasts until `drop_network`, or until the keeper ends. `name` is new.
        """
        self._networks[name] = on_made
        order: dict[str, object] = {"network": name}
        if isinstance(place, Uplink):
            order["uplink"] = asdict(place)
        elif isinstance(place, Port):
            port = asdict(place)
            order |= {"switch": port.pop("switch"), "port": port}
        self._order(order)

    def drop_network(self, name: str) -> None:
        """Gives a network namespace up: it goes when the last program in it has ended."""
        self._order({"drop": name})

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of what was started and has not ended."""
        return tuple(self._listeners)

    def signal(self, id_: str, number: int) -> None:
        """Signals the process group; nothing when it has ended."""
        self._order({"signal": id_, "number": int(number)})

    def receive(self) -> bool:
        """Reads what is there and tells the listeners. False when the keeper is gone."""
        try:
            data = self._sock.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        *lines, self._incoming = (self._incoming + data).split(b"\n")
        for line in lines:
            self._tell(json.loads(line))
        return bool(data)

    def close(self) -> None:
        """Ends every process, and waits until the keeper says that none is left. Blocks for some milliseconds."""
        self._sock.close()
        os.waitpid(self.pid, 0)

    def _tell(self, message: Mapping[str, object]) -> None:
        match message:
            case {"spawned": str(id_), "pid": int(pid)}:
                self._listeners[id_](Spawned(pid))
            case {"made": str(name), "fd": int(fd)}:
                self._networks.pop(name)(NetworkMade(f"/proc/{self.pid}/fd/{fd}"))
            case {"not made": str(name), "errno": int(errno), "refused": str(refused)}:
                self._networks.pop(name)(SpawnFailed(errno, refused))
            case {"failed": str(id_), "errno": int(errno), "refused": str(refused)}:
                self._listeners.pop(id_)(SpawnFailed(errno, refused))
            case {"exited": str(id_), "status": int(status)}:
                self._listeners.pop(id_)(Exited(status))

    def _order(self, order: Mapping[str, object], fds: Sequence[int] = ()) -> None:
        data = json.dumps(order).encode() + b"\n"
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", fds))] if fds else []
        sent = self._sock.sendmsg([data], ancillary)
        self._sock.sendall(data[sent:])
