"""create, get, list, update, patch, delete."""

from typing import Any

import pytest

import api_objects as make
from asgi_requests import TOKEN, Requests

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SERVICES = "/api/v1/namespaces/default/services"
SECRETS = "/api/v1/namespaces/default/secrets"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


async def test_a_created_object_is_complete_and_can_be_read(api: Requests) -> None:
    created = await api("POST", DEPLOYMENTS, make.deployment())
    assert created.status == 201
    assert created.json["spec"]["replicas"] == 1
    assert created.json["metadata"]["generation"] == 1
    assert (await api("GET", f"{DEPLOYMENTS}/hello")).json == created.json
    listed = (await api("GET", DEPLOYMENTS)).json
    assert (listed["kind"], listed["apiVersion"], listed["items"]) == ("DeploymentList", "apps/v1", [created.json])


async def test_an_empty_list_has_items(api: Requests) -> None:
    assert (await api("GET", "/api/v1/pods")).json["items"] == []


async def test_a_client_does_not_decide_the_status(api: Requests) -> None:
    created = await api("POST", DEPLOYMENTS, {**make.deployment(), "status": {"readyReplicas": 5}})
    assert created.json["status"] == {}
    await api("PATCH", f"{DEPLOYMENTS}/hello", {"status": {"readyReplicas": 5}}, content_type=MERGE)
    assert (await api("GET", f"{DEPLOYMENTS}/hello")).json["status"] == {}


async def test_the_status_is_written_through_its_subresource_alone(api: Requests) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    patch = {"status": {"readyReplicas": 5}, "spec": {"replicas": 9}}
    answer = await api("PATCH", f"{DEPLOYMENTS}/hello/status", patch, content_type=MERGE)
    assert (answer.json["status"], answer.json["spec"]["replicas"]) == ({"readyReplicas": 5}, 1)
    assert answer.json["metadata"]["generation"] == 1
    put = {**answer.json, "status": {"readyReplicas": 6}}
    assert (await api("PUT", f"{DEPLOYMENTS}/hello/status", put)).json["status"] == {"readyReplicas": 6}
    assert (await api("PUT", f"{DEPLOYMENTS}/hello/status", put)).status == 409


