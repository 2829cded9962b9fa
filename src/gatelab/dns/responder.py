"""Answers to queries, without sockets: bytes in, bytes out (RFC 1034, 1035, 2308, 6891)."""

import struct
from collections.abc import Sequence
from typing import Literal

from dns import exception, flags, message, opcode, rcode, rdataclass, rdatatype, rrset
from dns.message import Message
from dns.name import Name
from dns.rdata import Rdata
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.IN.SRV import SRV

from gatelab.dns.zone import TTL_S, ZoneData

Transport = Literal["udp", "tcp"]

UDP_PAYLOAD = 1232
"""What is sent over UDP at most, and told to those who ask with EDNS (DNS flag day 2020)."""
_SMALLEST_UDP_PAYLOAD = 512
_TCP_PAYLOAD = 65535

_HEADER = struct.Struct("!HHHHHH")
_MALFORMED = (exception.DNSException, ValueError, IndexError, struct.error)
_TRANSFERS = (rdatatype.AXFR, rdatatype.IXFR)
_LONGEST_ALIAS_CHAIN = 8


def answer(query: bytes, zone: ZoneData, transport: Transport) -> bytes | None:
    """The response to a message, or None where silence is right: what is no query, or too short to be one.

    A query that cannot be read gets FORMERR; over UDP a response that does not fit is cut, with TC set.
    """
    if len(query) < _HEADER.size or query[2] & 0x80:
        return None
    try:
        asked = message.from_wire(query, ignore_trailing=True)
    except _MALFORMED:
        return _bare(query, rcode.FORMERR)
    response = _respond(asked, zone)
    limit = _udp_limit(asked) if transport == "udp" else _TCP_PAYLOAD
    try:
        return response.to_wire(max_size=limit, prefer_truncation=True)
    except _MALFORMED:
        return _bare(query, rcode.SERVFAIL)


def _bare(query: bytes, code: rcode.Rcode) -> bytes:
    identity, bits, *_ = _HEADER.unpack_from(query)
    kept = bits & (0x7800 | flags.RD)
    return _HEADER.pack(identity, flags.QR | kept | code, 0, 0, 0, 0)


def _udp_limit(asked: Message) -> int:
    if asked.edns < 0:
        return _SMALLEST_UDP_PAYLOAD
    return max(_SMALLEST_UDP_PAYLOAD, min(asked.payload, UDP_PAYLOAD))


def _respond(asked: Message, zone: ZoneData) -> Message:
    response = message.make_response(asked, our_payload=UDP_PAYLOAD)
    if asked.edns > 0:
        response.use_edns(0, payload=UDP_PAYLOAD)
        response.set_rcode(rcode.BADVERS)
    elif asked.opcode() != opcode.QUERY:
        response.set_rcode(rcode.NOTIMP)
    elif len(asked.question) != 1:
        response.set_rcode(rcode.FORMERR)
    else:
        question = asked.question[0]
        apex = zone.apex_of(question.name)
        if apex is None or question.rdclass != rdataclass.IN or question.rdtype in _TRANSFERS:
            response.set_rcode(rcode.REFUSED)
        else:
            response.flags |= flags.AA
            _fill(response, zone, question.name, question.rdtype, apex)
    return response


def _fill(response: Message, zone: ZoneData, name: Name, type_: rdatatype.RdataType, apex: Name) -> None:
    found = _answers(zone, name, type_, apex)
    for owner, data in found:
        _add(response.answer, owner, data)
    if found:
        _add_targets(response, zone, [each for _, data in found for each in data])
        return
    if not zone.exists(name):
        response.set_rcode(rcode.NXDOMAIN)
    # With its SOA, so that the absence is remembered no longer than TTL_S (RFC 2308).
    _add(response.authority, apex, [zone.soa(apex)])


def _answers(zone: ZoneData, name: Name, type_: rdatatype.RdataType, apex: Name) -> list[tuple[Name, Sequence[Rdata]]]:
    """The records asked for, behind the aliases that lead to them."""
    found: list[tuple[Name, Sequence[Rdata]]] = []
    for _ in range(_LONGEST_ALIAS_CHAIN):
        records = [*zone.records(name), *([zone.soa(apex)] if name == apex else [])]
        matching = _of_type(records, type_)
        if matching:
            return [*found, (name, matching)]
        alias = next((each for each in records if isinstance(each, CNAME)), None)
        if alias is None:
            return found
        found.append((name, [alias]))
        name = alias.target
    return found


def _of_type(records: Sequence[Rdata], type_: rdatatype.RdataType) -> Sequence[Rdata]:
    """ANY gets one set of records, whichever (RFC 8482)."""
    if type_ == rdatatype.ANY and records:
        type_ = records[0].rdtype
    return [each for each in records if each.rdtype == type_]


def _add_targets(response: Message, zone: ZoneData, data: Sequence[Rdata]) -> None:
    targets = dict.fromkeys(each.target for each in data if isinstance(each, SRV))
    for target in targets:
        if addresses := _of_type(zone.records(target), rdatatype.A):
            _add(response.additional, target, addresses)


def _add(section: list[rrset.RRset], name: Name, data: Sequence[Rdata]) -> None:
    section.append(rrset.from_rdata_list(name, TTL_S, data))
