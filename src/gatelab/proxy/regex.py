"""Regular expressions as Envoy reads them, checked before they are sent.

Envoy rejects a route table as a whole for one bad expression, so each is tried here on the same engine, RE2, and as
Envoy does it: on bytes. A letter beyond ASCII is the bytes of its UTF-8, and there is no code point above 255.
"""

import functools

import re2

MAX_PROGRAM_SIZE = 5000
"""In RE2 instructions. `bootstrap` gives Envoy the same limit; its own is 100, which a few alternatives exceed."""


@functools.cache
def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return options


def problem(pattern: str) -> str | None:
    """What is wrong with the pattern, in RE2's words, or None."""
    if not pattern:
        return "the regular expression is empty"
    try:
        compiled = re2.compile(pattern.encode(), _options())
    except re2.error as error:
        words = error.args[0] if error.args else str(error)
        return words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    size: int = compiled.programsize
    if size > MAX_PROGRAM_SIZE:
        return f"the regular expression compiles to {size} instructions, more than the {MAX_PROGRAM_SIZE} allowed"
    return None
