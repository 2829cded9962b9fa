"""Records of `logging` as JSON, one object a line: time, level, logger, message, and the fields of `extra`."""

import json
import logging
import time
from typing import Any

from gatelab.telemetry.redaction import Redactor

_MORE = frozenset({"message", "asctime", "taskName", "color_message"})
_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | _MORE
"""What every record has, and what uvicorn puts into its own for terminals."""


class JsonLines(logging.Formatter):
    """`time` is RFC 3339 in UTC with milliseconds; `exception` is a traceback. Every text goes through the redactor."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        }
        said |= {name: self._redact(str(value)) for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info:
            said["exception"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


class TextLines(logging.Formatter):
    """The same for a terminal, in one line."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def rfc3339(seconds: float) -> str:
    """In UTC, with milliseconds."""
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"
