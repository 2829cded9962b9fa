"""Writes `numbers.json`: the field numbers and types of messages, read from Kubernetes' Go types.

    python -m gatelab.apiserver.protobuf.generate API APIMACHINERY

with checkouts of kubernetes/api and kubernetes/apimachinery. To be run when `kubernetes.json` of the schemas has moved
to a newer Kubernetes; a test tells which fields have no number. Field numbers never change once they are given.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOTS = (
    *("core_v1.Namespace", "core_v1.Node", "core_v1.Pod", "core_v1.Service", "core_v1.Secret", "core_v1.ConfigMap"),
    *("core_v1.ServiceAccount", "core_v1.Event", "apps_v1.Deployment", "apps_v1.ReplicaSet"),
    *("discovery_v1.EndpointSlice", "autoscaling_v1.Scale", "meta_v1.DeleteOptions"),
    *("apps_v1.StatefulSet", "apps_v1.DaemonSet", "apps_v1.ControllerRevision", "coordination_v1.Lease"),
    *("rbac_v1.Role", "rbac_v1.RoleBinding", "rbac_v1.ClusterRole", "rbac_v1.ClusterRoleBinding"),
    *("policy_v1.PodDisruptionBudget", "networking_v1.NetworkPolicy", "autoscaling_v2.HorizontalPodAutoscaler"),
    *("core_v1.PersistentVolumeClaim", "core_v1.ResourceQuota", "core_v1.LimitRange"),
    *("admissionregistration_v1.ValidatingAdmissionPolicy",),
    *("admissionregistration_v1.ValidatingAdmissionPolicyBinding",),
)
TARGET = Path(__file__).with_name("numbers.json")

_GROUPS = (
    *("core", "apps", "discovery", "autoscaling", "coordination", "rbac", "policy", "networking"),
    "admissionregistration",
)
_STRUCT = re.compile(r"^type (\w+) struct \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_ALIAS = re.compile(r"^type (\w+) (string|int32|\[\]string|map\[\w+\]resource\.Quantity)$", re.MULTILINE)
_FIELD = re.compile(r'^\t(?:\w+ +)?(\S+) +`json:"([^,"]*)([^"]*)"[^`]*protobuf:"\w+,(\d+),', re.MULTILINE)
_KNOWN = {
    "metav1.Time": "time",
    "Time": "time",
    "metav1.MicroTime": "microtime",
    "resource.Quantity": "quantity",
    "intstr.IntOrString": "intstr",
    "*FieldsV1": "raw",
    "runtime.RawExtension": "raw",
    "types.UID": "string",
    "[]byte": "bytes",
    "int32": "int",
    "int64": "int",
    "uint32": "int",
    "bool": "bool",
    "string": "string",
    "float64": "float",
}


class _Types:
    """The Go types of some packages."""

    def __init__(self, api: Path, apimachinery: Path) -> None:
        places = {f"{group}_v1": api / group / "v1" / "types.go" for group in _GROUPS}
        places["autoscaling_v2"] = api / "autoscaling" / "v2" / "types.go"
        places["meta_v1"] = apimachinery / "pkg/apis/meta/v1/types.go"
        self.structs: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        for module, path in places.items():
            text = path.read_text()
            self.structs |= {f"{module}.{name}": body for name, body in _STRUCT.findall(text)}
            self._aliases |= {f"{module}.{name}": go for name, go in _ALIAS.findall(text)}

    def fields(self, message: str) -> Iterator[tuple[str, str, str]]:
        """Number, JSON name ("" for what is inlined) and type of each field.

        A type is the name of a scalar or a message, behind `[]` in a list and `{}` in a map; behind `?` when a zero is
        left out.
        """
        for go, name, options, number in _FIELD.findall(self.structs[message]):
            optional = "omitempty" in options and not go.startswith("*")
            yield number, name, ("?" if optional else "") + self._type(message.partition(".")[0], go)

    def _type(self, module: str, go: str) -> str:
        if go in _KNOWN:
            return _KNOWN[go]
        if go.startswith("*"):
            return self._type(module, go[1:])
        if go.startswith("[]"):
            return "[]" + self._type(module, go[2:])
        if go.startswith("map["):
            return "{}" + self._type(module, go.partition("]")[2])
        package, _, name = go.rpartition(".")
        place = {"": module, "metav1": "meta_v1", "v1": "core_v1"}[package]
        alias = self._aliases.get(f"{place}.{name}")
        return f"{place}.{name}" if alias is None else self._type(place, alias)


def generate(api: Path, apimachinery: Path) -> bytes:
    """The text of the file: one message a line, sorted by name."""
    types = _Types(api, apimachinery)
    found: dict[str, dict[str, str]] = {}
    pending = list(ROOTS)
    while pending:
        message = pending.pop()
        if message not in found:
            found[message] = {number: f"{name} {type_}" for number, name, type_ in types.fields(message)}
            types_of_it = (each.split()[-1].lstrip("?[]{}") for each in found[message].values())
            pending += [each for each in types_of_it if "." in each]
    lines = (msgspec.json.encode(name) + b":" + msgspec.json.encode(found[name]) for name in sorted(found))
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


if __name__ == "__main__":
    TARGET.write_bytes(generate(Path(sys.argv[1]), Path(sys.argv[2])))
