"""Sessions of `call` and of grpcurl: the same command lines to both, kept as text.

    # What the session shows.
    $ call -plaintext {market} list
    market.Market
    [exit 0]
    $ call -plaintext {dead} list
    -- grpcurl
    2> Failed to dial …
    [exit 1]
    -- gatelab: it says which address it was
    2> Failed to dial …
    [exit 1]

What is on stderr has `2> ` before it. Where the two differ, the reason stands behind `-- gatelab:`; a difference
without one fails. `{market}` is a server's address, ` < 'text'` at the end of a command is its stdin, and `␞` is
ASCII's record separator.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_OURS = "-- gatelab:"
_THEIRS = "-- grpcurl"
_MASKS = (
    (re.compile(r"\b\d+(?:\.\d+)?(?:ns|µs|ms|s)\b(?=$)", re.MULTILINE), "<time>"),
    (re.compile(r"Try '.* -help'"), "Try '<program> -help'"),
    (re.compile(r"2> Usage:\n(?:2> .*\n|2>\n)+"), "2> <usage>\n"),
    (re.compile(r"(?i)(?<=Message: )(?:context )?deadline exceeded"), "<deadline exceeded>"),
    (re.compile(r"127\.\d+\.\d+\.\d+:\d+->"), "<client>->"),
    (re.compile(r"current time \S+"), "current time <now>"),
)
Run = Callable[[list[str], str], tuple[str, str, int]]
"""Arguments and stdin; stdout, stderr and exit code."""


@dataclass(slots=True)
class Step:
    command: str
    theirs: str = ""
    ours: str = ""
    reason: str = ""

    def text(self) -> str:
        if self.theirs == self.ours:
            return f"$ {self.command}\n{self.ours}"
        return f"$ {self.command}\n{_THEIRS}\n{self.theirs}{_OURS} {self.reason}".rstrip() + f"\n{self.ours}"


@dataclass(slots=True)
class Session:
    title: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def text(self) -> str:
        return "".join([*(f"{line}\n" for line in self.title), *(step.text() for step in self.steps)])


def read(text: str) -> Session:
    session = Session()
    parts = ["theirs", "ours"]
    for line in text.splitlines():
        if line.startswith("$ "):
            session.steps.append(Step(line[2:]))
            parts = ["theirs", "ours"]
        elif not session.steps:
            session.title.append(line)
        elif line == _THEIRS:
            parts = ["theirs"]
        elif line.startswith(_OURS):
            parts = ["ours"]
            session.steps[-1].reason = line.removeprefix(_OURS).strip()
        else:
            for part in parts:
                setattr(session.steps[-1], part, getattr(session.steps[-1], part) + f"{line}\n")
    return session


def played(command: str, run: Run, names: Mapping[str, str]) -> str:
    """What came of a command, masked."""
    words = shlex.split(_filled(command.replace("␞", "\x1e"), names))[1:]
    stdin = words.pop() if "<" in words[-2:-1] else ""
    out, err, code = run(words[:-1] if stdin else words, stdin)
    lines = [*out.splitlines(), *(f"2> {line}" for line in err.splitlines())]
    # What is masked may be in the way of the marks of a session.
    text = "".join(f"{line}\n" for line in lines) + f"[exit {code}]\n"
    for name, value in names.items():
        text = text.replace(value, f"{{{name}}}")
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text.replace("\x1e", "␞")


def _filled(command: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        command = command.replace(f"{{{name}}}", value)
    return command
