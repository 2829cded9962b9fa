"""Programs with files and a network of their own, started by a real keeper, and without privileges."""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gatelab.node.keeper.client import Exited, Keeper, Mount, NetworkMade, Notice, SpawnFailed

DEADLINE_S = 30.0
ROOT = Path(__file__).parents[3]
needs_namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], check=False).returncode != 0,
    reason="this machine permits no mount namespaces",
)
needs_network = pytest.mark.skipif(
    subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode != 0,
    reason="making network namespaces needs CAP_SYS_ADMIN",
)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    started = Keeper.start()
    yield started
    started.close()


def until(keeper: Keeper, claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not claim():
        left = deadline - time.monotonic()
        assert left > 0, "the keeper did not say so in time"
        select.select([keeper], [], [], left)
        assert keeper.receive()


class Program:
    """A shell command under a keeper."""

    def __init__(self, keeper: Keeper, script: str, *, id_: str = "a", mounts: Sequence[Mount] = (), **view: str):
        self.notices: list[Notice] = []
        self._keeper = keeper
        self._reader, writer = os.pipe()
        keeper.spawn(
            id_,
            ["sh", "-c", script],
            env={"PATH": os.environ["PATH"]},
            cwd="/",
            stdout=writer,
            stderr=writer,
            on_notice=self.notices.append,
            mounts=mounts,
            **view,
        )
        os.close(writer)

    def starts(self) -> "Program":
        until(self._keeper, lambda: len(self.notices) == 1)
        return self

    def output(self) -> str:
        until(self._keeper, lambda: isinstance(self.notices[-1] if self.notices else None, Exited | SpawnFailed))
        with os.fdopen(self._reader) as reader:
            return reader.read()


@needs_namespaces
def test_a_file_and_a_folder_are_seen_where_nothing_was_and_the_machine_is_not_touched(
    keeper: Keeper, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("one")
    (tmp_path / "file").write_text("two")
    mounts = [
        Mount(str(tmp_path / "folder"), "/etc/gatelab-test/conf"),
        Mount(str(tmp_path / "file"), "/gatelab-test/deep/file.yaml"),
    ]
    script = "cat /etc/gatelab-test/conf/a /gatelab-test/deep/file.yaml /etc/hostname; ls -d /usr/bin"
    seen = Program(keeper, script, mounts=mounts).output()
    assert seen.startswith("onetwo" + Path("/etc/hostname").read_text())
    assert "/usr/bin" in seen
    assert not Path("/etc/gatelab-test").exists()
    assert not Path("/gatelab-test").exists()


@needs_namespaces
def test_a_mount_covers_what_is_there_already_and_one_lies_in_another(keeper: Keeper, tmp_path: Path) -> None:
    outer, hosts = tmp_path / "outer", tmp_path / "hosts"
    outer.mkdir()
    hosts.write_text("127.0.0.1 mine\n")
    mounts = [Mount(str(hosts), "/etc/hosts"), Mount(str(hosts), "/opt/inner/hosts"), Mount(str(outer), "/opt")]
    assert Program(keeper, "cat /etc/hosts /opt/inner/hosts", mounts=mounts).output() == "127.0.0.1 mine\n" * 2


@needs_namespaces
def test_what_is_read_only_is_not_written_through(keeper: Keeper, tmp_path: Path) -> None:
    program = Program(keeper, "touch /opt/x; echo $?", mounts=[Mount(str(tmp_path), "/opt", read_only=True)])
    assert program.output().splitlines()[-1] != "0"
    assert Program(keeper, "touch /opt/x", id_="b", mounts=[Mount(str(tmp_path), "/opt")]).output() == ""
    assert (tmp_path / "x").exists()


@needs_namespaces
def test_what_cannot_be_mounted_is_named(keeper: Keeper, tmp_path: Path) -> None:
    program = Program(keeper, "true", mounts=[Mount(str(tmp_path / "none"), "/opt")])
    program.output()
    (failed,) = program.notices
    assert isinstance(failed, SpawnFailed)
    assert failed.refused == f"cannot mount {tmp_path}/none at /opt: No such file or directory"


@needs_namespaces
def test_a_program_starts_inside_the_namespaces_of_another(keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("shared")
    mounts = [Mount(str(tmp_path), "/gatelab-test")]
    Program(keeper, "sleep 60", mounts=mounts).starts()
    assert Program(keeper, "cat /gatelab-test/a", id_="b", inside="a").output() == "shared"


def test_inside_what_does_not_run_is_refused(keeper: Keeper) -> None:
    program = Program(keeper, "true", inside="nobody")
    program.output()
    (failed,) = program.notices
    assert isinstance(failed, SpawnFailed)
    assert failed.refused == "nobody does not run"


@needs_network
def test_a_network_is_shared_by_name_and_ends_when_it_is_dropped(keeper: Keeper) -> None:
    made: list[object] = []
    keeper.make_network("pod", made.append)
    until(keeper, lambda: bool(made))
    (network,) = made
    assert isinstance(network, NetworkMade)
    inode = f"net:[{os.stat(network.path).st_ino}]"  # noqa: PTH116
    assert os.readlink("/proc/self/ns/net") != inode  # noqa: PTH115
    for id_ in ("a", "b"):
        assert Program(keeper, "readlink /proc/self/ns/net", id_=id_, network="pod").output().strip() == inode
    keeper.drop_network("pod")
    program = Program(keeper, "true", id_="c", network="pod")
    program.output()
    (failed,) = program.notices
    assert isinstance(failed, SpawnFailed)
    assert failed.refused == "there is no network namespace pod"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try it as another user too")
@needs_namespaces
def test_a_user_without_privileges_may_too() -> None:
    program = """
import os, sys
from gatelab.node.keeper import namespaces
os.makedirs("v"), open("v/a", "w").write("mine")
child = os.fork()
if child == 0:
    namespaces.enter_new([(os.path.abspath("v"), "/gatelab-test/v")], read_only=["/gatelab-test/v"])
    os.execvp("sh", ["sh", "-c", "id -u; cat /gatelab-test/v/a; echo; touch /gatelab-test/v/b 2>/dev/null; ls v"])
os.waitpid(child, 0)
"""
    # Not below pytest's folder, which other users cannot enter.
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", program],
            env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
            cwd=folder,
            text=True,
            capture_output=True,
            check=False,
        )
    assert done.stdout.split() == ["65534", "mine", "a"], done.stderr


NETWORK = """
import json, os, select, signal, socket, subprocess, sys, time
from gatelab.node.keeper.client import Keeper, NetworkMade, Port, Uplink

def made(name, place):
    notices = []
    keeper.make_network(name, notices.append, place)
    while not notices:
        assert select.select([keeper], [], [], 5)[0] and keeper.receive()
    assert isinstance(notices[0], NetworkMade), notices

def ip(*words):
    return [each for each in json.loads(subprocess.check_output(["ip", "-j", *words])) if each]

keeper = Keeper.start()
made("lab", Uplink("gl70", "10.70.0.1", 16, ("10.70.64.0/18",)))
for number in (1, 2):
    made(f"p{number}", Port("lab", f"p{number}", f"10.70.1.{number}", 16, "10.70.0.1"))
service = socket.create_server(("10.70.64.9", 80))
reader, writer = os.pipe()
server = "import socket; s = socket.create_server(('0.0.0.0', 80)); s.accept()[0].sendall(b'{}')"
client = (
    "import socket, time\\nfor _ in range(500):\\n try: print(socket.create_connection(('10.70.1.1', 80)).recv(9))\\n"
    " except ConnectionRefusedError: time.sleep(0.01)\\n else: break\\n"
    "print(socket.create_connection(('10.70.64.9', 80), 2).getpeername())"
)
programs = {"a": ("p1", server.format("one")), "b": ("p2", server.format("two")), "c": ("p2", client)}
for id_, (network, program) in programs.items():
    argv = [sys.executable, "-c", program]
    keeper.spawn(id_, argv, env={}, cwd="/", stdout=writer, stderr=2, on_notice=lambda _: None, network=network)
os.close(writer)
print(os.read(reader, 99).decode(), end="", flush=True)
print(service.accept()[1], flush=True)
before = [each["ifname"] for each in ip("link")]
os.kill(keeper.pid, signal.SIGKILL)
os.waitpid(keeper.pid, 0)
for _ in range(500):
    after, routes = [each["ifname"] for each in ip("link")], ip("route", "show", "table", "all")
    if after == ["lo"]:
        break
    time.sleep(0.01)
print(before, after, [each["dst"] for each in routes if "10." in each["dst"]])
"""


@needs_network
def test_pods_reach_each_other_and_the_machine_and_nothing_is_left_when_the_keeper_is_killed() -> None:
    """In a namespace of the test's own: the machine's network is not touched."""
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" -c "$1"', sys.executable, NETWORK],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second, left = done.stdout.splitlines()[0], done.stdout.splitlines()[-2], done.stdout.splitlines()[-1]
    assert first == "b'one'"
    assert second.startswith("('10.70.1.2', ")
    assert left == "['lo', 'gl70'] ['lo'] []"


REFUSED = """
import os, sys
from gatelab.node.keeper import namespaces
with open(f"/proc/sys/{sys.argv[1]}", "w") as setting:
    setting.write("0")
try:
    namespaces.enter_new([("/opt", "/mnt")])
except OSError as error:
    print(type(error).__name__, error.strerror)
"""


@needs_namespaces
def test_a_machine_that_refuses_namespaces_says_which_setting_does() -> None:
    """In a user namespace, whose settings are its own."""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", REFUSED, "user/max_mnt_namespaces"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.stdout.startswith("Refused a mount namespace is refused on this machine"), done.stderr
    assert "user.max_mnt_namespaces is 0; allow it with `sudo sysctl -w user.max_mnt_namespaces=10000`" in done.stdout


SHARED = """
import os, sys
from pathlib import Path
from gatelab.node.keeper import namespaces
before = Path("/proc/self/mountinfo").read_text()
if os.fork() == 0:
    namespaces.enter_new([("/opt", "/mnt"), ("/opt", "/etc/gatelab-test/x")])
    os._exit(0)
print(os.wait()[1], Path("/proc/self/mountinfo").read_text() == before, " shared:" in before)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="without root there is a user namespace, whose mounts are not shared")
@needs_namespaces
def test_nothing_is_mounted_on_a_machine_whose_mounts_are_shared() -> None:
    """As systemd has them; here in a mount namespace of the test's own."""
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "shared", sys.executable, "-c", SHARED],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.stdout == "0 True True\n", done.stderr
