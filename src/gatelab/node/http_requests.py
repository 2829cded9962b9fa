"""GET requests of probes and hooks, without a client library: the head of the answer is all that is read."""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from gatelab import __version__
from gatelab.kinds.pods import HttpGetAction, HttpHeader

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 10


class NotHttp(Exception):
    """The peer answered something else, or redirected without an end. The message says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`location` of a redirect, absolute; "" otherwise."""

    code: int
    location: str = ""


def url_of(action: HttpGetAction, address: str, port: int) -> str:
    """Where an action points for a pod with `address`."""
    path = action.path if action.path.startswith("/") else f"/{action.path}"
    return f"{action.scheme.lower()}://{action.host or address}:{port}{path}"


async def get(url: str, headers: Iterable[HttpHeader], *, agent: str) -> Answer:
    """The first answer that is no redirect, or redirects to another host, where the kubelet does not follow either.

    Raises OSError, NotHttp. Certificates are not verified: the kubelet knows a pod by its address too.
    """
    host = urlsplit(url).hostname
    for _ in range(_MOST_REDIRECTS):
        answer = await _get(url, headers, agent)
        if not answer.location or urlsplit(answer.location).hostname != host:
            return answer
        url = answer.location
    raise NotHttp(f"stopped after {_MOST_REDIRECTS} redirects")


async def _get(url: str, headers: Iterable[HttpHeader], agent: str) -> Answer:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=_unverified() if secure else None)
    try:
        writer.write(_request(url, headers, agent))
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        head = error.partial
    except asyncio.LimitOverrunError:
        head = b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return _answer(head, url)


def _request(url: str, headers: Iterable[HttpHeader], agent: str) -> bytes:
    parts = urlsplit(url)
    wanted = {"host": ("Host", parts.netloc), "user-agent": ("User-Agent", f"{agent}/gatelab-{__version__}")}
    wanted |= {"accept": ("Accept", "*/*"), "connection": ("Connection", "close")}
    wanted |= {each.name.lower(): (each.name, each.value) for each in headers}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.values()), "", ""]
    return "\r\n".join(lines).encode()


def _answer(head: bytes, url: str) -> Answer:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise NotHttp("the answer is not HTTP")
    code = int(words[1])
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    location = fields.get("location", "") if code in _REDIRECTS else ""
    return Answer(code, urljoin(url, location) if location else "")


@functools.cache
def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
