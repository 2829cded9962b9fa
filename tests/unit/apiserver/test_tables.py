"""Tables: the words that people and scripts know."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import api_objects as make
from asgi_requests import Requests
from gatelab.apiserver.tables.cells import human_duration
from gatelab.apiserver.tables.pods import status_word
from gatelab.apiserver.tables.table import columns_of, table
from gatelab.kinds import builtin
from gatelab.kinds.kind import Kind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(seconds=-5), "<invalid>"),
        (timedelta(seconds=-1), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(seconds=120), "2m"),
        (timedelta(minutes=9, seconds=59), "9m59s"),
        (timedelta(minutes=10, seconds=1), "10m"),
        (timedelta(minutes=179), "179m"),
        (timedelta(hours=3), "3h"),
        (timedelta(hours=7, minutes=59), "7h59m"),
        (timedelta(hours=8, minutes=1), "8h"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=2), "2d"),
        (timedelta(days=7, hours=23), "7d23h"),
        (timedelta(days=8, hours=5), "8d"),
        (timedelta(days=729), "729d"),
        (timedelta(days=730), "2y"),
        (timedelta(days=735), "2y5d"),
        (timedelta(days=8 * 365), "8y"),
    ],
)
def test_ages(duration: timedelta, text: str) -> None:
    assert human_duration(duration.total_seconds()) == text


def pod(*statuses: Any, init: tuple[Any, ...] = (), **more: Any) -> Any:
    whole = make.pod(initContainers=[make.container(name=f"i{n}") for n in range(len(init))])
    named = [{"name": f"i{n}", **each} for n, each in enumerate(init)]
    status = {"phase": "Pending", "containerStatuses": list(statuses), "initContainerStatuses": named, **more}
    return {**whole, "status": status}


WAITING = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
RUNNING = {"ready": True, "state": {"running": {}}}
READY = [{"type": "Ready", "status": "True"}]


def ended(**fields: Any) -> Any:
    return {"state": {"terminated": fields}}


@pytest.mark.parametrize(
    ("obj", "word"),
    [
        (pod(), "Pending"),
        (pod(WAITING), "ImagePullBackOff"),
        (pod(RUNNING, phase="Running"), "Running"),
        (pod(ended(reason="Error", exitCode=1), phase="Failed"), "Error"),
        (pod(ended(exitCode=3), phase="Failed"), "ExitCode:3"),
        (pod(ended(signal=9, exitCode=137), phase="Failed"), "Signal:9"),
        (pod(ended(reason="Completed", exitCode=0), phase="Succeeded"), "Completed"),
        (pod(ended(reason="Completed", exitCode=0), RUNNING, phase="Running", conditions=READY), "Running"),
        (pod(ended(reason="Completed", exitCode=0), RUNNING, phase="Running"), "NotReady"),
        (pod(phase="Failed", reason="Evicted"), "Evicted"),
        (pod(WAITING, init=(ended(exitCode=0), {"state": {"running": {}}})), "Init:1/2"),
        (pod(WAITING, init=(ended(exitCode=1, reason="Error"),)), "Init:Error"),
        (pod(WAITING, init=({"state": {"waiting": {"reason": "CrashLoopBackOff"}}},)), "Init:CrashLoopBackOff"),
        (pod(WAITING, init=(ended(exitCode=0),)), "ImagePullBackOff"),
    ],
)
def test_a_pods_state_in_one_word(obj: Any, word: str) -> None:
    assert status_word(obj) == word


def test_a_pod_that_is_being_deleted_is_terminating() -> None:
    obj = pod(RUNNING, phase="Running")
    assert status_word({**obj, "metadata": {"deletionTimestamp": "x"}}) == "Terminating"


def cells(kind: Kind, obj: Any) -> dict[str, Any]:
    found = table(columns_of(kind), [{"metadata": {"name": "x"}, **obj}], {"resourceVersion": "1"}, NOW)
    names = [each["name"] for each in found["columnDefinitions"]]
    return dict(zip(names, found["rows"][0]["cells"], strict=True))


def test_restarts_tell_when_the_last_was() -> None:
    once = {"restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-02T03:01:05Z"}}}
    assert cells(builtin.POD, pod({**RUNNING, **once}))["Restarts"] == "2 (3m ago)"


def test_sidecars_count_as_containers() -> None:
    sidecar = make.container(name="s", restartPolicy="Always")
    whole = make.pod(initContainers=[sidecar])
    ready = {"name": "s", "started": True, **RUNNING}
    shown = cells(
        builtin.POD,
        {**whole, "status": {"phase": "Running", "initContainerStatuses": [ready], "containerStatuses": [RUNNING]}},
    )
    assert (shown["Ready"], shown["Status"]) == ("2/2", "Running")


@pytest.mark.parametrize(
    ("spec", "status", "address", "ports"),
    [
        ({"type": "ClusterIP", "ports": [{"port": 80}]}, {}, "<none>", "80/TCP"),
        (
            {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]},
            {},
            "<none>",
            "80:30080/TCP,53/UDP",
        ),
        ({"type": "LoadBalancer"}, {}, "<pending>", "<none>"),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "127.1.128.0"}]}}, "127.1.128.0", "<none>"),
        ({"type": "ExternalName", "externalName": "a.b"}, {}, "a.b", "<none>"),
    ],
)
def test_services(spec: Any, status: Any, address: str, ports: str) -> None:
    shown = cells(builtin.SERVICE, {"spec": spec, "status": status})
    assert (shown["External-IP"], shown["Port(s)"]) == (address, ports)


def test_what_gateways_and_certificates_show() -> None:
    programmed = {"conditions": [{"type": "Programmed", "status": "True"}], "addresses": [{"value": "127.1.128.0"}]}
    shown = cells(builtin.GATEWAY, {"spec": {"gatewayClassName": "cilium"}, "status": programmed})
    assert (shown["Class"], shown["Address"], shown["Programmed"]) == ("cilium", "127.1.128.0", "True")
    ready = {"conditions": [{"type": "Ready", "status": "True", "message": "up to date"}]}
    shown = cells(builtin.CERTIFICATE, {"spec": {"secretName": "s", "issuerRef": {"name": "i"}}, "status": ready})
    assert (shown["Ready"], shown["Secret"], shown["Issuer"], shown["Status"]) == ("True", "s", "i", "up to date")
    assert cells(builtin.GRPC_ROUTE, {"spec": {"hostnames": ["a", "b"]}})["Hostnames"] == '["a","b"]'


def test_slices_are_cut_short() -> None:
    endpoints = [{"addresses": [f"127.1.1.{n}"]} for n in range(5)]
    shown = cells(builtin.ENDPOINT_SLICE, {"addressType": "IPv4", "endpoints": endpoints, "ports": [{"port": 80}]})
    assert (shown["Ports"], shown["Endpoints"]) == ("80", "127.1.1.0,127.1.1.1,127.1.1.2 + 2 more...")
    assert cells(builtin.ENDPOINT_SLICE, {})["Endpoints"] == "<unset>"


@pytest.mark.parametrize("kind", builtin.BUILTIN, ids=str)
def test_every_kind_has_columns_that_stand_an_empty_object(kind: Kind) -> None:
    assert len(columns_of(kind)) >= 2
    assert cells(kind, {})["Name"] == "x"


async def test_rows_hold_as_much_of_the_object_as_was_asked_for(api: Requests) -> None:
    path = "/api/v1/namespaces/default/services"
    await api("POST", path, make.service())

    async def row(query: str) -> Any:
        return (await api("GET", f"{path}{query}", headers=TABLE)).json["rows"][0]

    assert (await row(""))["object"]["kind"] == "PartialObjectMetadata"
    assert (await row("?includeObject=Object"))["object"]["spec"]["type"] == "ClusterIP"
    assert "object" not in await row("?includeObject=None")
    assert (await api("GET", f"{path}?includeObject=Some", headers=TABLE)).status == 400
    assert (await api("GET", f"{path}/hello", headers=TABLE)).json["rows"][0]["cells"][0] == "hello"


async def test_metadata_alone_can_be_asked_for(api: Requests) -> None:
    path = "/api/v1/namespaces/default/services"
    await api("POST", path, make.service())
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    answer = (await api("GET", path, headers={"accept": accept})).json
    assert (answer["kind"], set(answer["items"][0])) == (
        "PartialObjectMetadataList",
        {"kind", "apiVersion", "metadata"},
    )


async def test_protobuf_is_answered_with_json(api: Requests) -> None:
    headers = {"accept": "application/vnd.kubernetes.protobuf,application/json"}
    answer = await api("GET", "/api/v1/namespaces", headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
