"""Server-side apply over HTTP: owners, conflicts, removal, subresources."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

import api_objects as make
from asgi_requests import TOKEN, Answer, Requests
from fake_logs import FakeLogs
from gatelab.apiserver import create_app
from gatelab.store import Store

APPLY = "application/apply-patch+yaml"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/hello"
CONFIG_MAP = "/api/v1/namespaces/default/configmaps/c"
GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/gw"

Json = dict[str, Any]


async def applied(api: Requests, path: str, body: Any, manager: str = "a", query: str = "") -> Answer:
    return await api("PATCH", f"{path}?fieldManager={manager}{query}", body, content_type=APPLY)


def config(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, **({"data": data} if data else {})}


def intent(replicas: int | None = None, image: str | None = "hello:1", **env: str) -> Json:
    found = make.deployment()
    container: Json = {"name": "hello"}
    if image:
        container |= {"image": image}
    if env:
        container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    spec = {**found["spec"], "template": {**found["spec"]["template"], "spec": {"containers": [container]}}}
    if replicas is not None:
        spec["replicas"] = replicas
    return {**found, "spec": spec}


def owners(obj: Json) -> dict[tuple[str, str], Json]:
    return {(each["manager"], each["operation"]): each["fieldsV1"] for each in obj["metadata"].get("managedFields", ())}


async def test_apply_creates_and_then_changes_nothing(api: Requests, store: Store) -> None:
    first = await applied(api, CONFIG_MAP, config(k="v"))
    assert (first.status, first.json["data"]) == (201, {"k": "v"})
    assert first.json["metadata"]["managedFields"] == [
        {
            "manager": "a",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": "2026-01-02T03:04:05Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:k": {}}},
        }
    ]
    version = store.version
    again = await applied(api, CONFIG_MAP, config(k="v"))
    assert (again.status, again.json, store.version) == (200, first.json, version)


async def test_yaml_is_read(api: Requests) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata: {k: v}\n"
    assert (await applied(api, CONFIG_MAP, text)).json["data"] == {"k": "v"}


async def test_what_an_applier_drops_goes_unless_somebody_else_has_it(api: Requests) -> None:
    await applied(api, CONFIG_MAP, config(k="v", l="w", m="x"))
    await applied(api, CONFIG_MAP, config(l="w"), "b")
    answer = await applied(api, CONFIG_MAP, config(m="x"))
    assert answer.json["data"] == {"l": "w", "m": "x"}
    assert owners(answer.json) == {
        ("a", "Apply"): {"f:data": {"f:m": {}}},
        ("b", "Apply"): {"f:data": {"f:l": {}}},
    }
    assert (await applied(api, CONFIG_MAP, config())).json["data"] == {"l": "w"}
    assert "data" not in (await applied(api, CONFIG_MAP, config(), "b")).json


async def test_conflicts_name_fields_and_owners(api: Requests) -> None:
    await applied(api, CONFIG_MAP, config(k="v", l="w"))
    one = await applied(api, CONFIG_MAP, config(k="other"), "b")
    assert (one.status, one.json["reason"]) == (409, "Conflict")
    assert one.message == 'Apply failed with 1 conflict: conflict with "a": .data.k'
    assert one.json["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "a"', "field": ".data.k"}
    ]
    two = await applied(api, CONFIG_MAP, config(k="other", l="other"), "b")
    assert two.message == 'Apply failed with 2 conflicts: conflicts with "a":\n- .data.k\n- .data.l'


async def test_force_takes_fields_over(api: Requests) -> None:
    await applied(api, CONFIG_MAP, config(k="v", l="w"))
    answer = await applied(api, CONFIG_MAP, config(k="other"), "b", "&force=true")
    assert answer.json["data"] == {"k": "other", "l": "w"}
    assert owners(answer.json) == {
        ("a", "Apply"): {"f:data": {"f:l": {}}},
        ("b", "Apply"): {"f:data": {"f:k": {}}},
    }


async def test_updates_are_owners_too(api: Requests) -> None:
    created = await api("POST", DEPLOYMENT.rpartition("/")[0] + "?fieldManager=x", make.deployment())
    spec = owners(created.json)["x", "Update"]["f:spec"]
    assert spec["f:replicas"] == {}
    assert "." not in spec
    assert spec["f:template"]["f:spec"]["f:containers"]['k:{"name":"hello"}']["f:ports"] == {
        ".": {},
        'k:{"containerPort":8080,"protocol":"TCP"}': {
            ".": {},
            "f:containerPort": {},
            "f:name": {},
            "f:protocol": {},
        },
    }
    refused = await applied(api, DEPLOYMENT, intent(3))
    assert refused.message == 'Apply failed with 1 conflict: conflict with "x" using apps/v1: .spec.replicas'


async def test_an_update_takes_only_what_it_changes(api: Requests) -> None:
    await applied(api, CONFIG_MAP, config(k="v", l="w"))
    merge = "application/merge-patch+json"
    answer = await api(
        "PATCH", CONFIG_MAP, {"data": {"k": "2"}}, content_type=merge, headers={"user-agent": "curl/8 (x)"}
    )
    assert owners(answer.json) == {
        ("a", "Apply"): {"f:data": {"f:l": {}}},
        ("curl", "Update"): {"f:data": {"f:k": {}}},
    }
    assert (await applied(api, CONFIG_MAP, config(k="3", l="w"))).status == 409


async def test_two_appliers_share_a_deployment(api: Requests) -> None:
    await applied(api, DEPLOYMENT, intent(A="1"))
    answer = await applied(api, DEPLOYMENT, intent(3, None, B="2"), "b")
    container = answer.json["spec"]["template"]["spec"]["containers"][0]
    assert [each["name"] for each in container["env"]] == ["A", "B"]
    assert (answer.json["spec"]["replicas"], container["image"]) == (3, "hello:1")
    rest = await applied(api, DEPLOYMENT, intent(None, None), "b")
    assert (rest.json["spec"]["replicas"], len(rest.json["spec"]["template"]["spec"]["containers"][0]["env"])) == (1, 1)


async def test_status_and_spec_are_applied_apart(api: Requests) -> None:
    await applied(api, DEPLOYMENT, {**intent(2), "status": {"replicas": 7}})
    status = {**intent(9), "status": {"replicas": 7}}
    answer = await applied(api, f"{DEPLOYMENT}/status", status, "s")
    assert (answer.json["spec"]["replicas"], answer.json["status"]["replicas"]) == (2, 7)
    entry = next(each for each in answer.json["metadata"]["managedFields"] if each["manager"] == "s")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})
    assert "f:status" not in owners(answer.json)["a", "Apply"]


async def test_scaling_takes_replicas(api: Requests) -> None:
    await applied(api, DEPLOYMENT, intent(2))
    body = {"spec": {"replicas": 4}}
    merge = "application/merge-patch+json"
    await api("PATCH", f"{DEPLOYMENT}/scale?fieldManager=kubectl", body, content_type=merge)
    refused = await applied(api, DEPLOYMENT, intent(2))
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused.message


async def test_a_scale_is_applied(api: Requests) -> None:
    await applied(api, DEPLOYMENT, intent())
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "hello"}, "spec": {"replicas": 3}}
    answer = await applied(api, f"{DEPLOYMENT}/scale", scale, "scaler")
    assert (answer.status, answer.json["spec"]) == (200, {"replicas": 3})
    live = (await api("GET", DEPLOYMENT)).json
    assert (live["spec"]["replicas"], owners(live)["scaler", "Apply"]) == (3, {"f:spec": {"f:replicas": {}}})
    refused = await applied(api, DEPLOYMENT, intent(2))
    assert refused.message.endswith('conflict with "scaler" with subresource "scale": .spec.replicas')


async def test_defaults_in_atomic_lists_are_no_change(store: Store) -> None:
    moments = (datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=each) for each in count())
    hosts = frozenset({"127.0.0.1"})
    api = Requests(create_app(store, token=TOKEN, hosts=hosts, logs=FakeLogs(), clock=lambda: next(moments)))
    kind = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute"}
    path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/grpcroutes/route"
    first = await applied(api, path, {**kind, **make.grpc_route()})
    assert first.json["spec"]["rules"][0]["backendRefs"][0]["weight"] == 1
    version = store.version
    assert (await applied(api, path, {**kind, **make.grpc_route()})).json == first.json
    assert store.version == version


async def test_custom_resources_merge_by_their_keys(api: Requests) -> None:
    kind = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"}
    await applied(api, GATEWAY, {**kind, **make.gateway()})
    other = {**kind, **make.gateway()}
    other["spec"] = {**other["spec"], "listeners": [{"name": "other", "port": 81, "protocol": "HTTP"}]}
    answer = await applied(api, GATEWAY, other, "b")
    assert [each["name"] for each in answer.json["spec"]["listeners"]] == ["http", "other"]


@pytest.mark.parametrize("cleared", [[{}]])
async def test_owners_can_be_cleared_and_come_back_with_the_next_apply(api: Requests, cleared: Any) -> None:
    await applied(api, CONFIG_MAP, config(k="v"))
    body = [{"op": "replace", "path": "/metadata/managedFields", "value": cleared}]
    json = "application/json-patch+json"
    answer = await api("PATCH", CONFIG_MAP, body, content_type=json)
    assert "managedFields" not in answer.json["metadata"]
    patched = await api("PATCH", CONFIG_MAP, {"data": {"l": "w"}}, content_type="application/merge-patch+json")
    assert "managedFields" not in patched.json["metadata"]
    again = await applied(api, CONFIG_MAP, config(k="v"))
    assert owners(again.json) == {
        ("a", "Apply"): {"f:data": {"f:k": {}}},
        ("before-first-apply", "Update"): {"f:data": {".": {}, "f:k": {}, "f:l": {}}},
    }


async def test_an_empty_list_and_nonsense_leave_the_owners(api: Requests) -> None:
    first = (await applied(api, CONFIG_MAP, config(k="v"))).json["metadata"]["managedFields"]
    for value in ([], [{"manager": "x", "operation": "Other"}], [{"operation": "Apply", "fieldsV1": {"x": {}}}]):
        body = [{"op": "replace", "path": "/metadata/managedFields", "value": value}]
        answer = await api("PATCH", CONFIG_MAP, body, content_type="application/json-patch+json")
        assert answer.json["metadata"]["managedFields"] == first


async def test_a_client_may_hand_its_fields_over(api: Requests) -> None:
    first = (await applied(api, CONFIG_MAP, config(k="v"))).json["metadata"]["managedFields"]
    mine = [{**first[0], "manager": "other"}]
    body = [{"op": "replace", "path": "/metadata/managedFields", "value": mine}]
    answer = await api("PATCH", CONFIG_MAP, body, content_type="application/json-patch+json")
    assert answer.json["metadata"]["managedFields"] == mine


@pytest.mark.parametrize(
    ("body", "query", "status", "said"),
    [
        (config(), "", 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for'),
        (config(), f"?fieldManager={'x' * 129}", 422, "fieldManager: Too long: may not be more than 128 bytes"),
        ([], "?fieldManager=a", 400, "an applied configuration is an object"),
        ({"kind": "ConfigMap"}, "?fieldManager=a", 400, "names its apiVersion"),
        (b"a: [", "?fieldManager=a", 400, "unrecognized"),
        ({**config(), "dta": {}}, "?fieldManager=a", 400, "failed to create typed patch object (default/c; v1, Kind="),
        ({**config(), "dta": {}}, "?fieldManager=a", 400, ".dta: field not declared in schema"),
        ({**config(), "data": {"k": 1}}, "?fieldManager=a", 400, "cannot unmarshal"),
        ({**config(), "metadata": {"managedFields": [{}]}}, "?fieldManager=a", 400, "managedFields must be nil"),
        ({**config(), "metadata": {"name": "other"}}, "?fieldManager=a", 400, "does not match the name on the URL"),
        ({**config(), "metadata": {"uid": "x"}}, "?fieldManager=a", 409, "uid mismatch"),
        (b'{"apiVersion": "v1", "kind": "ConfigMap", "kind": "ConfigMap"}', "?fieldManager=a&fieldValidation=Strict",
         400, 'duplicate field "kind"'),
    ],
)  # fmt: skip
async def test_bad_configurations_are_refused(api: Requests, body: Any, query: str, status: int, said: str) -> None:
    answer = await api("PATCH", CONFIG_MAP + query, body, content_type=APPLY)
    assert (answer.status, said in answer.message) == (status, True), answer.message


async def test_items_come_once(api: Requests) -> None:
    body = intent()
    body["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A"}, {"name": "A"}]
    answer = await applied(api, DEPLOYMENT, body)
    assert '.spec.template.spec.containers[name="hello"].env: duplicate entries for key [name="A"]' in answer.message


async def test_an_old_version_is_a_conflict(api: Requests) -> None:
    first = (await applied(api, CONFIG_MAP, config(k="v"))).json["metadata"]["resourceVersion"]
    await applied(api, CONFIG_MAP, config(k="w"))
    body = config(k="x")
    body["metadata"]["resourceVersion"] = first
    assert (await applied(api, CONFIG_MAP, body)).status == 409


async def test_a_dry_run_changes_nothing(api: Requests, store: Store) -> None:
    version = store.version
    assert (await applied(api, CONFIG_MAP, config(k="v"), "a", "&dryRun=All")).status == 201
    assert (await api("GET", CONFIG_MAP)).status == 404
    await applied(api, CONFIG_MAP, config(k="v"))
    assert (await applied(api, CONFIG_MAP, config(k="w"), "a", "&dryRun=All")).json["data"] == {"k": "w"}
    assert (await api("GET", CONFIG_MAP)).json["data"] == {"k": "v"}
    assert store.version == version + 1


async def test_client_side_apply_is_taken_over(api: Requests) -> None:
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"k":"v","l":"w"}}'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last}
    body = {"metadata": {"name": "c", "annotations": annotations}, "data": {"k": "v", "l": "w"}}
    await api("POST", f"{CONFIG_MAP.rpartition('/')[0]}?fieldManager=kubectl-client-side-apply", body)
    await api(
        "PATCH", f"{CONFIG_MAP}?fieldManager=x", {"data": {"l": "x"}}, content_type="application/merge-patch+json"
    )
    refused = await applied(api, CONFIG_MAP, config(k="2", l="2"), "kubectl")
    assert refused.message == 'Apply failed with 1 conflict: conflict with "x" using v1: .data.l'
    taken = await applied(api, CONFIG_MAP, config(k="2"), "kubectl")
    assert taken.json["data"] == {"k": "2", "l": "x"}
    kept = taken.json["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert '"k":"2"' in kept
    assert (await applied(api, CONFIG_MAP, config(k="3"), "other")).status == 409


async def test_clients_of_many_names_do_not_fill_the_object(api: Requests) -> None:
    await applied(api, CONFIG_MAP, config(k="v"))
    for number in range(15):
        body = {"data": {f"n{number}": "v"}}
        merge = "application/merge-patch+json"
        answer = await api("PATCH", f"{CONFIG_MAP}?fieldManager=m{number}", body, content_type=merge)
    updaters = [manager for manager, operation in owners(answer.json) if operation == "Update"]
    assert len(updaters) == 10
    assert "ancient-changes" in updaters
