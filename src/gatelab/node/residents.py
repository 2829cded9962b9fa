"""Programs that belong to the lab itself (control plane, service proxy): started, and started again when they end."""

import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gatelab.node.keeper.client import Exited, Keeper, Notice, Spawned, SpawnFailed
from gatelab.telemetry.log_file import LIMIT_BYTES, rotate, rotated, shift

logger = logging.getLogger(__name__)

_DELAYS_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
_STABLE_S = 10.0
"""A program that ran for this long is started again at once; one that keeps ending sooner is not."""
_LOG_LIMIT = LIMIT_BYTES

Later = Callable[[float, Callable[[], None]], object]
"""`loop.call_later`."""


class Resident:
    """One such program. Its output is appended to a log file."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        keeper: Keeper,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.pid: int | None = None
        self.log = log
        self.starts = 0
        self.later: Later | None = None
        """Set while it shall be started again when it ends."""
        self._argv = argv
        self._env = env
        self._keeper = keeper
        self._clock = clock
        self._started_at = 0.0
        self._quick_ends = 0
        self._log_begins = 0

    def start(self) -> None:
        """Starts it."""
        self.starts += 1
        self._started_at = self._clock()
        _make_room(self.log)
        if self.starts == 1:
            self._log_begins = self.log.stat().st_size if self.log.exists() else 0
        fd = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._keeper.spawn(
                f"{self.name}/{self.starts}",
                self._argv,
                env=self._env,
                cwd="/",
                stdout=fd,
                stderr=fd,
                on_notice=self._on_notice,
            )
        finally:
            os.close(fd)

    def trim_log(self) -> None:
        """Copies a log that is full aside and empties it: the program has it open, and cannot be told to open another.

        What it writes in this very moment is lost, as with logrotate's copytruncate.
        """
        if not _is_full(self.log):
            return
        try:
            shift(self.log)
            shutil.copyfile(self.log, rotated(self.log))
            rotated(self.log).chmod(0o600)
            os.truncate(self.log, 0)
        except OSError as error:
            logger.warning("%s was not rotated: %s", self.log, error.strerror)

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, of this run of the lab, as people read it."""
        from gatelab.telemetry.read_lines import read_line, readable  # only for somebody who is in trouble

        try:
            with self.log.open("rb") as file:
                size = self.log.stat().st_size
                begins = self._log_begins if self._log_begins <= size else 0  # the file was rotated
                file.seek(max(begins, size - 16 * 1024))
                written = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        found = [readable(said.text, said.fields) for said in map(read_line, written)]
        return "\n".join("\n".join(found).splitlines()[-lines:])

    def _on_notice(self, notice: Notice) -> None:
        if isinstance(notice, Spawned):
            self.pid = notice.pid
            return
        self.pid = None
        is_quick = self._clock() - self._started_at < _STABLE_S
        delay_s = _DELAYS_S[min(self._quick_ends, len(_DELAYS_S) - 1)] if is_quick else 0.0
        self._quick_ends = self._quick_ends + 1 if is_quick else 0
        if self.later is not None:
            text = "%s %s: starting it again in %.1f s; its log is %s"
            logger.warning(text, self.name, _fate(notice), delay_s, self.log)
            self.later(delay_s, self.start)


def _fate(notice: Exited | SpawnFailed) -> str:
    if isinstance(notice, Exited):
        return f"ended with exit code {notice.exit_code}"
    return f"could not be started ({notice.refused or os.strerror(notice.errno)})"


def _make_room(log: Path) -> None:
    if _is_full(log):
        rotate(log)


def _is_full(log: Path) -> bool:
    return log.exists() and log.stat().st_size > _LOG_LIMIT
