"""Kinds of CustomResourceDefinitions through the API."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from asgi_requests import TOKEN, Answer, Requests
from custom_objects import SPEC, definition, version, widget
from fake_logs import FakeLogs
from gatelab.apiserver import create_app, publish_definitions
from gatelab.kinds.builtin import CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from gatelab.store import Store

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
MERGE = "application/merge-patch+json"


async def define(api: Requests, store: Store, crd: Mapping[str, Any]) -> None:
    answer = await api("POST", DEFINITIONS, crd)
    assert answer.status == 201, answer.body
    await established(store, crd["metadata"]["name"])


async def established(store: Store, name: str, value: str = "True") -> Mapping[str, Any]:
    """The definition, once its condition Established has the value."""
    return await with_condition(store, name, "Established", value)


async def with_condition(store: Store, name: str, type_: str, value: str = "True") -> Mapping[str, Any]:
    watch = store.watch(CUSTOM_RESOURCE_DEFINITION, since=store.version)
    async with asyncio.timeout(30):
        while True:
            found, _ = store.list(CUSTOM_RESOURCE_DEFINITION, fields={"metadata.name": name})
            conditions = (found[0].object.get("status") or {}).get("conditions") or () if found else ()
            if any(each["type"] == type_ and each["status"] == value for each in conditions):
                return found[0].object
            await watch.batch()


async def gone(store: Store) -> None:
    """Returns when there is no definition left."""
    watch = store.watch(CUSTOM_RESOURCE_DEFINITION, since=store.version)
    async with asyncio.timeout(30):
        while store.list(CUSTOM_RESOURCE_DEFINITION)[0]:
            await watch.batch()


async def test_objects_are_pruned_completed_and_judged(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    made = await api(
        "POST", WIDGETS, widget(free={"a": {"b": None}}, parts=[{"name": "p", "x": 1, "count": None}], odd=1, note=None)
    )
    assert made.status == 201
    wanted = {"size": 3, "color": "red", "free": {"a": {"b": None}}, "parts": [{"name": "p", "count": 1}], "note": None}
    assert made.json["spec"] == wanted
    assert 'unknown field \\"spec.odd\\"' in made.headers["warning"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"size": "x"}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({"size": None}, "spec.size: Required value"),
        ({"color": "green"}, 'spec.color: Unsupported value: "green": supported values: "red", "blue"'),
        ({"port": {}}, "spec.port in body must be of type integer,string"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, 'spec.parts[1]: Duplicate value: {"name":"a"}'),
        ({"parts": [{}]}, "spec.parts[0].name: Required value"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_named(api: Requests, store: Store, spec: dict[str, Any], expected: str) -> None:
    await define(api, store, definition())
    answer = await api("POST", WIDGETS, widget(**spec))
    assert answer.status == 422
    assert answer.message.startswith('Widget.example.com "a" is invalid: ')
    assert expected in answer.message


async def test_what_was_wrong_before_may_stay(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    await api("POST", WIDGETS, widget(size=9))
    size: dict[str, Any] = {"type": "integer", "maximum": 5}
    narrow = {**SPEC, "properties": {**SPEC["properties"], "size": size}}
    await api("PUT", f"{DEFINITIONS}/widgets.example.com", definition(version(spec=narrow)))
    assert (await api("POST", WIDGETS, widget("b", size=9))).status == 422
    patch: dict[str, Any] = {"spec": {"color": "blue"}}
    assert (await api("PATCH", f"{WIDGETS}/a", patch, content_type=MERGE)).status == 200
    patch = {"spec": {"size": 8}}
    assert (await api("PATCH", f"{WIDGETS}/a", patch, content_type=MERGE)).status == 422


async def test_a_changed_schema_is_served_at_once(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    await api("POST", WIDGETS, widget())
    shape: dict[str, Any] = {"type": "string", "default": "round"}
    wider = {**SPEC, "properties": {"size": {"type": "integer"}, "shape": shape}}
    await api("PUT", f"{DEFINITIONS}/widgets.example.com", definition(version(spec=wider)))
    assert (await api("GET", f"{WIDGETS}/a")).json["spec"] == {"size": 3, "shape": "round"}
    document = (await api("GET", "/openapi/v3/apis/example.com/v1")).json
    schema = document["components"]["schemas"]["com.example.v1.Widget"]
    assert set(schema["properties"]["spec"]["properties"]) == {"size", "shape"}


async def test_generation_counts_what_is_not_the_status(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    await api("POST", WIDGETS, widget())
    await api("PATCH", f"{WIDGETS}/a/status", {"status": {"ready": True}}, content_type=MERGE)
    await api("PATCH", f"{WIDGETS}/a", {"status": {"ready": False}}, content_type=MERGE)
    found = (await api("GET", f"{WIDGETS}/a")).json
    assert (found["status"], found["metadata"]["generation"]) == ({"ready": True}, 1)


async def test_without_a_status_subresource_the_status_is_like_the_rest(api: Requests, store: Store) -> None:
    await define(api, store, definition(version(status=False)))
    await api("POST", WIDGETS, widget())
    patched = await api("PATCH", f"{WIDGETS}/a", {"status": {"ready": True}}, content_type=MERGE)
    assert (patched.json["status"], patched.json["metadata"]["generation"]) == ({"ready": True}, 2)
    assert (await api("GET", f"{WIDGETS}/a/status")).status == 404


async def test_strategic_patches_are_refused(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    await api("POST", WIDGETS, widget())
    media = "application/strategic-merge-patch+json"
    assert (await api("PATCH", f"{WIDGETS}/a", {}, content_type=media)).status == 415


async def test_tables_have_the_columns_of_the_definition(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    await api("POST", WIDGETS, widget(color="blue"))
    table = (await api("GET", WIDGETS, headers=TABLE)).json
    shown = [(each["name"], each["priority"]) for each in table["columnDefinitions"]]
    assert shown == [("Name", 0), ("Size", 0), ("Ready", 0), ("Color", 1), ("Age", 0)]
    assert table["rows"][0]["cells"] == ["a", 3, None, "blue", "0s"]


async def test_only_selectable_fields_select(api: Requests, store: Store) -> None:
    await define(api, store, definition(version(selectableFields=[{"jsonPath": ".spec.color"}])))
    await api("POST", WIDGETS, widget("a"))
    await api("POST", WIDGETS, widget("b", color="blue"))
    found = (await api("GET", f"{WIDGETS}?fieldSelector=spec.color%3Dblue")).json["items"]
    assert [each["metadata"]["name"] for each in found] == ["b"]
    assert (await api("GET", f"{WIDGETS}?fieldSelector=spec.size%3D3")).status == 400


async def test_a_name_belongs_to_who_came_first(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    await api("POST", DEFINITIONS, definition(plural="gadgets", kind="Gadget"))
    second = await established(store, "gadgets.example.com", "False")
    accepted = next(each for each in second["status"]["conditions"] if each["type"] == "NamesAccepted")
    assert (accepted["reason"], accepted["message"]) == ("ShortNamesConflict", '"wg" is already in use')
    assert (await api("GET", "/apis/example.com/v1/namespaces/default/gadgets")).status == 404
    await api("DELETE", f"{DEFINITIONS}/widgets.example.com")
    await established(store, "gadgets.example.com")
    assert (await api("GET", "/apis/example.com/v1/namespaces/default/gadgets")).status == 200


async def test_a_definition_waits_for_its_objects(api: Requests, store: Store) -> None:
    await define(api, store, definition())
    made = await api("POST", WIDGETS, {**widget(), "metadata": {"name": "a", "finalizers": ["example.com/wait"]}})
    assert made.status == 201
    await api("DELETE", f"{DEFINITIONS}/widgets.example.com")
    await with_condition(store, "widgets.example.com", "Terminating")
    assert "deletionTimestamp" in (await api("GET", f"{WIDGETS}/a")).json["metadata"]
    refused = await api("POST", WIDGETS, widget("b"))
    assert (refused.status, refused.message) == (
        405,
        "create not allowed while custom resource definition is terminating",
    )
    await api("PATCH", f"{WIDGETS}/a", {"metadata": {"finalizers": None}}, content_type=MERGE)
    await gone(store)
    assert (await api("GET", WIDGETS)).status == 404


RULES = [
    {"rule": "self.size <= 5 || self.color == 'red'", "message": "large widgets are red", "fieldPath": ".color"},
    {
        "rule": "!has(oldSelf.replicas) || self.replicas >= oldSelf.replicas",
        "messageExpression": "'not below ' + string(oldSelf.replicas)",
    },
    {"rule": "self.?note.hasValue()"},
]


async def test_rules_in_cel(api: Requests, store: Store) -> None:
    made = await api("POST", DEFINITIONS, definition(version(spec={**SPEC, "x-kubernetes-validations": RULES})))
    assert "self.?note.hasValue()" in made.headers["warning"]
    await established(store, "widgets.example.com")
    refused = await api("POST", WIDGETS, widget(size=6, color="blue"))
    assert refused.status == 422
    assert 'spec.color: Invalid value: "object": large widgets are red' in refused.message
    accepted = await api("POST", WIDGETS, widget(replicas=2))
    assert accepted.status == 201
    assert "is not evaluated here" in accepted.headers["warning"]
    lowered = await api("PATCH", f"{WIDGETS}/a", {"spec": {"replicas": 1}}, content_type=MERGE)
    assert "not below 2" in lowered.message


async def test_the_kinds_of_gateway_api_cannot_be_displaced(api: Requests, store: Store) -> None:
    await publish_definitions(store)
    await publish_definitions(store)
    path = f"{DEFINITIONS}/gateways.gateway.networking.k8s.io"
    crd = (await api("GET", path)).json
    for each in crd["spec"]["versions"]:
        each["schema"] = {"openAPIV3Schema": {"type": "object"}}
    replaced = await api("PUT", path, crd)
    assert replaced.status == 200
    assert "gatelab serves this kind with the schema it was built with" in replaced.headers["warning"]
    gateway = {"metadata": {"name": "g"}, "spec": {}}
    made = await api("POST", "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways", gateway)
    assert made.status == 422
    assert (await api("DELETE", path)).status == 403
    await publish_definitions(store)
    assert (await api("GET", path)).json["spec"] == replaced.json["spec"]


async def on(journal: Path) -> tuple[Store, Requests]:
    store = Store.open(journal)
    return store, Requests(create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs()))


async def test_all_of_it_survives_a_restart(tmp_path: Path) -> None:
    store, api = await on(tmp_path / "journal")
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    await define(api, store, definition())
    await api("POST", WIDGETS, widget(color="blue"))
    before = await _everything(api)
    await store.close()
    store, api = await on(tmp_path / "journal")
    assert await _everything(api) == before
    assert (await api("POST", WIDGETS, widget("b", size=11))).status == 422
    await api("DELETE", f"{DEFINITIONS}/widgets.example.com")
    await gone(store)
    await store.close()


async def _everything(api: Requests) -> list[bytes]:
    answers: list[Answer] = [
        await api("GET", path) for path in (WIDGETS, "/apis/example.com/v1", f"{DEFINITIONS}/widgets.example.com")
    ]
    assert [each.status for each in answers] == [200, 200, 200]
    return [each.body for each in answers]
