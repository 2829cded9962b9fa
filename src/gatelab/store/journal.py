"""The journal: the present objects on disk, in SQLite.

Write-ahead log with synchronous=FULL: what `commit` returned for survives a kill and a power cut, and a batch is there
wholly or not at all. The file is locked by its one user. It holds secrets, so it is for its owner only (0600).
"""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from gatelab.store import wal

_log = logging.getLogger(__name__)

FORMAT = 1
"""Written to the file as user_version. Raised when an older program could no longer read the file."""

BUSY_TIMEOUT_S = 2.0
"""How long to wait for another control plane that is just ending."""

_APPLICATION = 0x67746C62  # "gtlb"

_SCHEMA = (
    """CREATE TABLE objects (
        resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        version INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (resource, namespace, name)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {FORMAT}",
)
_PUT = "INSERT OR REPLACE INTO objects (version, data, resource, namespace, name) VALUES (?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?"
_CEILING = "INSERT OR REPLACE INTO counters (name, value) VALUES ('version_ceiling', ?)"


class JournalError(Exception):
    """The journal cannot be used. The message names the file and what to do."""


class Row(NamedTuple):
    """One object. `data` None means that it is gone."""

    resource: str
    namespace: str
    name: str
    version: int
    data: bytes | None


class Journal:
    """An open journal. `commit` may be called from one other thread at a time; everything else from the opener's."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Raises JournalError: newer format, corrupt, in use, not a journal, not writable.

        What a crash left half written is taken back, and named in the log.
        """
        try:
            path.touch(mode=0o600)
            found = wal.found(path)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"journal {path}: cannot be opened: {error}") from error
        try:
            _prepare(path, connection)
            _report_recovery(path, found, taken=_frames(connection))
        except sqlite3.Error as error:
            connection.close()
            raise _explained(path, error) from error
        except JournalError:
            connection.close()
            raise
        return cls(path, connection)

    def read(self) -> tuple[list[Row], int]:
        """All objects, and the version that no write has reached yet. Raises JournalError when corrupt."""
        try:
            rows = self._connection.execute("SELECT resource, namespace, name, version, data FROM objects").fetchall()
            found = self._connection.execute("SELECT value FROM counters WHERE name = 'version_ceiling'").fetchone()
        except sqlite3.Error as error:
            raise _explained(self.path, error) from error
        return [Row(*row) for row in rows], found[0] if found else 0

    def commit(self, rows: Sequence[Row], ceiling: int | None) -> None:
        """Writes all rows, and the ceiling of versions if given, as one transaction. Raises sqlite3.Error."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            self._write(rows)
            if ceiling is not None:
                execute(_CEILING, (ceiling,))
            execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise

    def _write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            name = (row.resource, row.namespace, row.name)
            if row.data is None:
                self._connection.execute(_REMOVE, name)
            else:
                self._connection.execute(_PUT, (row.version, row.data, *name))

    def close(self) -> None:
        self._connection.close()


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    # Exclusive also spares the shared-memory file; it is taken at the first read.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    _check_format(path, connection)
    connection.execute("COMMIT")
    # Not quick_check: it does not see rows out of order, which are there for a scan and not for a replacement.
    damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if damage != "ok":
        raise JournalError(corrupt(path, damage))


def _frames(connection: sqlite3.Connection) -> int | None:
    """How many frames of the write-ahead log are good, as far as SQLite has recovered it; None if the disk is full.

    A full disk is no reason not to start: what is there can be read, and each write will be told.
    """
    try:
        _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        return None
    return int(frames)


def _report_recovery(path: Path, found: wal.Log, taken: int | None) -> None:
    if taken is None:
        _log.warning("journal %s: the disk is full: what is there can be read, and writes are refused", path)
    elif sentence := wal.left_out(found, taken):
        _log.warning("journal %s: %s", path, sentence)


def _check_format(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application == _APPLICATION:
        if version > FORMAT:
            raise JournalError(
                f"journal {path}: has format {version}, and this gatelab reads up to {FORMAT}: "
                "use the newer gatelab that wrote it, or move the file away to start empty"
            )
        return
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise JournalError(f"journal {path}: is a SQLite file of another program; move it away")
    for statement in _SCHEMA:
        connection.execute(statement)


def _explained(path: Path, error: sqlite3.Error) -> JournalError:
    text = str(error)
    if "locked" in text:
        return JournalError(f"journal {path}: in use by another control plane")
    if "malformed" in text or "not a database" in text or "disk image" in text:
        return JournalError(corrupt(path, text))
    return JournalError(f"journal {path}: {text}")


def corrupt(path: Path, how: str) -> str:
    return f"journal {path}: corrupt ({how}): move the file away to start empty, or restore it from a copy"
