"""Output of containers: through real pipes into files, and out again as `kubectl logs` asks."""

import asyncio
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatelab.kinds.errors import BadRequest, NotFound
from gatelab.node.logs import FileLogs, LogWriter
from gatelab.node.logs.cri import LINE_LIMIT, LineCutter, decode, encode, stamp
from gatelab.node.logs.files import log_file, pod_folder
from gatelab.telemetry.log_file import all_files, rotated


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pod_folder(tmp_path, "default", "hello", "uid") / "main"


class Program:
    """The other ends of a writer's pipes."""

    def __init__(self, folder: Path, run: int = 0, limit_bytes: int = 10_000_000) -> None:
        self.log = LogWriter(folder, run, loop=asyncio.get_running_loop(), limit_bytes=limit_bytes)
        self.stdout, self.stderr = os.dup(self.log.stdout), os.dup(self.log.stderr)
        self.log.started()

    def says(self, text: str, *, to_stderr: bool = False) -> None:
        os.write(self.stderr if to_stderr else self.stdout, text.encode())

    def ends(self) -> None:
        os.close(self.stdout)
        os.close(self.stderr)
        self.log.ended()


async def read(
    root: Path,
    *,
    follow: bool = False,
    previous: bool = False,
    tail_lines: int | None = None,
    since_s: float | None = None,
    timestamps: bool = False,
    limit_bytes: int | None = None,
) -> str:
    stream = FileLogs(root).stream(
        "default",
        "hello",
        "main",
        follow=follow,
        previous=previous,
        tail_lines=tail_lines,
        since_s=since_s,
        timestamps=timestamps,
        limit_bytes=limit_bytes,
    )
    return b"".join([piece async for piece in stream]).decode()


