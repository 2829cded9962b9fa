"""The data of records, class IN."""

from dns import rdata, rdataclass, rdatatype
from dns.name import Name
from dns.rdata import Rdata

_PRIORITY, _WEIGHT = 0, 100
_REFRESH_S, _RETRY_S, _EXPIRE_S = 7200, 1800, 86400


def a(address: str) -> Rdata:
    return _made(rdatatype.A, address)


def ns(server: Name) -> Rdata:
    return _made(rdatatype.NS, server.to_text())


def cname(target: Name) -> Rdata:
    return _made(rdatatype.CNAME, target.to_text())


def ptr(target: Name) -> Rdata:
    return _made(rdatatype.PTR, target.to_text())


def srv(port: int, target: Name) -> Rdata:
    return _made(rdatatype.SRV, f"{_PRIORITY} {_WEIGHT} {port} {target}")


def txt(text: str) -> Rdata:
    return _made(rdatatype.TXT, f'"{text}"')


def soa(server: Name, mailbox: Name, serial: int, absence_s: int) -> Rdata:
    """`absence_s` is how long it may be remembered that a name is not there (RFC 2308)."""
    return _made(rdatatype.SOA, f"{server} {mailbox} {serial} {_REFRESH_S} {_RETRY_S} {_EXPIRE_S} {absence_s}")


def _made(type_: rdatatype.RdataType, text: str) -> Rdata:
    return rdata.from_text(rdataclass.IN, type_, text)
