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
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spawned:
    """The program runs."""

    pid: int


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """The program could not be started; an errno of chdir(2) or execve(2)."""

    errno: int


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended, and with it whatever it had left behind. `status` as wait(2) gives it."""

    status: int

    @property
    def exit_code(self) -> int:
        """As a shell and Kubernetes show it: 128 + n after signal n."""
        signal = os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 0
        return 128 + signal if signal else os.WEXITSTATUS(self.status)


Notice = Spawned | SpawnFailed | Exited
OnNotice = Callable[[Notice], None]

_PROGRAM = Path(__file__).with_name("process.py")


class Keeper:
    """A running keeper. Everything that it started ends when this process ends, or with `close`."""

    def __init__(self, sock: socket.socket, pid: int) -> None:
        self.pid = pid
        self._sock = sock
        self._listeners: dict[str, OnNotice] = {}
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
    ) -> None:
        """Starts a program as leader of its own session. `id_` is new; the descriptors are duplicated, not taken.

        The last notice is SpawnFailed or Exited. Raises OSError when the keeper is gone.
        """
        self._listeners[id_] = on_notice
        self._order({"spawn": id_, "argv": list(argv), "env": dict(env), "cwd": cwd}, (stdout, stderr))

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
            case {"failed": str(id_), "errno": int(errno)}:
                self._listeners.pop(id_)(SpawnFailed(errno))
            case {"exited": str(id_), "status": int(status)}:
                self._listeners.pop(id_)(Exited(status))

    def _order(self, order: Mapping[str, object], fds: Sequence[int] = ()) -> None:
        data = json.dumps(order).encode() + b"\n"
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", fds))] if fds else []
        sent = self._sock.sendmsg([data], ancillary)
        self._sock.sendall(data[sent:])
