"""Which records a Service has, and how their absence is said."""

import struct
from typing import Any

import pytest
from dns import flags, message, opcode, rcode
from dns.message import Message

from gatelab.dns.records import records_of
from gatelab.dns.responder import answer
from gatelab.dns.zone import ZoneData
from gatelab.kinds.core import Service
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view


def said(section: Any) -> list[str]:
    return sorted(f"{rrset.name} {rrset.ttl} {each.rdtype.name} {each}" for rrset in section for each in rrset)


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("web.shop.test", "A", ["web.shop.test. 5 A 127.21.128.1", "web.shop.test. 5 A 127.21.128.9"]),
        ("web.shop.svc.cluster.local", "A", ["web.shop.svc.cluster.local. 5 A 127.21.64.1"]),
        (
            "pods.shop.svc.cluster.local",
            "A",
            ["pods.shop.svc.cluster.local. 5 A 127.21.1.1", "pods.shop.svc.cluster.local. 5 A 127.21.1.2"],
        ),
        ("first.pods.shop.svc.cluster.local", "A", ["first.pods.shop.svc.cluster.local. 5 A 127.21.1.1"]),
        ("127-21-1-2.pods.shop.svc.cluster.local", "A", ["127-21-1-2.pods.shop.svc.cluster.local. 5 A 127.21.1.2"]),
        ("_grpc._tcp.web.shop.test", "SRV", ["_grpc._tcp.web.shop.test. 5 SRV 0 100 8080 web.shop.test."]),
        ("_dns._udp.web.shop.test", "SRV", ["_dns._udp.web.shop.test. 5 SRV 0 100 53 web.shop.test."]),
        (
            "_grpc._tcp.pods.shop.svc.cluster.local",
            "SRV",
            [
                "_grpc._tcp.pods.shop.svc.cluster.local. 5 SRV 0 100 9000 127-21-1-2.pods.shop.svc.cluster.local.",
                "_grpc._tcp.pods.shop.svc.cluster.local. 5 SRV 0 100 9000 first.pods.shop.svc.cluster.local.",
            ],
        ),
        (
            "alias.shop.svc.cluster.local",
            "A",
            [
                "alias.shop.svc.cluster.local. 5 CNAME web.shop.svc.cluster.local.",
                "web.shop.svc.cluster.local. 5 A 127.21.64.1",
            ],
        ),
        ("127-21-1-9.shop.pod.cluster.local", "A", ["127-21-1-9.shop.pod.cluster.local. 5 A 127.21.1.9"]),
        (
            "1.64.21.127.in-addr.arpa",
            "PTR",
            ["1.64.21.127.in-addr.arpa. 5 PTR web.shop.svc.cluster.local."],
        ),
        (
            "1.1.21.127.in-addr.arpa",
            "PTR",
            ["1.1.21.127.in-addr.arpa. 5 PTR first.pods.shop.svc.cluster.local."],
        ),
        ("10.in-addr.arpa", "NS", ["10.in-addr.arpa. 5 NS ns1.dns.cluster.local."]),
        ("127.in-addr.arpa", "NS", ["127.in-addr.arpa. 5 NS ns1.dns.cluster.local."]),
        ("cloud.shop.test", "A", ["cloud.shop.test. 5 CNAME lb.example.org."]),
        ("test", "NS", ["test. 5 NS ns1.dns.test."]),
        ("ns1.dns.test", "A", ["ns1.dns.test. 5 A 127.21.0.1"]),
        ("dns-version.cluster.local", "TXT", ['dns-version.cluster.local. 5 TXT "1.1.0"']),
        ("inner.shop.svc.cluster.local", "ANY", ["inner.shop.svc.cluster.local. 5 A 127.21.64.2"]),
    ],
)
def test_records(ask: Any, name: str, type_: str, expected: list[str]) -> None:
    response = ask(name, type_)
    assert response.rcode() == rcode.NOERROR
    assert response.flags & flags.AA
    assert not response.flags & flags.RA
    assert said(response.answer) == expected


def test_srv_brings_the_addresses(ask: Any) -> None:
    response = ask("_grpc._tcp.web.shop.test", "SRV")
    assert [each for each in said(response.additional) if " A " in each] == [
        "web.shop.test. 5 A 127.21.128.1",
        "web.shop.test. 5 A 127.21.128.9",
    ]
    assert len(said(ask("web.shop.test", "SRV").answer)) == 2


