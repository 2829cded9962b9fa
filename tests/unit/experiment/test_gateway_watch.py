"""All Gateways of a cluster, watched while a program of others runs: which are looked at, and what is said of them."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gatelab.cli.wrapped.output import text_of
from gatelab.experiment.environment import environment
from gatelab.experiment.envoys.counting import EnvoyCounts
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.passage.report import GatewayReport, PassageReport, ProgramReport, RuleReport
from gatelab.experiment.passage.rules import CHANGED, NO_PODS, NO_SHARES, gateway_report, rule_reports
from gatelab.experiment.passage.verdict import ROUGH, checks, verdict
from gatelab.experiment.passage.watch import GatewayWatch, Wanted
from gatelab.experiment.place import Place
from gatelab.experiment.report import Check
from gatelab.kinds.builtin import ENDPOINT_SLICE, GATEWAY, GRPC_ROUTE, POD, POD_METRICS
from gatelab.kinds.errors import NotFound
from gatelab.kinds.objects import Key

MakeCluster = Callable[..., Any]
NAME = "gateway.networking.k8s.io/gateway-name"
FRONT, SIDE = Key("shop", "front"), Key("shop", "side")


def gateway(name: str, address: str) -> list[tuple[Any, dict[str, Any]]]:
    """A Gateway and the pod of its Envoy."""
    metadata = {"name": name, "namespace": "shop"}
    pod = {
        "metadata": {"name": f"envoy-{name}", "namespace": "shop", "uid": name, "labels": {NAME: name}},
        "spec": {"containers": [{"ports": [{"name": "ready", "containerPort": 19001}]}]},
        "status": {"phase": "Running"},
    }
    return [(GATEWAY, {"metadata": metadata, "status": {"addresses": [{"value": address}]}}), (POD, pod)]


def route(name: str, parent: str, weights: Mapping[str, int], *hostnames: str) -> tuple[Any, dict[str, Any]]:
    references = [{"name": service, "port": 80, "weight": weight} for service, weight in weights.items()]
    spec = {"parentRefs": [{"name": parent}], "hostnames": hostnames, "rules": [{"backendRefs": references}]}
    return GRPC_ROUTE, {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def service(name: str, *addresses: str) -> tuple[Any, dict[str, Any]]:
    endpoints = [{"addresses": [each], "targetRef": {"name": f"{name}-{each[-1]}"}} for each in addresses]
    metadata = {"name": name, "namespace": "shop", "labels": {"kubernetes.io/service-name": name}}
    return ENDPOINT_SLICE, {"metadata": metadata, "ports": [{"name": "", "port": 80}], "endpoints": endpoints}


class Envoys:
    """By Envoy and backend: requests to each address, of which some failed; what clients sent, refused handshakes."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
        self.received: dict[str, int] = {}
        self.refused = 0
        self.unrouted = 0
        self.readings = 0
        self.several = asyncio.Event()
        """Set when all counters have been read more than once after the first time."""

    async def get_from_pod(self, pod: Key, _port: int, path: str, _params: Mapping[str, str]) -> bytes:
        if pod.name not in self.sent:
            raise NotFound(f"pods {pod.name!r} not found")
        self.readings += 1
        if self.readings >= 12:  # two questions to two Envoys
            self.several.set()
        sent = self.sent[pod.name]
        if path == "/clusters":
            return _clusters(sent)
        totals = {name: sum(all_ for all_, _ in hosts.values()) for name, hosts in sent.items()}
        lines = [
            f'envoy_cluster_upstream_rq_total{{envoy_cluster_name="{name.replace(":", "_")}"}} {total}'
            for name, total in totals.items()
        ]
        received = self.received.get(pod.name, sum(totals.values()))
        lines.append(f'envoy_http_downstream_rq_total{{envoy_http_conn_manager_prefix="port-80/http"}} {received}')
        lines.append(f'envoy_http_rq_direct_response{{envoy_http_conn_manager_prefix="port-80/http"}} {self.unrouted}')
        lines.append(f'envoy_listener_ssl_connection_error{{envoy_listener_address="x"}} {self.refused}')
        return "\n".join(lines).encode()


