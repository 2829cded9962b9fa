import io

from gatelab.cli.progress import PathsProgress, ProgressLine
from gatelab.load import Progress


def at(elapsed_s: float, errors: int = 0) -> Progress:
    times = {"p50_ns": 3_020_000, "p99_ns": 4_010_000}
    return Progress(elapsed_s=elapsed_s, count=1200, errors=errors, in_flight=2, waiting=0, rps=100.0, **times)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_goes_away() -> None:
    stream = Terminal()
    line = ProgressLine("run", stream)
    line(at(1))
    line(at(2, errors=3))
    line.clear()
    shown = stream.getvalue().split("\r\x1b[K")
    assert shown[1] == "run: 1 s  1200 calls  100.0/s  p50 3.02 ms  p99 4.01 ms  2 in flight"
    assert shown[2].endswith("  3 errors")
    assert shown[-1] == ""


def test_elsewhere_a_line_now_and_then() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream=stream)
    for second in range(1, 13):
        line(at(second))
    line.clear()
    assert [text.split(" s ")[0] for text in stream.getvalue().splitlines()] == ["5", "10"]


def test_paths_that_take_turns_are_shown_together() -> None:
    stream = io.StringIO()
    paths = PathsProgress(31, ProgressLine(stream=stream))
    for second in range(1, 7):
        for path in ("direct", "l4", "l7"):
            paths(path, at(second, errors=1))
    assert stream.getvalue() == "measuring: 5 of 31 s, 3600 calls, 3 errors\n"
