"""Takes secrets out of text: known values, and what looks like one. A last line of defence, not a licence to log."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator

REDACTED = "[redacted]"
_SHORTEST = 6
"""Shorter values are left: they would be found everywhere, and be worth nothing as secrets."""
_SHORTEST_LINE = 24
"""A line of a value of several lines is a secret by itself from here on."""
_WORD = r"(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
_QUOTED, _BARE = r"(?<=\")[^\"\\]+|(?<=')[^'\\]+", r"[^\s\"',;&\\{}\[\]|>]{3,}"
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
    """Replaces the values, also in base64 and as JSON and logs escape them, and what looks like a secret."""

    def __init__(self, values: Iterable[bytes] = ()) -> None:
        self._forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        text = self.known(text)
        for pattern in _PATTERNS:
            text = pattern.sub(_kept, text)
        return text

    def known(self, text: str) -> str:
        """Without the values; what only looks like a secret stays."""
        # One after the other: an alternation of hundreds is tried at every place of megabytes.
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return text


def names_a_secret(name: str) -> bool:
    """Whether a variable or a key of this name would hold one: PASSWORD, apiKey, DB_TOKEN."""
    return _SECRET_NAME.search(name) is not None


def _kept(match: re.Match[str]) -> str:
    return (match.groupdict().get("kept") or "") + REDACTED


def _forms(value: bytes) -> Iterator[str]:
    """The value as a text may have it."""
    if len(value.strip()) < _SHORTEST:
        return
    yield from _encoded(value)
    try:
        text = value.decode().strip()
    except UnicodeDecodeError:
        return
    yield from _escaped(text)
    yield from _encoded(text.encode())
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----"))


def _escaped(text: str) -> Iterator[str]:
    """As it is, in JSON, in JSON in JSON, and as `repr` writes it."""
    yield text
    yield repr(text)[1:-1]
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]


def _encoded(value: bytes) -> Iterator[str]:
    """In base64: by itself, and the part that is its own when it begins at any of three places of something longer."""
    yield b64encode(value).decode()
    yield urlsafe_b64encode(value).decode()
    for before, others in enumerate((0, 2, 3)):
        own = b64encode(b"\0" * before + value).decode()[others:]
        own = own.rstrip("=")[:-1] if own.endswith("=") else own
        if len(own) >= _SHORTEST + 2:
            yield own
