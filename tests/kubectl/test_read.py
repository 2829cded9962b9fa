"""get in all its forms, describe, top, events, logs, explain."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from api_objects import gateway, grpc_route, pod, service
from gatelab.kinds.builtin import BUILTIN, GATEWAY, GRPC_ROUTE, POD, SERVICE
from kubectl_objects import put, put_workload
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-grpc" / "manifests"


def rows(text: str) -> list[list[str]]:
    """The words of a table that kubectl printed; columns are told apart by two spaces."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if line.strip()]


async def test_versions_and_resources(api: Api) -> None:
    async with api() as kubectl:
        assert "Server Version: v1.37." in await kubectl.ok("version")
        served = (await kubectl.ok("api-versions")).split()
        assert {"v1", "apps/v1", "gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"} <= set(served)
        listed = {line.split()[-1] for line in (await kubectl.ok("api-resources", "--no-headers")).splitlines()}
        assert {kind.name for kind in BUILTIN} <= listed


async def test_several_kinds_in_one_get(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        await put(kubectl.store, GATEWAY, gateway())
        await put(kubectl.store, GRPC_ROUTE, grpc_route())
        await put(kubectl.store, SERVICE, service(clusterIP="127.9.64.1"))
        tables = rows(await kubectl.ok("get", "gateway,grpcroute,certificate,deploy,pods,svc", "-o", "wide"))
        assert tables[0] == ["NAME", "CLASS", "ADDRESS", "PROGRAMMED", "AGE"]
        assert ["NAME", "HOSTNAMES", "AGE"] in tables
        assert any(row[0] == "deployment.apps/hello" and row[1:4] == ["1/1", "1", "1"] for row in tables)
        assert any(
            row[0] == "service/hello" and row[1:5] == ["ClusterIP", "127.9.64.1", "<none>", "80/TCP"] for row in tables
        )
        wide = next(row for row in tables if row[0] == "pod/hello-1-a")
        assert wide[1:4] == ["1/1", "Running", "0"]
        assert wide[5:] == ["127.9.1.1", "gatelab", "<none>", "<none>"]


async def test_every_kind_can_be_listed_and_described(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        await kubectl.ok("apply", "-f", str(EXAMPLE / "selfsigned-ca.yaml"), "-f", str(EXAMPLE / "hello-grpc.yaml"))
        names = ",".join(kind.qualified_plural for kind in BUILTIN)
        assert (await kubectl("get", names, "-A", "-o", "wide")).code == 0
        described = await kubectl.ok("describe", names, "-A")
        for word in ("HELLO_GRPC_REQUEST_DELAY", "RollingUpdateStrategy", "Non-terminated Pods", "Gateway Class Name"):
            assert word in described
        alone = await kubectl.ok("describe", "pod", "hello-1-a")
        assert re.search(r"Normal\s+Started\s+.*Started container hello", alone)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-o", "name"), "pod/hello-1-a\n"),
        (("-o", "jsonpath={.items[*].status.podIP}"), "127.9.1.1"),
        (("-o", "custom-columns=N:.metadata.name,P:.status.phase", "--no-headers"), "hello-1-a   Running\n"),
        (("-l", "app in (hello),missing!=x", "-o", "name"), "pod/hello-1-a\n"),
        (("--field-selector=status.phase=Running,spec.nodeName=gatelab", "-o", "name"), "pod/hello-1-a\n"),
        (("--field-selector=status.phase!=Running", "-o", "name"), ""),
    ],
)
async def test_forms_and_selectors(api: Api, arguments: tuple[str, ...], expected: str) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        assert await kubectl.ok("get", "pods", *arguments) == expected


async def test_labels_namespaces_and_order(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        await put(kubectl.store, POD, pod("a"))
        table = rows(await kubectl.ok("get", "pods", "--show-labels", "--sort-by=.metadata.name", "-A"))
        assert table[0] == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "LABELS"]
        assert [row[1] for row in table[1:]] == ["a", "hello-1-a"]
        assert table[2][-1] == "app=hello"
        assert "kind: Pod" in await kubectl.ok("get", "pod", "a", "-o", "yaml")


async def test_a_watch_prints_rows_as_they_change(api: Api) -> None:
    async with api() as kubectl:
        await put(kubectl.store, POD, pod("a"))
        process = await kubectl.start("get", "pods", "-w", "-o", "wide")
        assert process.stdout is not None
        try:
            async with asyncio.timeout(40):
                assert (await process.stdout.readline()).startswith(b"NAME ")
                assert (await process.stdout.readline()).split()[0] == b"a"
                await put(kubectl.store, POD, pod("b"))
                assert (await process.stdout.readline()).split()[:3] == [b"b", b"0/1", b"Pending"]
        finally:
            process.kill()
            await process.wait()


async def test_top(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        assert rows(await kubectl.ok("top", "pods"))[1] == ["hello-1-a", "2m", "64Mi"]
        assert rows(await kubectl.ok("top", "pods", "--containers"))[1] == ["hello-1-a", "hello", "2m", "64Mi"]
        assert rows(await kubectl.ok("top", "nodes"))[1][0] == "gatelab"


async def test_events(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        assert "Started container hello" in await kubectl.ok("events", "--for", "pod/hello-1-a")
        assert rows(await kubectl.ok("get", "events"))[1][1:4] == ["Normal", "Started", "pod/hello-1-a"]


async def test_logs(api: Api) -> None:
    async with api() as kubectl:
        await put_workload(kubectl.store)
        assert await kubectl.ok("logs", "hello-1-a") == "one\ntwo\n"
        assert await kubectl.ok("logs", "-f", "deploy/hello", "-c", "hello", "--tail=3", "--since=1m") == "one\ntwo\n"
        asked = kubectl.logs.asked[-1]
        assert (asked["pod"], asked["follow"], asked["tail_lines"], asked["since_s"]) == ("hello-1-a", True, 3, 60.0)
        kubectl.logs.missing = True
        outcome = await kubectl("logs", "-p", "hello-1-a")
        assert (outcome.code, "not found" in outcome.err) == (1, True)


async def test_explain(api: Api) -> None:
    async with api() as kubectl:
        assert "rollingUpdate" in await kubectl.ok("explain", "deployment.spec.strategy")
        assert "certificateRefs" in await kubectl.ok("explain", "gateway.spec.listeners.tls", "--recursive")
        assert "dnsNames" in await kubectl.ok("explain", "certificate.spec")
        assert (await kubectl("explain", "deployment.spec.nothing")).code == 1


async def test_what_is_not_there_is_said(api: Api) -> None:
    async with api() as kubectl:
        outcome = await kubectl("get", "pod", "x")
        assert outcome.err == 'Error from server (NotFound): pods "x" not found\n'
        assert "doesn't have a resource type" in (await kubectl("get", "unicorns")).err
        assert (await kubectl("get", "pods")).err == "No resources found in default namespace.\n"


async def test_who_am_i_and_may_i(api: Api) -> None:
    async with api() as kubectl:
        assert "gatelab-admin" in await kubectl.ok("auth", "whoami")
        assert await kubectl.ok("auth", "can-i", "create", "deployments") == "yes\n"


async def test_without_the_token_kubectl_is_told_so(api: Api) -> None:
    async with api() as kubectl:
        outcome = await kubectl("get", "pods", "--token=wrong", "--kubeconfig", str(kubectl.home / "kubeconfig"))
        assert "provide credentials" in outcome.err or "must be logged in" in outcome.err