def written(folder: Path, *lines: tuple[float, str], run: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = [encode(int(at * 1e9), b"stdout", text.encode(), is_partial=False) for at, text in lines]
    log_file(folder, run).write_bytes(b"".join(data))


def test_the_format_has_nine_digits() -> None:
    assert stamp(1_767_323_045_678_901_234) == b"2026-01-02T03:04:05.678901234Z"
    line = encode(1_767_323_045_000_000_001, b"stderr", b"a b", is_partial=True)
    assert line == b"2026-01-02T03:04:05.000000001Z stderr P a b\n"
    entry = decode(line[:-1])
    assert entry is not None
    assert (entry.text, entry.is_partial, entry.stream) == (b"a b", True, b"stderr")
    assert decode(b"2026 half") is None


def test_lines_are_cut_at_line_ends_and_at_the_limit() -> None:
    cutter = LineCutter()
    assert cutter.feed(b"a\nb") == [(b"a", False)]
    assert cutter.feed(b"c\n") == [(b"bc", False)]
    long = b"x" * (LINE_LIMIT + 1)
    assert cutter.feed(long) == [(long[:LINE_LIMIT], True)]
    assert cutter.feed(b"y\n") == [(b"xy", False)]
    assert cutter.feed(b"end") == []
    assert cutter.finish() == [(b"end", True)]


async def test_what_a_program_says_is_read_again(folder: Path, tmp_path: Path) -> None:
    program = Program(folder)
    program.says("one\ntw")
    program.says("err\nlast", to_stderr=True)
    program.says("o\n")
    program.ends()
    assert sorted((await read(tmp_path)).split()) == ["err", "last", "one", "two"]
    assert {line.split()[1] for line in log_file(folder, 0).read_text().splitlines()} == {"stdout", "stderr"}


async def test_long_lines_come_back_whole(folder: Path, tmp_path: Path) -> None:
    program = Program(folder)
    text = "x" * (3 * LINE_LIMIT) + "\n"
    program.says(text)
    program.says("short\n")
    program.ends()
    assert await read(tmp_path) == text + "short\n"
    assert await read(tmp_path, tail_lines=2) == text + "short\n"
    assert (await read(tmp_path, timestamps=True)).count("Z ") == 2


async def test_following_ends_with_the_program(folder: Path, tmp_path: Path) -> None:
    program = Program(folder)
    program.says("one\n")
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(30):
        reading = tasks.create_task(read(tmp_path, follow=True))
        await asyncio.sleep(0.1)
        assert not reading.done()
        program.says("two\n")
        program.ends()
    assert reading.result() == "one\ntwo\n"


async def test_after_a_disk_that_was_full_lines_begin_at_their_beginning(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, write = Program(folder), os.write
    with monkeypatch.context() as full:
        full.setattr("gatelab.node.logs.writer.os.write", lambda fd, data: write(fd, data[:-5]))
        program.log._write(b"stdout", [(b"cut short", False)])
        full.setattr("gatelab.node.logs.writer.os.write", _no_space)
        program.log._write(b"stdout", [(b"lost", False)])
    program.says("there is room again\n")
    program.ends()
    assert await read(tmp_path) == "cut s\nthere is room again\n"


async def test_a_disk_that_is_full_at_the_rotation_does_not_silence_a_program(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(folder, limit_bytes=60)
    program.log._write(b"stdout", [(b"first", False)])
    with monkeypatch.context() as full:
        full.setattr("gatelab.node.logs.writer._open_locked", lambda _: _no_space(0, b""))
        program.log._write(b"stdout", [(b"lost", False)])
    program.says("there is room again\n")
    program.ends()
    assert await read(tmp_path) == "first\nthere is room again\n"


def _no_space(_: int, __: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_full_file_is_moved_aside_and_read_on(folder: Path, tmp_path: Path) -> None:
    program = Program(folder, limit_bytes=200)
    lines = [f"line {number}\n" for number in range(8)]
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(30):
        program.says(lines[0])
        await asyncio.sleep(0)
        reading = tasks.create_task(read(tmp_path, follow=True))
        for line in lines[1:]:
            await asyncio.sleep(0.06)
            program.says(line)
        await asyncio.sleep(0.06)
        program.ends()
    assert rotated(log_file(folder, 0)).exists()
    assert log_file(folder, 0).stat().st_size <= 200
    assert reading.result() == "".join(lines)
    assert (await read(tmp_path)).endswith("line 7\n")


async def test_five_files_are_kept_and_a_follower_misses_nothing_of_several_rotations(
    folder: Path, tmp_path: Path
) -> None:
    program = Program(folder, limit_bytes=200)
    program.says("line 0\n")
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(30):
        reading = tasks.create_task(read(tmp_path, follow=True))
        await asyncio.sleep(0.1)
        for number in range(1, 14):
            program.says(f"line {number}\n")
            program.log._read(next(iter(program.log._pipes)))  # before the follower looks again
        await asyncio.sleep(0.1)
        program.ends()
    assert reading.result().splitlines() == [f"line {number}" for number in range(14)]
    program = Program(folder, run=1, limit_bytes=200)
    for number in range(60):
        program.says(f"line {number}\n")
        program.log._read(next(iter(program.log._pipes)))
    program.ends()
    kept = all_files(log_file(folder, 1))
    assert kept == [*(rotated(log_file(folder, 1), age) for age in (4, 3, 2, 1)), log_file(folder, 1)]
    assert (await read(tmp_path)).endswith("line 59\n")
    Program(folder, run=3).ends()
    assert all_files(log_file(folder, 1)) == [], "the logs of old runs go with all that was rotated"


async def test_tail_since_and_limit(folder: Path, tmp_path: Path) -> None:
    now = time.time()
    written(folder, (now - 100, "old"), (now - 10, "newer"), (now, "new"))
    assert await read(tmp_path, tail_lines=2) == "newer\nnew\n"
    assert await read(tmp_path, tail_lines=0) == ""
    assert await read(tmp_path, tail_lines=9) == "old\nnewer\nnew\n"
    assert await read(tmp_path, since_s=50) == "newer\nnew\n"
    assert await read(tmp_path, limit_bytes=5) == "old\nn"
    assert (await read(tmp_path, timestamps=True, tail_lines=1)).endswith("Z new\n")


async def test_the_previous_run_and_no_more(folder: Path, tmp_path: Path) -> None:
    for run in range(3):
        program = Program(folder, run)
        program.says(f"run {run}\n")
        program.ends()
    assert await read(tmp_path) == "run 2\n"
    assert await read(tmp_path, previous=True) == "run 1\n"
    assert not log_file(folder, 0).exists()


async def test_what_is_not_there_is_said_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match='container "main" in pod "hello"'):
        await read(tmp_path)
    written(folder, (0, "x"))
    with pytest.raises(BadRequest, match='previous terminated container "main"'):
        await read(tmp_path, previous=True)


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) == before
