"""The keeper's program: `python -I -S process.py SOCKET_FD`.

In, JSON lines on the socket: `{"spawn": id, "argv": […], "env": {…}, "cwd": path}` with two descriptors beside it
(SCM_RIGHTS: stdout, stderr), and `{"signal": id, "number": n}` for a whole process group. Out:
`{"spawned": id, "pid": n}`, `{"failed": id, "errno": n, "refused": text}`, `{"exited": id, "status": wait status}`.

A spawn may ask for namespaces: `"mounts": [[source, target, read only], …]`, `"network": name`, or `"inside": id` for
those of a program that runs. `{"network": name}` makes a network namespace (with "uplink" a switch, with "switch" and
"port" an end of one: see `networks`), which lasts until `{"drop": name}` or until the keeper ends. `{"made": name,
"fd": n}` says under which descriptor of the keeper's (/proc/<pid>/fd) it is, `{"not made": name, "errno": n,
"refused": text}` why there is none.

Three things tie every process to the agent. The socket: when it closes, however the agent ended, the keeper kills each
process group and then every descendant that is left, until there is none. PR_SET_CHILD_SUBREAPER: what forks twice and
leaves its session comes back to the keeper instead of init. PR_SET_PDEATHSIG: when the keeper itself is killed, its
children go with it.
"""

import array
import ctypes
import errno
import json
import os
import select
import signal
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_MARK = "GATELAB_KEPT"
_prctl = ctypes.CDLL(None, use_errno=True).prctl


