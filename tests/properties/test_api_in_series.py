"""Series of requests to one API, controllers at work: what is written is there, lists are the sum, nothing stays."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import psutil
from hypothesis import given

from asgi_requests import Requests
from fuzzing import an_api, check, examples, no_bugs
from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.kinds.addresses import AddressRange
from gatelab.kinds.builtin import DAEMON_SET, DEPLOYMENT, POD, SERVICE, STATEFUL_SET
from gatelab.kinds.kind import Kind
from gatelab.reconcile import Runtime
from gatelab.services import controllers as service_controllers
from gatelab.workloads import controllers as workload_controllers
from manifest_strategies import manifest, randoms

MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"
CONTROLLED = (DEPLOYMENT, SERVICE, POD, STATEFUL_SET, DAEMON_SET)
Model = dict[str, dict[str, str]]


@asynccontextmanager
async def controlled_api() -> AsyncIterator[Requests]:
    store, api = await an_api()
    cluster = EmbeddedCluster(store)
    controllers = [*workload_controllers(cluster), *service_controllers(cluster, AddressRange(31))]
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(Runtime(cluster, controllers).run())
            yield api
            running.cancel()
    finally:
        await store.close()


async def change_a_map(api: Requests, model: Model, random: Random) -> None:
    """One write to a ConfigMap that must do what it would do to the model."""
    name, value = random.choice("abc"), {random.choice("xyz"): str(random.randrange(3))}
    obj = {"metadata": {"name": name}, "data": value}
    match random.choice(["create", "update", "patch", "delete"]):
        case "create":
            answer, wanted = await api("POST", MAPS, obj), 409 if name in model else 201
            model.setdefault(name, value)
        case "update":
            answer, wanted = await api("PUT", f"{MAPS}/{name}", obj), 200 if name in model else 404
            model.update({name: value} if name in model else {})
        case "patch":
            answer = await api("PATCH", f"{MAPS}/{name}", {"data": value}, content_type=MERGE)
            wanted = 200 if name in model else 404
            model.update({name: model[name] | value} if name in model else {})
        case _:
            answer, wanted = await api("DELETE", f"{MAPS}/{name}"), 200 if name in model else 404
            model.pop(name, None)
    assert answer.status == wanted, answer.body
    found = await api("GET", f"{MAPS}/{name}")
    assert (found.json["data"] if name in model else found.status) == model.get(name, 404)


async def change_what_is_controlled(api: Requests, kind: Kind, random: Random) -> None:
    """One write to an object that controllers act on."""
    collection = f"/{'apis' if kind.group else 'api'}/{kind.api_version}/namespaces/default/{kind.plural}"
    obj = manifest(kind, random)
    if isinstance(obj.get("spec"), dict) and isinstance(obj["spec"].get("replicas"), int):
        obj["spec"]["replicas"] = min(obj["spec"]["replicas"], 3)
    method, path = random.choice([("POST", collection), ("PUT", f"{collection}/a"), ("DELETE", f"{collection}/a")])
    check(await api(method, path, None if method == "DELETE" else obj), (method, path, obj))


async def check_whole(api: Requests, model: Model) -> None:
    """Lists are the sum of their objects, and those have sane owners of fields."""
    for path, kind in ((MAPS, None), *(("/api/v1/pods", POD), ("/api/v1/services", SERVICE))):
        items: list[dict[str, Any]] = (await api("GET", path)).json["items"]
        if kind is None:
            assert {each["metadata"]["name"]: each["data"] for each in items} == model
        versions = [each["metadata"]["resourceVersion"] for each in items]
        assert len(set(versions)) == len(versions)
        for each in items:
            entries = each["metadata"].get("managedFields", ())
            owners = [(one["manager"], one["operation"], one.get("subresource"), one["apiVersion"]) for one in entries]
            assert len(set(owners)) == len(owners)
            assert all(one["fieldsV1"] and one["fieldsType"] == "FieldsV1" for one in entries)


async def series(random: Random, length: int) -> None:
    model: Model = {}
    async with controlled_api() as api:
        for _ in range(length):
            if random.random() < 0.5:
                await change_a_map(api, model, random)
            else:
                await change_what_is_controlled(api, random.choice(CONTROLLED), random)
            await asyncio.sleep(0)  # Controllers get their turn.
        await check_whole(api, model)


@examples(60)
@given(randoms)
def test_what_is_written_is_there(random: Random) -> None:
    with no_bugs():
        asyncio.run(series(random, 30))


async def test_nothing_stays_of_what_was_deleted() -> None:
    """But the history for watches, which is full (4 MiB) in the first of four rounds of 25 MB."""
    random, sizes = Random(1), []
    async with controlled_api() as api:
        for round_ in range(4):
            for index in range(250):
                name = f"{round_}-{index}"
                await api("POST", MAPS, {"metadata": {"name": name}, "data": {"a": "x" * 50_000}})
                await change_what_is_controlled(api, random.choice(CONTROLLED), random)
                await api("DELETE", f"{MAPS}/{name}")
            for kind in CONTROLLED:
                group = f"/{'apis' if kind.group else 'api'}/{kind.api_version}"
                await api("DELETE", f"{group}/namespaces/default/{kind.plural}")
            gc.collect()
            sizes.append(psutil.Process().memory_info().rss)
    assert sizes[3] - sizes[1] < 30_000_000, sizes
