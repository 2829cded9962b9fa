"""What the store counts: its objects, and the commits of its journal."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gatelab.store.journal import Journal
from gatelab.telemetry import Family, Histogram, Reading
from gatelab.telemetry.families import single

OBJECTS = Family("apiserver_storage_objects", "gauge", "Objects that readers see.", ("resource",))
VERSION = Family("gatelab_store_resource_version", "gauge", "The newest resourceVersion that readers see.")
COMMIT = Family(
    "gatelab_journal_commit_duration_seconds", "histogram", "Seconds of a commit, the disk's acknowledgement included."
)
BATCH = Family("gatelab_journal_commit_writes", "histogram", "Writes that were committed together.")
REFUSED = Family("gatelab_journal_refused_commits_total", "counter", "Commits that the disk refused, all taken back.")
SIZE = Family("gatelab_journal_size_bytes", "gauge", "Size of the journal with its write-ahead log.")


class CommitMeter:
    """Commits as they end."""

    def __init__(self) -> None:
        self._seconds = Histogram()
        self._writes = Histogram((1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
        self._refused = 0

    def ended(self, seconds: float, writes: int, *, refused: bool) -> None:
        """One commit of so many writes."""
        self._seconds.observe(seconds)
        self._writes.observe(writes)
        self._refused += refused

    def readings(self) -> Iterator[Reading]:
        yield single(COMMIT, self._seconds)
        yield single(BATCH, self._writes)
        yield single(REFUSED, self._refused)


def present(objects: Mapping[str, int], version: int) -> Iterator[Reading]:
    """How many objects of each resource readers see, and of which version."""
    yield Reading(OBJECTS, {(resource,): count for resource, count in objects.items()})
    yield single(VERSION, version)


def disk_size(journal: Journal | None) -> Reading:
    """The journal's files; 0 in memory."""
    return single(SIZE, 0 if journal is None else sum(map(_size, (journal.path, wal_path(journal.path)))))


def wal_path(path: Path) -> Path:
    """SQLite's write-ahead log beside a file."""
    return path.with_name(path.name + "-wal")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
