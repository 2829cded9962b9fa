"""Discovery, OpenAPI, version."""

from typing import Any

import pytest

from asgi_requests import Requests
from gatelab.apiserver import discovery
from gatelab.apiserver.protobuf import wire
from gatelab.kinds.builtin import BUILTIN

AGGREGATED = {"accept": f"{discovery.AGGREGATED},application/json"}


async def test_both_forms_of_discovery_tell_the_same(api: Requests) -> None:
    new = [
        (group["metadata"].get("name", ""), version["version"], resource["resource"], resource["scope"] == "Namespaced")
        for path in ("/api", "/apis")
        for group in (await api("GET", path, headers=AGGREGATED)).json["items"]
        for version in group["versions"]
        for resource in version["resources"]
    ]
    groups = [("", ["v1"])] + [
        (each["name"], [version["version"] for version in each["versions"]])
        for each in (await api("GET", "/apis")).json["groups"]
    ]
    old = [
        (name, version, resource["name"], resource["namespaced"])
        for name, versions in groups
        for version in versions
        for resource in (await api("GET", f"/apis/{name}/{version}" if name else "/api/v1")).json["resources"]
        if "/" not in resource["name"]
    ]
    assert sorted(new) == sorted(old)
    assert {(kind.group, kind.version, kind.plural) for kind in BUILTIN} <= {each[:3] for each in new}


async def test_the_aggregated_form_is_named_in_the_answer(api: Requests) -> None:
    for path in ("/api", "/apis"):
        assert (await api("GET", path, headers=AGGREGATED)).headers["content-type"] == discovery.AGGREGATED


async def test_scale_is_of_another_group(api: Requests) -> None:
    resources = (await api("GET", "/apis/apps/v1")).json["resources"]
    scale = next(each for each in resources if each["name"] == "deployments/scale")
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")


@pytest.mark.parametrize("path", ["/apis/nope", "/apis/apps/v2", "/openapi/v3/apis/apps/v2", "/openapi/v3/api/v2"])
async def test_unknown_groups_are_not_found(api: Requests, path: str) -> None:
    assert (await api("GET", path)).json["reason"] == "NotFound"


async def test_every_document_of_the_index_is_there_and_stays(api: Requests) -> None:
    for place, where in (await api("GET", "/openapi/v3")).json["paths"].items():
        answer = await api("GET", where["serverRelativeURL"])
        assert answer.status == 200, place
        assert "immutable" in answer.headers["cache-control"]
        again = await api("GET", f"/openapi/v3/{place}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        assert not _dangling(answer.json)


def _dangling(document: Any) -> set[str]:
    """References that lead nowhere."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                found.add(value["$ref"].removeprefix("#/components/schemas/"))
            for each in value.values():
                walk(each)
        elif isinstance(value, list):
            for each in value:
                walk(each)

    walk(document)
    return found - set(document["components"]["schemas"])


async def test_only_native_kinds_offer_strategic_patches(api: Requests) -> None:
    strategic = "application/strategic-merge-patch+json"
    apps = (await api("GET", "/openapi/v3/apis/apps/v1")).json["paths"]
    assert strategic in _patch(apps, "deployments")["requestBody"]["content"]
    gateway = (await api("GET", "/openapi/v3/apis/gateway.networking.k8s.io/v1beta1")).json["paths"]
    assert strategic not in _patch(gateway, "gateways")["requestBody"]["content"]
    assert "fieldValidation" in [each["name"] for each in _patch(gateway, "gateways")["parameters"]]


def _patch(paths: Any, plural: str) -> Any:
    return next(item["patch"] for path, item in paths.items() if path.endswith(f"/{plural}/{{name}}"))


async def test_openapi_v2_is_an_empty_document_in_both_forms(api: Requests) -> None:
    assert (await api("GET", "/openapi/v2")).json == {
        "swagger": "2.0",
        "info": {"title": "gatelab", "version": "v1.37.0"},
        "paths": {},
    }
    wanted = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    answer = await api("GET", "/openapi/v2", headers={"accept": wanted})
    assert answer.headers["content-type"] == wanted.replace("@", ".")
    document = dict(wire.fields(answer.body))
    assert document.keys() == {1, 2, 8}
    assert document[1] == b"2.0"
    info = document[2]
    assert isinstance(info, bytes)
    assert dict(wire.fields(info)) == {1: b"gatelab", 2: b"v1.37.0"}


async def test_the_version_is_kubernetes(api: Requests) -> None:
    assert (await api("GET", "/version")).json["gitVersion"].startswith("v1.37.")


@pytest.mark.parametrize("path", ["/version", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/openapi/v3"])
async def test_a_slash_at_the_end_changes_nothing(api: Requests, path: str) -> None:
    """The official client for Python asks so."""
    assert (await api("GET", f"{path}/")).json == (await api("GET", path)).json


async def test_whose_a_token_is(api: Requests) -> None:
    place = "/apis/authentication.k8s.io/v1/tokenreviews"
    own = await api("POST", place, {"spec": {"token": "a-token"}})
    assert (own.status, own.json["status"]["authenticated"]) == (201, True)
    assert own.json["status"]["user"]["username"] == "gatelab-admin"
    other = (await api("POST", place, {"spec": {"token": "ä"}})).json["status"]
    assert (other.get("authenticated"), "this one" in other["error"]) == (None, True)
    broken: tuple[Any, ...] = ({}, [], {"spec": 1}, {"spec": {"token": ""}})
    for wrong in broken:
        assert (await api("POST", place, wrong)).status == 400


async def test_namespaces_are_not_deleted_by_the_collection(api: Requests) -> None:
    verbs = {each["name"]: each["verbs"] for each in (await api("GET", "/api/v1")).json["resources"]}
    assert "deletecollection" in verbs["pods"]
    assert "deletecollection" not in verbs["namespaces"]
    assert (await api("DELETE", "/api/v1/namespaces")).status == 405