async def test_gateways_have_two_versions_and_one_truth(api: Requests) -> None:
    old = GATEWAYS.replace("/v1/", "/v1beta1/")
    api_version = "gateway.networking.k8s.io/v1beta1"
    created = await api("POST", old, {"apiVersion": api_version, "kind": "Gateway", **make.gateway()})
    assert created.json["apiVersion"] == api_version
    assert (await api("GET", f"{GATEWAYS}/gw")).json["apiVersion"] == "gateway.networking.k8s.io/v1"
    listed = (await api("GET", old)).json
    assert (listed["apiVersion"], listed["items"][0]["apiVersion"]) == (api_version, api_version)
    patched = await api("PATCH", f"{old}/gw", {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
    assert (patched.status, patched.json["apiVersion"]) == (200, api_version)


async def test_an_old_version_that_asks_for_less_stays_readable_and_writable_in_the_new_one(api: Requests) -> None:
    new = f"{GATEWAYS.replace('/gateways', '/tlsroutes')}"
    old = new.replace("/v1/", "/v1alpha2/")
    backends = {"backendRefs": [{"name": "a", "port": 1}]}
    route = {"metadata": {"name": "r"}, "spec": {"rules": [{**backends, "name": "a"}, {**backends, "name": "b"}]}}
    assert (await api("POST", new, route)).status == 422, "v1 wants hostnames, and has one rule"
    created = await api("POST", old, route)
    assert (created.status, created.json["apiVersion"]) == (201, "gateway.networking.k8s.io/v1alpha2")
    assert "Please upgrade to v1" in created.headers["warning"]
    seen = await api("GET", f"{new}/r")
    assert (seen.json["apiVersion"], len(seen.json["spec"]["rules"])) == ("gateway.networking.k8s.io/v1", 2)
    assert "warning" not in seen.headers
    status = {**seen.json, "status": {"parents": []}}
    assert (await api("PUT", f"{new}/r/status", status)).status == 200
    patch: dict[str, object] = {"metadata": {"labels": {"a": "b"}}}
    assert (await api("PATCH", f"{new}/r", patch, content_type=MERGE)).status == 200
    assert (await api("PATCH", f"{new}/r", {"spec": {"hostnames": []}}, content_type=MERGE)).status == 422


async def test_the_versions_of_a_group_are_listed_newest_first(api: Requests) -> None:
    group = (await api("GET", "/apis/gateway.networking.k8s.io")).json
    assert [each["version"] for each in group["versions"]] == ["v1", "v1beta1", "v1alpha3", "v1alpha2"]


async def test_a_field_of_the_experimental_channel_is_named(api: Requests) -> None:
    routes = GATEWAYS.replace("/gateways", "/httproutes")
    retry: dict[str, object] = {"metadata": {"name": "r"}, "spec": {"rules": [{"retry": {"attempts": 1}}]}}
    answer = await api("POST", routes, retry)
    assert "spec.rules[0].retry is of the experimental channel" in answer.headers["warning"]


async def test_a_put_needs_no_version_but_heeds_one(api: Requests) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    assert (await api("PUT", f"{DEPLOYMENTS}/hello", make.deployment(replicas=2))).json["spec"]["replicas"] == 2
    stale = make.deployment(replicas=3)
    stale["metadata"]["resourceVersion"] = "1"
    answer = await api("PUT", f"{DEPLOYMENTS}/hello", stale)
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")


async def test_a_patch_that_changes_nothing_makes_no_version(api: Requests) -> None:
    created = await api("POST", DEPLOYMENTS, make.deployment())
    for content_type in (MERGE, STRATEGIC):
        patch = {"spec": {"replicas": 1}}
        assert (await api("PATCH", f"{DEPLOYMENTS}/hello", patch, content_type=content_type)).json == created.json


async def test_strategic_patches_are_for_native_kinds(api: Requests) -> None:
    await api("POST", GATEWAYS, make.gateway())
    answer = await api("PATCH", f"{GATEWAYS}/gw", {}, content_type=STRATEGIC)
    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")


async def test_a_patched_object_is_judged_like_any(api: Requests) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    patch = [{"op": "replace", "path": "/spec/replicas", "value": -1}]
    answer = await api("PATCH", f"{DEPLOYMENTS}/hello", patch, content_type="application/json-patch+json")
    assert answer.status == 422
    assert answer.message.startswith('Deployment.apps "hello" is invalid: spec.replicas: Invalid value: -1')
    assert answer.json["details"]["causes"][0]["field"] == "spec.replicas"


async def test_a_dry_run_changes_nothing(api: Requests) -> None:
    assert (await api("POST", f"{DEPLOYMENTS}?dryRun=All", make.deployment())).status == 201
    assert (await api("GET", f"{DEPLOYMENTS}/hello")).status == 404
    await api("POST", DEPLOYMENTS, make.deployment())
    patch = {"spec": {"replicas": 4}}
    answer = await api("PATCH", f"{DEPLOYMENTS}/hello?dryRun=All", patch, content_type=MERGE)
    assert answer.json["spec"]["replicas"] == 4
    assert (await api("DELETE", f"{DEPLOYMENTS}/hello?dryRun=All")).status == 200
    assert (await api("GET", f"{DEPLOYMENTS}/hello")).json["spec"]["replicas"] == 1
    assert (await api("POST", f"{DEPLOYMENTS}?dryRun=Some", make.deployment())).status == 400


@pytest.mark.parametrize(
    ("validation", "status", "warned"), [("Strict", 400, False), ("Warn", 201, True), ("Ignore", 201, False)]
)
async def test_unknown_fields(api: Requests, validation: str, status: int, warned: bool) -> None:
    answer = await api("POST", f"{DEPLOYMENTS}?fieldValidation={validation}", make.deployment(foo=1))
    assert (answer.status, "warning" in answer.headers) == (status, warned)
    if status == 400:
        assert answer.message == (
            'Deployment in version "v1" cannot be handled as a Deployment: '
            'strict decoding error: unknown field "spec.foo"'
        )
    else:
        assert "foo" not in answer.json["spec"]
    if warned:
        assert answer.headers["warning"] == '299 - "unknown field \\"spec.foo\\""'


async def test_a_wrong_type_is_400_for_native_kinds_and_422_for_custom_ones(api: Requests) -> None:
    answer = await api("POST", DEPLOYMENTS, make.deployment(replicas="two"))
    assert answer.status == 400
    assert answer.message == (
        'Deployment in version "v1" cannot be handled as a Deployment: '
        "json: cannot unmarshal string into Go struct field Deployment.spec.replicas of type int32"
    )
    answer = await api("POST", GATEWAYS, make.gateway(port="http"))
    assert answer.status == 422
    assert 'spec.listeners[0].port in body must be of type integer: "string"' in answer.message


async def test_updates_of_a_service_keep_what_was_allocated(api: Requests) -> None:
    allocated = make.service(type="NodePort", clusterIP="127.9.64.1", clusterIPs=["127.9.64.1"])
    allocated["spec"]["ports"] = [{"port": 80, "nodePort": 30080}]
    await api("POST", SERVICES, allocated)
    updated = (await api("PUT", f"{SERVICES}/hello", make.service(type="LoadBalancer"))).json["spec"]
    assert (updated["clusterIP"], updated["ports"][0]["nodePort"]) == ("127.9.64.1", 30080)
    plain = await api("PATCH", f"{SERVICES}/hello", {"spec": {"type": "ClusterIP"}}, content_type=MERGE)
    assert "nodePort" not in plain.json["spec"]["ports"][0]
    moved = await api("PATCH", f"{SERVICES}/hello", {"spec": {"clusterIP": "127.9.64.2"}}, content_type=MERGE)
    assert moved.status == 422


async def test_string_data_becomes_data(api: Requests) -> None:
    created = await api("POST", SECRETS, {"metadata": {"name": "s"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}})
    assert created.json["data"] == {"a": "Yg==", "c": "ZA=="}
    assert "stringData" not in created.json
    assert created.json["type"] == "Opaque"


async def test_a_secret_that_is_no_base64_is_refused_without_being_shown(api: Requests) -> None:
    answer = await api("POST", SECRETS, {"metadata": {"name": "s"}, "data": {"a": "pa$$word"}})
    assert answer.status == 422
    assert b"pa$$word" not in answer.body


async def test_deletion_answers_with_what_was_deleted(api: Requests) -> None:
    created = (await api("POST", DEPLOYMENTS, make.deployment())).json
    answer = (await api("DELETE", f"{DEPLOYMENTS}/hello")).json
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    uid = created["metadata"]["uid"]
    assert answer["details"] == {"name": "hello", "group": "apps", "kind": "deployments", "uid": uid}


async def test_preconditions_of_a_deletion_are_heeded(api: Requests) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    answer = await api("DELETE", f"{DEPLOYMENTS}/hello", {"preconditions": {"uid": "another"}})
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")


async def test_a_pod_on_a_node_waits_for_its_grace_period(api: Requests) -> None:
    pods = "/api/v1/namespaces/default/pods"
    await api("POST", pods, make.pod(nodeName="n"))
    answer = (await api("DELETE", f"{pods}/p", {"gracePeriodSeconds": 7})).json
    assert (answer["kind"], answer["metadata"]["deletionGracePeriodSeconds"]) == ("Pod", 7)
    assert (await api("DELETE", f"{pods}/p?gracePeriodSeconds=0")).json["kind"] == "Status"


async def test_a_collection_is_deleted_by_selector(api: Requests) -> None:
    for name, app in (("a", "x"), ("b", "y")):
        await api("POST", SERVICES, {**make.service(), "metadata": {"name": name, "labels": {"app": app}}})
    deleted = (await api("DELETE", f"{SERVICES}?labelSelector=app%3Dx")).json
    assert [each["metadata"]["name"] for each in deleted["items"]] == ["a"]
    assert [each["metadata"]["name"] for each in (await api("GET", SERVICES)).json["items"]] == ["b"]
    assert (await api("DELETE", "/api/v1/services")).status == 405


async def test_selectors_choose(api: Requests) -> None:
    for name, app in (("a", "x"), ("b", "y")):
        await api("POST", SERVICES, {**make.service(), "metadata": {"name": name, "labels": {"app": app}}})

    async def names(query: str) -> list[str]:
        return [each["metadata"]["name"] for each in (await api("GET", f"{SERVICES}?{query}")).json["items"]]

    assert await names("labelSelector=app+in+(y,z)") == ["b"]
    assert await names("fieldSelector=metadata.name%3Da") == ["a"]
    assert await names("fieldSelector=metadata.name!%3Da,metadata.namespace%3Ddefault") == ["b"]


async def test_scale_is_read_and_written(api: Requests) -> None:
    await api("POST", DEPLOYMENTS, make.deployment())
    scale = (await api("GET", f"{DEPLOYMENTS}/hello/scale")).json
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale",
        {"replicas": 1},
        {"replicas": 0, "selector": "app=hello"},
    )
    put = await api("PUT", f"{DEPLOYMENTS}/hello/scale", {**scale, "spec": {"replicas": 3}})
    assert put.json["spec"] == {"replicas": 3}
    assert (await api("PUT", f"{DEPLOYMENTS}/hello/scale", scale)).status == 409
    await api("PATCH", f"{DEPLOYMENTS}/hello/scale", {"spec": {"replicas": 4}}, content_type=MERGE)
    assert (await api("GET", f"{DEPLOYMENTS}/hello")).json["spec"]["replicas"] == 4
    for wrong in (-1, "x"):
        answer = await api("PATCH", f"{DEPLOYMENTS}/hello/scale", {"spec": {"replicas": wrong}}, content_type=MERGE)
        assert answer.status in (400, 422)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", DEPLOYMENTS, b"{", 400),
        ("POST", DEPLOYMENTS, b"null", 400),
        ("POST", DEPLOYMENTS, b"[]", 400),
        ("POST", DEPLOYMENTS, {"kind": "Pod"}, 400),
        ("POST", DEPLOYMENTS, {"apiVersion": "apps/v2"}, 400),
        ("POST", DEPLOYMENTS, {"metadata": "x"}, 400),
        ("POST", DEPLOYMENTS, {"metadata": {"name": 7}}, 400),
        ("POST", DEPLOYMENTS, {"metadata": {"name": "x", "namespace": "other"}}, 400),
        ("POST", DEPLOYMENTS, {}, 422),
        ("POST", DEPLOYMENTS, {"metadata": {"name": "x"}, "spec": None}, 422),
        ("POST", DEPLOYMENTS, {"metadata": {"name": "x"}, "spec": {"selector": None, "template": {}}}, 422),
        ("POST", "/apis/apps/v1/namespaces/nowhere/deployments", make.deployment(), 404),
        ("POST", "/apis/apps/v1/deployments", make.deployment(), 405),
        ("POST", f"{DEPLOYMENTS}/x", make.deployment("x"), 405),
        ("PUT", DEPLOYMENTS, make.deployment(), 405),
        ("PUT", f"{DEPLOYMENTS}/y", make.deployment("x"), 404),
        ("GET", f"{DEPLOYMENTS}?labelSelector=a+b+c", None, 400),
        ("GET", f"{DEPLOYMENTS}?fieldSelector=x", None, 400),
        ("GET", f"{DEPLOYMENTS}?watch=1&resourceVersion=abc", None, 400),
        ("GET", f"{DEPLOYMENTS}?watch=1&timeoutSeconds=-1", None, 400),
        ("DELETE", f"{DEPLOYMENTS}/x", {"gracePeriodSeconds": "soon"}, 400),
        ("POST", f"{DEPLOYMENTS}?fieldValidation=x", make.deployment(), 400),
        ("GET", "/api/v1/namespaces/default/pods/x/log", None, 404),
        ("OPTIONS", DEPLOYMENTS, None, 405),
        ("GET", "/nowhere", None, 404),
    ],
)
async def test_bad_requests_get_a_status(api: Requests, method: str, path: str, body: Any, status: int) -> None:
    answer = await api(method, path, body)
    assert (answer.status, answer.json["kind"], answer.json["status"]) == (status, "Status", "Failure")


