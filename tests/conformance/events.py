"""What `go tool test2json` says of a run of the suite: outcomes of its tests, and what each printed."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

ROOT = "TestConformance"
Outcome = Literal["pass", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A test of the suite has ended."""

    name: str
    outcome: Outcome
    seconds: float


@dataclass(slots=True)
class Run:
    """A run, as far as its events have been followed."""

    finished: dict[str, Finished] = field(default_factory=dict)
    failures: set[str] = field(default_factory=set)
    """Tests and subtests, by their whole names, that failed; ROOT when the suite could not be set up."""
    printed: dict[str, list[str]] = field(default_factory=dict)
    """Lines by the name of the suite's test; "" for what belongs to none."""
    _begun_at: dict[str, float] = field(default_factory=dict)

    def follow(self, lines: Iterable[str]) -> Iterator[Finished]:
        """Takes events, a line each, and yields the tests of the suite as they end."""
        for line in lines:
            event = json.loads(line)
            path = event.get("Test", "")
            name = _own_name(path)
            match event["Action"]:
                case "output":
                    self.printed.setdefault(name, []).append(event["Output"])
                case "run" | "cont":
                    self._begun_at[path] = time.monotonic()
                case "pass" | "fail" | "skip" as outcome:
                    if outcome == "fail" and path:
                        self.failures.add(path)
                    if path == f"{ROOT}/{name}":
                        self.finished[name] = Finished(name, outcome, time.monotonic() - self._begun_at[path])
                        yield self.finished[name]

    def names(self, outcome: Outcome) -> list[str]:
        return sorted(each.name for each in self.finished.values() if each.outcome == outcome)


def _own_name(path: str) -> str:
    """The suite's test that a line is of: subtests are named below it."""
    root, _, rest = path.partition("/")
    return rest.partition("/")[0] if root == ROOT else ""