def _clusters(sent: Mapping[str, Mapping[str, tuple[int, int]]]) -> bytes:
    def host(address: str, requests: int, failed: int) -> dict[str, Any]:
        counts = {"rq_total": requests, "rq_success": requests - failed, "rq_error": failed}
        stats = [{"name": name, "value": str(count)} for name, count in counts.items()]
        return {"address": {"socket_address": {"address": address, "port_value": 80}}, "stats": stats}

    statuses = [
        {"name": name, "host_statuses": [host(address, *counts) for address, counts in hosts.items()]}
        for name, hosts in sent.items()
    ]
    return json.dumps({"cluster_statuses": statuses}).encode()


@pytest.fixture
def envoys() -> Envoys:
    made = Envoys()
    made.sent = {"envoy-front": {"shop/till:80": {}}, "envoy-side": {}}
    return made


@pytest.fixture
def cluster(make_cluster: MakeCluster) -> Any:
    """Two Gateways; a weighted route at one, a plain one at each."""
    return make_cluster(
        [
            *gateway("front", "10.0.9.1"),
            *gateway("side", "10.0.9.2"),
            route("till", "front", {"till": 3, "canary": 1}, "till.test"),
            route("book", "front", {"book": 1}, "book.test"),
            route("side", "side", {"book": 1}),
            service("till", "10.0.0.1", "10.0.0.2"),
            service("canary", "10.0.0.3"),
            service("book", "10.0.0.4"),
        ]
    )


async def looked_at(cluster: Any, envoys: Envoys, wanted: Wanted, place: Place | None = None) -> dict[Key, set[str]]:
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(wanted, place)
    return {each.gateway: {name for group in each.groups for name in group.routes} for each in await watch.finish()}


async def test_what_is_looked_at(cluster: Any, envoys: Envoys) -> None:
    till, book, side = "shop/till rule 0", "shop/book rule 0", "shop/side rule 0"
    everything = {FRONT: {till, book}, SIDE: {side}}
    assert await looked_at(cluster, envoys, Wanted()) == everything
    assert await looked_at(cluster, envoys, Wanted(gateways=(SIDE,))) == {SIDE: {side}}
    assert await looked_at(cluster, envoys, Wanted(services=("shop/canary:80",))) == {FRONT: {till}}
    assert await looked_at(cluster, envoys, Wanted(), Place("10.0.9.1")) == {FRONT: {till, book}}
    assert await looked_at(cluster, envoys, Wanted(), Place("10.7.7.7")) == everything


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(gateways=(Key("shop", "no"),)), r"there is no Gateway shop/no \(there are: shop/front, shop/side\)"),
        (Wanted(services=("shop/no:80",)), "no rule .* leads to shop/no:80"),
    ],
)
async def test_what_is_not_there(cluster: Any, envoys: Envoys, wanted: Wanted, said: str) -> None:
    with pytest.raises(CouldNotRun, match=said):
        await GatewayWatch(cluster, envoys).begin(wanted)


async def test_a_cluster_without_a_gateway(make_cluster: MakeCluster, envoys: Envoys) -> None:
    with pytest.raises(CouldNotRun, match="the cluster has no Gateway"):
        await GatewayWatch(make_cluster([]), envoys).begin(Wanted())


