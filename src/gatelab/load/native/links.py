"""The connections of a run: opened together, used in turn, opened again when the server sends them away."""

import asyncio
import ssl
from collections.abc import Callable
from typing import NamedTuple

from gatelab.grpc_wire.channel import host_of
from gatelab.grpc_wire.errors import ConnectError
from gatelab.grpc_wire.http2 import HeaderBlock
from gatelab.grpc_wire.keepalive import Keepalive
from gatelab.grpc_wire.transport import ALPN_NOTE, ClientProtocol, closed, open_connection
from gatelab.load.plan import Address, LoadPlan
from gatelab.load.recipe import Recipe
from gatelab.load.together import opened_together

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0


class Seen(NamedTuple):
    """The header blocks of an answer, and what was found in them: the value of `grpc-status`, and the pod."""

    headers: HeaderBlock
    trailers: HeaderBlock
    code: bytes | None
    pod: bytes | None


class Link:
    """One of the plan's connections, through all its reconnections."""

    __slots__ = ("count", "number", "pods", "protocol", "reconnects", "seen", "target")

    def __init__(self, number: int, target: Address, protocol: ClientProtocol) -> None:
        self.number = number
        """Among the plan's connections, from 0."""
        self.target = target
        self.protocol = protocol
        self.count = 0
        self.pods: dict[bytes, int] = {}
        self.reconnects = 0
        self.seen = Seen((), (), None, None)
        """The answer read last: on one connection most are the same to the byte."""

    @property
    def up(self) -> bool:
        return self.protocol.session.accepting

    def add(self, pod: bytes | None) -> None:
        """Counts a call that ended here."""
        self.count += 1
        if pod is not None:
            self.pods[pod] = self.pods.get(pod, 0) + 1

    def restart(self) -> None:
        """Counts anew."""
        self.count = self.reconnects = 0
        self.pods = {}

    def pods_by_name(self) -> dict[str, int]:
        return {pod.decode("latin-1"): count for pod, count in sorted(self.pods.items())}


class Links:
    """All connections. `keep` reopens one that ends; whoever has nothing to send on is told by `up` and `failed`."""

    def __init__(self, links: list[Link], connect: "_Connect") -> None:
        self.links = links
        self._connect = connect
        self._next = 0
        self.preferred: Link | None = None
        """The next call goes over this one, if it takes calls: as if it were the next in turn, once."""
        self._retired: list[ClientProtocol] = []

    @classmethod
    async def opened(cls, plan: LoadPlan) -> "Links":
        """Opens every connection of the plan, at once.

        Raises:
            ConnectError: of the first that failed; none is left open.
        """
        connect = _Connect(plan)
        addresses = plan.addresses()
        protocols = await opened_together(map(connect, addresses), closed)
        pairs = zip(addresses, protocols, strict=True)
        return cls([Link(number, *pair) for number, pair in enumerate(pairs)], connect)

    def pick(self) -> Link | None:
        """The one preferred, else the next connection in turn that takes calls; None when there is none."""
        if (preferred := self.preferred) is not None:
            self.preferred = None
            if preferred.protocol.session.accepting:
                return preferred
        links, count = self.links, len(self.links)
        for step in range(count):
            link = links[(self._next + step) % count]
            if link.protocol.session.accepting:
                self._next = (self._next + step + 1) % count
                return link
        return None

    def restart(self) -> None:
        """Counts anew."""
        for link in self.links:
            link.restart()

    def remarks(self) -> tuple[str, ...]:
        """What is to be known of how the connections came about."""
        return (ALPN_NOTE,) if any(link.protocol.lacks_alpn for link in self.links) else ()

    async def keep(self, link: Link, up: Callable[[], None], failed: Callable[[str], None]) -> None:
        """Until cancelled, replaces the connection whenever it ends; says `up`, or `failed` after each vain attempt."""
        while True:
            await asyncio.wait([link.protocol.leaving])
            self._retire(link.protocol)
            pause_s = _FIRST_PAUSE_S
            while not link.up:
                try:
                    link.protocol = await self._connect(link.target)
                    self._check_stays(link.protocol)
                except ConnectError as error:
                    failed(str(error))
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            link.reconnects += 1
            up()

    async def close(self) -> None:
        """Says goodbye on all and waits a moment for the sockets."""
        await closed([*(link.protocol for link in self.links), *self._retired])

    def _check_stays(self, protocol: ClientProtocol) -> None:
        """Raises ConnectError where the server has sent the connection away at once: one more would fare no better."""
        if not protocol.session.accepting:
            protocol.close()
            self._retire(protocol)
            raise ConnectError(protocol.session.farewell or "the server closed the connection at once")

    def _retire(self, protocol: ClientProtocol) -> None:
        """Remembers what is in use no more and may be open for a while: calls end on it, or TLS waits for the peer."""
        self._retired = [each for each in self._retired if not each.gone.done()]
        self._retired.append(protocol)


class _Connect:
    """Opens connections as the plan says."""

    def __init__(self, plan: LoadPlan) -> None:
        self._tls: ssl.SSLContext | None = plan.tls.make() if isinstance(plan.tls, Recipe) else plan.tls
        authority = plan.authority or plan.host
        self._server_name = plan.server_name if plan.server_name is not None else host_of(authority)
        self._timeout_s = plan.connect_timeout_s
        self._alpn = plan.alpn
        self._keepalive_s = plan.keepalive_s

    async def __call__(self, address: Address) -> ClientProtocol:
        protocol = await open_connection(
            *address,
            tls=self._tls,
            server_name=self._server_name,
            timeout_s=self._timeout_s,
            alpn=self._alpn,
            takes_all=True,
        )
        if self._keepalive_s:
            Keepalive(protocol, every_s=self._keepalive_s, timeout_s=self._keepalive_s)
        return protocol
