"""Reads a Corefile: server blocks, their zones, ports and plugins (coredns.io, "Corefile Explained")."""

import shlex
from typing import Final, NamedTuple

_SCHEMES: Final = ("dns://",)


class CorefileError(Exception):
    """A Corefile that cannot be served; the text names the line and says why."""


class ServerBlock(NamedTuple):
    """`zones` are domain names; `plugins` the first words of the block's lines, their arguments left out."""

    zones: tuple[tuple[str, int], ...]
    """Name and port; the root zone is `.`."""
    plugins: frozenset[str]


def server_blocks(text: str, default_port: int = 53) -> tuple[ServerBlock, ...]:
    """The blocks, in order.

    Raises:
        CorefileError: the braces do not match, or a zone cannot be served.
    """
    blocks: list[ServerBlock] = []
    keys: list[str] = []
    plugins: set[str] = set()
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        words = _words(line, number)
        opens, closes = words[-1:] == ["{"], words == ["}"]
        if closes and depth == 1:
            blocks.append(ServerBlock(tuple(_zone(key, default_port, number) for key in keys), frozenset(plugins)))
            keys, plugins = [], set()
        elif depth == 0:
            keys += [key for word in words if word not in ("{", "}") for key in word.split(",") if key]
        elif depth == 1 and words:
            plugins.add(words[0])
        depth += opens - closes
        if depth < 0:
            raise CorefileError(f"line {number}: a }} without its {{")
    if depth or keys:
        raise CorefileError("the last server block has no end: a } is missing")
    return tuple(blocks)


def _words(line: str, number: int) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise CorefileError(f"line {number}: {error}") from None


def _zone(key: str, default_port: int, number: int) -> tuple[str, int]:
    for scheme in _SCHEMES:
        key = key.removeprefix(scheme)
    if "://" in key:
        raise CorefileError(f"line {number}: {key}: only plain DNS is served; leave the scheme out")
    name, _, port = key.partition(":")
    if port and not (port.isascii() and port.isdigit() and 0 <= int(port) <= 65535):
        raise CorefileError(f"line {number}: {key}: {port} is not a port number")
    return name or ".", int(port) if port else default_port
