"""Lists in pieces: `limit`, `continue` and the versions that a list may be asked of.

A token says at which version the list began and which key came last. It holds nothing on the server: the history of
the store tells what was there at that version, as far as it reaches back (API concepts, "Retrieving large results
sets in chunks").
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request

from gatelab.apiserver import list_options
from gatelab.kinds.errors import BadRequest, Expired
from gatelab.kinds.objects import Key
from gatelab.store import Stored

_TOKEN_VERSION = "meta.k8s.io/v1"
_LATEST = -1
"""Of a token: go on with what is there now, though that is not what the list began with."""

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_LIST_TOO_OLD = "The resourceVersion for the provided list is too old."


class _Token(msgspec.Struct, frozen=True):
    v: str
    rv: int
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of a list is asked for: at which version (None: the newest), behind which key, how many (0: all).

    `reached` is a version that the store must have reached.
    """

    version: int | None
    after: Key | None
    limit: int
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and what its `metadata` says. `remaining` is None where Kubernetes does not tell."""

    items: Sequence[Stored]
    version: int
    token: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> dict[str, Any]:
        """The list's `ListMeta`."""
        metadata: dict[str, Any] = {"resourceVersion": str(self.version)}
        if self.token:
            metadata["continue"] = self.token
        if self.remaining is not None:
            metadata["remainingItemCount"] = self.remaining
        return metadata


def asked(request: Request) -> Asked:
    """Raises BadRequest for a token that we did not give out, Invalid for options that contradict each other."""
    options = list_options.read(request)
    if options.token:
        token = _decoded(options.token)
        if options.version:
            raise BadRequest("specifying resource version is not allowed when using continue")
        version = None if token.rv == _LATEST else token.rv
        return Asked(version, Key(token.namespace, token.name), options.limit)
    exact = options.match == "Exact" or (options.limit and not options.match)
    return Asked(options.version or None if exact else None, None, options.limit, options.version or 0)


def page(found: Sequence[Stored], version: int, wanted: Asked, *, selected: bool) -> Page:
    """The part of a whole list that was asked for. How many remain is told only of lists without selectors."""
    rest = [each for each in found if wanted.after is None or each.key > wanted.after]
    if not wanted.limit or len(rest) <= wanted.limit:
        return Page(rest, version)
    items = rest[: wanted.limit]
    token = _encoded(version, items[-1].key)
    return Page(items, version, token, None if selected else len(rest) - wanted.limit)


def expired(wanted: Asked, error: Expired, version: int) -> Expired:
    """The error for a version that the history no longer holds, with a token to go on all the same."""
    if (wanted.version or 0) > version:
        return error
    if wanted.after is None:
        return Expired(_LIST_TOO_OLD)
    return Expired(_TOO_OLD, token=_encoded(_LATEST, wanted.after))


def _encoded(version: int, last: Key) -> str:
    token = _Token(_TOKEN_VERSION, version, last.namespace, last.name)
    return urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def _decoded(text: str) -> _Token:
    try:
        token = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Token)
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadRequest("invalid continue token: continue key is not valid: it was not given out by a list") from error
    if token.v != _TOKEN_VERSION or token.rv < _LATEST or token.rv >= 2**63:
        raise BadRequest("invalid continue token: continue key is not valid: unrecognized version")
    return token
