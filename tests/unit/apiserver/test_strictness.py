"""Fields that a body gives twice, and how patches are bounded and judged over HTTP."""

from typing import Any

import pytest

import api_objects as make
from asgi_requests import Requests
from gatelab.store import Store

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
TWICE = b'{"metadata": {"name": "c"}, "data": {"k": "v", "k": "w"}, "data": {"l": "x"}}'
TWICE_IN_YAML = b"metadata: {name: c}\ndata:\n  k: v\n  k: w\n"
MERGE, JSON = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


@pytest.mark.parametrize(
    ("body", "media", "said"),
    [
        (TWICE, "application/json", 'strict decoding error: duplicate field "data.k", duplicate field "data"'),
        (TWICE_IN_YAML, "application/yaml", 'line 4: key "k" already set in map'),
    ],
)
async def test_a_strict_client_hears_of_fields_given_twice(api: Requests, body: bytes, media: str, said: str) -> None:
    strict = await api("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body, content_type=media)
    assert (strict.status, said in strict.message) == (400, True), strict.message
    warned = await api("POST", CONFIG_MAPS, body, content_type=media)
    assert warned.status == 201
    assert warned.headers["warning"].startswith("299 - ")
    silent = await api("PUT", f"{CONFIG_MAPS}/c?fieldValidation=Ignore", body, content_type=media)
    assert "warning" not in silent.headers


@pytest.mark.parametrize("media", [MERGE, STRATEGIC])
async def test_patches_are_read_as_strictly(api: Requests, media: str) -> None:
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "c"}})
    body = b'{"data": {"k": "v", "k": "w"}}'
    answer = await api("PATCH", f"{CONFIG_MAPS}/c?fieldValidation=Strict", body, content_type=media)
    assert (answer.status, 'duplicate field "data.k"' in answer.message) == (400, True)
    unknown = await api("PATCH", f"{CONFIG_MAPS}/c?fieldValidation=Strict", {"dta": {}}, content_type=media)
    assert (unknown.status, 'unknown field "dta"' in unknown.message) == (400, True)


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (MERGE, {"metadata": {"resourceVersion": "1"}}),
        (STRATEGIC, {"metadata": {"resourceVersion": "1"}}),
        (JSON, [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]),
        (MERGE, {"metadata": {"uid": "x"}}),
    ],
)
@pytest.mark.parametrize("part", ["", "/status"])
async def test_a_patch_may_lock_its_object(api: Requests, media: str, body: Any, part: str) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    answer = await api("PATCH", f"{DEPLOYMENTS}/hello{part}", body, content_type=media)
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")


async def test_a_patch_of_the_scale_may_lock_it(api: Requests) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    body = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}}
    assert (await api("PATCH", f"{DEPLOYMENTS}/hello/scale", body, content_type=MERGE)).status == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([{"op": "test", "path": "/data/k", "value": "x"}], 422),
        ([{"op": "remove", "path": "/data/x"}], 422),
        ([{"op": "test", "path": "", "value": 1}] * 10_001, 413),
        ([{"op": "copy", "from": "", "path": f"/data/{index}"} for index in range(40)], 413),
        ([{"op": "add", "path": "/data" + "/a" * index, "value": {}} for index in range(1200)], 400),
        ([{"op": "replace", "path": "", "value": 1}], 400),
        ([{"op": "replace", "path": "/metadata", "value": []}], 400),
        ([{"op": "replace", "path": "/metadata/managedFields", "value": [1]}], 400),
        ([{"op": "replace", "path": "/metadata/managedFields", "value": {}}], 400),
        ({"op": "test"}, 400),
    ],
)
async def test_patches_that_do_not_fit_are_refused(api: Requests, store: Store, body: Any, status: int) -> None:
    await api("POST", CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"k": "v" * 1000}})
    version = store.version
    answer = await api("PATCH", f"{CONFIG_MAPS}/c", body, content_type=JSON)
    assert answer.status == status, answer.message
    assert store.version == version


async def test_a_patch_that_is_not_accepted_names_those_that_are(api: Requests) -> None:
    answer = await api("PATCH", "/apis/gateway.networking.k8s.io/v1/gatewayclasses/x", {}, content_type=STRATEGIC)
    assert answer.status == 415
    assert answer.message == (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )
    forced = await api("PATCH", f"{CONFIG_MAPS}/c?force=true", {}, content_type=MERGE)
    assert (forced.status, "may not be specified for non-apply patch" in forced.message) == (422, True)
