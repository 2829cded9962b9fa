"""Takes secrets out of text: known values, and what looks like one. A last line of defence, not a licence to log."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator

REDACTED = "[redacted]"
_SHORTEST = 6
"""Shorter values are left: they would be found everywhere, and be worth nothing as secrets."""
_SHORTEST_LINE = 24
"""A line of a value of several lines is a secret by itself from here on."""
_WORD = r"(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
_EQUALS = r"\\?[\"']?\s*[=:]\s*\\?[\"']?"
_QUOTED, _BARE = r"(?<=\")[^\"\\]+|(?<=')[^'\\]+", r"[^\s\"',;&\\]{3,}"
_PATTERNS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"(?i)(?P<kept>\b(?:bearer|basic) )[\w+/=.~-]{8,}"),
    re.compile(
        rf"(?i)(?P<kept>\b[\w.-]*{_WORD}\\?[\"']?\s*[=:]\s*\\?[\"']?)(?!(?:true|false|null)\b)(?:{_QUOTED}|{_BARE})"
    ),
    re.compile(r"(?P<kept>\w+://[^\s/:@]+:)[^\s/@]+(?=@)"),
)
_SECRET_NAME = re.compile(rf"(?i){_WORD}|_key$|^key$")


class Redactor:
    """Replaces the values, each also in base64 and with its line ends escaped, and what looks like a secret."""

    def __init__(self, values: Iterable[bytes] = ()) -> None:
        forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, forms))) if forms else None

    def __call__(self, text: str) -> str:
        if self._values is not None:
            text = self._values.sub(REDACTED, text)
        for pattern in _PATTERNS:
            text = pattern.sub(_kept, text)
        return text


def names_a_secret(name: str) -> bool:
    """Whether a variable or a key of this name would hold one: PASSWORD, apiKey, DB_TOKEN."""
    return _SECRET_NAME.search(name) is not None


def _kept(match: re.Match[str]) -> str:
    return (match.groupdict().get("kept") or "") + REDACTED


def _forms(value: bytes) -> Iterator[str]:
    """The value as text may have it. In base64 it may begin at any of three places of what surrounds it."""
    if len(value.strip()) < _SHORTEST:
        return
    yield b64encode(value).decode()
    text = value.decode(errors="ignore").strip()
    if len(text) < _SHORTEST:
        return
    yield text
    yield b64encode(text.encode()).decode()
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > 1:
        yield from (end.join(lines) for end in ("\\n", "\\\\n"))
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----"))
