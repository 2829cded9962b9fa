"""Where the log lines of a process go."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from gatelab.telemetry.json_lines import JsonLines, TextLines
from gatelab.telemetry.log_file import LogFile
from gatelab.telemetry.redaction import Redactor

LEVELS = ("debug", "info", "warning", "error")
_CHATTY = ("httpx2", "httpcore2", "asyncio", "hpack", "h2", "grpc")
"""They log each request or poll, some with its headers: from warnings on, at every level."""


def log_to_file(path: Path, level: str, *, secrets: Sequence[bytes], takes_output: bool) -> None:
    """JSON lines from `level` on. `secrets` never reach the file. Raises OSError."""
    handler = LogFile(path, takes_output=takes_output)
    handler.setFormatter(JsonLines(Redactor(secrets)))
    _add(handler, level)
    if takes_output:
        sys.excepthook = _log_uncaught


def log_to_terminal(level: str, *, secrets: Sequence[bytes] = ()) -> None:
    """Lines for people on stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLines(Redactor(secrets)))
    _add(handler, level)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """In the log's form, and through its filter, instead of as it is on stderr."""
    logging.getLogger(__name__).critical("the process ends: %s", kind.__name__, exc_info=(kind, error, trace))


def _add(handler: logging.Handler, level: str) -> None:
    handler.setLevel(level.upper())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(min(each.level for each in root.handlers))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