class Keeper:
    """The children by id, and the two directions of the socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._incoming = b""
        self._outgoing = b""
        self._fds: list[int] = []
        self._pids: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._guests: set[str] = set()
        self._networks: dict[str, int] = {}

    def run(self, wakeup: int) -> None:
        """Serves until the socket closes, then kills all."""
        poll = select.poll()
        poll.register(wakeup, select.POLLIN)
        while True:
            poll.register(self._sock, select.POLLIN | (select.POLLOUT if self._outgoing else 0))
            for fd, events in poll.poll():
                if fd == wakeup:
                    os.read(wakeup, 4096)
                    self._reap()
                elif events & ~select.POLLOUT and not self._receive():
                    self.kill_all()
                    return
            self._flush()

    def _receive(self) -> bool:
        fds = array.array("i")
        try:
            data, ancillary, _, _ = self._sock.recvmsg(1 << 16, socket.CMSG_SPACE(64 * fds.itemsize))
        except BlockingIOError:
            return True
        except OSError:
            return False
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        for fd in fds:
            os.set_inheritable(fd, False)
        self._fds.extend(fds)
        *lines, self._incoming = (self._incoming + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(data)

    def _obey(self, order: dict) -> None:  # type: ignore[type-arg]
        if "spawn" in order:
            stdout, stderr = self._fds.pop(0), self._fds.pop(0)
            try:
                self._spawn(order, stdout, stderr)
            finally:
                os.close(stdout)
                os.close(stderr)
        elif "network" in order:
            self._make_network(order)
        elif "drop" in order:
            if (network := self._networks.pop(order["drop"], None)) is not None:
                os.close(network)
        elif (pid := self._pids.get(order["signal"])) is not None:
            _kill_group(pid, order["number"])

    def _spawn(self, order: dict, stdout: int, stderr: int) -> None:  # type: ignore[type-arg]
        id_ = order["spawn"]
        sandbox = self._sandbox(order)
        report, failure = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(order, sandbox, stdout, stderr, failure, parent)
        os.close(failure)
        reason = os.read(report, 4096).decode()
        os.close(report)
        if reason:
            os.waitpid(pid, 0)
            number, _, refused = reason.partition(" ")
            self._send({"failed": id_, "errno": int(number), "refused": refused})
            return
        self._pids[id_], self._ids[pid] = pid, id_
        if order.get("inside") is not None:
            self._guests.add(id_)
        self._send({"spawned": id_, "pid": pid})

    def _sandbox(self, order: dict) -> "Callable[[], None] | None":  # type: ignore[type-arg]
        """What the child does to enter its namespaces; None for a program that asks for none, which is most of them."""
        mounts, inside, network = (order.get(each) for each in ("mounts", "inside", "network"))
        if not mounts and inside is None and network is None:
            return None
        namespaces = _namespaces()
        # Looked up now: while the child is being forked nothing ends, and no number is given to another.
        pid, fd = self._pids.get(inside or ""), self._networks.get(network or "")

        def enter() -> None:
            if inside is not None:
                if pid is None:
                    raise ProcessLookupError(errno.ESRCH, f"{inside} does not run")
                namespaces.join(pid)
            if network is not None:
                if fd is None:
                    raise FileNotFoundError(errno.ENOENT, f"there is no network namespace {network}")
                namespaces.join_network(fd)
            if mounts:
                read_only = {target for _, target, is_read_only in mounts if is_read_only}
                namespaces.enter_new([(source, target) for source, target, _ in mounts], read_only=read_only)

        return enter

    def _make_network(self, order: dict) -> None:  # type: ignore[type-arg]
        """Makes a network namespace in a child, and keeps it by a descriptor."""
        name, make = order["network"], self._network(order)
        report, failure = os.pipe()
        release, released = os.pipe()
        pid = os.fork()
        if pid == 0:
            _make_network(make, failure, released, release)
        os.close(failure)
        os.close(release)
        reason = os.read(report, 4096).decode()
        number, _, refused = reason.partition(" ")
        if number == "0":
            fd = self._networks[name] = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            self._send({"made": name, "fd": fd})
        else:
            self._send({"not made": name, "errno": int(number or errno.EPERM), "refused": refused})
        os.close(report)
        os.close(released)
        os.waitpid(pid, 0)

    def _network(self, order: dict) -> "Callable[[], None]":  # type: ignore[type-arg]
        """What the child does to make the network."""
        enter_new = _namespaces().enter_new_network
        from gatelab.node.keeper import networks

        if "uplink" in order:
            return lambda: networks.make_switch(**order["uplink"])
        if "port" in order:
            switch = self._networks.get(order["switch"], -1)
            return lambda: networks.make_port(switch, **order["port"])
        return enter_new  # type: ignore[no-any-return]

    def _reap(self) -> None:
        while True:
            try:
                # The zombie is left for a moment: while it is there its number cannot become another group's.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            id_ = self._ids.pop(pid, None)
            # What a command leaves behind in a program that runs on ends with that program, as in a container.
            if id_ is not None and id_ not in self._guests:
                _kill_group(pid, signal.SIGKILL)
                self._kill_strays(id_)
            _, status = os.waitpid(pid, 0)
            if id_ is not None:
                del self._pids[id_]
                self._guests.discard(id_)
                self._send({"exited": id_, "status": status})

    def _kill_strays(self, id_: str) -> None:
        """Kills what is left of a program, by the mark in the environment.

        Looked for until nothing is found twice in a row: a parent that ends while its children are being listed hands
        them to us behind the place where we have already looked. One that the kernel does not let die (uninterruptible
        sleep) is not waited for longer than a second.
        """
        mark = f"{_MARK}={id_}".encode()
        vain, deadline = 0, time.monotonic() + 1.0
        while vain < 2 and time.monotonic() < deadline:
            strays = [pid for pid in _descendants() if _has_mark(pid, mark)]
            for pid in strays:
                _kill(pid)
            vain = 0 if strays else vain + 1
            if strays:
                select.select((), (), (), 0.001)

    def kill_all(self) -> None:
        """Until no process is left."""
        for pid in self._ids:
            _kill_group(pid, signal.SIGKILL)
        kill_descendants()

    def _send(self, notice: dict) -> None:  # type: ignore[type-arg]
        self._outgoing += json.dumps(notice).encode() + b"\n"

    def _flush(self) -> None:
        try:
            while self._outgoing:
                self._outgoing = self._outgoing[self._sock.send(self._outgoing) :]
        except OSError:
            return  # full: POLLOUT comes; closed: the next read says so


def _become(
    order: dict,  # type: ignore[type-arg]
    sandbox: "Callable[[], None] | None",
    stdout: int,
    stderr: int,
    failure: int,
    parent: int,
) -> None:
    """In the forked child: never returns."""
    try:
        os.setsid()
        if sandbox is not None:
            _enter(sandbox, failure)
        # After the namespaces: a change of credentials clears it (prctl(2)).
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        os.chdir(order["cwd"])
        os.execvpe(order["argv"][0], order["argv"], {**order["env"], _MARK: order.get("inside") or order["spawn"]})
    except OSError as error:
        os.write(failure, f"{error.errno or 0} ".encode())
    except BaseException:  # noqa: BLE001 - a forked child must not run on into the keeper's loop
        os.write(failure, b"22 ")
    os._exit(127)


def _enter(sandbox: "Callable[[], None]", failure: int) -> None:
    """In the forked child: enters its namespaces, or says why not and ends."""
    try:
        sandbox()
    except OSError as error:
        os.write(failure, f"{error.errno or 0} {error.strerror}"[:2000].encode())
        os._exit(127)


def _make_network(make: "Callable[[], None]", failure: int, released: int, release: int) -> None:
    """In the forked child: never returns. The namespace lives by this process until the keeper has opened it."""
    os.close(released)
    try:
        _enter(make, failure)
        os.write(failure, b"0")
        os.read(release, 1)
    except BaseException:  # noqa: BLE001 - a forked child must not run on into the keeper's loop
        os._exit(1)
    os._exit(0)


def _namespaces() -> "ModuleType":
    """For the few programs that need it: imported at the first of them."""
    source = os.path.abspath(f"{__file__}/../../../..")  # noqa: PTH100 - pathlib costs its import
    if source not in sys.path:
        sys.path.append(source)
    from gatelab.node.keeper import namespaces

    return namespaces


def become_subreaper() -> None:
    """Orphans among our descendants become our children instead of init's (prctl(2))."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_descendants() -> None:
    """Kills and reaps until nothing is left below this process, which is a subreaper.

    New ones may be forked meanwhile: orphans become our children, so looking again finds them, and "no child" means
    that nothing is left.
    """
    while True:
        for pid in _descendants():
            _kill(pid)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        select.select((), (), (), 0.002)


def _descendants() -> list[int]:
    """Every process below this one, by /proc's lists of children."""
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib costs its import
    except OSError:
        return []
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                children += map(int, file.read().split())
        except OSError:
            continue
    return children


def _has_mark(pid: int, mark: bytes) -> bool:
    """False of what has ended, be it not reaped yet: it has no environment any more."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - pathlib costs its import
            return mark in file.read().split(b"\0")
    except OSError:
        return False


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _kill_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def main() -> None:
    """Runs the keeper on the descriptors of the command line: the socket first, then those it only keeps open."""
    sock, *held = map(int, sys.argv[1:])
    for fd in (sock, *held):
        os.set_inheritable(fd, False)
    os.setsid()
    become_subreaper()
    _prctl(_PR_SET_NAME, b"gatelab-keeper")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wakeup, noticed = os.pipe()
    os.set_blocking(noticed, False)
    signal.set_wakeup_fd(noticed, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    connection = socket.socket(fileno=sock)
    connection.setblocking(False)
    Keeper(connection).run(wakeup)


if __name__ == "__main__":
    main()
