"""What is shown of a run while it goes on, as lines of styled text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatelab.load import Progress

Line = list[tuple[str, str]]
"""(text, style)"""
TITLES = {"direct": "direct", "l4": "L4 (Service)", "l7": "L7 (Gateway)"}
STYLES = {"direct": "magenta", "l4": "yellow", "l7": "cyan"}
_PODS_AT_MOST = 12
_PROGRESS_CELLS = 30


class Picture(Protocol):
    """What can be shown in place, or line after line."""

    def line(self) -> str:
        """In one line."""

    def lines(self, width: int, height: int) -> list[Line]:
        """At most `height` lines."""


@dataclass(frozen=True, slots=True)
class LoadPicture:
    """One run. Of `duration_s` and `total`, 0 is none."""

    label: str
    progress: Progress
    duration_s: float
    total: int

    def line(self) -> str:
        """`12 s  1200 calls  100.0/s  p50 3.02 ms  p99 4.01 ms  2 in flight`, and errors when there are any."""
        now = self.progress
        parts = [f"{now.elapsed_s:.0f} s", f"{now.count} calls", *(text for text, _ in _figures(now)), _in_flight(now)]
        label = f"{self.label}: " if self.label else ""
        return label + "  ".join([*parts, *([f"{now.errors} errors"] if now.errors else [])])

    def lines(self, width: int, height: int) -> list[Line]:
        now = self.progress
        of = f" of {self.duration_s:g} s" if self.duration_s else f" of {self.total} calls" if self.total else ""
        reached = f"{now.elapsed_s:.0f} s" if self.duration_s else f"{now.count}"
        fraction = now.elapsed_s / self.duration_s if self.duration_s else now.count / self.total if self.total else 0
        head: Line = [(f"{self.label}  ", "bold")] if self.label else []
        figures = [part for figure in _figures(now) for part in (figure, ("   ", ""))]
        return [
            [*head, *_bar(fraction), (f"  {reached}{of}", "")],
            [*figures, _errors(now.errors), (f"   {now.count} calls   {_in_flight(now)}", "")],
            *_pods([("l7", now.pods)], width, height - 2),
        ]


@dataclass(frozen=True, slots=True)
class PathsPicture:
    """The paths of an experiment. `turns` hold each one's figures of its last turn."""

    total_s: float
    paths: Mapping[str, Progress]
    turns: Mapping[str, Progress]

    def line(self) -> str:
        """`measuring: 12 of 31 s, 1200 calls, 0 errors`"""
        calls = sum(each.count for each in self.paths.values())
        errors = sum(each.errors for each in self.paths.values())
        return f"measuring: {self._elapsed_s:.0f} of {self.total_s:.0f} s, {calls} calls, {errors} errors"

    def lines(self, width: int, height: int) -> list[Line]:
        shown: list[Line] = [
            [*_bar(self._elapsed_s / self.total_s), (f"  {self._elapsed_s:.0f} of {self.total_s:.0f} s", "")]
        ]
        for path, now in self.paths.items():
            figures = [part for figure in _figures(self.turns[path]) for part in (figure, ("   ", ""))]
            title = (f"{TITLES.get(path, path):<13}", STYLES.get(path, ""))
            shown.append([title, *figures, _errors(now.errors), (f"   {now.count:>6} calls", "")])
        spreads = [(path, self.paths[path].pods) for path in ("l4", "l7") if path in self.paths]
        return [*shown, *_pods(spreads, width, height - len(shown))]

    @property
    def _elapsed_s(self) -> float:
        return max((each.elapsed_s for each in self.paths.values()), default=0.0)


def _figures(now: Progress) -> list[tuple[str, str]]:
    return [
        (f"{now.rps:.1f}/s", "bold"),
        (f"p50 {now.p50_ns / 1e6:.2f} ms", ""),
        (f"p99 {now.p99_ns / 1e6:.2f} ms", ""),
    ]


def _in_flight(now: Progress) -> str:
    return f"{now.in_flight} in flight"


def _errors(count: int) -> tuple[str, str]:
    return f"{count} errors", "bold red" if count else "green"


def _bar(fraction: float) -> Line:
    done = round(_PROGRESS_CELLS * min(1.0, fraction))
    return [("━" * done, "green"), ("━" * (_PROGRESS_CELLS - done), "dim")]


def _pods(paths: Sequence[tuple[str, Mapping[str, int]]], width: int, height: int) -> list[Line]:
    """A line for each pod, with a bar of its share for each path; none where the answers name no pod."""
    names = sorted({pod for _, pods in paths for pod in pods})
    height -= len(paths) > 1
    most = min(_PODS_AT_MOST, height if len(names) <= height else height - 1)
    if not names or most < 1:
        return []
    named = max(len(name) for name in names)
    # A share takes 15 cells beside its bar.
    cells = max(4, min(24, (width - min(named, width // 3)) // len(paths) - 16))
    label = max(8, min(named, width - len(paths) * (cells + 16)))
    lines = [_pod(name, paths, cells, label) for name in names[:most]]
    if len(paths) > 1:
        titles: Line = [(f"{TITLES[path]:<{cells + 15}}", STYLES[path]) for path, _ in paths]
        lines.insert(0, [(" " * (label + 1), ""), *titles])
    rest = len(names) - most
    return [*lines, [(f"and {rest} more pods", "dim")]] if rest > 0 else lines


def _pod(name: str, paths: Sequence[tuple[str, Mapping[str, int]]], cells: int, label: int) -> Line:
    shown = name if len(name) <= label else f"…{name[1 - label :]}"
    line: Line = [(f"{shown:<{label}}", "")]
    for path, pods in paths:
        total = sum(pods.values()) or 1
        count = pods.get(name, 0)
        done = round(cells * count / total)
        line += [
            (" " + "█" * done, STYLES[path]),
            ("·" * (cells - done), "dim"),
            (f" {count:>6} {count / total:6.1%}", ""),
        ]
    return line
