"""ReferenceGrant, the experimental channel's v1 (gateway-api.sigs.k8s.io/reference/spec)."""

from gatelab.kinds.schemas.build import Schema, array, fields, whole
from gatelab.kinds.schemas.gateway import GROUP_NAME, group, kind, name, namespace


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    about = "Lets objects of other namespaces refer to objects of this one."
    return {f"{GROUP_NAME}.ReferenceGrant": whole(_spec(), None, about, required=("spec",))}


def _spec() -> Schema:
    source = {"group": group(), "kind": kind(), "namespace": namespace()}
    target = {"group": group(), "kind": kind(), "name": name()}
    return fields(
        {
            "from": array(fields(source, required=("group", "kind", "namespace")), "Who may refer.", least=1, most=16),
            "to": array(
                fields(target, required=("group", "kind")), "To what; all of the kind without a name.", least=1, most=16
            ),
        },
        "What is allowed.",
        required=("from", "to"),
    )
