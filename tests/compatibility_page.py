"""docs/compatibility.md, made of the results of clients and of the transcripts of kubectl."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import client_results
import transcripts
from client_results import WORKS, Results

KUBECTL_VERSIONS = ("1.36", "1.37")
NOT_SERVED = "the server could not find the requested resource"
"""What Kubernetes says of a path that it does not know, and every client shows."""

_INTRODUCTION = """\
# Compatibility

What kubectl and other people's clients can do with a lab. This page is made by the tests in `tests/clients`, which run
the real clients: a test fails when it no longer says what they found, and `make golden` writes it again.

*works*: the client did it, and the result was checked. *error*: the client showed the error of the note. *not served*:
the API has no such resource, and the client says so. A dash: the client has no such operation, or it was not tried.
"""
_KUBECTL = """\
## kubectl

Each session is in `tests/clients/transcripts`, word by word, with both versions. A command works if it did in one of
them; errors that a session provokes are those of any cluster.
"""
_CLIENTS = """\
## Clients

Each operation is tried once in `tests/clients`. Conflicts and kinds that do not exist are provoked: there an error is
what a cluster answers, too.
"""
_GROUPS = frozenset({"auth", "certificate", "config", "create", "rollout", "set", "top"})
"""Commands of kubectl that are named by two words."""
_COMMAND = re.compile(r"\bkubectl ([a-z-]+)(?: ([a-z][a-z-]+))?")
_FAILED = re.compile(r"^(?:error: |Error from server)|^\[exit", re.MULTILINE)


def page(results: Sequence[Results], sessions: Mapping[str, str]) -> str:
    """The document. `sessions` are the texts of the transcripts, by name."""
    notes: list[str] = []
    parts = [
        _INTRODUCTION,
        _CLIENTS,
        _clients(results, notes),
        _KUBECTL,
        _kubectl(sessions, notes),
        _sessions(sessions),
    ]
    listed = [f"{number}. {note}\n" for number, note in enumerate(notes, 1)]
    return "\n".join([*parts, "## Notes\n", "".join(listed)])


def _clients(results: Sequence[Results], notes: list[str]) -> str:
    names = [f"{each.client} {each.version}" for each in results]
    tried = [name for name in client_results.OPERATIONS if any(name in each.operations for each in results)]
    rows = [[name, *(_cell(each.operations.get(name), notes) for each in results)] for name in tried]
    return _table(["operation", *names], rows)


def _kubectl(sessions: Mapping[str, str], notes: list[str]) -> str:
    found: dict[str, dict[str, str]] = {}
    for text in sessions.values():
        for command, by_version in transcripts.results_by_version(text, KUBECTL_VERSIONS):
            name = _name(command)
            for version, result in by_version.items():
                if name and found.setdefault(name, {}).get(version) != WORKS:
                    found[name][version] = _error(result) if _FAILED.search(result) else WORKS
    rows = [
        [f"`kubectl {name}`", *(_cell(found[name].get(version), notes) for version in KUBECTL_VERSIONS)]
        for name in sorted(found)
    ]
    return _table(["command", *KUBECTL_VERSIONS], rows)


def _sessions(sessions: Mapping[str, str]) -> str:
    titles = [(name, text.splitlines()[0].removeprefix("# ")) for name, text in sessions.items()]
    return _table(["session", "what it shows"], [[f"`{name}`", title] for name, title in titles])


def _name(command: str) -> str:
    found = _COMMAND.search(command)
    if found is None:
        return ""
    return f"{found[1]} {found[2]}" if found[1] in _GROUPS and found[2] else found[1]


def _error(result: str) -> str:
    lines = [line for line in result.splitlines() if _FAILED.search(line)] or [""]
    return lines[0].removeprefix("error: ")


def _cell(said: str | None, notes: list[str]) -> str:
    if said is None:
        return "–"
    if said == WORKS:
        return WORKS
    if said == NOT_SERVED:
        return "not served"
    note = " ".join(said.split()).replace("<", "&lt;")
    if note not in notes:
        notes.append(note)
    return f"error ({notes.index(note) + 1})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def sessions_in(folder: Path) -> dict[str, str]:
    """The transcripts of a folder."""
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.txt"))}
