"""The lab's names as a hosts file has them, and the files that programs see instead of the machine's."""

import subprocess
from typing import Any

import pytest

from gatelab.cli.dns_output import text_of
from gatelab.cli.hosts_file import block, resolver_order, with_lab
from gatelab.cli.names import HostLine, host_lines
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, GRPC_ROUTE, LISTENER_SET, SERVICE
from gatelab.kinds.discovery import SERVICE_NAME


def service(name: str, address: str, *, external: str = "") -> dict[str, Any]:
    ingress = [{"ip": external}] if external else []
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"clusterIP": address, "ports": [{"name": "grpc", "port": 8080}]},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


def gateway(*hostnames: str, address: str = "127.70.128.1") -> dict[str, Any]:
    listeners = [
        {"name": f"l{n}", "port": 443, "protocol": "HTTPS", "hostname": each} for n, each in enumerate(hostnames)
    ]
    return {
        "metadata": {"name": "edge", "namespace": "shop"},
        "spec": {"listeners": listeners},
        "status": {"addresses": [{"type": "IPAddress", "value": address}]},
    }


def route(*hostnames: str, accepted: str = "True") -> dict[str, Any]:
    parent = {"parentRef": {"name": "edge"}, "conditions": [{"type": "Accepted", "status": accepted}]}
    return {
        "metadata": {"name": "till", "namespace": "shop"},
        "spec": {"hostnames": list(hostnames)},
        "status": {"parents": [parent]},
    }


def test_a_service_has_its_full_name_and_those_that_a_search_list_completes() -> None:
    lines = host_lines({SERVICE: [service("till", "127.70.64.9", external="127.70.128.2")]})
    assert lines == [
        HostLine("127.70.64.9", ("till.shop.svc.cluster.local", "till.shop.svc", "till.shop")),
        HostLine("127.70.128.2", ("till.shop.test",)),
    ]


def test_every_ready_pod_of_a_headless_service_has_a_name() -> None:
    endpoints = [
        {"addresses": ["127.70.0.5"], "hostname": "db-0", "conditions": {"ready": True}},
        {"addresses": ["127.70.0.6"], "hostname": "db-1", "conditions": {"ready": False}},
    ]
    slice_ = {
        "metadata": {"name": "db-x", "namespace": "shop", "labels": {SERVICE_NAME: "db"}},
        "endpoints": endpoints,
        "ports": [],
    }
    (line,) = host_lines({SERVICE: [service("db", "None")], ENDPOINT_SLICE: [slice_]})
    assert line.address == "127.70.0.5"
    assert {"db.shop", "db-0.db.shop", "db-0.db.shop.svc.cluster.local"} <= set(line.names)


def test_hostnames_of_gateways_and_of_the_routes_that_they_accepted() -> None:
    objects = {
        GATEWAY: [gateway("shop.example.test", "*.example.test")],
        GRPC_ROUTE: [route("a.example.test", "*.b.test")],
    }
    assert host_lines(objects) == [HostLine("127.70.128.1", ("shop.example.test", "a.example.test"))]
    assert host_lines({GATEWAY: [gateway()], GRPC_ROUTE: [route("a.example.test", accepted="False")]}) == []


def test_a_gateway_has_the_hostnames_of_its_sets_and_of_their_routes() -> None:
    taken = gateway("set.example.test")
    taken["metadata"]["name"] = "set"
    taken["spec"]["parentRef"] = {"name": "edge"}
    taken["status"] = {"conditions": [{"type": "Accepted", "status": "True"}]}
    of_set = route("a.example.test")
    of_set["status"]["parents"][0]["parentRef"] = {"name": "set", "kind": "ListenerSet"}
    objects = {GATEWAY: [gateway("shop.example.test")], LISTENER_SET: [taken], GRPC_ROUTE: [of_set]}
    names = ("shop.example.test", "set.example.test", "a.example.test")
    assert host_lines(objects) == [HostLine("127.70.128.1", names)]
    taken["status"]["conditions"][0]["status"] = "False"
    assert host_lines(objects) == [HostLine("127.70.128.1", ("shop.example.test",))]


def test_addresses_are_in_the_order_of_their_numbers() -> None:
    services = [service("a", "127.70.64.10"), service("b", "127.70.64.9")]
    assert [line.address for line in host_lines({SERVICE: services})] == ["127.70.64.9", "127.70.64.10"]


def test_a_broken_service_takes_no_other_names_away() -> None:
    broken = {"metadata": {"name": "x", "namespace": "shop"}, "spec": {"ports": "none"}}
    assert len(host_lines({SERVICE: [broken, service("a", "127.70.64.9")]})) == 1


LINES = [HostLine("127.70.128.1", ("a.test", "b.test"))]


def test_the_labs_lines_come_before_the_machines() -> None:
    assert with_lab("127.0.0.1 localhost\n", LINES, lab="x") == (
        "# gatelab x: begin\n127.70.128.1\ta.test b.test\n# gatelab x: end\n127.0.0.1 localhost\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("hosts: files dns", "hosts: files dns"),
        (
            "hosts:\tmymachines resolve [!UNAVAIL=return] files myhostname dns",
            "hosts: files mymachines resolve [!UNAVAIL=return] myhostname dns",
        ),
        ("hosts: files [NOTFOUND=return] dns", "hosts: files dns"),
        ("passwd: files\nhosts: dns\nnetworks: files", "passwd: files\nhosts: files dns\nnetworks: files"),
        ("passwd: files", "passwd: files"),
    ],
)
def test_files_are_asked_before_everything_else(before: str, after: str) -> None:
    assert resolver_order(before).replace("\t", " ").replace("hosts:  ", "hosts: ") == after


def test_the_texts_say_how_to_do_and_how_to_undo() -> None:
    texts = {
        form: text_of(form, lab="x", server="127.70.0.1:5353", lines=LINES)
        for form in ("systemd-resolved", "macos", "hosts")
    }
    assert texts["systemd-resolved"].endswith(
        "[Resolve]\nDNS=127.70.0.1:5353\nDomains=~test ~cluster.local ~70.127.in-addr.arpa\n"
    )
    assert "nameserver 127.70.0.1\nport 5353\n" in texts["macos"]
    assert "sudo tee /etc/resolver/70.127.in-addr.arpa >" in texts["macos"]
    assert texts["hosts"].endswith(block(LINES, lab="x"))
    for text in texts.values():
        assert "to undo: sudo" in text
    assert "no" not in text_of("print", lab="x", server="127.70.0.1:5353", lines=LINES).split()
    assert "none yet" in text_of("print", lab="x", server="127.70.0.1:5353", lines=[])


def test_the_undo_of_the_hosts_lines_removes_them_and_nothing_else() -> None:
    added = (
        "127.0.0.1 localhost\n" + text_of("hosts", lab="x", server="127.70.0.1:5353", lines=LINES) + "10.0.0.1 other\n"
    )
    (undo,) = [line for line in added.splitlines() if "to undo" in line]
    expression = undo.partition("sed -i ")[2].removesuffix(" /etc/hosts").strip("'")
    done = subprocess.run(["sed", expression], input=added, text=True, capture_output=True, check=True)
    assert done.stdout == "127.0.0.1 localhost\n10.0.0.1 other\n"
