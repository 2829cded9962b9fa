"""Transcripts: sessions of a shell with kubectl, kept as text, with what comes and goes masked.

    # What the session shows.
    # on: lab
    $ kubectl get configmap nothing
    Error from server (NotFound): configmaps "nothing" not found
    [exit 1]

A line `$ …` is a command for bash in a copy of tests/clients/manifests; below it are both its streams. A command that
ends in `& # N lines` runs until it has written that many, while the next ones run. Where two versions of kubectl
print different things, each has its part after a line `-- kubectl 1.36`. `# on: lab` asks for a whole lab instead of an
API with nothing behind it.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

COMMAND_TIMEOUT_S = 35

_IN_BACKGROUND = re.compile(r"& # (\d+) lines?$")
_OF_VERSION = "-- kubectl "
_TOKEN = "[bcdfghjklmnpqrstvwxz2456789]"
"""The letters of generated names: no vowels, so that they make no words."""
_AGE = r"(?:\d+d)?(?:\d+h)?(?:\d+m)?\d+(?:m?s|[mhd])"
_MASKS = (
    (re.compile(r"/tmp/(?:LIVE|MERGED)-\d+/"), "<folder>/"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d| [+-]\d{4})?"), "<time>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"(resourceVersion\"?: )\"\d+\"|(Resource Version:  +)\d+"), r"\1\2<version>"),
    (re.compile(r"127\.\d+\.\d+\.\d+(?::\d{4,5})?"), "<address>"),
    (re.compile(r"(?<=:)3\d{4}(?=/TCP)"), "<port>"),
    (re.compile(rf"-{_TOKEN}{{8,10}}(?:-{_TOKEN}{{5}})?\b"), "-<hash>"),
    (re.compile(rf"(?<=pod-template-hash=){_TOKEN}+"), "<hash>"),
    (re.compile(r"(?<=process://)\d+|(?<=process )\d+(?= is)|(?<=/proc/)\d+"), "<pid>"),
    (re.compile(r"^[EIW]\d{4} [\d:.]+ +\d+ "), "<log> "),
    (re.compile(r"(?<=python)3\.\d+\.\d+"), "<version>"),
    (re.compile(rf"(?<![\w.:=\"-]){_AGE}(?: \(x\d+ over {_AGE}\))?(?= |$|\)| ago)", re.MULTILINE), "<age>"),
)
_RACES = re.compile(r"^[EIW]\d{4} .* reflector\.go:.*\n", re.MULTILINE)
"""What kubectl logs of a watch that it ends itself, or does not: that depends on the moment."""
_COLUMN = re.compile(r"(?<=   )(?=\S)|(?<=^)(?=\S)")
_HEADER = re.compile(r"[A-Z][A-Z0-9()/-]*(?:(?: | {3,})[A-Z][A-Z0-9()/-]*)+")
_SEPARATOR = " " * 3


@dataclass(slots=True)
class Step:
    """A command and, by version of kubectl, what came of it."""

    command: str
    results: dict[str, str] = field(default_factory=dict)

    @property
    def lines_wanted(self) -> int:
        """How much a command in the background shall write; 0 for one in the foreground."""
        found = _IN_BACKGROUND.search(self.command)
        return int(found[1]) if found else 0


@dataclass(frozen=True, slots=True)
class Transcript:
    title: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def needs_lab(self) -> bool:
        return "# on: lab" in self.title

    def text(self) -> str:
        """The file, from the results of the steps."""
        return "".join([*(f"{line}\n" for line in self.title), *map(_shown, self.steps)])


def read(text: str) -> Transcript:
    """The transcript without its results: those are compared as text."""
    lines = text.splitlines()
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    first = next((number for number, line in enumerate(lines) if line.startswith("$ ")), len(lines))
    return Transcript(tuple(lines[:first]), tuple(map(Step, commands)))


def results_by_version(text: str, versions: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    """The commands of a written transcript, and what came of them."""
    found = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, result = part.partition("\n")
        pieces = re.split(rf"^{_OF_VERSION}(.+)\n", result, flags=re.MULTILINE)
        same = dict.fromkeys(versions, result)
        found.append((command, dict(zip(pieces[1::2], pieces[2::2], strict=True)) or same))
    return found


async def play(transcript: Transcript, version: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Runs the commands one after the other and keeps what came of each, masked."""
    running: list[tuple[Step, asyncio.subprocess.Process, bytes]] = []
    for step in transcript.steps:
        process = await _start(_IN_BACKGROUND.sub("", step.command), folder, environment)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                if step.lines_wanted:
                    running.append((step, process, await process.stdout.readline()))
                    continue
                out, _ = await process.communicate()
        except TimeoutError as error:
            os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()
            raise AssertionError(f"not done in {COMMAND_TIMEOUT_S} s, by kubectl {version}: {step.command}") from error
        ending = f"[exit {process.returncode}]\n" if process.returncode else ""
        step.results[version] = masked(out.decode()) + ending
    for step, process, first in running:
        step.results[version] = masked((first + await _rest(process, step.lines_wanted - 1)).decode())


async def _start(command: str, folder: Path, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        command,
        cwd=folder,
        env={**environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def _rest(process: asyncio.subprocess.Process, lines: int) -> bytes:
    """So many more lines of a command in the background, which is then ended."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            return b"".join([await process.stdout.readline() for _ in range(lines)])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def masked(text: str) -> str:
    """The text without what is different from run to run: uids, times, ages, versions, addresses, generated names."""
    text = _RACES.sub("", text)
    blocks: list[list[str]] = [[]]
    for line in text.removesuffix("\n").split("\n") if text else []:
        if _HEADER.fullmatch(line.rstrip()) and _SEPARATOR in line:
            blocks.append([])
        blocks[-1].append(line.rstrip())
        if not line:
            blocks.append([])
    return "".join(f"{line.rstrip()}\n" for block in blocks for line in _masked_block(block))


def _masked_block(lines: list[str]) -> list[str]:
    """A table keeps its columns, as wide as what is masked leaves them; other lines are masked as they are."""
    if not lines or not _HEADER.fullmatch(lines[0]):
        return [_masked_line(line) for line in lines]
    starts = [found.start() for found in _COLUMN.finditer(lines[0])]
    ends = [*starts[1:], None]
    rows = [[_masked_line(line[start:end].rstrip()) for start, end in zip(starts, ends, strict=True)] for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_SEPARATOR.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _masked_line(line: str) -> str:
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return line


def _shown(step: Step) -> str:
    command = f"$ {step.command}\n"
    if len(set(step.results.values())) == 1:
        return command + next(iter(step.results.values()))
    return command + "".join(f"{_OF_VERSION}{version}\n{result}" for version, result in sorted(step.results.items()))
