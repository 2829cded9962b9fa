"""DNS: any bytes get an answer or silence, and what is answered can be read and fits."""

from typing import Literal

from dns import message
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelab.dns import ZoneData, answer
from gatelab.dns.records import records_of
from gatelab.kinds.core import Service
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view

TRANSPORTS: st.SearchStrategy[Literal["udp", "tcp"]] = st.sampled_from(["udp", "tcp"])
LABELS = st.sampled_from(["web", "shop", "svc", "cluster", "local", "test", "ns1", "dns", "_grpc", "_tcp", "x", "WEB"])
TYPES = st.sampled_from(["A", "AAAA", "SRV", "SOA", "NS", "TXT", "ANY", "AXFR", "PTR", "OPT", "TYPE65280"])


def shop() -> ZoneData:
    zone = ZoneData()
    spec = {"clusterIP": "127.21.64.1", "externalIPs": ["127.21.128.1"], "ports": [{"name": "grpc", "port": 80}]}
    obj = {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
    zone.put(Key("shop", "web"), records_of(view(Service, obj), ()))
    return zone


ZONE = shop()


@st.composite
def nearly_queries(draw: st.DrawFn) -> bytes:
    """Real queries with some bytes changed, cut or added."""
    name = ".".join(draw(st.lists(LABELS, max_size=6)))
    wire = bytearray(message.make_query(name, draw(TYPES), use_edns=draw(st.sampled_from([-1, 0]))).to_wire())
    for _ in range(draw(st.integers(0, 4))):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.integers(0, len(wire)))] if draw(st.booleans()) else wire) + draw(st.binary(max_size=9))


@settings(max_examples=400, deadline=None)
@given(query=st.one_of(st.binary(max_size=600), nearly_queries()), transport=TRANSPORTS)
def test_any_bytes_get_an_answer_or_silence(query: bytes, transport: Literal["udp", "tcp"]) -> None:
    response = answer(query, ZONE, transport)
    if response is None:
        assert len(query) < 12 or query[2] & 0x80
        return
    assert response[:2] == query[:2]
    assert response[2] & 0x80
    assert len(response) <= (1232 if transport == "udp" else 65535)
    message.from_wire(response, keyring=False)
