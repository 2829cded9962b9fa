"""Typed views of pods, Services, Secrets, workloads and EndpointSlices."""

from typing import Any

import pytest

from gatelab.kinds.apps import Deployment
from gatelab.kinds.core import Secret, Service
from gatelab.kinds.discovery import EndpointSlice
from gatelab.kinds.pods import Pod
from gatelab.kinds.views import view


def pod(**more: Any) -> Pod:
    return view(Pod, {"metadata": {"name": "p", "namespace": "n", **more.pop("metadata", {})}, **more})


def test_names_that_are_not_plain_camel_case_are_read() -> None:
    found = pod(
        spec={"containers": [{"name": "c", "readinessProbe": {"httpGet": {"port": "web", "path": "/ready"}}}]},
        status={"podIP": "127.25.1.1", "hostIP": "127.25.0.1"},
    )
    assert found.status.pod_ip == "127.25.1.1"
    assert found.status.host_ip == "127.25.0.1"
    probe = found.spec.containers[0].readiness_probe
    assert probe is not None
    assert probe.http_get is not None
    assert (probe.http_get.port, probe.http_get.path, probe.period_seconds) == ("web", "/ready", 10)


def test_claims_about_pods() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
    leaving = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert pod(status=ready).is_ready
    assert pod(status=ready).is_active
    assert not pod().is_ready
    assert not pod(status=ready, metadata=leaving).is_active
    assert pod(status=ready, metadata=leaving).is_ready
    assert not pod(status={"phase": "Failed"}).is_active


def test_a_service_tells_its_addresses() -> None:
    spec = {"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80, "targetPort": "http"}]}
    status = {"loadBalancer": {"ingress": [{"ip": "127.25.128.1"}, {"hostname": "x"}]}}
    service = view(Service, {"metadata": {"name": "s"}, "spec": spec, "status": status})
    assert service.is_headless
    assert service.load_balancer_addresses == ("127.25.128.1",)
    assert service.spec.ports[0].target_port == "http"


def test_a_secret_decodes_its_values_and_does_not_show_them() -> None:
    secret = view(Secret, {"metadata": {"name": "s"}, "data": {"tls.key": "c2VjcmV0", "bad": "?", "empty": ""}})
    assert secret.value("tls.key") == b"secret"
    assert secret.value("empty") is None
    assert secret.value("absent") is None
    with pytest.raises(ValueError, match=r"data\[bad\] is not base64"):
        secret.value("bad")
    assert "c2VjcmV0" not in repr(secret)
    assert "tls.key" in repr(secret)


def test_numbers_and_percents_stay_what_they_are() -> None:
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}}
    update = view(Deployment, {"spec": {"strategy": strategy}}).spec.strategy.rolling_update
    assert (update.max_surge, update.max_unavailable) == (1, "25%")


def test_absent_endpoint_conditions_read_as_documented() -> None:
    conditions: list[dict[str, Any]] = [{}, {"ready": False}, {"ready": False, "serving": True, "terminating": True}]
    endpoints = [{"addresses": ["127.25.1.1"], "conditions": each} for each in conditions]
    obj = {"metadata": {"labels": {"kubernetes.io/service-name": "s"}}, "endpoints": endpoints}
    found = view(EndpointSlice, obj)
    assert found.service_name == "s"
    assert [(each.is_ready, each.is_serving, each.is_terminating) for each in found.endpoints] == [
        (True, True, False),
        (False, False, False),
        (False, True, True),
    ]