async def test_a_weighted_rule_is_judged_by_its_weights(cluster: Any, envoys: Envoys) -> None:
    (rule,) = await after(
        cluster,
        envoys,
        {"shop/till:80": {"10.0.0.1": (3000, 0), "10.0.0.2": (3000, 0)}, "shop/canary:80": {"10.0.0.3": (2000, 7)}},
    )
    assert (rule.routes, rule.requests, rule.ok, rule.errors) == (("shop/till rule 0",), 8000, 7993, 7)
    assert rule.pods == {"canary-3": 2000, "till-1": 3000, "till-2": 3000}
    assert rule.spread.expected == {"canary-3": 0.25, "till-1": 0.375, "till-2": 0.375}
    assert rule.spread.test.result == "pass"
    assert rule.weights is not None
    assert {each.backend: each.share for each in rule.weights.backends} == {
        "shop/till:80": 0.75,
        "shop/canary:80": 0.25,
    }


async def test_pods_that_got_nothing_count(cluster: Any, envoys: Envoys) -> None:
    cluster.objects.append(service("book", "10.0.0.5"))
    (rule,) = await after(cluster, envoys, {"shop/book:80": {"10.0.0.4": (500, 0)}})
    assert (rule.pods, rule.spread.test.result, rule.weights) == ({"book-4": 500, "book-5": 0}, "fail", None)


@pytest.mark.parametrize(("bound", "shown", "result"), [(None, 0.34, "pass"), (0.2, 0.2, "inconclusive")])
async def test_few_requests_are_tested_by_what_they_can_show(
    cluster: Any, envoys: Envoys, bound: float | None, shown: float, result: str
) -> None:
    cluster.objects.append(service("book", "10.0.0.5"))
    (rule,) = await after(cluster, envoys, {"shop/book:80": {"10.0.0.4": (25, 0), "10.0.0.5": (25, 0)}}, bound=bound)
    assert (rule.spread.test.bound, rule.spread.test.result) == (shown, result)


async def test_no_share_is_expected_beside_a_backend_without_pods(cluster: Any, envoys: Envoys) -> None:
    del cluster.objects[-2]
    (rule,) = await after(cluster, envoys, {"shop/till:80": {"10.0.0.1": (900, 0), "10.0.0.2": (100, 0)}})
    assert (rule.spread.test.result, rule.spread.test.sentence) == ("inconclusive", NO_SHARES)
    assert rule.weights is not None
    assert rule.weights.test.result == "fail"


async def test_pods_that_nobody_knows(cluster: Any, envoys: Envoys) -> None:
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(Wanted())
    counts = EnvoyCounts({}, {"shop/book:80": 5}, 5, 1, 1, 2, (), open={"shop/book:80": 5})
    front, _ = await watch.finish()
    front.names.ready_first = front.names.ready_last = {}
    (rule,) = rule_reports(replace(front, counts=counts), bound=None, confidence=0.95)
    assert (rule.requests, rule.unattributed, rule.pods) == (5, 5, {})
    assert (rule.spread.test.result, rule.spread.test.sentence) == ("inconclusive", NO_PODS)


async def test_no_share_is_expected_of_pods_that_come(cluster: Any, envoys: Envoys) -> None:
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(Wanted())
    cluster.objects.append(service("book", "10.0.0.5"))
    envoys.sent["envoy-front"] = {"shop/book:80": {"10.0.0.4": (900, 0), "10.0.0.5": (100, 0)}}
    front, _ = await watch.finish()
    (rule,) = rule_reports(front, bound=None, confidence=0.95)
    assert (rule.pods, rule.spread.test.result) == ({"book-4": 900, "book-5": 100}, "inconclusive")
    assert rule.spread.test.sentence == CHANGED
    assert "1 pods came during the load: book-5" in gateway_report(front).notes


