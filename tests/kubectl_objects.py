"""The objects of a living lab, put into a store as its controllers would."""

from collections.abc import Mapping
from typing import Any

import api_objects as make
from gatelab.kinds import builtin
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.kind import Kind
from gatelab.store import Store

STARTED = "2026-01-02T03:04:05Z"
READY = [{"type": "Ready", "status": "True", "lastTransitionTime": STARTED}]
REVISION = {"deployment.kubernetes.io/revision": "1"}


async def put(store: Store, kind: Kind, obj: Mapping[str, Any], **metadata: Any) -> Mapping[str, Any]:
    """The object, complete, in namespace default."""
    home = {"namespace": "default"} if kind.namespaced else {}
    complete = with_defaults(kind, {**obj, "metadata": {**home, **obj["metadata"], **metadata}})
    stored = await store.create(kind, complete)
    return stored.object


def owned_by(owner: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return [{"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True, **names}]


async def put_workload(store: Store) -> None:
    """A node, a Deployment with its ReplicaSet and a running pod `hello-1-a`, their metrics and an Event."""
    await put(store, builtin.NODE, _node())
    counts = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
    done = [
        {"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ]
    status = {**counts, "updatedReplicas": 1, "conditions": done}
    deployment = await put(store, builtin.DEPLOYMENT, {**make.deployment(), "status": status}, annotations=REVISION)
    replica_set = await put(
        store,
        builtin.REPLICA_SET,
        {**make.deployment("hello"), "kind": "ReplicaSet", "status": counts},
        name="hello-1",
        labels={"app": "hello"},
        annotations=REVISION,
        ownerReferences=owned_by(deployment),
    )
    pod = await put(
        store,
        builtin.POD,
        {**make.pod(nodeName="gatelab"), "status": _pod_status()},
        name="hello-1-a",
        labels={"app": "hello"},
        ownerReferences=owned_by(replica_set),
    )
    await put(store, builtin.EVENT, _event(pod))
    usage = {"cpu": "1234567n", "memory": "65536Ki"}
    moment = {"timestamp": STARTED, "window": "10s"}
    measured = {"metadata": {"name": "hello-1-a"}, **moment, "containers": [{"name": "hello", "usage": usage}]}
    await put(store, builtin.POD_METRICS, measured)
    await put(store, builtin.NODE_METRICS, {"metadata": {"name": "gatelab"}, **moment, "usage": usage})


def _node() -> dict[str, Any]:
    size = {"cpu": "2", "memory": "8Gi", "pods": "100"}
    address = [{"type": "InternalIP", "address": "127.9.0.1"}]
    info = {"kubeletVersion": "v1.37.1", "osImage": "Linux", "kernelVersion": "6", "containerRuntimeVersion": "x://1"}
    status = {"capacity": size, "allocatable": size, "conditions": READY, "addresses": address, "nodeInfo": info}
    return {"metadata": {"name": "gatelab"}, "spec": {}, "status": status}


def _pod_status() -> dict[str, Any]:
    state = {"running": {"startedAt": STARTED}}
    container = {"name": "hello", "ready": True, "restartCount": 0, "image": "hello:1", "imageID": "", "state": state}
    address = {"podIP": "127.9.1.1", "podIPs": [{"ip": "127.9.1.1"}], "hostIP": "127.9.0.1"}
    return {"phase": "Running", **address, "conditions": READY, "containerStatuses": [container]}


def _event(pod: Mapping[str, Any]) -> dict[str, Any]:
    involved = {"kind": "Pod", "apiVersion": "v1", **{k: pod["metadata"][k] for k in ("name", "namespace", "uid")}}
    times = {"firstTimestamp": STARTED, "lastTimestamp": STARTED, "count": 3}
    said = {"type": "Normal", "reason": "Started", "message": "Started container hello"}
    return {"metadata": {"name": "hello-1-a.1"}, "involvedObject": involved, **said, **times}