async def test_a_body_may_be_3_mib(api: Requests) -> None:
    answer = await api("POST", DEPLOYMENTS, b"x" * (3 * 1024 * 1024 + 1))
    assert (answer.status, answer.json["reason"]) == (413, "RequestEntityTooLarge")


async def test_bodies_may_be_yaml(api: Requests) -> None:
    body = b"metadata: {name: c}\ndata: {a: b}\n"
    answer = await api("POST", "/api/v1/namespaces/default/configmaps", body, content_type="application/yaml")
    assert answer.json["data"] == {"a": "b"}


async def test_other_media_are_refused(api: Requests) -> None:
    answer = await api("POST", DEPLOYMENTS, b"x", content_type="application/cbor")
    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")


async def test_reviews_say_yes(api: Requests) -> None:
    who = await api("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert who.json["status"]["userInfo"]["username"] == "gatelab-admin"
    may = await api("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {})
    assert may.json["status"]["allowed"] is True


async def test_what_is_not_acted_on_is_said_when_it_is_new(api: Requests) -> None:
    made = await api("POST", SERVICES, make.service(sessionAffinity="ClientIP"))
    assert made.headers["warning"].startswith('299 - "Service spec.sessionAffinity: ClientIP is stored, gatelab does')
    again = await api("PUT", f"{SERVICES}/hello", {**made.json, "metadata": {"name": "hello", "labels": {"a": "b"}}})
    assert again.status == 200
    assert "warning" not in again.headers
    role = await api("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", {"metadata": {"name": "r"}})
    assert role.headers["warning"] == '299 - "Role is stored; gatelab does not act on it"'


async def test_what_one_may_do_is_everything(api: Requests) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    rules = await api("POST", path, {"spec": {"namespace": "default"}})
    assert rules.status == 201
    assert rules.json["status"]["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


async def test_the_token_of_a_service_account_is_the_labs(api: Requests) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    await api("POST", accounts, {"metadata": {"name": "bot"}})
    answer = await api("POST", f"{accounts}/bot/token", {"spec": {}})
    assert (answer.status, answer.json["status"]["token"]) == (201, TOKEN)
    assert "the lab has one token" in answer.headers["warning"]
    assert (await api("POST", f"{accounts}/nobody/token", {})).status == 404
