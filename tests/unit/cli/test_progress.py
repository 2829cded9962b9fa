"""What is seen of a run while it goes on: on a terminal, which is a real one here, and elsewhere."""

import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatelab.cli.live.pictures import LoadPicture, PathsPicture
from gatelab.cli.live.progress import Display, LoadProgress, PathsProgress
from gatelab.load import Progress

ROOT = Path(__file__).parents[3]
PODS = {"hello-2mg52": 60, "hello-j6f2v": 40}
COLOURS = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")
RUN_TIMEOUT_S = 30
_END = "\a"


def at(elapsed_s: float, errors: int = 0, rps: float = 100.0, **changes: object) -> Progress:
    times = {"p50_ns": 3_020_000, "p99_ns": 4_010_000}
    fields = {"elapsed_s": elapsed_s, "count": 1200, "errors": errors, "in_flight": 2, "waiting": 0, "rps": rps}
    return Progress(**{**fields, **times, **changes})  # type: ignore[arg-type]


@contextmanager
def terminal() -> Iterator[tuple[io.TextIOWrapper, Callable[[], str]]]:
    """A stream that is a terminal, and what has been written to it."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream, os.fdopen(master, "rb", buffering=0) as screen:

        def seen() -> str:
            """All of it: a terminal hands over in pieces what was written at once."""
            stream.write(_END)
            stream.flush()
            found = b""
            while not found.endswith(_END.encode()):
                found += screen.read(1 << 20)
            return found.decode().removesuffix(_END)

        yield stream, seen


def test_a_terminal_has_a_picture_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with terminal() as (stream, seen):
        display = Display(stream)
        LoadProgress(display, "run", duration_s=60)(at(12, errors=3, pods=PODS))
        shown = seen()
        display.clear()
        gone = seen()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    for text in (
        "run",
        "12 s of 60 s",
        "100.0/s",
        "p50 3.02 ms",
        "p99 4.01 ms",
        "2 in flight",
        "3 errors",
        "60  60.0%",
    ):
        assert text in plain
    assert COLOURS.search(shown)
    # rich draws a last time; then every line of it is erased, and the cursor is back.
    end = gone.rpartition("\n")[2]
    assert end.count("\x1b[2K") == plain.count("\n") + 1
    assert "\x1b[?25h" in gone
    assert not re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", end)


def test_colours_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal() as (stream, seen):
        LoadProgress(Display(stream))(at(1))
        shown = seen()
    assert "100.0/s" in shown
    assert not COLOURS.search(shown)


def test_a_narrow_terminal_has_the_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    with terminal() as (stream, seen):
        LoadProgress(Display(stream))(at(1, errors=30))
        shown = seen()
    assert "30 errors" in shown


def test_a_dumb_terminal_has_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with terminal() as (stream, seen):
        progress = LoadProgress(Display(stream))
        for second in range(1, 7):
            progress(at(second))
        shown = seen()
    assert shown == "5 s  1200 calls  100.0/s  p50 3.02 ms  p99 4.01 ms  2 in flight\r\n"


def test_elsewhere_a_line_now_and_then() -> None:
    stream = io.StringIO()
    progress = LoadProgress(Display(stream), "run")
    for second in range(1, 13):
        progress(at(second, errors=second))
    assert [text.split(" s ")[0] for text in stream.getvalue().splitlines()] == ["run: 5", "run: 10"]
    assert stream.getvalue().endswith("2 in flight  10 errors\n")


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    display = Display(stream, quiet=True)
    LoadProgress(display)(at(100))
    display.say("first OK call")
    display.clear()
    assert stream.getvalue() == ""


def test_paths_that_take_turns_are_shown_together() -> None:
    stream = io.StringIO()
    paths = PathsProgress(31, Display(stream))
    for second in range(1, 7):
        for path in ("direct", "l4", "l7"):
            paths(path, at(second, errors=1))
    assert stream.getvalue() == "measuring: 5 of 31 s, 3600 calls, 3 errors\n"


def test_the_figures_of_a_turn_stand_until_the_next() -> None:
    shown: list[PathsPicture] = []

    class Kept(Display):
        def show(self, elapsed_s: float, picture: object) -> None:
            assert isinstance(picture, PathsPicture)
            shown.append(picture)

    paths = PathsProgress(31, Kept(io.StringIO()))
    for second, rps in enumerate((97.0, 3.0, 0.0, 90.0), 1):
        paths("direct", at(second, rps=rps))
    assert [each.turns["direct"].rps for each in shown] == [97, 97, 97, 90]


def text_of(lines: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def test_spreads_of_both_layers_stand_side_by_side() -> None:
    paths = {"l4": at(3, pods={"hello-2mg52": 100}), "l7": at(3, pods=PODS)}
    lines = text_of(PathsPicture(31, paths, paths).lines(100, 20))
    (pod,) = [line for line in lines if "hello-2mg52" in line]
    (head,) = [line for line in lines if "L4" in line and "L7" in line]
    assert head.index("L7 (Gateway)") == pod.rindex(" █") + 1
    assert re.fullmatch(r"hello-2mg52 █{24}    100 100.0% █{14}·{10}     60  60.0%", pod)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 5)])
def test_a_picture_fits_the_terminal(width: int, height: int) -> None:
    pods = {f"hello-grpc-5d8c7f9b6c-{number:05}": number for number in range(40)}
    lines = text_of(LoadPicture("run", at(1, pods=pods), 60, 0).lines(width, height))
    paths = PathsPicture(31, {"l4": at(3, pods=pods), "l7": at(3, pods=pods)}, {"l4": at(3), "l7": at(3)})
    assert len(text_of(paths.lines(width, height))) <= height
    assert len(lines) <= height
    assert lines[-1].startswith("and ")
    assert max(len(line) for line in lines[2:]) <= width


def test_a_run_on_a_terminal_leaves_nothing_but_its_report(greeter: str, tmp_path: Path) -> None:
    proto = ROOT / "examples" / "hello-grpc" / "greetings.proto"
    arguments = ["--proto", str(proto), "--call", "greetings.GreetMe/Send", "--insecure", "-O", "json", "-z", "1.3s"]
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(tmp_path)}
    with os.fdopen(master, "rb", buffering=0) as screen:
        done = subprocess.run(
            [sys.executable, "-m", "gatelab", "load", *arguments, "-r", "50", "-d", '{"name": "a"}', greeter],
            stdout=subprocess.PIPE,
            stderr=slave,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=RUN_TIMEOUT_S,
            check=True,
        )
        os.close(slave)
        shown = screen.read(1 << 20).decode()
    assert done.stdout.startswith(b'{"')
    assert "pod-1" in shown
    assert shown.rstrip("\r\n").endswith("\x1b[2K")