@pytest.mark.parametrize(
    ("name", "type_", "code"),
    [
        ("web.shop.test", "AAAA", rcode.NOERROR),
        ("shop.test", "A", rcode.NOERROR),
        ("svc.cluster.local", "A", rcode.NOERROR),
        ("test", "A", rcode.NOERROR),
        ("_tcp.web.shop.test", "A", rcode.NOERROR),
        ("none.shop.test", "A", rcode.NXDOMAIN),
        ("inner.shop.test", "A", rcode.NXDOMAIN),
        ("127-21-1-3.pods.shop.svc.cluster.local", "A", rcode.NXDOMAIN),
        ("a.b.c.d.test", "TXT", rcode.NXDOMAIN),
        ("127-21-1-8.shop.pod.cluster.local", "A", rcode.NXDOMAIN),
        ("shop.pod.cluster.local", "A", rcode.NOERROR),
        ("8.1.21.127.in-addr.arpa", "PTR", rcode.NXDOMAIN),
    ],
)
def test_absence_comes_with_the_soa(ask: Any, name: str, type_: str, code: rcode.Rcode) -> None:
    response = ask(name, type_)
    assert response.rcode() == code
    assert response.answer == []
    ((soa,),) = response.authority
    assert soa.minimum == 5
    assert str(soa.rname).startswith("hostmaster.")


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("example.org", {}, rcode.REFUSED),
        ("com", {}, rcode.REFUSED),
        ("web.shop.test", {"rdclass": "CH"}, rcode.REFUSED),
        ("web.shop.test", {"use_edns": 1}, rcode.BADVERS),
    ],
)
def test_refusals(ask: Any, name: str, options: dict[str, Any], code: rcode.Rcode) -> None:
    assert ask(name, **options).rcode() == code


def test_transfers_are_refused(ask: Any) -> None:
    assert ask("test", "AXFR", transport="tcp").rcode() == rcode.REFUSED


def test_case_is_kept_and_ignored(ask: Any) -> None:
    response = ask("wEb.ShOp.TEST")
    assert str(response.question[0].name) == "wEb.ShOp.TEST."
    assert len(said(response.answer)) == 2


def test_other_opcodes_are_not_implemented(zone: ZoneData) -> None:
    query = message.make_query("test", "SOA")
    query.set_opcode(opcode.STATUS)
    response = answer(query.to_wire(), zone, "udp")
    assert response is not None
    assert message.from_wire(response).rcode() == rcode.NOTIMP


def crowd(zone: ZoneData) -> None:
    addresses = [f"127.21.2.{number}" for number in range(200)]
    obj = {"metadata": {"name": "many", "namespace": "shop"}, "spec": {"externalIPs": addresses}}
    zone.put(Key("shop", "many"), records_of(view(Service, obj), ()))


@pytest.mark.parametrize(
    ("options", "limit"), [({}, 512), ({"payload": 4096}, 1232), ({"payload": 700}, 700), ({"payload": 100}, 512)]
)
def test_what_is_too_much_for_udp_is_cut(zone: ZoneData, options: dict[str, int], limit: int) -> None:
    crowd(zone)
    query = message.make_query("many.shop.test", "A", **options)  # type: ignore[arg-type]
    response = answer(query.to_wire(), zone, "udp")
    assert response is not None
    assert len(response) <= limit
    assert message.from_wire(response).flags & flags.TC
    whole = answer(query.to_wire(), zone, "tcp")
    assert whole is not None
    parsed = message.from_wire(whole)
    assert len(said(parsed.answer)) == 200
    assert not parsed.flags & flags.TC


def header(identity: int, bits: int) -> bytes:
    return struct.pack("!HHHHHH", identity, bits, 1, 0, 0, 0)


def test_silence_and_format_errors(zone: ZoneData) -> None:
    assert answer(b"", zone, "udp") is None
    assert answer(b"\x00" * 11, zone, "udp") is None
    assert answer(header(7, 0x8000), zone, "udp") is None
    broken = answer(header(7, 0x0100) + b"\x3fnot as long as it says", zone, "udp")
    assert broken is not None
    response: Message = message.from_wire(broken)
    assert (response.id, response.rcode()) == (7, rcode.FORMERR)
    assert response.flags & flags.RD
    two = message.make_query("test", "A")
    two.question *= 2
    refused = answer(two.to_wire(), zone, "udp")
    assert refused is not None
    assert refused[3] & 15 == rcode.FORMERR


def test_what_is_replaced_is_gone(zone: ZoneData, ask: Any) -> None:
    serial = ask("test", "SOA").answer[0][0].serial
    zone.put(Key("shop", "web"), {})
    assert ask("web.shop.test").rcode() == rcode.NXDOMAIN
    assert ask("_tcp.web.shop.test").rcode() == rcode.NXDOMAIN
    assert ask("inner.shop.svc.cluster.local").rcode() == rcode.NOERROR
    assert ask("test", "SOA").answer[0][0].serial == serial + 1
    zone.put(Key("shop", "web"), {})
    assert not zone._owned.get(Key("shop", "web"))


def test_what_is_no_address_is_left_out() -> None:
    obj = {
        "metadata": {"name": "odd", "namespace": "shop"},
        "spec": {"clusterIP": "", "externalIPs": ["::1", "here", "127.21.0.7"]},
    }
    (data,) = records_of(view(Service, obj), ()).values()
    assert [str(each) for each in data] == ["127.21.0.7"]
