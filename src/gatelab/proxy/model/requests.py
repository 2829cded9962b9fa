"""What a request is asked for, and what is changed in it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PathMatch:
    """`prefix` is by whole path segments (`/a` matches `/a` and `/a/b`, not `/ab`); `regex` (RE2) the whole path."""

    kind: Literal["exact", "prefix", "regex"]
    value: str


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """`name` is lower case; `regex` (RE2) matches the whole value, `absent` a request without the header."""

    name: str
    kind: Literal["exact", "regex", "absent"]
    value: str


@dataclass(frozen=True, slots=True)
class QueryMatch:
    """A parameter of the query by its exact name, the first one where it is repeated; `regex` (RE2) is the whole value.

    Both are compared as the client wrote them: nothing is percent-decoded.
    """

    name: str
    kind: Literal["exact", "regex"]
    value: str


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """All given parts must match. `method` "" is any.

    `grpc` takes only requests of gRPC or gRPC-Web, whose deadline (`grpc-timeout`) then holds at the proxy too.
    """

    path: PathMatch = PathMatch("prefix", "/")
    headers: tuple[HeaderMatch, ...] = ()
    grpc: bool = False
    method: str = ""
    query: tuple[QueryMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """Headers by lower-case name: `remove` first, then `set` replaces, then `add` appends."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()

    def then(self, later: "HeaderChanges") -> "HeaderChanges":
        """The changes that come to the same as these, followed by `later`."""
        undone = {*later.remove, *(name for name, _ in later.set)}
        return HeaderChanges(
            set=(*(each for each in self.set if each[0] not in undone), *later.set),
            add=(*(each for each in self.add if each[0] not in undone), *later.add),
            remove=tuple(dict.fromkeys((*self.remove, *later.remove))),
        )


NO_CHANGES = HeaderChanges()


@dataclass(frozen=True, slots=True)
class PathChange:
    """The new path: `value` in place of the whole one, or of the matched `prefix` if that is given."""

    value: str
    prefix: str | None = None
