"""Services in the zones, and questions to them."""

from collections.abc import Callable
from typing import Any

import pytest
from dns import message
from dns.message import Message

from gatelab.dns.records import pod_records, records_of
from gatelab.dns.responder import answer
from gatelab.dns.zone import ZoneData
from gatelab.kinds.core import Service
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.objects import Key
from gatelab.kinds.views import view

PORTS = [{"name": "grpc", "port": 8080, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]


def service(name: str, spec: dict[str, Any], ingress: tuple[dict[str, str], ...] = ()) -> Service:
    obj = {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": PORTS, **spec},
        "status": {"loadBalancer": {"ingress": list(ingress)}},
    }
    return view(Service, obj)


def endpoints(*each: dict[str, Any]) -> EndpointSlice:
    obj = {
        "metadata": {"name": "x", "namespace": "shop"},
        "endpoints": list(each),
        "ports": [{"name": "grpc", "port": 9000, "protocol": "TCP"}],
    }
    return view(EndpointSlice, obj)


@pytest.fixture
def zone() -> ZoneData:
    zone = ZoneData(first_serial=7)
    zone.serve_from("127.21.0.1")
    web = service("web", {"clusterIP": "127.21.64.1", "externalIPs": ["127.21.128.9"]}, ({"ip": "127.21.128.1"},))
    zone.put(Key("shop", "web"), records_of(web, ()))
    zone.put(Key("shop", "inner"), records_of(service("inner", {"clusterIP": "127.21.64.2"}), ()))
    named = {"addresses": ["127.21.1.1"], "hostname": "first"}
    unready = {"addresses": ["127.21.1.3"], "conditions": {"ready": False}}
    slice_ = endpoints(named, {"addresses": ["127.21.1.2"]}, unready)
    zone.put(Key("shop", "pods"), records_of(service("pods", {"clusterIP": "None"}), (slice_,)))
    alias = service("alias", {"type": "ExternalName", "externalName": "web.shop.svc.cluster.local"})
    zone.put(Key("shop", "alias"), records_of(alias, ()))
    cloud = service("cloud", {}, ({"hostname": "lb.example.org"},))
    zone.put(Key("shop", "cloud"), records_of(cloud, ()))
    zone.put(Key("shop.pod", "p"), pod_records("shop", "127.21.1.9"))
    return zone


Ask = Callable[..., Message]


@pytest.fixture
def ask(zone: ZoneData) -> Ask:
    def asked(name: str, type_: str = "A", *, transport: Any = "udp", **options: Any) -> Message:
        query = message.make_query(name, type_, **options)
        response = answer(query.to_wire(), zone, transport)
        assert response is not None
        parsed = message.from_wire(response)
        assert query.is_response(parsed)
        return parsed

    return asked
