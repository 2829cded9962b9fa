"""delete and deletecollection: their options."""

from typing import Any

import pytest

import api_objects as make
from asgi_requests import Requests

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


async def owned(api: Requests) -> None:
    owner = (await api("POST", DEPLOYMENTS, make.deployment())).json
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "hello", "uid": owner["metadata"]["uid"]}
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "leaf", "ownerReferences": [reference]}})


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({"propagationPolicy": "Orphan"}, ""),
        ({"orphanDependents": True}, ""),
        (None, "?propagationPolicy=Orphan"),
        (None, "?orphanDependents=true"),
    ],
)
async def test_orphans(api: Requests, options: Any, query: str) -> None:
    await owned(api)
    answer = await api("DELETE", f"{DEPLOYMENTS}/hello{query}", options)
    assert answer.json["metadata"]["finalizers"] == ["orphan"]
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "later"}})
    assert (await api("GET", f"{DEPLOYMENTS}/hello")).status == 404
    assert "ownerReferences" not in (await api("GET", f"{CONFIG_MAPS}/leaf")).json["metadata"]


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            422,
            "orphanDependents and deletionPropagation cannot be both set",
        ),
        ({"propagationPolicy": "Sideways"}, 400, "Sideways"),
        ({"dryRun": ["Some"]}, 422, 'Unsupported value: ["Some"]'),
        ({"preconditions": {"uid": "other"}}, 409, "UID in precondition: other"),
        ({"preconditions": {"resourceVersion": "1"}}, 409, "ResourceVersion in precondition: 1"),
    ],
)
async def test_options_that_do_not_hold(api: Requests, options: Any, status: int, says: str) -> None:
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "a"}})
    for path in (f"{CONFIG_MAPS}/a", CONFIG_MAPS):
        answer = await api("DELETE", path, options)
        assert (answer.status, says in answer.message) == (status, True)
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_a_dry_run_of_a_collection_leaves_it(api: Requests) -> None:
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "a"}})
    assert len((await api("DELETE", f"{CONFIG_MAPS}?dryRun=All")).json["items"]) == 1
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_a_collection_goes_in_the_foreground(api: Requests) -> None:
    await owned(api)
    answer = await api("DELETE", DEPLOYMENTS, {"propagationPolicy": "Foreground"})
    assert answer.status == 200
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "later"}})
    assert (await api("GET", f"{CONFIG_MAPS}/leaf")).status == 404


async def test_namespaces_go_one_by_one(api: Requests) -> None:
    assert (await api("DELETE", "/api/v1/namespaces")).status == 405


async def test_no_finalizer_comes_to_what_is_being_deleted(api: Requests) -> None:
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "a", "finalizers": ["a/b"]}})
    assert (await api("DELETE", f"{CONFIG_MAPS}/a")).json["metadata"]["deletionTimestamp"]
    patch = {"metadata": {"finalizers": ["a/b", "c/d"]}}
    merge = "application/merge-patch+json"
    answer = await api("PATCH", f"{CONFIG_MAPS}/a", patch, content_type=merge)
    assert answer.status == 422
    assert "no new finalizers can be added if the object is being deleted" in answer.message
    last = await api("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": None}}, content_type=merge)
    assert last.status == 200
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 404


async def test_a_namespace_that_is_finalized_goes(api: Requests) -> None:
    await api("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    held = {"metadata": {"name": "held", "finalizers": ["a/b"]}}
    await api("POST", "/api/v1/namespaces/shop/configmaps", held)
    await api("DELETE", "/api/v1/namespaces/shop")
    wrong: Any
    for wrong in ([], {"metadata": {}, "spec": {"finalizers": [1]}}, {"metadata": {}, "spec": []}):
        answer = await api("PUT", "/api/v1/namespaces/shop/finalize", wrong)
        assert answer.status == 400
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"finalizers": []}}
    assert (await api("PUT", "/api/v1/namespaces/shop/finalize", stale)).status == 409
    assert (await api("GET", "/api/v1/namespaces/shop")).status == 200
    done = {"metadata": {"name": "shop"}, "spec": {"finalizers": []}}
    answer = await api("PUT", "/api/v1/namespaces/shop/finalize", done)
    assert answer.status == 200
    assert (await api("GET", "/api/v1/namespaces/shop")).status == 404


async def test_evicted_pods_are_deleted(api: Requests) -> None:
    pods = "/api/v1/namespaces/default/pods"
    await api("POST", pods, make.pod("p"))
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p", "namespace": "default"}}
    tried = await api("POST", f"{pods}/p/eviction", {**body, "deleteOptions": {"dryRun": ["All"]}})
    assert (tried.status, tried.json["status"]) == (201, "Success")
    assert (await api("GET", f"{pods}/p")).status == 200
    assert (await api("POST", f"{pods}/p/eviction", body)).status == 201
    assert (await api("GET", f"{pods}/p")).status == 404
    assert (await api("POST", f"{pods}/p/eviction", body)).status == 404


@pytest.mark.parametrize(
    "body", [[], {"kind": "Pod"}, {"metadata": {"name": "q"}}, {"deleteOptions": 1}, {"deleteOptions": {"dryRun": 1}}]
)
async def test_what_is_no_eviction_is_refused(api: Requests, body: Any) -> None:
    pods = "/api/v1/namespaces/default/pods"
    await api("POST", pods, make.pod("p"))
    assert (await api("POST", f"{pods}/p/eviction", body)).status == 400
    assert (await api("GET", f"{pods}/p")).status == 200
