"""Strategic merge patches on Kubernetes' own kinds."""

from typing import Any

import pytest

from gatelab.apiserver.patches.strategic import strategic_patched
from gatelab.kinds.builtin import DEPLOYMENT, SERVICE
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.schemas.catalogue import schema_of


def patched(spec: dict[str, Any], patch: dict[str, Any]) -> Any:
    """A pod template's spec, patched."""
    whole = {"spec": {"template": {"spec": spec}}}
    change = {"spec": {"template": {"spec": patch}}}
    result: Any = strategic_patched(schema_of(DEPLOYMENT), whole, change)
    return result["spec"]["template"]["spec"]


def test_containers_merge_by_name() -> None:
    spec: dict[str, Any] = {
        "containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]
    }
    result = patched(spec, {"containers": [{"name": "a", "image": "2", "env": [{"name": "Y", "value": "2"}]}]})
    env = [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]
    assert result == {"containers": [{"name": "a", "image": "2", "env": env}, {"name": "b"}]}
    assert spec["containers"][0]["image"] == "1"


def test_an_item_is_deleted_by_directive() -> None:
    spec = {"containers": [{"name": "a"}, {"name": "b"}]}
    assert patched(spec, {"containers": [{"name": "a", "$patch": "delete"}]}) == {"containers": [{"name": "b"}]}


def test_a_list_is_replaced_by_directive() -> None:
    spec = {"containers": [{"name": "a"}, {"name": "b"}]}
    patch = {"containers": [{"name": "c"}, {"$patch": "replace"}]}
    assert patched(spec, patch) == {"containers": [{"name": "c"}]}


def test_an_object_is_replaced_or_deleted_by_directive() -> None:
    spec = {"securityContext": {"runAsUser": 1}, "affinity": {"podAffinity": {}}}
    patch = {"securityContext": {"$patch": "replace", "runAsGroup": 2}, "affinity": {"$patch": "delete"}}
    assert patched(spec, patch) == {"securityContext": {"runAsGroup": 2}, "affinity": {}}


def test_null_removes_and_lists_without_key_are_replaced() -> None:
    spec = {"nodeName": "n", "tolerations": [{"key": "a"}]}
    assert patched(spec, {"nodeName": None, "tolerations": [{"key": "b"}]}) == {"tolerations": [{"key": "b"}]}


def test_order_is_set_and_items_that_the_patch_does_not_know_keep_their_place() -> None:
    spec = {"containers": [{"name": "server"}, {"name": "a"}, {"name": "b"}]}
    patch = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}],
        "containers": [{"name": "c"}],
    }
    assert [each["name"] for each in patched(spec, patch)["containers"]] == ["server", "b", "c", "a"]
    only_order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert [each["name"] for each in patched(spec, only_order)["containers"]] == ["server", "b", "a"]


def test_without_an_order_new_items_come_first_and_known_ones_are_as_in_the_patch() -> None:
    spec = {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}
    patch = {"containers": [{"name": "d"}, {"name": "c"}, {"name": "a"}]}
    assert [each["name"] for each in patched(spec, patch)["containers"]] == ["d", "b", "c", "a"]


def test_retain_keys_clears_what_is_not_named() -> None:
    before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_patched(schema_of(DEPLOYMENT), before, patch) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_finalizers_merge_and_are_taken_away_by_directive() -> None:
    before = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c", "b"]}}
    assert strategic_patched(schema_of(DEPLOYMENT), before, patch) == {"metadata": {"finalizers": ["c", "b"]}}


def test_service_ports_merge_by_port() -> None:
    before = {"spec": {"ports": [{"port": 80, "nodePort": 30080}]}}
    patch = {"spec": {"ports": [{"port": 80, "targetPort": "grpc"}, {"port": 81}]}}
    ports = [{"port": 80, "nodePort": 30080, "targetPort": "grpc"}, {"port": 81}]
    assert strategic_patched(schema_of(SERVICE), before, patch) == {"spec": {"ports": ports}}


def test_labels_are_an_object_like_any() -> None:
    before = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    patch = {"metadata": {"labels": {"a": None, "c": "3"}}}
    assert strategic_patched(schema_of(SERVICE), before, patch) == {"metadata": {"labels": {"b": "2", "c": "3"}}}


def test_an_item_may_be_deleted_and_brought_back() -> None:
    patch = {"containers": [{"name": "a", "$patch": "delete"}, {"name": "a", "image": "2"}]}
    assert patched({"containers": [{"name": "a", "tty": True}]}, patch) == {"containers": [{"name": "a", "image": "2"}]}


def test_volumes_retain_what_the_patch_names() -> None:
    spec = {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]}
    patch = {"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]}
    volumes = [{"name": "v", "secret": {"secretName": "s"}}, {"name": "w", "emptyDir": {}}]
    assert patched(spec, patch) == {"volumes": volumes}


def test_long_lists_take_no_longer_than_their_length() -> None:
    many = [{"name": str(index)} for index in range(20_000)]
    patch = {"$setElementOrder/containers": many, "containers": many}
    assert patched({"containers": many[::-1]}, patch) == {"containers": many}


@pytest.mark.parametrize(
    "patch",
    [
        {"containers": [{"image": "x"}]},
        {"containers": ["x"]},
        {"containers": [{"name": "a", "$patch": "explode"}]},
        {"$retainKeys": "x"},
        {"$deleteFromPrimitiveList/x": 1},
        {"$retainKeys": ["nodeName"], "hostname": "x"},
        {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "b"}]},
        {"$setElementOrder/containers": 1, "containers": [{"name": "b"}]},
    ],
)
def test_directives_that_make_no_sense_are_refused(patch: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        patched({"containers": [{"name": "a"}]}, patch)
