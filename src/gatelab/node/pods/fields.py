"""`fieldRef`: what a Pod tells its programs about itself, in the environment or in files."""

import json
import re
from collections.abc import Callable, Mapping

from gatelab.kinds.pods import Pod

_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")


def _node_of(address: str) -> str:
    return ".".join([*address.split(".")[:2], "0", "1"])


_FIELDS: Mapping[str, Callable[[Pod, str], str]] = {
    "metadata.name": lambda pod, _: pod.metadata.name,
    "metadata.namespace": lambda pod, _: pod.metadata.namespace,
    "metadata.uid": lambda pod, _: pod.metadata.uid,
    "spec.nodeName": lambda pod, _: pod.spec.node_name,
    "spec.serviceAccountName": lambda pod, _: pod.spec.service_account_name or "default",
    "status.podIP": lambda _, address: address,
    "status.podIPs": lambda _, address: address,
    "status.hostIP": lambda pod, address: pod.status.host_ip or _node_of(address),
    "status.hostIPs": lambda pod, address: pod.status.host_ip or _node_of(address),
}


def field_value(pod: Pod, path: str, address: str) -> str:
    """The field at the path, for a variable. Raises ValueError naming the paths that there are."""
    if path in _FIELDS:
        return _FIELDS[path](pod, address)
    if found := _SUBSCRIPT.match(path):
        source = pod.metadata.labels if found[1] == "labels" else pod.metadata.annotations
        return source.get(found[2], "")
    raise ValueError(
        f"fieldPath {path!r} is none of {', '.join(_FIELDS)}, metadata.labels['<key>'] or metadata.annotations['<key>']"
    )


def field_text(pod: Pod, path: str, address: str) -> str:
    """The field at the path, for a file: labels and annotations may be asked for as a whole. Raises ValueError."""
    if path == "metadata.labels":
        return _lines(pod.metadata.labels)
    if path == "metadata.annotations":
        return _lines(pod.metadata.annotations)
    return field_value(pod, path, address)


def _lines(entries: Mapping[str, str]) -> str:
    """`key="value"`, sorted, as `k8s.io/kubernetes/pkg/fieldpath` writes them."""
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted(entries.items()))
