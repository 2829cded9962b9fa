"""What create, update and modify make of an object, and what they refuse."""

import re
from typing import Any

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, NAMESPACE, SECRET
from gatelab.kinds.errors import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound
from gatelab.kinds.objects import Key
from gatelab.store import Store

WEB = Key("shop", "web")


async def test_create_gives_identity(store: Store, make: Any) -> None:
    given = {**make("web", spec={"replicas": 1}), "apiVersion": "apps/v1beta1", "kind": "Wrong"}
    given["metadata"] |= {"uid": "mine", "creationTimestamp": None, "generation": 9, "resourceVersion": ""}
    made = await store.create(DEPLOYMENT, given)
    metadata = made.object["metadata"]
    assert (made.object["apiVersion"], made.object["kind"]) == ("apps/v1", "Deployment")
    assert metadata["generation"] == 1
    assert metadata["creationTimestamp"] == "2026-01-02T03:04:05Z"
    assert metadata["uid"] not in ("", "mine")
    assert metadata["resourceVersion"] == str(made.version) == str(store.version)
    assert store.get(DEPLOYMENT, WEB) is made


async def test_bytes_are_the_object_in_the_usual_order(store: Store) -> None:
    obj = {"status": {"x": 1}, "spec": {"replicas": 1}, "metadata": {"namespace": "shop", "name": "web"}}
    made = await store.create(DEPLOYMENT, obj)
    assert re.match(rb'\{"apiVersion":"apps/v1","kind":"Deployment","metadata":\{"name":"web",.*"status":', made.data)
    assert made.object["spec"] is not obj["spec"]


async def test_kinds_without_status_have_no_generation(store: Store, make: Any) -> None:
    assert "generation" not in (await store.create(SECRET, make("s"))).metadata


async def test_a_secret_is_not_in_the_repr(store: Store, make: Any) -> None:
    made = await store.create(SECRET, make("s", data={"key": "aHVudGVyMg=="}))
    assert "aHVudGVyMg" not in repr(made)


async def test_generate_name(store: Store) -> None:
    made = await store.create(CONFIG_MAP, {"metadata": {"generateName": "web-", "namespace": "shop"}})
    assert re.fullmatch(r"web-[bcdfghjklmnpqrstvwxz2456789]{5}", made.key.name)


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        ({"namespace": "shop"}, Invalid, "name or generateName is required"),
        ({"name": "a"}, BadRequest, "set metadata.namespace"),
        ({"name": "a", "namespace": "nowhere"}, NotFound, 'namespaces "nowhere" not found'),
    ],
)
async def test_create_refusals(store: Store, metadata: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        await store.create(CONFIG_MAP, {"metadata": metadata})


async def test_already_exists_in_the_words_of_kubernetes(store: Store, make: Any) -> None:
    await store.create(DEPLOYMENT, make("web"))
    with pytest.raises(AlreadyExists) as refused:
        await store.create(DEPLOYMENT, make("web"))
    assert refused.value.message == 'deployments.apps "web" already exists'
    assert refused.value.details == {"name": "web", "group": "apps", "kind": "deployments"}


async def test_dry_runs_change_nothing(store: Store, make: Any) -> None:
    made = await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}), dry_run=True)
    assert "resourceVersion" not in made.metadata
    with pytest.raises(NotFound):
        store.get(DEPLOYMENT, WEB)
    made = await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}))
    changed = await store.update(DEPLOYMENT, make("web", spec={"replicas": 2}), dry_run=True)
    assert changed.object["spec"] == {"replicas": 2}
    assert await store.delete(DEPLOYMENT, WEB, dry_run=True) is None
    assert store.get(DEPLOYMENT, WEB) is made


async def test_update_keeps_what_is_the_servers(store: Store, make: Any) -> None:
    made = await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}, status={"readyReplicas": 1}))
    replacement = make("web", spec={"replicas": 2}, status={"readyReplicas": 7}, labels={"a": "b"})
    replacement["metadata"]["creationTimestamp"] = "1999-01-01T00:00:00Z"
    changed = await store.update(DEPLOYMENT, replacement)
    assert changed.object["status"] == {"readyReplicas": 1}
    assert changed.metadata["creationTimestamp"] == made.metadata["creationTimestamp"]
    assert changed.uid == made.uid
    assert changed.metadata["generation"] == 2
    assert changed.labels == {"a": "b"}