async def test_pods_that_go_at_a_time_keep_what_was_read_before(
    cluster: Any, envoys: Envoys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatelab.experiment.passage.watch.EVERY_S", 0.0)
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(Wanted())
    envoys.sent["envoy-front"] = {"shop/till:80": {"10.0.0.1": (30, 0), "10.0.0.2": (40, 0)}}
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        sampling = tasks.create_task(watch.keep_sampling())
        await envoys.several.wait()
        sampling.cancel()
    envoys.sent["envoy-front"] = {"shop/till:80": {}}
    front, _ = await watch.finish()
    (rule,) = rule_reports(front, bound=None, confidence=0.95)
    assert (rule.pods["till-1"], rule.pods["till-2"]) == (30, 40)


async def seen_blindly(cluster: Any, envoys: Envoys) -> tuple[GatewayReport, tuple[Check, ...]]:
    """When no Envoy shows its counters."""
    envoys.sent = {}
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(Wanted(gateways=(FRONT,)))
    (front,) = await watch.finish()
    report = gateway_report(front)
    return report, checks([report], rule_reports(front, bound=None, confidence=0.95), forgives_errors=False)


async def test_envoys_that_show_nothing_leave_it_open_what_arrived(cluster: Any, envoys: Envoys) -> None:
    report, found = await seen_blindly(cluster, envoys)
    assert [(each.name, each.result) for each in found] == [("arrived", "inconclusive"), ("spread", "inconclusive")]
    why = "the counters of Gateway shop/front's Envoys cannot be read"
    assert [why in each.sentence for each in found] == [True, True]
    assert found[1].sentence.startswith("Gateway shop/front: not measured: ")
    assert found[1].sentence.endswith("and there is no metrics API")
    assert (report.source, report.cpu_millicores) == ("none", {})
    assert verdict(found, spread_matters=False) == "fail"


async def test_then_pod_cpu_is_shown_and_no_test_rests_on_it(cluster: Any, envoys: Envoys) -> None:
    for pod, used in (("till-1", "30m"), ("canary-3", "10m"), ("elsewhere", "900m")):
        metadata = {"name": pod, "namespace": "shop"}
        cluster.objects.append((POD_METRICS, {"metadata": metadata, "containers": [{"usage": {"cpu": used}}]}))
    report, found = await seen_blindly(cluster, envoys)
    assert (report.source, report.cpu_millicores) == ("cpu", {"canary-3": 10.0, "till-1": 30.0})
    assert (found[1].result, found[1].sentence) == ("inconclusive", f"Gateway shop/front: {ROUGH}")
    shown = text_of(
        PassageReport(
            program=ProgramReport(name="ghz", exit_code=0, elapsed_s=1.0, interrupted_by=""),
            verdict="fail",
            checks=found,
            rules=(),
            gateways=(report,),
            versions={},
            environment=environment(),
        )
    )
    assert "CPU per pod, by the metrics API: the pods behind Gateway shop/front" in shown
    (line,) = [line.split() for line in shown.splitlines() if line.split()[:1] == ["till-1"]]
    assert line[1:3] == ["30", "75.0%"]


@pytest.mark.parametrize(
    ("received", "refused", "said"),
    [
        (
            5,
            0,
            "5 requests reached the Gateways (shop/front), and none a pod, 5 no rule took, or one without",
        ),
        (0, 2, "no request reached the Gateways (shop/front): 2 TLS handshakes failed"),
        (0, 0, "no request reached the Gateways (shop/front): the program called nothing"),
    ],
)
async def test_why_nothing_arrived(cluster: Any, envoys: Envoys, received: int, refused: int, said: str) -> None:
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(Wanted(gateways=(FRONT,)))
    envoys.received, envoys.refused, envoys.unrouted = {"envoy-front": received}, refused, received
    (front,) = await watch.finish()
    (check,) = checks([gateway_report(front)], (), forgives_errors=True)
    assert (check.result, check.sentence[: len(said)]) == ("fail", said)


async def after(
    cluster: Any,
    envoys: Envoys,
    sent: dict[str, dict[str, tuple[int, int]]],
    *,
    bound: float | None = None,
) -> tuple[RuleReport, ...]:
    """The rules that got requests when the Envoy of `front` has sent them."""
    watch = GatewayWatch(cluster, envoys)
    await watch.begin(Wanted())
    envoys.sent["envoy-front"] = sent
    return tuple(rule for each in await watch.finish() for rule in rule_reports(each, bound=bound, confidence=0.95))
