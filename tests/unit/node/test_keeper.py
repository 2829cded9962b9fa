"""The keeper with real processes: orders, notices, and that nothing is left behind, whoever is killed."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatelab.node.keeper.client import Exited, Keeper, Notice, Spawned, SpawnFailed

DEADLINE_S = 30.0
STRAY = """
import os, sys, time
for _ in range(2):
    if os.fork():
        sys.stdout.flush(); time.sleep({parent_s}); os._exit(0)
    os.setsid()
open({pid_file!r} + ".part", "w").write(str(os.getpid()))
os.rename({pid_file!r} + ".part", {pid_file!r})
time.sleep(60)
"""


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    started = Keeper.start()
    yield started
    if started.fileno() >= 0:
        started.close()


def run(keeper: Keeper, argv: list[str], notices: list[Notice], id_: str = "a", stdout: int = 2) -> None:
    keeper.spawn(
        id_, argv, env={"PATH": os.environ["PATH"]}, cwd="/", stdout=stdout, stderr=2, on_notice=notices.append
    )


def until(keeper: Keeper, claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not claim():
        left = deadline - time.monotonic()
        assert left > 0, "the keeper did not say so in time"
        select.select([keeper], [], [], left)
        assert keeper.receive()


def is_gone(pid: int, within_s: float = DEADLINE_S) -> bool:
    deadline = time.monotonic() + within_s
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def stray(tmp_path: Path, parent_s: float) -> tuple[list[str], Path]:
    pid_file = tmp_path / "stray.pid"
    return [sys.executable, "-c", STRAY.format(parent_s=parent_s, pid_file=str(pid_file))], pid_file


def appears(path: Path) -> int:
    deadline = time.monotonic() + DEADLINE_S
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.005)
    return int(path.read_text())


def test_a_program_runs_with_its_own_environment_and_its_output_goes_where_it_should(keeper: Keeper) -> None:
    reader, writer = os.pipe()
    notices: list[Notice] = []
    run(keeper, ["env"], notices, stdout=writer)
    until(keeper, lambda: len(notices) == 2)
    os.close(writer)
    lines = os.read(reader, 65536).decode().splitlines()
    os.close(reader)
    assert isinstance(notices[0], Spawned)
    assert notices[1] == Exited(0)
    assert sorted(lines) == sorted([f"PATH={os.environ['PATH']}", "GATELAB_KEPT=a"])


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 137), ("kill -15 $$", 143)])
def test_the_exit_code_is_that_of_a_shell(keeper: Keeper, script: str, code: int) -> None:
    notices: list[Notice] = []
    run(keeper, ["sh", "-c", script], notices)
    until(keeper, lambda: len(notices) == 2)
    last = notices[1]
    assert isinstance(last, Exited)
    assert last.exit_code == code


def test_a_program_that_is_not_there_is_told_by_its_errno(keeper: Keeper) -> None:
    notices: list[Notice] = []
    run(keeper, ["/no/such/program"], notices)
    until(keeper, lambda: bool(notices))
    assert notices == [SpawnFailed(2)]


def test_a_signal_reaches_the_whole_group(keeper: Keeper) -> None:
    notices: list[Notice] = []
    run(keeper, ["sh", "-c", "sleep 60 & sleep 60; true"], notices)
    until(keeper, lambda: bool(notices))
    keeper.signal("a", signal.SIGTERM)
    until(keeper, lambda: len(notices) == 2)
    assert notices[1] == Exited(signal.SIGTERM)


def test_a_large_order_arrives_whole(keeper: Keeper) -> None:
    notices: list[Notice] = []
    run(keeper, ["sh", "-c", "test ${#1} = 120000", "sh", "x" * 120_000], notices)
    until(keeper, lambda: len(notices) == 2)
    assert notices[1] == Exited(0)


def test_what_a_program_left_behind_ends_with_it(keeper: Keeper, tmp_path: Path) -> None:
    argv, pid_file = stray(tmp_path, parent_s=0.5)
    notices: list[Notice] = []
    run(keeper, argv, notices)
    pid = appears(pid_file)
    until(keeper, lambda: len(notices) == 2)
    assert is_gone(pid)


def test_the_rest_of_its_group_ends_with_a_program_whatever_its_environment(keeper: Keeper, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"env -i sleep 60 & echo $! > {pid_file}.part; mv {pid_file}.part {pid_file}; sleep 0.2"
    notices: list[Notice] = []
    run(keeper, ["sh", "-c", script], notices)
    pid = appears(pid_file)
    until(keeper, lambda: len(notices) == 2)
    assert is_gone(pid)


def test_others_are_left_alone_when_a_program_ends(keeper: Keeper) -> None:
    one: list[Notice] = []
    two: list[Notice] = []
    run(keeper, ["sleep", "60"], one, id_="one")
    run(keeper, ["true"], two, id_="two")
    until(keeper, lambda: len(two) == 2)
    assert len(one) == 1
    assert isinstance(one[0], Spawned)
    os.kill(one[0].pid, 0)


def test_closing_leaves_no_process_not_even_one_that_forked_twice(keeper: Keeper, tmp_path: Path) -> None:
    argv, pid_file = stray(tmp_path, parent_s=60)
    notices: list[Notice] = []
    run(keeper, argv, notices)
    pid = appears(pid_file)
    started = time.monotonic()
    keeper.close()
    assert time.monotonic() - started < 50, "it waits for none of them: they would run for 60 s"
    assert not Path(f"/proc/{pid}").exists()


def test_the_children_of_a_keeper_that_is_killed_go_with_it(keeper: Keeper) -> None:
    notices: list[Notice] = []
    run(keeper, ["sleep", "60"], notices)
    until(keeper, lambda: bool(notices))
    child = notices[0]
    assert isinstance(child, Spawned)
    os.kill(keeper.pid, signal.SIGKILL)
    assert is_gone(child.pid)
    select.select([keeper], [], [], DEADLINE_S)
    assert not keeper.receive()


def test_it_holds_what_it_was_given_until_it_ends(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    keeper = Keeper.start(held=[writer])
    os.close(writer)
    notices: list[Notice] = []
    run(keeper, ["sleep", "60"], notices)
    until(keeper, lambda: bool(notices))
    assert select.select([reader], [], [], 0)[0] == []
    keeper.close()
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_it_is_small(keeper: Keeper) -> None:
    notices: list[Notice] = []
    run(keeper, ["true"], notices)
    until(keeper, lambda: len(notices) == 2)
    rollup = Path(f"/proc/{keeper.pid}/smaps_rollup").read_text()
    pss_kib = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    assert pss_kib < 16 * 1024