async def test_generation_counts_desired_state_only(store: Store, make: Any) -> None:
    await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}))
    labelled = await store.update(DEPLOYMENT, make("web", spec={"replicas": 1}, labels={"a": "b"}))
    assert labelled.metadata["generation"] == 1
    status = await store.update(DEPLOYMENT, {**labelled.object, "status": {"x": 1}}, subresource="status")
    assert status.metadata["generation"] == 1
    assert status.version > labelled.version


async def test_status_changes_nothing_else(store: Store, make: Any) -> None:
    await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}))
    other = make("web", spec={"replicas": 5}, labels={"a": "b"}, status={"readyReplicas": 1})
    changed = await store.update(DEPLOYMENT, other, subresource="status")
    assert changed.object["spec"] == {"replicas": 1}
    assert changed.object["status"] == {"readyReplicas": 1}
    assert not changed.labels


async def test_scale_changes_replicas_only(store: Store, make: Any) -> None:
    await store.create(DEPLOYMENT, make("web", spec={"replicas": 1, "paused": True}))
    changed = await store.update(DEPLOYMENT, make("web", spec={"replicas": 3}), subresource="scale")
    assert changed.object["spec"] == {"replicas": 3, "paused": True}
    assert changed.metadata["generation"] == 2
    with pytest.raises(Invalid, match=r"spec\.replicas"):
        await store.update(DEPLOYMENT, make("web", spec={"replicas": -1}), subresource="scale")


async def test_an_equal_object_is_no_new_version(store: Store, make: Any) -> None:
    made = await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}))
    assert await store.update(DEPLOYMENT, make("web", spec={"replicas": 1})) is made
    assert store.version == made.version


@pytest.mark.parametrize("subresource", [None, "status", "scale"])
async def test_a_stale_version_conflicts(store: Store, make: Any, subresource: Any) -> None:
    made = await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}))
    await store.update(DEPLOYMENT, make("web", spec={"replicas": 2}))
    with pytest.raises(Conflict, match="the object has been modified; please apply your changes"):
        await store.update(DEPLOYMENT, made.object, subresource=subresource)


async def test_another_uid_conflicts(store: Store, make: Any) -> None:
    await store.create(DEPLOYMENT, make("web"))
    other = make("web")
    other["metadata"]["uid"] = "other"
    with pytest.raises(Conflict, match="UID in precondition: other"):
        await store.update(DEPLOYMENT, other)


async def test_modify_sees_the_newest_and_keeps_the_name(store: Store, make: Any) -> None:
    made = await store.create(DEPLOYMENT, make("web", spec={"replicas": 1}))
    changed = await store.modify(DEPLOYMENT, WEB, lambda obj: {**obj, "spec": {"replicas": 9}})
    assert changed.version == made.version + 1
    with pytest.raises(BadRequest, match="does not match"):
        await store.modify(DEPLOYMENT, WEB, lambda obj: {**obj, "metadata": {**obj["metadata"], "name": "x"}})
    with pytest.raises(BadRequest, match="does not match"):
        await store.modify(DEPLOYMENT, WEB, lambda obj: {**obj, "metadata": {**obj["metadata"], "namespace": "x"}})


async def test_namespaces_get_their_fields(store: Store) -> None:
    made = store.get(NAMESPACE, Key("", "shop"))
    assert made.labels == {"kubernetes.io/metadata.name": "shop"}
    assert made.object["spec"] == {"finalizers": ["kubernetes"]}
    assert made.object["status"] == {"phase": "Active"}
    changed = await store.update(NAMESPACE, {"metadata": {"name": "shop", "labels": {"a": "b"}}})
    assert changed.labels == {"kubernetes.io/metadata.name": "shop", "a": "b"}
    assert changed.object["status"] == {"phase": "Active"}


async def test_no_new_finalizers_when_being_deleted(store: Store, make: Any) -> None:
    await store.create(CONFIG_MAP, make("web", finalizers=["a/b"]))
    await store.delete(CONFIG_MAP, WEB)
    with pytest.raises(Invalid, match="no new finalizers can be added if the object is being deleted"):
        await store.update(CONFIG_MAP, make("web", finalizers=["a/b", "c/d"]))


async def test_the_systems_namespaces_stay(store: Store) -> None:
    await store.create(NAMESPACE, {"metadata": {"name": "kube-system"}})
    with pytest.raises(Forbidden, match="this namespace may not be deleted"):
        await store.delete(NAMESPACE, Key("", "kube-system"))
