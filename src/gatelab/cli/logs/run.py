"""One view of several logs: what is there in the order of time, then what comes."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from gatelab.cli.logs.reader import Entry, Reader
from gatelab.cli.logs.sources import OWN, known_names, sources
from gatelab.node.claims import is_held
from gatelab.node.errors import LabError
from gatelab.node.logs.cri import stamp_at
from gatelab.node.place import LabPlace
from gatelab.telemetry.read_lines import readable

POLL_S = 0.1
_LOOK_S = 1.0
"""How often new pods, and the end of the lab, are looked for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted. `tail` None is everything; `since_s` is an age in seconds."""

    names: tuple[str, ...]
    follow: bool
    tail: int | None
    since_s: float | None
    timestamps: bool
    as_json: bool


def run(place: LabPlace, choice: Choice) -> None:
    """Prints. Raises LabError when there is nothing of that name, and nothing will come."""
    view = _View(place, choice)
    view.open_new()
    if not view.readers:
        if not choice.follow or not is_held(place.lock):
            raise LabError(_nothing(place, choice.names))
        click.echo(f"{_nothing(place, choice.names)}; waiting for them", err=True)
    view.show_past()
    if choice.follow:
        try:
            view.follow()
        except KeyboardInterrupt:
            return


class _View:
    def __init__(self, place: LabPlace, choice: Choice) -> None:
        self.readers: dict[Path, Reader] = {}
        self._place = place
        self._choice = choice
        self._since = stamp_at(time.time() - choice.since_s).decode() if choice.since_s is not None else ""

    def open_new(self) -> None:
        for source in sources(self._place, self._choice.names):
            if source.path not in self.readers:
                try:
                    reader = Reader(source, near_end=self._choice.tail is not None)
                except OSError as error:
                    click.echo(f"{source.path} cannot be read: {error.strerror}", err=True)
                    continue
                self.readers[source.path] = reader

    def show_past(self) -> None:
        tail = self._choice.tail
        found: list[Entry] = []
        for reader in self.readers.values():
            entries = [each for each in reader.read() if each.time >= self._since]
            found += entries if tail is None else entries[max(0, len(entries) - tail) :]
        self._print(found)

    def follow(self) -> None:
        """Until the lab ends."""
        looked = time.monotonic()
        lives = is_held(self._place.lock)
        while True:
            # What is written is in the files before the lock is free, so nothing of the end is missed.
            ended = lives and not is_held(self._place.lock)
            self._print([entry for reader in self.readers.values() for entry in reader.read()])
            if ended or not lives:
                return
            if time.monotonic() - looked >= _LOOK_S:
                looked = time.monotonic()
                self._forget_gone()
                self.open_new()
            time.sleep(POLL_S)

    def _forget_gone(self) -> None:
        for path in [path for path in self.readers if not path.exists()]:
            self.readers.pop(path).close()

    def _print(self, entries: Sequence[Entry]) -> None:
        for entry in sorted(entries, key=lambda each: each.time):
            for line in self._lines(entry):
                click.echo(line)

    def _lines(self, entry: Entry) -> Iterator[str]:
        if self._choice.as_json:
            said = {"time": entry.time, "source": entry.source, "stream": entry.stream, "text": entry.text}
            yield json.dumps({**entry.fields, **said}, ensure_ascii=False)
            return
        stamp = f"{entry.time} " if self._choice.timestamps else ""
        for line in readable(entry.text, entry.fields).splitlines() or [""]:
            yield f"{entry.source} | {stamp}{line}"


def _nothing(place: LabPlace, names: Sequence[str]) -> str:
    if not place.logs.exists():
        return f"there are no logs of a lab {place.name!r}: start it with `gatelab up --name {place.name}`"
    known = ", ".join(known_names(place)[: len(OWN) + 9])
    return f"there are no logs of {' or '.join(names) or 'anything yet'} in the lab {place.name!r}; known are {known}"
