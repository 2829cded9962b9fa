"""What is answered to a query: pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dns import flags, message, rcode, rdataclass, rdatatype, rrset
from dns.exception import DNSException
from dns.name import Name, from_text

from gatelab.backends.coredns.corefile import ServerBlock

_HEADER: Final = 12


class Client(NamedTuple):
    """Who asks."""

    host: str
    port: int
    protocol: str
    """`udp` or `tcp`."""


class Zones:
    """The zones of one port: the one with the longest name that a query is in answers it."""

    def __init__(self, blocks: Sequence[ServerBlock], port: int) -> None:
        """Raises DNSException: a zone is no domain name."""
        found = ((from_text(name), block) for block in blocks for name, at in block.zones if at == port)
        self._zones = dict(sorted(found, key=lambda each: -len(each[0])))

    def answer(self, query: bytes, client: Client) -> bytes:
        """The answer; empty for what is no query."""
        try:
            asked = message.from_wire(query)
        except DNSException:
            return _format_error(query)
        if asked.flags & flags.QR:
            return b""
        response = message.make_response(asked)
        if len(asked.question) != 1:
            response.set_rcode(rcode.FORMERR)
        elif (block := self._block_of(asked.question[0].name)) is None or "whoami" not in block.plugins:
            response.set_rcode(rcode.REFUSED)
        else:
            _say_who(response, client)
        return response.to_wire()

    def _block_of(self, name: Name) -> ServerBlock | None:
        return next((block for zone, block in self._zones.items() if name.is_subdomain(zone)), None)


def _say_who(response: message.Message, client: Client) -> None:
    """No answer, and who has asked as additional records: the client's address, and its port (CoreDNS, `whoami`)."""
    name = response.question[0].name
    service = Name((f"_{client.protocol}".encode(), *name.labels))
    address = rdatatype.AAAA if ":" in client.host else rdatatype.A
    response.flags |= flags.AA
    response.additional = [
        rrset.from_text(name, 0, rdataclass.IN, address, client.host),
        rrset.from_text(service, 0, rdataclass.IN, rdatatype.SRV, f"0 0 {client.port} ."),
    ]


def _format_error(query: bytes) -> bytes:
    """FORMERR, with the identifier of the question; nothing to an answer, or to less than a header."""
    if len(query) < _HEADER or query[2] & 0x80:
        return b""
    response = message.Message(id=int.from_bytes(query[:2], "big"))
    response.flags |= flags.QR
    response.set_rcode(rcode.FORMERR)
    return response.to_wire()
